"""The form in which two programs are the same when they differ in names, layout and docstrings only."""

from __future__ import annotations

import ast
from functools import lru_cache


@lru_cache(maxsize=64)  # the checks of one program ask for it one after another
def normal_form(source: str) -> str:
    """The source with layout, comments, docstrings and annotations gone, and all its own names numbered.

    Raises:
        SyntaxError: it does not parse.
    """
    try:
        tree = ast.parse(source)
    except (ValueError, MemoryError, RecursionError) as error:
        raise SyntaxError(str(error)) from None
    own = own_names(tree)
    return ast.unparse(ast.fix_missing_locations(_Numbered(own).visit(tree)))


def own_names(tree: ast.AST) -> frozenset[str]:
    """The names that the program itself binds: functions, parameters, variables."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
    return frozenset(names)


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
