"""Load the questions of a benchmark, by its name, or of a questions file: the one way of every command and export."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from codereasoner.benchmarks.loading import load_benchmark
from codereasoner.errors import ConfigError, DataError
from codereasoner.evaluation.gold_check import guess_baselines
from codereasoner.evaluation.run_evaluation import CountMetrics
from codereasoner.extend import Benchmark, available, read_questions
from codereasoner.plugin_files import is_reference
from codereasoner.task import Question, Runner


@dataclass(frozen=True)
class QuestionSet:
    """The questions that are asked, and where they are from."""

    name: str  # the benchmark's, or the path of the file
    questions: list[Question]
    benchmark: Benchmark | None = None
    whole: bool = True  # False where a limit may have left some out

    def __post_init__(self) -> None:
        """Keep one of each question.

        Raises:
            DataError: two questions have one id, so that one would be graded by the other's answer.
        """
        known: dict[str, Question] = {}
        for question in self.questions:
            if known.setdefault(question.id, question) != question:
                raise DataError(
                    f"{self.name} has two questions with the id '{question.id}': give each an id of its own, or none"
                )
        object.__setattr__(self, "questions", list(known.values()))

    @property
    def metrics(self) -> CountMetrics | None:
        """The benchmark's own numbers, which need all of its questions; None: there are none."""
        return self.benchmark.metrics if self.benchmark and self.whole else None

    def baselines(self, runner: Runner) -> dict[str, float]:
        """Return the baselines in percent: the benchmark's own, or the best constant answer of each task."""
        own = self.benchmark.baselines(self.questions) if self.benchmark else {}
        return own or guess_baselines(self.questions, runner)


def is_file(name: str) -> bool:
    """Return whether this is a path, not the name of a benchmark."""
    if name in available("benchmark") or is_reference(name):
        return False
    return name.endswith((".jsonl", ".parquet")) or "/" in name or Path(name).exists()


def load_questions(name: str, data: Path | None, split: str, runner: Runner, limit: int | None = None) -> QuestionSet:
    """Return the first `limit` questions of a benchmark, or of a questions file's split.

    Raises:
        UserError: there is no such benchmark, data or split, or the data holds no programs to ask about.
    """
    name = os.path.expanduser(name)
    if is_file(name):
        try:
            return QuestionSet(name, _of_split(name, split)[:limit])
        except DataError as error:
            is_cruxeval = "it is a record of CRUXEval" in str(error)
            word = "cruxeval" if is_cruxeval else Path(name).stem.partition("-")[0].lower()
            near = [each for each in available("benchmark") if each.partition("-")[0] == word]
            hint = f"; for the benchmark's own data: evaluate {' or '.join(near[:2])} --data {name}" if near else ""
            raise DataError(f"{error}{hint}") from None
    benchmark, found = load_benchmark(name, data, runner)
    if unasked := [question.id for question in found if question.facts.get("source") == ""]:
        raise ConfigError(
            f"the data of {name} has no programs (the first without one is '{unasked[0]}'): it can score answers, "
            f"but not be asked; give --data the records of {benchmark.hub or 'the benchmark'}"
        )
    return QuestionSet(benchmark.name, found[:limit], benchmark, limit is None)


def _of_split(name: str, split: str) -> list[Question]:
    found, others = [], Counter[str]()
    for question in read_questions(Path(name)):
        if question.split in ("", split):
            found.append(question)
        else:
            others[question.split] += 1
    if not found:
        if not others:
            raise ConfigError(f"{name} has no question of the split '{split}': the file is empty")
        splits = " or ".join(f"{each} ({count:,})" for each, count in others.items())
        raise ConfigError(f"{name} has no question of the split '{split}'; give --split {splits}")
    return found
