"""Compare two values with their types, at every depth."""

from __future__ import annotations

from typing import Any


def equal(left: object, right: object) -> bool:
    """Are two values that `read` can return the same value of the same type, at every depth?

    True is not 1, 1 is not 1.0, 0.0 is not -0.0, [1] is not (1,); nan equals nan; the order of sets and of dict
    keys does not matter.
    """
    return _key(left) == _key(right)


def _key(value: Any) -> object:
    kind = type(value)
    if kind in (list, tuple):
        return kind, tuple(map(_key, value))
    if kind is dict:
        return kind, frozenset((_key(name), _key(item)) for name, item in value.items())
    if kind in (set, frozenset):
        return kind, frozenset(map(_key, value))
    if kind in (float, complex):
        return kind, repr(value)
    if kind is range:
        return kind, value.start, value.stop, value.step
    return kind, bytes(value) if kind is bytearray else value
