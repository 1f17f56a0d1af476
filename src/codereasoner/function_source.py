"""The source of a live Python function, cut out of its module with everything that it needs to run alone."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, ModuleType

from codereasoner import literals
from codereasoner.errors import ConfigError


def source_of(function: Callable[..., object]) -> str:
    """Return the source of a function, after the imports, constants, classes and helpers of its module that it uses.

    Raises:
        ConfigError: it is no function with a source, or it needs something that has neither a source nor a literal.
    """
    if not isinstance(function, FunctionType):
        kind = "a method" if inspect.ismethod(function) else f"{function!r:.60}"
        raise ConfigError(f"{kind} is no function defined with def: give one, or the program and the call as text")
    if function.__name__ == "<lambda>":
        raise ConfigError("a lambda has no name to call it by: define it with def, or give the program as text")
    if function.__closure__:
        raise ConfigError(
            f"{function.__name__} uses {', '.join(function.__code__.co_freevars)} of the function around it, which is "
            "not part of its source: define it at the top level of its module"
        )
    imports: dict[str, str] = {}
    parts: dict[str, str] = {}
    _collect(function.__name__, function, function.__globals__, imports, parts)
    return "\n".join([*imports.values(), *parts.values()])


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


def _collect(
    name: str, value: object, known: Mapping[str, object], imports: dict[str, str], parts: dict[str, str]
) -> None:
    """Add what `name` needs, then itself; a dict keeps the order, so that what is used stands above its use."""
    if name in imports or name in parts:
        return
    if isinstance(value, ModuleType):
        imports[name] = f"import {value.__name__}" + ("" if name == value.__name__ else f" as {name}")
        return
    if isinstance(value, type | FunctionType) and _package(value) in sys.stdlib_module_names:
        own = value.__name__
        imports[name] = f"from {value.__module__} import {own}" + ("" if name == own else f" as {name}")
        return
    if not isinstance(value, type | FunctionType):
        parts[name] = f"{name} = {_constant(name, value)}"
        return
    if name != value.__name__:
        raise ConfigError(f"{value.__name__} is called {name} there: use its own name, or give the program as text")
    if isinstance(value, FunctionType):
        known = value.__globals__
    source = _text(value)
    parts[name] = ""  # a helper that calls this one back finds it here
    for used in _names(source):
        if used in known:
            _collect(used, known[used], known, imports, parts)
    del parts[name]
    parts[name] = source


def _package(value: type | FunctionType) -> str:
    module: str | None = value.__module__  # None for what exec made in an empty namespace
    return (module or "").partition(".")[0]


def _constant(name: str, value: object) -> str:
    try:
        return literals.write(value)
    except literals.NotWritable as error:
        raise ConfigError(
            f"the function uses '{name}', and {error}: pass it as an argument, or give the program"
        ) from None


def _text(value: type | FunctionType) -> str:
    try:
        return textwrap.dedent(inspect.getsource(value)).rstrip() + "\n"
    except (OSError, TypeError):
        raise ConfigError(
            f"{value.__name__} has no source at hand (made by exec, or typed at a prompt): give the program as text"
        ) from None


def _names(source: str) -> Iterator[str]:
    """Yield every name that the source reads, in the order of the text."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
    yield from dict.fromkeys(node.id for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)))
