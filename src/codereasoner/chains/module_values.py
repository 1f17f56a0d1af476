"""The values of module variables during a run, which a trace does not record.

Known is a variable that the module binds once, to a literal, and that functions bind by `global` and plain assignments
only, if at all. Of a list, a dictionary or a set the program may only read the items.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from codereasoner import literals
from codereasoner.chains.pure_operations import FUNCTIONS, METHODS
from codereasoner.chains.statement_lines import own, scopes, shadowed
from codereasoner.steps.source import nodes_of, walk

_REFLECTION = frozenset(
    (
        *("globals", "locals", "vars", "exec", "eval", "compile", "modules", "__main__", "__dict__", "__globals__"),
        *("f_globals", "import_module", "__import__"),
    )
)
_READERS = frozenset(name for names in METHODS.values() for name in names)


class ModuleValues(NamedTuple):
    """The literals of module variables by name when a call begins: those that never change, and those that may."""

    fixed: Mapping[str, str]
    changing: Mapping[str, str]


@lru_cache(maxsize=256)
def module_values(source: str) -> ModuleValues:
    """Return the module variables of a program whose values are known."""
    nodes = nodes_of(source)
    assigned = list(_literals(nodes[0])) if nodes else []
    if not assigned or any(name in _REFLECTION for node in nodes for name in _words(node)):
        return ModuleValues({}, {})
    bound = Counter(name for node in nodes for name in _bound(node))
    if "*" in bound:
        return ModuleValues({}, {})
    by_global = Counter(_by_global(source))
    found = {
        name: text
        for name, text in assigned
        if bound[name] - by_global[name] == 1 and (text[0] not in "[{(" or _is_read_only(name, text, nodes, source))
    }
    runs_functions = any(
        isinstance(part, ast.Call) or getattr(part, "decorator_list", ()) for part in _at_import(nodes[0])
    )
    fixed = {name: text for name, text in found.items() if not by_global[name]}
    changing = {} if runs_functions else {name: text for name, text in found.items() if name not in fixed}
    return ModuleValues(fixed, changing)


def _literals(module: ast.AST) -> Iterator[tuple[str, str]]:
    for each in module.body:  # type: ignore[attr-defined]
        match each:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                with suppress(literals.LiteralError, literals.NotWritable):
                    yield name, literals.write(literals.value_of(value))


def _at_import(module: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a module that run when it is imported."""
    for child in ast.iter_child_nodes(module):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _at_import(child)
        elif not isinstance(child, ast.Lambda):
            yield from walk(child.args)


def _by_global(source: str) -> Iterator[str]:
    """Yield the names that functions bind by `global` and assignments alone on their lines, once for each time."""
    for scope in scopes(source).values():
        statements = {each for unit in scope.units.values() for each in unit.statements}
        declared = {name for each in statements if isinstance(each, ast.Global) for name in each.names}
        for each in {unit.statements[0] for unit in scope.units.values() if len(unit.statements) == 1}:
            if isinstance(each, ast.Assign | ast.AugAssign | ast.AnnAssign):
                yield from (name for part in own(each) for name in _bound(part) if name in declared)


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node alone binds, deletes or declares to be those of another function."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.split(".")[0]
        case ast.Nonlocal(names=names):
            yield from names


def _words(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
            yield name


def _is_read_only(name: str, text: str, nodes: Sequence[ast.AST], source: str) -> bool:
    """Return whether a program only reads the items of a variable, none of which can change."""
    value = literals.read(text)
    try:
        hash(tuple(value.values() if isinstance(value, dict) else value))
    except TypeError:
        return False
    if isinstance(value, tuple):
        return True
    reads = sum(isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Load) for each in nodes)
    harmless = [part for each in nodes for part in _read_only(each, shadowed(source))]
    return reads == sum(isinstance(each, ast.Name) and each.id == name for each in harmless)


def _read_only(node: ast.AST, hidden: frozenset[str]) -> Sequence[ast.AST]:
    """Return the parts of an expression of whose objects it only reads the items."""
    match node:
        case ast.Subscript(value=owner, ctx=ast.Load()):
            return [owner]
        case ast.Call(func=ast.Attribute(value=owner, attr=method)) if method in _READERS:
            return [owner]
        case ast.Call(func=ast.Name(id=function), args=args) if function in FUNCTIONS and function not in hidden:
            return args
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[container]):
            return [container]
        case ast.For(iter=items) | ast.comprehension(iter=items):
            return [items]
    return []
