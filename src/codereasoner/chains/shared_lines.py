"""Split a line that several statements share into what each of them did.

A trace says that a line ran, not which of its statements did. They are followed by abstract execution; its result is
taken only where it ends in the recorded state. Elsewhere the changes of the line are given to its last statement, and
whether a block was entered is left open unless the trace decides it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from codereasoner.chains.abstract_execution import State, bind, follow, value_of
from codereasoner.chains.expressions import Unknown
from codereasoner.chains.statement_lines import LOOPS, Scope, Statement, Unit, body_lines, first_line, line_of, own
from codereasoner.records import Step
from codereasoner.steps.source import walk

MOST_PARTS = 200  # statements that are followed on one line


class Part(NamedTuple):
    """One statement of a unit: what it changed, and whether its block was entered."""

    node: Statement | None
    line: int
    values: State
    removed: tuple[str, ...] = ()
    taken: bool | None = None
    state: State = MappingProxyType({})
    before: State = MappingProxyType({})


def take_apart(
    unit: Unit,
    steps: Sequence[Step],
    before: State,
    after: State,
    next_line: int | None,
    end: Step | None,
    scope: Scope | None,
    earlier: Sequence[Part] = (),
) -> list[Part]:
    """The statements of a unit that ran, in order, without the first ones that were `earlier`.

    Args:
        before, after: the variables of the frame, which nobody changes any more.
        next_line: the line that the frame went on at; None: it did not.
        end: the return or exception with which it was left instead.
    """
    raised = end is not None and end.event == "exception"
    changed = steps[0].changes if len(steps) == 1 else dict.fromkeys([name for step in steps for name in step.changes])
    found = _Found(before, after, changed, raised)
    first = steps[0].line
    if not unit.statements:
        return [found.part(None, first)]
    entered = unit.innermost(first) if len(unit.statements) == 1 else unit.statements[0]
    if len(unit.statements) == 1:
        taken = None if raised else _entered(entered, next_line)
        return [found.part(entered, first, taken)]
    if earlier:
        rest = found._replace(before=earlier[-1].state)
        return [rest.part(unit.statements[-1] if len(earlier) + 1 == len(unit.statements) else None, first)]
    if not raised and (followed := _follow(unit, before, after, scope)) is not None:
        return followed
    return _by_evidence(_outermost(unit)[0], unit, found, first, next_line, end, scope)


def lead(unit: Unit, before: State, scope: Scope | None) -> list[Part]:
    """The statements of a unit that ran for certain before a call that one of them makes; none where that is open."""
    if len(unit.statements) == 1 or scope is None or scope.shadowed & set(_names_in(unit)):
        return []
    follower = _Follower(unit, before, loops=False)
    try:
        follower.run([each for each in _outermost(unit) if isinstance(each, ast.stmt)])
    except (Unknown, _Leaves):
        return follower.parts
    return []  # none of them makes the call


def _outermost(unit: Unit) -> list[Statement]:
    inside = {each for other in unit.statements for each in _inside(other)}
    return [each for each in unit.statements if each not in inside]


class _Found(NamedTuple):
    """The changes of a unit."""

    before: State
    after: State
    names: Iterable[str]
    raised: bool

    def part(self, node: Statement | None, line: int, taken: bool | None = None) -> Part:
        passing, before, after = _comprehension_names(node), self.before, self.after
        values: dict[str, str] = {}
        if not self.raised and not (isinstance(node, ast.For | ast.AsyncFor) and taken is False):
            values = {name: after[name] for name in targets(node) if name in after}
        for name in self.names:
            if name in after and not (name in passing and after[name] == before.get(name)):
                values[name] = after[name]
        removed = tuple([name for name in before if name not in after])
        return Part(node, line_of(node) if node else line, values, removed, taken, after, before)


def _entered(node: Statement, next_line: int | None) -> bool | None:
    """Return whether the block below a statement's line was entered; None: there is no choice."""
    if isinstance(node, ast.While) and isinstance(node.test, ast.Constant):
        return None
    if not isinstance(node, ast.If | ast.ExceptHandler | ast.match_case | LOOPS):
        return None
    return next_line in body_lines(node)


@lru_cache(maxsize=8192)
def targets(node: ast.AST | None) -> list[str]:
    """The variables a statement is about: assigned, looped over, or those a method is called on."""
    match node:
        case ast.Assign(targets=parts) | ast.Delete(targets=parts):
            return [name for target in parts for name in _names(target)]
        case ast.AnnAssign(value=None):
            return []
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target) | ast.For(target=target):
            return _names(target)
        case ast.AsyncFor(target=target):
            return _names(target)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=receiver))):
            return _names(receiver)
    return []


def _names(target: ast.expr) -> list[str]:
    match target:
        case ast.Name(id=name):
            return [name]
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return [name for item in items for name in _names(item)]
        case ast.Subscript(value=value) | ast.Attribute(value=value) | ast.Starred(value=value):
            return _names(value)
    return []


@lru_cache(maxsize=8192)
def _comprehension_names(node: ast.AST | None) -> frozenset[str]:
    """The variables of a statement's comprehensions, which Python 3.12 shows among those of the function."""
    loops = (part for part in (own(node) if node else ()) if isinstance(part, ast.comprehension))
    return frozenset(name for loop in loops for name in _names(loop.target))


def _inside(node: ast.AST) -> set[Statement]:
    """All statements below one."""
    return {each for each in walk(node) if isinstance(each, ast.stmt | ast.ExceptHandler | ast.match_case)} - {node}


# ---- several statements on a line, followed


def _names_in(unit: Unit) -> Iterator[str]:
    return (part.id for each in unit.statements for part in own(each) if isinstance(part, ast.Name))


class _Leaves(Exception):
    """The unit is left by the statement that was earlier last."""


def _follow(unit: Unit, before: State, after: State, scope: Scope | None) -> list[Part] | None:
    """The statements that ran, by abstract execution; None where that does not end as the trace does."""
    blocks = [each for each in _outermost(unit) if isinstance(each, ast.stmt)]
    if scope is None or scope.shadowed & set(_names_in(unit)) or len(blocks) < len(_outermost(unit)):
        return None
    follower = _Follower(unit, before)
    try:
        follower.run(blocks)
    except _Leaves:
        pass
    except Unknown:
        return None
    return follower.parts if follower.state == dict(after) else None


class _Follower:
    def __init__(self, unit: Unit, before: State, loops: bool = True) -> None:
        self.unit, self.loops = unit, loops
        self.state = dict(before)
        self.parts: list[Part] = []

    def run(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            if statement not in self.unit.statements:
                raise _Leaves
            self._one(statement)

    def _one(self, node: ast.stmt) -> None:
        before = dict(self.state)
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                taken = bool(value_of(test, self.state))
                self._add(node, before, taken)
                self.run(body if taken else orelse)
            case ast.While() | ast.For():
                self._loop(node)
            case ast.Break() | ast.Continue() | ast.Return():
                self._add(node, before)
                raise _Leaves
            case ast.Expr(value=ast.Constant()):
                self._add(node, before)
            case ast.Expr() if any(self._has_twin(name) for name in targets(node)):
                raise Unknown
            case _:
                follow(node, self.state)
                self._add(node, before)

    def _has_twin(self, name: str) -> bool:
        """Return whether another variable has the same value, and so may be the same object."""
        return sum(value == self.state.get(name) for value in self.state.values()) > 1

    def _loop(self, node: ast.While | ast.For) -> None:
        if node.body[0] not in self.unit.statements or not self.loops:
            raise Unknown
        items = iter(value_of(node.iter, self.state)) if isinstance(node, ast.For) else None
        if items is not None and isinstance(value_of(node.iter, self.state), set | frozenset):  # type: ignore[union-attr]
            raise Unknown
        while True:
            before = dict(self.state)
            if items is None:
                taken = bool(value_of(node.test, self.state))  # type: ignore[union-attr]
            else:
                taken = (item := next(items, self)) is not self
                if taken:
                    bind(node.target, item, self.state)  # type: ignore[union-attr]
            self._add(node, before, taken)
            if not taken:
                self.run(node.orelse)
                return
            try:
                self.run(node.body)
            except _Leaves:
                if isinstance(self.parts[-1].node, ast.Break):
                    return
                if not isinstance(self.parts[-1].node, ast.Continue):
                    raise

    def _add(self, node: ast.stmt, before: State, taken: bool | None = None) -> None:
        if len(self.parts) >= MOST_PARTS:
            raise Unknown
        known = dict.fromkeys(targets(node)) if not (isinstance(node, ast.For) and not taken) else {}
        changed = dict.fromkeys(name for name, value in self.state.items() if before.get(name) != value)
        values = {name: self.state[name] for name in known | changed if name in self.state}
        self.parts.append(Part(node, node.lineno, values, (), taken, dict(self.state), before))


# ---- several statements on a line, by what the trace decides


def _by_evidence(
    head: Statement,
    unit: Unit,
    found: _Found,
    line: int,
    next_line: int | None,
    end: Step | None,
    scope: Scope | None,
) -> list[Part]:
    """The first statement of the unit and, where its block or what follows it ran for certain, the last."""
    last = unit.statements[-1]
    if not isinstance(head, _WITH_BODY):
        return [found.part(last, line)]
    taken = None if found.raised else _decided(head, found, next_line, end, scope)
    if not taken:
        return [found.part(head, line, taken)]
    return [
        Part(head, line_of(head), {}, (), True, found.before, found.before),
        found.part(last if last in head.body else None, line),
    ]


_WITH_BODY = (ast.If, ast.ExceptHandler, ast.match_case, ast.With, ast.AsyncWith, ast.Try, ast.TryStar)


def _decided(
    head: Statement, found: _Found, next_line: int | None, end: Step | None, scope: Scope | None
) -> bool | None:
    """Return whether the block on the line was entered; None if the trace does not decide it."""
    if isinstance(head, ast.With | ast.AsyncWith | ast.Try | ast.TryStar):
        return True
    body: Sequence[ast.stmt] = getattr(head, "body", ())
    returned = end is not None and end.event == "return"
    if isinstance(head, ast.ExceptHandler | ast.match_case):
        if next_line is None:
            return True if returned and isinstance(body[-1], ast.Return) else None
        if scope is not None and scope.is_landing(next_line) and not _is_sibling(head, next_line, scope):
            return None  # a `finally` comes next, whether the block ran or not
        if isinstance(head, ast.match_case) and _is_last_case(head, scope):
            return True if _matches_all(head) else None
        return not _is_sibling(head, next_line, scope)
    if not isinstance(head, ast.If):
        return None
    if returned and end is not None and end.value != "None":
        return isinstance(body[-1], ast.Return) or None
    if isinstance(body[-1], ast.Return) and next_line is not None:
        return False
    if head.orelse and next_line is not None:
        stop = (head.orelse[-1].end_lineno or 0) + 1
        return next_line not in range(first_line(head.orelse[0]), stop)
    if _is_pure(head.test) and any(name in found.after for name in found.names):
        return True
    return None


def _is_last_case(head: ast.match_case, scope: Scope | None) -> bool:
    """Return whether it is the last case of its `match`, after which the program goes on in either case."""
    units = set(scope.units.values()) if scope else set()
    matches = (each for unit in units for each in unit.statements if isinstance(each, ast.Match))
    return any(each.cases[-1] is head for each in matches)


def _matches_all(head: ast.match_case) -> bool:
    return head.guard is None and isinstance(head.pattern, ast.MatchAs) and head.pattern.pattern is None


def _is_sibling(head: Statement, line: int, scope: Scope | None) -> bool:
    """Return whether the line holds another handler, or case, of the same statement."""
    unit = scope.units.get(line) if scope else None
    return unit is not None and any(type(each) is type(head) and each is not head for each in unit.statements)


def _is_pure(node: ast.expr) -> bool:
    return not any(isinstance(each, ast.Call | ast.NamedExpr | ast.Await | ast.Yield) for each in walk(node))
