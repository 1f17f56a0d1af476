"""chosen.jsonl: the questions of the sets, balanced by direction, task, difficulty and construct.

Each split that has a size gets so many questions. They are shared out evenly over the directions, within a direction
over its tasks, within a task over the difficulties, and there over the constructs; what one of them is too small to
take is shared out over the others. A question's construct is the rarest that its program uses, so that rare ones are
taken whole and common ones thinned. Within a cell the questions are taken evenly spaced in the order of the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from codereasoner import extend
from codereasoner.curation.profiles import constructs_of
from codereasoner.errors import ConfigError
from codereasoner.extend import Progress, silent
from codereasoner.ledger import Ledger, fingerprint, read_records
from codereasoner.stages.progress import tell
from codereasoner.task import Question

Cell: TypeAlias = tuple[str, ...]
"""Direction, task, difficulty, construct."""

AXES = ("direction", "task", "difficulty", "construct")
K = TypeVar("K", bound=Hashable)


def choose_questions(questions: Path, out: Path, sizes: Mapping[str, int], progress: Progress = silent) -> None:
    """chosen.jsonl: so many balanced questions of each split in `sizes`; 0, or a split without a size: all of them.

    The manifest counts the questions of each split before and after, along each axis.

    Raises:
        ConfigError: a size is below 0.
    """
    if wrong := [f"{split}: {size}" for split, size in sizes.items() if size < 0]:
        raise ConfigError(f"a set cannot have fewer than 0 questions ({wrong[0]})")
    ledger = Ledger(out, {"questions": fingerprint(questions), "sizes": dict(sizes)})
    if ledger.is_complete():
        return
    rank = _rarity(questions)
    before: dict[str, Counter[Cell]] = {}
    for question in read_records(questions, Question):
        before.setdefault(question.split, Counter())[_cell(question, rank)] += 1
    total = sum(sum(cells.values()) for cells in before.values())
    quotas = {split: _quotas(cells, sizes.get(split) or sum(cells.values())) for split, cells in before.items()}
    after: dict[str, Counter[Cell]] = {split: Counter() for split in before}
    seen: dict[str, Counter[Cell]] = {split: Counter() for split in before}
    with ledger:
        for done, question in enumerate(read_records(questions, Question), start=1):
            split, cell = question.split, _cell(question, rank)
            if _is_taken(seen[split][cell], quotas[split].get(cell, 0), before[split][cell]):
                after[split][cell] += 1
                ledger.append(question)
            seen[split][cell] += 1
            tell(progress, done, total, "questions weighed")
        ledger.extra["balance"] = {
            split: {"before": _margins(before[split]), "after": _margins(after[split])} for split in sorted(before)
        }
        ledger.finish()


def shares(total: int, available: Mapping[K, int]) -> dict[K, int]:
    """A total shared out as evenly as what is available allows: nobody gets more than there is of it."""
    given = dict.fromkeys(available, 0)
    left = min(total, sum(available.values()))
    hungry = sorted(available, key=lambda name: (available[name], str(name)))
    while hungry:
        name = hungry.pop(0)
        given[name] = min(available[name], left // (len(hungry) + 1))
        left -= given[name]
    return given


def _quotas(cells: Mapping[Cell, int], total: int) -> dict[Cell, int]:
    """How many questions each cell gives, axis after axis."""
    if () in cells:
        return {(): min(total, cells[()])}
    inner: dict[str, dict[Cell, int]] = {}
    for cell, count in cells.items():
        inner.setdefault(cell[0], {})[cell[1:]] = count
    found = shares(total, {name: sum(rest.values()) for name, rest in inner.items()})
    return {(name, *cell): count for name, rest in inner.items() for cell, count in _quotas(rest, found[name]).items()}


def _is_taken(place: int, quota: int, count: int) -> bool:
    """Is the `place`-th of `count` questions among `quota` evenly spaced ones?"""
    return (place + 1) * quota // count > place * quota // count


def _cell(question: Question, rank: Mapping[str, int]) -> Cell:
    return (
        extend.task_of(question).direction,
        question.task,
        str(question.features.get("difficulty", 0)),
        _construct(question.facts.get("source", ""), rank),
    )


def _construct(source: str, rank: Mapping[str, int]) -> str:
    return min(_constructs(source), key=lambda name: (rank[name], name), default="none")


def _rarity(questions: Path) -> dict[str, int]:
    """How many programs use each construct."""
    counts: Counter[str] = Counter()
    for source in _sources(questions):
        counts.update(_constructs(source))
    return dict(counts)


def _sources(questions: Path) -> Iterator[str]:
    """The source of each program; questions about one program stand together."""
    last = ""
    for question in read_records(questions, Question):
        source = question.facts.get("source", "")
        if source != last:
            last = source
            yield source


@lru_cache(maxsize=64)
def _constructs(source: str) -> frozenset[str]:
    try:
        return frozenset(constructs_of(source))
    except (SyntaxError, ValueError):
        return frozenset()


def _margins(cells: Mapping[Cell, int]) -> dict[str, dict[str, int]]:
    """The questions along each axis alone, the most first."""
    margins: dict[str, Counter[str]] = {axis: Counter() for axis in AXES}
    for cell, count in cells.items():
        for axis, name in zip(AXES, cell, strict=True):
            margins[axis][name] += count
    return {axis: dict(counts.most_common()) for axis, counts in margins.items()}


def margins_table(balance: Mapping[str, Any], split: str, axis: str) -> Sequence[tuple[str, int, int]]:
    """Rows of (name, before, after) of one axis of a split, as they stand in the manifest."""
    before, after = balance[split]["before"][axis], balance[split]["after"][axis]
    return [(name, count, after.get(name, 0)) for name, count in before.items()]
