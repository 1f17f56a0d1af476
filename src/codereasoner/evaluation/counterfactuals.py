"""The same call with one decision taken the other way: the value that it would have returned.

A decision is the test of an `if` or a `while`, whether a `for` takes its next item, or that a simple statement runs at
all. Straight-line statements, `if`, `while` and `for` are followed, as chains/abstract_execution.py does.
Where the program does anything else, or following it does not give what the run really returned, there are no
counterfactuals.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from codereasoner.chains.abstract_execution import State, bind, follow, value_of
from codereasoner.chains.known_values import Unknown, text_of
from codereasoner.steps.source import function_named

STEPS = 5_000  # statements followed for one call, all its counterfactuals together
LENGTH = 2_000  # statements of one of them


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


def _find(source: str, entry: str, arguments: State, returned: str) -> Iterator[Counterfactual]:
    function = function_named(ast.parse(source), entry)
    if function is None:
        return
    plain = _Walk(None)
    if plain.returned(function, arguments) != returned:
        return
    steps = plain.steps
    for number in range(len(plain.decisions) - 1, -1, -1):
        walk = _Walk(number)
        value = walk.returned(function, arguments)
        steps += walk.steps
        if steps > STEPS:
            return
        if value is not None:
            node, taken = plain.decisions[number]
            yield Counterfactual(node, taken, value)


class _Return(Exception):
    def __init__(self, value: str) -> None:
        self.value = value


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class _Walk:
    def __init__(self, flipped: int | None) -> None:
        self.flipped = flipped
        self.decisions: list[tuple[ast.stmt, bool]] = []
        self.steps = 0

    def returned(self, function: ast.FunctionDef, arguments: State) -> str | None:
        """Return the value of the call; None where it is unknown."""
        try:
            self._block(function.body, dict(arguments))
        except _Return as found:
            return found.value
        except Unknown:
            return None
        return "None"

    def _decide(self, node: ast.stmt, taken: bool) -> bool:
        self.decisions.append((node, taken))
        return taken != (len(self.decisions) - 1 == self.flipped)

    def _block(self, statements: Sequence[ast.stmt], state: dict[str, str]) -> None:
        for statement in statements:
            self._statement(statement, state)

    def _statement(self, statement: ast.stmt, state: dict[str, str]) -> None:
        self.steps += 1
        if self.steps > LENGTH:
            raise Unknown
        match statement:
            case ast.If(test=test, body=body, orelse=orelse):
                self._block(body if self._decide(statement, bool(value_of(test, state))) else orelse, state)
            case ast.While():
                self._while(statement, state)
            case ast.For():
                self._for(statement, state)
            case ast.Return(value=value):
                raise _Return(text_of(value_of(value, state)) if value is not None else "None")
            case ast.Break():
                raise _Break
            case ast.Continue():
                raise _Continue
            case _:
                if self._decide(statement, True):
                    follow(statement, state)

    def _while(self, loop: ast.While, state: dict[str, str]) -> None:
        while self._decide(loop, bool(value_of(loop.test, state))):
            self.steps += 1
            if self.steps > LENGTH:
                raise Unknown
            if not self._pass(loop, state):
                return
        self._block(loop.orelse, state)

    def _for(self, loop: ast.For, state: dict[str, str]) -> None:
        found = value_of(loop.iter, state)
        if not hasattr(found, "__iter__"):
            raise Unknown
        items = list(found)
        if isinstance(found, range):
            items.append(found.start + found.step * len(found))  # where one pass too many would go
        for place, item in enumerate(items):
            if not self._decide(loop, place < len(found)):
                break
            bind(loop.target, item, state)
            if not self._pass(loop, state):
                return
        self._block(loop.orelse, state)

    def _pass(self, loop: ast.While | ast.For, state: dict[str, str]) -> bool:
        """Follow the body once; False where it breaks out of the loop."""
        try:
            self._block(loop.body, state)
        except _Break:
            return False
        except _Continue:
            pass
        return True
