"""Record what a program does, line by line, with sys.settrace: the reference tracer.

A step is a list [event, frame, line, value, removed, changes], the changes as JSON. It is appended when its line begins
and completed when its frame is next heard of: whatever then is different in the frame's locals was changed by that
step, by binding, by mutation in place, or inside the functions that it called. Values are written by describe.py, so
no code of the program runs. This file also runs inside the workers.
"""

from __future__ import annotations

import opcode
import sys

from codereasoner.execution.answer import change, steps_text
from codereasoner.execution.describe import UNKNOWN, show, type_name, unchanged
from codereasoner.literals.write import NotWritable, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any

    Local = Callable[[FrameType, str, Any], Any]

_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: the classes that programs make have it, the built-in exceptions do not


def _operations(*names: str) -> bytes:
    return bytes([opcode.opmap[name] for name in names if name in opcode.opmap])


YIELDS = _operations("YIELD_VALUE", "RESUME")  # from Python 3.13 on, a frame that has yielded is at what comes next
LEAVES = _operations("RETURN_VALUE", "RETURN_CONST", "RETURN_GENERATOR")

_GENERATOR = 0x20 | 0x80 | 0x200  # flags of code that can yield: of generators, coroutines, asynchronous generators
SPARE = 60  # frames short of the recursion limit, where a trace is cut: a tracer in Python needs some of its own

_type, _len, _dict, _str, _items = type, len, dict, str, dict.items
_getframe = sys._getframe
_flags = type.__dict__["__flags__"].__get__
_settrace, _gettrace = sys.settrace, sys.gettrace
_getrecursionlimit, _setrecursionlimit = sys.getrecursionlimit, sys.setrecursionlimit


class Tracer:
    """Traces the code objects of one file name; all other code runs untraced."""

    def __init__(self, filename: str, steps: int, trace_bytes: int, value_chars: int) -> None:
        self.filename = filename
        self.max_steps, self.max_bytes, self.value_chars = steps, trace_bytes, value_chars
        self.steps: list[list[Any]] = []
        self.lines: set[int] = set()
        self.cut = ""
        self.size = 0
        self.frames = 0
        self.active = self.base = 0  # traced frames that are being executed, and frames below them
        self.trace: Local = self._enter

    def start(self) -> None:
        """Trace everything that is called from here on."""
        frame: FrameType | None = _getframe(1)
        self.base = 1
        while frame is not None:
            self.base += 1
            frame = frame.f_back
        _setrecursionlimit(_getrecursionlimit() + 1)  # the trace function's own frame
        _settrace(self.trace)

    def stop(self) -> None:
        """Stop; a program that has removed the tracer itself is told by `cut`."""
        if _gettrace() != self.trace:
            self.cut = self.cut or "tracer removed"
        _settrace(None)
        _setrecursionlimit(_getrecursionlimit() - 1)

    def text(self) -> str:
        """The steps as the columns that answer.py describes."""
        return steps_text(self.steps)

    def _end(self, cut: str) -> None:
        """A budget is used up: the run goes on untraced."""
        self.cut = cut
        _settrace(None)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if code.co_filename != self.filename:
            return None
        if self.cut:
            return None
        try:
            local: Any = frame.f_trace
            if local is None:
                local = self._local(self.frames)
                self.frames += 1
            local(frame, "call", argument)
        except RecursionError:
            self.cut = self.cut or "depth"
            return None
        return local

    def _local(self, number: int) -> Local:
        """The trace function of one frame, which keeps what is known of that frame. It is called for every line."""
        known: dict[str, tuple[object, str, object]] = {}
        last: list[Any] | None = None
        inside = False
        add_line, steps, add_step = self.lines.add, self.steps, self.steps.append
        compare, max_steps, max_bytes = self._compare, self.max_steps, self.max_bytes

        def local(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal inside, last
            try:
                if event == "call" and not inside:
                    inside = True
                    self.active += 1
                    if self.active > _getrecursionlimit() - self.base - SPARE:
                        self.cut = self.cut or "depth"
                if self.cut:  # "depth": to remove the trace function here would take another frame
                    return local
                if last is not None:
                    compare(frame, known, last)
                if event == "line":
                    line = frame.f_lineno or 0
                    add_line(line)
                    step: list[Any] | None = ["line", number, line, "", (), []]
                else:
                    step = self._step(frame, event, number, argument, last)
                if step is None:
                    last = None
                elif _len(steps) >= max_steps:
                    self._end("steps")
                else:
                    if event == "call":
                        compare(frame, known, step)
                    last = step
                    add_step(step)
                    if self.size > max_bytes:
                        self._end("bytes")
            except RecursionError:
                self.cut = self.cut or "depth"
            finally:
                if event == "return" and inside:
                    inside = False
                    self.active -= 1
            return local

        return local

    def _step(
        self, frame: FrameType, event: str, number: int, argument: Any, last: list[Any] | None
    ) -> list[Any] | None:
        if event == "call":
            value = frame.f_code.co_name
        elif event == "return":
            if argument is None or frame.f_code.co_flags & _GENERATOR:
                operation = _operation(frame)
                thrown = argument is None and last is not None and last[0] == "exception"
                if operation in YIELDS and not thrown:
                    event = "yield"
                elif operation not in LEAVES:
                    return None  # an exception leaves the frame; its own event has told so
            value = show(argument, self.value_chars)[0]
        else:
            value = thrown_text(argument, self.value_chars)
        self.size += _len(value)
        line = frame.f_code.co_firstlineno if event == "call" else frame.f_lineno or 0
        return [event, number, line, value, (), []]

    def _compare(self, frame: FrameType, known: dict[str, tuple[object, str, object]], step: list[Any]) -> None:
        """Add to the step what is different from what is known of the frame's locals."""
        present: Any = frame.f_locals
        if _type(present) not in _NAMESPACES:  # in the body of a class, whose metaclass may prepare anything
            present = _dict(_items(present)) if _dict in type.__getattribute__(_type(present), "__mro__") else {}
        hidden = 0
        for name, value in present.items():
            if _type(name) is not _str:
                hidden += 1
                continue
            old = known.get(name)
            if old is not None:
                before, text, shape = old
                if before is value and (shape is None or unchanged(value, shape)):
                    continue
            elif name[0] == "." or (name[:2] == "__" and name[-2:] == "__"):
                hidden += 1
                continue
            else:
                text = None
            now, shape = show(value, self.value_chars)
            if now != text:
                step[5].append(change(name, now))
                self.size += _len(now)
            known[name] = (value if shape is not UNKNOWN else UNKNOWN, now, shape)
        if _len(known) + hidden != _len(present):
            step[4] = tuple([name for name in known if name not in present])
            for name in step[4]:
                del known[name]


class Lines:
    """Records which lines of one file are executed, and nothing else."""

    cut = ""

    def __init__(self, filename: str) -> None:
        self.lines: set[int] = set()
        add_line = self.lines.add

        def local(frame: FrameType, event: str, argument: Any) -> Any:
            if event == "line":
                add_line(frame.f_lineno)
            return local

        def enter(frame: FrameType, event: str, argument: Any) -> Any:
            return local if frame.f_code.co_filename == filename else None

        self.trace: Local = enter

    def start(self) -> None:
        """Trace everything that is called from here on."""
        _setrecursionlimit(_getrecursionlimit() + 1)  # the trace function's own frame
        _settrace(self.trace)

    def stop(self) -> None:
        """Stop; a program that has removed the tracer itself is told by `cut`."""
        if _gettrace() is not self.trace:
            self.cut = "tracer removed"
        _settrace(None)
        _setrecursionlimit(_getrecursionlimit() - 1)

    def text(self) -> str:
        """There are no steps."""
        return "[]"


def thrown_text(argument: Any, max_chars: int) -> str:
    """The text of what a trace function is given when there is an exception: its type, itself, its traceback."""
    return exception_text(argument[1] if argument[1] is not None else argument[0](), max_chars)


def exception_text(error: BaseException, max_chars: int) -> str:
    """`TypeName: message`, or `TypeName` where the message cannot be had without calling the program's code."""
    name = type_name(error)
    message = _message(error)
    return f"{name}: {message}"[:max_chars] if message else name


def _message(error: BaseException) -> str:
    arguments: Any = BaseException.args.__get__(error)  # type: ignore[attr-defined]
    for kind in type.__getattribute__(_type(error), "__mro__"):
        if kind is BaseException or kind is KeyError or not _flags(kind) & _HEAP_TYPE:
            break
        if "__str__" in type.__dict__["__dict__"].__get__(kind):
            return ""
    try:
        write(arguments)
        return str(kind.__str__(error))
    except NotWritable:
        return ""


_NAMESPACES = frozenset({dict, _type((lambda: _getframe().f_locals)())})
_CODES: dict[CodeType, bytes] = {}


def _operation(frame: FrameType) -> int:
    """The instruction that the frame is at."""
    code = frame.f_code
    instructions = _CODES.get(code)
    if instructions is None:
        instructions = _CODES[code] = code.co_code
    return instructions[frame.f_lasti]
