"""What the terse details say of a moment."""

from __future__ import annotations

import ast

from codereasoner.chains.events import Moment
from codereasoner.chains.statement_lines import LOOPS


def claims(moment: Moment) -> str:
    """`x = 1, y = 'a'`: the values a moment leaves behind, those without a literal left out."""
    return ", ".join(literal_claims(moment))


def literal_claims(moment: Moment) -> list[str]:
    """`x = 1` for each value that has a literal."""
    return [f"{name} = {value}" for name, value in moment.values.items() if not value.startswith("<")]


def outer_claims(moment: Moment) -> list[str]:
    """The same of the variables of functions around that a call reads."""
    return [f"{name} = {value}" for name, value in moment.outer.items() if not value.startswith("<")]


def outcome(moment: Moment) -> str:
    """`if True`, `while False`, `for end`, `case False`: what was decided; "" where a value says it."""
    node, taken = moment.node, moment.taken
    if taken is None:
        return ""
    if isinstance(node, LOOPS) and not isinstance(node, ast.While):
        return "" if taken else "for end"
    if isinstance(node, ast.With | ast.AsyncWith):
        return "" if taken else "with end"
    word = {ast.ExceptHandler: "except", ast.match_case: "case"}.get(type(node), type(node).__name__.lower())
    return f"{word} {taken}"


def called(moment: Moment) -> str:
    """`g: a = 1`, and what it reads from outside behind a semicolon."""
    outer = ", ".join(outer_claims(moment))
    return f"{moment.function}: {claims(moment)}" + (f"; outside {outer}" if outer else "")
