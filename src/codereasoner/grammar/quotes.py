"""Write string literals in either quote: code is drafted with single quotes, and written as people write it.

Programs that differ in their quotes only are one program, of one shape (draft.py).
"""

import re
from random import Random
from typing import Literal

from codereasoner.grammar.draft import pick_share

Quotes = Literal["single", "double", "mixed"]

OF_SOURCES: tuple[tuple[Quotes, float], ...] = (("single", 0.8), ("double", 0.14), ("mixed", 0.06))
OF_CALLS: tuple[tuple[Quotes, float], ...] = (("single", 0.85), ("double", 0.12), ("mixed", 0.03))
"""The share of sources and calls with a string that are written so; of CRUXEval's calls, 26 % hold a double quote."""

_STRINGS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)


def choose(random: Random, source: Quotes | None = None) -> Quotes:
    """Choose the quotes of a source, or of a call of a source with these quotes: mostly the same, unless single."""
    if source is None:
        return pick_share(random, OF_SOURCES)
    return source if source != "single" and random.random() < 0.7 else pick_share(random, OF_CALLS)


def written(code: str, quotes: Quotes, random: Random) -> str:
    """Return code, whose strings are as `repr` writes them, with its strings in these quotes."""
    if quotes == "single" or "'" not in code:
        return code

    def change(match: re.Match[str]) -> str:
        text = match.group()
        if quotes == "mixed" and random.random() < 0.5:
            return text
        return text if '"' in text and random.random() < 0.8 else _double(text)

    return _STRINGS.sub(change, code)


def _double(text: str) -> str:
    """Return a canonical string literal in double quotes."""
    if text[0] == '"':
        return text
    return '"' + text[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
