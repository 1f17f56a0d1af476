"""Grades completions that come one at a time from many threads and coroutines: all that wait are graded together.

Other trainers call a reward function once for each completion. Here each call puts its completion on the desk of its
process; whoever finds the desk free grades everything on it, in one batch through one pool.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from codereasoner import extend
from codereasoner.errors import CodeReasonerError, MachineryError
from codereasoner.exports.framework_questions import pool_of_process
from codereasoner.exports.labels import read_label
from codereasoner.styles import Style
from codereasoner.task import Grade, Item, Runner, grade_all
from codereasoner.training.reward import TOLERATED

STEP = 1000  # grades, the latest, in which failures of our own machinery are counted


@dataclass(eq=False)
class Slip:
    """One completion on the desk."""

    item: Item
    style: Style
    result: Grade | CodeReasonerError | None = None


class Desk:
    """One for each process; `runner` executes what must be executed, by default the process's pool."""

    def __init__(self, runner: Runner | None = None, step: int = STEP) -> None:
        self._runner = runner
        self._waiting: deque[Slip] = deque()
        self._lock = Lock()
        self._failed: deque[bool] = deque(maxlen=step)

    def grade(self, labels: Sequence[str], completions: Sequence[str], finishes: Sequence[str] = ()) -> list[Grade]:
        """The grades of completions, each for the question of its label.

        What our machinery fails to grade is graded once more.

        Raises:
            DataError: a label is none of ours.
            MachineryError: more than 1 % of the latest thousand grades are failures of our own machinery.
        """
        return self._serve(self._put(labels, completions, finishes))

    async def grade_async(
        self, labels: Sequence[str], completions: Sequence[str], finishes: Sequence[str] = ()
    ) -> list[Grade]:
        """The same from async code: what other coroutines put down before the loop turns is graded with it."""
        slips = self._put(labels, completions, finishes)
        await asyncio.sleep(0)
        return await asyncio.to_thread(self._serve, slips)

    def _put(self, labels: Sequence[str], completions: Sequence[str], finishes: Sequence[str]) -> list[Slip]:
        ends = finishes or ["stop"] * len(labels)
        slips = []
        for label, completion, finish in zip(labels, completions, ends, strict=True):
            question, style = read_label(label)
            slips.append(Slip((extend.task_of(question), question, completion, finish), style))
        self._waiting += slips
        return slips

    def _serve(self, slips: Sequence[Slip]) -> list[Grade]:
        with self._lock:
            while any(slip.result is None for slip in slips):
                self._grade_waiting()
        grades = []
        for slip in slips:
            if isinstance(slip.result, Exception):
                raise slip.result
            grades += [slip.result] if slip.result else []
        return grades

    def _grade_waiting(self) -> None:
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            self._grade(batch)
            self._grade([slip for slip in batch if isinstance(slip.result, Grade) and slip.result.outcome == "error"])
            self._check([slip.result for slip in batch if isinstance(slip.result, Grade)])
        except CodeReasonerError as error:
            for slip in batch:
                slip.result = error
        finally:  # whatever happened, nobody waits for ever
            for slip in batch:
                slip.result = slip.result or MachineryError("the grading of this batch was broken off")

    def _grade(self, slips: Sequence[Slip]) -> None:
        for style in {slip.style for slip in slips}:
            chosen = [slip for slip in slips if slip.style == style]
            grades = grade_all([slip.item for slip in chosen], style, self._runner or pool_of_process().run)
            for slip, grade in zip(chosen, grades, strict=True):
                slip.result = grade

    def _check(self, grades: Sequence[Grade]) -> None:
        self._failed += [grade.outcome == "error" for grade in grades]
        failed, allowed = sum(self._failed), TOLERATED * (self._failed.maxlen or 0)
        if failed > allowed:
            reason = next(
                (grade.reason for grade in grades if grade.outcome == "error"), "see the messages before this"
            )
            raise MachineryError(
                f"{failed} of the latest {len(self._failed)} grades are failures of the grader, more than 1 % of "
                f"{self._failed.maxlen}: {reason}; mend that and start again from the last checkpoint"
            )


def desk_of_process() -> Desk:
    """The desk of this process; a forked child, as a Ray worker may be, makes its own."""
    return _DESKS.setdefault(os.getpid(), Desk())


_DESKS: dict[int, Desk] = {}
