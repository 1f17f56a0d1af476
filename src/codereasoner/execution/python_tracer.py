"""Record what a program does, line by line, with sys.settrace: the reference tracer.

A step is a list [event, frame, line, value, removed, changes], the changes as JSON. It is appended when its line begins
and completed when its frame is next heard of: whatever then is different in the frame's locals was changed by that
step, by binding, by mutation in place, or inside the functions that it called. Values are written by safe_repr.py, so
no code of the program runs. This file also runs inside the workers.

A program must not be able to tell that it is traced. Most can not; the words of a source say which might:

- one that could see a reference more, a finalizer later or its own `locals()` refreshed is traced carefully: between
  two events nothing of it is held, and the dict of a frame's locals is as the program left it;
- one that uses the interpreter's trace functions, makes code with line tables of its own, measures the interpreter's
  memory, code or events, or is interrupted by a timer, whose handler would interrupt a tracer, is not traced at all.
"""

from __future__ import annotations

import gc
import sys

from codereasoner.execution.encode import change, steps_text
from codereasoner.execution.exception_text import thrown_text
from codereasoner.execution.instructions import BACKWARD, LEAVES, TOLD_FALSELY, YIELDS, instruction_of, is_told_falsely
from codereasoner.execution.safe_repr import UNKNOWN, derives, show, unchanged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any

    Local = Callable[[FrameType, str, object], Any]

PLAINLY, CAREFULLY, NOT = "plainly", "carefully", "not"  # how a program is traced
_NOT = (
    "settrace", "gettrace", "f_trace", ".f_lineno =", "replace(co_", "co_linetable", "co_lnotab", "CodeType",
    "tracemalloc", "getallocatedblocks", "gc.get_count", "gc.get_objects", "gc.get_stats", "addaudithook", "adaptive",
    "setitimer", "signal.alarm",
)  # fmt: skip
_CAREFULLY = (
    "__del__", "weakref", "yield", "async", "locals", "vars", "dir(", "eval", "exec", "builtins", "inspect", "frame",
    "sys", "gc.", "import gc", "from gc", "'gc'", '"gc"',
)  # fmt: skip


def manner(source: str) -> str:
    """Return how a program with this source is traced: PLAINLY, CAREFULLY or NOT."""
    if _any([word in source for word in _NOT]):
        return NOT
    return CAREFULLY if _any([word in source for word in _CAREFULLY]) else PLAINLY


_GENERATOR = 0x20 | 0x80 | 0x200  # flags of code that can yield: of generators, coroutines, asynchronous generators
_OPTIMIZED = 0x1  # the flag of code whose locals are no dict
NEAR = 50  # traced frames on top of one another, from which on it is looked whether the stack is nearly full
SPARE = 60  # frames short of the recursion limit, where a trace is cut: a tracer in Python needs some of its own
MAX_LINE = 1_000_000  # code can be made that claims to be on any line; what lies beyond is line 0

_type, _len, _any, _dict, _str, _list, _items = type, len, any, dict, str, list, dict.items
_sorted, _range, _repr, _RecursionError = sorted, range, repr, RecursionError
_getframe, _settrace, _gettrace = sys._getframe, sys.settrace, sys.gettrace
_collects, _collect, _collect_not = gc.isenabled, gc.enable, gc.disable
_LOCALS_ARE_KEPT = sys.version_info < (3, 13)  # in a dict, which is refreshed when a tracer looks at it


class _Tracing:
    """Starts and stops to trace."""

    trace: Local
    cut = ""  # why the trace ended before the run

    def start(self) -> None:
        """Trace everything that is called from here on."""
        _settrace(self.trace)

    def stop(self) -> None:
        """Stop; a program that has removed the tracer itself is told by `cut`."""
        if _gettrace() is not self.trace:
            self.cut = self.cut or "tracer removed"
        _settrace(None)


class Tracer(_Tracing):
    """Traces the code objects of one file name; all other code runs untraced."""

    def __init__(self, filename: str, careful: bool, steps: int, trace_bytes: int, value_chars: int) -> None:
        self.filename, self.careful = filename, careful
        self.max_steps, self.max_bytes, self.value_chars = steps, trace_bytes, value_chars
        self.steps: list[list[object]] = []
        self.lines: set[int] = set()
        self.size = 0
        self.frames = 0
        self.active = 0  # traced frames that are being executed
        self.trace: Local = self._enter

    def text(self) -> str:
        """Return the steps as the columns that encode.py describes."""
        return steps_text(self.steps)

    def _end(self, cut: str) -> None:
        """End the trace, whose budget is used up: the run goes on untraced."""
        self.cut = cut
        _settrace(None)

    def _enter(self, frame: FrameType, event: str, argument: object) -> object:
        name = frame.f_code.co_filename
        if self.cut or _type(name) is not _str or name != self.filename:
            return None
        try:
            local: Any = frame.f_trace
            if local is None:
                optimized = frame.f_code.co_flags & _OPTIMIZED != 0
                local = self._local(self.frames, optimized)
                if self.careful:
                    local = _carefully(local, optimized and _LOCALS_ARE_KEPT)
                self.frames += 1
            local(frame, "call", argument)
        except _RecursionError:
            self.cut = self.cut or "depth"
            return None
        return local

    def _local(self, number: int, optimized: bool) -> Local:
        """Return the trace function of one frame, which keeps what is known of it. It is called for every line."""
        known: dict[str, tuple[object, str, object]] = {}
        kept: list[object] = []
        last: list[object] | None = None
        inside, told, failed_at = False, None, -1
        add_line, steps, add_step = self.lines.add, self.steps, self.steps.append
        compare, max_steps, max_bytes = self._compare, self.max_steps, self.max_bytes

        def local(frame: FrameType, event: str, argument: object, present: object = None) -> object:
            nonlocal inside, last, told, failed_at
            try:
                if event == "call" and not inside:
                    inside = True
                    self.active += 1
                    if self.active > NEAR and not _fits(SPARE):
                        self._end("depth")
                if self.cut or (event == "line" and is_told_falsely(frame, told)):
                    return local
                if present is None:
                    present = frame.f_locals if optimized else names_in(frame, kept)
                if last is not None:
                    compare(frame, present, known, last)
                if event == "exception":
                    failed_at = frame.f_lasti
                elif event == "call" or (event == "line" and frame.f_lineno != told):
                    failed_at = -1  # it was handled
                if event == "line":
                    line = told = frame.f_lineno
                    if line is None or not 0 <= line <= MAX_LINE:
                        line = 0
                    add_line(line)
                    step: list[object] | None = ["line", number, line, "", (), []]
                else:
                    unwinding = frame.f_lasti == failed_at or told not in (None, frame.f_lineno)
                    step = self._step(frame, event, number, argument, unwinding)
                if step is None:
                    last = None
                elif _len(steps) >= max_steps:
                    self._end("steps")
                else:
                    if event == "call":
                        compare(frame, present, known, step)
                    last = step
                    add_step(step)
                    if self.size > max_bytes:
                        self._end("bytes")
            except _RecursionError:  # the trace function stays: to remove it would take another frame
                self.cut = self.cut or "depth"
            finally:
                if event == "return" and inside:
                    inside = False
                    self.active -= 1
            return local

        return local

    def _step(
        self, frame: FrameType, event: str, number: int, argument: object, unwinding: bool
    ) -> list[object] | None:
        if event == "call":
            value = _str.__str__(frame.f_code.co_name)
        elif event == "return":
            if argument is None or frame.f_code.co_flags & _GENERATOR:
                # An exception leaves a frame with the value None, and a `with` has it raised again as if at the
                # `yield`; but the line of the `with` was told of since the line of the `yield` was, or is the same.
                operation = instruction_of(frame)
                if operation in YIELDS and not (argument is None and unwinding):
                    event = "yield"
                elif operation not in LEAVES:
                    return None  # an exception leaves the frame; its own event has told so
            value = show(argument, self.value_chars)[0]
        else:
            value = thrown_text(argument, self.value_chars)
        self.size += _len(value)
        line = frame.f_code.co_firstlineno if event == "call" else frame.f_lineno
        return [event, number, line_of(line), value, (), []]

    def _compare(
        self, frame: FrameType, present: Any, known: dict[str, tuple[object, str, object]], step: list[Any]
    ) -> None:
        """Add to the step what is different in the locals that are present from what is known of them."""
        hidden = 0
        changed = None
        for name, value in present.items():
            old = known.get(name)
            if old is not None:
                before, text, shape = old
                if before is value and (shape is None or unchanged(value, shape)):
                    continue
            elif name[:1] == "." or (name[:2] == "__" and name[-2:] == "__"):
                hidden += 1
                continue
            else:
                text = None
            now, shape = show(value, self.value_chars)
            if now != text:
                step[5].append(change(name, now))
                self.size += _len(now)
                if changed is None:
                    changed = [name]
                else:
                    changed.append(name)
            known[name] = (UNKNOWN if shape is UNKNOWN or self.careful else value, now, shape)
        if changed is not None and _len(changed) > 1 and _LOCALS_ARE_KEPT and frame.f_code.co_flags & _OPTIMIZED:
            put_in_order(changed, step[5], frame.f_code)
        if _len(known) + hidden != _len(present):
            step[4] = tuple([name for name in known if name not in present])
            for name in step[4]:
                del known[name]


class Lines(_Tracing):
    """Records which lines of one file are executed, and nothing else."""

    def __init__(self, filename: str) -> None:
        self.lines: set[int] = set()
        add_line = self.lines.add
        active = 0

        def local(frame: FrameType, event: str, argument: object) -> object:
            nonlocal active
            if event == "line" and not is_told_falsely(frame):
                line = frame.f_lineno
                add_line(line if line is not None and 0 <= line <= MAX_LINE else 0)
            elif event == "return":
                active -= 1
            return local

        def enter(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal active
            name = frame.f_code.co_filename  # a program can make code whose file name has an `__eq__` of its own
            if _type(name) is not _str or name != filename:
                return None
            active += 1
            if active > NEAR and not _fits(SPARE + 1):
                self.cut = "depth"
                _settrace(None)
            return local

        self.trace: Local = enter

    def text(self) -> str:
        """Return the columns of no steps."""
        return "[]"


class _Back:
    """Puts the dict of a frame's locals back as the program left it, when this object is dropped.

    From the time a trace function looks at them until it returns, the dict must hold the true values: the interpreter
    then binds the locals to what it finds there. It drops the frame's last trace function just after that.
    """

    def __init__(self, names: dict[str, object], before: dict[str, object], local: Local) -> None:
        self.names, self.before, self.local = names, before, local

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Do as the trace function: a program that has called that itself leaves this one in its place."""
        return self.local(frame, event, argument)

    def __del__(self) -> None:
        _fill(self.names, self.before)


def _fill(names: dict[str, object], values: dict[str, object]) -> None:
    names.clear()
    names.update(values)


def _carefully(local: Callable[[FrameType, str, object, object], object], kept: bool) -> Local:
    """Have a frame traced so that the program can see no difference: see the docstring of this file.

    kept: the locals are in a dict that is refreshed when one looks at it.
    """
    names: dict[str, object] = {}

    def careful(frame: FrameType, event: str, argument: object) -> object:
        nonlocal names
        collects = _collects()
        _collect_not()
        try:
            if kept:
                before = names.copy()
                names.clear()
                names = frame.f_locals
                present = names.copy()
                _fill(names, before)
                local(frame, event, argument, present)
                _fill(names, present)
                frame.f_trace = _Back(names, before, careful)
            else:
                local(frame, event, argument, None)
        finally:
            if collects:
                _collect()
        return careful

    return careful


def _fits(frames: int) -> bool:
    """Return whether so many frames still fit on the stack; calls in C, where those have a limit of their own."""
    try:
        _push(frames)
        _repr(_NESTED)
    except _RecursionError:
        return False
    return True


def _push(frames: int) -> None:
    if frames > 1:
        _push(frames - 1)


def _nested(depth: int) -> list[object]:
    return [_nested(depth - 1)] if depth else []


_NESTED = _nested(SPARE if sys.version_info >= (3, 12) else 0)


def line_of(number: int | None) -> int:
    """Return the number of a line, or 0 where the interpreter tells of none that can be."""
    return number if number is not None and 0 <= number <= MAX_LINE else 0


def put_in_order(names: list[str], texts: list[str], code: CodeType) -> None:
    """Put the last texts, which belong to these names, in the order in which code has its local variables.

    The dict of a frame's locals is in the order in which they were first bound.
    """
    order = _list(_dict.fromkeys(code.co_varnames + code.co_cellvars + code.co_freevars + code.co_names))
    first = _len(texts) - _len(names)
    texts[first:] = [
        texts[first + place] for place in _sorted(_range(_len(names)), key=lambda place: order.index(names[place]))
    ]


def names_in(frame: FrameType, kept: list[object]) -> object:
    """Return the namespace of the body of a class, as a dict; its metaclass may have made anything.

    kept: where it is. It is asked for once, as the interpreter would copy into it what is hidden in cells and
    comprehensions, and delete what is not there yet.
    """
    present: Any = kept[0] if kept else frame.f_locals
    if _LOCALS_ARE_KEPT and not kept:
        kept.append(present)
    pairs = _items(present) if derives(present, _dict) else present.items() if _type(present) is LOCALS else ()
    return {name: value for name, value in pairs if _type(name) is _str}


LOCALS = _type((lambda: _getframe().f_locals)())  # a dict where there is no proxy yet
FOR_C = (LOCALS, NEAR, SPARE, MAX_LINE, YIELDS, LEAVES, TOLD_FALSELY, BACKWARD)  # what the tracer in C takes
