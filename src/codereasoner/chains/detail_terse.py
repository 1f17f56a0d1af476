"""Phrases of the terse details."""

import ast
from collections.abc import Mapping

from codereasoner.chains.events import Event
from codereasoner.chains.statement_lines import LOOPS


def claims(event: Event) -> str:
    """`x = 1, y = 'a'`: the values an event leaves behind, those without a literal left out."""
    return ", ".join(literal_claims(event.values))


def literal_claims(values: Mapping[str, str]) -> list[str]:
    """`x = 1` for each value that has a literal."""
    return [f"{name} = {value}" for name, value in values.items() if not value.startswith("<")]


def outcome(event: Event) -> str:
    """`if True`, `while False`, `for end`, `case False`: what was decided; "" where a value says it."""
    node, taken = event.node, event.taken
    if taken is None:
        return ""
    if isinstance(node, LOOPS) and not isinstance(node, ast.While):
        return "" if taken else "for end"
    if isinstance(node, ast.With | ast.AsyncWith):
        return "" if taken else "with end"
    word = {ast.ExceptHandler: "except", ast.match_case: "case"}.get(type(node), type(node).__name__.lower())
    return f"{word} {taken}"


def called(event: Event) -> str:
    """`g: a = 1`, or `g is called` where no argument has a literal; what it reads from outside comes last."""
    given, outer = claims(event), ", ".join(literal_claims(event.outer))
    begins = f"{event.function}: {given}" if given else f"{event.function} is called"
    return begins + (f"; outside {outer}" if outer else "")
