"""Write any value of a program as text without calling the program's code: its literal, or a mark in angle brackets.

    [1, 2]                       a value with a literal
    <Point x=1, y=[2, 3]>        an instance: its type's name and its attributes
    <list [1, <Point x=1, y=2>]> a container that holds something without a literal
    <deque [1, 2]>, <Counter {'a': 1}>, <function f>, <generator g>, <list of 90000 items>

No literal begins with `<`, so a mark is never taken for a value. This file also runs inside the workers.
"""

from __future__ import annotations

from collections import deque

from codereasoner.literals.write import NotWritable, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MAX_DEPTH = 12  # of a mark: deeper objects are written as their type's name only
MAX_ITEMS = 1_000  # of one container inside a mark

_type, _len, _id, _isinstance = type, len, id, isinstance
_getattribute = object.__getattribute__
_type_getattribute = type.__getattribute__
_function = type(write)
_named: tuple[type, ...] = (_function, type(len), type((lambda: (yield))()), type([].__iter__), type(write.__get__))
_BUILT_IN_BASES = (dict, list, tuple, set, frozenset, str, bytes, int, float, BaseException, deque)


def describe(value: object, max_chars: int) -> str:
    """The literal of a value, or its mark; neither is longer than max_chars, give or take a type's name."""
    try:
        return write(value, max_chars)
    except NotWritable:
        pass
    text = _mark(value, MAX_DEPTH, [])
    if _len(text) <= max_chars:
        return text
    return f"<{_size(value)}>"


def type_name(value: object) -> str:
    """The name of the value's type, read without asking the type."""
    kind = _type(value)
    name = _type_getattribute(kind, "__name__")
    return name if _type(name) is str else "object"


def _size(value: object) -> str:
    name = type_name(value)
    base: Any
    for base in (list, tuple, dict, set, frozenset, deque):
        if _isinstance_exactly(value, base):
            return f"{name} of {base.__len__(value)} items"  # type: ignore[arg-type]
    for base in (str, bytes, bytearray):
        if _isinstance_exactly(value, base):
            return f"{name} of length {base.__len__(value)}"  # type: ignore[arg-type]
    if _type(value) is int:
        return f"int of {int.bit_length(value)} bits"  # type: ignore[arg-type]
    return f"{name} too long to show"


def _isinstance_exactly(value: object, base: type) -> bool:
    """Like isinstance, but not to be deceived by a `__class__` of the program."""
    return base in _type_getattribute(_type(value), "__mro__")


def _item(value: object, depth: int, path: list[int]) -> str:
    try:
        return write(value, 1000)
    except NotWritable:
        return _mark(value, depth, path)


def _mark(value: Any, depth: int, path: list[int]) -> str:
    name = type_name(value)
    kind = _type(value)
    if kind in _named:
        own = value.__name__
        return f"<{name} {own}>" if _type(own) is str else f"<{name}>"
    if depth == 0 or _id(value) in path:
        return f"<{name} ...>"
    path.append(_id(value))
    parts = [*_contents(value, depth, path), *_attributes(value, depth, path)]
    path.pop()
    return f"<{name} {', '.join(parts)}>" if parts else f"<{name}>"


def _contents(value: Any, depth: int, path: list[int]) -> list[str]:
    mro = _type_getattribute(_type(value), "__mro__")
    if type in mro:
        own = _type_getattribute(value, "__name__")
        return [own] if _type(own) is str else []
    for base in _BUILT_IN_BASES:
        if base in mro:
            break
    else:
        return []
    if base is dict:
        pairs = _first(dict.items(value))
        return ["{" + ", ".join([f"{_item(k, depth - 1, path)}: {_item(v, depth - 1, path)}" for k, v in pairs]) + "}"]
    if base is list or base is deque:
        return ["[" + _join(base.__iter__(value), depth, path) + "]"]
    if base is tuple:
        return ["(" + _join(tuple.__iter__(value), depth, path) + (",)" if tuple.__len__(value) == 1 else ")")]
    if base is set or base is frozenset:
        return [
            "{" + ", ".join(sorted([_item(member, depth - 1, path) for member in _first(base.__iter__(value))])) + "}"
        ]
    if base is BaseException:
        return [_item(argument, depth - 1, path) for argument in BaseException.args.__get__(value)]  # type: ignore[attr-defined]
    return [base.__repr__(value)] if _len(base.__repr__(value)) < 1000 else []


def _join(values: Iterable[object], depth: int, path: list[int]) -> str:
    return ", ".join([_item(item, depth - 1, path) for item in _first(values)])


def _first(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        found.append(value)
        if _len(found) == MAX_ITEMS:
            break
    return found


def _attributes(value: object, depth: int, path: list[int]) -> list[str]:
    """`name=value` for everything in the instance's own dict."""
    try:
        own = _getattribute(value, "__dict__")
    except AttributeError:
        return []
    if _type(own) is not dict or _type(value) is type:
        return []
    return [f"{name}={_item(item, depth - 1, path)}" for name, item in _first(own.items()) if _type(name) is str]
