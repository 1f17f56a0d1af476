"""Split a line that several statements share into what each of them did.

A trace says that a line ran, not which of its statements did. They are followed by abstract execution; its result is
taken only where it ends in the recorded state. Elsewhere the changes of the line are given to none of its statements,
unless one alone can have made them, and whether a block was entered is left open unless the trace decides it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence, Set
from types import MappingProxyType
from typing import NamedTuple

from codereasoner.chains.abstract_execution import State, value_of
from codereasoner.chains.callers import BOTH, ONLY_OTHERS, Callee, callers_of
from codereasoner.chains.entered_blocks import (
    calls,
    captures,
    changeable,
    chosen,
    comprehension_names,
    stored,
    targets,
    was_entered,
)
from codereasoner.chains.followed_lines import Follower, Leaves, Part, follow_all, is_of_frame, outermost
from codereasoner.chains.known_values import Unknown
from codereasoner.chains.open_frames import OpenUnit
from codereasoner.chains.pure_operations import SILENT
from codereasoner.chains.statement_lines import (
    LOOPS,
    Scope,
    Statement,
    Unit,
    covers,
    ends_with_a_test,
    is_short_loop,
    line_of,
    own,
)
from codereasoner.records import Step
from codereasoner.steps.source import walk


def take_apart(
    opened: OpenUnit, after: State, next_line: int | None, end: Step | None, scope: Scope | None, comes_round: bool
) -> list[Part]:
    """Return the statements of a unit that ran, in order, without the first ones that were `earlier`.

    Args:
        opened: the unit; the events of the functions that it called precede it.
        after: the variables of the frame, which nobody changes any more.
        next_line: the line that the frame went on at; None: it did not.
        end: the return or exception with which it was left instead.
        comes_round: the unit is a loop whose last pass has been told.
    """
    unit, steps, before, earlier = opened.unit, opened.steps, opened.before, opened.earlier
    raised = end is not None and end.event == "exception"
    changed = steps[0].changes if len(steps) == 1 else dict.fromkeys([name for step in steps for name in step.changes])
    found = _Found(before, after, changed, raised)
    first = steps[0].line
    if not unit.statements:
        return [found.part(None, first)]
    entered = unit.innermost(first) if len(unit.statements) == 1 else unit.statements[0]
    if len(unit.statements) == 1:
        taken = None if raised else chosen(entered, next_line)
        return [found.part(entered, first, taken)]
    head, *others = unit.statements
    if earlier:
        known = earlier[-1].state
        rest = found._replace(before=known, names=[name for name in changed if after.get(name) != known.get(name)])
        parts = _rest(unit, rest, first, len(earlier), is_exact=True)
        is_over = not raised and _ends_while(unit, next_line)
        return [*parts, _over(head, after)] if is_over else parts
    callers = {callers_of(each, head, others, before) for each in opened.called}
    if not raised and is_short_loop(unit):
        is_told = BOTH not in callers
        if next_line is not None and covers(head, next_line):
            return _pass(unit, found, first, is_told)
        if not _ends_while(unit, next_line):
            return [found.part(head, first, False)]
        is_of_body = ONLY_OTHERS in callers or (changed and not any(by_head for by_head, _ in callers))
        was_true = True if comes_round or is_of_body else _is_true(head, before)
        if not was_true:
            return [found.part(head, first, was_true)]
        return [*_pass(unit, found, first, is_told), _over(head, after)]
    if not raised and (followed := follow_all(unit, before, after, scope)) is not None:
        return followed
    lines = {step.line for step in steps if step.event == "line"}
    if ONLY_OTHERS in callers:
        return _rest(unit, found, first, int(isinstance(head, (*_WITH_BODY, ast.For, ast.AsyncFor, ast.While))))
    return _by_evidence(unit, found, lines, first, next_line, end, scope, is_told=BOTH not in callers)


def lead(
    unit: Unit,
    opened: Sequence[Step],
    before: State,
    scope: Scope | None,
    callee: Callee,
    called: Set[Callee],
    has_item: bool = False,
) -> list[Part]:
    """The statements of a unit that ran for certain before a call or yield of one of them; none where that is open."""
    if len(unit.statements) == 1:
        return []
    head, *body = unit.statements
    is_of_body = callers_of(callee, head, body, before, direct=True) == ONLY_OTHERS and not any(
        callers_of(each, head, body, before, direct=True)[1] for each in called if each.is_direct
    )
    if is_short_loop(unit):
        is_of_body |= has_item or (not _has_frames(head) and _is_plain(head, before))
        return [_begun(unit, {**before, **opened[0].changes}, before)] if is_of_body else []
    if not is_of_frame(unit, scope):
        return []
    follower = Follower(unit, before, loops=False)
    try:
        follower.run([each for each in outermost(unit) if isinstance(each, ast.stmt)])
    except Unknown:
        is_test = isinstance(head, ast.If) and body == head.body and is_of_body
        return follower.parts or ([Part(head, line_of(head), {}, (), True, before, before)] if is_test else [])
    except Leaves:
        pass
    return []  # none of them makes the call, as far as can be seen


def _has_frames(node: Statement) -> bool:
    """Return whether a statement has comprehensions or lambdas, which have frames of their own."""
    frames = ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp | ast.Lambda
    return any(isinstance(each, frames) for each in own(node))


def _is_plain(loop: Statement, before: State) -> bool:
    """Return whether a loop goes over a built-in value, so that its header calls no function of the program."""
    if not isinstance(loop, ast.For):
        return False
    match loop.iter:
        case ast.Call(func=ast.Name(id=name), args=parts) if name in SILENT:
            pass
        case whole:
            parts = [whole]
    try:
        return all(value_of(each, before, gone_over=True) is not None for each in parts)
    except Unknown:
        return False


def is_over(unit: Unit, function: str) -> bool:
    """Return whether the unit is a loop over `function(...)` or a generator expression, with nothing to call before."""
    head = unit.statements[0] if unit.statements else None
    parts: Sequence[ast.AST]
    match head.iter if isinstance(head, ast.For) else None:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name == function:
            parts = [*args, *keywords]
        case ast.GeneratorExp(generators=[first, *_]) if function == "<genexpr>":
            parts = [first.iter]
        case _:
            return False
    return not any(isinstance(part, _CALLING) for each in parts for part in walk(each))


_CALLING = (ast.Call, ast.Lambda, ast.comprehension, ast.Await)


def _begun(unit: Unit, after: State, before: State, taken: bool | None = True) -> Part:
    """The header of a block that is entered beside it, without the values that the block may change again."""
    head, *body = unit.statements
    changed = changeable(body, after)
    bound = captures(head) if isinstance(head, ast.match_case) else targets(head)
    values = {name: after[name] for name in bound if name in after and name not in changed}
    if isinstance(head, ast.While) and isinstance(head.test, ast.Constant):
        taken = None  # nothing is tested
    return Part(head, line_of(head), values, (), taken, MappingProxyType({**before, **values}), before)


def _ends_while(unit: Unit, next_line: int | None) -> bool:
    """Return whether the unit is a `while` that is left, whose last pass and last test may have had one step."""
    head = unit.statements[0]
    is_left = next_line is None or not covers(head, next_line)
    return is_left and isinstance(head, ast.While) and is_short_loop(unit) and ends_with_a_test()


def _over(head: Statement, after: State) -> Part:
    return Part(head, line_of(head), {}, (), False, after, after)


def _is_true(head: Statement, before: State) -> bool | None:
    """Return whether the test of a `while` was true; None if it cannot be computed."""
    try:
        return bool(value_of(head.test, before))  # type: ignore[union-attr]
    except Unknown:
        return None


def _pass(unit: Unit, found: _Found, line: int, is_told: bool) -> list[Part]:
    """The header of a short loop and then its body, in one pass, which is not told where calls may precede it."""
    begun = _begun(unit, found.after, found.before, is_told or None)
    follower = Follower(unit, begun.state)
    try:
        follower.run([each for each in unit.statements[1:] if isinstance(each, ast.stmt)])
        if follower.state == dict(found.after):
            return [begun, *follower.parts]
    except Unknown:
        pass
    return _then(begun, unit, found, line)


def _then(begun: Part, unit: Unit, found: _Found, line: int) -> list[Part]:
    names = [name for name in found.names if found.after.get(name) != begun.state.get(name)]
    return [begun, *_rest(unit, found._replace(before=begun.state, names=names), line, 1)]


class _Found(NamedTuple):
    """The changes of a unit."""

    before: State
    after: State
    names: Iterable[str]
    raised: bool

    def part(self, node: Statement | None, line: int, taken: bool | None = None) -> Part:
        passing, before, after = comprehension_names(node), self.before, self.after
        values: dict[str, str] = {}
        if not self.raised and not (isinstance(node, ast.For | ast.AsyncFor) and taken is False):
            values = {name: after[name] for name in targets(node) if name in after}
        for name in self.names:
            if name in after and not (name in passing and after[name] == before.get(name)):
                values[name] = after[name]
        removed = () if before.keys() <= after.keys() else tuple([name for name in before if name not in after])
        return Part(node, line_of(node) if node else line, values, removed, taken, after, before)


# ---- several statements on a line, by what the trace decides


def _by_evidence(
    unit: Unit,
    found: _Found,
    lines: Set[int],
    line: int,
    next_line: int | None,
    end: Step | None,
    scope: Scope | None,
    is_told: bool,
) -> list[Part]:
    """Return the first statement of the unit and, where its block or what follows it ran for certain, the last.

    A block that was entered is not told where it may have made some of the calls that come before.
    """
    head = unit.statements[0]
    if isinstance(head, LOOPS) and not set(targets(head)) & set(found.names):
        return [found.part(head, line)]  # no pass of it is certain
    if not isinstance(head, _WITH_BODY):
        return _rest(unit, found, line, 0)
    taken = was_entered(head, found.before, found.after, lines, next_line, end, scope)
    if taken is None:
        return _undecided(unit, found, line)
    if not taken:
        return [found.part(head, line, taken)]
    return _then(_begun(unit, found.after, found.before), unit, found, line) if is_told else _rest(unit, found, line, 1)


def _undecided(unit: Unit, found: _Found, line: int) -> list[Part]:
    """Return the header of a block that may have run, then the changes that the block may have made."""
    head, *body = unit.statements
    changed = changeable(body, found.after)
    known = {**found.before, **{name: value for name, value in found.after.items() if name not in changed}}
    begun = found._replace(after=known, names=[name for name in found.names if name not in changed]).part(head, line)
    names = [name for name in found.names if found.after.get(name) != known.get(name)]
    whole = found._replace(before=known, names=names).part(None, line)
    if not (whole.values or whole.removed):
        return [begun]
    return [begun, whole] if begun.values or isinstance(head, ast.If) else [whole]  # a `case` may have bound these


def _rest(unit: Unit, found: _Found, line: int, told: int, is_exact: bool = False) -> list[Part]:
    """Return what the statements after the first ones, which are `told`, did together; the last is named if alone.

    A jump is named in any case: the frame goes on where it leads.

    Args:
        is_exact: the variables are known as the first ones left them; otherwise these may only compare what they were.
    """
    *others, last = unit.statements
    if told == len(others) and (is_exact or not (stored(others[-1]) or calls(others[-1]))):
        return [found.part(last, line)]
    whole = found.part(None, line)
    if found.raised or not isinstance(last, ast.Break | ast.Continue | ast.Return | ast.Pass):
        return [whole]
    changed = changeable([last], found.after)
    before = {name: UNKNOWN if name in changed else value for name, value in found.after.items()}
    jump = Part(last, line_of(last), {}, state=found.after, before=before)
    return [whole, jump] if whole.values or whole.removed else [jump]


UNKNOWN = "<unknown>"
"""The value of a variable that a later statement of the line may have changed; and no literal."""
_WITH_BODY = (ast.If, ast.ExceptHandler, ast.match_case, ast.With, ast.AsyncWith, ast.Try, ast.TryStar)
