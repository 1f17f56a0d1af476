"""How often programs use which constructs: to set one collection of programs beside another."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

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
    ast.Dict: "dict display",
    ast.DictComp: "dict comprehension",
    ast.SetComp: "set comprehension",
    ast.GeneratorExp: "generator expression",
    ast.Lambda: "lambda",
    ast.JoinedStr: "f-string",
    ast.Slice: "slice",
    ast.BoolOp: "and, or",
    ast.Tuple: "tuple",
}


GROUPS: dict[str, Callable[[str], bool]] = {
    "method call": lambda name: name.startswith("."),
    "loop": lambda name: name in ("for", "while"),
    "branch": lambda name: name in ("if", "conditional expression"),
    "slice": lambda name: name == "slice",
    "comprehension": lambda name: name.endswith("comprehension") or name == "generator expression",
    "dictionary": lambda name: name in ("dict display", "dict comprehension", "dict()", ".items", ".setdefault"),
    "string formatting": lambda name: name in ("f-string", ".format", ".format_map", ".zfill", ".ljust", ".rjust"),
    "helper function": lambda name: name == "helper",
}
"""What programs are compared by first; a program is of a group when it uses one of its constructs."""


def census(sources: Iterable[str]) -> dict[str, float]:
    """The share of programs, 0 to 1, that are of each group and that use each construct, the commonest first.

    Methods are written `.append`, built-in and other functions `len()`, a program's own functions `helper`.

    Raises:
        SyntaxError: a source does not parse.
    """
    counts: Counter[str] = Counter()
    total = 0
    for source in sources:
        total += 1
        found = constructs_of(source)
        counts.update(found | {group for group, holds in GROUPS.items() if any(map(holds, found))})
    return {name: count / total for name, count in counts.most_common()}


@cache
def of_cruxeval() -> dict[str, float]:
    """The census of CRUXEval's 800 programs (arXiv:2401.03065), as it stands in cruxeval_census.txt."""
    lines = Path(__file__).with_name("cruxeval_census.txt").read_text(encoding="ascii").strip().split("\n")
    return {name: float(share) for name, _, share in (line.rpartition(" ") for line in lines)}


def distance(ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    """The mean difference of the shares of the groups, 0 to 1."""
    return sum(abs(ours.get(name, 0.0) - theirs.get(name, 0.0)) for name in GROUPS) / len(GROUPS)


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
