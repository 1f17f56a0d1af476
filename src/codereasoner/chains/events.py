"""A traced run as a list of events: what each statement did, in the order in which the statements finished.

A trace knows lines; `layout` says which statement a line belongs to, and `shared_lines` takes apart what several
statements on one line did. Where the trace leaves open whether a block was entered, `taken` is None.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Literal, NamedTuple

from codereasoner.chains.abstract_execution import assigned
from codereasoner.chains.callers import WRAPPED, Callee, can_yield, waits_for
from codereasoner.chains.entered_blocks import stored, targets
from codereasoner.chains.followed_lines import Part
from codereasoner.chains.module_values import class_attribute, module_values
from codereasoner.chains.open_frames import OpenFrame, OpenUnit
from codereasoner.chains.shared_lines import is_over, lead, take_apart
from codereasoner.chains.statement_lines import LOOPS, MODULE, Owner, Scope, Statement, Unit, body_lines, own, scopes
from codereasoner.errors import DataError
from codereasoner.records import Run, Step
from codereasoner.steps.source import TOO_DEEP, parse_source
from codereasoner.steps.visits import next_of_frame

_NOTHING: Mapping[str, str] = MappingProxyType({})

Kind = Literal["call", "resume", "line", "return", "yield", "wait", "exception"]


class Event(NamedTuple):
    """One finished statement, or one call, resumption, yield, wait, return or exception of a function.

    A statement that calls a function of the program finishes after that function's events.
    """

    kind: Kind
    frame: int
    function: str
    line: int
    node: Statement | None  # the statement; None for a call, and for a return at the end of a body
    values: Mapping[str, str]  # the variables it changed, or that it set to what they were already
    removed: tuple[str, ...] = ()
    taken: bool | None = None  # was the block entered? None where there is none, and where the trace leaves it open
    visit: int = 1  # for and while: the pass that begins, counted from when the loop was reached
    value: str = ""  # what was returned or yielded, or the exception
    state: Mapping[str, str] = _NOTHING  # all variables of the frame when it finished
    before: Mapping[str, str] = _NOTHING  # and before it began
    raised: bool = False  # an exception ended the statement: it did not do what it says
    outer: Mapping[str, str] = _NOTHING  # call: the variables of functions around that it reads
    scope: Owner | None = None  # the function or class whose body runs
    begins: bool = True  # False: a further statement of a line that several share
    waits: bool = False  # return, break, continue: a `finally` or the exit of a `with` runs before it goes on


def read_events(run: Run) -> Sequence[Event]:
    """Return the events of a run, in the order in which they finished, but those of comprehensions and lambdas.

    Raises:
        DataError: the run has no whole trace, or its program is nested too deeply.
    """
    if not run.steps or run.cut:
        raise DataError(f"run {run.id} of {run.expression} has no whole trace: record it with record='trace'")
    if parse_source(run.source) is None:
        raise DataError(f"run {run.id} of {run.entry}: the program is {TOO_DEEP}")
    return _events(Itself(run))


@dataclass(frozen=True, eq=False)
class Itself:
    """A run as a key: the same object, since to compare or hash a trace takes longer than to read it."""

    run: Run

    def __hash__(self) -> int:
        return id(self.run)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and other.run is self.run


@lru_cache(maxsize=8)  # the questions and answers about one run come one after another
def _events(run: Itself) -> Sequence[Event]:
    return _Reader(run.run).read()


class _Reader:
    def __init__(self, run: Run) -> None:
        self.steps = run.steps
        self.scopes = scopes(run.source)
        self.fixed, self.changing = module_values(run.source)
        self.frames: dict[int, OpenFrame] = {}
        self.later = [None if place is None else run.steps[place] for place in next_of_frame(run.steps)]
        self.stack: list[int] = []  # frames that are being executed, the innermost last
        self.events: list[Event] = []

    def read(self) -> list[Event]:
        for index, step in enumerate(self.steps):
            self._unwind(step)
            begins = step.event == "call" and not _is_closing(self.later[index])  # closing one calls it till 3.12
            if step.event == "yield" or begins:
                self._add_lead(step)
            if step.event == "call" and step.frame not in self.frames:
                scope = self.scopes.get((step.value, step.line)) if begins else None
                self.frames[step.frame] = OpenFrame(step.frame, step.value, scope)
                self._call(self.frames[step.frame], step)
                continue
            frame = self.frames.get(step.frame)
            if frame is None or frame.is_hidden:
                continue
            self._take(frame, step, index)
        self._leave(0)
        return self.events

    def _unwind(self, step: Step) -> None:
        """Frames that an exception has left are over before the frame that called them goes on."""
        if step.event == "call":
            self.stack.append(step.frame)
        elif step.frame in self.stack:
            self._leave(self.stack.index(step.frame) + 1)
        if step.event in ("return", "yield") and self.stack:
            self.stack.pop()

    def _add_lead(self, step: Step) -> None:
        """Add the statements of a shared line that precede the one that makes a call, or that yields."""
        is_yield = step.event == "yield"
        around = self.frames.get(self.stack[-1]) if self.stack else None
        if is_yield and around and around.open and around.open.generator == step.frame:
            around.open.has_item = True
        numbers = [step.frame] if is_yield else islice(reversed(self.stack), 1, None)
        above = (self.frames[number] for number in numbers if number in self.frames)
        caller = next((each for each in above if not each.is_hidden), None)
        opened = caller.open if caller else None
        if caller is None or opened is None:
            return
        if not is_yield and not opened.called and is_over(opened.unit, step.value):
            opened.generator = step.frame
        callee = Callee.of(step, self.scopes, is_direct=is_yield or caller.number == self.stack[-2])
        known = {*opened.called}
        opened.called.add(callee)
        if opened.earlier or not callee.is_direct:
            return
        opened.earlier = lead(opened.unit, opened.steps, opened.before, caller.scope, callee, known, opened.has_item)
        for place, part in enumerate(opened.earlier):
            self._add_part(caller, part, raised=False, next_line=None, begins=place == 0)

    def _leave(self, depth: int) -> None:
        while len(self.stack) > depth:
            self._finish(self.frames[self.stack.pop()], None)

    def _take(self, frame: OpenFrame, step: Step, index: int) -> None:
        match step.event:
            case "call" if _is_closing(self.later[index]):
                self._keep(frame, step)
            case "call":
                line = frame.open.last_line if frame.open else step.line
                self._add("resume", frame, line, frame.node(line), {})
                self._keep(frame, step)
            case "yield":
                waits, value = (
                    waits_for(step, frame.function, frame.scope),
                    "a value" if step.value == WRAPPED else step.value,
                )
                self._add("wait" if waits else "yield", frame, step.line, frame.yielder(step.line), {}, value=value)
                self._keep(frame, step)
            case "line":
                if frame.goes_on(step, self.later[index]) or frame.clears_up(step.line):
                    self._keep(frame, step)
                else:
                    self._begin(frame, step)
            case "return":
                self._return(frame, step)
            case "exception":
                self._raise(frame, step, index)

    def _call(self, frame: OpenFrame, step: Step) -> None:
        frame.apply(step)
        if frame.is_hidden or frame.function == MODULE[0]:
            return
        parameters = frame.scope.parameters if frame.scope else frozenset(step.changes)
        own = {name: value for name, value in step.changes.items() if name in parameters}
        outer = {name: value for name, value in step.changes.items() if name not in parameters}
        line = getattr(frame.scope and frame.scope.node, "lineno", step.line)  # a code object begins at its decorators
        self._add("call", frame, line, None, own, outer=outer)

    def _keep(self, frame: OpenFrame, step: Step) -> None:
        """The step belongs to the statement that is open."""
        if frame.open is not None:
            frame.open.steps.append(step)
        else:
            frame.apply(step)

    def _begin(self, frame: OpenFrame, step: Step) -> None:
        self._finish(frame, step.line)
        frame.failed = None
        unit = frame.scope.units.get(step.line) if frame.scope else None
        is_alone = unit is not None and len(unit.statements) == 1  # others on the line may change them meanwhile
        outside = {**self.fixed, **self.changing} if is_alone else self.fixed
        frame.open = OpenUnit(unit or Unit(()), [step], frame.known(), outside)

    def _return(self, frame: OpenFrame, step: Step) -> None:
        node = frame.returner(step.line, step.value)
        opened = frame.open if frame.open and len(frame.open.unit.statements) == 1 else None
        last = self._finish(frame, None, step)
        node = last if isinstance(last, ast.Return) else node
        line, waited = step.line, False
        if not isinstance(node, ast.Return):
            line, node = frame.returning or (line, None)
            waited = node is not None
        frame.apply(step)
        if frame.function == MODULE[0]:
            return
        before = opened.known() if opened else self.events[-1].before if isinstance(last, ast.Return) else None
        self._add("return", frame, line, node, {}, value=step.value, before=before, waits=waited)

    def _raise(self, frame: OpenFrame, step: Step, index: int) -> None:
        later = self.later[index]
        if step.value.startswith(("StopIteration", "StopAsyncIteration")) and self._is_protocol(frame, index):
            self._keep(frame, step)
            return
        single = frame.open is not None and len(frame.open.unit.statements) == 1
        node = frame.node(step.line) if single else None  # where statements share a line, any may have raised
        frame.failed = frame.open.unit if frame.open else None
        self._finish(frame, None, step)
        frame.apply(step)
        frame.returning = None
        if _is_closing(step) and later is None and (node is None or can_yield(node)):
            return  # a generator that nobody goes on with is closed, and has nothing to do
        said = "".join(each if each.isprintable() else repr(each)[1:-1] for each in step.value)  # on one line
        self._add("exception", frame, step.line, node, step.changes, value=said)

    def _is_protocol(self, frame: OpenFrame, index: int) -> bool:
        """Return whether the exception only ends the iteration of a loop or an `await`."""
        last, step, later = self.steps[index - 1], self.steps[index], self.later[index]
        if frame.open is None or frame.scope is None or later is None:
            return False
        head, *others = frame.open.unit.statements or [None]
        is_asked = isinstance(head, ast.For | ast.AsyncFor) and not others and frame.comes_round(head)
        if is_asked or (last.event == "return" and last.frame == frame.open.generator):
            return True
        statements = frame.open.unit.statements
        nodes = [*statements, *(part for each in statements for part in own(each))]
        if any(map(_delegates, nodes)) and _ends_delegation(step, last, statements):
            return True
        waits = any(_delegates(each) or isinstance(each, ast.comprehension | ast.For) for each in nodes)
        stays = frame.scope.units.get(later.line) is frame.open.unit  # the next item of a `with`
        return waits and not (later.event == "line" and frame.scope.is_landing(later.line, step.line) and not stays)

    # ---- a statement has finished

    def _finish(self, frame: OpenFrame, next_line: int | None, end: Step | None = None) -> Statement | None:
        """The unit that was open in a frame is over: the frame goes on at another line, or ends with a step.

        The statement that ran last is returned, if it is known.
        """
        opened, frame.open = frame.open, None
        if opened is None:
            return None
        for step in opened.steps:
            frame.apply(step)
        raised = end is not None and end.event == "exception"
        if raised:
            frame.give_back(opened)
        after = frame.known()
        comes_round = any(each in frame.passes and frame.comes_round(each) for each in opened.unit.statements[:1])
        parts = take_apart(opened, after, next_line, end, frame.scope, comes_round)
        bound = self._bind(opened, is_done=not raised and len(parts) == 1)
        for place, part in enumerate(parts, start=len(opened.earlier)):
            told = part._replace(values={**part.values, **bound}, before=opened.known(part.before))
            self._add_part(frame, told, raised and part is parts[-1], next_line, begins=place == 0)
        last = parts[-1].node if parts else None
        if isinstance(last, ast.Return) and next_line is not None:
            frame.returning = (parts[-1].line, last)
        frame.last_line = opened.last_line
        return last

    def _bind(self, opened: OpenUnit, is_done: bool) -> dict[str, str]:
        """Return the module variables that a unit has set; one whose value cannot be computed is not known any more."""
        bound: dict[str, str] = {}
        for node in opened.unit.statements if self.changing else ():
            for name in (stored(node) | {class_attribute(node)[0]}) & self.changing.keys():
                value = assigned(node, name, opened.known()) if is_done and isinstance(node, ast.stmt) else None
                self.changing = {each: text for each, text in self.changing.items() if each != name}
                if value is not None and name in opened.outside:
                    bound[name] = value
        self.changing = {**self.changing, **bound}
        return bound

    def _add_part(self, frame: OpenFrame, part: Part, raised: bool, next_line: int | None, begins: bool) -> None:
        node, taken = part.node, part.taken
        if isinstance(node, ast.With | ast.AsyncWith) and taken is None and not raised:
            taken = frame.last_line not in body_lines(node)
        if isinstance(node, LOOPS) and not raised:
            frame.passes[node] = frame.passes.get(node, 0) + 1 if frame.comes_round(node) else 1
        self._add(
            "line",
            frame,
            part.line,
            node,
            part.values,
            removed=part.removed,
            taken=taken,
            state=part.state,
            before=part.before,
            raised=raised,
            waits=next_line is not None and (isinstance(node, ast.Return) or _is_held_up(node, next_line, frame.scope)),
        )
        if not begins:
            self.events[-1] = self.events[-1]._replace(begins=False)
        if isinstance(node, LOOPS) and taken is False:
            frame.passes.pop(node, None)
        frame.last_line = part.line
        frame.loop_left = None
        if isinstance(node, ast.Break) and frame.scope is not None:
            frame.loop_left = frame.scope.loops.get(node)
            if frame.loop_left is not None:
                frame.passes.pop(frame.loop_left, None)

    def _add(
        self,
        kind: Kind,
        frame: OpenFrame,
        line: int,
        node: Statement | None,
        values: Mapping[str, str],
        *,
        removed: tuple[str, ...] = (),
        taken: bool | None = None,
        value: str = "",
        state: Mapping[str, str] | None = None,
        before: Mapping[str, str] | None = None,
        raised: bool = False,
        outer: Mapping[str, str] | None = None,
        waits: bool = False,
    ) -> None:
        visit = frame.passes.get(node, 1) if node is not None else 1
        known = frame.known() if state is None else state
        scope = frame.scope.node if frame.scope else None
        self.events.append(
            Event(
                kind,
                frame.number,
                frame.function,
                line,
                node,
                values,
                removed,
                taken,
                visit,
                value,
                known,
                before or _NOTHING,
                raised,
                outer or _NOTHING,
                scope,
                waits=waits,
            )
        )


def _delegates(node: ast.AST) -> bool:
    """Return whether a node goes over what something else yields, and ends when that returns."""
    return isinstance(node, ast.Await | ast.YieldFrom | ast.AsyncFor | ast.AsyncWith) or bool(
        getattr(node, "is_async", 0)
    )


def _ends_delegation(step: Step, last: Step, statements: Sequence[Statement]) -> bool:
    """Return whether what an `await` or `yield from` goes over has ended, wherever the frame goes on.

    Its end follows a return, or the resumption of its frame; otherwise a variable may be bound to its result, or what
    is awaited is a name, which does nothing else.
    """
    if last.event == "return" or (last.event == "call" and last.frame == step.frame):
        return True
    value = getattr(statements[-1], "value", None)
    is_name = isinstance(value, ast.Await | ast.YieldFrom) and isinstance(value.value, ast.Name)
    return is_name or any(name in step.changes for each in statements for name in targets(each))


def _is_held_up(node: Statement | None, next_line: int, scope: Scope | None) -> bool:
    """Return whether a `finally`, or the exit of a `with`, comes between a jump and where it leads."""
    if scope is None or not isinstance(node, ast.Break | ast.Continue) or node not in scope.loops:
        return False
    return next_line in body_lines(scope.loops[node]) and scope.is_landing(next_line, node.lineno)


def _is_closing(step: Step | None) -> bool:
    """Return whether the step closes a suspended generator that nobody goes on with."""
    return step is not None and step.event == "exception" and step.value.startswith("GeneratorExit")
