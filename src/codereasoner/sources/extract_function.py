"""Cut a function out of its package, with the helpers, constants and imports that it needs, and nothing else.

Modules are read as text and never imported. What is left has to run on the standard library alone; what cannot be cut
out whole raises `NotCut` with a short reason. Docstrings are taken out: their examples tell the answers.
"""

import ast
import builtins
import textwrap
from dataclasses import dataclass, field

from codereasoner.function_source import POSTPONED, names_read
from codereasoner.sources.borrowed_names import flattened
from codereasoner.sources.import_effects import check_unchanged
from codereasoner.sources.package_modules import (
    IN_A_CIRCLE,
    ONE_NAME,
    STANDARD,
    Definition,
    Module,
    Modules,
    NotCut,
)
from codereasoner.steps.source import split_lines

_OF_MODULES = frozenset({"__doc__", "__loader__", "__name__", "__package__", "__spec__"})  # every module has its own
HIDDEN = "reads names that its text does not show"
MOST_PARTS = 40  # definitions of one program: what needs more is a library, not a function
MOST_LINES = 150  # of a program: longer ones are mostly plumbing


def cut_out(modules: Modules, module: Module, *names: str) -> str:
    """Return the source of these functions of a module with everything that they need.

    Raises:
        NotCut: they do not stand alone.
    """
    cut = _Cut(modules, needs={module.name: {}})
    for name in names:
        cut.take(module, name, frozenset())
    if cut.built_in & (cut.parts.keys() | cut.imported.keys()):
        raise NotCut(ONE_NAME)  # one module defines `map`, and another means the built-in one
    if len(cut.postponed) > 1 and any(_reads_annotations(text) for _, _, text in cut.parts.values()):
        raise NotCut("reads annotations that a program of several modules does not keep")
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
    built_in: set[str] = field(default_factory=set)  # names of Python that are used
    postponed: set[bool] = field(default_factory=set)  # of its modules: are annotations not evaluated?

    def order(self) -> dict[str, int]:
        """Return the place of each module: those first that others need when they are read."""
        places: dict[str, int] = {}
        seen: set[str] = set()

        def visit(module: str) -> None:
            if module not in seen:
                seen.add(module)
                for needed in self.needs.get(module, ()):
                    visit(needed)
                places[module] = len(places)

        for module in self.needs:
            visit(module)
        return places

    def take(self, module: Module, name: str, under: frozenset[str]) -> None:
        """Add the definition of a name, after all that it needs; `under` are the modules that need it."""
        check_unchanged(self.modules, module, name)
        node = module.definition(name)
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, name)
            return
        known = self.parts.get(name)
        if name in self.imported or (known is not None and known[0] != module.name):
            raise NotCut(ONE_NAME)
        if known is not None:
            return
        if len(self.parts) >= MOST_PARTS:
            raise NotCut(f"needs more than {MOST_PARTS} definitions")
        _check_names(node)
        self.postponed.add(module.postponed)
        postponed = module.postponed and isinstance(node, ast.FunctionDef)  # dataclasses read theirs
        text, borrowed = flattened(self.modules, module, name, _text(module, node), postponed)
        self.parts[name] = (module.name, _first_line(node), text)
        if module.postponed and isinstance(node, ast.FunctionDef | ast.ClassDef):
            self.imports.add(POSTPONED)
        under |= {module.name}
        for needed in sorted(names_read(f"{POSTPONED}\n{text}" if postponed else text)):
            if needed in borrowed:
                self._borrow(module, borrowed[needed], needed, under)
            elif needed in module.bound:
                self.take(module, needed, under)
            elif hasattr(builtins, needed) and needed not in _OF_MODULES:
                check_unchanged(self.modules, module, needed)
                self.built_in.add(needed)
            elif needed != "__name__" or ast.unparse(node).count("getLogger(__name__)") == 0:
                raise NotCut("uses a name that its module does not define at top level")
        for inner in ast.walk(node):
            if isinstance(inner, ast.Import | ast.ImportFrom):
                _check_import(inner)

    def _borrow(self, module: Module, other: Module, name: str, under: frozenset[str]) -> None:
        """Add what a module takes from another of its package."""
        if other is not module:
            if other.name in under:
                raise NotCut(IN_A_CIRCLE)
            self.needs.setdefault(module.name, {})[other.name] = None
        self.take(other, name, under)

    def _import(self, node: ast.Import | ast.ImportFrom, name: str) -> None:
        """Add an import of the standard library."""
        _check_import(node)
        alias = next(each for each in node.names if (each.asname or each.name.partition(".")[0]) == name)
        own = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
        line = f"from {node.module} import {own}" if isinstance(node, ast.ImportFrom) else f"import {own}"
        thing = line if alias.asname or isinstance(node, ast.ImportFrom) else name  # os for os.path
        if name in self.parts or self.imported.setdefault(name, thing) != thing:
            raise NotCut(ONE_NAME)
        self.imports.add(line)


def _check_import(node: ast.Import | ast.ImportFrom) -> None:
    names = [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.level or "*" in names:
            raise NotCut("imports from its own package in a way that cannot be followed")
        names = [node.module or ""]
    if any(name.partition(".")[0] not in STANDARD for name in names):
        raise NotCut("needs another package")


def _check_names(node: Definition) -> None:
    """Raise NotCut where a definition reads what differs outside its package: its docstrings, or the module's names."""
    for inner in ast.walk(node):
        match inner:
            case ast.Attribute(attr="__doc__" | "__module__" | "__subclasses__", ctx=ast.Load()):
                raise NotCut("reads what it is called in its package, or its docstring")
            case ast.Name(id="globals" | "eval" | "exec") | ast.Attribute(attr="__globals__" | "modules"):
                raise NotCut(HIDDEN)
            case ast.ClassDef() if any(_is_private(each) for each in ast.walk(inner)):
                raise NotCut(HIDDEN)


def _is_private(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id.startswith("__") and not node.id.endswith("__")


def _reads_annotations(text: str) -> bool:
    return any(word in text for word in ("__annotations__", "get_type_hints", "get_annotations", "signature"))


def _is_same(block: str, moved: str) -> bool:
    """Return whether the body of an `if` is these statements."""
    try:
        inner = ast.parse(block).body[0]
        return isinstance(inner, ast.If) and [ast.dump(each) for each in inner.body] == [
            ast.dump(each) for each in ast.parse(moved).body
        ]
    except SyntaxError:
        return False


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
        last_line = lines[start.end_lineno or start.lineno].encode()[start.end_col_offset or 0 :].decode().strip()
        if lines[start.lineno][: start.col_offset].strip() or last_line.startswith(";"):
            raise NotCut("has a docstring on the line of other code")
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
    if not node.col_offset:
        return text
    moved = textwrap.dedent(text)  # one that stands under `try`
    if moved != text and not _is_same(f"if 1:\n{text}", moved):
        raise NotCut("has a text over several lines that is indented as its code is")
    return moved
