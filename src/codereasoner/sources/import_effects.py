"""What the import of a package does to its names after their definitions, and a program that is cut out does not do."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from codereasoner.function_source import names_read
from codereasoner.sources.package_modules import CHANGED, Module, Modules, NotCut, is_never

_GROWING = ("add", "append", "appendleft", "extend", "extendleft", "insert", "register", "setdefault", "update")
_CHANGING = (*_GROWING, "clear", "discard", "pop", "popitem", "popleft", "remove", "reverse", "sort")
_CHANGE_THEIR_FIRST = ("delattr", "next", "setattr")
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Name = tuple[str, str]
"""A module and one of its names."""


def check_unchanged(modules: Modules, module: Module, name: str) -> None:
    """Raise NotCut if a name, of a module or built in, is not what its definition says when a function runs."""
    if (module.name, name) in _effects(modules).changed or _may_be_starred(modules, module, name, frozenset()):
        raise NotCut(CHANGED)


def _may_be_starred(modules: Modules, module: Module, name: str, seen: frozenset[str]) -> bool:
    """Return whether `from ... import *` may bind a name of a module after its definition."""
    first = max((node.lineno for node in module.bound.get(name, ())), default=0)
    if name.startswith("_") or module.name in seen:
        return False
    for source in (module.source_of(node) for node in module.stars if node.lineno > first):
        if not modules.has(source):
            return True
        other = modules.read(source)
        if name in other.bound or name in other.bound_elsewhere:
            return True
        if _may_be_starred(modules, other, name, seen | {module.name}):
            return True
    return False


@lru_cache(maxsize=1)
def _effects(modules: Modules) -> "_Effects":
    return _Effects(modules)


class _Effects:
    """The names that the modules of a package change when they are imported; text is read, and nothing is run."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self.changed: set[Name] = set()
        self._known: dict[Name, tuple[set[Name], set[Name]]] = {}
        for each in sorted(modules.files):
            try:
                module = modules.read(each)
            except NotCut:  # a file that does not parse
                continue
            self.changed |= {(module.name, name) for name in module.bound_elsewhere}
            self.changed |= {self._place(module, node) for node in _changed_at_import(module)}
            marked = {self._place(module, node) for node in _marked(module)}
            self.changed |= {place for place in marked if not _is_import(module, place)}
            for node, arguments in _called_at_import(module):
                place = self._place(module, node)
                self.changed |= self._changed_by(place)
                if self._changes_a_parameter(place):
                    self.changed |= {self._place(module, each) for each in arguments}

    def _changed_by(self, place: Name) -> set[Name]:
        """Return the names that a call of a function or class changes, those that it calls included."""
        found: set[Name] = set()
        seen, waiting = {place}, [place]
        while waiting:
            changed, called = self._of_definition(waiting.pop())
            found |= changed
            waiting += called - seen
            seen |= called
        return found

    def _of_definition(self, place: Name) -> tuple[set[Name], set[Name]]:
        """Return the names that a definition changes itself, and those that it reads."""
        if place not in self._known:
            module_name, name = place
            module = self.modules.read(module_name) if self.modules.has(module_name) else None
            changed: set[Name] = set()
            read: set[Name] = set()
            for node in module.bound.get(name, ()) if module else ():
                if module and isinstance(node, ast.FunctionDef | ast.ClassDef):
                    free = set(names_read(ast.unparse(node)))
                    inside = list(ast.walk(node))
                    written = [name for each in inside if isinstance(each, ast.Global) for name in each.names]
                    changed |= {(module_name, name) for name in written}
                    changes = (each for inner in inside for each in _changes(inner))
                    changed |= {self._place(module, each) for each in changes if _root(each) in free}
                    names = (each for each in inside if isinstance(each, ast.Name) and each.id in free)
                    read |= {self._place(module, each) for each in names}
            self._known[place] = changed, read
        return self._known[place]

    def _changes_a_parameter(self, place: Name) -> bool:
        module, name = place
        nodes = self.modules.read(module).bound.get(name, ()) if self.modules.has(module) else ()
        inside = [each for node in nodes if isinstance(node, ast.ClassDef) for each in node.body]
        for node in [*nodes, *inside]:
            if isinstance(node, ast.FunctionDef) and (node in nodes or node.name == "__init_subclass__"):
                parameters = {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
                changed = (each for inner in ast.walk(node) for each in _changes(inner))
                if any(_root(each) in parameters for each in changed):
                    return True
        return False

    def _place(self, module: Module, node: ast.expr) -> Name:
        """Return the name that an expression begins with, where the package defines it if that can be followed."""
        match node:
            case ast.Name(id=name):
                found = self._resolved(module, name)
                return (found.name, "") if isinstance(found, Module) else found
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                found = self._resolved(module, name)
                return (found.name, attribute) if isinstance(found, Module) else found
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Call(func=inner):
                return self._place(module, inner)
        return module.name, ""

    def _resolved(self, module: Module, name: str) -> Name | Module:
        try:
            found = self.modules.resolve(module, name) if name in module.bound else None
        except (NotCut, RecursionError):
            found = None
        if isinstance(found, tuple):
            return found[0].name, found[1]
        return found or (module.name, name)


def _executed(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the nodes that run when a module is imported: all but the bodies of functions and annotations."""
    waiting: list[ast.AST] = [*body]
    while waiting:
        node = waiting.pop()
        yield node
        for field, value in ast.iter_fields(node):
            later = field == "body" and (isinstance(node, _FUNCTIONS) or is_never(node))
            if later or field in ("annotation", "returns"):
                continue
            waiting += [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, ast.AST)]


def _changes(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions whose values a node changes."""
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            yield node
        case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
            yield value
        case ast.Call(func=ast.Attribute(value=value, attr=attribute)) if attribute in _CHANGING:
            yield value
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _CHANGE_THEIR_FIRST:
            yield first


def _changed_at_import(module: Module) -> Iterator[ast.expr]:
    for node in _executed(module.body):
        yield from _changes(node)
        match node:
            case ast.Expr(value=ast.Call(func=function, args=arguments)) if _root(function) != "__all__":
                yield from arguments  # a call whose value is not used is there for what it changes
                if isinstance(function, ast.Attribute):
                    yield function.value


def _marked(module: Module) -> Iterator[ast.expr]:
    """Yield the expressions to whose values a decorator or a base class may add what is defined: `@f.register`."""
    for node in _executed(module.body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            marks = (each.func if isinstance(each, ast.Call) else each for each in node.decorator_list)
            yield from (each.value for each in marks if isinstance(each, ast.Attribute))


def _called_at_import(module: Module) -> Iterator[tuple[ast.expr, list[ast.expr]]]:
    """Yield the functions and classes that are called, with their arguments; a base is called with itself."""
    for node in _executed(module.body):
        match node:
            case ast.Call(func=function, args=arguments):
                yield function, arguments
            case ast.FunctionDef(decorator_list=marks):
                yield from ((mark, []) for mark in marks)
            case ast.ClassDef(decorator_list=marks, bases=bases):
                yield from [*((mark, []) for mark in marks), *((base, [base]) for base in bases)]


def _is_import(module: Module, place: Name) -> bool:
    nodes = module.bound.get(place[1], ()) if place[0] == module.name else ()
    return any(isinstance(node, ast.Import | ast.ImportFrom) for node in nodes)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
