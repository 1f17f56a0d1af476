"""Names that a definition takes from other modules of its package: `tools.add` and `add as plus` become `add`."""

import ast
from collections.abc import Mapping

from codereasoner.function_source import POSTPONED, names_read
from codereasoner.sources.import_effects import check_unchanged
from codereasoner.sources.package_modules import (
    CHANGED,
    NOT_FOLLOWED,
    ONE_NAME,
    Module,
    Modules,
    NotCut,
    Place,
    bound_by,
)


def flattened(modules: Modules, module: Module, name: str, text: str, postponed: bool) -> tuple[str, dict[str, Module]]:
    """Return the text of a module's definition of a name with each borrowed name as its own module has it, and those.

    postponed: annotations are not evaluated.

    Raises:
        NotCut: a module is used as a value, or a name would then stand for two things.
    """
    free = set(names_read(f"{POSTPONED}\n{text}" if postponed else text))
    uses = _Uses(modules, module, free)
    tree = ast.parse(text)
    uses.visit(tree)
    borrowed: dict[str, Module] = {}
    bound, bare = {each for node in ast.walk(tree) for each in bound_by(node)}, free - uses.roots
    if uses.roots & bound:
        raise NotCut(ONE_NAME)  # a parameter of a lambda has the name of a module
    for node, (other, own) in uses.found:
        if isinstance(node, ast.Name) and own in other.set_by_functions:
            raise NotCut(CHANGED)  # the import took the value that it had
        is_itself = (other, own) == (module, name)
        if borrowed.setdefault(own, other) is not other or (own in bound and not is_itself):
            raise NotCut(ONE_NAME)
        if own in bare and (own not in module.bound or modules.resolve(module, own) != (other, own)):
            raise NotCut(ONE_NAME)
    return _replaced(text, tree, {node: own for node, (_, own) in uses.found}), borrowed


class _Uses(ast.NodeVisitor):
    """Finds the expressions that stand for a name of another module of the package."""

    def __init__(self, modules: Modules, module: Module, free: set[str]) -> None:
        self.modules, self.module, self.free = modules, module, free
        self.found: list[tuple[ast.expr, Place]] = []
        self.roots: set[str] = set()  # the names with which they begin

    def visit_Name(self, node: ast.Name) -> None:
        self._visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._visit(node)

    def _visit(self, node: ast.Name | ast.Attribute) -> None:
        place = self._place(node)
        if place is None:
            self.generic_visit(node)
        elif isinstance(place, Module) or not isinstance(node.ctx, ast.Load):
            raise NotCut("uses a module of its own package as a value")
        else:
            self.found.append((node, place))
            self.roots.add(next(each.id for each in ast.walk(node) if isinstance(each, ast.Name)))

    def _place(self, node: ast.expr) -> Place | Module | None:
        """Return what an expression stands for: a name of the package, a module of it, or something else."""
        match node:
            case ast.Name(id=name) if name in self.free and name in self.module.bound:
                check_unchanged(self.modules, self.module, name)
                found = self.modules.resolve(self.module, name)
                return None if found == (self.module, name) else found
            case ast.Attribute(value=owner, attr=name) if isinstance(inner := self._place(owner), Module):
                return self.modules.member(inner, name)
        return None


def _replaced(text: str, tree: ast.Module, names: Mapping[ast.expr, str]) -> str:
    """Return a text with names in the place of some of its expressions, and of nothing else."""
    lines = text.encode().split(b"\n")
    for node in sorted(names, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        line, end = lines[node.lineno - 1], node.end_col_offset or 0
        lines[node.lineno - 1] = line[: node.col_offset] + names[node].encode() + line[end:]
    try:
        new = b"\n".join(lines).decode()
        same = ast.dump(ast.parse(new)) == ast.dump(_Renamed(names).visit(tree))
    except (SyntaxError, UnicodeDecodeError):
        same = False
    if not same:
        raise NotCut(NOT_FOLLOWED)  # f"{tools.x=}" shows how it is written, `case tools.x:` would bind x
    return new


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[ast.expr, str]) -> None:
        self.names = names

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and node in self.names:
            return ast.Name(self.names[node], ast.Load())
        return self.generic_visit(node)
