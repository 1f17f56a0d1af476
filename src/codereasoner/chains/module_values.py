"""The values of module variables during a run, which a trace does not record.

Known is a variable that the module binds once, to a literal, and that functions bind by `global` and plain assignments
only, if at all. Of a list, a dictionary or a set the program may only read the items. A class is known by the mark of
its attributes, `<Account total=0>`, where functions set some of them, and only by `Account.total += 1` and its like.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from codereasoner import literals
from codereasoner.chains.pure_operations import FUNCTIONS, METHODS
from codereasoner.chains.statement_lines import Scope, Statement, own, scopes, shadowed
from codereasoner.steps.marks import mark_of
from codereasoner.steps.source import bound_by, nodes_of, walk

_REFLECTION = frozenset(
    (
        *("globals", "locals", "vars", "exec", "eval", "compile", "modules", "__main__", "__dict__", "__globals__"),
        *("f_globals", "import_module", "__import__"),
    )
)
_CONTAINERS = ("[", "{", "(", "set(")
_READERS = frozenset(name for names in METHODS.values() for name in names)


class ModuleValues(NamedTuple):
    """The values of module variables by name when a call begins: literals that never change, and what may change."""

    fixed: Mapping[str, str]
    changing: Mapping[str, str]


@lru_cache(maxsize=256)
def module_values(source: str) -> ModuleValues:
    """Return the module variables of a program whose values are known."""
    nodes = nodes_of(source)
    assigned = list(_literals(nodes[0])) if nodes else []
    if not assigned and not any(isinstance(node, ast.ClassDef) for node in nodes):
        return ModuleValues({}, {})
    if any(name in _REFLECTION for node in nodes for name in _words(node)):
        return ModuleValues({}, {})
    bound = Counter(name for node in nodes for name in _bound(node))
    if "*" in bound:
        return ModuleValues({}, {})
    by_global = Counter(_by_global(source))
    found = {
        name: text
        for name, text in assigned
        if bound[name] - by_global[name] == 1
        and (not text.startswith(_CONTAINERS) or _is_read_only(name, text, nodes, source))
    }
    fixed = {name: text for name, text in found.items() if not by_global[name]}
    if any(isinstance(part, ast.Call) or _runs_decorator(part, bound) for part in _at_import(nodes[0])):
        return ModuleValues(fixed, {})
    changing = {name: text for name, text in found.items() if name not in fixed}
    return ModuleValues(fixed, changing | {name: text for name, text in _classes(source, nodes) if bound[name] == 1})


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


def _runs_decorator(node: ast.AST, bound: Mapping[str, int]) -> bool:
    names = {getattr(each, "id", getattr(each, "attr", "")) for each in getattr(node, "decorator_list", ())}
    return not names <= _DECORATORS or any(bound[name] for name in names)


_DECORATORS = frozenset(("property", "setter", "classmethod", "staticmethod", "abstractmethod"))  # run no function


def _classes(source: str, nodes: Sequence[ast.AST]) -> Iterator[tuple[str, str]]:
    """Yield the marks of the classes of a module whose attributes functions set, by plain assignments only."""
    words = {word for node in nodes for word in (*_words(node), getattr(node, "name", ""))}
    if not words.isdisjoint(("setattr", "delattr", "__setattr__")):
        return
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    stores = Counter(node.attr for node in attributes if not isinstance(node.ctx, ast.Load))
    by_name = Counter(class_attribute(each) for scope in scopes(source).values() for each in _alone(scope))
    plain = {"object", "ABC"}
    for node in nodes[0].body:  # type: ignore[attr-defined]
        if not isinstance(node, ast.ClassDef) or node.keywords or node.decorator_list:
            continue
        if not {getattr(base, "id", "") for base in node.bases} <= plain:
            continue  # its type may be one that does something else when an attribute is set
        plain.add(node.name)
        bound = Counter(name for part in _at_import(node) for name in _bound(part))
        known = {
            name: text
            for name, text in _literals(node)
            if bound[name] == 1 and not text.startswith(_CONTAINERS) and stores[name] == by_name[node.name, name]
        }
        if any(stores[name] for name in known):
            yield node.name, mark_of(node.name, known)


def class_attribute(statement: ast.AST) -> tuple[str, str]:
    """Return the names of a class and of the attribute that `Account.total = 1` or `+= 1` sets; else two empty ones."""
    match statement:
        case (
            ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr=name)])
            | ast.AugAssign(target=ast.Attribute(value=ast.Name(id=owner), attr=name))
        ):
            return owner, name
    return "", ""


def _by_global(source: str) -> Iterator[str]:
    """Yield the names that functions bind by `global` and assignments alone on their lines, once for each time."""
    for scope in scopes(source).values():
        statements = {each for unit in scope.units.values() for each in unit.statements}
        declared = {name for each in statements if isinstance(each, ast.Global) for name in each.names}
        for each in _alone(scope):
            yield from (name for part in own(each) for name in _bound(part) if name in declared)


def _alone(scope: Scope) -> Iterator[Statement]:
    """Yield the assignments of a function that are alone on their lines."""
    if isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
        for each in {unit.statements[0] for unit in scope.units.values() if len(unit.statements) == 1}:
            if isinstance(each, ast.Assign | ast.AugAssign | ast.AnnAssign):
                yield each


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node alone binds, deletes or declares to be those of another function."""
    yield from node.names if isinstance(node, ast.Nonlocal) else bound_by(node)


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
