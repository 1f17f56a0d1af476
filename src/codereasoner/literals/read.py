"""Read literal text back into a Python value, and nothing but literal text.

The whitelist, beyond what `ast.literal_eval` takes: nan and inf (`float('nan')`, `float('-inf')`), `set()`,
`frozenset(...)`, `bytearray(...)`, `range(...)`, `complex(...)`, `dict(k=v)`, `list(...)`, `tuple(...)`, each with
literal arguments. Nothing else can be called, named, looked up or computed.
"""

from __future__ import annotations

import ast
import warnings
from typing import Any

from codereasoner.literals.write import MAX_CHARS, MAX_DEPTH, NotWritable, write

MAX_RANGE = 1_000_000  # elements that list(range(...)) and its kin may hold


class LiteralError(ValueError):
    """The text is no literal; the message is one sentence that says why."""


def read(text: str) -> Any:
    """The value of a literal.

    Raises:
        LiteralError: the text is not one of the literal expressions listed at the top of this file.
    """
    return _value(parse(text), MAX_DEPTH)


def read_arguments(text: str) -> str:
    """The canonical source of an argument list such as `[1, 2], key='a'`, with every argument a literal.

    Raises:
        LiteralError: it is not an argument list, or an argument is not a literal.
    """
    call = parse(f"f({text}\n)")
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise LiteralError(f"not an argument list: {_shorten(text)}")
    return call_arguments(call)


def call_arguments(call: ast.Call) -> str:
    """The canonical source of a parsed call's arguments, each a literal.

    Raises:
        LiteralError: an argument is not a literal, is starred, or a keyword is given twice.
    """
    names = [keyword.arg for keyword in call.keywords]
    if None in names or len(set(names)) < len(names):
        raise LiteralError("keyword arguments must be named, each once")
    values = [_value(argument, MAX_DEPTH) for argument in call.args]
    named = [(keyword.arg, _value(keyword.value, MAX_DEPTH)) for keyword in call.keywords]
    try:
        return ", ".join([*map(write, values), *(f"{name}={write(value)}" for name, value in named)])
    except NotWritable as error:
        raise LiteralError(str(error)) from None


def parse(text: str) -> ast.expr:
    """Parse one expression, without running it; every way in which the parser can fail becomes LiteralError."""
    if len(text) > MAX_CHARS:
        raise LiteralError(f"the text has {len(text)} characters, more than {MAX_CHARS}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        raise LiteralError(f"not a Python expression ({reason}): {_shorten(text)}") from None


def _value(node: ast.AST, depth: int) -> Any:
    if depth == 0:
        raise LiteralError(f"the literal is nested deeper than {MAX_DEPTH} levels")
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=items):
            return [_value(item, depth - 1) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item, depth - 1) for item in items)
        case ast.Set(elts=items):
            return set(_hashable([_value(item, depth - 1) for item in items]))
        case ast.Dict(keys=keys, values=values) if None not in keys:
            names = _hashable([_value(key, depth - 1) for key in keys if key is not None])
            return dict(zip(names, [_value(value, depth - 1) for value in values], strict=True))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _signed(node.op, _value(operand, depth - 1))
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=ast.Constant(value=complex() as imaginary)):
            return _complex_sum(_value(left, depth - 1), node.op, imaginary)
        case ast.Name(id="nan" | "inf" as name):
            return float(name)
        case ast.Call(func=ast.Name(id=name)) if name in _CONSTRUCTORS:
            return _construct(name, node, depth)
    raise LiteralError(f"not a literal: {_shorten(ast.unparse(node))}")


def _hashable(values: list[Any]) -> list[Any]:
    try:
        for value in values:
            hash(value)
    except TypeError:
        raise LiteralError("a set member or a dict key is not hashable") from None
    return values


def _signed(sign: ast.unaryop, value: Any) -> Any:
    if type(value) not in (int, float, complex):
        raise LiteralError("a sign stands before something that is no number")
    return -value if isinstance(sign, ast.USub) else +value


def _complex_sum(left: Any, sign: ast.operator, imaginary: complex) -> complex:
    if type(left) not in (int, float):
        raise LiteralError("only a number and an imaginary number can be added in a literal")
    return complex(left) + imaginary if isinstance(sign, ast.Add) else complex(left) - imaginary


_CONSTRUCTORS = {
    "float": float,
    "complex": complex,
    "set": set,
    "frozenset": frozenset,
    "bytearray": bytearray,
    "range": range,
    "dict": dict,
    "list": list,
    "tuple": tuple,
}


def _construct(name: str, node: ast.Call, depth: int) -> Any:
    if any(keyword.arg is None or name != "dict" for keyword in node.keywords):
        raise LiteralError(f"{name}() takes no such keyword arguments in a literal")
    arguments = [_value(argument, depth - 1) for argument in node.args]
    keywords = {keyword.arg: _value(keyword.value, depth - 1) for keyword in node.keywords if keyword.arg}
    if name == "float" and not (len(arguments) == 1 and isinstance(arguments[0], str | int | float)):
        raise LiteralError("float() takes one number or string in a literal")
    sized = [argument for argument in arguments if isinstance(argument, range)]
    if sized and len(sized[0]) > MAX_RANGE:
        raise LiteralError(f"the range has more than {MAX_RANGE} elements")
    if name == "bytearray" and arguments and not isinstance(arguments[0], bytes):
        raise LiteralError("bytearray() takes bytes in a literal")
    try:
        return _CONSTRUCTORS[name](*arguments, **keywords)
    except (TypeError, ValueError, OverflowError) as error:
        raise LiteralError(f"{name}(...) is no value: {error}") from None


def _shorten(text: str, width: int = 60) -> str:
    text = " ".join(text.split())
    text = text if len(text) <= width else text[: width - 1] + "…"
    return text.encode("utf-8", "backslashreplace").decode()
