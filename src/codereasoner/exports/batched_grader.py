"""Grade completions that arrive one at a time, from many threads and coroutines, in common batches.

verl and OpenRLHF call a reward function once per completion. Each call appends to the queue of its process; the first
caller that gets the lock grades the whole queue in one batch through one pool.
"""

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from codereasoner import extend
from codereasoner.errors import CodeReasonerError, DataError, InfrastructureError
from codereasoner.exports.formats import read_label
from codereasoner.exports.framework_questions import pool_of_process
from codereasoner.styles import Style
from codereasoner.task import Grade, Item, Runner, grade_all
from codereasoner.training.reward import TOLERATED, completion_text

WINDOW = 1000  # grades, the latest, over which the rate of infrastructure errors is measured


@dataclass(eq=False)
class Pending:
    """One completion in the queue."""

    item: Item
    style: Style
    result: Grade | CodeReasonerError | None = None


class BatchedGrader:
    """Grades in batches what concurrent callers hand in; `runner` defaults to the pool of the process."""

    def __init__(self, runner: Runner | None = None, window: int = WINDOW) -> None:
        self._runner = runner
        self._queue: deque[Pending] = deque()
        self._lock = Lock()
        self._failed: deque[bool] = deque(maxlen=window)

    def grade(self, labels: Sequence[str], completions: Sequence[object], finishes: Sequence[str] = ()) -> list[Grade]:
        """Grade completions, each for the question of its label; an infrastructure error is graded once more.

        A completion is a text or a list of messages, read as `training.reward` does.

        Raises:
            DataError: a label was not written by `codereasoner export`, or there are not as many as completions.
            InfrastructureError: more than 1 % of the latest thousand grades are infrastructure errors.
        """
        return self._wait(self._enqueue(labels, completions, finishes))

    async def grade_async(
        self, labels: Sequence[str], completions: Sequence[object], finishes: Sequence[str] = ()
    ) -> list[Grade]:
        """Grade as `grade` does, together with what other coroutines enqueue before the event loop turns."""
        pending = self._enqueue(labels, completions, finishes)
        await asyncio.sleep(0)
        return await asyncio.to_thread(self._wait, pending)

    def _enqueue(self, labels: Sequence[str], completions: Sequence[object], finishes: Sequence[str]) -> list[Pending]:
        if len(labels) != len(completions):
            raise DataError(f"{len(completions)} completions have {len(labels)} labels")
        pending = []
        for label, completion, finish in zip(labels, completions, finishes or ["stop"] * len(labels), strict=True):
            question, style = read_label(label)
            item = (extend.task_of(question), question, completion_text(completion), finish)
            pending.append(Pending(item, style))
        self._queue += pending
        return pending

    def _wait(self, pending: Sequence[Pending]) -> list[Grade]:
        with self._lock:
            while any(each.result is None for each in pending):
                self._grade_queue()
        grades = []
        for each in pending:
            if isinstance(each.result, Exception):
                raise each.result
            grades += [each.result] if each.result else []
        return grades

    def _grade_queue(self) -> None:
        batch: list[Pending] = []
        try:
            while self._queue:
                batch.append(self._queue.popleft())
            self._grade(batch)
            self._grade([each for each in batch if isinstance(each.result, Grade) and each.result.outcome == "error"])
            self._check([each.result for each in batch if isinstance(each.result, Grade)])
        except CodeReasonerError as error:
            for each in batch:
                each.result = error
        finally:  # after any exception, so that no caller waits forever
            for each in batch:
                each.result = each.result or InfrastructureError("the grading of this batch was broken off")

    def _grade(self, batch: Sequence[Pending]) -> None:
        for style in {each.style for each in batch}:
            chosen = [each for each in batch if each.style == style]
            grades = grade_all([each.item for each in chosen], style, self._runner or pool_of_process().run)
            for each, grade in zip(chosen, grades, strict=True):
                each.result = grade

    def _check(self, grades: Sequence[Grade]) -> None:
        self._failed += [grade.outcome == "error" for grade in grades]
        failed, window = sum(self._failed), self._failed.maxlen or 0
        if failed > TOLERATED * window:
            reasons = (grade.reason for grade in grades if grade.outcome == "error")
            raise InfrastructureError(
                f"{failed} of the latest {len(self._failed)} grades are failures of the grader, more than 1 % of "
                f"{window}: {next(reasons, 'see the messages before this')}; mend that and start again from the last "
                "checkpoint"
            )


def grader_of_process() -> BatchedGrader:
    """Return the grader of this process; a forked child, such as a Ray worker, makes its own."""
    return _GRADERS.setdefault(os.getpid(), BatchedGrader())


_GRADERS: dict[int, BatchedGrader] = {}
