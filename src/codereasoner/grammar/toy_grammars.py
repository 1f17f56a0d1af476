"""The two toy grammars: programs of a few fixed statements, and programs that only copy.

    def f(x):               def f(text, d):
        x.append(3)             y = d
        x = x[::-1]             return y['key'], text
        return x

A transformer of half a million parameters learns to follow the first kind in minutes; every character is a token of
the embedded model, so names are one letter. The second kind computes nothing, so there are few different texts, and
the values of its calls are of every kind; a model that learns from them learns to copy, which everything else needs.
"""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from codereasoner.grammar import quotes, values
from codereasoner.grammar.draft import Draft, Features, number, pick, pick_share
from codereasoner.grammar.templates import words
from codereasoner.literals import write

TINY_TYPES = ("list", "str")
LENGTHS = (2, 4)  # of an argument
MAX_LENGTH = 6  # of a value on the way
CALLS = {1: 8, 2: 4, 3: 2, 4: 2, 5: 2}
"""Calls of a program by its number of statements: there are few short programs, and they teach the single step."""


class _Step(NamedTuple):
    name: str
    code: str
    change: int  # of the length
    bars: str  # the steps that it must not follow, because it would undo or repeat them


_STEPS = {
    "list": (
        _Step("append", "x.append({digit})", 1, ""),
        _Step("insert", "x.insert(0, {digit})", 1, ""),
        _Step("pop", "x.pop()", -1, "append set_last"),
        _Step("sort", "x.sort()", 0, "sort reverse"),
        _Step("reverse", "x = x[::-1]", 0, "reverse"),
        _Step("rest", "x = x[1:]", -1, "insert set_first"),
        _Step("set_first", "x[0] = {digit}", 0, "set_first insert"),
        _Step("set_last", "x[-1] = {digit}", 0, "set_last append"),
    ),
    "str": (
        _Step("reverse_text", "s = s[::-1]", 0, "reverse_text"),
        _Step("rest_text", "s = s[1:]", -1, "begin_text"),
        _Step("start_text", "s = s[:-1]", -1, "end_text"),
        _Step("end_text", "s = s + '{letter}'", 1, ""),
        _Step("begin_text", "s = '{letter}' + s", 1, ""),
    ),
}


def tiny_program(random: Random, types: Sequence[str] = TINY_TYPES, statements: int | None = None) -> Draft:
    """Draw a program of fixed statements, 1 to 3 of them by default, with its calls."""
    kind = pick(random, types)
    statements = statements or number(random, 1, 3)
    body: list[str] = []
    used: list[str] = []
    low, high = LENGTHS
    while len(body) < statements:
        step = pick(random, _STEPS[kind])
        if low + step.change < 1 or high + step.change > MAX_LENGTH or (used and used[-1] in step.bars.split()):
            continue
        low, high = low + step.change, high + step.change
        drawn = _tiny_item(random, "list" if "{digit}" in step.code else "str") if "{" in step.code else ""
        body.append(step.code.format(digit=drawn, letter=drawn))
        used.append(step.name)
    name = "x" if kind == "list" else "s"
    features: Features = {"difficulty": statements, "statements": statements, "constructs": sorted(set(used))}
    return Draft(
        "\n    ".join([f"def f({name}):", *body, f"return {name}"]),
        "f",
        lambda: tuple({_tiny_argument(random, kind): None for _ in range(CALLS[statements])}),
        frozenset("xs"),
        features | {"types": [kind]},
    )


def _tiny_item(random: Random, kind: str) -> int | str:
    return number(random, 0, 9) if kind == "list" else pick(random, "abcdefghijkl")


def _tiny_argument(random: Random, kind: str) -> str:
    found = [_tiny_item(random, kind) for _ in range(number(random, *LENGTHS))]
    return repr(found if kind == "list" else "".join(map(str, found)))


# ---- programs that only copy

COPY_TYPES = ("str", "list", "dict", "set", "tuple", "int")
_OTHERS = (("str", 0.4), ("int", 0.3), ("list", 0.13), ("dict", 0.07), ("bool", 0.04), ("None", 0.03), ("tuple", 0.03))
"""The types of the parameters after the first."""

LONGEST = (120, 60, 30)
"""Characters of the first argument, the second, and the others, at most; what the program needs of them is added."""

STARRED = 0.04
"""The share of programs that take any number of arguments, by place or by name; its calls may have none at all."""


@dataclass
class _Param:
    """A parameter, and what the program needs of its values."""

    name: str
    kind: str
    longest: int
    least: int = 0  # items
    keys: list[str] = field(default_factory=list)  # of a dict

    def value(self, random: Random) -> object:
        """Draw a value with what the program needs; a very long one is drawn again."""
        while True:
            found = self._any(random)
            if len(write(found)) <= self.longest + 12 * self.least + 24 * len(self.keys):
                return found

    def _any(self, random: Random) -> object:
        found = values.value_of(random, self.kind)
        match found:
            case str():
                while len(found) < self.least:
                    found += values.word(random)
            case list() | tuple():
                while len(found) < self.least:
                    found = type(found)([*found, values.any_value(random, 1)])
            case dict() if self.keys:
                found |= {key: values.any_value(random, 1 if len(self.keys) == 1 else 0) for key in self.keys}
                order = sorted(found, key=lambda key: (random.random(), write(key)))
                return {key: found[key] for key in order}
        return found


def copying_program(random: Random, types: Sequence[str] = COPY_TYPES, count: int = 4) -> Draft:
    """Draw a program that returns arguments, or parts of them; the first is of one of the types."""
    if random.random() < STARRED and {"tuple", "dict"} <= set(types):
        return _starred(random, count)
    writer = _Writer(random, types)
    for _ in range(pick(random, (0, 0, 0, 1, 1, 2))):
        writer.assign()
    lines = [*writer.lines, f"return {writer.result()}"]
    names = [param.name for param in writer.params]
    style = quotes.choose(random)
    source = quotes.written("\n    ".join([f"def f({', '.join(names)}):", *lines]), style, random)

    def draw() -> list[object]:
        return [param.value(random) for param in writer.params]

    return Draft(
        source,
        "f",
        lambda: values.draw_calls(random, names, draw, style, count),
        frozenset(writer.taken),
        _features(len(lines), writer.constructs, [param.kind for param in writer.params]),
        ast.unparse(ast.parse(source)),
    )


def _features(statements: int, constructs: set[str], types: list[str]) -> Features:
    found: Features = {"difficulty": 0, "statements": statements, "depth": 0, "helper": False}
    return found | {"constructs": sorted(constructs | {"copy"}), "types": types}


def _starred(random: Random, count: int) -> Draft:
    """Draw a program that takes any number of arguments."""
    named = random.random() < 0.5
    name = pick(random, ("kwargs", "options", "fields") if named else ("args", "values", "items"))
    given = list(dict.fromkeys(pick(random, words()["copied str"]) for _ in range(3)))
    copies = [("copy", name), ("copy", name)]
    if named:
        forms = [("dict.copy", f"{name}.copy()"), ("dict", f"dict({name})"), *copies]
        forms.append(("dict.get", f"{name}.get('{given[0]}')"))
    else:
        forms = [("tuple[:]", f"{name}[:]"), *copies, ("list", f"list({name})")]
    construct, result = pick(random, forms)
    style = quotes.choose(random)
    source = quotes.written(f"def f({'**' if named else '*'}{name}):\n    return {result}", style, random)

    def call() -> str:
        found = [write(values.any_value(random, 1)) for _ in range(number(random, 0, 3))]
        texts = [f"{key}={text}" for key, text in zip(given, found, strict=False)] if named else found
        return quotes.written(", ".join(texts), quotes.choose(random, style), random)

    features = _features(1, {construct}, ["dict" if named else "tuple"])
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
            param = _Param(self.name(kind), kind, LONGEST[min(index, len(LONGEST) - 1)])
            self.params.append(param)
            self.whole[param.name] = param

    def name(self, key: str = "new") -> str:
        names = words()[f"copied {key}"]
        free = [name for name in names if name not in self.taken] or [f"{names[0]}{len(self.taken)}"]
        found = pick(self.random, free)
        self.taken.add(found)
        return found

    def assign(self) -> None:
        """Write one more line: a value gets a name, or two names change places."""
        random = self.random
        names = [*self.whole, *self.made]
        if len(names) > 1 and random.random() < 0.2:
            left = pick(random, names)
            self._swap(left, pick(random, [name for name in names if name != left]))
            return
        chance = random.random()
        old = ""
        if chance < 0.2:
            text = write(values.any_value(random, 1))
        elif chance < 0.6:
            text = old = pick(random, names)
        else:
            text = self.collection() if random.random() < 0.5 else self.part()
        new = self.name()
        self.lines.append(f"{new} = {text}")
        if old in self.whole:
            self.whole[new] = self.whole[old]
        else:
            self.made.append(new)

    def _swap(self, left: str, right: str) -> None:
        self.lines.append(f"{left}, {right} = {right}, {left}")
        one, other = self.whole.pop(left, None), self.whole.pop(right, None)
        self.made = [name for name in self.made if name not in (left, right)]
        for name, held in ((left, other), (right, one)):
            if held is None:
                self.made.append(name)
            else:
                self.whole[name] = held

    def _names(self) -> list[str]:
        """Return the names to be copied, the newest twice."""
        return [*self.whole, *self.made, *self.made[-1:], *list(self.whole)[-1:]]

    def term(self) -> str:
        """Write a name, or part of what it holds."""
        return self.part() if self.random.random() < 0.2 else pick(self.random, self._names())

    def part(self) -> str:
        """Write an item of an argument, or a copy of it all."""
        name = pick(self.random, list(self.whole) or self.made)
        param = self.whole.get(name)
        if param is None:
            return name
        construct, text = pick(self.random, _PARTS.get(param.kind, (_same,)))(self.random, name, param)
        self.constructs |= {construct} - {""}
        return text

    def collection(self) -> str:
        """Write some terms put together."""
        random = self.random
        terms = [self.term() for _ in range(number(random, 1, 3))]
        chance = random.random()
        if chance < 0.45:
            return f"[{', '.join(terms)}]"
        if chance < 0.8:
            self.constructs.add("tuple")
            return f"({terms[0]},)" if len(terms) == 1 else f"({', '.join(terms)})"
        return "{" + ", ".join(f"{write(values.key(random))}: {term}" for term in terms) + "}"

    def result(self) -> str:
        """Write what is returned."""
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


def _same(random: Random, name: str, param: _Param) -> tuple[str, str]:
    return "", pick(random, (name, f"({name})"))


def _item(random: Random, name: str, param: _Param) -> tuple[str, str]:
    index = pick(random, (0, 0, 0, 1, 1, 2, -1, -1, -2))
    param.least = max(param.least, index + 1, -index)
    return f"{param.kind}[i]", f"{name}[{index}]"


def _all(random: Random, name: str, param: _Param) -> tuple[str, str]:
    return f"{param.kind}[:]", f"{name}[:]"


def _looked_up(random: Random, name: str, param: _Param) -> tuple[str, str]:
    param.keys = param.keys if param.keys and random.random() < 0.4 else [*param.keys, values.key(random)]
    key = write(pick(random, param.keys))
    return ("dict.get", f"{name}.get({key})") if random.random() < 0.25 else ("dict[i]", f"{name}[{key}]")


def _copy(random: Random, name: str, param: _Param) -> tuple[str, str]:
    if param.kind != "tuple" and random.random() < 0.5:
        return f"{param.kind}.copy", f"{name}.copy()"
    return param.kind, f"{param.kind}({name})"


_PARTS: dict[str, tuple[Callable[[Random, str, _Param], tuple[str, str]], ...]] = {
    "str": (_same, _item, _all, _same),
    "list": (_item, _item, _all, _copy),
    "tuple": (_item, _item, _all, _copy),
    "dict": (_looked_up, _looked_up, _looked_up, _copy),
    "set": (_copy, _same),
}
