"""More calls for a program: its arguments with other values of the same types.

The ranges are those of CodeReasoner (arXiv:2507.17548): integers of 5 to 20, strings of 5 to 15 letters, digits and
punctuation or one repeated character, collections of 5 to 15, so that no model can guess where the values lead.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from codereasoner import literals
from codereasoner.grammar.draft import number, pick
from codereasoner.records import Program


@dataclass(frozen=True)
class Ranges:
    """From and to, both included, of integers and of the lengths of strings and collections."""

    integers: tuple[int, int] = (5, 20)
    letters: tuple[int, int] = (5, 15)
    items: tuple[int, int] = (5, 15)
    inner_items: tuple[int, int] = (2, 5)  # of a collection in a collection


def with_more_calls(program: Program, count: int, ranges: Ranges | None = None, purpose: str = "mutate") -> Program:
    """The program with up to `count` calls more, the same ones for every call of this function.

    A call whose arguments are no literals is not mutated. Whether the new calls raise is for the run to tell.
    """
    random = Random(f"{purpose}/{program.split}/{program.id}")
    known = dict.fromkeys(program.calls)
    for index in range(count if program.calls else 0):
        call = mutate(program.calls[index % len(program.calls)], random, ranges)
        if call is not None:
            known.setdefault(call)
    return replace(program, calls=tuple(known))


def mutate(call: str, random: Random, ranges: Ranges | None = None) -> str | None:
    """The argument source of a call with other values of the same types; None where an argument is no literal.

    Each argument is mutated or, one time in five, kept. A string of one letter is mostly taken from a longer one, since
    it is mostly looked for there.
    """
    try:
        canonical = literals.read_arguments(call)
    except literals.LiteralError:
        return None
    named = [(name, literals.value_of(node)) for name, node in literals.parse_arguments(canonical)]
    mutation = _Mutation(random, ranges or Ranges())
    texts = [literals.write(mutation.argument(value)) for _, value in named]
    return ", ".join(f"{name}={text}" if name else text for (name, _), text in zip(named, texts, strict=True))


class _Mutation:
    """One mutation of a call; remembers the strings it made, so that single letters can be found in them."""

    def __init__(self, random: Random, ranges: Ranges) -> None:
        self.random = random
        self.ranges = ranges
        self.texts: list[str] = []
        self.depth = 0  # of collections around the value that is being made
        self.makers: dict[type, Callable[[Any], Any]] = {
            bool: lambda value: self.random.random() < 0.5,
            int: lambda value: number(self.random, *self.ranges.integers),
            float: lambda value: round(self.random.random() * 20, 2),
            str: self._text,
            list: self._items,
            tuple: self._tuple,
            set: lambda value: self._members(value, set),
            frozenset: lambda value: self._members(value, frozenset),
            dict: self._dict,
        }

    def argument(self, value: Any) -> Any:
        """Another value for an argument, or one time in five the same."""
        return value if self.random.random() < 0.2 else self.value(value)

    def value(self, value: Any) -> Any:
        """Another value of the same type; the same where there is none, as for None."""
        make = self.makers.get(type(value))
        if make is None:
            return value
        self.depth += 1
        made = make(value)
        self.depth -= 1
        return made

    def _text(self, value: str) -> str:
        if len(value) == 1:
            known = "".join(self.texts)
            return pick(self.random, known if known and self.random.random() < 0.7 else _like(value))
        length = number(self.random, *self.ranges.letters)
        letters = _like(value)
        if self.random.random() < 0.1:
            text = pick(self.random, letters) * length
        else:
            text = "".join(pick(self.random, letters) for _ in range(length))
        self.texts.append(text)
        return text

    def _items(self, value: list[Any]) -> list[Any]:
        if not value:
            return [number(self.random, *self.ranges.integers) for _ in range(self._size())]
        return [self.value(pick(self.random, value)) for _ in range(self._size())]

    def _tuple(self, value: tuple[Any, ...]) -> tuple[Any, ...]:
        """A short or mixed tuple is a record and keeps its shape; a long one of one type is a collection."""
        if len(value) < 4 or len({type(item) for item in value}) > 1:
            return tuple(self.value(item) for item in value)
        return tuple(self._items(list(value)))

    def _members(self, value: Any, kind: Callable[[Sequence[Any]], Any]) -> Any:
        return kind(self._items(sorted(value, key=literals.write)))

    def _dict(self, value: dict[Any, Any]) -> dict[Any, Any]:
        pairs = list(value.items()) or [("a", 1)]
        chosen = [pick(self.random, pairs) for _ in range(self._size())]
        return {self._key(key): self.value(item) for key, item in chosen}

    def _key(self, key: Any) -> Any:
        """A key of one letter stays one letter, but need not stand in any string."""
        if type(key) is str and len(key) == 1:
            return pick(self.random, string.ascii_lowercase)
        return self.value(key)

    def _size(self) -> int:
        """Of a collection; one inside another stays small, or the call would not fit a prompt."""
        return number(self.random, *(self.ranges.items if self.depth < 2 else self.ranges.inner_items))


def _like(text: str) -> str:
    """The characters that strings like this one are made of."""
    found = "".join(
        letters
        for letters in (string.ascii_lowercase, string.ascii_uppercase, string.digits, " ", string.punctuation)
        if any(letter in letters for letter in text)
    )
    return found or string.ascii_letters
