"""The reward of a completion: its grade, so that training and evaluation can never disagree.

`Reward` is what TRL's `reward_funcs` takes. What else may be paid is in `reward_terms.py`. verl and OpenRLHF are served
by `exports/`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codereasoner.errors import DataError, InfrastructureError
from codereasoner.extend import Completion
from codereasoner.models.reply import content_text
from codereasoner.sampling import grade_completions
from codereasoner.styles import Style, find_style
from codereasoner.task import Grade, Runner
from codereasoner.training.group_terms import GroupTerms
from codereasoner.training.reward_terms import RewardTerm, verified
from codereasoner.training.training_rows import read_question

if TYPE_CHECKING:
    from codereasoner.models.local import Reader

TOLERATED = 0.01  # share of a step's grades that may be infrastructure errors
UNPAID = 64  # completions, the first ones of a run, that a user's reward may leave out all together


@dataclass(eq=False)
class Reward:
    """TRL's reward function: reads the `question` column, grades, and logs its seconds and the pass rate."""

    style: Style | str
    runner: Runner | None = None
    ends: frozenset[int] = frozenset()  # the tokens that end a turn; without them, every completion counts as ended
    term: RewardTerm = verified
    opened: str = ""  # the tag with which the prompts open a thought: without its end, there is no answer
    groups: GroupTerms | None = None
    reader: Reader | None = None  # of tokens, where the marks of thoughts may be special tokens: TRL's texts have none
    grades: list[Grade] = field(default_factory=list, init=False)  # of the last call
    _unpaid: int | None = field(default=0, init=False)  # completions left out so far; None once one had a reward

    def __post_init__(self) -> None:
        self.__name__ = "grade"

    def __call__(
        self,
        prompts: Sequence[object],
        completions: Sequence[object],
        question: Sequence[str],
        completion_ids: Sequence[Sequence[int]] | None = None,
        log_metric: object = None,
        **columns: object,
    ) -> list[float | None]:
        """Return the rewards of a step's completions.

        Raises:
            InfrastructureError: more than 1 % of the grades are infrastructure errors.
            DataError: a user's reward left out the first 64 completions or more.
        """
        began = time.perf_counter()
        reads = self.reader.text if self.reader is not None and completion_ids is not None else None
        written = map(reads, completion_ids or ()) if reads else map(completion_text, completions)
        texts = [self.opened + text for text in written]
        declared = self.reader.tags if self.reader is not None else ()
        ends = self._finishes(completion_ids) or ["stop"] * len(texts)
        whole = [Completion(*each).split(declared=declared) for each in zip(texts, ends, strict=True)]
        known = {text: read_question(text) for text in set(question)}
        asked = [known[text] for text in question]
        style = find_style(self.style) if isinstance(self.style, str) else self.style
        self.grades = grades = grade_completions(asked, whole, style, self.runner)
        refuse_errors(grades)
        if callable(log_metric):
            log_metric("reward_seconds", time.perf_counter() - began)
            log_metric("pass_rate", sum(grade.outcome == "correct" for grade in grades) / max(1, len(grades)))
        lengths = [None] * len(grades) if completion_ids is None else [len(ids) for ids in completion_ids]
        paid = [self.term(*each) for each in zip(grades, texts, lengths, strict=True)]
        self._refuse_nothing(paid)
        if self.groups is None:
            return paid
        added = self.groups.amounts(asked, texts, lengths, grades, self.runner)
        return [None if value is None else value + more for value, more in zip(paid, added, strict=True)]

    def _refuse_nothing(self, paid: Sequence[float | None]) -> None:
        if any(value is not None for value in paid):
            self._unpaid = None
        elif self._unpaid is not None and (unpaid := self._unpaid + len(paid)) < UNPAID:
            self._unpaid = unpaid
        elif self._unpaid is not None:
            raise DataError(
                f"the reward returned None for the first {unpaid} completions, and None leaves one out: nothing "
                "would be learnt; return a number for those that count"
            )

    def _finishes(self, ids: Sequence[Sequence[int]] | None) -> list[str] | None:
        if ids is None or not self.ends:
            return None
        return ["stop" if len(each) and int(each[-1]) in self.ends else "length" for each in ids]


def completion_text(completion: object) -> str:
    """Return the text of a completion, which a trainer gives as a text or as a list of messages.

    A message without a text, such as the call of a tool, has the text "": as `None` it would be a right answer to some.
    So has one that the model has not written, as what a tool says is no answer of the model, and what is no text. Lists
    may be arrays, which pandas makes of those of a parquet file.
    """
    completion = _listed(completion)
    if isinstance(completion, list | tuple):
        completion = completion[-1] if completion else None
    if isinstance(completion, Mapping):
        completion = completion.get("content") if completion.get("role", "assistant") == "assistant" else None
    return content_text(_listed(completion))


def _listed(value: object) -> object:
    return value.tolist() if hasattr(value, "tolist") and not isinstance(value, str) else value


def refuse_errors(grades: Sequence[Grade]) -> None:
    """Refuse the grades of a step of which more than 1 % are infrastructure errors.

    Raises:
        InfrastructureError: they are.
    """
    errors = [grade for grade in grades if grade.outcome == "error"]
    if len(errors) > TOLERATED * len(grades):
        raise InfrastructureError(
            f"{len(errors)} of {len(grades)} grades of this step are failures of the grader, more than 1 %: "
            f"{errors[0].reason}; mend that and start again, training continues from its last checkpoint"
        )
