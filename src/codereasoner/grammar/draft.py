"""A program before it has a split and a key, its shape, and the random draws that make it."""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from random import Random
from typing import TypedDict, TypeVar

from codereasoner.errors import ConfigError
from codereasoner.records import content_id

T = TypeVar("T")

SHARES = {"train": 10, "rl": 4, "test": 2}
"""Sixteenths of all programs that belong to each split."""


class Features(TypedDict, total=False):
    """Properties of a program that its author knows."""

    difficulty: int
    statements: int
    depth: int  # of its control flow
    helper: bool  # it has a helper function
    constructs: list[str]
    types: list[str]  # of the parameters


@dataclass(frozen=True)
class Draft:
    """A program that was written: source, entry, calls, the names that were chosen, and features."""

    source: str
    entry: str
    write_calls: Callable[[], tuple[str, ...]]  # asked only for a program that is kept
    names: frozenset[str] = frozenset()  # the names that could have been chosen otherwise
    features: Features = field(default_factory=Features)
    plain: str = ""  # the source without brackets that change nothing, where it has such
    entries: frozenset[str] = frozenset()  # the lines of the tables that it was written from

    @property
    def shape(self) -> str:
        """The source with its own names numbered: programs that differ in names and quotes have one shape."""
        return numbered(self.plain or self.source, self.names)


_WORDS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|(?<![.\w])[A-Za-z_]\w*")


def numbered(source: str, names: frozenset[str]) -> str:
    """Return a source with its names replaced by `v0`, `v1` ... in order of appearance, and strings in single quotes.

    Attributes keep their names, also where a variable has the same one: `text.replace(char, replace)`.
    """
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        word = match.group()
        if word[0] == '"' or "\\'" in word:
            return single(word)
        return numbers.setdefault(word, f"v{len(numbers)}") if word in names else word

    return _WORDS.sub(number, source)


def single(text: str) -> str:
    """Return a string literal in canonical form, as `repr` writes it; prefix letters are not part of the text."""
    if "\\" not in text and "'" not in text[1:-1] and '"' not in text[1:-1]:
        return f"'{text[1:-1]}'"
    try:
        return repr(ast.literal_eval(text))
    except (SyntaxError, ValueError):
        return text


def require_split(split: str) -> None:
    """Refuse a split that the grammar does not know."""
    if split not in SHARES:
        raise ConfigError(f"split '{split}' is unknown; there are: {', '.join(SHARES)}")


def split_of(shape: str) -> str:
    """Return the one split of programs of this shape, decided by a hash: splits are disjoint by construction."""
    bucket = int(content_id("split", shape), 16) % sum(SHARES.values())
    for split, share in SHARES.items():
        bucket -= share
        if bucket < 0:
            return split
    raise AssertionError("the shares add up to the number of buckets")


def pick(random: Random, items: Sequence[T]) -> T:
    """Return one of the items, each as likely. Only `random()` is used: its stream is the same in every Python."""
    return items[int(random.random() * len(items))]


def pick_share(random: Random, shares: Sequence[tuple[T, float]]) -> T:
    """Return one of the items, each with its share of the whole, 1; the last takes what the others leave."""
    left = random.random()
    for item, share in shares[:-1]:
        left -= share
        if left < 0:
            return item
    return shares[-1][0]


def number(random: Random, low: int, high: int) -> int:
    """Return an integer from low to high, both included."""
    return low + int(random.random() * (high - low + 1))


def pick_weighted(random: Random, weights: Mapping[T, float]) -> T:
    """Return one of the keys, in proportion to their weights."""
    left = random.random() * fsum(weights.values())
    for item, weight in weights.items():
        left -= weight
        if left < 0:
            return item
    return next(reversed(list(weights)))
