"""A program before it has a split and a key, and the text by which two programs are the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol, TypeVar

from codereasoner.records import content_id

T = TypeVar("T")

SHARES = {"train": 10, "rl": 4, "test": 2}
"""Sixteenths of all programs that belong to each split."""


@dataclass(frozen=True)
class Draft:
    """What an author function made: source, entry, calls, the names it chose, and features."""

    source: str
    entry: str
    write_calls: Callable[[], tuple[str, ...]]  # asked only for a program that is kept
    names: frozenset[str] = frozenset()  # the names that could have been chosen otherwise
    features: Mapping[str, Any] = field(default_factory=dict)
    plain: str = ""  # the source without brackets that change nothing, where it has such

    @property
    def shape(self) -> str:
        """The source with its own names numbered in order: programs that differ in names and quotes have one shape."""
        return numbered(self.plain or self.source, self.names)


_WORDS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|(?<![.\w])[A-Za-z_]\w*")


def numbered(source: str, names: frozenset[str]) -> str:
    """Source with each of the names replaced by `v0`, `v1` ... in order of appearance, and strings in single quotes.

    An attribute is not one of them, also where a variable has its name: `text.replace(char, replace)`.
    """
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        word = match.group()
        if word[0] == '"' or "\\'" in word:
            return single(word)
        return numbers.setdefault(word, f"v{len(numbers)}") if word in names else word

    return _WORDS.sub(number, source)


def single(text: str) -> str:
    """A string literal in canonical form, as `repr` writes it; letters before its quotes are not part of the text."""
    if "\\" not in text and "'" not in text[1:-1] and '"' not in text[1:-1]:
        return f"'{text[1:-1]}'"
    try:
        return repr(ast.literal_eval(text))
    except (SyntaxError, ValueError):
        return text


def split_of(shape: str) -> str:
    """The one split that programs of this shape belong to, decided by a hash: splits are disjoint by construction."""
    bucket = int(content_id("split", shape), 16) % sum(SHARES.values())
    for split, share in SHARES.items():
        bucket -= share
        if bucket < 0:
            return split
    raise AssertionError("the shares add up to the number of buckets")


def pick(random: Random, items: Sequence[T]) -> T:
    """One of the items, each as likely. Only `random()` is drawn from: its stream is the same in every Python."""
    return items[int(random.random() * len(items))]


def pick_share(random: Random, shares: Sequence[tuple[T, float]]) -> T:
    """One of the items, each with its share of the whole, 1; the last takes what the others leave."""
    left = random.random()
    for item, share in shares[:-1]:
        left -= share
        if left < 0:
            return item
    return shares[-1][0]


def number(random: Random, low: int, high: int) -> int:
    """An integer from low to high, both included."""
    return low + int(random.random() * (high - low + 1))


class Weighted(Protocol):
    """Something that is picked the more often the more it weighs."""

    @property
    def weight(self) -> float: ...


W = TypeVar("W", bound=Weighted)


def pick_weighted(random: Random, items: Sequence[W]) -> W:
    """One of the items, in proportion to their weights.

    Weights are multiples of a quarter, so that their sum is the same in every Python.
    """
    left = random.random() * sum([item.weight for item in items])
    for item in items:
        left -= item.weight
        if left < 0:
            return item
    return items[-1]
