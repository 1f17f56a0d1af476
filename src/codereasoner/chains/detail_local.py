"""The chain in which every step is local: made for a model that is trained from nothing.

    for num in nums: num = 3, next 5, 7    the code of the statement, then what it leaves behind
    num % 2: 1                             or each part of it that is computed, instead of its code
    if False
    res.append(num): res = [4, 6]          a variable is always told as `name = value`, and always whole

The code is quoted, so that the next statement stands in the prompt right behind the text just written; a pass of a
loop says its item and at most two that follow, which tells where it is without repeating all that is left. Every
value is what the trace recorded, or follows from it by `expressions.Trail`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from codereasoner.chains.detail_terse import called, claims, outcome
from codereasoner.chains.events import Event
from codereasoner.chains.expressions import SILENT, Trail, Unknown, text_of, unparse
from codereasoner.chains.operations import Operations, parts
from codereasoner.chains.statement_lines import Statement, header
from codereasoner.records import Run
from codereasoner.steps.source import split_lines

AHEAD = 2  # items after the present one that a pass of a loop names


class Parts(Trail):
    """The parts of an expression under their own names: `len(text): 3`."""

    def value(self, node: ast.expr) -> Any:
        """The value of an expression; every part of it that is computed is written down, the whole last.

        Raises:
            Unknown: a part of it is none of the operations that may be applied here.
        """
        result = super().value(node)
        if isinstance(node, _COMPUTED) and not _is_silent(node):
            self.lines.append(f"{unparse(node)}: {text_of(result)}")
        return result

    def note(self, operation: str, compute: Callable[[], Any]) -> Any:
        """Apply an operation; `value` writes it down.

        Raises:
            Unknown: it fails, or what it gives is too long.
        """
        result = super().note(operation, compute)
        self.lines.pop()
        return result

    def begin_pass(self, target: ast.expr, item: Any) -> None:
        """A pass of a comprehension begins."""
        self.lines.append(f"for {unparse(target)}: {text_of(item)}")


_COMPUTED = (ast.Call, ast.BinOp, ast.BoolOp, ast.Compare, ast.Subscript, ast.IfExp, ast.JoinedStr)


def _is_silent(node: ast.expr) -> bool:
    """Is it something that has no literal, as `range(3)`?"""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return name in SILENT


class Local:
    """Tells the events of one run."""

    def __init__(self, run: Run) -> None:
        self.source = tuple(split_lines(run.source))
        self.operations = Operations(run.source)

    def lines(self, event: Event) -> Iterator[str]:
        """The lines of a event."""
        node, told = event.node, claims(event)
        match event.kind:
            case "call":
                yield called(event) if event.frame else told
            case "resume":
                yield f"{event.function} resumes"
            case "return" if isinstance(event.scope, ast.ClassDef):
                return
            case "exception":
                yield event.value
            case "yield":
                yield f"yield {event.value}"
            case "return" if event.frame:
                yield f"gives {event.value}"
            case "line" if node is not None:
                yield from self._statement(event, node, told)

    def _statement(self, event: Event, node: Statement, said: str) -> Iterator[str]:
        """The parts of a statement, or else its code; then what it leaves behind."""
        if event.raised:
            yield from [_quoted(node, self.source)] if not said else [f"{_quoted(node, self.source)}: {said}"]
            return
        if isinstance(node, ast.While) and event.taken is None and event.visit > 1:
            return  # its test is a constant, which Python does not come back to in every version
        told: list[str] = []
        if (not isinstance(node, ast.For) or event.visit == 1) and not self.operations.calls_own(node):
            for expression in parts(node):
                lines = _parts_of(expression, event)
                told += lines[:-1] if _says_whole(node) and _is_whole(lines, expression) else lines
        yield from told
        quoted = "" if told else _quoted(node, self.source)
        if isinstance(node, ast.For):
            quoted = quoted if event.visit == 1 and event.taken else ""
            said = self._pass(event, node, said)
        elif event.taken is not None and not isinstance(node, ast.If | ast.While):
            said = ", ".join(part for part in (outcome(event), said) if part)
        elif event.taken is not None:
            said = f"{type(node).__name__.lower()} {event.taken}" if told else str(event.taken)
        if quoted or said:
            yield f"{quoted}: {said}" if quoted and said else quoted or said

    def _pass(self, event: Event, node: ast.For, said: str) -> str:
        if not event.taken:
            return "for end"
        left = self.operations.left_after(event, node)
        if left is None:
            return said
        ahead = left[:AHEAD] if isinstance(left, str) else list(islice(left, AHEAD))
        try:
            shown = text_of(ahead)
        except Unknown:
            return said
        return f"{said}, next {shown if isinstance(ahead, str) else shown[1:-1] or 'nothing'}"


def _quoted(node: Statement, source: tuple[str, ...]) -> str:
    """The code of a statement; of an assignment its right side, and nothing where that is a literal."""
    if isinstance(node, ast.Assign):
        return "" if _is_literal(node.value) else unparse(node.value)
    return str(header(node, source)).rstrip(":")


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError):
        return False
    return True


def _says_whole(node: Statement) -> bool:
    """Does the statement's own line, or the answer behind it, say the value of its expression?"""
    return isinstance(node, ast.Assign | ast.AugAssign | ast.If | ast.While | ast.Return)


def _parts_of(expression: ast.expr, event: Event) -> list[str]:
    trail = Parts(event.before)
    try:
        trail.value(expression)
    except (Unknown, TypeError, ValueError, LookupError, ArithmeticError):
        return trail.lines
    return trail.lines


def _is_whole(lines: list[str], expression: ast.expr) -> bool:
    return bool(lines) and lines[-1].startswith(f"{unparse(expression)}: ")
