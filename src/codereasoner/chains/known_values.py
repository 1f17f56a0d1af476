"""Values that are computed from the text of a trace: their literals, and the items of what has none."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from codereasoner import literals
from codereasoner.chains.pure_operations import MAX_LENGTH
from codereasoner.literals.work_limits import length


class Unknown(Exception):
    """Raised where the value of a part cannot be computed."""


class Items(list[object]):
    """The items of what is no list to the program: of an iterator, or of a view of a dictionary, which has a length."""

    is_view = False


def text_of(value: object) -> str:
    """Return the literal of a value.

    Raises:
        Unknown: it has none, or one that is too long.
    """
    try:
        return literals.write(list(value) if isinstance(value, Items) else value, MAX_LENGTH)
    except literals.NotWritable:
        raise Unknown from None


def texts_of(values: Mapping[str, object]) -> dict[str, str]:
    """Return the literals of values by name, or raise Unknown if one has none, or one that is too long."""
    return {name: text_of(value) for name, value in values.items()}


def silently(compute: Callable[[], Any], is_view: bool) -> Any:
    """Return the items of what has no literal, such as `zip(a, b)` or a view of a dictionary; a range as it is.

    Raises:
        Unknown: it fails, or has too many.
    """
    try:
        result = compute()
        if isinstance(result, range):
            items: Any = result
        else:
            items = Items(islice(result, MAX_LENGTH + 1))
            items.is_view = is_view
    except (TypeError, ValueError):
        raise Unknown from None
    if length(items) > MAX_LENGTH:
        raise Unknown
    return items
