"""The canonical form of a program: programs that differ in names, layout and docstrings only have the same."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

_QUOTES = ("'", '"', '"""', "'''")


@lru_cache(maxsize=64)  # the filters of one program ask for it one after another
def canonical_form(source: str) -> str:
    """Return the source without layout, comments, docstrings and annotations, and with its own names numbered.

    Raises:
        SyntaxError: it does not parse.
    """
    try:
        tree = ast.parse(source)
    except (ValueError, MemoryError, RecursionError) as error:
        raise SyntaxError(str(error)) from None
    own = own_names(tree)
    return unparse(_Numbered(own).visit(tree))


def own_names(tree: ast.AST) -> frozenset[str]:
    """Return the names that the program itself binds: functions, parameters, variables."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
    return frozenset(names)


def unparse(tree: ast.AST) -> str:
    """Write a tree as every Python writes it; the tree is changed.

    Python 3.12 and 3.13 choose other quotes for an f-string than 3.11 and 3.14, and keys of programs depend on it.
    """
    texts: list[str] = []

    class Held(ast.NodeTransformer):
        """Replaces each f-string by the number of its text."""

        def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Name:
            texts.append(_joined(node))
            return ast.Name(f"\0{len(texts) - 1}\0")

    text = ast.unparse(ast.fix_missing_locations(Held().visit(tree)))
    return re.sub("\0(\\d+)\0", lambda match: texts[int(match[1])], text)


def _joined(node: ast.JoinedStr) -> str:
    """Write an f-string in the first quotes that do not stand within it."""
    text = _inside(node)
    quote = next((quote for quote in _QUOTES if quote not in text), _QUOTES[-1])
    return f"f{quote}{text}{quote}"


def _inside(node: ast.JoinedStr) -> str:
    parts = []
    for value in node.values:
        if isinstance(value, ast.FormattedValue):
            text = unparse(value.value)
            text = f"({text})" if isinstance(value.value, ast.IfExp | ast.Lambda) else text
            text = f" {text}" if text.startswith("{") else text
            text += f"!{chr(value.conversion)}" if value.conversion != -1 else ""
            spec = f":{_inside(value.format_spec)}" if isinstance(value.format_spec, ast.JoinedStr) else ""
            parts.append(f"{{{text}{spec}}}")
        elif isinstance(value, ast.Constant):
            plain = str(value.value).replace("{", "{{").replace("}", "}}")
            parts += [each if each.isprintable() and each != "\\" else ascii(each)[1:-1] for each in plain]
    return "".join(parts)


class _Numbered(ast.NodeTransformer):
    def __init__(self, own: frozenset[str]) -> None:
        self.own = own
        self.numbers: dict[str, str] = {}

    def number(self, name: str) -> str:
        return self.numbers.setdefault(name, f"v{len(self.numbers)}") if name in self.own else name

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.number(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self.number(node.arg)
        node.annotation = None
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        if node.arg is not None:
            node.arg = self.number(node.arg)
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self.number(node.name)
        node.returns = None
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        self.generic_visit(node)
        return node
