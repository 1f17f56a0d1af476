"""Choose expressions by weight: those of a difficulty that can mention a variable, or that show a wanted construct."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from random import Random

from codereasoner.grammar.constructs import TYPES, is_pure
from codereasoner.grammar.templates import Expression, expressions

ACCEPTS = {"str": ("str", "char")}
"""The kinds that can take the place of a kind, where there are more than itself."""

FAR = 99
"""The distance of kinds that cannot be made from one another."""

WANTED = 25
"""The factor on the weight of an expression that shows a wanted construct."""


@cache
def reach(level: int) -> dict[tuple[str, str], int]:
    """Return the least depth of nested expressions by which a value of one kind mentions a variable of another."""
    gives: dict[str, set[str]] = {kind: set() for kind in TYPES}  # kind of a hole -> kinds of values around it
    for kind, items in expressions().items():
        for each in items:
            for hole in each.code.holes if each.level <= level else ():
                gives.setdefault(hole.kind, set()).add(kind)
    steps: dict[tuple[str, str], int] = {}
    for target in TYPES:
        steps |= {(kind, target): 0 for kind in TYPES if target in ACCEPTS.get(kind, (kind,))}
        waiting = deque(kind for kind, mentioned in steps if mentioned == target)
        while waiting:
            inner = waiting.popleft()
            for outer in gives[inner]:
                if (outer, target) not in steps:
                    steps[outer, target] = steps[inner, target] + 1
                    waiting.append(outer)
    return steps


class Candidates:
    """Expressions to pick from by weight."""

    def __init__(self, found: Sequence[Expression], wanted: str = "") -> None:
        self.found = found
        self._sums = list(accumulate(each.weight * (WANTED if wanted in each.shows else 1) for each in found))

    def pick(self, random: Random) -> Expression:
        """Return one of the expressions; there must be one."""
        return self.found[min(bisect_right(self._sums, random.random() * self._sums[-1]), len(self.found) - 1)]

    def at_least(self, low: int) -> Candidates:
        """Return those whose value has at least this length, with their plain weights."""
        return Candidates([each for each in self.found if (each.low or 0) >= low])


@cache
def possible(
    kind: str, level: int, mention: str, depth: int, inside: bool, wanted: str, pure: bool = False
) -> Candidates:
    """Return the expressions of a kind in which a variable of the kind `mention` can be put at that depth.

    inside: within a comprehension, where there is no other one. wanted: a construct that is there at every level.
    pure: no expression shows a method other than the wanted one.
    """
    steps = reach(level)

    def fits(each: Expression) -> bool:
        if (each.level > level and wanted not in each.shows) or (inside and each.locals):
            return False
        if pure and not is_pure(each.shows, wanted):
            return False
        holes = (hole for hole in each.code.holes if not hole.mention)
        return not mention or any(steps.get((hole.kind, mention), FAR) <= depth - 1 for hole in holes)

    return Candidates([each for each in expressions().get(kind, ()) if fits(each)], wanted)


@cache
def showing(construct: str) -> tuple[Expression, ...]:
    """Return the expressions that show a construct."""
    return tuple(each for items in expressions().values() for each in items if construct in each.shows)
