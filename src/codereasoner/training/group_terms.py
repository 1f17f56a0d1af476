"""Reward terms that take more than one completion and its grade: the run that it reasons about, or its group.

Both are gated by the grade: only a right answer is paid or charged. `consistency` audits the reasoning against the
trace of the run, so that a right answer by right steps earns more than one by luck. `brevity` charges a right answer
for the tokens that it took beyond the shortest right one to the same prompt, and never more than a wrong answer loses.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from codereasoner.chains.claim_audit import consistency
from codereasoner.errors import DataError, InfrastructureError
from codereasoner.records import Job, Run
from codereasoner.task import Grade, Question, Runner


@dataclass(frozen=True)
class GroupTerms:
    """The weights of both terms; 0 leaves one out."""

    consistency: float = 0.0
    brevity: float = 0.0

    def amounts(
        self,
        questions: Sequence[Question],
        completions: Sequence[str],
        lengths: Sequence[int | None],
        grades: Sequence[Grade],
        runner: Runner | None,
    ) -> list[float]:
        """Return what is added to the reward of each completion.

        Shapes: `n` completions of any number of prompts, with their questions, lengths and grades, give `n` amounts.
        """
        right = [index for index, grade in enumerate(grades) if grade.outcome == "correct"]
        found = [0.0] * len(grades)
        runs = _traced([questions[index] for index in right], runner) if self.consistency else {}
        for index in right:
            if (run := runs.get(questions[index].id)) is not None:
                with suppress(DataError):  # a run that was not traced to its end has no steps to follow
                    found[index] += self.consistency * consistency(completions[index], run)
        known = {index: length for index in right if (length := lengths[index])} if self.brevity else {}
        shortest: dict[str, int] = {}
        for index, length in known.items():
            name = questions[index].id
            shortest[name] = min(length, shortest.get(name, length))
        for index, length in known.items():
            found[index] -= self.brevity * (1.0 - shortest[questions[index].id] / length)
        return found


def _traced(questions: Sequence[Question], runner: Runner | None) -> dict[str, Run]:
    """Return the traced run of each question about the call of a program; others have no run to follow."""
    asked = {each.id: each for each in questions if {"source", "entry", "call"} <= each.facts.keys()}
    if not asked:
        return {}
    if runner is None:
        raise InfrastructureError("the reward for consistency needs runs, and no runner was given: pass a Pool's run")
    facts = [each.facts for each in asked.values()]
    jobs = [Job(each["source"], each["entry"], each["call"], record="trace", origin=each["source"]) for each in facts]
    return dict(zip(asked, runner(jobs), strict=True))
