"""A function cut out of its package: its text, with the helpers, constants and imports that it needs, and nothing else.

Modules are read as text and never imported. What is left has to run on the standard library alone; what cannot be cut
out whole raises `NotCut` with a short reason. Docstrings are taken out: their examples tell the answers.
"""

from __future__ import annotations

import ast
import builtins
import symtable
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from codereasoner.steps import read_source, split_lines

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom
MOST_PARTS = 40  # definitions of one program: what needs more is a library, not a function
MOST_LINES = 150  # of a program: longer ones are mostly plumbing


class NotCut(Exception):
    """The function does not stand alone; the message is a short, countable reason."""


@dataclass
class Module:
    """One file of a package: its text, and what each of its names is bound to at top level."""

    name: str  # dotted, as it is imported
    path: Path
    text: str
    package: bool  # is it an __init__.py?
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
        """Return a module of the package.

        Raises:
            NotCut: there is none of that name, or its file does not parse.
        """
        if name not in self.files:
            raise NotCut("needs a module that is not there as Python source")
        if name not in self._read:
            path = self.files[name]
            try:
                text = read_source(path)
                tree = ast.parse(text)
            except (OSError, SyntaxError, ValueError):
                raise NotCut("a file does not parse") from None
            module = Module(name, path, text, path.name == "__init__.py")
            for node, bound in _bindings(tree.body):
                module.bound.setdefault(bound, []).append(node)
            self._read[name] = module
        return self._read[name]


def _bindings(body: list[ast.stmt]) -> Iterator[tuple[Definition, str]]:
    """What the statements at top level bind; of `try`, what its body does; what stands under an `if` is left out."""
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


@dataclass
class _Cut:
    """What has been cut out so far."""

    imports: dict[str, str] = field(default_factory=dict)  # by the line itself, in the order of need
    parts: dict[str, tuple[str, int, str]] = field(default_factory=dict)  # name -> module, line, text
    needs: dict[str, dict[str, None]] = field(default_factory=dict)  # module -> modules that it takes names from

    def order(self) -> dict[str, int]:
        """The place of each module: those first that others need when they are read."""
        places: dict[str, int] = {}

        def visit(module: str) -> None:
            if module not in places:
                for needed in self.needs.get(module, ()):
                    visit(needed)
                places[module] = len(places)

        for module in self.needs:
            visit(module)
        return places


def cut_out(modules: Modules, module: Module, *names: str) -> str:
    """Return the source of these functions of a module with everything that they need.

    Raises:
        NotCut: they do not stand alone.
    """
    cut = _Cut(needs={module.name: {}})
    for name in names:
        _take(modules, module, name, cut, frozenset())
    places = cut.order()
    parts = sorted(dict.fromkeys(cut.parts.values()), key=lambda part: (places[part[0]], part[1]))
    source = "\n".join([*sorted(cut.imports), *([""] if cut.imports else []), *(text for _, _, text in parts)])
    if len(split_lines(source)) > MOST_LINES:
        raise NotCut(f"longer than {MOST_LINES} lines")
    return source.strip("\n") + "\n"


def _take(modules: Modules, module: Module, name: str, cut: _Cut, under: frozenset[str]) -> None:
    """Add what a name of a module is bound to, after all that it needs."""
    known = cut.parts.get(name)
    if known is not None:
        if known[0] != module.name:
            raise NotCut("two of its helpers have one name")
        return
    if len(cut.parts) >= MOST_PARTS:
        raise NotCut(f"needs more than {MOST_PARTS} definitions")
    node = _definition(module, name)
    if isinstance(node, ast.Import | ast.ImportFrom):
        _import(modules, module, node, name, cut, under)
        return
    text = _text(module, node)
    cut.parts[name] = (module.name, _first_line(node), text)
    for needed in sorted(_globals(text)):
        if needed in module.bound:
            _take(modules, module, needed, cut, under | {module.name})
        elif not hasattr(builtins, needed) and needed not in ("__name__", "__file__"):
            raise NotCut("uses a name that its module does not define at top level")
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import | ast.ImportFrom):
            _check_import(inner)


def _definition(module: Module, name: str) -> Definition:
    found = [node for node in module.bound[name] if not _is_overload(node)]
    distinct = list(dict.fromkeys(found))
    if len(distinct) != 1:
        raise NotCut("is bound more than once")
    return distinct[0]


def _is_overload(node: Definition) -> bool:
    marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(ast.unparse(mark).rpartition(".")[2] == "overload" for mark in marks)


def _import(
    modules: Modules,
    module: Module,
    node: ast.Import | ast.ImportFrom,
    name: str,
    cut: _Cut,
    under: frozenset[str],
) -> None:
    """A name that is imported: from the standard library as it stands, from its own package by taking what it names."""
    alias = next(each for each in node.names if (each.asname or each.name.partition(".")[0]) == name)
    source = _absolute(module, node)
    if isinstance(node, ast.ImportFrom) and source in modules.files and source.partition(".")[0] not in _STANDARD:
        if alias.name == "*" or alias.asname not in (None, alias.name):
            raise NotCut("imports from its own package under another name")
        other = modules.read(source)
        if alias.name not in other.bound:
            raise NotCut("imports a module of its own package")
        if other.name in under:
            raise NotCut("its modules import one another")
        cut.needs.setdefault(module.name, {})[other.name] = None
        _take(modules, other, alias.name, cut, under | {module.name})
        return
    _check_import(node)
    own = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
    line = f"from {node.module} import {own}" if isinstance(node, ast.ImportFrom) else f"import {own}"
    cut.imports[line] = line


def _absolute(module: Module, node: ast.Import | ast.ImportFrom) -> str:
    """The dotted name that an import is from."""
    if isinstance(node, ast.Import) or not node.level:
        return node.module or "" if isinstance(node, ast.ImportFrom) else ""
    parts = module.name.split(".")
    up = node.level - module.package
    base = parts[: len(parts) - up] if up else parts
    return ".".join([*base, *([node.module] if node.module else [])])


_STANDARD = sys.stdlib_module_names


def _check_import(node: ast.Import | ast.ImportFrom) -> None:
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom) and (node.level or any(each.name == "*" for each in node.names)):
        raise NotCut("imports from its own package in a way that cannot be followed")
    for name in names:
        if name.partition(".")[0] not in _STANDARD:
            raise NotCut("needs another package")


def _globals(text: str) -> set[str]:
    """The names that a statement reads from its module."""
    found: set[str] = set()
    waiting = [symtable.symtable(text, "<cut>", "exec")]
    top = waiting[0]
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (symbol.is_global() or (table is top and not symbol.is_assigned())):
                found.add(symbol.get_name())
    return found


def _first_line(node: Definition) -> int:
    marks = node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
    return min([node.lineno, *(mark.lineno for mark in marks)])


def _text(module: Module, node: Definition) -> str:
    """The lines of a definition without the docstrings in it."""
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
