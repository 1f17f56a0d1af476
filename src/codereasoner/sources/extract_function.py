"""Cut a function out of its package, with the helpers, constants and imports that it needs, and nothing else.

Modules are read as text and never imported. What is left has to run on the standard library alone; what cannot be cut
out whole raises `NotCut` with a short reason. Docstrings are taken out: their examples tell the answers.
"""

import ast
import builtins
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from codereasoner.function_source import POSTPONED, names_read
from codereasoner.steps.source import parse_or_say_why, read_source, split_lines

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom
MOST_PARTS = 40  # definitions of one program: what needs more is a library, not a function
MOST_LINES = 150  # of a program: longer ones are mostly plumbing
ONE_NAME = "two of its helpers have one name"


class NotCut(Exception):
    """The function does not stand alone; the message is a short, countable reason."""


@dataclass
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


def cut_out(modules: Modules, module: Module, *names: str) -> str:
    """Return the source of these functions of a module with everything that they need.

    Raises:
        NotCut: they do not stand alone.
    """
    cut = _Cut(modules, needs={module.name: {}})
    for name in names:
        cut.take(module, name, frozenset())
    places = cut.order()
    parts = sorted(dict.fromkeys(cut.parts.values()), key=lambda part: (places[part[0]], part[1]))
    source = "\n".join([*sorted(cut.imports), *([""] if cut.imports else []), *(text for _, _, text in parts)])
    if len(split_lines(source)) > MOST_LINES:
        raise NotCut(f"longer than {MOST_LINES} lines")
    return source.strip("\n") + "\n"


@dataclass
class _Cut:
    """The definitions that have been cut out so far."""

    modules: Modules
    imports: set[str] = field(default_factory=set)  # whole lines
    imported: dict[str, str] = field(default_factory=dict)  # name -> what it is in the standard library
    parts: dict[str, tuple[str, int, str]] = field(default_factory=dict)  # name -> module, line, text
    needs: dict[str, dict[str, None]] = field(default_factory=dict)  # module -> modules that it takes names from

    def order(self) -> dict[str, int]:
        """Return the place of each module: those first that others need when they are read."""
        places: dict[str, int] = {}

        def visit(module: str) -> None:
            if module not in places:
                for needed in self.needs.get(module, ()):
                    visit(needed)
                places[module] = len(places)

        for module in self.needs:
            visit(module)
        return places

    def take(self, module: Module, name: str, under: frozenset[str]) -> None:
        """Add the definition of a name, after all that it needs; `under` are the modules that need it."""
        node = _definition(module, name)
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(module, node, name, under)
            return
        known = self.parts.get(name)
        if name in self.imported or (known is not None and known[0] != module.name):
            raise NotCut(ONE_NAME)
        if known is not None:
            return
        if len(self.parts) >= MOST_PARTS:
            raise NotCut(f"needs more than {MOST_PARTS} definitions")
        text = _text(module, node)
        self.parts[name] = (module.name, _first_line(node), text)
        postponed = module.postponed and isinstance(node, ast.FunctionDef)  # dataclasses read theirs
        if postponed:
            self.imports.add(POSTPONED)
        for needed in sorted(names_read(f"{POSTPONED}\n{text}" if postponed else text)):
            if needed in module.bound:
                self.take(module, needed, under | {module.name})
            elif not hasattr(builtins, needed) and needed not in ("__name__", "__file__"):
                raise NotCut("uses a name that its module does not define at top level")
        for inner in ast.walk(node):
            if isinstance(inner, ast.Import | ast.ImportFrom):
                _check_import(inner)

    def _import(self, module: Module, node: ast.Import | ast.ImportFrom, name: str, under: frozenset[str]) -> None:
        """Add an imported name: the import of the standard library, or the definition in its own package."""
        alias = next(each for each in node.names if (each.asname or each.name.partition(".")[0]) == name)
        source = _absolute(module, node) if isinstance(node, ast.ImportFrom) else alias.name
        if source not in self.modules.files or source.partition(".")[0] in _STANDARD:
            _check_import(node)
            own = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
            line = f"from {node.module} import {own}" if isinstance(node, ast.ImportFrom) else f"import {own}"
            thing = line if alias.asname or isinstance(node, ast.ImportFrom) else name  # os for os.path
            if name in self.parts or self.imported.setdefault(name, thing) != thing:
                raise NotCut(ONE_NAME)
            self.imports.add(line)
            return
        if isinstance(node, ast.Import):
            raise NotCut("imports a module of its own package")
        if alias.name == "*" or alias.asname not in (None, alias.name):
            raise NotCut("imports from its own package under another name")
        other = self.modules.read(source)
        if alias.name not in other.bound:
            raise NotCut("imports a module of its own package")
        if other.name in under:
            raise NotCut("its modules import one another")
        self.needs.setdefault(module.name, {})[other.name] = None
        self.take(other, alias.name, under | {module.name})


def _definition(module: Module, name: str) -> Definition:
    found = dict.fromkeys(node for node in module.bound[name] if not _is_overload(node))
    if len(found) != 1:
        raise NotCut("is bound more than once")
    return next(iter(found))


def _is_overload(node: Definition) -> bool:
    marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(ast.unparse(mark).rpartition(".")[2] == "overload" for mark in marks)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    """Return the dotted name that an import is from."""
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    up = node.level - module.package
    base = parts[: len(parts) - up] if up else parts
    return ".".join([*base, *([node.module] if node.module else [])])


_STANDARD = sys.stdlib_module_names


def _check_import(node: ast.Import | ast.ImportFrom) -> None:
    names = [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.level or "*" in names:
            raise NotCut("imports from its own package in a way that cannot be followed")
        names = [node.module or ""]
    if any(name.partition(".")[0] not in _STANDARD for name in names):
        raise NotCut("needs another package")


def _first_line(node: Definition) -> int:
    marks = node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
    return min([node.lineno, *(mark.lineno for mark in marks)])


def _text(module: Module, node: Definition) -> str:
    """Return the lines of a definition without the docstrings in it."""
    first, last = _first_line(node), node.end_lineno or node.lineno
    lines = dict(enumerate(module.lines[first - 1 : last], start=first))
    for inner in ast.walk(node):
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        start = inner.body[0]
        if ast.get_docstring(inner, clean=False) is None:
            continue
        if lines[start.lineno][: start.col_offset].strip():
            raise NotCut("has a docstring on the line of its header")
        indent = lines[start.lineno][: start.col_offset]
        for number in range(start.lineno, (start.end_lineno or start.lineno) + 1):
            lines.pop(number, None)
        if len(inner.body) == 1:
            lines[start.lineno] = f"{indent}pass"
        number = (start.end_lineno or start.lineno) + 1
        while number in lines and not lines[number].strip():
            del lines[number]  # the empty lines that set the docstring apart
            number += 1
    text = "\n".join(lines[number] for number in sorted(lines)) + "\n"
    return textwrap.dedent(text) if node.col_offset else text  # one that stands under `try`
