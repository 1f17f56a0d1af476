"""Split text that holds one Python expression a line, where an expression may go on over several lines."""

from __future__ import annotations

import re

from codereasoner.literals.work_limits import MAX_TOKENS

PATIENCE = 20_000  # characters that may be read in search of an end that is not there; then each line is one expression
_TOKEN = re.compile(r"""\\.|\"{3}|'{3}|["'\[\](){}#\n]""", re.DOTALL)
_BLANK = " \t\r\n\f"
_PLAIN = re.compile(r"[^\n'\"#\\\[\](){}]*+(?:#[^\n\\]*+)?+(?=\n|\Z)")
"""Most lines: no bracket, quote or backslash before a comment."""


def items(text: str) -> list[str]:
    """Return the expressions of a text, without blank lines, in time linear in the text.

    A line goes on where a bracket or a triple quote is open or a backslash ends it. What is never closed is an item
    on its line.
    """
    found: list[str] = []
    start, patience = 0, PATIENCE
    while start < len(text) and patience > 0:
        plain = _PLAIN.match(text, start)
        end = plain.end() if plain else _end(text, start)
        if end is None:
            patience -= len(text) - start
            end = text.find("\n", start) % (len(text) + 1)  # -1, no line end, is the end of the text
        found.append(text[start:end])
        start = end + 1
    found += text[start:].split("\n")
    return [item for each in found if (item := each.strip(_BLANK))]


def _end(text: str, start: int) -> int | None:
    """Return where the expression that begins at `start` ends: its line or the text; None if it is never closed."""
    depth, inside = 0, ""  # open brackets; the quote or comment that the place is in
    for count, token in enumerate(_TOKEN.finditer(text, start)):
        mark = token[0]
        if count == MAX_TOKENS:  # no reader takes more
            return None
        if mark == "\n" or (inside == "#" and mark == "\\\n"):
            inside = inside if len(inside) == 3 else ""
            if not inside and depth == 0:
                return token.end() - 1
        elif inside:
            inside = "" if mark == inside != "#" else inside
        elif mark in "[({":
            depth += 1
        elif mark in "])}":
            depth = max(0, depth - 1)
        elif mark[0] != "\\":
            inside = mark
    return None if depth or len(inside) == 3 else len(text)
