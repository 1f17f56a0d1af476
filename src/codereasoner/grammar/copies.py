"""The rung below the first: programs whose result is an argument, a part of one, or some put together, unchanged.

    def f(text, d):
        y = d
        return y['key'], text

Nothing is computed, so there are few different texts; the values of the calls are the wildest there are. A model that
learns from them learns to copy, which everything above needs.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from codereasoner.grammar import quotes, wild
from codereasoner.grammar.draft import Draft, number, pick, pick_share
from codereasoner.grammar.values import arguments
from codereasoner.literals import write

TYPES = ("str", "list", "dict", "set", "tuple", "int")

LONGEST = (120, 60, 30)
"""Characters of the first argument, the second, and the others, at most, but for what the program needs of them."""

_NAMES = {
    "str": "text s string word line value message name txt",
    "int": "n k num size limit x index total",
    "float": "x rate ratio price",
    "bool": "flag ok found",
    "None": "x default other",
    "list": "nums lst array items values data xs arr",
    "dict": "d dic table mapping data info",
    "set": "seen unique values_set ids",
    "tuple": "pair tup point values",
}
_NEW = ("result", "res", "out", "y", "z", "a", "b", "c", "tmp", "copy", "answer", "new")
_OTHERS = (("str", 0.4), ("int", 0.3), ("list", 0.13), ("dict", 0.07), ("bool", 0.04), ("None", 0.03), ("tuple", 0.03))


STARRED = 0.04
"""How often a program takes any number of arguments, by place or by name; its calls may have none at all."""


@dataclass
class _Param:
    """A parameter, and what the program needs of its values."""

    name: str
    kind: str
    longest: int
    least: int = 0  # items
    keys: list[Any] = field(default_factory=list)  # of a dict

    def value(self, random: Random) -> Any:
        """A value with what the program needs; a very long one is drawn anew."""
        while True:
            found = self._any(random)
            if len(write(found)) <= self.longest + 12 * self.least + 24 * len(self.keys):
                return found

    def _any(self, random: Random) -> Any:
        found = wild.of_type(random, self.kind)
        if self.kind in ("list", "tuple", "str"):
            while len(found) < self.least:
                found += wild.word(random) if self.kind == "str" else type(found)([wild.value(random, 1)])
        for key in self.keys:
            found[key] = wild.value(random, 1 if len(self.keys) == 1 else 0)
        return _shuffled(random, found) if self.keys else found


def _shuffled(random: Random, found: dict[Any, Any]) -> dict[Any, Any]:
    keys = sorted(found, key=lambda key: (random.random(), write(key)))
    return {key: found[key] for key in keys}


def copies(random: Random, types: Sequence[str] = TYPES, count: int = 4) -> Draft:
    """One program of the rung, with up to `count` calls; its first argument is of one of the types."""
    if random.random() < STARRED and {"tuple", "dict"} <= set(types):
        return _starred(random, count)
    writer = _Writer(random, types)
    for _ in range(pick(random, (0, 0, 0, 1, 1, 2))):
        writer.assign()
    result = writer.result()
    lines = [f"def f({', '.join(param.name for param in writer.params)}):", *writer.lines, f"return {result}"]
    style = quotes.choose(random)
    source = quotes.written("\n    ".join(lines), style, random)

    def write_calls() -> tuple[str, ...]:
        names = [param.name for param in writer.params]
        found = {
            arguments(random, names, [each.value(random) for each in writer.params], style): None for _ in range(count)
        }
        return tuple(found)

    features = {
        "difficulty": 0,
        "statements": len(writer.lines) + 1,
        "depth": 0,
        "helper": False,
        "constructs": sorted(writer.constructs | {"copy"}),
        "types": [param.kind for param in writer.params],
    }
    return Draft(source, "f", write_calls, frozenset(writer.taken), features, ast.unparse(ast.parse(source)))


def _starred(random: Random, count: int) -> Draft:
    """A program of any number of arguments."""
    named = random.random() < 0.5
    name = pick(random, ("kwargs", "options", "fields") if named else ("args", "values", "items"))
    given = list(dict.fromkeys(pick(random, _NAMES["str"].split()) for _ in range(3)))
    forms = [("dict.copy", f"{name}.copy()"), ("dict", f"dict({name})")] if named else [("tuple[:]", f"{name}[:]")]
    forms += [
        ("copy", name),
        ("copy", name),
        ("dict.get", f"{name}.get('{given[0]}')") if named else ("list", f"list({name})"),
    ]
    construct, result = pick(random, forms)
    style = quotes.choose(random)
    source = quotes.written(f"def f({'**' if named else '*'}{name}):\n    return {result}", style, random)

    def call() -> str:
        values = [wild.value(random, 1) for _ in range(number(random, 0, 3))]
        texts = (
            [f"{key}={write(value)}" for key, value in zip(given, values, strict=False)]
            if named
            else map(write, values)
        )
        return quotes.written(", ".join(texts), quotes.choose(random, style), random)

    features = {
        "difficulty": 0,
        "statements": 1,
        "depth": 0,
        "helper": False,
        "constructs": sorted({construct, "copy"}),
    }
    features |= {"types": ["dict" if named else "tuple"]}
    return Draft(source, "f", lambda: tuple({call(): None for _ in range(count)}), frozenset(["f", name]), features)


class _Writer:
    """A program that is being written: its parameters, the names that hold values now, and its lines."""

    def __init__(self, random: Random, types: Sequence[str]) -> None:
        self.random = random
        self.taken = {"f"}
        self.lines: list[str] = []
        self.constructs: set[str] = set()
        self.params: list[_Param] = []
        self.whole: dict[str, _Param] = {}  # names that hold an argument as it came
        self.made: list[str] = []  # names that hold something else
        for index in range(pick(random, (1, 1, 1, 1, 2, 2, 2, 3, 3, 4))):
            kind = pick_share(random, _OTHERS) if index else pick(random, types)
            param = _Param(self.name(_NAMES[kind].split()), kind, LONGEST[min(index, len(LONGEST) - 1)])
            self.params.append(param)
            self.whole[param.name] = param

    def name(self, names: Sequence[str]) -> str:
        free = [name for name in names if name not in self.taken] or [f"{names[0]}{len(self.taken)}"]
        found = pick(self.random, free)
        self.taken.add(found)
        return found

    def assign(self) -> None:
        """One more line: a value gets a name, or two names change places."""
        random = self.random
        names = [*self.whole, *self.made]
        if len(names) > 1 and random.random() < 0.2:
            left = pick(random, names)
            right = pick(random, [name for name in names if name != left])
            self.lines.append(f"{left}, {right} = {right}, {left}")
            self._swap(left, right)
            return
        chance = random.random()
        if chance < 0.2:
            text = write(wild.value(random, 1))
            self.made.append(self.name(_NEW))
            self.lines.append(f"{self.made[-1]} = {text}")
        elif chance < 0.6:
            old = pick(random, names)
            new = self.name(_NEW)
            self.lines.append(f"{new} = {old}")
            if old in self.whole:
                self.whole[new] = self.whole[old]
            else:
                self.made.append(new)
        else:
            text = self.collection() if random.random() < 0.5 else self.part()
            self.made.append(self.name(_NEW))
            self.lines.append(f"{self.made[-1]} = {text}")

    def _swap(self, left: str, right: str) -> None:
        one, other = self.whole.pop(left, None), self.whole.pop(right, None)
        self.made = [name for name in self.made if name not in (left, right)]
        for name, held in ((left, other), (right, one)):
            if held is None:
                self.made.append(name)
            else:
                self.whole[name] = held

    def term(self) -> str:
        """A name, or part of what it holds."""
        return self.part() if self.random.random() < 0.2 else pick(self.random, self._names())

    def _names(self) -> list[str]:
        """The names to be copied, the newest twice."""
        names = [*self.whole, *self.made]
        return [*names, *self.made[-1:], *list(self.whole)[-1:]]

    def part(self) -> str:
        """An item of an argument, or a copy of it all."""
        random = self.random
        name = pick(random, list(self.whole) or self.made)
        param = self.whole.get(name)
        if param is None:
            return name
        form = pick(random, _PARTS.get(param.kind, (_same,)))
        construct, text = form(random, name, param)
        if construct:
            self.constructs.add(construct)
        return text

    def collection(self) -> str:
        """Some terms put together."""
        random = self.random
        count = number(random, 1, 3)
        terms = [self.term() for _ in range(count)]
        chance = random.random()
        if chance < 0.45:
            return f"[{', '.join(terms)}]"
        if chance < 0.8:
            self.constructs.add("tuple")
            return f"({terms[0]},)" if count == 1 else f"({', '.join(terms)})"
        return "{" + ", ".join(f"{write(wild.key(random))}: {term}" for term in terms) + "}"

    def result(self) -> str:
        """What is returned."""
        random = self.random
        chance = random.random()
        if chance < 0.5:
            return pick(random, self._names())
        if chance < 0.62:
            return self.part()
        if chance < 0.8 and len(self._names()) > 1:
            self.constructs.add("tuple")
            return ", ".join(self.term() for _ in range(number(random, 2, 3)))
        return self.collection()


Part = Callable[[Random, str, _Param], tuple[str, str]]


def _same(random: Random, name: str, param: _Param) -> tuple[str, str]:
    return "", pick(random, (name, f"({name})"))


def _item(random: Random, name: str, param: _Param) -> tuple[str, str]:
    index = pick(random, (0, 0, 0, 1, 1, 2, -1, -1, -2))
    param.least = max(param.least, index + 1, -index)
    return f"{param.kind}[i]", f"{name}[{index}]"


def _all(random: Random, name: str, param: _Param) -> tuple[str, str]:
    return f"{param.kind}[:]", f"{name}[:]"


def _looked_up(random: Random, name: str, param: _Param) -> tuple[str, str]:
    param.keys = param.keys if param.keys and random.random() < 0.4 else [*param.keys, wild.key(random)]
    key = write(pick(random, param.keys))
    if random.random() < 0.25:
        return "dict.get", f"{name}.get({key})"
    return "dict[i]", f"{name}[{key}]"


def _copy(random: Random, name: str, param: _Param) -> tuple[str, str]:
    if param.kind != "tuple" and random.random() < 0.5:
        return f"{param.kind}.copy", f"{name}.copy()"
    return param.kind, f"{param.kind}({name})"


_PARTS: dict[str, tuple[Part, ...]] = {
    "str": (_same, _item, _all, _same),
    "list": (_item, _item, _all, _copy),
    "tuple": (_item, _item, _all, _copy),
    "dict": (_looked_up, _looked_up, _looked_up, _copy),
    "set": (_copy, _same),
}
