"""Reason from a wanted value back to an argument: undo each statement of a straight line, the last one first.

Only what can be undone is told: an operation with one inverse (`x + 3`, `x[::-1]`, `x.append(3)`), or one that the
wanted value itself survives (`x.lower()` of 'abc'). Each inverse is computed from the wanted value, never read off the
run; a chain that would arrive at another call than the run's is not told.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from codereasoner import literals
from codereasoner.chains.events import Moment, tell
from codereasoner.chains.expressions import Unknown, evaluate, text_of
from codereasoner.chains.operations import Operations, parts
from codereasoner.chains.statement_lines import Statement, header
from codereasoner.records import Run
from codereasoner.steps import split_lines


def backward(run: Run) -> list[str]:
    """The sentences that lead from the value of a run back to its argument; none where a step cannot be undone."""
    moments = tell(run)
    body = moments[1:-1]
    straight = all(each.kind == "line" and each.taken is None and each.frame == 0 and not each.raised for each in body)
    if not body or not straight or moments[-1].kind != "return" or run.value is None or len(moments[0].values) != 1:
        return []
    [parameter] = moments[0].values
    try:
        lines, name, value = _undo(run, body)
    except (Unknown, literals.LiteralError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
        return []
    arrives = name == parameter and text_of(value) == moments[0].values[parameter]
    return lines if arrives else []


def _undo(run: Run, body: list[Moment]) -> tuple[list[str], str, Any]:
    """What is said, and the variable and value that come first."""
    source, operations = split_lines(run.source), Operations(run.source)
    name, value = "", literals.read(run.value or "")
    lines = []
    for moment in reversed(body):
        node = moment.node
        if node is None or operations.calls_own(node):
            raise Unknown
        step = _step(node, name, value)
        if step is None:
            continue
        given, (name, value, is_only) = value, step
        how = "so before it" if is_only else "which it may have been before it, so"
        lines.append(f"`{header(node, source)}` must give {text_of(given)}, {how} {name} must be {text_of(value)}.")
    return lines, name, value


Step = tuple[str, Any, bool]  # the variable before a statement, its value, and whether no other value would do


def _step(node: Statement, name: str, value: Any) -> Step | None:
    """Undo one statement; None where it has no part in the value."""
    match node:
        case ast.Return(value=ast.expr() as expression):
            return _inverse(expression, value)
        case ast.Assign(targets=[ast.Name(id=target)], value=expression):
            return _inverse(expression, value) if target == name else None
        case ast.AugAssign(target=ast.Name(id=target)):
            return _inverse(parts(node)[0], value) if target == name else None
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr=method), args=arguments)):
            if target != name or not isinstance(value, list):
                raise Unknown
            return name, _undone(method, value, [_constant(each) for each in arguments]), True
    raise Unknown


def _undone(method: str, value: list[Any], arguments: list[Any]) -> list[Any]:
    """The list before a method changed it to this one."""
    match method, arguments:
        case "reverse", []:
            return value[::-1]
        case "append", [item] if value and literals.equal(value[-1], item):
            return value[:-1]
        case "insert", [0, item] if value and literals.equal(value[0], item):
            return value[1:]
        case "extend", [list(items)] if items and literals.equal(value[-len(items) :], items):
            return value[: -len(items)]
    raise Unknown


def _inverse(node: ast.expr, wanted: Any) -> Step:
    """The variable in an expression and the value with which it gives the wanted one; checked by computing it."""
    name, value, is_only = _solve(node, wanted)
    _, found = evaluate(node, {name: text_of(value)})
    if found is NotImplemented or not literals.equal(found, wanted):
        raise Unknown
    return name, value, is_only


def _solve(node: ast.expr, wanted: Any) -> Step:
    match node:
        case ast.Name(id=name):
            return name, wanted, True
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return _solve(inner, -wanted)
        case ast.BinOp(left=left, op=sign, right=right):
            is_left = _has_variable(left)
            other = _constant(right if is_left else left)
            return _solve(left if is_left else right, _OPERATORS[type(sign)](wanted, other, is_left))
        case ast.Subscript(value=inner, slice=ast.Slice(lower=None, upper=None, step=ast.UnaryOp() as step)):
            if _constant(step) != -1:
                raise Unknown
            return _solve(inner, wanted[::-1])
        case ast.Call(func=ast.Name(id=function), args=[inner], keywords=[]) if function in _FUNCTIONS:
            return _solve(inner, _FUNCTIONS[function](wanted))
        case ast.Call(func=ast.Attribute(value=inner, attr=method), args=[], keywords=[]) if isinstance(wanted, str):
            if method == "swapcase":
                return _solve(inner, wanted.swapcase())
            if method in _KEEPING and getattr(wanted, method)() == wanted:
                name, value, _ = _solve(inner, wanted)
                return name, value, False
    raise Unknown


def _has_variable(node: ast.expr) -> bool:
    return any(isinstance(each, ast.Name) for each in ast.walk(node))


def _constant(node: ast.expr) -> Any:
    _, value = evaluate(node, {})
    if value is NotImplemented:
        raise Unknown
    return value


def _without(wanted: Any, other: Any, is_left: bool) -> Any:
    """What was added to another number, or stands beside another text or list."""
    if isinstance(wanted, int | float):
        return wanted - other
    size = len(other)
    beside, left = (
        (wanted[len(wanted) - size :], wanted[: len(wanted) - size])
        if is_left
        else (
            wanted[:size],
            wanted[size:],
        )
    )
    if not literals.equal(beside, other):
        raise Unknown
    return left


def _divided(wanted: Any, other: Any, is_left: bool) -> Any:
    if type(wanted) is not int or type(other) is not int or not other or wanted % other:
        raise Unknown
    return wanted // other


def _text_of_number(wanted: Any) -> str:
    if type(wanted) is not int:
        raise Unknown
    return str(wanted)


_OPERATORS: dict[type[ast.operator], Callable[[Any, Any, bool], Any]] = {
    ast.Add: _without,
    ast.Sub: lambda wanted, other, is_left: wanted + other if is_left else other - wanted,
    ast.Mult: _divided,
    ast.BitXor: lambda wanted, other, is_left: wanted ^ other,
}
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {"ord": chr, "chr": ord, "int": _text_of_number, "str": literals.read}
_KEEPING = ("lower", "upper", "strip", "lstrip", "rstrip", "title", "capitalize", "casefold")
"""Methods that leave what they gave as it is."""


def difference(value: str, wanted: str) -> Iterator[str]:
    """How a value that was found differs from the one that is wanted: `less`, `shorter`, of another type."""
    try:
        found, meant = literals.read(value), literals.read(wanted)
    except literals.LiteralError:
        return
    if type(found) is not type(meant):
        yield f"a {type(found).__name__}, not a {type(meant).__name__}"
    elif isinstance(found, int | float) and not isinstance(found, bool) and found != meant:
        yield "too small" if found < meant else "too large"
    elif hasattr(found, "__len__") and len(found) != len(meant):
        yield f"of length {len(found)}, not {len(meant)}"
