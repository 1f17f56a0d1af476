"""A traced run as a list of moments: what each statement did, in the order in which the statements finished."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from codereasoner.errors import DataError
from codereasoner.records import Run, Step

Kind = Literal["call", "line", "return", "yield", "exception"]
Statement = ast.stmt | ast.ExceptHandler


@dataclass(frozen=True)
class Moment:
    """One finished statement, or one call or return of a function.

    A statement that calls a function of the program finishes after that function's moments.
    """

    kind: Kind
    frame: int
    function: str
    line: int
    node: Statement | None  # the statement; None for a call
    values: Mapping[str, str]  # the variables it changed, or that it set to what they were already
    removed: tuple[str, ...] = ()
    taken: bool | None = None  # if, while and for: was the body entered? None for the rest
    visit: int = 1  # for: the how-many-th time this loop's header runs since the loop began
    value: str = ""  # what was returned or yielded, or the exception
    state: Mapping[str, str] = field(default_factory=dict)  # all variables of the frame when it finished
    before: Mapping[str, str] = field(default_factory=dict)  # and before it began


def tell(run: Run) -> list[Moment]:
    """The moments of a run, in the order in which they finished; frames of comprehensions and lambdas are left out.

    Raises:
        DataError: the run has no whole trace.
    """
    if not run.steps or run.cut:
        raise DataError(f"run {run.id} of {run.expression} has no whole trace: record it with record='trace'")
    return _Teller(run).tell()


@lru_cache(maxsize=256)
def statements_by_line(source: str) -> Mapping[int, Statement]:
    """The innermost statement that stands on each line of a source."""
    found: dict[int, Statement] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt | ast.ExceptHandler):
            for line in range(node.lineno, _last_line(node) + 1):
                known = found.get(line)
                if known is None or known.lineno <= node.lineno:
                    found[line] = node
    return found


class _Teller:
    def __init__(self, run: Run) -> None:
        self.run = run
        self.statements = statements_by_line(run.source)
        self.names: dict[int, str] = {}
        self.states: dict[int, dict[str, str]] = {}
        self.visits: dict[tuple[int, int], int] = {}
        self.open: dict[int, list[Step]] = {}  # by frame: the steps of the statement that has not finished
        self.moments: list[Moment] = []

    def tell(self) -> list[Moment]:
        for step in self.run.steps:
            if step.event == "call":
                self.names.setdefault(step.frame, step.value)
            if self.names.get(step.frame, "").startswith("<"):
                continue
            if step.event == "line" and self._continues(step):
                self.open[step.frame].append(step)
                continue
            self._finish(step.frame, step.line if step.event == "line" else None)
            if step.event == "line":
                self.open[step.frame] = [step]
            else:
                self._apply(step)
                self._add(step.event, step, self._statement(step), step.changes)
        for frame in sorted(self.open, reverse=True):
            self._finish(frame, None)
        return self.moments

    def _continues(self, step: Step) -> bool:
        """Is it another line of the statement that is open in this frame?"""
        opened = self.open.get(step.frame)
        if not opened or opened[-1].line == step.line:
            return False
        node = self._statement(step)
        return node is not None and node is self._statement(opened[0]) and not _is_block(node)

    def _statement(self, step: Step) -> Statement | None:
        return self.statements.get(step.line) if step.event != "call" else None

    def _apply(self, step: Step) -> None:
        state = self.states.setdefault(step.frame, {})
        state.update(step.changes)
        for name in step.removed:
            state.pop(name, None)

    def _finish(self, frame: int, next_line: int | None) -> None:
        """The statement that was open in a frame is over: the frame goes on at another line, or ends."""
        steps = self.open.pop(frame, None)
        if not steps:
            return
        changes: dict[str, str] = {}
        before = dict(self.states.get(frame, {}))
        for step in steps:
            self._apply(step)
            changes.update(step.changes)
        node = self._statement(steps[0])
        taken = _taken(node, next_line)
        if isinstance(node, ast.For):
            self._count_visit(frame, node, bool(taken))
        if not isinstance(node, ast.For) or taken:
            state = self.states[frame]
            changes = {name: state[name] for name in _targets(node) if name in state} | changes
        self._add("line", steps[0], node, changes, taken, before)

    def _count_visit(self, frame: int, node: ast.For, taken: bool) -> None:
        key = (frame, node.lineno)
        self.visits[key] = self.visits.get(key, 0) + 1 if taken else 0

    def _add(
        self,
        kind: Kind,
        step: Step,
        node: Statement | None,
        values: Mapping[str, str],
        taken: bool | None = None,
        before: Mapping[str, str] | None = None,
    ) -> None:
        self.moments.append(
            Moment(
                kind,
                step.frame,
                self.names.get(step.frame, ""),
                step.line,
                node,
                values,
                step.removed,
                taken,
                self.visits.get((step.frame, node.lineno), 1) if node is not None else 1,
                step.value,
                dict(self.states.get(step.frame, {})),
                before or {},
            )
        )


def _is_block(node: Statement) -> bool:
    return bool(getattr(node, "body", None))


def _last_line(node: Statement) -> int:
    """The last line of a statement, without the block under it."""
    body: list[ast.stmt] = getattr(node, "body", [])
    last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
    return max(last, node.lineno)


def _taken(node: Statement | None, next_line: int | None) -> bool | None:
    """Was the body entered? Unknown where the body stands on the header's own line."""
    if not isinstance(node, ast.If | ast.While | ast.For) or node.body[0].lineno == node.lineno:
        return None
    last = node.body[-1].end_lineno or node.body[-1].lineno
    return next_line is not None and node.body[0].lineno <= next_line <= last


def _targets(node: Statement | None) -> list[str]:
    """The variables a statement is about: assigned, looped over, or those a method is called on."""
    match node:
        case ast.Assign(targets=targets):
            return [name for target in targets for name in _names(target)]
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target) | ast.For(target=target):
            return _names(target)
        case ast.Delete(targets=targets):
            return [name for target in targets for name in _names(target)]
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


def header(node: Statement, lines: Sequence[str]) -> str:
    """The text of a statement, without the block under it."""
    return " ".join(line.strip() for line in lines[node.lineno - 1 : _last_line(node)])
