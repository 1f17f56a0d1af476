"""What the calls of programs look like: to set the values of one collection beside those of another.

Only counts are kept, no text. A name that ends in p10 to p99 is a quantile, in characters, items or units; every other
one is a share, 0 to 1, of what stands before its comma.
"""

from __future__ import annotations

import ast
import string
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from codereasoner import literals

QUANTILES = (10, 25, 50, 75, 90, 99)
LEAST = 20  # of which a share or a quantile is told
_LETTERS = {
    "lower case": string.ascii_lowercase,
    "upper case": string.ascii_uppercase,
    "digits": string.digits,
    "spaces": " ",
    "punctuation": string.punctuation,
    "line ends and tabs": "\n\t\r",
}


def census_of_calls(
    programs: Iterable[tuple[str, Iterable[str]]], results: Iterable[str] = (), least: int = LEAST
) -> dict[str, float]:
    """Shares and quantiles of the calls of some programs: (source, calls) each, and of the values that they return.

    Of what is there fewer than `least` times nothing is told. What an argument is can be told of literals only;
    "arguments, no literal" says how many are none.
    """
    census = _Census()
    for source, calls in programs:
        if "'" in source or '"' in source:
            census.count("sources with a string", "double quote", '"' in source)
        for call in calls:
            census.call(call)
    for result in results:
        census.count("results", _kind(_value(ast.parse(result, mode="eval").body)))
    return census.found(least)


@cache
def calls_of_cruxeval() -> dict[str, float]:
    """The census of the calls and outputs of CRUXEval (arXiv:2401.03065), as it stands in cruxeval_calls.txt."""
    lines = Path(__file__).with_name("cruxeval_calls.txt").read_text(encoding="ascii").strip().split("\n")
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def is_quantile(name: str) -> bool:
    """Is it a number of characters, items or units, and no share?"""
    return name.rpartition(" p")[2].isdigit()


class _Census:
    """What has been counted so far: of each group, how often each of its names was said and how often it was asked."""

    def __init__(self) -> None:
        self.said: dict[str, Counter[str]] = defaultdict(Counter)
        self.asked: Counter[tuple[str, str]] = Counter()
        self.sizes: dict[str, list[int]] = defaultdict(list)

    def count(self, group: str, name: str, holds: bool | None = None) -> None:
        """Of the group, one has this name, among names that exclude one another; or it `holds` for it or not."""
        self.said[group][name] += holds is not False
        self.asked[group, "" if holds is None else name] += 1

    def call(self, call: str) -> None:
        arguments = literals.parse_arguments(call)
        self.sizes["characters"].append(len(call))
        self.count("calls", f"{min(len(arguments), 4)} arguments" if len(arguments) < 4 else "4 or more arguments")
        self.count("calls", "keyword", any(name for name, _ in arguments))
        if "'" in call or '"' in call:
            self.count("calls with a string", "double quote", '"' in call)
            self.count("calls with a string", "backslash", "\\" in call)
        for _, argument in arguments:
            value = _value(argument)
            self.count("arguments", _kind(value))
            self._value(value, "")

    def _value(self, value: Any, inner: str) -> None:
        kind = _kind(value)
        if kind == "str":
            self._text(value, f"{inner}strings")
        elif kind == "int":
            self.sizes[f"{inner}integers"].append(value)
            self.count(f"{inner}integers", "negative", value < 0)
        elif kind in ("list", "tuple", "set", "dict"):
            group = f"{inner}{kind}s"
            self.count(group, "empty", not value)
            self.sizes[f"{group}, items"].append(len(value))
            items = list(value.values()) if kind == "dict" else list(value)
            if items:
                self.count(group, "of several kinds", len(set(map(_kind, items))) > 1)
            for key in value if kind == "dict" else ():
                self.count("keys", _kind(key))
            for item in items:
                self.count("values of dicts" if kind == "dict" else "items", _kind(item))
                self._value(item, "inner ")

    def _text(self, value: str, group: str) -> None:
        self.count(group, "empty", not value)
        self.sizes[f"{group}, length"].append(len(value))
        if value:
            for name, letters in _LETTERS.items():
                self.count(group, name, any(letter in letters for letter in value))
            self.count(group, "beyond ASCII", not value.isascii())

    def found(self, least: int) -> dict[str, float]:
        """All shares and quantiles, group by group."""
        found: dict[str, float] = {}
        for group, names in self.said.items():
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
    pass


def _value(node: ast.expr) -> Any:
    try:
        return literals.value_of(node)
    except literals.LiteralError:
        return _NoLiteral()


def _kind(value: Any) -> str:
    return {"NoneType": "None", "_NoLiteral": "no literal"}.get(type(value).__name__, type(value).__name__)
