"""The lines of an event with every operation of its statement on its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from codereasoner import literals
from codereasoner.chains.events import Event
from codereasoner.chains.expressions import Trail, evaluate
from codereasoner.chains.known_values import Unknown, text_of
from codereasoner.chains.pure_operations import MAX_LENGTH
from codereasoner.chains.statement_lines import Statement, computed_attributes, scopes, shadowed
from codereasoner.steps.source import walk


class Operations:
    """Writes the operations of one run; remembers what its loops have left to go over."""

    def __init__(self, source: str) -> None:
        self._shadowed = shadowed(source)
        self._functions = {name for name, _ in scopes(source)}
        self._attributes = computed_attributes(source)
        self._calling: dict[ast.AST, bool] = {}
        self._left: dict[tuple[int, int], str | list[object]] = {}  # by frame and line of a loop

    def before(self, event: Event, line: str) -> Iterator[str]:
        """Yield the operations of an event, and then the line that says what it leaves behind."""
        node = event.node
        if event.kind != "line" or node is None or event.raised or self.calls_own(node):
            if line:
                yield line
            return
        if isinstance(node, ast.For):
            yield from self._loop(event, node, line)
            return
        found = evaluate_all(parts(node), event.before)
        lines = [each for operations, _ in found for each in operations]
        operation, arrow, value = lines[-1].rpartition(" -> ") if lines else ("", "", "")
        if arrow and found[-1][1] is not NotImplemented and _says(line, value):
            lines[-1] = f"{operation} -> {line}"
        elif line:
            lines.append(line)
        yield from lines

    def calls_own(self, node: ast.AST) -> bool:
        """Return whether a statement calls a function of the program, whose events precede this one, or may do so."""
        if node not in self._calling:
            names = [each.id for part in parts(node) for each in walk(part) if isinstance(each, ast.Name)]
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                names.append(getattr(node.value.func, "id", getattr(node.value.func, "attr", "")))
            self._calling[node] = self.shadows(node) or any(name in self._functions for name in names)
        return self._calling[node]

    def shadows(self, node: ast.AST) -> bool:
        """Return whether a statement uses a built-in function's name for something else, or a computed attribute."""
        return bool(self._shadowed or self._attributes) and any(
            (isinstance(each, ast.Name) and each.id in self._shadowed)
            or (isinstance(each, ast.Attribute) and each.attr in self._attributes)
            for part in parts(node)
            for each in walk(part)
        )

    def _loop(self, event: Event, node: ast.For, line: str) -> Iterator[str]:
        """`c = 'a'; left 'bc'`: the items left, as long as the loop really goes over them."""
        if event.visit == 1:
            yield from evaluate(node.iter, event.before)[0]
        left = self.left_after(event, node)
        if left is not None:
            yield f"{line}; left {text_of(left)}"
        elif line:
            yield line

    def left_after(self, event: Event, node: ast.For) -> str | list[object] | None:
        """Return the items that a loop has left after this pass; None if they are unknown, or if it has ended."""
        key = (event.frame, node.lineno)
        if event.visit == 1:
            self._left[key] = _items(node.iter, event)
        left = self._left.get(key)
        if event.taken and left and _is_bound(node.target, left[0], event):
            self._left[key] = left[1:]
            return left[1:]
        self._left[key] = ""
        return None


def evaluate_all(
    expressions: Sequence[ast.expr], state: Mapping[str, str], brief: bool = False
) -> list[tuple[list[str], Any]]:
    """Return the operations and the value of each expression of a statement, which computes them in this order.

    What follows one that cannot be computed is left out: it may have changed what the others see.
    """
    found: list[tuple[list[str], Any]] = []
    is_open = False
    for place, each in enumerate(expressions, start=1):
        is_last = place == len(expressions)
        found.append(([], NotImplemented) if is_open else evaluate(each, state, brief, is_last))
        is_open |= found[-1][1] is NotImplemented and not isinstance(each, ast.Name | ast.Lambda)
    return found


@lru_cache(maxsize=8192)
def parts(node: Statement | ast.AST) -> list[ast.expr]:
    """Return the expressions that a statement computes before it does what it is there for."""
    match node:
        case ast.Assign(value=value, targets=[ast.Subscript(slice=index)]) if not isinstance(index, ast.Slice):
            return [value, index]
        case ast.Assign(value=value) | ast.Return(value=ast.expr() as value):
            return [value]
        case ast.AugAssign(target=target, op=sign, value=value):
            return [ast.BinOp(loaded(target), sign, value)]
        case ast.If(test=test) | ast.While(test=test) | ast.Assert(test=test):
            return [test]
        case ast.For(iter=iterable):
            return [iterable]
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name() as owner, attr="sort"), keywords=[_, *_] as how)
        ):
            return [ast.Call(ast.Name("sorted", ast.Load()), [owner], how)]
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call() as owner))):
            return [owner]  # what its arguments see, it may have changed
        case ast.Expr(value=ast.Call(args=arguments)):
            return list(arguments)
    return []


@lru_cache(maxsize=8192)
def loaded(target: ast.expr) -> ast.expr:
    """Return a target as an expression that is read."""
    return literals.parse(ast.unparse(target))


def _says(line: str, value: str) -> bool:
    """Return whether a line gives this value and nothing else: `x = 3`, `if True`."""
    return line in (f"if {value}", f"while {value}") or (line.count(" = ") == 1 and line.partition(" = ")[2] == value)


def _items(iterable: ast.expr, event: Event) -> str | list[object]:
    """Return the items of a loop, as a string or a list; none if they are unknown."""
    try:
        found = Trail(event.before).items(iterable)
        if len(found) > MAX_LENGTH:
            return ""
        items = found if isinstance(found, str) else list(found)
        text_of(items)
        return items
    except (Unknown, TypeError, ValueError, LookupError, ArithmeticError):
        return ""


def _is_bound(target: ast.expr, item: object, event: Event) -> bool:
    """Return whether the loop's variables have the value of this item."""
    if isinstance(target, ast.Name):
        pairs = [(target, item)]
    elif isinstance(target, ast.Tuple) and isinstance(item, tuple) and len(item) == len(target.elts):
        pairs = list(zip(target.elts, item, strict=True))  # type: ignore[arg-type]
    else:
        return False
    try:
        return all(isinstance(name, ast.Name) and event.state.get(name.id) == text_of(value) for name, value in pairs)
    except Unknown:
        return False
