"""Write a Python value as literal text.

This file also runs inside the isolated workers, next to untrusted programs: it imports nothing at run
time, binds every built-in it uses before a program can replace one, looks at exact built-in types only, and so
calls no code of a program.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

MAX_CHARS = 100_000  # of one literal
MAX_DEPTH = 60  # nested containers; CPython's own parser gives up at 200 brackets
HEX_BITS = 10_000  # integers above this are written in base 16, which has no digit limit in CPython

_repr, _type, _sorted, _len, _hex, _list = repr, type, sorted, len, hex, list
_int, _str, _frozenset = int, str, frozenset
_type_text = type.__dict__["__name__"].__get__


class NotWritable(ValueError):
    """The value has no faithful literal; the message is one sentence that says why."""


class TooLong(NotWritable):
    """The value has a literal, but it is longer than was allowed."""


_ValueError, _RecursionError, _NotWritable, _TooLong = ValueError, RecursionError, NotWritable, TooLong


def write(value: object, max_chars: int = MAX_CHARS) -> str:
    """Return the canonical literal of a value: `read(write(v))` equals v, and equal sets give equal text.

    Only exact built-in types are written, so no `__repr__` of a program is ever called.

    Raises:
        NotWritable: the value, or something in it, has no faithful literal, holds itself, or is nested deeper
            than MAX_DEPTH. TooLong: the literal would be longer than max_chars.
    """
    room = [max_chars, max_chars]
    try:
        text = _write(value, MAX_DEPTH, room)
    except _RecursionError:  # a program may lower the interpreter's recursion limit
        raise _NotWritable("the value is nested deeper than the interpreter's recursion limit allows") from None
    if _len(text) > max_chars:
        raise _too_long(room)
    return text


def _write(value: Any, depth: int, room: list[int]) -> str:
    """Return the literal; `room` holds the characters that are left, which shrink on the way, and their limit."""
    kind = _type(value)
    writer = WRITERS.get(kind) if _type(kind) is _type else None
    if writer is None:
        raise _NotWritable(f"a value of type {_type_name(kind)} has no literal")
    if depth == 0 and kind in _CONTAINERS:
        raise _NotWritable(f"the value is nested deeper than {MAX_DEPTH} levels, or holds itself")
    if kind in _SIZED and _len(value) > room[0]:
        raise _too_long(room)
    text = writer(value, depth - 1, room)
    if kind not in _CONTAINERS:
        room[0] -= _len(text)
        if room[0] < 0:
            raise _too_long(room)
    return text


def _too_long(room: list[int]) -> TooLong:
    return _TooLong(f"the literal is longer than {room[1]} characters")


def _write_atom(value: object, depth: int, room: list[int]) -> str:
    return _repr(value)


def _write_ellipsis(value: object, depth: int, room: list[int]) -> str:
    return "..."


def _write_int(value: int, depth: int, room: list[int]) -> str:
    if value.bit_length() > 4 * room[0]:
        raise _too_long(room)
    try:
        return _repr(value) if value.bit_length() <= HEX_BITS else _hex(value)
    except _ValueError:  # a program may lower the interpreter's digit limit
        return _hex(value)


def _write_range(value: range, depth: int, room: list[int]) -> str:
    numbers = (value.start, value.stop) if value.step == 1 else (value.start, value.stop, value.step)
    return "range(" + ", ".join([_write_int(number, 0, room) for number in numbers]) + ")"


def _write_float(value: float, depth: int, room: list[int]) -> str:
    text = _repr(value)
    return text if text[-1] in "0123456789" else f"float('{text}')"


def _write_complex(value: complex, depth: int, room: list[int]) -> str:
    return f"complex({_write_float(value.real, 0, room)}, {_write_float(value.imag, 0, room)})"


def _write_list(value: list[object], depth: int, room: list[int]) -> str:
    return "[" + _joined(value, depth, room) + "]"


def _write_tuple(value: tuple[object, ...], depth: int, room: list[int]) -> str:
    return "(" + _joined(value, depth, room) + (",)" if _len(value) == 1 else ")")


def _joined(values: Iterable[object], depth: int, room: list[int]) -> str:
    texts = [_write(value, depth, room) for value in _list(values)]
    room[0] -= 2 * _len(texts)
    return ", ".join(texts)


def _write_dict(value: dict[object, object], depth: int, room: list[int]) -> str:
    pairs = _list(value.items())
    room[0] -= 4 * _len(pairs)
    return "{" + ", ".join([_write(key, depth, room) + ": " + _write(item, depth, room) for key, item in pairs]) + "}"


def _write_set(value: Iterable[object], depth: int, room: list[int]) -> str:
    texts = [(_write(member, depth, room), member) for member in _list(value)]
    room[0] -= 2 * _len(texts)
    members = ", ".join([text for text, _ in _sorted(texts, key=_set_order)])
    if _type(value) is _frozenset:
        return "frozenset({" + members + "})" if members else "frozenset()"
    return "{" + members + "}" if members else "set()"


def _set_order(pair: tuple[str, Any]) -> tuple[int, int, str]:
    """Order integers by size and before all else, which is ordered by text."""
    text, member = pair
    return (0, member, "") if _type(member) is _int else (1, 0, text)


def _type_name(kind: type) -> str:
    return _str.__str__(_type_text(kind))


WRITERS: dict[type, Callable[[Any, int, list[int]], str]] = {
    type(None): _write_atom,
    type(Ellipsis): _write_ellipsis,
    bool: _write_atom,
    str: _write_atom,
    bytes: _write_atom,
    bytearray: _write_atom,
    range: _write_range,
    int: _write_int,
    float: _write_float,
    complex: _write_complex,
    list: _write_list,
    tuple: _write_tuple,
    dict: _write_dict,
    set: _write_set,
    frozenset: _write_set,
}
_CONTAINERS = frozenset({list, tuple, dict, set, frozenset})
_SIZED = frozenset({list, tuple, dict, set, frozenset, str, bytes, bytearray})
