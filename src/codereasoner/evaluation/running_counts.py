"""What is known while answers come in: how many, how many of them right, at what speed. The grades made on the way are
kept, so that nothing is graded twice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from codereasoner.extend import Progress, grade_completions, silent
from codereasoner.records import Answer
from codereasoner.styles import Style
from codereasoner.task import Grade, Question, Runner

BATCH = 500  # answers that are graded together, at most
SECONDS = 2.0  # after which those that wait are graded though they are fewer


class Tally:
    """Grades answers in batches as they come, and tells a Progress of it.

    total: the answers that are wanted in all; `grades` holds the Grade of every answer so far, by the answer's id, once
    `finish` has been called.
    """

    def __init__(
        self, questions: Sequence[Question], style: Style, runner: Runner, total: int, progress: Progress = silent
    ) -> None:
        self.grades: dict[str, Grade] = {}
        self._questions = {question.id: question for question in questions}
        self._style = style
        self._runner = runner
        self._total = total
        self._progress = progress
        self._waiting: list[Answer] = []
        self._counts = {"answers": 0, "correct": 0, "failed": 0, "tokens": 0}
        self._began = self._graded = time.monotonic()

    def earlier(self, answers: Sequence[Answer]) -> None:
        """Take answers of an earlier try: they count, but not for the speed."""
        for answer in answers:
            self._take(answer)
        self.settle()
        self._began = time.monotonic()

    def add(self, answer: Answer) -> None:
        """Take one new answer."""
        self._take(answer)
        self._counts["tokens"] += answer.completion_tokens
        if len(self._waiting) >= BATCH or time.monotonic() - self._graded > SECONDS:
            self.settle()
        self._tell()

    def finish(self) -> None:
        """Grade what waits, and tell of the whole."""
        self.settle()
        self._tell()

    def settle(self) -> None:
        """Grade what waits."""
        questions = [self._questions[each.question] for each in self._waiting]
        grades = grade_completions(questions, self._waiting, self._style, self._runner)
        for answer, grade in zip(self._waiting, grades, strict=True):
            self.grades[answer.id] = grade
            self._counts["correct"] += grade.outcome == "correct"
        self._waiting.clear()
        self._graded = time.monotonic()

    def words(self) -> str:
        """One line: `1,200 of 16,000 answers, 43.1 % right, 512 tokens/s`, and how many requests failed, if any."""
        counts = self._counts
        parts = [f"{counts['answers']:,} of {self._total:,} answers"]
        if self.grades:
            graded = "" if not self._waiting else f" of {len(self.grades):,} graded"
            parts.append(f"{100 * counts['correct'] / len(self.grades):.1f} % right{graded}")
        if counts["tokens"]:
            parts.append(f"{counts['tokens'] / max(time.monotonic() - self._began, 1e-9):,.0f} tokens/s")
        if counts["failed"]:
            parts.append(f"{counts['failed']:,} failed")
        return ", ".join(parts)

    def _tell(self) -> None:
        self._progress(min(1.0, self._counts["answers"] / max(self._total, 1)), self.words())

    def _take(self, answer: Answer) -> None:
        self._counts["answers"] += 1
        self._counts["failed"] += answer.finish == "error"
        self._waiting.append(answer)
