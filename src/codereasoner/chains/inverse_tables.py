"""The inverses of operators, built-in functions and methods that need no search: tables of functions of the result."""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from codereasoner import literals
from codereasoner.chains.known_values import Unknown

MAX_MADE = 100  # characters or items that are made up around a wanted value
MAX_INDEX = 12  # of a sequence that is made to have a value there


def _without(wanted: Any, other: Any, is_left: bool) -> Any:
    """Return what another value was added to."""
    if isinstance(wanted, int | float):
        return wanted - other
    size = len(other)
    place = len(wanted) - size if is_left else 0
    if place < 0 or not literals.equal(wanted[place : place + size], other):
        raise Unknown
    return wanted[:place] if is_left else wanted[size:]


def _divided(wanted: Any, other: Any, is_left: bool) -> Any:
    if type(other) is int and isinstance(wanted, str | list) and other > 0 and len(wanted) % other == 0:
        return wanted[: len(wanted) // other]
    if type(wanted) is not int or type(other) is not int or not other or wanted % other:
        raise Unknown
    return wanted // other


OPERATORS: dict[type[ast.operator], Callable[[Any, Any, bool], Any]] = {
    ast.Add: _without,
    ast.Sub: lambda wanted, other, is_left: wanted + other if is_left else other - wanted,
    ast.Mult: _divided,
    ast.BitXor: lambda wanted, other, is_left: wanted ^ other,
    ast.FloorDiv: lambda wanted, other, is_left: wanted * other if is_left else _divided(other, wanted, True),
    ast.Div: lambda wanted, other, is_left: _whole(wanted * other) if is_left else _whole(other / wanted),
    ast.Mod: lambda wanted, other, is_left: wanted if is_left else other + 1,
    ast.BitOr: lambda wanted, other, is_left: wanted,
}


def _whole(number: float) -> float:
    return int(number) if float(number).is_integer() else number


def spaced(wanted: Any, step: int) -> Any:
    return type(wanted)([item for each in wanted for item in [each] * step])


def holder(index: object, wanted: object) -> object:
    """Return what has the wanted value at an index or a key."""
    if type(index) is str:
        return {index: wanted}
    if type(index) is not int or abs(index) > MAX_INDEX:
        raise Unknown
    count = index + 1 if index >= 0 else -index
    return wanted * count if isinstance(wanted, str) and len(wanted) == 1 else [wanted] * count


def _text_of_number(wanted: object) -> str:
    if type(wanted) is not int:
        raise Unknown
    return str(wanted)


def _characters(wanted: object) -> str:
    if type(wanted) is not int or not 0 <= wanted <= MAX_MADE:
        raise Unknown
    return "a" * wanted


FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "ord": chr,
    "chr": ord,
    "int": _text_of_number,
    "str": literals.read,
    "len": _characters,
    "list": list,
    "tuple": list,
    "sorted": list,
    "reversed": lambda wanted: list(wanted)[::-1],
    "set": sorted,
    "dict": dict,
    "float": _whole,
    "abs": lambda wanted: wanted,
    "round": lambda wanted: wanted,
    "sum": lambda wanted: [wanted],
    "min": lambda wanted: [wanted],
    "max": lambda wanted: [wanted],
}
"""For each built-in function, an argument with which it gives a value."""

KEYS: Mapping[str, Callable[[Any], Any]] = {
    "keys": lambda wanted: dict.fromkeys(wanted, 1),
    "values": lambda wanted: dict(enumerate(wanted)),
    "items": dict,
    "copy": lambda wanted: wanted,
}
