"""A trace as REval (arXiv:2403.16437) reads it: what its published ground truth is made by, quirks included.

REval keeps one list of states for the whole run. A line event makes a state with the locals before the line; return
and exception events make one without locals; an event on the line of the last state goes into that state instead.
- A line is covered when a state stands on it.
- Its next lines are those of the states that follow its states, in whatever function; -1 after the last.
- The value "after" it is looked up in the locals of the state that follows. So a variable that is assigned from a
  call of a traced function is Nil, as is all that follows a `return` to a caller.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from codereasoner import literals
from codereasoner.literals import LiteralError
from codereasoner.records import Run
from codereasoner.steps.marks import attributes, element, kind

_UNSEEN = (
    "module",
    "function",
    "builtin_function_or_method",
    "generator",
    "enumerate",
    "zip",
    "map",
    "filter",
    "reversed",
)


@dataclass(frozen=True)
class RevalState:
    """One state: a line and the locals that REval saw with it, as literals or marks."""

    line: int
    locals: Mapping[str, str]


def states_of(run: Run) -> list[RevalState]:
    """Return the states of a run, in order, those on one line merged."""
    known: dict[int, dict[str, str]] = {}
    states: list[RevalState] = []
    for step in run.steps:
        before = known.setdefault(step.frame, {})
        if step.event != "call":
            seen = dict(before) if step.event == "line" else None
            if not states or states[-1].line != step.line:
                states.append(RevalState(step.line, _visible(seen or {})))
            elif seen is not None:
                states[-1] = RevalState(step.line, _visible(seen))
        for name in step.removed:
            before.pop(name, None)
        before.update(step.changes)
    return states


States: TypeAlias = Sequence[RevalState]


def is_covered(states: States, line: int) -> bool:
    """Tell whether the line is executed."""
    return any(state.line == line for state in states)


def next_lines(states: States, line: int) -> set[int]:
    """Return the lines that run right after the line, over all its visits; -1 for the end, or if it is not covered."""
    following = {
        states[place + 1].line if place + 1 < len(states) else -1
        for place, state in enumerate(states)
        if state.line == line
    }
    return following or {-1}


def values_after(states: States, line: int, expression: str) -> list[str] | None:
    """Return the values of an expression after the line, one for each visit that has one, as text; None: Nil.

    Expressions are names, attributes, subscripts, tuples and constants; as in REval, a subscript and a tuple are
    formed from every combination of the values that their parts had in all visits.
    """
    places = [place for place, state in enumerate(states) if state.line == line]
    after = [states[min(place + 1, len(states) - 1)] for place in places]
    try:
        node = literals.parse(expression)
    except LiteralError:
        return None
    return _values(node, after) or None if places else None


def _visible(known: Mapping[str, str]) -> dict[str, str]:
    """Without what REval does not copy: modules, functions and iterators."""
    return {name: text for name, text in known.items() if not _is_unseen(kind(text))}


def _is_unseen(name: str) -> bool:
    return name in _UNSEEN or name.endswith("iterator")


def _values(node: ast.expr, after: list[RevalState]) -> list[str]:
    match node:
        case ast.Constant(value=value):
            return [literals.write(value)]
        case ast.Name(id=name):
            return [state.locals[name] for state in after if name in state.locals]
        case ast.Attribute(value=owner, attr=name):
            held = [attributes(text) for text in _values(owner, after)]
            return [found[name] for found in held if name in found]
        case ast.Subscript(value=owner, slice=index):
            pairs = itertools.product(_values(owner, after), _values(index, after))
            return [found for found in (element(text, place) for text, place in pairs) if found is not None]
        case ast.Tuple(elts=parts):
            rows = itertools.product(*(_values(part, after) for part in parts))
            return ["(" + ", ".join(row) + (",)" if len(row) == 1 else ")") for row in rows]
    return []
