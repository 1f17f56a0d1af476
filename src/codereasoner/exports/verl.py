"""Our grade as verl's reward: `reward.custom_reward_function.path=pkg://codereasoner.exports.verl`.

`name` is compute_score, compute_score_async (completions that arrive together are graded in one batch), or
compute_scores for a batched reward manager. Options are set as
`+reward.custom_reward_function.reward_kwargs.NAME=VALUE`. verl has its own length term, in its reward manager `dapo`.
This module does not import verl. codereasoner must be installed on every node.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from codereasoner.errors import ConfigError
from codereasoner.exports.batched_grader import grader_of_process
from codereasoner.task import Grade
from codereasoner.training.reward import completion_text
from codereasoner.training.reward_terms import RewardTerm, compose

OPTIONS = ("format_bonus", "format_penalty", "reward")
"""The options of every function, as in `training.reward_terms.compose`; verl passes others, which are not ours."""


def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: object = None, **options: Any
) -> dict[str, float]:
    """Return the score of one completion, and acc, answered and infrastructure_error, by which verl logs and filters.

    `ground_truth` is the label that `codereasoner export --to verl` wrote. verl cannot leave a completion out: an
    infrastructure error, graded twice, counts 0 and is logged as infrastructure_error.

    Raises:
        InfrastructureError: these are more than 1 % of the latest thousand; it ends verl's run.
    """
    return compute_scores([data_source], [solution_str], [ground_truth], **options)[0]


async def compute_score_async(
    data_source: str, solution_str: str, ground_truth: str, extra_info: object = None, **options: Any
) -> dict[str, float]:
    """Return the same in verl's event loop, where the completions of a batch are graded together."""
    term = _term(options)
    return _score((await grader_of_process().grade_async([ground_truth], [solution_str]))[0], solution_str, term)


def compute_scores(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[str],
    extra_infos: Sequence[object] | None = None,
    **options: Any,
) -> list[dict[str, float]]:
    """Return the scores of a whole batch, in its order."""
    term = _term(options)
    grades = grader_of_process().grade(list(ground_truths), list(solution_strs))
    return [_score(grade, text, term) for grade, text in zip(grades, solution_strs, strict=True)]


def _term(options: Mapping[str, Any]) -> RewardTerm:
    for name in OPTIONS:
        if not isinstance(options.get(name), str | int | float | None):
            raise ConfigError(f"reward_kwargs.{name} is {options[name]!r:.60}: give one value, not several")
    return _composed(*(options.get(name) for name in OPTIONS))


@cache
def _composed(format_bonus: float | None, format_penalty: float | None, reward: str | None) -> RewardTerm:
    return compose(reward, format_bonus=format_bonus or 0.0, format_penalty=format_penalty or 0.0)


def _score(grade: Grade, completion: object, term: RewardTerm) -> dict[str, float]:
    return {
        "score": term(grade, completion_text(completion), None) or 0.0,
        "acc": float(grade.outcome == "correct"),
        "answered": float(grade.outcome in ("correct", "wrong")),
        "infrastructure_error": float(grade.outcome == "error"),
    }
