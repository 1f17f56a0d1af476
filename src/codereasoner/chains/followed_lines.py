"""Follow the statements of a shared line by abstract execution, as far as the values of their variables are known."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

from codereasoner.chains.abstract_execution import State, bind, follow, value_of
from codereasoner.chains.entered_blocks import stored, targets
from codereasoner.chains.known_values import Unknown
from codereasoner.chains.statement_lines import Scope, Statement, Unit, own
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


def outermost(unit: Unit) -> list[Statement]:
    inside = {each for other in unit.statements for each in _inside(other)}
    return [each for each in unit.statements if each not in inside]


def _inside(node: ast.AST) -> set[Statement]:
    """All statements below one."""
    return {each for each in walk(node) if isinstance(each, ast.stmt | ast.ExceptHandler | ast.match_case)} - {node}


def is_of_frame(unit: Unit, scope: Scope | None) -> bool:
    """Return whether a unit binds only variables of its frame, and uses no built-in name for something else."""
    names = (part.id for each in unit.statements for part in own(each) if isinstance(part, ast.Name))
    return (
        scope is not None
        and scope.shadowed.isdisjoint(names)
        and not any(stored(each) & scope.shared for each in unit.statements)
    )


class Leaves(Exception):
    """The unit is left by the statement that was earlier last."""


def follow_all(unit: Unit, before: State, after: State, scope: Scope | None) -> list[Part] | None:
    """Return the statements that ran, by abstract execution; None where that does not end as the trace does."""
    blocks = [each for each in outermost(unit) if isinstance(each, ast.stmt)]
    if not is_of_frame(unit, scope) or len(blocks) < len(outermost(unit)):
        return None
    follower = Follower(unit, before)
    try:
        follower.run(blocks)
    except Leaves:
        pass
    except Unknown:
        return None
    return follower.parts if follower.state == dict(after) else None


class Follower:
    def __init__(self, unit: Unit, before: State, loops: bool = True) -> None:
        self.unit, self.loops = unit, loops
        self.state = dict(before)
        self.parts: list[Part] = []

    def run(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            if statement not in self.unit.statements:
                raise Leaves
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
                if not self.loops and isinstance(node, ast.Return) and node.value is not None:
                    value_of(node.value, self.state)
                self._add(node, before)
                raise Leaves
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
        items = None
        if isinstance(node, ast.For):
            whole = value_of(node.iter, self.state, gone_over=True)
            if isinstance(whole, set | frozenset):
                raise Unknown
            items = iter(whole)
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
            except Leaves:
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
