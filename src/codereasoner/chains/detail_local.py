"""The chain in which every step is local: made for a model that is trained from nothing.

    for num in nums: num = 3, next 5, 7    the code of the statement, then what it leaves behind
    num % 2: 1                             or each part of it that is computed, instead of its code
    if False
    res.append(num): res = [4, 6]          a variable is always `name = value`, and always whole

The code is quoted, so that the next statement stands in the prompt right behind the text just written; a pass of a
loop gives its item and at most two that follow: its place, without a repetition of all that is left. Every
value is what the trace recorded, or follows from it by `expressions.Trail`.
"""

import ast
from collections.abc import Callable, Iterator
from itertools import islice

from codereasoner.chains.detail_terse import called, claims, outcome
from codereasoner.chains.events import Event
from codereasoner.chains.expressions import Trail, unparse
from codereasoner.chains.known_values import Unknown, text_of
from codereasoner.chains.operations import Operations, parts
from codereasoner.chains.pure_operations import is_silent
from codereasoner.chains.statement_lines import Statement, header
from codereasoner.records import Run
from codereasoner.steps.source import split_lines

AHEAD = 2  # items after the present one that a pass of a loop names


class Parts(Trail):
    """The parts of an expression under their own names: `len(text): 3`."""

    def value(self, node: ast.expr) -> object:
        """Return the value of an expression; every part of it that is computed is written down, the whole last.

        Raises:
            Unknown: a part of it is none of the operations that may be applied here.
        """
        result = super().value(node)
        if isinstance(node, _COMPUTED) and not is_silent(node):
            self.lines.append(f"{unparse(node)}: {text_of(result)}")
        return result

    def note(self, operation: str, compute: Callable[[], object]) -> object:
        """Apply an operation; `value` writes it down.

        Raises:
            Unknown: it fails, or what it gives is too long.
        """
        result = super().note(operation, compute)
        self.lines.pop()
        return result

    def begin_pass(self, target: ast.expr, item: object) -> None:
        """A pass of a comprehension begins."""
        self.say(f"for {unparse(target)}: {text_of(item)}")


_COMPUTED = (ast.Call, ast.BinOp, ast.BoolOp, ast.Compare, ast.Subscript, ast.IfExp, ast.JoinedStr)


class Local:
    """Writes the lines of the events of one run."""

    def __init__(self, run: Run) -> None:
        self.source = tuple(split_lines(run.source))
        self.operations = Operations(run.source)

    def lines(self, event: Event) -> Iterator[str]:
        """Yield the lines of an event."""
        node, effects = event.node, claims(event)
        match event.kind:
            case "call":
                yield called(event) if event.frame else effects
            case "resume":
                yield f"{event.function} resumes"
            case "return" if isinstance(event.scope, ast.ClassDef):
                return
            case "exception":
                yield event.value
            case "yield":
                yield f"yield {event.value}"
            case "wait":
                yield f"{event.function} waits"
            case "return" if event.frame:
                yield f"gives {event.value}"
            case "line" if node is not None:
                yield from self._statement(event, node, effects)
            case "line" if effects:
                yield effects

    def _statement(self, event: Event, node: Statement, effects: str) -> Iterator[str]:
        """Yield the parts of a statement, or else its code; then what it leaves behind."""
        if event.raised:
            yield from [_quoted(node, self.source)] if not effects else [f"{_quoted(node, self.source)}: {effects}"]
            return
        if isinstance(node, ast.While) and event.taken is None and event.visit > 1:
            return  # its test is a constant, which Python does not come back to in every version
        computed: list[str] = []
        is_known = True
        if (not isinstance(node, ast.For) or event.visit == 1) and not self.operations.calls_own(node):
            for expression in parts(node):
                lines, is_whole = _parts_of(expression, event)
                is_known &= is_whole
                computed += lines[:-1] if _says_whole(node) and _is_whole(lines, expression) else lines
        yield from computed
        quoted = "" if computed and is_known else _quoted(node, self.source)
        if isinstance(node, ast.For):
            quoted = quoted if event.visit == 1 and event.taken else ""
            effects = self._pass(event, node, effects)
        elif event.taken is not None and not isinstance(node, ast.If | ast.While):
            effects = ", ".join(part for part in (outcome(event), effects) if part)
        elif event.taken is not None:
            effects = str(event.taken) if quoted else f"{type(node).__name__.lower()} {event.taken}"
        if quoted or effects:
            yield f"{quoted}: {effects}" if quoted and effects else quoted or effects

    def _pass(self, event: Event, node: ast.For, effects: str) -> str:
        if event.taken is False:
            return "for end"
        left = self.operations.left_after(event, node)
        if left is None:
            return effects
        ahead = left[:AHEAD] if isinstance(left, str) else list(islice(left, AHEAD))
        try:
            text = text_of(ahead)
        except Unknown:
            return effects
        return f"{effects}, next {text if isinstance(ahead, str) else text[1:-1] or 'nothing'}"


def _quoted(node: Statement, source: tuple[str, ...]) -> str:
    """Return the code of a statement; of an assignment its right side, and nothing where that is a literal."""
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
    """Return whether the statement's own line, or the answer after it, gives the value of its expression."""
    return isinstance(node, ast.Assign | ast.AugAssign | ast.If | ast.While | ast.Return)


def _parts_of(expression: ast.expr, event: Event) -> tuple[list[str], bool]:
    """Return the parts of an expression that are computed, and whether it is whole."""
    trail = Parts(event.before)
    try:
        trail.value(expression)
    except (Unknown, TypeError, ValueError, LookupError, ArithmeticError):
        return trail.lines, False
    return trail.lines, True


def _is_whole(lines: list[str], expression: ast.expr) -> bool:
    return bool(lines) and lines[-1].startswith(f"{unparse(expression)}: ")
