"""Check claims about tests, passes, lines, calls and returns against the events of a run.

A chain goes forward: each claim is about the next event of its kind, at or after the one before. A test that is named,
by its line or its condition, is the next one there; a condition that is no test of the program must hold at some event
from there on.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from codereasoner.chains.claimed_literals import canonical
from codereasoner.chains.event_claims import THEN, EventClaim
from codereasoner.chains.events import Event
from codereasoner.chains.expressions import computed
from codereasoner.chains.pure_operations import FUNCTIONS, SILENT
from codereasoner.chains.statement_lines import LOOPS, code_of, shadowed
from codereasoner.records import Run
from codereasoner.steps.source import has_constant_loop, names_in, nodes_of, parse_expression

MOST_WORK = 4_000_000  # events that are looked at for one text, in about three seconds; no claim is checked after that
EVALUATION = 50  # events' worth of work that it takes to evaluate a condition


class _Enough(Exception):
    """Raised where the work for a text is used up: it is made of the same few claims, again and again."""


class Events:
    """Checks the claims of one text about one run, in order."""

    def __init__(self, run: Run, events: Sequence[Event]) -> None:
        self._moments = events
        self._now = 0
        self._is_lost = False  # steps were left out, so that the next test may be any that follows
        self._compared: tuple[int, str] | None = None  # the event and the condition that were compared last
        self._run = run
        self._left = MOST_WORK

    @cached_property
    def _names(self) -> set[str]:
        return {event.function for event in self._moments}

    @cached_property
    def _has_loops(self) -> bool:
        return any(isinstance(event.node, LOOPS) for event in self._moments)

    @cached_property
    def _calls(self) -> Sequence[Event]:
        return [event for event in self._moments if event.kind == "call"]

    @cached_property
    def _tests(self) -> set[int]:
        return {event.line for event in self._moments if _is_test(event)}

    @cached_property
    def _lines(self) -> set[int]:
        return {event.line for event in self._moments} | set(self._run.lines)

    def check(self, claim: EventClaim) -> bool | None:
        """Return whether a claim is true after those checked before it; None: it is not about this run."""
        try:
            return _CHECKS[claim.kind](self, claim)
        except _Enough:
            return None

    def _spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise _Enough

    def _all(self) -> Sequence[Event]:
        """Return all events, which are about to be looked at."""
        self._spend(len(self._moments))
        return self._moments

    def go_on_from(self, now: int) -> None:
        """Look up the next claims from this event on."""
        self._now = max(self._now, now)

    def _next(self, is_meant: Callable[[Event], bool]) -> Event | None:
        """Return the next event of a kind; the claims go on from there."""
        for place in range(self._now, len(self._moments)):
            if is_meant(self._moments[place]):
                self._spend(place - self._now)
                self._now = place
                return self._moments[place]
        self._spend(len(self._moments) - self._now)
        return None

    def _pass_over(self) -> None:
        self._now += 1

    def _compare(self, claim: EventClaim) -> bool | None:
        if "float('nan')" in (canonical(claim.value) or ""):
            return None  # which equals nothing
        node = ast.parse(claim.code, mode="eval").body
        if f"{claim.said.strip('`* ')}" in code_of(self._run.source):
            return None  # a line of the program
        names = names_in(node)
        if not names:
            return _agrees(claim, node, {})
        if not _is_of_a_part(claim, node) and (lines := _tests_of(self._run.source).get(claim.code)):
            if self._compared == (self._now, claim.code):
                self._pass_over()
            event = self._next(lambda each: _is_test(each) and each.line in lines)
            while self._is_lost and event and _agrees(claim, node, event.before) is False:
                self._pass_over()
                event = self._next(lambda each: _is_test(each) and each.line in lines)
            if event is None:
                return False
            self._compared = (self._now, claim.code)
            return _agrees(claim, node, event.before)
        return self._at_any_time(claim, node, names)

    def _at_any_time(self, claim: EventClaim, node: ast.expr, names: set[str]) -> bool | None:
        """Return whether a condition is from now on once what a claim says; None if it may be and is not shown."""
        verdict = None
        for place in range(self._now, len(self._moments)):
            self._spend(EVALUATION)
            event = self._moments[place]
            agrees = _agrees(claim, node, event.state)
            if agrees:
                return True
            if agrees is False:
                verdict = False
            elif verdict is False and names <= event.state.keys():
                return None
        return verdict

    def _test(self, claim: EventClaim) -> bool | None:
        if claim.said.lower() == "while true" and has_constant_loop(self._run.source):
            return None  # that is its code
        line = max(self._tests, default=0) if claim.is_last else claim.line
        if line is not None and line not in self._tests:
            return None
        event = self._next(
            lambda each: (
                _is_test(each) and line in (None, each.line) and (not self._is_lost or each.taken is claim.holds)
            )
        )
        if event is None:
            return False if self._tests else None
        self._pass_over()
        return event.taken is claim.holds

    def _else(self, claim: EventClaim) -> bool | None:
        event = self._next(lambda each: _is_test(each) and bool(getattr(each.node, "orelse", ())))
        if event is None:
            return False
        self._pass_over()
        return event.taken is not claim.holds

    def _pass(self, claim: EventClaim) -> bool | None:
        if claim.number == 0 or not self._has_loops:
            return None  # who counts from 0 means another pass
        found = self._next(
            lambda each: _begins_pass(each) and each.visit == claim.number and (claim.line in (None, each.line))
        )
        return found is not None or claim.number in self._open_passes(claim.line)

    def _open_passes(self, line: int | None) -> set[int]:
        """Return the numbers of the passes that began last, of each loop one."""
        passes = (each for each in self._all()[: self._now] if _begins_pass(each) and line in (None, each.line))
        return set({each.node: each.visit for each in passes}.values())

    def _times(self, claim: EventClaim) -> bool | None:
        word = claim.code.lower()
        kinds = {"for": ast.For | ast.AsyncFor, "while": ast.While}.get(word, LOOPS)
        counts = set(_passes([each for each in self._all() if isinstance(each.node, kinds)]))
        if word == "after" and counts:
            return claim.number <= max(counts)  # it may go on
        return claim.number in counts if counts else None

    def _line(self, claim: EventClaim) -> bool | None:
        if not claim.holds or claim.line not in self._lines:
            if not claim.holds and claim.line in self._lines.difference(self._run.lines):
                return None  # the `def` of what is called, which may have run before the call
            return (claim.line in self._lines) is claim.holds
        is_past = _IS_PAST.search(claim.said) and not _IS_NEXT.search(claim.said)
        if is_past and any(each.line == claim.line for each in self._all()[: self._now]):
            return True
        return self._next(lambda each: each.line == claim.line) is not None

    def _call(self, claim: EventClaim) -> bool | None:
        if claim.code not in self._names:
            return None
        return self._next(lambda each: each.kind == "call" and each.function == claim.code) is not None

    def _called(self, claim: EventClaim) -> bool | None:
        if claim.code not in self._names:
            return None
        self._spend(len(self._calls))
        return sum(each.function == claim.code for each in self._calls) == claim.number

    def _output(self, claim: EventClaim) -> bool | None:
        """Return whether a value is that of the run or, where the words may mean another, was there at any time."""
        if any(claim.code.lower() in each.state for each in self._all()):
            return None  # a variable of this name
        value = canonical(claim.value)
        if value is None or not self._moments:
            return None
        last = self._moments[-1]
        if claim.code.lower() != "result":
            return last.value == value if last.kind == "return" else None
        return any(value == each.value or value in each.state.values() for each in self._all())

    def _gives(self, claim: EventClaim) -> bool | None:
        name, bracket, inside = claim.code.partition("(")
        if bracket and name in _COMPUTED and name not in self._names | shadowed(self._run.source):
            return self._compare(claim._replace(code=f"{claim.code} == {claim.value}"))
        if claim.kind == "return" and name and name not in self._names and (bracket or name.lower() not in _PRONOUNS):
            return None
        value = canonical(claim.value)
        if value is None:
            return None
        frames = self._frames_of(name, inside[:-1]) if bracket else None
        if frames is not None and not frames:
            return None  # a call that this run does not make
        name = name if name in self._names else ""
        found = self._next(
            lambda each: (
                each.kind == claim.kind
                and each.value == value
                and name in ("", each.function)
                and (frames is None or each.frame in frames)
            )
        )
        return found is not None

    def _frames_of(self, name: str, arguments: str) -> set[int] | None:
        """The calls with these arguments; None if they are no literals."""
        call = parse_expression(f"f({arguments})")
        if not isinstance(call, ast.Call):
            return None
        given = [canonical(ast.unparse(each)) for each in call.args]
        named = {each.arg or "**": canonical(ast.unparse(each.value)) for each in call.keywords}
        if None in (*given, *named.values()) or "**" in named:
            return None
        self._spend(len(self._calls))
        calls = (each for each in self._calls if each.function == name)
        return {
            each.frame
            for each in calls
            if list(each.values.values())[: len(given)] == given and named.items() <= each.values.items()
        }

    def _gap(self, claim: EventClaim) -> None:
        self._is_lost = True

    def _raise(self, claim: EventClaim) -> bool | None:
        found = self._next(lambda each: each.kind == "exception" and each.value.startswith(claim.value))
        return found is not None or self._run.exception.startswith(claim.value)


def _is_of_a_part(claim: EventClaim, node: ast.expr) -> bool:
    """Return whether a claim gives an item or attribute its value (`p.x = 3`), and is of no test."""
    return bool(claim.value) and isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute | ast.Subscript)


def _agrees(claim: EventClaim, condition: ast.expr, state: Mapping[str, str]) -> bool | None:
    """Return whether a condition is in a state what a claim says; None if it cannot be computed."""
    value = computed(condition, state)
    return None if value is NotImplemented else bool(value) is claim.holds


@lru_cache(maxsize=256)
def _tests_of(source: str) -> Mapping[str, set[int]]:
    """Return the lines of a program's tests by the conditions that they are made of."""
    found: dict[str, set[int]] = {}
    for node in nodes_of(source):
        if isinstance(node, ast.If | ast.While):
            for part in _parts(node.test):
                found.setdefault(ast.unparse(part), set()).add(node.lineno)
    return found


_IS_PAST = re.compile(r"\b(?:has|was)\b")
_IS_NEXT = re.compile(rf"\b{THEN}\b", re.IGNORECASE)
_PRONOUNS = ("it", "function", "call", "which", "and", "then", "this", "program", "so", "finally")
_COMPUTED = FUNCTIONS.keys() - SILENT  # built-in functions that return a value with a literal
_CHECKS: dict[str, Callable[[Events, EventClaim], bool | None]] = {
    "compare": Events._compare,
    "test": Events._test,
    "else": Events._else,
    "pass": Events._pass,
    "times": Events._times,
    "line": Events._line,
    "call": Events._call,
    "called": Events._called,
    "output": Events._output,
    "return": Events._gives,
    "yield": Events._gives,
    "raise": Events._raise,
    "gap": Events._gap,
}


def _is_test(event: Event) -> bool:
    return event.kind == "line" and isinstance(event.node, ast.If | ast.While) and event.taken is not None


def _begins_pass(event: Event) -> bool:
    return event.kind == "line" and isinstance(event.node, LOOPS) and event.taken is not False


def _passes(events: Sequence[Event]) -> Iterator[int]:
    """Yield the number of passes of each execution of a loop, given the events of loops."""
    open_: dict[tuple[int, int], int] = {}
    for event in events:
        if event.kind == "line":
            key = (event.frame, id(event.node))
            if event.visit == 1 and key in open_:
                yield open_.pop(key)
            open_[key] = event.visit if event.taken is not False else event.visit - 1
    yield from open_.values()


def _parts(test: ast.expr) -> Iterator[ast.expr]:
    """A condition and the conditions it is made of."""
    yield test
    if isinstance(test, ast.BoolOp):
        for part in test.values:
            yield from _parts(part)
