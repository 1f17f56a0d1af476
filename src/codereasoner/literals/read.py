"""Read literal text back into a Python value, and nothing but literal text.

The allowlist, beyond what `ast.literal_eval` takes: nan and inf (`float('nan')`, `float('-inf')`), `Ellipsis`,
`set()`, `frozenset(...)`, `bytearray(...)`, `range(...)`, `complex(...)`, `dict(k=v)`, `list(...)`, `tuple(...)`, each
with literal arguments. Nothing else can be called, named, looked up or computed, and a name must be written in the
letters it is made of: Python itself reads a fullwidth `ｓｅｔ` as `set`, this file does not. No text of up to
MAX_CHARS characters costs more than 50 ms and 50 MB: work_limits.py has the limits.
"""

from __future__ import annotations

import ast
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from typing import Any, NoReturn

from codereasoner.literals.work_limits import (
    MAX_MADE,
    LiteralError,
    affordable,
    check_members,
    check_range,
    check_statements,
    length,
    spend,
)
from codereasoner.literals.write import MAX_CHARS, MAX_DEPTH, NotWritable, write

_BLANK = " \t\r\n\f"  # what Python calls white space; str.strip() takes twenty other characters
_SHORT = 1_000  # characters that are cheap to parse with any content
_ONE = r"(?:'[ -&(-\[\]-~]*'|-?(?:0|[1-9][0-9]{0,17})|True|False|None)"  # a string without quotes and escapes, ...
_LIST = rf"\[(?:{_ONE}(?:,[ \n]*{_ONE})*+)?\]"
_DICT = rf"\{{(?:{_ONE}: {_ONE}(?:, {_ONE}: {_ONE})*+)?\}}"
_ATOM, _PLAIN = re.compile(_ONE), re.compile(f"{_ONE}|{_LIST}|{_DICT}")
_WORDS = {"True": True, "False": False, "None": None}
_WARNS = re.compile(r"\\|[0-9][A-Za-z_]")  # escapes and numbers that may make the parser warn
_WARNINGS_LOCK = threading.Lock()


def read(text: str, max_chars: int = MAX_CHARS) -> Any:
    """Return the value of a literal.

    Raises:
        LiteralError: the text is not one of the literal expressions listed at the top of this file.
    """
    if len(text) <= max_chars and _PLAIN.fullmatch(text):  # most literals are, and need no parser
        if text[0] not in "[{":
            return _plain(text)
        parts = map(_plain, _ATOM.findall(text))
        return list(parts) if text[0] == "[" else dict(zip(parts, parts, strict=True))
    return value_of(parse(text, max_chars))


def _plain(text: str) -> str | int | None:
    if text[0] == "'":
        return text[1:-1]
    return _WORDS[text] if text in _WORDS else int(text)


def read_arguments(text: str) -> str:
    """Return the canonical source of an argument list such as `[1, 2], key='a'`, with every argument a literal.

    Raises:
        LiteralError: it is not an argument list, or an argument is not a literal.
    """
    return call_arguments(_parse_call(text))


def parse_arguments(text: str) -> list[tuple[str | None, ast.expr]]:
    """Return the arguments of a list such as `[1, 2], key=g(3)`, each with its keyword or None; nothing of it is run.

    Raises:
        LiteralError: it is not an argument list.
    """
    call = _parse_call(text)
    return [*((None, each) for each in call.args), *((keyword.arg, keyword.value) for keyword in call.keywords)]


def _parse_call(text: str) -> ast.Call:
    call = parse(f"f({text}\n)")
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise LiteralError(f"not an argument list: {_shorten(text)}")
    return call


def call_arguments(call: ast.Call) -> str:
    """Return the canonical source of a parsed call's arguments, each a literal.

    Raises:
        LiteralError: an argument is not a literal, is starred, or a keyword is given twice.
    """
    names = [keyword.arg for keyword in call.keywords]
    if None in names or len(set(names)) < len(names):
        raise LiteralError("keyword arguments must be named, each once")
    budget = [MAX_MADE]
    try:
        values = [_source(argument, budget) for argument in call.args]
        named = [f"{keyword.arg}={_source(keyword.value, budget)}" for keyword in call.keywords]
    except NotWritable as error:
        raise LiteralError(str(error)) from None
    return ", ".join(values + named)


def _source(node: ast.expr, budget: list[int]) -> str:
    """Return the canonical text of a literal; one with a set is left as written, as the order can matter."""
    text = write(_value(node, MAX_DEPTH, budget))
    if "{" in text and any(isinstance(part, ast.Set) and len(part.elts) > 1 for part in ast.walk(node)):
        return _as_written(node)
    return text


def _as_written(node: ast.expr) -> str:
    """Return the text of an expression that is known to be a literal."""
    match node:
        case ast.Set(elts=items):
            return "{" + ", ".join(map(_as_written, items)) + "}"
        case ast.List(elts=items):
            return "[" + ", ".join(map(_as_written, items)) + "]"
        case ast.Tuple(elts=items):
            return "(" + ", ".join(map(_as_written, items)) + (",)" if len(items) == 1 else ")")
        case ast.Dict(keys=keys, values=values):
            pairs = [(_as_written(key), _as_written(item)) for key, item in zip(keys, values, strict=True) if key]
            return "{" + ", ".join([f"{key}: {item}" for key, item in pairs]) + "}"
        case ast.Call(func=ast.Name(id=name), args=arguments):
            named = [f"{keyword.arg}={_as_written(keyword.value)}" for keyword in node.keywords]
            return f"{name}({', '.join([*map(_as_written, arguments), *named])})"
    return write(value_of(node))


def value_of(node: ast.expr) -> Any:
    """Return the value of a parsed literal, or raise LiteralError if the expression is not a literal."""
    return _value(node, MAX_DEPTH, [MAX_MADE])


def is_literal(node: ast.expr) -> bool:
    """Return whether a parsed expression is a literal."""
    try:
        value_of(node)
    except LiteralError:
        return False
    return True


def parse(text: str, max_chars: int = MAX_CHARS) -> ast.expr:
    """Parse one expression, without running it; every way in which the parser can fail becomes LiteralError."""
    tree = _parse(text, "eval", max_chars)
    assert isinstance(tree, ast.Expression)
    return tree.body


def parse_statement(text: str, max_chars: int = MAX_CHARS) -> ast.stmt:
    """Parse one statement, without running it.

    Raises:
        LiteralError: it is not Python, or not exactly one statement.
    """
    statements = parse_statements(text, max_chars)
    if len(statements) != 1:
        raise LiteralError(f"{len(statements)} statements where one is expected: {_shorten(text)}")
    return statements[0]


def parse_statements(text: str, max_chars: int = MAX_CHARS) -> list[ast.stmt]:
    """Parse a piece of a program, without running it.

    Raises:
        LiteralError: it is not Python, longer than max_chars, or of more than MAX_STATEMENTS statements.
    """
    tree = _parse(text, "exec", max_chars)
    assert isinstance(tree, ast.Module)
    return tree.body


def same_expression(left: ast.expr, right: ast.expr) -> bool:
    """Return whether two parsed expressions are the same text, apart from white space and the kind of quotes."""
    pairs: list[tuple[Any, Any]] = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        if type(one) is not type(other):
            return False
        if isinstance(one, ast.AST):
            pairs += [(getattr(one, name, None), getattr(other, name, None)) for name in one._fields]
        elif isinstance(one, list):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif one != other:
            return False
    return True


def _parse(text: str, mode: str, max_chars: int) -> ast.AST:
    if len(text) > max_chars:
        raise LiteralError(f"the text has {len(text)} characters, more than {max_chars}")
    text = text.strip(_BLANK)
    if "\r" in text:  # Python ends lines there too, also inside strings
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > _SHORT:
        text = affordable(text)
    if mode == "exec":
        check_statements(text)  # of no more tokens than can be afforded: it reads all of them
    try:
        with _silence() if _WARNS.search(text) else nullcontext():
            tree = ast.parse(text, mode=mode)
    except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        raise LiteralError(f"not Python ({_shorten(reason)}): {_shorten(text)}") from None
    if not text.isascii():
        _refuse_disguised_names(tree, text)
    return tree


@contextmanager
def _silence() -> Iterator[None]:
    """Suppress the parser's warnings; one thread at a time, as the filters belong to the whole process."""
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _refuse_disguised_names(tree: ast.AST, text: str) -> None:
    """Refuse names that Python normalises (NFKC): it reads a fullwidth `ｆ(1)` as a call of `f`."""
    lines = [line.encode() for line in text.split("\n")]
    for node in ast.walk(tree):
        name = node.id if isinstance(node, ast.Name) else node.arg if isinstance(node, ast.keyword) else None
        if name is not None and not lines[node.lineno - 1].startswith(name.encode(), node.col_offset):  # type: ignore[attr-defined]
            raise LiteralError(f"the name {_shorten(name)} is written in other characters")


def _value(node: ast.AST, depth: int, budget: list[int]) -> Any:
    """Return the value of a node; `depth` levels may still follow, constructors may still make `budget[0]` elements."""
    if depth == 0:
        raise LiteralError(f"the literal is nested deeper than {MAX_DEPTH} levels")
    reader = _READERS.get(type(node))
    return reader(node, depth - 1, budget) if reader else _refuse(node)


def _refuse(node: ast.AST) -> NoReturn:
    raise LiteralError(f"not a literal: {_describe(node)}")


def _list(node: ast.List, depth: int, budget: list[int]) -> list[object]:
    return [item.value if type(item) is ast.Constant else _value(item, depth, budget) for item in node.elts]


def _tuple(node: ast.Tuple, depth: int, budget: list[int]) -> tuple[object, ...]:
    return tuple([item.value if type(item) is ast.Constant else _value(item, depth, budget) for item in node.elts])


def _set(node: ast.Set, depth: int, budget: list[int]) -> set[object]:
    return set(_hashable([_value(item, depth, budget) for item in node.elts]))


def _dict(node: ast.Dict, depth: int, budget: list[int]) -> dict[object, object]:
    names = _hashable([_refuse(node) if key is None else _value(key, depth, budget) for key in node.keys])
    return dict(zip(names, [_value(value, depth, budget) for value in node.values], strict=True))


def _hashable(values: list[object]) -> list[object]:
    check_members(values, write)
    return values


def _signed(node: ast.UnaryOp, depth: int, budget: list[int]) -> object:
    if not isinstance(node.op, ast.USub | ast.UAdd) or isinstance(node.operand, ast.UnaryOp):
        _refuse(node)
    value = _value(node.operand, depth, budget)
    if type(value) not in (int, float, complex):
        raise LiteralError("a sign comes before something that is not a number")
    return -value if isinstance(node.op, ast.USub) else +value


def _complex_sum(node: ast.BinOp, depth: int, budget: list[int]) -> complex:
    right = node.right.value if isinstance(node.right, ast.Constant) else None
    if type(right) is not complex or not isinstance(node.op, ast.Add | ast.Sub) or isinstance(node.left, ast.BinOp):
        _refuse(node)
    left = _value(node.left, depth, budget)
    if type(left) not in (int, float):
        raise LiteralError("only a number and an imaginary number can be added in a literal")
    try:
        return complex(left) + right if isinstance(node.op, ast.Add) else complex(left) - right
    except OverflowError as error:
        raise LiteralError(f"no complex number: {error}") from None


def _name(node: ast.Name, depth: int, budget: list[int]) -> object:
    if node.id == "Ellipsis":
        return ...
    return float(node.id) if node.id in ("nan", "inf") else _refuse(node)


_CONSTRUCTORS: dict[str, Callable[..., object]] = {
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


def _construct(node: ast.Call, depth: int, budget: list[int]) -> object:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in _CONSTRUCTORS:
        _refuse(node)
    names = [keyword.arg for keyword in node.keywords]
    if names and (name != "dict" or None in names or len(set(names)) < len(names)):
        raise LiteralError(f"{name}() takes no such keyword arguments in a literal")
    arguments = [_value(argument, depth, budget) for argument in node.args]
    keywords = {keyword.arg: _value(keyword.value, depth, budget) for keyword in node.keywords if keyword.arg}
    _check(name, arguments, budget)
    try:
        return _CONSTRUCTORS[name](*arguments, **keywords)
    except (TypeError, ValueError, OverflowError, MemoryError) as error:
        raise LiteralError(f"{name}(...) is not a value: {_shorten(str(error))}") from None


def _check(name: str, arguments: list[Any], budget: list[int]) -> None:
    """Refuse arguments that are not literal notation, have no fixed order, or make too many elements."""
    if name == "float" and not (len(arguments) == 1 and type(arguments[0]) in (str, int, float)):
        raise LiteralError("float() takes one number or string in a literal")
    if name == "bytearray" and arguments and not isinstance(arguments[0], bytes):
        raise LiteralError("bytearray() takes bytes in a literal")
    if name == "range":
        check_range(arguments)
    if name == "dict":
        for argument in arguments:
            _check_pairs(argument)
    if name in ("list", "tuple", "set", "frozenset"):
        for argument in arguments:
            size = length(argument)
            spend(size, budget)
            if name.endswith("set"):
                _hashable(list(argument) if size else [])
            elif size > 1 and isinstance(argument, set | frozenset):
                raise LiteralError(f"{name}() of a set has no fixed order")


def _check_pairs(argument: object) -> None:
    """Refuse what dict() would unfold: it takes anything of length two for a pair."""
    if type(argument) is dict:
        return
    if type(argument) not in (list, tuple) or not all(type(pair) in _PAIRS and len(pair) == 2 for pair in argument):  # type: ignore[attr-defined]
        raise LiteralError("dict() takes a dict or a list of pairs in a literal")
    _hashable([pair[0] for pair in argument])  # type: ignore[attr-defined]


_PAIRS = frozenset({list, tuple, str})
_READERS: dict[type, Callable[..., object]] = {
    ast.Constant: lambda node, depth, budget: node.value,
    ast.List: _list,
    ast.Tuple: _tuple,
    ast.Set: _set,
    ast.Dict: _dict,
    ast.UnaryOp: _signed,
    ast.BinOp: _complex_sum,
    ast.Name: _name,
    ast.Call: _construct,
}


def _describe(node: ast.AST) -> str:
    """Return the source of a refused expression, or its type's name if it is too large to be written."""
    try:
        small = sum(1 for _ in islice(ast.walk(node), 100)) < 100
        return _shorten(ast.unparse(node)) if small else type(node).__name__
    except (RecursionError, ValueError):
        return type(node).__name__


def _shorten(text: str) -> str:
    text = " ".join(text[:1200].encode("utf-8", "backslashreplace").decode().split())
    return text if len(text) <= 60 else text[:59] + "…"
