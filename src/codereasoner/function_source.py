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
from typing import Any

from codereasoner import literals
from codereasoner.errors import ConfigError

POSTPONED = "from __future__ import annotations"


def source_of(function: Callable[..., object]) -> str:
    """Return the source of a function, after the imports, constants, classes and helpers of its module that it uses.

    Raises:
        ConfigError: it is not a function with a source, or it needs something that has neither a source nor a literal.
    """
    _check_unchanged(function, "")
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
            whole = f"import {own}" + ("" if name == own else f" as {name}")
            self.imports[name] = "\n".join([whole, *_submodules(name, known)])
        elif _is_standard(module) and getattr(sys.modules.get(module), own, None) is value:
            self._import(name, module, own)
        elif literal := _literal(value):
            self.parts[name] = f"{name} = {literal}\n"
        else:
            plain = inspect.unwrap(value) if callable(value) else value
            is_whole = isinstance(plain, type) or (isinstance(plain, FunctionType) and not plain.__closure__)
            if is_whole and own == name and (text := _text(plain)):
                _check_unchanged(value, text)
                self._add(name, text, _names_of(plain, known))
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
        """Add a value by the statement that binds its name and makes the same value again."""
        match _binding(name, value, known) if _is_constant(value) else None:
            case ast.ImportFrom(names=names) as statement:
                package = _package(statement, known)
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


def _check_unchanged(value: Any, text: str) -> None:
    """Raise ConfigError if a function or class has got what its definition, which is this text, does not give it."""
    added = [] if text.startswith("@") else [each for each in getattr(value, "__dict__", ()) if f".{each}" not in text]
    if isinstance(value, type):
        hooks = any("__init_subclass__" in vars(base) for base in value.__mro__[1:-1])
        if type(value) is not type or issubclass(value, tuple) or hooks or not text:
            return
        own = {
            symbol.get_name() for symbol in symtable.symtable(text, "<class>", "exec").get_children()[0].get_symbols()
        }
        slots = {each for each in added if inspect.ismemberdescriptor(vars(value)[each])}
        added = [each for each in added if each not in own | slots and not (each[:2] == each[-2:] == "__")]
    elif isinstance(value, FunctionType):
        kinds = getattr(value, "registry", None)
        added = (
            [f"@{value.__name__}.register"] if isinstance(kinds, Mapping) and len(kinds) > 1 else added if text else []
        )
    else:
        return
    if added:
        raise ConfigError(
            f"{value.__name__} got {', '.join(added)} after its definition, which its source does not show: "
            "give the program as text"
        )


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _literal(value: object) -> str:
    """Return the literal of a value, empty if it has none."""
    try:
        return literals.write(value)
    except literals.NotWritable:
        return ""


def _text(value: Any) -> str:
    """Return the source of a function or class with its decorators, empty if it is not at hand."""
    try:
        return textwrap.dedent(inspect.getsource(value)).rstrip() + "\n"
    except (OSError, TypeError):
        return ""


def _names_of(value: Any, known: Mapping[str, object]) -> Mapping[str, object]:
    """Return the names of the module that defines a function or class."""
    if isinstance(value, FunctionType):
        return value.__globals__
    return vars(sys.modules[value.__module__]) if value.__module__ in sys.modules else known


def _is_constant(value: object) -> bool:
    """Return whether a statement may be run again for a value: it is a definition, or hashes by what it holds.

    Patterns, decimals, paths, enum members, aliases of types and named tuples of these do so, and no list or dict.
    """
    kinds = (type, FunctionType, BuiltinFunctionType, functools.partial, logging.Logger)
    own = type(value)
    return isinstance(value, kinds) or _by_content(value) or own is object or own.__module__ == "typing"


def _by_content(value: object) -> bool:
    return type(value).__hash__ not in (None, object.__hash__)


def _is_same(new: object, old: object) -> bool:
    """Return whether a value that was made again is the same, as far as values of its kind can be compared."""
    if new is old or type(new) is not type(old):
        return new is old
    if isinstance(new, FunctionType) and isinstance(old, FunctionType):
        cells = [[cell.cell_contents for cell in each.__closure__ or ()] for each in (new, old)]
        return new.__code__ == old.__code__ and cells[0] == cells[1]
    if isinstance(new, functools.partial) and isinstance(old, functools.partial):
        return (new.func, new.args, new.keywords) == (old.func, old.args, old.keywords)
    if isinstance(new, type) and isinstance(old, type):
        return new.__name__ == old.__name__
    return new == old if _by_content(old) else True


def _binding(name: str, value: object, known: Mapping[str, object]) -> ast.AST | None:
    """Return the last statement of a module, or of the cells of a notebook, that makes the value of a name again."""
    for statement in reversed(list(_statements(known))):
        match statement:
            case ast.ImportFrom(names=names):
                for each in names:
                    if (each.asname or each.name) == name:
                        module = sys.modules.get(_package(statement, known))
                        if getattr(module, each.name, None) is value:
                            return statement
            case ast.Assign(targets=[ast.Name(id=bound)], value=expression):
                if bound == name and _is_same(_evaluated(expression, known), value):
                    return statement
            case ast.AnnAssign(target=ast.Name(id=bound), value=ast.expr() as expression):
                if bound == name and _is_same(_evaluated(expression, known), value):
                    return statement
            case ast.FunctionDef(name=bound) if bound == name and isinstance(value, FunctionType):
                return statement  # under a decorator that hides it
            case ast.ClassDef(name=bound) if bound == name and isinstance(value, type):
                return statement  # in a cell of a notebook, where inspect finds no class
            case _ if getattr(getattr(statement, "name", None), "id", None) == name:
                return statement  # `type X = ...`, since Python 3.12
    return None


def _evaluated(expression: ast.expr, known: Mapping[str, object]) -> object:
    """Return the value of an expression with the names of its module; None, the value of no constant, if it fails."""
    try:
        return eval(compile(ast.Expression(expression), "<constant>", "eval"), dict(known))  # noqa: S307 - the user's own
    except Exception:  # noqa: BLE001 - whatever it is, the value cannot be made again
        return None


def _statements(known: Mapping[str, object]) -> Iterator[ast.AST]:
    """Yield the statements at the top of a module or of a notebook's cells, those under `if` and `try` included."""
    cells, file = known.get("In"), known.get("__file__")
    for text in cells if isinstance(cells, list) else ["".join(linecache.getlines(str(file)))]:
        try:
            yield from _at_top(ast.parse(text).body)
        except (SyntaxError, TypeError, ValueError):  # a cell with a magic of IPython
            continue


def _at_top(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.ExceptHandler | ast.With):
            yield from _at_top(ast.iter_child_nodes(node))


def _submodules(name: str, known: Mapping[str, object]) -> list[str]:
    """Return the imports of modules in a package that bind its name, such as `import email.utils`."""
    imports = [
        each for statement in _statements(known) if isinstance(statement, ast.Import) for each in statement.names
    ]
    return [f"import {each.name}" for each in imports if not each.asname and each.name.startswith(f"{name}.")]


def _package(statement: ast.ImportFrom, known: Mapping[str, object]) -> str:
    written = "." * statement.level + (statement.module or "")
    try:
        return importlib.util.resolve_name(written, str(known.get("__package__")))
    except ImportError:
        return ""


def _refusal(name: str, value: object) -> str:
    if not isinstance(value, type | FunctionType):
        return (
            f"the function uses '{name}', and a value of type {type(value).__name__} has no literal: pass it as an "
            "argument, or give the program"
        )
    if value.__name__ != name:
        return f"{value.__name__} is called {name} there: use its own name, or give the program as text"
    return f"{name} has no source at hand (made by exec, or typed at a prompt): give the program as text"
