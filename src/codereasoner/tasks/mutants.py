"""Small changes of a program that may change its meaning, each at one place of its text."""

import ast
from collections.abc import Iterator, Mapping

from codereasoner.steps.source import parse_source

_CHANGES: Mapping[type, tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.FloorDiv: ("//", "%"),
    ast.Mod: ("%", "//"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}


def mutants(source: str) -> list[str]:
    """Return the program with one operator, comparison, number or truth value changed, for each place in order.

    `while` loops are left as they are: most changes of them never end, and cost the time limit.
    """
    tree = parse_source(source)
    if tree is None or "\r" in source:
        return []
    lines = source.split("\n")
    found: dict[str, None] = {}
    loops = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.While)
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    for number, start, end, text in sorted(_sites(tree, [line.encode() for line in lines])):
        if number in loops:
            continue
        line = lines[number - 1].encode()
        changed = (line[:start] + text.encode() + line[end:]).decode()
        found["\n".join([*lines[: number - 1], changed, *lines[number:]])] = None
    return [each for each in found if parse_source(each) is not None]


def _sites(tree: ast.AST, lines: list[bytes]) -> Iterator[tuple[int, int, int, str]]:
    """Yield line, start, end and new text of each place, in bytes of the line."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=bool(value)):
                yield node.lineno, node.col_offset, node.end_col_offset or 0, str(not value)
            case ast.Constant(value=int(value)):
                yield node.lineno, node.col_offset, node.end_col_offset or 0, str(value + 1)
            case (
                ast.Compare(left=left, ops=[op], comparators=[right])
                | ast.BinOp(left=left, op=op, right=right)
                | ast.AugAssign(target=left, op=op, value=right)
                | ast.BoolOp(op=op, values=[left, right, *_])
            ):
                yield from _between(left, right, _CHANGES.get(type(op)), lines)


def _between(
    left: ast.expr, right: ast.expr, change: tuple[str, str] | None, lines: list[bytes]
) -> Iterator[tuple[int, int, int, str]]:
    """Yield the place of an operator between two operands on one line."""
    if change is None or left.end_lineno != right.lineno:
        return
    start = lines[right.lineno - 1].find(change[0].encode(), left.end_col_offset or 0, right.col_offset)
    if start >= 0:
        yield right.lineno, start, start + len(change[0]), change[1]
