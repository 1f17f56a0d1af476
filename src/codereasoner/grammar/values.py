"""Draw arguments: values of every kind as people write them, and those that a program has a chance to meet.

The shares are near those of CRUXEval's calls (curation/cruxeval_calls.txt), with more of what is rare there.
"""

import string
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from random import Random

from codereasoner.grammar import quotes
from codereasoner.grammar.constructs import TYPES
from codereasoner.grammar.draft import number, pick, pick_share
from codereasoner.grammar.expression_writer import Var
from codereasoner.grammar.templates import words
from codereasoner.literals import write

KEYWORDS = 0.03
"""The share of calls whose last arguments are given by name."""

RISKS = 0.02
"""The share of values that are shorter or smaller than the program relies on; a call that raises is dropped."""

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
"""The share of values that are empty where the program can bear it, by kind; 0.06 for the other kinds."""

_LOWER = string.ascii_lowercase
_SIGNS = string.punctuation
_PRINTED = string.ascii_letters + string.digits + _SIGNS + "   "
_BEYOND = "éüñßçøåÄÖÜαβγλπжщя中文字日本語ı½€→☺😀"
_ENDS = ("", "", "n", "r", "s", "t", "l", "m", "x", "y", "z")
_SEPARATORS = (
    *(" ",) * 14,
    *(", ", ",", "-", "_", "/", ".", "  ", "\n", ": ", " - ", "|", ";", "\t", "=", "+"),
    *("; ", "! ", "::", "--", "@", "&", "\\"),
)


def draw_calls(
    random: Random, names: Sequence[str], values: Callable[[], Sequence[object]], style: quotes.Quotes, count: int
) -> tuple[str, ...]:
    """Draw up to `count` different argument lists, in quotes that go with those of the source.

    names: the parameters. values: draws the values of one call.
    """
    found: dict[str, None] = {}
    for _ in range(count):
        texts = [write(value) for value in values()]
        first = len(texts) if random.random() >= KEYWORDS else int(random.random() * len(texts))
        for place in range(first, len(texts)):
            texts[place] = f"{names[place]}={texts[place]}"
        found[quotes.written(", ".join(texts), quotes.choose(random, style), random)] = None
    return tuple(found)


# ---- values of any kind


def word(random: Random) -> str:
    """Draw a word, known or made up, in some case."""
    if random.random() < 0.45:
        found = pick(random, words()["words"])
    else:
        syllables = words()["syllables"]
        found = "".join(pick(random, syllables) for _ in range(number(random, 1, 3))) + pick(random, _ENDS)
    chance = random.random()
    if chance < 0.8:
        return found
    if chance < 0.93:
        return found[0].upper() + found[1:]
    return found.upper() if chance < 0.97 else "".join(pick(random, (c, c.upper())) for c in found)


def text(random: Random, most: int = 60, empty: float = 0.05) -> str:
    """Draw a string of at most `most` characters, mostly short; the share `empty` is the empty one."""
    if random.random() < empty:
        return ""
    tiers = (((1, 4), 0.28), ((5, 10), 0.36), ((11, 20), 0.22), ((21, 38), 0.1), ((39, 60), 0.04))
    draw = pick_share(random, _TEXTS)
    size = min(most, number(random, *pick_share(random, tiers)))
    return _letters(random, draw, size) if isinstance(draw, str) else draw(random, size)


def _letters(random: Random, letters: str, size: int) -> str:
    return "".join(pick(random, letters) for _ in range(size))


def _sentence(random: Random, size: int) -> str:
    separator = pick(random, _SEPARATORS)
    found = [word(random)]
    while len(separator.join(found)) < size:
        found.append(word(random) if random.random() < 0.9 else str(integer(random)))
    end = pick(random, (".", "!", "?", " ", "\n", "...", ",")) if random.random() < 0.2 else ""
    return separator.join(found)[: size - len(end)] + end if random.random() < 0.3 else separator.join(found)[:size]


def _dotted(random: Random, size: int) -> str:
    letters = list(_letters(random, _LOWER, size))
    for _ in range(1 + size // 12):
        letters[int(random.random() * size)] = pick(random, _SIGNS + string.digits + " \n'\"")
    return "".join(letters)


_TEXTS: tuple[tuple[str | Callable[[Random, int], str], float], ...] = (
    (_LOWER, 0.22),
    (_sentence, 0.24),
    (lambda random, size: word(random)[:size], 0.08),
    (string.ascii_letters, 0.05),
    (string.ascii_letters + string.digits, 0.04),
    (_LOWER + string.digits, 0.04),
    (string.digits, 0.06),
    (_dotted, 0.07),  # plain letters with a few odd characters
    (_PRINTED, 0.05),
    (lambda random, size: _letters(random, _letters(random, _PRINTED, number(random, 1, 3)), size), 0.05),
    (_SIGNS + " ", 0.02),
    (_LOWER + " \n\t", 0.06),
    (_LOWER + _BEYOND, 0.02),
)


def integer(random: Random) -> int:
    """Draw a whole number: mostly one digit, some negative, a few large."""
    tiers = (((0, 9), 0.64), ((10, 99), 0.2), ((-99, -1), 0.08), ((100, 9999), 0.06), ((10_000, 10**9), 0.02))
    return number(random, *pick_share(random, tiers))


def decimal(random: Random) -> float:
    """Draw a number with up to two digits after the point."""
    return number(random, -500, 9999) / pick(random, (2, 4, 10, 100))


_KINDS = (
    *(("str", 0.4), ("int", 0.2), ("list", 0.18), ("dict", 0.1), ("tuple", 0.05), ("None", 0.02), ("bool", 0.02)),
    *(("float", 0.02), ("set", 0.01)),
)
_PLAIN = (("str", 0.5), ("int", 0.4), ("bool", 0.03), ("None", 0.03), ("float", 0.04))
_ITEMS = (("int", 0.5), ("str", 0.36), ("list", 0.06), ("tuple", 0.04), ("float", 0.02), ("dict", 0.01), ("bool", 0.01))
_KEYS = (("str", 0.72), ("int", 0.26), ("float", 0.02))
_HELD = (("int", 0.5), ("str", 0.3), ("list", 0.13), ("None", 0.02), ("bool", 0.02), ("float", 0.02), ("dict", 0.01))
_SIZES = (((0, 0), 0.09), ((1, 1), 0.09), ((2, 4), 0.5), ((5, 9), 0.3), ((10, 14), 0.02))


def any_value(random: Random, depth: int = 2) -> object:
    """Draw a value of any type that a call can hold; containers are at most `depth` deep."""
    return value_of(random, pick_share(random, _KINDS if depth > 0 else _PLAIN), depth)


def value_of(random: Random, kind: str, depth: int = 2) -> object:
    """Draw a value of a type, by its name; strings in containers are short."""
    match kind:
        case "str":
            return text(random, 60 if depth >= 2 else 14)
        case "int":
            return integer(random)
        case "float":
            return decimal(random)
        case "bool":
            return random.random() < 0.5
        case "list":
            return items(random, depth - 1)
        case "tuple":
            return tuple(items(random, depth - 1))
        case "dict":
            return mapping(random, depth - 1)
        case "set":
            held = pick(random, ("int", "int", "str"))
            return {value_of(random, held, 0) for _ in range(_size(random))}
    return None


def _size(random: Random) -> int:
    return number(random, *pick_share(random, _SIZES))


def items(random: Random, depth: int) -> list[object]:
    """Draw the items of a list: mostly of one type, some of several."""
    count = _size(random)
    if depth < 1:
        count = min(count, 4)
    if random.random() < 0.15:
        return [any_value(random, depth) for _ in range(count)]
    kind = pick_share(random, _ITEMS if depth > 0 else _PLAIN)
    return [value_of(random, kind, depth) for _ in range(count)]


def mapping(random: Random, depth: int) -> dict[object, object]:
    """Draw a dict: keys of one type, and mostly values of one type."""
    keys = pick_share(random, _KEYS)
    held = pick_share(random, _HELD if depth > 0 else _PLAIN)
    mixed = random.random() < 0.15
    found: dict[object, object] = {}
    for _ in range(_size(random)):
        value = any_value(random, depth) if mixed else value_of(random, held, depth)
        found[key(random) if keys == "str" else value_of(random, keys)] = value
    return found


def key(random: Random) -> str:
    """Draw a key of a dict: a word or a short string."""
    return word(random) if random.random() < 0.7 else text(random, 8)


# ---- arguments of a program


@dataclass(frozen=True)
class Wanted:
    """Properties of a program that its arguments go by."""

    letters: Sequence[str]  # strings in its text; its arguments will contain them
    figures: Sequence[int]  # numbers in its text
    constructs: Sequence[str]
    size: int  # 1 to 5
    relies: bool  # it fails, or goes wrong, where an argument is shorter or smaller than its parameter allows


_CASES = frozenset(f"str.{name}" for name in ("isupper", "islower", "swapcase", "upper", "lower", "istitle", "title"))
_OTHERS = dict.fromkeys(["str.isdigit", "str.isnumeric", "str.isdecimal"], "012345")
_OTHERS |= {"str.isalpha": "0123 -", "str.isalnum": " -_!", "str.isspace": "   ", "str.strip": "  "}
_GROWS = frozenset(
    ["for", "while", "range", "int <<", "int **", "str.ljust", "str.rjust", "str.center", "str *", "list *"]
)
"""Constructs that take long, or give much, where a number is large."""

_EMPTY: Mapping[str, object] = {"str": "", "object": "", "list": [], "dict": {}, "set": set(), "tuple": ()}

_ALPHABETS = (
    (_LOWER, 0.46),
    (_LOWER + _LOWER.upper(), 0.54),
    ("abc", 0.66),
    (_LOWER + string.digits, 0.82),
    (string.digits, 0.86),
    (_LOWER[:12] + _LOWER[:12].upper() + "0123456789 ,.-_!", 0.94),
    (string.ascii_letters + string.digits + string.punctuation + "  ", 1.0),
)
"""The characters of strings that are neither words nor sentences; each up to a chance."""


class Arguments:
    """The values of one call; strings and numbers that were drawn are looked for by later ones."""

    def __init__(self, random: Random, wanted: Wanted) -> None:
        self.random = random
        self.letters = [each for each in wanted.letters if each]
        self.wanted = wanted
        self.loops = "for" in wanted.constructs or "while" in wanted.constructs  # long values make long runs
        self.texts: list[str] = []
        self.things: list[object] = []
        self.numbers = list(wanted.figures) if random.random() < 0.6 else []
        self.large = _GROWS.isdisjoint(wanted.constructs)
        asked = (_CASES | _OTHERS.keys()) & set(wanted.constructs)
        if asked and random.random() < 0.7:
            self.alphabet = _mixed(asked)
        else:
            chance = random.random()
            self.alphabet = next(letters for letters, most in _ALPHABETS if chance < most)

    def value(self, param: Var) -> object:
        """Draw a value for a parameter, mostly with the least length or value that the program relies on."""
        random, kind = self.random, param.kind
        bears = not self.wanted.relies or random.random() < RISKS
        if kind == "char" and "while" in self.wanted.constructs:
            bears = False  # every string begins with an empty one, without end
        if bears and kind not in ("int", "float"):
            chance = random.random()
            if chance < EMPTY.get(kind, 0.06):
                return _EMPTY[TYPES[kind]]
            return _MAKERS[kind](self, 1 if chance < 0.4 else param.low)
        if bears and kind == "int" and random.random() < 0.1:
            return pick(random, (0, -1, -number(random, 1, 20)))
        return _MAKERS[kind](self, param.low)

    def _each(self, low: int) -> range:
        """Return the items of a collection or string; now and then twice as many."""
        count = number(self.random, low, low + 1 + self.wanted.size)
        return range(2 * count if self.random.random() < 0.06 else count)

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
        found = [number(self.random, *bounds) for _ in self._each(low)]
        if self.numbers and found and self.random.random() < 0.6:
            found[int(self.random.random() * len(found))] = pick(self.random, self.numbers)
        self.numbers += found
        return found

    def _count(self) -> int:
        """Return the value of a key in a dict."""
        chance = self.random.random()
        return number(self.random, *((0, 9) if chance < 0.7 else (10, 99) if chance < 0.9 else (-9, 999)))

    def _key_number(self) -> int:
        return number(self.random, *((0, 9) if self.random.random() < 0.7 else (-5, 50)))

    def _any(self) -> object:
        """Draw one of the earlier values, or another of any kind."""
        if self.things and self.random.random() < 0.3:
            return pick(self.random, self.things)
        chance = self.random.random()
        found = self._int(0) if chance < 0.35 else self._word() if chance < 0.7 else any_value(self.random, 1)
        if len(write(found)) > 30:
            found = None
        self.things.append(found)
        return found

    def _str(self, low: int) -> str:
        random = self.random
        chance = random.random()
        if chance < 0.3:
            signs = [letter for letter in self.letters if len(letter) == 1 and not letter.isalnum()]
            separator = pick(random, signs) if signs else " "
            found = separator.join(word(random) for _ in range(number(random, 1, 3)))
        elif chance < 0.6:
            found = text(random, 20 if self.loops else 60, 0.0)
        else:
            found = _letters(random, self.alphabet, len(self._each(low)) + 2)
        for letter in self.letters:
            if random.random() < 0.6:
                place = int(random.random() * (len(found) + 1))
                found = found[:place] + letter + found[place:]
        found += _letters(random, self.alphabet, low - len(found))
        self.texts.append(found)
        return found

    def _char(self) -> str:
        known = "".join(self.texts)
        return pick(self.random, known if known and self.random.random() < 0.75 else self.alphabet)

    def _word(self) -> str:
        random = self.random
        chance = random.random()
        if chance < 0.3:
            return word(random)
        if chance < 0.5:
            return text(random, 12)
        if self.letters and random.random() < 0.3:
            return pick(random, self.letters)
        letters = [letter for letter in self.letters if letter.isalnum()]
        start = pick(random, letters) if letters and random.random() < 0.3 else ""
        return start + _letters(random, self.alphabet, number(random, 1, 4))

    def _key(self) -> str:
        known = "".join(self.texts)
        if known and self.random.random() < 0.5:
            return pick(self.random, known)
        if self.letters and self.random.random() < 0.3:
            return pick(self.random, self.letters)
        return self._word() if self.random.random() < 0.5 else pick(self.random, _LOWER)


def _mixed(asked: Set[str]) -> str:
    """Return characters of which only some are what the program asks for."""
    letters = _LOWER[:10] + _LOWER[:10].upper() if asked & _CASES else _LOWER[:8]
    return letters + "".join(letters for method, letters in _OTHERS.items() if method in asked)


_MAKERS: Mapping[str, Callable[[Arguments, int], object]] = {
    "int": Arguments._int,
    "float": lambda call, low: number(call.random, 1, 40) / 4 if call.random.random() < 0.7 else decimal(call.random),
    "str": Arguments._str,
    "char": lambda call, low: call._char(),
    "ints": Arguments._ints,
    "tup": lambda call, low: tuple(call._ints(low)),
    "intset": lambda call, low: set(call._ints(low)),
    "any": lambda call, low: call._any(),
    "strs": lambda call, low: [call._word() for _ in call._each(low)],
    "pairs": lambda call, low: [(call._word(), call._count()) for _ in call._each(low)],
    "anys": lambda call, low: [call._any() for _ in call._each(low)],
    "nested": lambda call, low: [call._ints(min(low, 1))[:4] for _ in range(number(call.random, low, max(low, 3)))],
    "counts": lambda call, low: {call._key(): call._count() for _ in call._each(low)},
    "lookup": lambda call, low: {call._key(): call._word() for _ in call._each(low)},
    "table": lambda call, low: {call._key(): call._ints(0)[:5] for _ in range(number(call.random, low, max(low, 4)))},
    "tally": lambda call, low: {call._key_number(): call._count() for _ in call._each(low)},
    "names": lambda call, low: {call._key_number(): call._word() for _ in call._each(low)},
}
"""The function that draws a value of each kind, from its least length or value on."""
