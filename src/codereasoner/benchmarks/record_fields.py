"""Check and read the records of data files: what several benchmarks do alike."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from codereasoner.errors import DataError
from codereasoner.extend import Questions
from codereasoner.task import Question

Row: TypeAlias = Mapping[str, Any]
"""A record of a data file, before it is checked."""


def need_texts(place: str, row: Row, fields: Sequence[str], record: str) -> None:
    """Check that these fields of a row are text."""
    for name in fields:
        if not isinstance(row.get(name), str):
            raise DataError(f"{place}: the field '{name}' must be text, not {row.get(name)!r:.40}; {record}")


def unique_questions(data: Path, questions: Iterable[Question]) -> Questions:
    """Return the questions of a file, which has at least one; two with one id are refused."""
    found: dict[str, Question] = {}
    for number, question in enumerate(questions, start=1):
        if question.id in found:
            raise DataError(f"{data}, record {number}: the id '{question.id}' was there before; remove one of the two")
        found[question.id] = question
    if not found:
        raise DataError(f"{data} has no records")
    return Questions(found.values())


def call_parts(place: str, text: str) -> tuple[str, str]:
    """Return the name and the arguments of a call: `f` and `[1]` of `f([1])`."""
    entry, opening, rest = text.strip().partition("(")
    if not opening or not rest.endswith(")") or not entry.isidentifier():
        raise DataError(f"{place} must be a call such as f([1]), not {text!r:.60}")
    return entry, rest[:-1]


def by_number(name: str) -> tuple[int, str]:
    """Return the key that sorts names such as `sample_10` by their numbers."""
    digits = name.rpartition("_")[2]
    return (int(digits) if digits.isdecimal() else 0, name)
