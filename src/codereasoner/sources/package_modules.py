"""The modules of a package, read as text and never imported: what each of their names is bound to, and where."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from codereasoner.errors import DataError
from codereasoner.steps.source import parse_or_say_why, read_source, split_lines

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom
STANDARD = sys.stdlib_module_names
ONE_NAME = "two of its helpers have one name"
IN_A_CIRCLE = "its modules import one another"
CHANGED = "uses a name that its package changes after the definition"
NOT_FOLLOWED = "imports from its own package in a way that cannot be followed"


class NotCut(Exception):
    """The function does not stand alone; the message is a short, countable reason."""


@dataclass(eq=False)
class Module:
    """One file of a package: its text, and what each of its names is bound to at top level."""

    name: str  # dotted, as it is imported
    path: Path
    text: str
    body: list[ast.stmt]
    package: bool  # is it an __init__.py?
    postponed: bool  # are annotations not evaluated?
    bound: dict[str, list[Definition]] = field(default_factory=dict)

    @cached_property
    def bound_elsewhere(self) -> set[str]:
        """The names that its import binds in other places than `bound`: in a branch, a loop, a handler, by `+=`."""
        known = {id(node) for nodes in self.bound.values() for node in nodes}
        return {name for node in _in_scope(self.body, known) if id(node) not in known for name in bound_by(node)}

    @cached_property
    def stars(self) -> list[ast.ImportFrom]:
        """Its imports of the form `from ... import *`, but of the part in C of a module of the same name."""
        imports = (node for node in _in_scope(self.body, set()) if isinstance(node, ast.ImportFrom))
        stars = [node for node in imports if any(each.name == "*" for each in node.names)]
        return [node for node in stars if node.module != f"_{self.name}"]

    @cached_property
    def set_by_functions(self) -> set[str]:
        """The names that a `global` statement names."""
        nodes = (inner for node in self.body for inner in ast.walk(node))
        return {name for node in nodes if isinstance(node, ast.Global) for name in node.names}

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
        if up >= len(parts):
            raise NotCut(NOT_FOLLOWED)  # beyond the package
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
            except (DataError, OSError, ValueError, SyntaxError):
                raise NotCut("a file does not parse") from None
            future = (node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__")
            postponed = any(each.name == "annotations" for node in future for each in node.names)
            module = Module(name, path, text, tree.body, path.name == "__init__.py", postponed)
            for node, bound in _bindings(tree.body):
                module.bound.setdefault(bound, []).append(node)
            self._read[name] = module
        return self._read[name]

    def resolve(self, module: Module, name: str) -> Place | Module | None:
        """Return where the package defines what a module calls by a name, or the module of the package that it is.

        None: it is imported from elsewhere, the standard library perhaps.
        """
        node = module.definition(name)
        if name in module.bound_elsewhere:
            raise NotCut(CHANGED)
        if not isinstance(node, ast.Import | ast.ImportFrom):
            return module, name
        alias = next(each for each in node.names if (each.asname or each.name.partition(".")[0]) == name)
        if isinstance(node, ast.Import):
            whole = alias.name if alias.asname else name
            return self.read(whole) if self.has(whole) else None
        source = module.source_of(node)
        if self.has(source) and source != module.name:
            return self.member(self.read(source), alias.name)
        whole = f"{source}.{alias.name}"
        return self.read(whole) if self.has(whole) else None  # of this package, or of a folder without __init__.py

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
            if self.has(whole) and found != self.read(whole) and not self._comes_from(module, name, whole):
                raise NotCut(NOT_FOLLOWED)  # the import of the module of that name binds it, too
        elif self.has(whole):
            found = self.read(whole)
        if found is None:
            raise NotCut(NOT_FOLLOWED)
        return found

    @staticmethod
    def _comes_from(module: Module, name: str, source: str) -> bool:
        node = module.definition(name)
        return isinstance(node, ast.ImportFrom) and module.source_of(node) == source

    def has(self, name: str) -> bool:
        """Return whether a module is one of the package."""
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


def bound_by(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node itself binds."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from ((each.asname or each.name).partition(".")[0] for each in names)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name


def is_never(node: ast.AST) -> bool:
    """Return whether a node is an `if` whose body never runs in a module that is imported."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith(("TYPE_CHECKING", "__name__ == '__main__'"))


def _in_scope(body: list[ast.stmt], known: set[int]) -> Iterator[ast.AST]:
    """Yield the nodes of a module that may bind names when it is imported, without the targets of known assignments."""
    waiting: list[ast.AST] = [*body]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.If(orelse=orelse) if is_never(node):
                waiting += orelse
            case ast.Try(body=inner, orelse=orelse, finalbody=final) if all(_is_of_standard(each) for each in inner):
                waiting += [*inner, *orelse, *final]
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if id(node) in known:
                waiting.append(value)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node
            case (
                ast.AnnAssign(value=None)
                | ast.Lambda()
                | ast.ListComp()
                | ast.SetComp()
                | ast.DictComp()
                | ast.GeneratorExp()
            ):
                continue
            case _:
                yield node
                waiting += ast.iter_child_nodes(node)


def _is_of_standard(node: ast.stmt) -> bool:
    match node:
        case ast.Import(names=names):
            return all(each.name.partition(".")[0] in STANDARD for each in names)
        case ast.ImportFrom(module=str(module), level=0):
            return module.partition(".")[0] in STANDARD
    return False


def _is_overload(node: Definition) -> bool:
    marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(ast.unparse(mark).rpartition(".")[2] == "overload" for mark in marks)
