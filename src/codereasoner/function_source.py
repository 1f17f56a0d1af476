"""The source of a live Python function, cut out of its module with everything that it needs to run alone."""

from __future__ import annotations
import __future__

import ast
import functools
import importlib.util
import inspect
import linecache
import logging
import symtable
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType

from codereasoner import literals
from codereasoner.errors import ConfigError

POSTPONED = "from __future__ import annotations"


def source_of(function: Callable[..., object]) -> str:
    """Return the source of a function, after the imports, constants, classes and helpers of its module that it uses.

    Raises:
        ConfigError: it is not a function with a source, or it needs something that has neither a source nor a literal.
    """
    function = inspect.unwrap(function)
    if not isinstance(function, FunctionType):
        kind = "a method" if inspect.ismethod(function) else f"{function!r:.60}"
        raise ConfigError(f"{kind} is not a function defined with def: give one, or the program and the call as text")
    if function.__name__ == "<lambda>":
        raise ConfigError("a lambda has no name to call it by: define it with def, or give the program as text")
    if function.__closure__:
        raise ConfigError(
            f"{function.__name__} uses {', '.join(function.__code__.co_freevars)} of the function around it, which is "
            "not part of its source: define it at the top level of its module"
        )
    cut = _Cut()
    cut.take(function.__name__, function, function.__globals__)
    return "\n".join([*cut.imports.values(), *cut.parts.values()])


def arguments_of(args: tuple[object, ...], kwargs: Mapping[str, object]) -> str:
    """Return the source of a call's arguments, such as `[1, 2], k=3`.

    Raises:
        ConfigError: a value has no literal.
    """
    return ", ".join([*map(_argument, args), *(f"{name}={_argument(value)}" for name, value in kwargs.items())])


def _argument(value: object) -> str:
    try:
        return literals.write(value)
    except literals.NotWritable as error:
        raise ConfigError(
            f"an argument cannot be written down: {error}; give plain values, or the call as text, in which the "
            "program makes the value: 'f(Point(1, 2))'"
        ) from None


class _Cut:
    """What has been cut out, by name: dicts keep the order, so that what is used stands above its use."""

    def __init__(self) -> None:
        self.imports: dict[str, str] = {}
        self.parts: dict[str, str] = {}

    def take(self, name: str, value: object, known: Mapping[str, object]) -> None:
        """Add what a name needs, then its value; `known` are the names of the module that uses it."""
        if name in self.imports or name in self.parts:
            return
        own, module = str(getattr(value, "__name__", "")), str(getattr(value, "__module__", ""))
        if isinstance(value, ModuleType):
            self.imports[name] = f"import {own}" + ("" if name == own else f" as {name}")
        elif _is_standard(module) and getattr(sys.modules.get(module), own, None) is value:
            self._import(name, module, own)
        elif literal := _literal(value):
            self.parts[name] = f"{name} = {literal}\n"
        else:
            plain = inspect.unwrap(value) if callable(value) else value
            known = plain.__globals__ if isinstance(plain, FunctionType) else known
            if isinstance(plain, type | FunctionType) and own == name and (text := _text(plain)):
                self._add(name, text, known)
            else:
                self._take_binding(name, value, known)

    def _import(self, name: str, module: str, own: str) -> None:
        self.imports[name] = f"from {module} import {own}" + ("" if name == own else f" as {name}")

    def _add(self, name: str, text: str, known: Mapping[str, object]) -> None:
        postponed = known.get("annotations") is __future__.annotations
        if postponed and "annotations" not in self.imports:
            self.imports = {"annotations": POSTPONED, **self.imports}
        self.parts[name] = ""  # a helper that calls this one back finds it here
        for used in names_read(f"{POSTPONED}\n{text}" if postponed else text):
            if used in known:
                self.take(used, known[used], known)
        del self.parts[name]
        self.parts[name] = text

    def _take_binding(self, name: str, value: object, known: Mapping[str, object]) -> None:
        """Add a value that has no literal by the statement that binds its name, where the value is still the same."""
        match _binding(name, known) if _is_constant(value) else None:
            case ast.ImportFrom(module=module, names=names, level=level):
                package = importlib.util.resolve_name("." * level + (module or ""), str(known.get("__package__")))
                [own] = [each.name for each in names if name == (each.asname or each.name)]
                if _is_standard(package):
                    self._import(name, package, own)
                elif own == name:
                    self.take(name, value, vars(sys.modules[package]))
                else:
                    raise ConfigError(f"{own} is called {name} there: use its own name, or give the program as text")
            case None:
                raise ConfigError(_refusal(name, value))
            case statement:
                self._add(name, f"{ast.unparse(statement)}\n", known)


def names_read(text: str) -> list[str]:
    """Return the names that a statement reads from its module, in the order of the text."""
    found: set[str] = set()
    tables = [top := symtable.symtable(text, "<statement>", "exec")]
    for table in tables:
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (symbol.is_global() or (table is top and not symbol.is_assigned())):
                found.add(symbol.get_name())
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name) and node.id in found]
    return list(dict.fromkeys(node.id for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset))))


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _literal(value: object) -> str:
    """Return the literal of a value, empty if it has none."""
    try:
        return literals.write(value)
    except literals.NotWritable:
        return ""


def _text(value: type | FunctionType) -> str:
    """Return the source of a function or class with its decorators, empty if it is not at hand."""
    try:
        return textwrap.dedent(inspect.getsource(value)).rstrip() + "\n"
    except (OSError, TypeError):
        return ""


def _is_constant(value: object) -> bool:
    """Return whether the statement that made a value still makes the same: the value hashes by what it holds.

    So do patterns, decimals, paths, enum members, aliases of types and named tuples of these, and no list or dict.
    """
    kinds = (type, FunctionType, BuiltinFunctionType, functools.partial, logging.Logger)
    own = type(value)
    by_content = own.__hash__ not in (None, object.__hash__)
    return isinstance(value, kinds) or by_content or own is object or own.__module__ == "typing"


def _binding(name: str, known: Mapping[str, object]) -> ast.stmt | None:
    """Return the last statement of a module, or of the cells of a notebook, that binds a name."""
    cells, file = known.get("In"), known.get("__file__")
    found = None
    for text in cells if isinstance(cells, list) else ["".join(linecache.getlines(str(file)))]:
        try:
            body = ast.parse(text).body
        except (SyntaxError, TypeError, ValueError):  # a cell with a magic of IPython
            continue
        for statement in _at_top(body):
            if name in _bound(statement):
                found = statement
    return found


def _at_top(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, those under `if`, `try` and `with` included."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            yield from _at_top(node for node in ast.iter_child_nodes(statement) if isinstance(node, ast.stmt))


def _bound(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.ImportFrom(names=names):
            return {each.asname or each.name for each in names}
        case ast.Assign(targets=targets):
            return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return {name}
    alias = getattr(statement, "name", None)  # of `type X = ...`, since Python 3.12
    return {alias.id} if isinstance(alias, ast.Name) else set()


def _refusal(name: str, value: object) -> str:
    if not isinstance(value, type | FunctionType):
        return (
            f"the function uses '{name}', and a value of type {type(value).__name__} has no literal: pass it as an "
            "argument, or give the program"
        )
    if value.__name__ != name:
        return f"{value.__name__} is called {name} there: use its own name, or give the program as text"
    return f"{name} has no source at hand (made by exec, or typed at a prompt): give the program as text"
