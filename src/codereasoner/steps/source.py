"""Read facts about lines off the text of a program, without running it."""

import ast
import re
import sys
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from codereasoner.errors import DataError, UnknownName, no_file
from codereasoner.records import Run

TOO_DEEP = "nested too deeply"
MAX_DEPTH = 100  # levels of a program's tree: Python allows 1,000 calls, and a writer of code needs eight for a level
MOST_DIGITS = 3_500  # hexadecimal ones of an integer: Python writes none of more than 4,300 decimal digits
_STATEMENTS = (ast.stmt, ast.ExceptHandler)
_IN_BODIES = (*_STATEMENTS, ast.match_case)
_SKIPPED = (ast.Global, ast.Nonlocal, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match)
INLINED = (ast.ListComp, ast.SetComp, ast.DictComp) if sys.version_info >= (3, 12) else ()
"""From Python 3.12 on these run in their function's own frame (PEP 709), and their line counts once for each item."""
_TEXT_MODULES = frozenset(
    {"builtins", "code", "codeop", "ctypes", "importlib", "marshal", "pickle", "runpy", "shelve", "subprocess"}
    | {"bdb", "cProfile", "pdb", "profile", "timeit", "trace"}
)
_TEXT_NAMES = frozenset(
    {"eval", "exec", "compile", "__import__", "__builtins__", "attrgetter", "methodcaller", "__getattribute__"}
    | {"globals", "locals", "__globals__", "getattr_static", "getmembers", "get_type_hints", "resolve_name"}
    | {"Formatter"}
)

_NO_TEXT_METHODS = ("compile", "globals", "locals")
"""Methods of these names, such as re.compile, run nothing."""


@lru_cache(maxsize=512)
def statements(source: str) -> Mapping[int, ast.AST]:
    """Return the one statement (or `except`) of each plain line in a function; a header counts for its own line only.

    A line is plain when it holds one statement, whole, and runs whenever the statement does. Docstrings, `global`,
    `try`, `with` and `match`, whose lines run in ways that their text does not say, are not; nor is a `while` whose
    test is a constant, which Python does not come back to.
    """
    tree = parse_source(source)
    if tree is None:
        return {}
    found: dict[int, ast.AST] = {}
    starts: Counter[int] = Counter()
    for node in _inside_functions(tree):
        starts[node.lineno] += 1  # type: ignore[attr-defined]
        if _is_plain(node):
            found[node.lineno] = node  # type: ignore[attr-defined]
    lines = split_lines(source)
    return {
        line: node
        for line, node in sorted(found.items())
        if starts[line] == 1 and not lines[line - 1].encode()[: node.col_offset].strip()  # type: ignore[attr-defined]
    }


@lru_cache(maxsize=512)
def has_constant_loop(source: str) -> bool:
    """Return whether there is a loop like `while True`, whose header runs once only."""
    tree = parse_source(source)
    return tree is not None and any(
        isinstance(node, ast.While) and isinstance(node.test, ast.Constant) for node in ast.walk(tree)
    )


@lru_cache(maxsize=512)
def lines_in_loops(source: str) -> frozenset[int]:
    """Return the lines inside the body of a loop, the headers apart."""
    tree = parse_source(source)
    inside: set[int] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.For | ast.While | ast.AsyncFor):
            for child in node.body:
                inside.update(range(child.lineno, (child.end_lineno or child.lineno) + 1))
    return frozenset(inside)


@lru_cache(maxsize=512)
def runs_text(source: str) -> str:
    """Return what in a program may run text that it is given as code (`eval`, `getattr` with any name), or "".

    A function of such a name counts, too: where it hides the built-in one is not read off the text.
    """
    plain: set[int] = set()  # ids of `getattr`, `vars(x)` and `x.__dict__` that are given the name of an attribute
    for node in nodes_of(source):
        match node:
            case ast.Import(names=names) if found := _TEXT_MODULES & {alias.name.split(".")[0] for alias in names}:
                return min(found)
            case ast.ImportFrom(module=str(module)) if (name := module.split(".")[0]) in _TEXT_MODULES:
                return name
            case ast.Name(id=name) | ast.alias(name=name) if name in _TEXT_NAMES:
                return name
            case ast.Attribute(attr=name) if name in _TEXT_NAMES and name not in (
                _defined(source) | {*_NO_TEXT_METHODS}
            ):
                return name
            case ast.Call(func=ast.Name(id="getattr") as called, args=[_, ast.Constant(value=name), *_]):
                if name not in _TEXT_NAMES:
                    plain.add(id(called))
            case ast.Subscript(
                value=(ast.Attribute(attr="__dict__") as owner) | ast.Call(func=ast.Name(id="vars") as owner),
                slice=ast.Constant(),
            ):
                plain.add(id(owner))
            case ast.Name(id="getattr" | "vars" as name) | ast.Attribute(attr="__dict__" as name):
                if id(node) not in plain:
                    return name
    return ""


def walk(node: ast.AST) -> list[ast.AST]:
    """Return a node and all below it but `Load`, `Store` and `Del`, a third faster than `ast.walk`, in its order."""
    found = [node]
    level = below(found)
    while level:
        found += level
        level = below(level)
    return found


def below(nodes: Sequence[ast.AST]) -> list[ast.AST]:
    """Return the nodes right below some, but `Load`, `Store` and `Del`, in the order of `ast.walk`."""
    found: list[ast.AST] = []
    for each in nodes:
        for name in _FIELDS[type(each)]:
            value = getattr(each, name, None)
            if not value:
                continue
            if type(value) is list:
                found += [item for item in value if isinstance(item, _AST)]
            elif isinstance(value, _AST):
                found.append(value)
    return found


class _Fields(dict[type[ast.AST], Sequence[str]]):
    """The fields of each kind of node that can hold nodes, but `ctx`."""

    def __missing__(self, kind: type[ast.AST]) -> Sequence[str]:
        self[kind] = [each for each in kind._fields if each not in _PLAIN_FIELDS and kind is not ast.Constant]
        return self[kind]


_FIELDS = _Fields()
_AST = ast.AST
_PLAIN_FIELDS = frozenset(
    {"ctx", "id", "attr", "arg", "kind", "type_comment", "conversion", "level", "simple", "module"}
)


def numbered(source: str) -> str:
    """Return the source with each line's number and a tab in front of it."""
    return "\n".join(f"{number}\t{line}" for number, line in enumerate(split_lines(source.rstrip()), start=1))


def split_lines(source: str) -> list[str]:
    """Return the lines as Python counts them; str.splitlines() breaks at other characters, too."""
    return re.split("\r\n|\r|\n", source)


def with_newlines(source: str) -> str:
    """Return a source with a line feed at the end of each line, as Python reads it."""
    return re.sub("\r\n?", "\n", source)


ROWS = (".jsonl", ".json", ".parquet")  # a line of JSON is often valid Python


def read_source(path: Path) -> str:
    """Return the text of a Python file, read as Python reads it: a byte order mark and a declared encoding count.

    Raises:
        DataError: it is missing or cannot be read.
    """
    if not path.exists() or path.is_dir():
        raise DataError(no_file(path))
    if path.suffix in ROWS:
        raise DataError(f"{path} is a file of rows, and a Python file is wanted here, such as prices.py")
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as Python source: {error}") from None


def refuse_unknown(run: Run) -> None:
    """Refuse a run whose program does not have the called function."""
    tree = parse_source(run.source)
    if tree and run.exception.startswith("NameError") and not re.search(rf"\b{re.escape(run.entry)}\b", run.source):
        functions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        raise UnknownName("function", run.entry, (node.name for node in tree.body if isinstance(node, functions)))


@lru_cache(maxsize=512)
def parse_source(source: str) -> ast.Module | None:
    """Return the tree of a program; None if it is not Python, or cannot be written again.

    That is nested deeper than MAX_DEPTH levels, or has an integer with more digits than Python writes.
    """
    tree = parse_any(source)
    if len(source) > MOST_DIGITS and any(map(_is_unwritable, nodes_of(source))):
        return None
    level: list[ast.AST] = [tree] if tree is not None and len(nodes_of(source)) > MAX_DEPTH else []
    for _ in range(MAX_DEPTH):
        level = below(level)
    return tree if not level else None


def _is_unwritable(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value.bit_length() > 4 * MOST_DIGITS


@lru_cache(maxsize=512)
def nodes_of(source: str) -> Sequence[ast.AST]:
    """Return all nodes of a program, however deep, as `walk` does; none if it is not Python."""
    tree = parse_any(source)
    return walk(tree) if tree is not None else ()


@lru_cache(maxsize=512)
def parse_any(source: str) -> ast.Module | None:
    """Return the tree of a program, however deep: for functions that do not call themselves for each level."""
    try:
        return parse_or_say_why(source)
    except SyntaxError:
        return None


def parse_or_say_why(source: str) -> ast.Module:
    """Return the tree of a program, however deep.

    Raises:
        SyntaxError: it is not Python, or is nested too deeply for Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (ValueError, MemoryError, RecursionError) as error:
        raise SyntaxError(str(error) or TOO_DEEP) from None


def parse_expression(text: str) -> ast.expr | None:
    """Return the tree of an expression; None if it is none."""
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def function_named(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    """Return the function at the top level of a program that has this name in the end: the last one that gets it."""
    return next((node for node in reversed(tree.body) if isinstance(node, ast.FunctionDef) and node.name == name), None)


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes in a scope, without those of the functions, classes and lambdas in it."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from own_nodes(node)


def bound_by(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node alone, without its parts, binds or deletes."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.partition(".")[0]


def names_in(tree: ast.AST) -> set[str]:
    """Return the names that a tree reads or binds."""
    return {node.id for node in walk(tree) if isinstance(node, ast.Name)}


def _defined(source: str) -> set[str]:
    return {node.name for node in nodes_of(source) if isinstance(node, ast.FunctionDef)}


def _inside_functions(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the statements and `except`s below a function, nested functions and classes among them."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    pending: list[tuple[ast.AST, bool]] = [(node, False) for node in tree.body]
    while pending:
        node, inside = pending.pop()
        if inside and isinstance(node, _STATEMENTS):
            yield node
        inside = inside or isinstance(node, functions)
        pending += [(child, inside) for child in below([node]) if isinstance(child, _IN_BODIES)]


def is_inlined(node: ast.AST) -> bool:
    """Return whether this Python runs an expression as a loop of its function's own frame, whose lines then repeat."""
    match node:
        case ast.Call(func=ast.Name(id="all" | "any" | "tuple"), args=[ast.GeneratorExp()]):
            return sys.version_info >= (3, 14)
    return isinstance(node, INLINED)


def _is_plain(node: ast.AST) -> bool:
    if isinstance(node, _SKIPPED) or getattr(node, "decorator_list", None):
        return False
    level = [node] if INLINED else []
    while level:
        if any(map(is_inlined, level)):
            return False
        level = [each for each in below(level) if not isinstance(each, _STATEMENTS)]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return False
    if isinstance(node, ast.While | ast.If) and isinstance(node.test, ast.Constant):
        return False
    first: int = node.lineno  # type: ignore[attr-defined]
    body = getattr(node, "body", None)
    if not body:
        return bool(node.end_lineno == first)  # type: ignore[attr-defined]
    parts = [child for child in below([node]) if not isinstance(child, _STATEMENTS)]
    return all(getattr(part, "end_lineno", first) == first for part in parts) and bool(body[0].lineno > first)
