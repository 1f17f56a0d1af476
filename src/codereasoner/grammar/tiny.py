"""The narrowest rung: programs that a transformer of half a million parameters learns to follow in minutes.

    def f(x):
        x.append(3)
        x = x[::-1]
        return x
    assert f([1, 2]) == ??

One to three statements (or as many as are asked for) of eight forms over a list of two to four digits, or of five
forms over a string of two to four letters. Every character of a program and of its chain is a token for the embedded
model, so names are one letter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from codereasoner.grammar.draft import Draft, number, pick

TYPES = ("list", "str")
LENGTHS = (2, 4)  # of an argument
MAX_LENGTH = 6  # of a value on the way
LETTERS = "abcdefghijkl"
NAMES = frozenset("xs")
CALLS = {1: 8, 2: 4, 3: 2, 4: 2, 5: 2}
"""Calls for a program of so many statements: there are few short programs, and they teach the single step."""


def tiny(random: Random, types: Sequence[str] = TYPES, statements: int | None = None) -> Draft:
    """One program of the narrowest rung, with its calls: of so many statements, or of one to three."""
    kind = pick(random, types)
    name = "x" if kind == "list" else "s"
    statements = statements or number(random, 1, 3)
    body: list[str] = []
    used: list[str] = []
    low, high = LENGTHS
    while len(body) < statements:
        form = pick(random, _FORMS[kind])
        change, write, bars = form
        if low + change < 1 or high + change > MAX_LENGTH or (used and used[-1] in bars):
            continue
        low, high = low + change, high + change
        body.append(write(random))
        used.append(write.__name__.lstrip("_"))
    lines = [f"def f({name}):", *body, f"return {name}"]

    def write_calls() -> tuple[str, ...]:
        return tuple({_argument(random, kind): None for _ in range(CALLS[statements])})

    features = {"difficulty": statements, "statements": statements, "constructs": sorted(set(used)), "types": [kind]}
    return Draft("\n    ".join(lines), "f", write_calls, NAMES, features)


def _argument(random: Random, kind: str) -> str:
    length = number(random, *LENGTHS)
    if kind == "list":
        return repr([number(random, 0, 9) for _ in range(length)])
    return repr("".join(_letter(random) for _ in range(length)))


def _letter(random: Random) -> str:
    return LETTERS[number(random, 0, len(LETTERS) - 1)]


def _append(random: Random) -> str:
    return f"x.append({number(random, 0, 9)})"


def _insert(random: Random) -> str:
    return f"x.insert(0, {number(random, 0, 9)})"


def _pop(random: Random) -> str:
    return "x.pop()"


def _sort(random: Random) -> str:
    return "x.sort()"


def _reverse(random: Random) -> str:
    return "x = x[::-1]"


def _rest(random: Random) -> str:
    return "x = x[1:]"


def _set_first(random: Random) -> str:
    return f"x[0] = {number(random, 0, 9)}"


def _set_last(random: Random) -> str:
    return f"x[-1] = {number(random, 0, 9)}"


def _reverse_text(random: Random) -> str:
    return "s = s[::-1]"


def _rest_text(random: Random) -> str:
    return "s = s[1:]"


def _start_text(random: Random) -> str:
    return "s = s[:-1]"


def _end_text(random: Random) -> str:
    return f"s = s + '{_letter(random)}'"


def _begin_text(random: Random) -> str:
    return f"s = '{_letter(random)}' + s"


_FORMS: dict[str, list[tuple[int, Callable[[Random], str], tuple[str, ...]]]] = {
    "list": [  # change of length, form, the forms it must not follow because it would undo or repeat them
        (1, _append, ()),
        (1, _insert, ()),
        (-1, _pop, ("append", "set_last")),
        (0, _sort, ("sort", "reverse")),
        (0, _reverse, ("reverse",)),
        (-1, _rest, ("insert", "set_first")),
        (0, _set_first, ("set_first", "insert")),
        (0, _set_last, ("set_last", "append")),
    ],
    "str": [
        (0, _reverse_text, ("reverse_text",)),
        (-1, _rest_text, ("begin_text",)),
        (-1, _start_text, ("end_text",)),
        (1, _end_text, ()),
        (1, _begin_text, ()),
    ],
}
