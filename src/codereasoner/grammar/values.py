"""Arguments for a program: values of a kind, as literals, that the constants of the program have a chance to meet."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from random import Random
from typing import Any

from codereasoner.grammar import quotes, wild
from codereasoner.grammar.draft import number, pick
from codereasoner.grammar.writer import Var
from codereasoner.literals import write

_LOWER = string.ascii_lowercase

KEYWORDS = 0.03
"""How often the last arguments of a call are given by name."""


@dataclass(frozen=True)
class Wanted:
    """What a program asks of its calls."""

    letters: Sequence[str]  # strings that stand in it; its arguments will contain them
    figures: Sequence[int]  # numbers that stand in it
    constructs: Sequence[str]
    size: int  # 1 to 5
    relies: bool  # does it fail, or go wrong, where an argument is shorter or smaller than it was told?
    quotes: quotes.Quotes = "single"

    @property
    def loops(self) -> bool:
        """Does it go through its arguments item by item? Long ones make long runs."""
        return any(name in ("for", "while") for name in self.constructs)


def calls(random: Random, params: Sequence[Var], wanted: Wanted, count: int) -> tuple[str, ...]:
    """Up to `count` different argument lists; where the program asks what kind of characters a string has, its
    strings have several kinds."""
    found: dict[str, None] = {}
    names = [param.name for param in params]
    for _ in range(count):
        values = _Values(random, wanted)
        found[arguments(random, names, [values.value(param) for param in params], wanted.quotes)] = None
    return tuple(found)


def arguments(random: Random, names: Sequence[str], values: Sequence[Any], source: quotes.Quotes) -> str:
    """The argument list of one call, in quotes that go with those of the source; the last may be given by name."""
    first = len(values) if random.random() >= KEYWORDS else int(random.random() * len(values))
    named = [f"{name}=" if index >= first else "" for index, name in enumerate(names)]
    text = ", ".join(name + write(value) for name, value in zip(named, values, strict=True))
    return quotes.written(text, quotes.choose(random, source), random)


_CASES = frozenset(f"str.{name}" for name in ("isupper", "islower", "swapcase", "upper", "lower", "istitle", "title"))
_OTHERS = {
    "str.isdigit": "012345",
    "str.isnumeric": "012345",
    "str.isdecimal": "012345",
    "str.isalpha": "0123 -",
    "str.isalnum": " -_!",
    "str.isspace": "   ",
    "str.strip": "  ",
}
_ASKED = _CASES | frozenset(_OTHERS)
_GROWS = frozenset(
    ["for", "while", "range", "int <<", "int **", "str.ljust", "str.rjust", "str.center", "str *", "list *"]
)
"""What takes long, or gives much, where a number is large."""

EMPTY = {
    "str": 0.05,
    "char": 0.02,
    "ints": 0.1,
    "strs": 0.09,
    "counts": 0.22,
    "lookup": 0.22,
    "table": 0.2,
    "anys": 0.1,
}
"""How often a value is empty where the program can bear it, by kind; 0.06 for the kinds that are not named."""

RISKS = 0.02
"""How often a value is shorter or smaller than the program relies on: the call may raise, and is dropped then."""


class _Values:
    """The values of one call."""

    def __init__(self, random: Random, wanted: Wanted) -> None:
        self.random = random
        self.letters = [text for text in wanted.letters if text]
        self.wanted = wanted
        self.texts: list[str] = []
        self.things: list[Any] = []
        self.numbers = list(wanted.figures) if random.random() < 0.6 else []
        self.large = _GROWS.isdisjoint(wanted.constructs)
        asked = _ASKED & set(wanted.constructs)
        self.alphabet = self._mixed(asked) if asked and random.random() < 0.7 else self._alphabet()
        self.makers: dict[str, Callable[[int], Any]] = {
            "int": self._int,
            "float": lambda low: number(random, 1, 40) / 4 if random.random() < 0.7 else wild.decimal(random),
            "str": self._str,
            "char": self._char,
            "ints": lambda low: self._ints(low),
            "tup": lambda low: tuple(self._ints(low)),
            "intset": lambda low: set(self._ints(low)),
            "strs": lambda low: [self._word() for _ in range(self._length(low))],
            "counts": lambda low: {self._key(): self._count() for _ in range(self._length(low))},
            "tally": lambda low: {self._key_number(): self._count() for _ in range(self._length(low))},
            "names": lambda low: {self._key_number(): self._word() for _ in range(self._length(low))},
            "lookup": lambda low: {self._key(): self._word() for _ in range(self._length(low))},
            "table": lambda low: {self._key(): self._ints(0)[:5] for _ in range(number(random, low, max(low, 4)))},
            "pairs": lambda low: [(self._word(), self._count()) for _ in range(self._length(low))],
            "anys": lambda low: [self._any(0) for _ in range(self._length(low))],
            "any": self._any,
            "nested": lambda low: [self._ints(min(low, 1))[:4] for _ in range(number(random, low, max(low, 3)))],
        }

    def value(self, param: Var) -> Any:
        """A value for a parameter, mostly with the least length or value that the program was told."""
        bears = not self.wanted.relies or self.random.random() < RISKS
        if param.kind == "char" and "while" in self.wanted.constructs:
            bears = False  # every string begins with an empty one, without end
        if bears and param.kind not in ("int", "float"):
            chance = self.random.random()
            empty = EMPTY.get(param.kind, 0.06)
            if chance < empty:
                return _EMPTY[param.kind]()
            return self.makers[param.kind](1 if chance < 0.4 else param.low)
        if bears and param.kind == "int" and self.random.random() < 0.1:
            return pick(self.random, (0, -1, -number(self.random, 1, 20)))
        return self.makers[param.kind](param.low)

    def _mixed(self, asked: Set[str]) -> str:
        """Characters of which some are and some are not what the program asks for."""
        letters = _LOWER[:10] + _LOWER[:10].upper() if asked & _CASES else _LOWER[:8]
        others = "".join(letters for method, letters in _OTHERS.items() if method in asked)
        return letters + others

    def _alphabet(self) -> str:
        """What the strings of this call are made of, where they are not words or wild."""
        chance = self.random.random()
        if chance < 0.46:
            return _LOWER
        if chance < 0.54:
            return _LOWER + _LOWER.upper()
        if chance < 0.66:
            return "abc"
        if chance < 0.82:
            return _LOWER + string.digits
        if chance < 0.86:
            return string.digits
        if chance < 0.94:
            return _LOWER[:12] + _LOWER[:12].upper() + "0123456789 ,.-_!"
        return string.ascii_letters + string.digits + string.punctuation + "  "

    def _length(self, low: int) -> int:
        """How many items; now and then twice as many."""
        count = number(self.random, low, low + 1 + self.wanted.size)
        return 2 * count if self.random.random() < 0.06 else count

    def _int(self, low: int) -> int:
        if self.numbers and self.random.random() < 0.35:
            value = pick(self.random, self.numbers)
            if value >= low and (self.large or value < 100):
                return value
        chance = self.random.random()
        if chance < 0.07 and self.large:
            return max(low, number(self.random, 21, pick(self.random, (99, 99, 999, 10**6))))
        return number(self.random, max(low, 0), 5 if chance < 0.4 else 9 if chance < 0.85 else 20)

    def _ints(self, low: int) -> list[int]:
        chance = self.random.random()
        bounds = (0, 5) if chance < 0.45 else (0, 20) if chance < 0.75 else (-9, 30) if chance < 0.95 else (-99, 999)
        found = [number(self.random, *bounds) for _ in range(self._length(low))]
        if self.numbers and found and self.random.random() < 0.6:
            found[int(self.random.random() * len(found))] = pick(self.random, self.numbers)
        self.numbers += found
        return found

    def _count(self) -> int:
        """What a dict holds for a key."""
        chance = self.random.random()
        return number(self.random, *((0, 9) if chance < 0.7 else (10, 99) if chance < 0.9 else (-9, 999)))

    def _key_number(self) -> int:
        return number(self.random, *((0, 9) if self.random.random() < 0.7 else (-5, 50)))

    def _any(self, low: int) -> Any:
        """One of the values before it, or another of any kind."""
        if self.things and self.random.random() < 0.3:
            return pick(self.random, self.things)
        chance = self.random.random()
        found = self._int(0) if chance < 0.35 else self._word() if chance < 0.7 else wild.value(self.random, 1)
        if len(write(found)) > 30:
            found = None
        self.things.append(found)
        return found

    def _str(self, low: int) -> str:
        chance = self.random.random()
        if chance < 0.3:
            separator = self._separator() or " "
            text = separator.join(wild.word(self.random) for _ in range(number(self.random, 1, 3)))
        elif chance < 0.6:
            text = wild.text(self.random, 20 if self.wanted.loops else 60, 0.0)
        else:
            text = "".join(pick(self.random, self.alphabet) for _ in range(self._length(low) + 2))
        for letter in self.letters:
            if self.random.random() < 0.6:
                place = int(self.random.random() * (len(text) + 1))
                text = text[:place] + letter + text[place:]
        while len(text) < low:
            text += pick(self.random, self.alphabet)
        self.texts.append(text)
        return text

    def _separator(self) -> str:
        found = [letter for letter in self.letters if len(letter) == 1 and not letter.isalnum()]
        return pick(self.random, found) if found else ""

    def _char(self, low: int) -> str:
        known = "".join(self.texts)
        if known and self.random.random() < 0.75:
            return pick(self.random, known)
        return pick(self.random, self.alphabet)

    def _word(self) -> str:
        chance = self.random.random()
        if chance < 0.3:
            return wild.word(self.random)
        if chance < 0.5:
            return wild.text(self.random, 12)
        if self.letters and self.random.random() < 0.3:
            return pick(self.random, self.letters)
        letters = [letter for letter in self.letters if letter.isalnum()]
        start = pick(self.random, letters) if letters and self.random.random() < 0.3 else ""
        return start + "".join(pick(self.random, self.alphabet) for _ in range(number(self.random, 1, 4)))

    def _key(self) -> str:
        known = "".join(self.texts)
        if known and self.random.random() < 0.5:
            return pick(self.random, known)
        if self.letters and self.random.random() < 0.3:
            return pick(self.random, self.letters)
        return self._word() if self.random.random() < 0.5 else pick(self.random, _LOWER)


_EMPTY: dict[str, Callable[[], Any]] = {
    "str": str,
    "char": str,
    "ints": list,
    "tup": tuple,
    "intset": set,
    "strs": list,
    "counts": dict,
    "nested": list,
    "tally": dict,
    "names": dict,
    "lookup": dict,
    "table": dict,
    "pairs": list,
    "anys": list,
    "any": str,
}
