"""Expression forms: one line of a table says what kind of value a piece of code gives, and what stands in its holes.

    str 4 1 | {str.}.replace({char}, {char}) | =

means: gives a string, weight 4, from difficulty 1 on; the least length of the result is that of the first hole.
A hole is `{kind}`, with signs after it where needed: `.` what a method is called on, `+` an operand, `=` an operand
of a comparison, `!` a variable only, `>2` at least 2 (the length of a collection or string, the value of an integer),
`~x` the comprehension variable it must mention. `$` stands for the text of the first hole. A last column of `=`, `=+1`,
`=-1` or a number gives the least length or value of the result.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from random import Random

from codereasoner.grammar import forms_data, forms_mixed, forms_text

UNKNOWN = -99
"""The least value of an integer of which nothing is known."""

TYPES = {
    "str": "str",
    "char": "str",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "ints": "list",
    "strs": "list",
    "pairs": "list",
    "nested": "list",
    "counts": "dict",
    "names": "dict",
    "groups": "dict",
    "tally": "dict",
    "lookup": "dict",
    "table": "dict",
    "anys": "list",
    "any": "object",
    "intset": "set",
    "strset": "set",
    "tup": "tuple",
    "pair": "tuple",
}
"""The Python type of every kind of value."""

ACCEPTS = {"str": ("str", "char")}
"""Which kinds may stand where a kind is wanted, when there are more than itself."""


@dataclass(frozen=True)
class Hole:
    """What has to be written in one place of a form."""

    kind: str
    place: str = ""  # "." receiver, "+" operand, "=" operand of something that binds loosely, "" anything
    variable: bool = False
    low: int | None = None
    mention: str = ""  # the comprehension or template variable that must be mentioned
    iterated: bool = False  # by a comprehension


@dataclass(frozen=True)
class Form:
    """One way to write an expression of a kind."""

    kind: str
    weight: float
    level: int
    texts: tuple[str, ...]  # one more than holes: what stands around them
    holes: tuple[Hole, ...]
    low: int | None  # of the result, absolute; None: by `shift` from the first hole
    shift: int | None
    atom: bool  # may a method be called on it, or an operator stand beside it, without brackets?
    names: tuple[str, ...]  # the constructs it shows: "str.replace", "slice", "listcomp"
    locals: Mapping[str, str]  # comprehension variables and their kinds


HOLE = re.compile(r"\{([a-z]+)([.+!=]*)(?:>(\d+))?(?:~(\w))?\}")
_LOCAL = re.compile(r"@(\w):(\w+)")


@cache
def forms() -> dict[str, tuple[Form, ...]]:
    """Every form by the kind of its value."""
    found: dict[str, list[Form]] = {}
    for form in _read(forms_text.TABLE + forms_data.TABLE + forms_mixed.TABLE):
        found.setdefault(form.kind, []).append(form)
    return {kind: tuple(items) for kind, items in found.items()}


@cache
def reach(level: int) -> dict[tuple[str, str], int]:
    """How many forms must be put into each other, at least, so that a value of one kind mentions one of another."""
    steps = {(kind, kind): 0 for kind in TYPES}
    steps |= {(kind, other): 0 for kind, others in ACCEPTS.items() for other in others}
    changed = True
    while changed:
        changed = False
        for kind, items in forms().items():
            for form in items:
                for hole in form.holes if form.level <= level else ():
                    for (source, target), distance in list(steps.items()):
                        if source == hole.kind and distance + 1 < steps.get((kind, target), 99):
                            steps[kind, target] = distance + 1
                            changed = True
    return steps


WANTED = 25
"""How much more a form weighs that shows a wanted construct."""


class Candidates:
    """Forms to pick from, each the more often the more it weighs."""

    def __init__(self, found: tuple[Form, ...], wanted: str = "") -> None:
        self.forms = found
        self._sums = list(accumulate(form.weight * (WANTED if wanted in form.names else 1) for form in found))

    def pick(self, random: Random) -> Form:
        """One of the forms; there must be one."""
        return self.forms[min(bisect_right(self._sums, random.random() * self._sums[-1]), len(self.forms) - 1)]


@cache
def possible(
    kind: str, level: int, mention: str, depth: int, inside: bool, wanted: str, pure: bool = False
) -> Candidates:
    """The forms of a kind that a level has, in which a variable of the kind `mention` can be put at that depth.

    `inside` a comprehension there is no other one; forms that show a `wanted` construct are there at every level.
    `pure` leaves out those that show a method other than the wanted one.
    """
    steps = reach(level)

    def fits(form: Form) -> bool:
        if (form.level > level and wanted not in form.names) or (inside and form.locals):
            return False
        if pure and not is_pure(form.names, wanted):
            return False
        if not mention:
            return True
        return any(steps.get((hole.kind, mention), 99) <= depth - 1 for hole in form.holes if not hole.mention)

    return Candidates(tuple(form for form in forms().get(kind, ()) if fits(form)), wanted)


@cache
def showing(construct: str) -> tuple[Form, ...]:
    """The forms that show a construct."""
    return tuple(form for items in forms().values() for form in items if construct in form.names)


def is_pure(names: Iterable[str], wanted: str) -> bool:
    """Is there no method among these constructs but the wanted one, and what it cannot do without?"""
    allowed = _TOGETHER if wanted in _TOGETHER else (wanted,)
    return not any("." in name and name not in allowed for name in names)


_TOGETHER = ("str.translate", "str.maketrans")


def parse_hole(match: re.Match[str]) -> Hole:
    """The hole that a piece `{...}` of a template stands for."""
    kind, signs, low, mention = match.groups()
    return Hole(kind, signs.replace("!", ""), "!" in signs, int(low) if low else None, mention or "")


def _read(table: str) -> Iterator[Form]:
    for line in table.strip().split("\n"):
        if line.strip():
            head, _, rest = line.partition(" | ")
            template, _, low = rest.rpartition(" | ")
            kind, weight, level = head.split()
            yield _form(kind, float(weight), int(level), template.strip(), low.strip())


def _form(kind: str, weight: float, level: int, template: str, low: str) -> Form:
    local = dict(_LOCAL.findall(template))
    template = _LOCAL.sub(r"@\1", template)
    names = constructs(template)
    texts, holes, end = [], [], 0
    for match in HOLE.finditer(template):
        texts.append(template[end : match.start()])
        hole = parse_hole(match)
        iterated = template[: match.start()].endswith(" in ") and " for @" in template[: match.start()]
        holes.append(replace(hole, place="+", iterated=True) if iterated else hole)
        end = match.end()
    texts.append(template[end:])
    shift = int(low[1:] or 0) if low.startswith("=") else None
    fixed = None if shift is not None else int(low) if low not in ("", "-") else UNKNOWN if kind == "int" else 0
    return Form(kind, weight, level, tuple(texts), tuple(holes), fixed, shift, _is_atom(template), names, local)


def _is_atom(template: str) -> bool:
    bare = HOLE.sub("x", template)
    depth = 0
    for letter in bare:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == " " and depth == 0:
            return False
    return not bare.startswith("-")


def constructs(template: str) -> tuple[str, ...]:
    """The names of what a template shows: methods with their type, built-ins, operators, comprehensions."""
    kinds = [TYPES.get(match.group(1), "str") for match in HOLE.finditer(template)] or ["str"]
    bare = HOLE.sub("x", template)
    methods = [(of, name) for of, name in re.findall(r"(\w+|[')\]])\.(\w+)\(", bare) if name != "x"]
    found = [f"{of if of in _CLASSES else _owner(method, kinds)}.{method}" for of, method in methods]
    found += [name for name in re.findall(r"(?<![.\w])([a-z]+)\(", bare) if name not in _NOT_BUILTINS]
    for of, index in _SUBSCRIPT.findall(template.replace("$", "{" + _kind_of_first(template) + "}")):
        found.append(f"{TYPES.get(of, 'str')}{'[:]' if ':' in index else '[i]'}")
    outside = re.sub(r" for @\w(, @\w)? in ", " ", template)
    found += [f"{owner} {sign}" for sign in _OPERATORS if (owner := _operand(outside, sign))]
    found += [name for piece, name in _PIECES.items() if piece in outside]
    if (start := bare.find(" for @")) >= 0:
        found.append(_comprehension(bare, start))
    return tuple(dict.fromkeys(found))


def _owner(method: str, kinds: list[str]) -> str:
    """The type a method belongs to: that of the first hole that has it, or else the first type that has it."""
    kinds = [*kinds, *("str", "dict", "list", "set")] if method not in _OF_STR else ["str"]
    return next((kind for kind in kinds if hasattr(_CLASSES[kind], method)), "str")


def _kind_of_first(template: str) -> str:
    """The kind of the first hole of a template."""
    first = HOLE.search(template)
    return first.group(1) if first else "str"


def _operand(template: str, sign: str) -> str:
    """The type that an operator belongs to: of what stands before it, or after `in`; "" where it cannot be told."""
    before, found, after = template.partition(f" {sign} ")
    if not found:
        return ""
    if sign in ("and", "or"):
        return "bool"
    match = re.match(HOLE, after) if sign in ("in", "not in") else _LAST.search(before)
    if match is None:
        return "str" if before.endswith("'") else ""
    return TYPES.get(match.group(1) or "int", "int" if match.group(1) in _NUMBERS else "str")


_SUBSCRIPT = re.compile(r"\{([a-z]+)[.+!=]*(?:>\d+)?(?:~\w)?\}\[([^\]]*)\]")
_LAST = re.compile(rf"(?:{HOLE.pattern}|\b(?:len|sum|ord|int|abs|round)\([^()]*\)|\b\d+)$")
_NUMBERS = frozenset(["small", "few", "bit", "width"])


def _comprehension(bare: str, start: int) -> str:
    depth = 0
    for letter in reversed(bare[:start]):
        depth += (letter in ")]}") - (letter in "([{")
        if depth < 0:
            if letter == "{":
                return "dict comprehension" if ": " in bare[:start] else "set comprehension"
            return "list comprehension" if letter == "[" else "generator expression"
    return "generator expression"


_OPERATORS = (
    *(
        "+",
        "-",
        "*",
        "//",
        "/",
        "%",
        "**",
        "==",
        "!=",
        "<",
        ">",
        "<=",
        ">=",
        "in",
        "not in",
        "and",
        "or",
        "&",
        "|",
        "^",
        "<<",
        ">>",
    ),
    *("+=", "-=", "*=", "//=", "%="),
)
_OF_STR = frozenset(["join", "maketrans", "format", "translate", "decode"])
_CLASSES: dict[str, type] = {each.__name__: each for each in (str, int, float, bool, list, dict, set, tuple, object)}
_NOT_BUILTINS = frozenset(["x", "if", "in", "for", "while", "and", "or", "not", "return"])
_PIECES = {"f'": "f-string", " else ": "conditional expression", "lambda": "lambda"}
