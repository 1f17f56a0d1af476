"""Tell whether what a call returns or does may differ from run to run, or from machine to machine."""

import ast
import re
from collections.abc import Iterator, Sequence, Set
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from codereasoner.steps.source import nodes_of, parse_any, parse_or_say_why, runs_text, walk

_MODULES = frozenset({"random", "secrets", "uuid", "time", "os", "sys", "gc", "threading"})
_CLOCK_MODULES = frozenset({"datetime", "calendar"})  # arithmetic on dates, but for:
_CLOCK_NAMES = frozenset({"now", "today", "utcnow", "fromtimestamp", "utcfromtimestamp", "timestamp", "astimezone"})
_NAMES = frozenset({"id", "hash", "input", "open", "globals", "locals", "vars", "dir", "breakpoint", "memoryview"})
_CALLS_NOTHING = frozenset({"property", "staticmethod", "classmethod", "cache", "lru_cache", "dataclass"})
"""Decorators that do not call what they decorate when it is defined."""


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINED = (*_FUNCTIONS, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_WORD = re.compile(r"[^\W\d]\w*")
_SUSPECT = re.compile(rf"[^\x00-\x7f]|\b(?:{'|'.join(sorted(_MODULES | _CLOCK_MODULES | _NAMES))})\b")
"""Found in a text in which something may differ: one of the words, or a letter beyond ASCII, which may stand for it."""


class Chance(NamedTuple):
    """What may differ (`random`, `id`), and a line that uses it; 0: the call itself does."""

    name: str
    line: int


def chance(source: str, entry: str = "", call: str = "") -> Chance | None:
    """Return what may differ in a call of a function, and the first line that uses it; None: nothing.

    The code of the module counts, the arguments as they are written, and each function and class of the module whose
    name is mentioned in what counts.
    """
    if not (_SUSPECT.search(source) or _SUSPECT.search(call)):
        return None
    return _chance(source, entry, call if _usable(source).intersection(_WORD.findall(call)) else "")


@lru_cache(maxsize=512)
def _usable(source: str) -> frozenset[str]:
    """Return the names that arguments may have from a program: of functions, classes and imports; and from Python."""
    nodes = nodes_of(source)
    imports = (alias for node in nodes if isinstance(node, _IMPORTS) for alias in node.names)
    bound = [alias.asname or alias.name.partition(".")[0] for alias in imports]
    return _NAMES.union(bound, (node.name for node in nodes if isinstance(node, _DEFINED)))


@lru_cache(maxsize=512)
def _chance(source: str, entry: str, call: str) -> Chance | None:
    given = _of_call(call)
    nodes = _reached(source, entry, given)
    whole = nodes is None
    nodes = [*nodes_of(source), *given] if nodes is None else nodes
    lines: dict[str, int] = {}  # where a name or an attribute is used first
    for node in nodes:
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            lines[name] = min(node.lineno, lines.get(name, node.lineno))
        elif isinstance(node, ast.Constant) and node.value in _CLOCK_NAMES:
            lines.setdefault(node.value, node.lineno)
    found = [Chance(module, line) for module, line in _imported(nodes, lines, whole) if module in _MODULES]
    found += [Chance(name, line) for name, line in _called(nodes) if name in _NAMES - _functions(source)]
    clocks = [module for module, _ in _imported(nodes, lines, whole) if module in _CLOCK_MODULES]
    found += [Chance(clocks[0], lines[name]) for name in _CLOCK_NAMES & lines.keys() if clocks]
    return min(found, key=lambda each: (each.line, each.name), default=None)


def _imported(nodes: Sequence[ast.AST], lines: dict[str, int], whole: bool) -> Iterator[tuple[str, int]]:
    """Yield the modules of which something is imported and used, with a line that uses it; `whole`: used or not."""
    for node in nodes:
        if isinstance(node, _IMPORTS):
            for alias in node.names:
                module = (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
                bound = alias.asname or alias.name.partition(".")[0]
                if whole or bound == "*" or bound in lines:
                    yield module.partition(".")[0], lines.get(bound, node.lineno)


def _called(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, int]]:
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node.lineno


def _of_call(call: str) -> Sequence[ast.AST]:
    """Return the nodes of arguments, on line 0."""
    try:
        nodes = walk(parse_or_say_why(f"_({call}\n)"))
    except SyntaxError:
        return ()
    for node in nodes:
        if hasattr(node, "lineno"):
            node.lineno = 0
    return nodes


def _reached(source: str, entry: str, given: Sequence[ast.AST]) -> Sequence[ast.AST] | None:
    """Return the nodes of a program that a call of a function may run; None where names may be looked up by texts."""
    tree = parse_any(source)
    root, parts = _apart(tree) if tree else ([], {})
    is_there = any(isinstance(each, _DEFINED) and each.name == entry for each in (*root, *chain(*parts.values())))
    if not is_there or runs_text(source):
        return None
    nodes = [*given, *(node for each in root for node in walk(each))]
    pending = {entry, *_mentioned(nodes)}
    while named := pending & parts.keys():
        inner = [node for name in named for each in parts.pop(name) for node in walk(each)]
        nodes += inner
        pending.update(_mentioned(inner))
    return nodes


def _apart(tree: ast.Module) -> tuple[list[ast.AST], dict[str, list[ast.AST]]]:
    """Return what runs when a module is executed, and by name the functions and classes that run only when called."""
    root: list[ast.AST] = []
    parts: dict[str, list[ast.AST]] = {}
    quiet = _CALLS_NOTHING - {node.name for node in walk(tree) if isinstance(node, _DEFINED)}
    for node in tree.body:
        if isinstance(node, ast.If) and _is_script_test(node.test):
            root += node.orelse  # the module of a call has another name
        elif isinstance(node, _DEFINED) and _is_idle(node, quiet):
            parts.setdefault(node.name, []).append(node)
            root += _at_once(node)
        else:
            root.append(node)
    return root, parts


def _is_script_test(test: ast.expr) -> bool:
    match test:
        case ast.Compare(ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")]):
            return True
    return False


def _is_idle(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, quiet: Set[str]) -> bool:
    """Return whether a definition calls no function of its body: no decorator, base class or metaclass can."""
    for each in node.decorator_list:
        maker = each.func if isinstance(each, ast.Call) else each
        if getattr(maker, "attr", getattr(maker, "id", "")) not in quiet:
            return False
    if not isinstance(node, ast.ClassDef):
        return True
    members = (each for each in node.body if isinstance(each, _DEFINED))
    return not (node.bases or node.keywords) and all(_is_idle(each, quiet) for each in members)


def _at_once(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield what runs when a function or class is defined: defaults, annotations, the body of a class."""
    if isinstance(node, ast.ClassDef):
        yield from node.decorator_list
        for each in node.body:
            yield from _at_once(each)
    elif isinstance(node, _FUNCTIONS):
        yield from (*node.decorator_list, node.args, *filter(None, [node.returns]))
    else:
        yield node


def _mentioned(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Yield the names in some nodes, also those that a text holds."""
    for node in nodes:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                yield name


def _functions(source: str) -> set[str]:
    """Return the names of functions that are no methods: a method `id` hides no built-in."""
    nodes = nodes_of(source)
    methods = {id(each) for node in nodes if isinstance(node, ast.ClassDef) for each in node.body}
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef) and id(node) not in methods}
