"""How often programs use which constructs: to set one collection of programs beside another."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

_STATEMENTS: dict[type[ast.AST], str] = {
    ast.For: "for",
    ast.While: "while",
    ast.If: "if",
    ast.Try: "try",
    ast.Break: "break",
    ast.Continue: "continue",
    ast.Delete: "del",
    ast.AugAssign: "augmented assignment",
    ast.IfExp: "conditional expression",
    ast.ListComp: "list comprehension",
    ast.DictComp: "dict comprehension",
    ast.SetComp: "set comprehension",
    ast.GeneratorExp: "generator expression",
    ast.Lambda: "lambda",
    ast.JoinedStr: "f-string",
    ast.Slice: "slice",
    ast.BoolOp: "and, or",
    ast.Tuple: "tuple",
}


def census(sources: Iterable[str]) -> dict[str, float]:
    """The share of programs, 0 to 1, that use each construct, the commonest first.

    Methods are written `.append`, built-in and other functions `len()`, a program's own functions `helper`.

    Raises:
        SyntaxError: a source does not parse.
    """
    counts: Counter[str] = Counter()
    total = 0
    for source in sources:
        total += 1
        counts.update(constructs_of(source))
    return {name: count / total for name, count in counts.most_common()}


def constructs_of(source: str) -> set[str]:
    """The constructs that a program uses."""
    tree = ast.parse(source)
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return {name for node in ast.walk(tree) for name in _names(node, own)}


def _names(node: ast.AST, own: set[str]) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(attr=name)):
            yield f".{name}"
        case ast.Call(func=ast.Name(id=name)):
            yield "helper" if name in own else f"{name}()"
        case ast.BinOp(op=sign):
            yield type(sign).__name__.lower()
        case ast.Compare(ops=signs):
            yield from (type(sign).__name__.lower() for sign in signs)
        case ast.Subscript(slice=index) if not isinstance(index, ast.Slice):
            yield "index"
        case _ if type(node) in _STATEMENTS:
            yield _STATEMENTS[type(node)]
