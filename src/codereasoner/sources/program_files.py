"""Programs from files: a JSONL of Programs, a Python file, or a folder of them with calls at the end of each."""

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codereasoner.curation.canonical import canonical_form
from codereasoner.errors import ConfigError, DataError
from codereasoner.extend import Rejected, Source
from codereasoner.grammar.draft import require_split, split_of
from codereasoner.ledger import read_records
from codereasoner.literals import is_literal
from codereasoner.records import Program
from codereasoner.sources.docstring_programs import docstring_programs
from codereasoner.sources.package_modules import Modules
from codereasoner.steps.source import names_in, parse_any, read_source, split_lines, with_newlines

OTHER = "not the last function that its file calls"
"""The reason of a function whose calls in a print or an assertion are left out."""
NO_CALL = "no call in a print, an assertion or a docstring"
"""The reason of a file that defines functions and shows no call of them."""


def of_split(everything: Iterable[Program | Rejected], split: str, count: int) -> Iterator[Program | Rejected]:
    """Yield the first `count` programs of a split, each once, and between them what was rejected in it."""
    require_split(split)
    seen: set[str] = set()
    for found in everything:
        if isinstance(found, Rejected):
            if split_of(found.origin) == split:
                yield found
        elif found.split == split and found.id not in seen and len(seen) < count:
            seen.add(found.id)
            yield found
        if len(seen) >= count:
            return


def placed(found: Program | str, origin: str, license: str) -> Program | Rejected:
    """Return the program with its split, origin and licence; a reason becomes a rejection."""
    if isinstance(found, str):
        return Rejected("", found, origin)
    found = replace(found, source=with_newlines(found.source))
    try:
        split = found.split or split_of(canonical_form(found.source))
    except SyntaxError:
        return Rejected(found.source, "does not parse", origin)
    return replace(found, split=split, origin=origin, license=found.license or license)


class Files(Source):
    """Programs from your own files, with the calls that they show.

    In a Python file the calls are those in `print(f(...))` and `assert f(...) == ...` lines, at top level or under
    `if __name__ == "__main__":`, which do not become part of the program; the entry is the last function that is called
    so, and the others are rejected. Variables of a call that were set to literals are replaced by them; other
    statements that a call needs are kept.
    A file without such lines gives the functions whose docstrings show calls, each cut out with what it needs.
    A program without a split gets the one that a hash of its normalised source decides.
    """

    name = "files"

    def __init__(self, path: str | Path = "", license: str = "") -> None:
        if not str(path):
            raise ConfigError("the source 'files' needs a path: a JSONL of programs, a .py file or a folder of them")
        self.path = Path(path)
        self.license = license

    def programs(self, split: str, count: int) -> Iterator[Program | Rejected]:
        """Yield the first `count` programs of a split, each once, and between them the files that hold none."""
        return of_split(self._all(), split, count)

    def _all(self) -> Iterator[Program | Rejected]:
        if self.path.is_dir():
            files = {each.relative_to(self.path).as_posix(): each for each in sorted(self.path.rglob("*.py"))}
            if not files:
                raise DataError(f"{self.path} holds no .py file")
            yield from self._of_files(files)
        elif self.path.suffix == ".py" and self.path.exists():
            yield from self._of_files({self.path.name: self.path})
        else:
            for program in read_records(self.path, Program):
                yield placed(program, program.origin or f"{self.name}/{self.path.name}", self.license)

    def _of_files(self, files: Mapping[str, Path]) -> Iterator[Program | Rejected]:
        places: dict[str, str] = {}  # by the name that each is imported by, of two the package; the other by its path
        for place in sorted(files, key=lambda each: not each.endswith("__init__.py")):
            name = place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            places[place if name in places else name] = place
        names = {place: name for name, place in places.items()}
        modules = Modules({name: files[place] for name, place in places.items()})
        for place, path in files.items():
            found, others = _read(path)
            yield from (Rejected(name, OTHER, f"{self.name}/{place}/{name}") for name in others)
            if found == NO_CALL:
                module = modules.read(names[place])
                shown = list(docstring_programs(modules, module, f"{self.name}/{place}", self.license))
                yield from shown or [Rejected("", NO_CALL, f"{self.name}/{place}")]
            else:
                yield placed(found, f"{self.name}/{place}", self.license)


@dataclass(frozen=True)
class _Call:
    """A call in a print or an assertion, and the statements before it."""

    statement: ast.stmt
    call: ast.Call
    before: tuple[ast.stmt, ...]

    @property
    def entry(self) -> str:
        return self.call.func.id if isinstance(self.call.func, ast.Name) else ""


def read_program(file: Path) -> Program | str:
    """Return the program in a Python file, or the short reason why there is none."""
    return _read(file)[0]


def _read(file: Path) -> tuple[Program | str, Sequence[str]]:
    """Return the program in a Python file, or the reason why there is none, and the other functions that it calls."""
    if not file.is_file():
        return "not a file", ()
    try:
        text = read_source(file)
    except DataError:
        return "cannot be read as Python source", ()
    tree = parse_any(text)
    if tree is None:
        return "does not parse", ()
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if not functions:
        return "no function at top level", ()
    tests = ("__name__ == '__main__'", "'__main__' == __name__")
    main = next((node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) in tests), None)
    inside = main.body if main else []
    calls = [*_calls(tree.body), *_calls(inside, tree.body[: tree.body.index(main)] if main else ())]
    calls = [each for each in calls if each.entry in functions]
    called = {each.entry for each in calls}
    if not called:
        return NO_CALL, ()
    *others, entry = [name for name in dict.fromkeys(functions) if name in called]
    shown = [each.statement for each in calls if each.statement not in inside]
    calls = [each for each in calls if each.entry == entry]
    source = _without([*([main] if main else []), *shown], text)
    arguments = {each: _arguments(each, text) for each in calls}
    known = {*functions, *dir(builtins)}
    needed = {node for each, its in arguments.items() if each.statement in inside for node in _needed(its, each, known)}
    kept = "\n".join(ast.unparse(node) for node in inside if node in needed)
    whole = f"{source}\n\n{kept}" if kept else source
    return Program(whole, entry, tuple(dict.fromkeys(arguments.values())), features={"by_people": True}), others


def _calls(body: Iterable[ast.stmt], before: Iterable[ast.stmt] = ()) -> Iterator[_Call]:
    before = list(before)
    for node in body:
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[ast.Call(func=ast.Name()) as call])):
                yield _Call(node, call, tuple(before))
            case ast.Assert(test=ast.Compare(left=ast.Call(func=ast.Name()) as call)):
                yield _Call(node, call, tuple(before))
            case _:
                before.append(node)


def _arguments(call: _Call, text: str) -> str:
    """Return the arguments of a call as they are written; a variable that holds a literal is replaced by it."""
    values: dict[str, str] = {}
    for node in call.before:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_literal(value):
                values[name] = ast.unparse(value)
            case ast.FunctionDef() | ast.ClassDef():
                values.pop(node.name, None)
            case _:
                values = {name: value for name, value in values.items() if name not in _names(node)}
    parts = [("", node) for node in call.call.args]
    parts += [(f"{keyword.arg}=" if keyword.arg else "**", keyword.value) for keyword in call.call.keywords]
    return ", ".join(prefix + _argument(node, text, values) for prefix, node in parts)


def _argument(node: ast.expr, text: str, values: Mapping[str, str]) -> str:
    if isinstance(node, ast.Name) and node.id in values:
        return values[node.id]
    return ast.get_source_segment(text, node) or ast.unparse(node)


def _needed(arguments: str, call: _Call, known: set[str]) -> list[ast.stmt]:
    """Return the statements that bind or change a name of the arguments, and those that these need."""
    names = _names(ast.parse(f"print({arguments}\n)")) - known
    found: list[ast.stmt] = []
    for node in reversed(call.before):
        if names & _names(node):
            names |= _names(node) - known
            found.append(node)
    return found


def _names(node: ast.AST) -> set[str]:
    aliases = (each for each in ast.walk(node) if isinstance(each, ast.alias))
    return names_in(node) | {(each.asname or each.name).partition(".")[0] for each in aliases}


def _without(nodes: Iterable[ast.stmt], text: str) -> str:
    """Return the text without some statements; a statement that shares a line with one of them stays."""
    lines: dict[int, str] = dict(enumerate(split_lines(text), start=1))
    for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        last = node.end_lineno or node.lineno
        before = lines[node.lineno].encode()[: node.col_offset].decode()
        after = lines[last].encode()[node.end_col_offset or 0 :].decode().strip().removeprefix(";").strip()
        for number in range(node.lineno, last + 1):
            del lines[number]
        rest = before.rstrip().removesuffix(";") if not after or after.startswith("#") else before + after
        if rest.strip():
            lines[node.lineno] = rest
    return "\n".join(lines[number] for number in sorted(lines)).strip("\n")
