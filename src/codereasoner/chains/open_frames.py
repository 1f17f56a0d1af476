"""The frames of a run while its trace is read, and in each the statement that has begun and not finished."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from codereasoner.chains.callers import Callee, can_yield
from codereasoner.chains.entered_blocks import comprehension_names, targets
from codereasoner.chains.followed_lines import Part
from codereasoner.chains.statement_lines import (
    MODULE,
    Scope,
    Statement,
    Unit,
    body_lines,
    first_line,
    is_short_loop,
    own,
)
from codereasoner.records import Step
from codereasoner.steps.source import INLINED, is_inlined

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)


@dataclass(slots=True)
class OpenUnit:
    """A unit that has begun and not finished."""

    unit: Unit
    steps: list[Step]
    before: Mapping[str, str]
    outside: Mapping[str, str]  # module variables that are known when it begins
    earlier: list[Part] = field(default_factory=list)  # its first statements, where a call followed them
    called: set[Callee] = field(default_factory=set)  # the functions that were called meanwhile
    generator: int | None = None  # the frame that the header of a loop gets its items from
    has_item: bool = False  # the generator has yielded: what is called from now on, the body calls

    @property
    def last_line(self) -> int:
        """The line that ran last in the unit; the step of a call names the first line of its function."""
        place = -1
        while self.steps[place].event == "call":
            place -= 1
        return self.steps[place].line

    def known(self, before: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """Return the variables before the unit, or before one of its statements, with those of the module."""
        before = self.before if before is None else before
        return {**self.outside, **before} if self.outside else before

    def repeats(self) -> bool:
        """Return whether a line may run again within its statement.

        That is so after a yield, in a comprehension (from Python 3.12 on), and where `all`, `any` or `tuple` takes a
        generator (from 3.14 on): both are loops of the frame itself.
        """
        if self.steps[-1].event != "line":
            return True
        parts = (part for each in self.unit.statements for part in own(each))
        return any(isinstance(each, COMPREHENSIONS) or is_inlined(each) for each in parts)


@dataclass
class OpenFrame:
    """The state of a frame while the trace is read."""

    number: int
    function: str
    scope: Scope | None
    state: dict[str, str] = field(default_factory=dict)
    snapshot: Mapping[str, str] | None = None  # the state as it is since the last change
    open: OpenUnit | None = None
    passes: dict[Statement, int] = field(default_factory=dict)  # by loop that was reached and not left
    last_line: int = 0
    returning: tuple[int, Statement] | None = None  # a `return` that `finally` blocks stand between
    loop_left: Statement | None = None  # the loop that the last statement broke out of
    failed: Unit | None = None  # the unit that an exception has just ended
    is_hidden: bool = field(init=False)  # the frame of a comprehension, a lambda or annotations, part of a statement

    def __post_init__(self) -> None:
        self.is_hidden = (self.scope is None or self.function.startswith("<")) and self.function != MODULE[0]

    def known(self) -> Mapping[str, str]:
        """Return the variables as they are now, in a mapping that later steps leave alone."""
        if self.snapshot is None:
            self.snapshot = dict(self.state)
        return self.snapshot

    def apply(self, step: Step) -> None:
        """Change the variables as a step does."""
        if step.changes or step.removed:
            self.snapshot = None
        self.state.update(step.changes)
        for name in step.removed:
            self.state.pop(name, None)

    def comes_round(self, loop: Statement) -> bool:
        """Return whether the statement before was in the body of the loop and has not left it."""
        return self.loop_left is not loop and self.last_line in range(first_line(loop), body_lines(loop).stop)

    def node(self, line: int) -> Statement | None:
        """Return the open statement that is on a line."""
        return self.open.unit.innermost(line) if self.open is not None and self.open.unit.statements else None

    def yielder(self, line: int) -> Statement | None:
        """Return the open statement that yields on a line; None where several may."""
        found = [each for each in (self.open.unit.statements if self.open else ()) if can_yield(each)]
        return found[0] if len(found) == 1 else None if found else self.node(line)

    def returner(self, line: int, value: str) -> Statement | None:
        """Return the open statement that returned a value on a line; None where the body may have ended there."""
        node = self.node(line)
        is_alone = self.open is not None and len(self.open.unit.statements) == 1
        return node if is_alone or value != "None" else None

    def goes_on(self, step: Step, later: Step | None) -> bool:
        """Return whether a new line, or the same line again, is still part of the open unit.

        Args:
            step: the step of that line.
            later: what the frame does next.
        """
        opened = self.open
        if opened is None or self.scope is None or not opened.unit.statements:
            return False
        if self.scope.units.get(step.line) is not opened.unit:
            return False
        if is_short_loop(opened.unit):
            body = body_lines(opened.unit.statements[0])
            return opened.last_line not in body or (step.line in body and len(body) > 1)
        if _is_left(opened.unit, self.last_line):
            return later is None or later.event != "line" or later.line not in body_lines(opened.unit.statements[0])
        return opened.last_line != step.line or len(opened.unit.statements) > 1 or opened.repeats()

    def give_back(self, opened: OpenUnit) -> None:
        """Give the names of its comprehensions, where these are inlined, the values that they had before the unit."""
        if INLINED:
            statements = opened.unit.statements
            names = {name for each in statements for name in comprehension_names(each)}
            if len(statements) > 1:  # one of them may have set such a name before another failed
                names -= {name for each in statements for name in targets(each)}
            kept = {name: value for name, value in self.state.items() if name not in names}
            self.state = kept | {name: value for name, value in opened.before.items() if name in names}
            self.snapshot = None

    def clears_up(self, line: int) -> bool:
        """Return whether a line only gives back the names of a comprehension that has failed (from Python 3.12 on).

        So does another line of an `async for` whose iterator has failed. Where a `with` is on the same line, that may
        be its exit as well, and counts as such.
        """
        if self.failed is None or self.scope is None or self.scope.units.get(line) is not self.failed:
            return False
        statements = self.failed.statements
        if len(statements) == 1 and isinstance(statements[0], ast.AsyncFor):
            return True
        if len(statements) > 1 and any(isinstance(each, ast.With | ast.AsyncWith) for each in statements):
            return False
        parts = (part for each in statements for part in own(each))
        return any(isinstance(each, COMPREHENSIONS) and each.lineno == line for each in parts)


def _is_left(unit: Unit, last_line: int) -> bool:
    """Return whether the unit is a `with` whose managers exit, each of which may have a step of its own."""
    node, *others = unit.statements
    return isinstance(node, ast.With | ast.AsyncWith) and not others and last_line in body_lines(node)
