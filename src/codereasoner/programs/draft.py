"""A program before it has a split and a key, and the text by which two programs are the same."""

from __future__ import annotations

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

    @property
    def shape(self) -> str:
        """The source with its own names numbered in order: programs that differ in names only have one shape."""
        return numbered(self.source, self.names)


_WORDS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[A-Za-z_]\w*")


def numbered(source: str, names: frozenset[str]) -> str:
    """Source with each of the names replaced by `v0`, `v1` ... in order of appearance; strings are left alone."""
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        word = match.group()
        return numbers.setdefault(word, f"v{len(numbers)}") if word in names else word

    return _WORDS.sub(number, source)


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
