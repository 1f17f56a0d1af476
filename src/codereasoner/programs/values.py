"""Arguments for a program: values of a kind, as literals, that the constants of the program have a chance to meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from random import Random
from typing import Any

from codereasoner.literals import write
from codereasoner.programs.draft import number, pick
from codereasoner.programs.writer import Var

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_WORDS = (
    *("apple", "red", "dog", "cat", "sun", "moon", "key", "value", "list", "code", "data", "name", "tree", "book"),
    *("open", "close", "run", "stop", "big", "small", "left", "right", "Hello", "World", "Python", "test", "line"),
    *("word", "text", "one", "two", "three"),
)


def calls(
    random: Random, params: Sequence[Var], letters: Sequence[str], count: int, size: int, constructs: Sequence[str]
) -> tuple[str, ...]:
    """Up to `count` different argument lists.

    `letters` are strings that stand in the program, `size` is 1 to 5; where the program asks what kind of characters
    a string has, its strings have several kinds.
    """
    found: dict[str, None] = {}
    for _ in range(count):
        values = _Values(random, letters, size, _ASKED & set(constructs))
        found[", ".join(write(values.value(param)) for param in params)] = None
    return tuple(found)


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


class _Values:
    """The values of one call."""

    def __init__(self, random: Random, letters: Sequence[str], size: int, asked: Set[str]) -> None:
        self.random = random
        self.letters = [text for text in letters if text]
        self.size = size
        self.texts: list[str] = []
        self.numbers: list[int] = []
        self.alphabet = self._mixed(asked) if asked and random.random() < 0.8 else self._alphabet()
        self.makers: dict[str, Callable[[int], Any]] = {
            "int": self._int,
            "float": lambda low: number(random, 1, 40) / 4,
            "str": self._str,
            "char": self._char,
            "ints": lambda low: self._ints(low),
            "tup": lambda low: tuple(self._ints(low)),
            "intset": lambda low: set(self._ints(low)),
            "strs": lambda low: [self._word() for _ in range(self._length(low))],
            "counts": lambda low: {self._key(): number(random, 0, 9) for _ in range(self._length(low))},
            "nested": lambda low: [self._ints(1)[:4] for _ in range(number(random, max(low, 1), 3))],
        }

    def value(self, param: Var) -> Any:
        """A value for a parameter, with the least length or value that the program counts on."""
        return self.makers[param.kind](param.low)

    def _mixed(self, asked: Set[str]) -> str:
        """Characters of which some are and some are not what the program asks for."""
        letters = _LOWER[:10] + _LOWER[:10].upper() if asked & _CASES else _LOWER[:8]
        others = "".join(letters for method, letters in _OTHERS.items() if method in asked)
        return letters + others

    def _alphabet(self) -> str:
        """What the strings of this call are made of."""
        chance = self.random.random()
        if chance < 0.4:
            return _LOWER
        if chance < 0.6:
            return _LOWER + _LOWER.upper()
        if chance < 0.75:
            return "abc"
        if chance < 0.9:
            return _LOWER + "0123456789"
        return _LOWER[:12] + _LOWER[:12].upper() + "0123456789 ,.-_!"

    def _length(self, low: int) -> int:
        return number(self.random, max(low, 1), max(low, 1) + 1 + self.size)

    def _int(self, low: int) -> int:
        if self.numbers and self.random.random() < 0.35:
            value = pick(self.random, self.numbers)
            if value >= low:
                return value
        return number(self.random, max(low, 0), 9 if self.random.random() < 0.8 else 20)

    def _ints(self, low: int) -> list[int]:
        chance = self.random.random()
        bounds = (0, 9) if chance < 0.6 else (1, 20) if chance < 0.85 else (-9, 99)
        found = [number(self.random, *bounds) for _ in range(self._length(low))]
        if self.numbers and self.random.random() < 0.6:
            found[int(self.random.random() * len(found))] = pick(self.random, self.numbers)
        self.numbers += found
        return found

    def _str(self, low: int) -> str:
        if self.random.random() < 0.3:
            separator = self._separator() or " "
            text = separator.join(pick(self.random, _WORDS) for _ in range(number(self.random, 1, 3)))
        else:
            text = "".join(pick(self.random, self.alphabet) for _ in range(self._length(low) + self.size // 2))
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
        if self.random.random() < 0.35:
            return pick(self.random, _WORDS)
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
        return self._word() if self.random.random() < 0.3 else pick(self.random, _LOWER)
