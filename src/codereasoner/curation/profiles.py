"""Profiles of programs and of their calls: how often constructs, kinds and lengths occur, to compare two collections.

Only counts are kept, no text. A name that ends in p10 to p99 is a quantile, in characters, items or units; every other
one is a share, 0 to 1; in a profile of calls, the share among the things that are named before the comma.
"""

import ast
import re
import string
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from codereasoner import literals
from codereasoner.steps.source import parse_or_say_why, walk

_STATEMENTS: dict[type[ast.AST], str] = {
    ast.For: "for",
    ast.While: "while",
    ast.If: "if",
    ast.Try: "try",
    ast.Break: "break",
    ast.Continue: "continue",
    ast.Delete: "del",
    ast.AugAssign: "augmented assignment",
    ast.IfExp: "conditional expression",
    ast.ListComp: "list comprehension",
    ast.Dict: "dict display",
    ast.DictComp: "dict comprehension",
    ast.SetComp: "set comprehension",
    ast.GeneratorExp: "generator expression",
    ast.Lambda: "lambda",
    ast.JoinedStr: "f-string",
    ast.Slice: "slice",
    ast.BoolOp: "and, or",
    ast.Tuple: "tuple",
}

GROUPS = {
    "method call": re.compile(r"\..*"),
    "loop": re.compile("for|while"),
    "branch": re.compile("if|conditional expression"),
    "slice": re.compile("slice"),
    "comprehension": re.compile(".*comprehension|generator expression"),
    "dictionary": re.compile(r"dict (display|comprehension)|dict\(\)|\.(items|setdefault)"),
    "string formatting": re.compile(r"f-string|\.(format|format_map|zfill|ljust|rjust)"),
    "helper function": re.compile("helper"),
}
"""The groups that programs are compared by first; a program is in a group when it uses one of its constructs."""

QUANTILES = (10, 25, 50, 75, 90, 99)
LEAST = 20  # the least number of things whose share or quantile is given
_LETTERS = {
    "lower case": string.ascii_lowercase,
    "upper case": string.ascii_uppercase,
    "digits": string.digits,
    "spaces": " ",
    "punctuation": string.punctuation,
    "line ends and tabs": "\n\t\r",
}


@cache
def cruxeval_profile(of: Literal["constructs", "calls"]) -> dict[str, float]:
    """Return the profile of CRUXEval's 800 programs (arXiv:2401.03065), read from cruxeval_constructs or _calls.txt."""
    lines = Path(__file__).with_name(f"cruxeval_{of}.txt").read_text(encoding="ascii").strip().split("\n")
    return {name: float(share) for name, _, share in (line.rpartition(" ") for line in lines)}


def distance(ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    """Return the mean difference of the shares of the groups, 0 to 1."""
    return sum(abs(ours.get(name, 0.0) - theirs.get(name, 0.0)) for name in GROUPS) / len(GROUPS)


def is_quantile(name: str) -> bool:
    """Return whether a name is that of a number of characters, items or units, not of a share."""
    return name.rpartition(" p")[2].isdigit()


# ---- constructs


def construct_profile(sources: Iterable[str]) -> dict[str, float]:
    """Return the share of programs that are in each group and that use each construct, the commonest first.

    Methods are written `.append`, built-in and other functions `len()`, a program's own functions `helper`.

    Raises:
        SyntaxError: a source does not parse, or is nested too deeply.
    """
    counts: Counter[str] = Counter()
    total = 0
    for source in sources:
        total += 1
        found = constructs_of(source)
        counts.update(found | {group for group, names in GROUPS.items() if any(map(names.fullmatch, found))})
    return {name: count / total for name, count in counts.most_common()}


def constructs_of(source: str) -> set[str]:
    """Return the constructs that a program uses.

    Raises:
        SyntaxError: it does not parse, or is nested too deeply.
    """
    nodes = walk(parse_or_say_why(source))
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return {name for node in nodes if isinstance(node, _NAMED) for name in _names(node, own)}


_NAMED = (ast.Call, ast.BinOp, ast.Compare, ast.Subscript, *_STATEMENTS)


def _names(node: ast.AST, own: set[str]) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(attr=name)):
            yield f".{name}"
        case ast.Call(func=ast.Name(id=name)):
            yield "helper" if name in own else f"{name}()"
        case ast.BinOp(op=sign):
            yield type(sign).__name__.lower()
        case ast.Compare(ops=signs):
            yield from (type(sign).__name__.lower() for sign in signs)
        case ast.Subscript(slice=index) if not isinstance(index, ast.Slice):
            yield "index"
        case _ if type(node) in _STATEMENTS:
            yield _STATEMENTS[type(node)]


# ---- calls


def call_profile(
    programs: Iterable[tuple[str, Iterable[str]]], results: Iterable[str] = (), least: int = LEAST
) -> dict[str, float]:
    """Return shares and quantiles of the calls of programs, (source, calls) each, and of the values that they return.

    Nothing is said of what occurs fewer than `least` times. Only literals are looked into; "arguments, no literal" is
    the share of the others.

    Raises:
        LiteralError: a call or a value does not parse.
    """
    profile = _CallProfile()
    for source, calls in programs:
        if "'" in source or '"' in source:
            profile.count("sources with a string", "double quote", '"' in source)
        for call in calls:
            profile.add_call(call)
    for result in results:
        profile.count("results", _kind(_value(literals.parse(result))))
    return profile.found(least)


class _CallProfile:
    """Counts by group: how often each name holds, how often it was asked for, and sizes."""

    def __init__(self) -> None:
        self.held: dict[str, Counter[str]] = defaultdict(Counter)
        self.asked: Counter[tuple[str, str]] = Counter()
        self.sizes: dict[str, list[int]] = defaultdict(list)

    def count(self, group: str, name: str, holds: bool | None = None) -> None:
        """Count a member of the group: it has this one of several names, or the name holds for it or not."""
        self.held[group][name] += holds is not False
        self.asked[group, "" if holds is None else name] += 1

    def add_call(self, call: str) -> None:
        arguments = literals.parse_arguments(call)
        self.sizes["characters"].append(len(call))
        self.count("calls", f"{min(len(arguments), 4)}{' or more' if len(arguments) >= 4 else ''} arguments")
        self.count("calls", "keyword", any(name for name, _ in arguments))
        if "'" in call or '"' in call:
            self.count("calls with a string", "double quote", '"' in call)
            self.count("calls with a string", "backslash", "\\" in call)
        for _, node in arguments:
            value = _value(node)
            self.count("arguments", _kind(value))
            self._add_value(value, "")

    def _add_value(self, value: object, inner: str) -> None:
        match value:
            case str():
                self._add_text(value, f"{inner}strings")
            case int() if not isinstance(value, bool):
                self.sizes[f"{inner}integers"].append(value)
                self.count(f"{inner}integers", "negative", value < 0)
            case list() | tuple() | set() | dict():
                group = f"{inner}{_kind(value)}s"
                self.count(group, "empty", not value)
                self.sizes[f"{group}, items"].append(len(value))
                items = list(value.values()) if isinstance(value, dict) else list(value)
                if items:
                    self.count(group, "of several kinds", len(set(map(_kind, items))) > 1)
                for key in value if isinstance(value, dict) else ():
                    self.count("keys", _kind(key))
                for item in items:
                    self.count("values of dicts" if isinstance(value, dict) else "items", _kind(item))
                    self._add_value(item, "inner ")

    def _add_text(self, value: str, group: str) -> None:
        self.count(group, "empty", not value)
        self.sizes[f"{group}, length"].append(len(value))
        if value:
            for name, letters in _LETTERS.items():
                self.count(group, name, any(letter in letters for letter in value))
            self.count(group, "beyond ASCII", not value.isascii())

    def found(self, least: int) -> dict[str, float]:
        """Return all shares and quantiles, group by group."""
        found: dict[str, float] = {}
        for group, names in self.held.items():
            for name, count in names.most_common():
                asked = self.asked.get((group, name)) or self.asked[group, ""]
                if asked >= least:
                    found[f"{group}, {name}"] = round(count / asked, 5)
        for group, sizes in self.sizes.items():
            ordered = sorted(sizes)
            for percent in QUANTILES if len(ordered) >= least else ():
                found[f"{group} p{percent}"] = ordered[(len(ordered) - 1) * percent // 100]
        return found


class _NoLiteral:
    """Stands for a value that is not a literal."""


def _value(node: ast.expr) -> object:
    try:
        return literals.value_of(node)
    except literals.LiteralError:
        return _NoLiteral()


def _kind(value: object) -> str:
    return {"NoneType": "None", "_NoLiteral": "no literal"}.get(type(value).__name__, type(value).__name__)
