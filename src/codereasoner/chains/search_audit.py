"""Check that a chain that looks for a call earns it: its steps to an argument, and that there are any.

A step is computed again: "take `wanted[::2]`, 'ac'", "`x = x + 1` must give 3, which it does if x is 2". The call that
returns the wanted value must be led to: each of its arguments stands in the chain before the call is named, in the
program or in the wanted value, is one of the simplest values, or is a number that follows other numbers that were
tried. A chain that names the call before anything leads to it has known it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codereasoner import literals
from codereasoner.chains.argument_candidates import WANTED
from codereasoner.chains.expressions import evaluate
from codereasoner.chains.inversion import is_certain
from codereasoner.chains.value_claims import calls, literal_end
from codereasoner.records import Run

_TAKES = re.compile(r"take `([^`\n]+)`, (?=\S)")
_GIVES = re.compile(r"`([^`\n]+)` must give (?=\S)")
_IF = re.compile(r",? (?:which it does |and )if ([^\W\d]\w*) is (?=\S)")
_LONGEST_NAMELESS = 1  # items of a value that a chain may try without saying where it comes from


@dataclass(frozen=True)
class Step:
    """One step of a search: where it stands, its words, and whether it holds."""

    start: int
    end: int
    said: str
    holds: bool


def steps_of_search(chain: str, runs: Mapping[str, Run], wanted: str) -> Iterator[Step]:
    """The steps of a chain that can be checked, in order, and the call that nothing leads to, if there is one.

    `runs` holds the run of each call that the chain names, by its arguments in canonical form.
    """
    yield from _taken(chain, wanted)
    yield from _undone(chain)
    yield from _unearned(chain, runs, wanted)


def _taken(chain: str, wanted: str) -> Iterator[Step]:
    for match in _TAKES.finditer(chain):
        stop = literal_end(chain, match.end())
        node = _parsed(match[1], "eval")
        if stop is None or not isinstance(node, ast.Expression):
            continue
        _, value = evaluate(node.body, {WANTED: wanted})
        yield Step(match.start(), stop, chain[match.start() : stop], _is(value, chain[match.end() : stop]))


def _undone(chain: str) -> Iterator[Step]:
    for match in _GIVES.finditer(chain):
        stop = literal_end(chain, match.end())
        tree = _parsed(match[1], "exec")
        if stop is None or not isinstance(tree, ast.Module) or len(tree.body) != 1:
            continue
        result = _read(chain[match.end() : stop])
        needs: dict[str, Any] = {}
        while (said := _IF.match(chain, stop)) and (end := literal_end(chain, said.end())):
            needs[said[1]] = _read(chain[said.end() : end])
            stop = end
        if needs:
            holds = is_certain(tree.body[0], needs, result)
            yield Step(match.start(), stop, chain[match.start() : stop], holds)


def _unearned(chain: str, runs: Mapping[str, Run], wanted: str) -> Iterator[Step]:
    if not runs:
        return
    meant = _read(wanted)
    entry, source = next((run.entry, run.source) for run in runs.values())
    tried: list[list[Any]] = []
    seen: set[str] = set()
    for start, call in calls(chain, entry):
        run = runs.get(call)
        if call in seen or run is None:
            continue
        seen.add(call)
        arguments = _arguments(call)
        if run.outcome == "ok" and run.value is not None and literals.equal(_read(run.value), meant):
            known = _Known("\n".join((chain[:start], source, wanted)), wanted, tried)
            if not all(known.leads_to(each, place) for place, each in enumerate(arguments)):
                end = start + len(entry)
                yield Step(start, end, f"{entry}({call}), to which nothing leads", False)
            return
        tried.append(arguments)


@dataclass(frozen=True)
class _Known:
    """Context of a call in a chain: the text before it with program and value, and the arguments tried so far."""

    text: str
    wanted: str
    tried: Sequence[Sequence[Any]]

    def leads_to(self, value: Any, place: int) -> bool:
        """Return whether a value occurs before, is one of the simplest, or is made of such."""
        if not hasattr(value, "__len__"):
            return self._is_simple(value) or self._follows(value, place) or self._names(value)
        if isinstance(value, str | bytes):
            said = _plain(literals.write(value))
            return len(value) <= _LONGEST_NAMELESS or said in _plain(self.text) or said[1:-1] in _plain(self.wanted)
        items = [*value, *value.values()] if isinstance(value, dict) else list(value)
        return all(self.leads_to(each, place) for each in items)

    @staticmethod
    def _is_simple(value: Any) -> bool:
        return value is None or value is ... or isinstance(value, bool) or value in (0, 1, 2, -1)

    def _follows(self, value: Any, place: int) -> bool:
        """Return whether another number was tried in its place."""
        before = [each[place] for each in self.tried if len(each) > place]
        return isinstance(value, int | float) and any(isinstance(each, int | float) for each in before)

    def _names(self, value: Any) -> bool:
        return re.search(rf"(?<![\w.]){re.escape(literals.write(value))}(?!\w|\.\d)", self.text) is not None


def _arguments(call: str) -> list[Any]:
    return [literals.value_of(each) for _, each in literals.parse_arguments(call)]


def _plain(text: str) -> str:
    """Drop what two ways to write a literal differ in: white space and the kind of quotes."""
    return re.sub(r"\s", "", text).replace('"', "'")


def _parsed(code: str, mode: str) -> ast.AST | None:
    try:
        return ast.parse(code, mode=mode)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _read(text: str) -> Any:
    try:
        return literals.read(text)
    except literals.LiteralError:
        return NotImplemented


def _is(value: Any, text: str) -> bool:
    return value is not NotImplemented and literals.equal(value, _read(text))
