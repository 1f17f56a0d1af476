"""The same call with one decision taken the other way: the value that it would have returned.

A decision is the test of an `if` or a `while`, whether a `for` takes its next item, or that a simple statement runs at
all. Where a dry run of the program is not possible, or does not give what the run really returned, there are no
counterfactuals.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from codereasoner.chains.dry_run import DryRun
from codereasoner.chains.known_values import Unknown, text_of
from codereasoner.steps.source import function_named

STEPS = 15_000  # operations and statements for one call, all its counterfactuals together
LENGTH = 6_000  # of one of them
_END = object()
_DECIDING = (ast.If, ast.While, ast.For, ast.Return, ast.Break, ast.Continue)


@dataclass(frozen=True)
class Counterfactual:
    """One decision taken the other way, and the value that the call returns then."""

    node: ast.stmt
    taken: bool  # did the run enter the body there? True for a simple statement, which is left out here
    value: str  # a literal


@lru_cache(maxsize=1024)  # several models answer one question
def counterfactuals(
    source: str, entry: str, arguments: tuple[tuple[str, str], ...], returned: str
) -> tuple[Counterfactual, ...]:
    """Return the counterfactuals of a call, from its last decision to its first."""
    return tuple(_find(source, entry, dict(arguments), returned))


def _find(source: str, entry: str, arguments: Mapping[str, str], returned: str) -> Iterator[Counterfactual]:
    function = function_named(ast.parse(source), entry)
    if function is None:
        return
    plain = _Flipped(arguments)
    if plain.returned_literal(function) != returned:
        return
    left = STEPS - plain.steps
    for number in range(len(plain.decisions) - 1, -1, -1):
        other = _Flipped(arguments)
        other.flipped = number
        value = other.returned_literal(function)
        left -= other.steps
        if left < 0:
            return
        if value is not None:
            yield Counterfactual(*plain.decisions[number], value)


class _Flipped(DryRun):
    """A run in which one decision is taken the other way."""

    flipped = -1  # the number of that decision

    def __init__(self, state: Mapping[str, str], brief: bool = True) -> None:
        super().__init__(state, brief)
        self.left = [LENGTH]
        self.decisions: list[tuple[ast.stmt, bool]] = []

    @property
    def steps(self) -> int:
        return LENGTH - self.left[0]

    def returned_literal(self, function: ast.FunctionDef) -> str | None:
        """Return the value of the call; None where it is unknown."""
        try:
            return text_of(self.returned(function))
        except Unknown:
            return None

    def decide(self, node: ast.stmt, taken: bool) -> bool:
        self.decisions.append((node, taken))
        return taken != (len(self.decisions) - 1 == self.flipped)

    def run(self, statement: ast.stmt) -> None:
        if isinstance(statement, _DECIDING) or self.decide(statement, True):
            super().run(statement)

    def passes(self, loop: ast.While | ast.For) -> Iterator[object]:
        if isinstance(loop, ast.While):
            while self.decide(loop, bool(self.value(loop.test))):
                yield None
            return
        found = self.items(loop.iter)
        items = iter(found)
        while self.decide(loop, (item := next(items, _END)) is not _END):
            if item is _END and not isinstance(found, range):
                raise Unknown  # there is no item for one pass too many
            yield found.start + found.step * len(found) if item is _END else item
