"""Values of every kind as they stand in the calls that people write: empty ones, long ones, mixed ones, odd strings.

The shares are near those of CRUXEval's calls (call_profile.py), with more of what is rare there.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from codereasoner.grammar.draft import number, pick, pick_share

WORDS = (
    *("apple", "red", "dog", "cat", "sun", "moon", "key", "value", "list", "code", "data", "name", "tree", "book"),
    *("open", "close", "run", "stop", "big", "small", "left", "right", "hello", "world", "python", "test", "line"),
    *("word", "text", "one", "two", "three", "the", "is", "of", "a", "to", "user", "id", "file", "page", "new"),
)
_SYLLABLES = (
    *("ba", "co", "di", "fu", "ge", "ha", "jo", "ki", "lu", "me", "no", "pa", "qui", "ro", "si", "tu", "ve", "wa"),
)
_ENDS = ("", "", "n", "r", "s", "t", "l", "m", "x", "y", "z")
_SEPARATORS = (
    *(" ",) * 14,
    *(", ", ",", "-", "_", "/", ".", "  ", "\n", ": ", " - ", "|", ";", "\t", "=", "+"),
    *("; ", "! ", "::", "--", "@", "&", "\\"),
)
_BEYOND = "éüñßçøåÄÖÜαβγλπжщя中文字日本語ı½€→☺😀"
_SIGNS = string.punctuation
_PRINTED = string.ascii_letters + string.digits + _SIGNS + "   "


def length(random: Random, most: int) -> int:
    """How long a string is, 1 to `most` characters: mostly short, with a long tail."""
    tiers = (((1, 4), 0.28), ((5, 10), 0.36), ((11, 20), 0.22), ((21, 38), 0.1), ((39, 60), 0.04))
    return min(most, number(random, *pick_share(random, tiers)))


def word(random: Random) -> str:
    """A word, known or made up, in some case."""
    if random.random() < 0.45:
        found = pick(random, WORDS)
    else:
        found = "".join(pick(random, _SYLLABLES) for _ in range(number(random, 1, 3))) + pick(random, _ENDS)
    chance = random.random()
    if chance < 0.8:
        return found
    if chance < 0.93:
        return found[0].upper() + found[1:]
    return found.upper() if chance < 0.97 else "".join(pick(random, (c, c.upper())) for c in found)


def text(random: Random, most: int = 60, empty: float = 0.05) -> str:
    """A string of at most `most` characters; with the share `empty` the empty one."""
    if random.random() < empty:
        return ""
    return pick_share(random, _TEXTS)(random, length(random, most))


def _of(letters: str) -> Callable[[Random, int], str]:
    return lambda random, size: "".join(pick(random, letters) for _ in range(size))


def _sentence(random: Random, size: int) -> str:
    separator = pick(random, _SEPARATORS)
    words = [word(random)]
    while len(separator.join(words)) < size:
        words.append(word(random) if random.random() < 0.9 else str(integer(random)))
    end = pick(random, (".", "!", "?", " ", "\n", "...", ",")) if random.random() < 0.2 else ""
    return separator.join(words)[: size - len(end)] + end if random.random() < 0.3 else separator.join(words)[:size]


def _few(random: Random, size: int) -> str:
    """A string of two or three different letters."""
    return _of("".join(pick(random, _PRINTED) for _ in range(number(random, 1, 3))))(random, size)


def _dotted(random: Random, size: int) -> str:
    """Plain letters with a few odd characters."""
    letters = list(_of(string.ascii_lowercase)(random, size))
    for _ in range(1 + size // 12):
        letters[int(random.random() * size)] = pick(random, _SIGNS + string.digits + " \n'\"")
    return "".join(letters)


_TEXTS: tuple[tuple[Callable[[Random, int], str], float], ...] = (
    (_of(string.ascii_lowercase), 0.22),
    (_sentence, 0.24),
    (lambda random, size: word(random)[:size], 0.08),
    (_of(string.ascii_letters), 0.05),
    (_of(string.ascii_letters + string.digits), 0.04),
    (_of(string.ascii_lowercase + string.digits), 0.04),
    (_of(string.digits), 0.06),
    (_dotted, 0.07),
    (_of(_PRINTED), 0.05),
    (_few, 0.05),
    (_of(_SIGNS + " "), 0.02),
    (_of(string.ascii_lowercase + " \n\t"), 0.06),
    (_of(string.ascii_lowercase + _BEYOND), 0.02),
)


def integer(random: Random) -> int:
    """A whole number: mostly one digit, some negative, a few large."""
    tiers = (((0, 9), 0.64), ((10, 99), 0.2), ((-99, -1), 0.08), ((100, 9999), 0.06), ((10_000, 10**9), 0.02))
    return number(random, *pick_share(random, tiers))


def decimal(random: Random) -> float:
    """A number with up to two digits after the point."""
    return number(random, -500, 9999) / pick(random, (2, 4, 10, 100))


def value(random: Random, depth: int = 2) -> Any:
    """A value of any kind that a call can hold; containers stand at most `depth` deep."""
    return of_type(random, pick_share(random, _KINDS if depth > 0 else _PLAIN), depth)


_KINDS = (
    *(("str", 0.4), ("int", 0.2), ("list", 0.18), ("dict", 0.1), ("tuple", 0.05), ("None", 0.02), ("bool", 0.02)),
    *(("float", 0.02), ("set", 0.01)),
)
_PLAIN = (("str", 0.5), ("int", 0.4), ("bool", 0.03), ("None", 0.03), ("float", 0.04))
_ITEMS = (("int", 0.5), ("str", 0.36), ("list", 0.06), ("tuple", 0.04), ("float", 0.02), ("dict", 0.01), ("bool", 0.01))
_KEYS = (("str", 0.72), ("int", 0.26), ("float", 0.02))
_HELD = (("int", 0.5), ("str", 0.3), ("list", 0.13), ("None", 0.02), ("bool", 0.02), ("float", 0.02), ("dict", 0.01))


def of_type(random: Random, kind: str, depth: int = 2) -> Any:
    """A value of a type, by its name; strings in containers are short."""
    if kind in _CONTAINERS:
        return _CONTAINERS[kind](random, depth - 1)
    if kind == "str":
        return text(random, 60 if depth >= 2 else 14)
    return _ATOMS[kind](random)


_ATOMS: Mapping[str, Callable[[Random], Any]] = {
    "int": integer,
    "float": decimal,
    "bool": lambda random: random.random() < 0.5,
    "None": lambda random: None,
}


def size(random: Random) -> int:
    """How many items a container holds."""
    return number(
        random, *pick_share(random, (((0, 0), 0.09), ((1, 1), 0.09), ((2, 4), 0.5), ((5, 9), 0.3), ((10, 14), 0.02)))
    )


def items(random: Random, depth: int) -> list[Any]:
    """The items of a list: mostly of one kind, some of several."""
    count = size(random)
    if depth < 1:
        count = min(count, 4)
    if random.random() < 0.15:
        return [value(random, depth) for _ in range(count)]
    kind = pick_share(random, _ITEMS if depth > 0 else _PLAIN)
    return [of_type(random, kind, depth) for _ in range(count)]


def _dict(random: Random, depth: int) -> dict[Any, Any]:
    keys = pick_share(random, _KEYS)
    held = pick_share(random, _HELD if depth > 0 else _PLAIN)
    mixed = random.random() < 0.15
    found: dict[Any, Any] = {}
    for _ in range(size(random)):
        found[key(random, keys)] = value(random, depth) if mixed else of_type(random, held, depth)
    return found


def key(random: Random, kind: str = "str") -> Any:
    """A key of a dict: a word, a short string, or a number."""
    if kind == "str":
        return word(random) if random.random() < 0.7 else text(random, 8)
    return of_type(random, kind)


def _set(random: Random, depth: int) -> set[Any]:
    kind = pick(random, ("int", "int", "str"))
    return {of_type(random, kind, 0) for _ in range(size(random))}


_CONTAINERS: Mapping[str, Callable[[Random, int], Any]] = {
    "list": items,
    "tuple": lambda random, depth: tuple(items(random, depth)),
    "dict": _dict,
    "set": _set,
}
