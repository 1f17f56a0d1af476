"""Compiles a program whose comprehensions run in frames of their own, as until Python 3.11: see PEP 709.

Published traces were made so: REval's ground truth, and CodeGlance's lengths. The text of this file is put before that
of a probe (see probes.py), and nothing of the library imports it.
"""

from __future__ import annotations

import ast
import sys
import types

MAKERS = {"ListComp": list, "SetComp": set, "DictComp": dict}
"""The functions that make of a generator what a comprehension makes."""


class OwnFrames(ast.NodeTransformer):
    """Puts `list(... for ...)`, which has a frame of its own in every Python, in the place of `[... for ...]`."""

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace a comprehension, unless it is asynchronous; no program can spell the name of its maker."""
        self.generic_visit(node)
        if not isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp):
            return node
        if any(each.is_async for each in node.generators) or any(
            isinstance(each, ast.Await) for each in ast.walk(node)
        ):
            return node
        if isinstance(node, ast.DictComp):
            item: ast.expr = ast.Tuple([node.key, node.value], ast.Load())
        else:  # (item,)[0] adds an item on the line of the comprehension, as until 3.11
            item = ast.Subscript(ast.Tuple([node.elt], ast.Load()), ast.Constant(0), ast.Load())
        maker = ast.Name(f"<{type(node).__name__}>", ast.Load())
        made = ast.Call(maker, [ast.GeneratorExp(item, node.generators)], [])
        for each in (*ast.walk(item), made.args[0], made.func, made):
            if not hasattr(each, "lineno"):
                ast.copy_location(each, node)
        return made


def compiled(code: str, file: str, names: dict[str, object]) -> types.CodeType:
    """Compile a program that will run with these global names."""
    names.update({f"<{kind}>": maker for kind, maker in MAKERS.items()})
    tree = ast.parse(code)
    if sys.version_info >= (3, 12):
        OwnFrames().visit(tree)
    return compile(tree, file, "exec")
