"""chosen.jsonl: the questions of the sets, balanced by direction, task, side, difficulty and construct.

The size of a split is divided evenly over the directions, within a direction over its tasks, within a task over the
sides of its answers (the feature `side`, where a question has one), there over the difficulties, and there over the
constructs; a part that is too small passes the rest on to the others. A question's construct is the rarest one of its
program, so rare ones are kept whole and common ones thinned. Within a cell the questions are evenly spaced in the order
of the file.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from codereasoner import extend
from codereasoner.curation.profiles import constructs_of
from codereasoner.errors import ConfigError
from codereasoner.extend import Progress, silent
from codereasoner.ledger import Ledger, fingerprint, read_records, read_rows
from codereasoner.spill import Keys
from codereasoner.stages.progress import tell
from codereasoner.task import Question

Cell: TypeAlias = tuple[str, ...]
"""The values of a question along the axes."""

AXES = ("direction", "task", "side", "difficulty", "construct")
K = TypeVar("K", bound=Hashable)


def choose_questions(
    questions: Path,
    out: Path,
    sizes: Mapping[str, int],
    progress: Progress = silent,
    chains: Path | None = None,
    told: Sequence[str] = (),
) -> None:
    """Write a balanced selection of each split, of the size in `sizes`; without one, or with 0, all of its questions.

    chains: a question of the tasks `told` in the split train that has no chain in this file is dropped before, so that
    another takes its place. The manifest counts the questions of each split before and after, along each axis.

    Raises:
        ConfigError: a size is below 0.
    """
    if wrong := [f"{split}: {size}" for split, size in sizes.items() if size < 0]:
        raise ConfigError(f"a set cannot have fewer than 0 questions ({wrong[0]})")
    config = {"questions": fingerprint(questions), "sizes": dict(sizes)}
    if chains is not None:
        config |= {"chains": fingerprint(chains), "told": list(told)}
    ledger = Ledger(out, config)
    if ledger.is_complete():
        return
    known = Keys()
    for row in read_rows(chains) if chains is not None else ():
        known.add(row["question"])
    cells = _read_cells(
        questions, lambda each: chains is None or each.split != "train" or each.task not in told or each.id in known
    )
    before: dict[str, Counter[Cell]] = {}
    for split, cell in filter(None, cells):
        before.setdefault(split, Counter())[cell] += 1
    quotas = {split: _quotas(counts, sizes.get(split) or sum(counts.values())) for split, counts in before.items()}
    after: dict[str, Counter[Cell]] = {split: Counter() for split in before}
    seen: dict[str, Counter[Cell]] = {split: Counter() for split in before}
    with ledger:
        for done, (row, found) in enumerate(zip(read_rows(questions), cells, strict=True), start=1):
            tell(progress, done, len(cells), "questions considered")
            if found is None:
                ledger.drop({"id": row["id"]}, "no chain")
                continue
            split, cell = found
            if _is_taken(seen[split][cell], quotas[split].get(cell, 0), before[split][cell]):
                after[split][cell] += 1
                ledger.append(Question.from_json(row))
            seen[split][cell] += 1
        ledger.extra["balance"] = {
            split: {"before": _margins(before[split]), "after": _margins(after[split])} for split in sorted(before)
        }
        ledger.finish()


def shares(total: int, available: Mapping[K, int]) -> dict[K, int]:
    """Divide a total as evenly as what is available allows."""
    given = dict.fromkeys(available, 0)
    left = min(total, sum(available.values()))
    open_names = sorted(available, key=lambda name: (available[name], str(name)))
    while open_names:
        name = open_names.pop(0)
        given[name] = min(available[name], left // (len(open_names) + 1))
        left -= given[name]
    return given


def _quotas(cells: Mapping[Cell, int], total: int) -> dict[Cell, int]:
    """Return the number of questions of each cell, axis after axis."""
    if () in cells:
        return {(): min(total, cells[()])}
    inner: dict[str, dict[Cell, int]] = {}
    for cell, count in cells.items():
        inner.setdefault(cell[0], {})[cell[1:]] = count
    found = shares(total, {name: sum(rest.values()) for name, rest in inner.items()})
    return {(name, *cell): count for name, rest in inner.items() for cell, count in _quotas(rest, found[name]).items()}


def _is_taken(place: int, quota: int, count: int) -> bool:
    """Return whether the `place`-th of `count` questions is among `quota` evenly spaced ones."""
    return (place + 1) * quota // count > place * quota // count


def _read_cells(questions: Path, is_told: Callable[[Question], bool]) -> list[tuple[str, Cell] | None]:
    """Return the split and the cell of each question, None for one that is not told; equal ones are one object.

    Questions about one program are adjacent in the file.
    """
    one: dict[Any, Any] = {}
    numbers: dict[str, int] = {}  # of constructs
    uses: Counter[int] = Counter()  # programs that use each of them
    programs: list[tuple[array[int], tuple[tuple[str, ...], ...]]] = []
    for source, group in groupby(read_records(questions, Question), lambda each: each.facts.get("source", "")):
        used = array("H", (numbers.setdefault(name, len(numbers)) for name in sorted(_constructs(source))))
        uses.update(used)
        kinds = tuple(_kind(each) if is_told(each) else () for each in group)
        programs.append((used, one.setdefault(kinds, kinds)))
    names = list(numbers)
    cells: list[tuple[str, Cell] | None] = []
    for used, kinds in programs:
        construct = names[min(used, key=lambda each: (uses[each], names[each]))] if used else "none"
        found = ((kind[0], (*kind[1:], construct)) if kind else None for kind in kinds)
        cells += [one.setdefault(cell, cell) for cell in found]
    return cells


def _kind(question: Question) -> tuple[str, ...]:
    features = question.features
    of_task = extend.task_of(question).direction, question.task
    return question.split, *of_task, str(features.get("side", "")), str(features.get("difficulty", 0))


def _constructs(source: str) -> set[str]:
    try:
        return constructs_of(source)
    except (SyntaxError, ValueError):
        return set()


def _margins(cells: Mapping[Cell, int]) -> dict[str, dict[str, int]]:
    """Count the questions along each axis alone, the largest counts first."""
    margins: dict[str, Counter[str]] = {axis: Counter() for axis in AXES}
    for cell, count in cells.items():
        for axis, name in zip(AXES, cell, strict=True):
            margins[axis][name] += count
    return {axis: dict(counts.most_common()) for axis, counts in margins.items() if set(counts) != {""}}
