"""Which questions are asked: a benchmark's, by its name, or those of a questions file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from codereasoner import extend
from codereasoner.benchmarks.data_location import locate
from codereasoner.errors import ConfigError
from codereasoner.extend import Benchmark
from codereasoner.ledger import read_records
from codereasoner.task import Question, Runner


def is_file(name: str) -> bool:
    """Is this a questions file, not a benchmark's name?"""
    return name.endswith((".jsonl", ".parquet"))


def questions_of(name: str, data: Path | None, split: str, runner: Runner) -> list[Question]:
    """The questions of the benchmark of that name, or those of a questions file's split.

    Raises:
        UserError: there is no such benchmark, data or split, or the data holds no programs to ask about.
    """
    if is_file(name):
        found, others = [], Counter[str]()
        for question in read_records(Path(name), Question):
            if question.split in ("", split):
                found.append(question)
            else:
                others[question.split] += 1
        if not found:
            there_are = ", ".join(f"{each} ({count:,})" for each, count in others.items()) or "none: the file is empty"
            raise ConfigError(f"{name} has no question of the split '{split}'; its splits: {there_are}")
        return found
    benchmark: Benchmark = extend.find("benchmark", name)
    found = benchmark.load(locate(benchmark, data), runner)
    if unasked := [question.id for question in found if question.facts.get("source") == ""]:
        raise ConfigError(
            f"the data of {name} has no programs (the first without one is '{unasked[0]}'): it can score answers, "
            f"but not be asked; give --data the records of {benchmark.hub or 'the benchmark'}"
        )
    return found
