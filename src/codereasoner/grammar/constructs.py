"""Name the constructs that a template shows: methods with their type, built-ins, operators, comprehensions."""

import re
from collections.abc import Iterable, Mapping
from functools import cache

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

HOLE = re.compile(r"\{([a-z]+)([.+!=]*)(?:>(\d+))?(?:~(\w))?\}")
"""A place in a template: the kind of value, signs, its least length or value, and the name that it must mention."""

_CLASSES: dict[str, type] = {each.__name__: each for each in (str, int, float, bool, list, dict, set, tuple, object)}
_STR_METHODS = frozenset(["join", "maketrans", "format", "translate", "decode"])
_KEYWORDS = frozenset(["x", "if", "in", "for", "while", "and", "or", "not", "return"])
_STATEMENTS = re.compile(r"(for|while|if|else|elif|try|del)\b")
_SIGNS = "+ - * // / % ** == != < > <= >= in and or & | ^ << >> += -= *= //= %="
_PIECES = {"f'": "f-string", " else ": "conditional expression", "lambda": "lambda"}
_NUMBERS = frozenset(["small", "few", "bit", "width"])
_SUBSCRIPT = re.compile(r"\{([a-z]+)[.+!=]*(?:>\d+)?(?:~\w)?\}\[([^\]]*)\]")
_LAST = re.compile(rf"(?:{HOLE.pattern}|\b(?:len|sum|ord|int|abs|round)\([^()]*\)|\b\d+)$")
_TOGETHER = ("str.translate", "str.maketrans")
"""Methods that cannot do without each other."""


@cache
def constructs(template: str) -> tuple[str, ...]:
    """Return the constructs of an expression, whose comprehension variables are written `@x`."""
    kinds = [TYPES.get(match[1], "str") for match in HOLE.finditer(template)] or ["str"]
    bare = HOLE.sub("x", template)
    methods = [(of, name) for of, name in re.findall(r"(\w+|[')\]])\.(\w+)\(", bare) if name != "x"]
    found = [f"{of if of in _CLASSES else _owner(method, kinds)}.{method}" for of, method in methods]
    found += [name for name in re.findall(r"(?<![.\w])([a-z]+)\(", bare) if name not in _KEYWORDS]
    first = HOLE.search(template)
    for kind, index in _SUBSCRIPT.findall(template.replace("$", f"{{{first[1] if first else 'str'}}}")):
        found.append(f"{TYPES.get(kind, 'str')}{'[:]' if ':' in index else '[i]'}")
    outside = re.sub(r" for @\w(, @\w)? in ", " ", template)
    found += [
        f"{owner} {sign}"
        for sign in (*_SIGNS.split(), "not in")
        if f" {sign} " in outside and (owner := _operand(outside, sign))
    ]
    found += [name for piece, name in _PIECES.items() if piece in outside]
    if (start := bare.find(" for @")) >= 0:
        found.append(_comprehension(bare, start))
    return tuple(dict.fromkeys(found))


def statement_constructs(template: str, kinds: Mapping[str, str]) -> tuple[str, ...]:
    """Return the constructs of a statement, whose names `$x` are of these kinds."""
    template = re.sub(r"\$(\w)", lambda match: f"{{{kinds[match[1]]}!}}", template)
    template = re.sub(r"~\w\}", "}", template)
    if (match := _STATEMENTS.match(template)) is None:
        return constructs(template)
    return (match[1], *constructs(template.replace(" in ", " of ") if match[1] == "for" else template))


def is_pure(names: Iterable[str], wanted: str) -> bool:
    """Return whether these constructs hold no method but the wanted one and those it cannot do without."""
    allowed = _TOGETHER if wanted in _TOGETHER else (wanted,)
    return not any("." in name and name not in allowed for name in names)


def _owner(method: str, kinds: list[str]) -> str:
    """Return the type a method belongs to: that of the first hole that has it, or else the first type that has it."""
    candidates = ["str"] if method in _STR_METHODS else [*kinds, "str", "dict", "list", "set"]
    return next((kind for kind in candidates if hasattr(_CLASSES[kind], method)), "str")


def _operand(template: str, sign: str) -> str:
    """Return the type an operator belongs to: of the operand before it, or after `in`; "" where it is unknown."""
    before, _, after = template.partition(f" {sign} ")
    if sign in ("and", "or"):
        return "bool"
    match = HOLE.match(after) if sign in ("in", "not in") else _LAST.search(before)
    if match is None:
        return "str" if before.endswith("'") else ""
    return TYPES.get(match[1] or "int", "int" if match[1] in _NUMBERS else "str")


def _comprehension(bare: str, start: int) -> str:
    depth = 0
    for letter in reversed(bare[:start]):
        depth += (letter in ")]}") - (letter in "([{")
        if depth < 0:
            if letter == "{":
                return "dict comprehension" if ": " in bare[:start] else "set comprehension"
            return "list comprehension" if letter == "[" else "generator expression"
    return "generator expression"
