"""Our grade as verl's reward: `reward.custom_reward_function.path=pkg://codereasoner.exports.verl`.

`name` is compute_score, compute_score_async (completions that wait together are graded together), or compute_scores
for a batched reward manager. Their options are set as `+reward.custom_reward_function.reward_kwargs.NAME=VALUE`. verl
has its own length term, in its reward manager `dapo`. The file imports nothing of verl, and codereasoner must be
installed on every node.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from codereasoner.exports.batched_grader import desk_of_process
from codereasoner.task import Grade
from codereasoner.training.reward_terms import RewardTerm, compose


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Any = None,
    *,
    format_bonus: float = 0.0,
    format_penalty: float = 0.0,
    reward: str | None = None,
    **others: Any,
) -> dict[str, float]:
    """The score of one completion, and what verl logs and filters by: acc, answered, machinery_error.

    `ground_truth` is the label that `codereasoner export --to verl` wrote. verl cannot leave a completion out: one
    that our machinery failed to grade, twice, counts 0 and is logged as machinery_error.

    Raises:
        MachineryError: that happened to more than 1 % of the latest thousand, which ends verl's run.
    """
    term = _term(reward, format_bonus, format_penalty)
    return _scored(desk_of_process().grade([ground_truth], [solution_str])[0], solution_str, term)


async def compute_score_async(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Any = None,
    *,
    format_bonus: float = 0.0,
    format_penalty: float = 0.0,
    reward: str | None = None,
    **others: Any,
) -> dict[str, float]:
    """The same for verl's event loop: the completions of a batch are graded together."""
    term = _term(reward, format_bonus, format_penalty)
    return _scored((await desk_of_process().grade_async([ground_truth], [solution_str]))[0], solution_str, term)


def compute_scores(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[str],
    extra_infos: Sequence[Any] | None = None,
    *,
    format_bonus: float = 0.0,
    format_penalty: float = 0.0,
    reward: str | None = None,
    **others: Any,
) -> list[dict[str, float]]:
    """The same for a reward manager that hands over a whole batch.

    Shapes: `n` completions give `n` scores, in the same order.
    """
    term = _term(reward, format_bonus, format_penalty)
    grades = desk_of_process().grade(list(ground_truths), list(solution_strs))
    return [_scored(grade, text, term) for grade, text in zip(grades, solution_strs, strict=True)]


@cache
def _term(own: str | None, format_bonus: float, format_penalty: float) -> RewardTerm:
    return compose(own, format_bonus=format_bonus, format_penalty=format_penalty)


def _scored(grade: Grade, completion: str, term: RewardTerm) -> dict[str, float]:
    return {
        "score": term(grade, completion, None) or 0.0,
        "acc": float(grade.outcome == "correct"),
        "answered": float(grade.outcome in ("correct", "wrong")),
        "machinery_error": float(grade.outcome == "error"),
    }
