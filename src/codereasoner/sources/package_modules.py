"""The modules of a package, read as text and never imported: what each of their names is bound to, and where."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from codereasoner.steps.source import parse_or_say_why, read_source, split_lines

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom
STANDARD = sys.stdlib_module_names
ONE_NAME = "two of its helpers have one name"
IN_A_CIRCLE = "its modules import one another"


class NotCut(Exception):
    """The function does not stand alone; the message is a short, countable reason."""


@dataclass(eq=False)
class Module:
    """One file of a package: its text, and what each of its names is bound to at top level."""

    name: str  # dotted, as it is imported
    path: Path
    text: str
    package: bool  # is it an __init__.py?
    postponed: bool  # are annotations not evaluated?
    bound: dict[str, list[Definition]] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """The lines of the text, as Python counts them."""
        return split_lines(self.text)

    def definition(self, name: str) -> Definition:
        """Return the one statement that binds a name, or raise NotCut if there are several."""
        found = dict.fromkeys(node for node in self.bound[name] if not _is_overload(node))
        if len(found) != 1:
            raise NotCut("is bound more than once")
        return next(iter(found))

    def source_of(self, node: ast.ImportFrom) -> str:
        """Return the dotted name of the module that an import is from."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        up = node.level - self.package
        base = parts[: len(parts) - up] if up else parts
        return ".".join([*base, *([node.module] if node.module else [])])


Place = tuple[Module, str]
"""A module of the package, and a name that it defines."""


class Modules:
    """The modules of one package, read when they are first asked for."""

    def __init__(self, files: dict[str, Path]) -> None:
        self.files = files  # by dotted name
        self._read: dict[str, Module] = {}

    def read(self, name: str) -> Module:
        """Return a module of the package, or raise NotCut if there is none of that name, or its file does not parse."""
        if name not in self.files:
            raise NotCut("needs a module that is not there as Python source")
        if name not in self._read:
            path = self.files[name]
            try:
                text = read_source(path)
                tree = parse_or_say_why(text)
            except (OSError, ValueError, SyntaxError):
                raise NotCut("a file does not parse") from None
            future = (node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__")
            postponed = any(each.name == "annotations" for node in future for each in node.names)
            module = Module(name, path, text, path.name == "__init__.py", postponed)
            for node, bound in _bindings(tree.body):
                module.bound.setdefault(bound, []).append(node)
            self._read[name] = module
        return self._read[name]

    def resolve(self, module: Module, name: str) -> Place | Module | None:
        """Return where the package defines what a module calls by a name, or the module of the package that it is.

        None: it is imported from elsewhere, the standard library perhaps.
        """
        node = module.definition(name)
        if not isinstance(node, ast.Import | ast.ImportFrom):
            return module, name
        alias = next(each for each in node.names if (each.asname or each.name.partition(".")[0]) == name)
        if isinstance(node, ast.Import):
            whole = alias.name if alias.asname else name
            return self.read(whole) if self._has(whole) else None
        source = module.source_of(node)
        if self._has(source):
            return self.member(self.read(source), alias.name)
        whole = f"{source}.{alias.name}"
        return self.read(whole) if self._has(whole) else None  # of a folder without __init__.py

    def member(self, module: Module, name: str) -> Place | Module:
        """Return what `module.name` is, by an import too.

        Raises:
            NotCut: the module takes it from elsewhere, or it is not there, or modules import it from one another.
        """
        whole, found = f"{module.name}.{name}", None
        if name in module.bound:
            try:
                found = self.resolve(module, name)
            except RecursionError:
                raise NotCut(IN_A_CIRCLE) from None
        elif self._has(whole):
            found = self.read(whole)
        if found is None:
            raise NotCut("imports from its own package in a way that cannot be followed")
        return found

    def _has(self, name: str) -> bool:
        return name in self.files and name.partition(".")[0] not in STANDARD


def _bindings(body: list[ast.stmt]) -> Iterator[tuple[Definition, str]]:
    """Yield the names that statements at top level bind; of `try`, those of its body; of `if`, none."""
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield node, name
            case ast.Assign(targets=targets):
                stored = (each for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))
                yield from ((node, each.id) for each in stored if isinstance(each.ctx, ast.Store))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                yield node, name
            case ast.Import(names=names):
                yield from ((node, (each.asname or each.name).partition(".")[0]) for each in names)
            case ast.ImportFrom(names=names):
                yield from ((node, each.asname or each.name) for each in names)
            case ast.Try(body=inner):
                yield from _bindings(inner)


def _is_overload(node: Definition) -> bool:
    marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(ast.unparse(mark).rpartition(".")[2] == "overload" for mark in marks)
