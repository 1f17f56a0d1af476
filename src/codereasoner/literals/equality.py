"""Compare two values with their types, at every depth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any


def equal(left: Any, right: Any) -> bool:
    """Return whether two values that `read` can return are equal and of equal type, at every depth.

    True is not 1, 1 is not 1.0, 0.0 is not -0.0, [1] is not (1,); nan equals nan; the order of sets and of dict
    keys does not matter.
    """
    kind = type(left)
    if kind is not type(right):
        return False
    if kind is list or kind is tuple:
        return len(left) == len(right) and all(map(equal, left, right))
    if kind in _SIMPLE:
        return bool(left == right)
    if kind in _SIZED and len(left) != len(right):
        return False
    return key(left) == key(right)


_SIZED = frozenset({dict, set, frozenset})
_SIMPLE = frozenset({str, int, bool, bytes, bytearray, type(None), type(Ellipsis)})


def key(value: Any) -> Hashable:
    """Return a hashable object that is the same for two values exactly if they are `equal`."""
    kind = type(value)
    if kind is list or kind is tuple:
        return kind, tuple(map(key, value))
    if kind is dict:
        return kind, _counted((key(name), key(item)) for name, item in value.items())
    if kind is set or kind is frozenset:
        return kind, _counted(map(key, value))
    if kind is float or kind is complex:
        return kind, repr(value)
    if kind is range:
        return kind, value.start, value.stop, value.step
    return kind, bytes(value) if kind is bytearray else value


def _counted(keys: Iterable[Hashable]) -> Hashable:
    """Count keys: a set may hold nan more than once."""
    return frozenset(Counter(keys).items())
