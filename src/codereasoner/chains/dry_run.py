"""Run a function on given arguments by the operations of `expressions`, as a reader would: no code of it is executed.

What it calls must be pure and built in, and its values small. A dry run only proposes calls, which are then really run.
"""

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import Any

from codereasoner.chains.abstract_execution import MUTATORS
from codereasoner.chains.expressions import Trail
from codereasoner.chains.known_values import Items, Unknown
from codereasoner.chains.operations import loaded
from codereasoner.chains.pure_operations import LAST_METHODS, MAX_LENGTH
from codereasoner.literals.work_limits import length

A_RUN = 6  # what a dry run costs before its first statement, in operations and statements
MAX_NUMBER: int = 10**MAX_LENGTH
_TINY = frozenset((float, bool, type(None)))
_IMMUTABLE = _TINY | {int, str}
MAX_PARTS = 1_000  # of a variable's value, those of its parts too: `x = [x, x]` doubles them


def dry_run(function: ast.FunctionDef, values: Mapping[str, object], left: list[int]) -> Any:
    """Return what a function returns, given its arguments and module variables; NotImplemented if that is unknown.

    left: the number of operations and statements that may still be run, of which this run takes its own.
    """
    left[0] -= A_RUN
    run = DryRun({}, brief=True)
    run.values = {name: value if type(value) in _IMMUTABLE else copy.deepcopy(value) for name, value in values.items()}
    run.left = left
    return run.returned(function)


class _Returned(Exception):
    def __init__(self, value: object) -> None:
        self.value = value


class _Jump(Exception):
    """A `break` or a `continue`."""


class DryRun(Trail):
    """A run of statements on the values of their variables; `state` has those that are read when they are used."""

    methods = LAST_METHODS  # their owners are the objects themselves, not what is read off a state

    def __init__(self, state: Mapping[str, str], brief: bool = False) -> None:
        super().__init__(state, brief)
        self.small: dict[str, object] = {}  # values of variables that are known to be small, until an object changes

    def returned(self, function: ast.FunctionDef) -> Any:
        """Return what a function returns on the values of this run; NotImplemented if that is unknown."""
        try:
            self._block(function.body)
        except _Returned as end:
            return list(end.value) if isinstance(end.value, Items) else end.value
        except (Unknown, _Jump, TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RuntimeError):
            return NotImplemented
        return None

    def decide(self, node: ast.stmt, taken: bool) -> bool:
        """Return whether the body of an `if` is entered, given its test; a subclass may decide otherwise."""
        return taken

    def _block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self._count()
            self.run(statement)

    def _count(self) -> None:
        self.left[0] -= 1
        if self.left[0] < 0:
            raise Unknown

    @staticmethod
    def text(value: object) -> str:
        """Return nothing, since no word of a dry run is read."""
        return ""

    def _pass(self, target: ast.expr, item: object) -> Trail:
        inner = super()._pass(target, item)
        inner.small = self.small  # type: ignore[attr-defined]
        return inner

    def _written(self, node: ast.expr) -> Any:
        """Return the value of an expression; one that is too large ends the run."""
        found = super()._written(node)
        kind, is_call = type(found), type(node) is ast.Call
        if kind in _TINY or (kind is int and not is_call and -MAX_NUMBER < found < MAX_NUMBER):
            return found
        name = node.id if isinstance(node, ast.Name) else ""
        if name and self.small.get(name, self) is found:
            return found
        if not _is_small(found):
            raise Unknown
        if name:
            self.small[name] = found
        elif is_call:  # `d.setdefault(1, x)`
            self.small.clear()
        return found

    def run(self, statement: ast.stmt) -> None:
        """Run one statement, or raise Unknown if it is of another kind or a value is unknown."""
        match statement:
            case ast.Return(value=value):
                raise _Returned(self.value(value) if value else None)
            case ast.Assign(targets=targets, value=value):
                found = self.value(value)
                for target in targets:
                    self._bind(target, found)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind(target, self.value(value))
            case ast.AugAssign(target=target, op=sign, value=value):
                self._add(target, sign, value)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr=method), args=args, keywords=[])):
                self._change(self.value(owner), method, [self.items(each) for each in args])
            case ast.Delete(targets=[ast.Subscript(value=owner, slice=ast.expr() as index)]):
                del self.value(owner)[self.value(index)]
            case ast.If(test=test, body=body, orelse=orelse):
                self._block(body if self.decide(statement, bool(self.value(test))) else orelse)
            case ast.While() | ast.For():
                self._loop(statement)
            case ast.Break() | ast.Continue():
                raise _Jump(statement)
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                pass
            case _:
                raise Unknown

    def _loop(self, node: ast.While | ast.For) -> None:
        for item in self.passes(node):
            if isinstance(node, ast.For):
                self._bind(node.target, item)
            try:
                self._count()
                self._block(node.body)
            except _Jump as jump:
                if isinstance(jump.args[0], ast.Break):
                    return
        self._block(node.orelse)

    def passes(self, loop: ast.While | ast.For) -> Iterator[object]:
        """Yield the item of each pass of a loop; None for those of a `while`."""
        if isinstance(loop, ast.For):
            yield from self.items(loop.iter)
            return
        while self.value(loop.test):
            yield None

    def _add(self, target: ast.expr, sign: ast.operator, value: ast.expr) -> None:
        before, other = self.value(loaded(target)), self.value(value)
        if isinstance(before, list) and isinstance(sign, ast.Add):
            self._change(before, "extend", [other])
        else:
            self._bind(target, self.value(ast.BinOp(ast.Constant(before), sign, ast.Constant(other))))

    def _change(self, owner: object, method: str, arguments: Sequence[object]) -> None:
        sizes = [length(each) for each in (owner, *arguments) if isinstance(each, Sized)]
        if method not in MUTATORS.get(type(owner), ()) or max(sizes) > MAX_LENGTH:
            raise Unknown
        getattr(owner, method)(*arguments)
        self.small.clear()

    def _bind(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(id=name):
                self.values[name] = value
            case ast.Tuple(elts=parts) | ast.List(elts=parts) if len(parts) == len(value):
                for part, item in zip(parts, value, strict=True):
                    self._bind(part, item)
            case ast.Subscript(value=owner, slice=index) if not isinstance(index, ast.Slice):
                self.value(owner)[self.value(index)] = value
                self.small.clear()
            case _:
                raise Unknown


def _is_small(value: Any) -> bool:
    """Return whether a value has few parts, where one that is in several places counts each time."""
    left, waiting = MAX_PARTS, [value]
    while waiting:
        part = waiting.pop()
        kind = type(part)
        if kind is int:
            if not -MAX_NUMBER < part < MAX_NUMBER:
                return False
        elif kind is str:
            left -= len(part)
        elif kind not in _TINY:
            left -= length(part)
            if left >= 0 and isinstance(part, list | tuple | set | frozenset | dict):
                waiting += [*part, *part.values()] if isinstance(part, dict) else part
        if left < 0:
            return False
    return True
