"""Branch coverage: the jumps of a program that its runs took.

Every `if`, `elif`, `while` and `for` whose body begins on a line of its own can go two ways: into the body, or past
it. A constant test goes one way only and does not count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from codereasoner.records import Run
from codereasoner.steps.source import statements

Jump: TypeAlias = tuple[int, bool]
"""The line of a header, and whether the body is entered."""


def jumps(source: str) -> frozenset[Jump]:
    """Return the jumps that a program can take; none where it does not parse."""
    return frozenset((line, into) for line in _bodies(source) for into in (True, False))


def taken(run: Run) -> frozenset[Jump]:
    """Return the jumps that a traced run took."""
    bodies = _bodies(run.source)
    return frozenset((line, after == bodies[line]) for line, after in _pairs(run) if line in bodies)


def path(run: Run) -> frozenset[tuple[int, int]]:
    """Return the pairs of successive lines of a traced run, 0 for the end of the function."""
    return frozenset(_pairs(run))


def distribute(runs: Iterable[Run], count: int) -> list[Run]:
    """Return up to `count` runs of one program, in their order: those whose paths together cover the most."""
    left = list(runs)
    order = {run.id: place for place, run in enumerate(left)}
    paths = {run.id: path(run) for run in left}
    seen: set[tuple[int, int]] = set()
    chosen: list[Run] = []
    while left and len(chosen) < count:
        best = max(left, key=lambda run: (len(paths[run.id] - seen), -order[run.id]))
        left.remove(best)
        chosen.append(best)
        seen |= paths[best.id]
    return sorted(chosen, key=lambda run: order[run.id])


@dataclass
class Covered:
    """Counts over programs of the possible jumps, and of those that at least one run of a program took."""

    programs: int = 0
    whole: int = 0  # programs whose every jump was taken
    possible: int = 0
    covered: int = 0

    def add(self, source: str, runs: Iterable[frozenset[Jump]]) -> None:
        """Count a program, with the jumps that each of its runs took."""
        able = jumps(source)
        found = frozenset().union(*runs) & able
        self.programs += 1
        self.whole += found == able
        self.possible += len(able)
        self.covered += len(found)

    def include(self, others: Covered) -> None:
        """Count the programs of another count, too."""
        for name, count in vars(others).items():
            setattr(self, name, getattr(self, name) + count)

    def facts(self) -> dict[str, int | float]:
        """Return the counts for a manifest; `share` is 1 where no program can jump at all."""
        return {**vars(self), "share": round(self.covered / self.possible, 4) if self.possible else 1.0}


def _bodies(source: str) -> dict[int, int]:
    """Return the first line of the body of each header."""
    return {
        line: node.body[0].lineno
        for line, node in statements(source).items()
        if isinstance(node, ast.If | ast.While | ast.For)
    }


def _pairs(run: Run) -> Iterator[tuple[int, int]]:
    """Yield each executed line and the next one of its frame, 0 where the function returns; none where it raises."""
    last: dict[int, int] = {}
    for step in run.steps:
        if step.event == "line":
            if before := last.get(step.frame):
                yield before, step.line
            last[step.frame] = step.line
        elif step.event == "return" and (before := last.pop(step.frame, 0)):
            yield before, 0
        elif step.event == "exception":
            last.pop(step.frame, None)
