"""Choose a worker's tracers, and what evaluates code: in C if that was built with the package, else in Python.

Both tracers write the same bytes. This file also runs inside the workers.
"""

from __future__ import annotations

import sys

from codereasoner.execution.allowlist import allow_formats
from codereasoner.execution.compile_jobs import PROGRAM
from codereasoner.execution.exception_text import thrown_text
from codereasoner.execution.python_tracer import CAREFULLY, FOR_C, NOT, Lines, Tracer, manner
from codereasoner.execution.safe_repr import describe, is_among, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any

    from codereasoner.execution.framing import RunLimits
    from codereasoner.execution.python_tracer import Local

C, PYTHON = "C", "Python"
_type, _RecursionError, _eval = type, RecursionError, eval
_NO_DATA = (type, type(describe), type(len), type(sys))  # classes, functions, modules


class Stopped(BaseException):
    """Raised into a program whose budget of steps is used up, if the run is to end with it."""


class GlobalsTracer(Tracer):
    """Records global variables as well: those a function names, from when they are no longer as it found them."""

    def _local(self, number: int, optimized: bool) -> Local:
        local: Any = super()._local(number, optimized)
        if not optimized:  # the body of a module or a class
            return local  # type: ignore[no-any-return]
        found: dict[str, str] = {}
        changed: dict[str, object] = {}

        def watching(frame: FrameType, event: str, argument: object, present: Any = None) -> object:
            try:
                values = self._globals(frame)
                texts = {name: show(value, self.value_chars)[0] for name, value in values.items()}
                if not found and event == "call":
                    found.update(texts)
                for name, text in texts.items():
                    if name in changed or found.get(name) != text:
                        changed[name] = values[name]
                local(frame, event, argument, {**(frame.f_locals if present is None else present), **changed})
            except _RecursionError:
                self.cut = self.cut or "depth"
            return watching

        return watching

    def _globals(self, frame: FrameType) -> dict[str, object]:
        """Return the data among the global variables that the code of a frame names."""
        names, known = frame.f_code.co_names, frame.f_globals
        return {name: known[name] for name in names if name in known and not is_among(_type(known[name]), _NO_DATA)}


class StoppingTracer(GlobalsTracer):
    """Ends the run, too, when a budget is used up: what an endless program did first is then known."""

    def _end(self, cut: str) -> None:
        super()._end(cut)
        raise Stopped


def _evaluate(code: CodeType, names: dict[str, object], depth: int) -> object:
    return _eval(code, names)


_IN_PYTHON = {"trace": Tracer, "coverage": Lines, "evaluate": _evaluate}
_kinds: dict[str, Any] = dict(_IN_PYTHON)


def use(extension: Any) -> str:
    """Take the tracers of this module, `_trace`, or (None) those in Python; return their name."""
    if extension is None:
        _kinds.update(_IN_PYTHON)
        return PYTHON
    extension.use(describe, thrown_text, *FOR_C)
    _kinds.update(trace=extension.Tracer, coverage=extension.Lines, evaluate=extension.evaluate)
    _kinds.update(guard=extension.guard_formats)
    _kinds.update(job=extension.run_job)
    _kinds.update(arguments=extension.read_arguments)
    allow_formats()
    return C


def guard_formats(leave: Callable[[], None]) -> None:
    """Have this process end where str.format reads attributes, if that can be guarded (native/guard.c)."""
    if "guard" in _kinds:
        _kinds["guard"](leave)


def evaluator() -> Callable[[CodeType | None, dict[str, object], int], object]:
    """Return what evaluates code in a namespace, to a depth of recursion: native/evaluate.c, or a frame of ours."""
    return _kinds["evaluate"]  # type: ignore[no-any-return]


def arguments_reader() -> Callable[[str], tuple[object, ...] | None] | None:
    """Return what reads the arguments of a call that are plain literals: native/arguments.c."""
    return _kinds.get("arguments")


def job_runner(record: str, tracer: Any) -> Callable[..., tuple[object, bytes]] | None:
    """Return what runs a whole job in C (native/job.c); None without the extension, or where Python must trace it."""
    return _kinds.get("job") if record == "value" or _type(tracer) is _kinds[record] else None


def make(record: str, text: str, limits: RunLimits) -> Any:
    """Return the tracer for what is to be recorded of a run of this text; None for its value only, or if none can."""
    if record == "value" or (how := manner(text)) == NOT:
        return None
    if record == "coverage":
        return _kinds[record](PROGRAM)
    kind = _kinds[record]
    if limits["globals"] or limits["stop_at_steps"]:
        kind = StoppingTracer if limits["stop_at_steps"] else GlobalsTracer
    return kind(PROGRAM, how == CAREFULLY, limits["steps"], limits["trace_bytes"], limits["value_chars"])
