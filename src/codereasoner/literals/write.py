"""Write a Python value as literal text.

This file also runs inside the isolated workers, beside programs that nobody trusts: it imports nothing at run
time, binds every built-in it uses, looks at exact built-in types only, and so calls no code of a program.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

MAX_CHARS = 100_000  # of one literal
MAX_DEPTH = 60  # nested containers; CPython's own parser gives up at 200 brackets
HEX_BITS = 10_000  # integers above this are written in base 16, which has no digit limit in CPython

_repr, _type, _sorted, _len = repr, type, sorted, len


class NotWritable(ValueError):
    """The value has no faithful literal; the message is one sentence that says why."""


def write(value: object, max_chars: int = MAX_CHARS) -> str:
    """The canonical literal of a value: `read(write(v))` equals v, and equal sets give equal text.

    Only exact built-in types are written, so no `__repr__` of a program is ever called.

    Raises:
        NotWritable: the value, or something in it, has no faithful literal, holds itself, is nested deeper
            than MAX_DEPTH, or would be longer than max_chars.
    """
    parts: list[str] = []
    size = 0
    for part in _write(value, MAX_DEPTH):
        size += _len(part)
        if size > max_chars:
            raise NotWritable(f"the literal is longer than {max_chars} characters")
        parts.append(part)
    return "".join(parts)


def _write(value: Any, depth: int) -> Iterator[str]:
    kind = _type(value)
    if value is None or kind is bool or kind is str or kind is bytes or value is Ellipsis:
        yield _repr(value)
    elif kind is int:
        yield _repr(value) if value.bit_length() <= HEX_BITS else hex(value)
    elif kind is float:
        yield _float(value)
    elif kind is complex:
        yield f"complex({_float(value.real)}, {_float(value.imag)})"
    elif kind is range or kind is bytearray:
        yield _repr(value)
    elif depth == 0:
        raise NotWritable(f"the value is nested deeper than {MAX_DEPTH} levels, or holds itself")
    elif kind is list:
        yield from _sequence("[", value, "]", depth)
    elif kind is tuple:
        yield from _sequence("(", value, ",)" if _len(value) == 1 else ")", depth)
    elif kind is dict:
        yield from _dict(value, depth)
    elif kind is set or kind is frozenset:
        yield from _set(value, kind, depth)
    else:
        raise NotWritable(f"a value of type {_type_name(kind)} has no literal")


def _float(value: float) -> str:
    text = _repr(value)
    return text if text[-1].isdigit() or "." in text else f"float('{text}')"


def _sequence(opening: str, values: Iterable[object], closing: str, depth: int) -> Iterator[str]:
    yield opening
    first = True
    for value in values:
        if not first:
            yield ", "
        first = False
        yield from _write(value, depth - 1)
    yield closing


def _dict(value: dict[object, object], depth: int) -> Iterator[str]:
    yield "{"
    first = True
    for key, item in value.items():
        if not first:
            yield ", "
        first = False
        yield from _write(key, depth - 1)
        yield ": "
        yield from _write(item, depth - 1)
    yield "}"


def _set(value: Iterable[object], kind: type, depth: int) -> Iterator[str]:
    texts = [("".join(_write(member, depth - 1)), member) for member in value]
    members = [text for text, _ in _sorted(texts, key=_set_order)]
    if kind is frozenset:
        yield "frozenset({" + ", ".join(members) + "})" if members else "frozenset()"
    else:
        yield "{" + ", ".join(members) + "}" if members else "set()"


def _set_order(pair: tuple[str, Any]) -> tuple[int, int, str]:
    """Integers first and by size, the rest by text: the order that a reader expects."""
    text, member = pair
    return (0, member, "") if _type(member) is int else (1, 0, text)


def _type_name(kind: type) -> str:
    return type.__getattribute__(kind, "__name__") if _type(kind) is type else "an object of its own metaclass"
