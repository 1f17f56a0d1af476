"""Choose a worker's tracers: those in C if they were built with the package, else the reference tracers in Python.

Both write the same bytes. This file also runs inside the workers.
"""

from __future__ import annotations

from codereasoner.execution.compile_jobs import PROGRAM
from codereasoner.execution.exception_text import thrown_text
from codereasoner.execution.python_tracer import CAREFULLY, FOR_C, NOT, Lines, Tracer
from codereasoner.execution.safe_repr import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codereasoner.execution.framing import RunLimits

C, PYTHON = "C", "Python"


class Stopped(BaseException):
    """Raised into a program whose budget of steps is used up, if the run is to end with it."""


class StoppingTracer(Tracer):
    """Ends the run, too, when a budget is used up: what an endless program did first is then known."""

    def _end(self, cut: str) -> None:
        super()._end(cut)
        raise Stopped


_kinds: dict[str, Any] = {"trace": Tracer, "coverage": Lines}


def use(extension: Any) -> str:
    """Take the tracers of this module, `_trace`, or (None) those in Python; return their name."""
    if extension is None:
        _kinds.update(trace=Tracer, coverage=Lines)
        return PYTHON
    extension.use(describe, thrown_text, *FOR_C)
    _kinds.update(trace=extension.Tracer, coverage=extension.Lines)
    return C


def make(record: str, manner: str, limits: RunLimits) -> Any:
    """Return the tracer for what is to be recorded of a run; None for its value only, or an untraceable program."""
    if record == "value" or manner == NOT:
        return None
    if record == "coverage":
        return _kinds[record](PROGRAM)
    kind = StoppingTracer if limits["stop_at_steps"] else _kinds[record]
    return kind(PROGRAM, manner == CAREFULLY, limits["steps"], limits["trace_bytes"], limits["value_chars"])
