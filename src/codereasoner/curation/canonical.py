"""The canonical form of a program: programs that differ in names, layout and docstrings only have the same."""

import ast
import re
from copy import deepcopy
from functools import lru_cache
from typing import NamedTuple

from codereasoner.steps.source import below, walk

_QUOTES = ("'", '"', '"""', "'''")


class Written(NamedTuple):
    """A program as every Python writes it, its own names, and its canonical form."""

    plain: str
    names: frozenset[str]
    canonical: str


@lru_cache(maxsize=64)  # the filters of one program ask for it one after another
def written(source: str) -> Written:
    """Return the forms of a program, which are made of one tree.

    Raises:
        SyntaxError: it does not parse, or is nested too deeply to be written.
    """
    try:
        tree = ast.parse(source)
        plain, names = unparse(tree), own_names(tree)
        _number(tree, names)
        return Written(plain, names, unparse(tree))
    except (ValueError, MemoryError, RecursionError) as error:
        raise SyntaxError(str(error)) from None


def canonical_form(source: str) -> str:
    """Return the source without layout, comments, docstrings and annotations, and with its own names numbered.

    Raises:
        SyntaxError: it does not parse, or is nested too deeply to be written.
    """
    return written(source).canonical


def own_names(tree: ast.AST) -> frozenset[str]:
    """Return the names that the program itself binds: functions, parameters, variables."""
    names: set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
    return frozenset(names)


def unparse(tree: ast.AST) -> str:
    """Write a tree as every Python writes it.

    Python 3.12 and 3.13 choose other quotes for an f-string than 3.11 and 3.14, and keys of programs depend on it.
    """
    if not any(isinstance(node, ast.JoinedStr) for node in walk(tree)):
        return ast.unparse(tree)
    texts: list[str] = []

    class Held(ast.NodeTransformer):
        """Replaces each f-string by the number of its text."""

        def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Name:
            texts.append(_joined(node))
            return ast.Name(f"\0{len(texts) - 1}\0")

        def visit_TemplateStr(self, node: ast.AST) -> ast.AST:
            return node  # of Python 3.14: its formats are f-strings, for which no name may stand

    text = ast.unparse(ast.fix_missing_locations(Held().visit(deepcopy(tree))))
    return re.sub("\0(\\d+)\0", lambda match: texts[int(match[1])], text)


def _joined(node: ast.JoinedStr) -> str:
    """Write an f-string in the first kind of quotes that it does not contain."""
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


def _number(tree: ast.AST, own: frozenset[str]) -> None:
    """Number a program's own names in the order of its nodes, and drop docstrings and annotations."""
    numbers: dict[str, str] = {}

    def number(name: str) -> str:
        return numbers.setdefault(name, f"v{len(numbers)}") if name in own else name

    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name):
            node.id = number(node.id)
            continue
        if isinstance(node, ast.arg):
            node.arg, node.annotation = number(node.arg), None
            continue
        if isinstance(node, ast.keyword) and node.arg is not None:
            node.arg = number(node.arg)
        elif isinstance(node, ast.FunctionDef):
            node.name, node.returns = number(node.name), None
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        pending += below([node])[::-1]
