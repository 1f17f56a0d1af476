"""Which tracers a worker has: those in C where they were built with the package, else the reference tracers in Python.

Both write the same bytes. With those in C come three more functions of the same extension. This file also runs inside
the workers.
"""

from __future__ import annotations

from codereasoner.execution.compile_jobs import PROGRAM
from codereasoner.execution.exception_text import thrown_text
from codereasoner.execution.python_tracer import (
    CAREFULLY,
    LEAVES,
    LOCALS,
    MAX_LINE,
    NEAR,
    NOT,
    SPARE,
    YIELDS,
    Lines,
    Tracer,
)
from codereasoner.execution.safe_repr import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

C, PYTHON = "C", "Python"


class Stopped(BaseException):
    """Raised into a program whose budget of steps is used up, where the run is to end with it."""


class StoppingTracer(Tracer):
    """Ends the run, too, when a budget is used up: what an endless program did first is then known."""

    def _end(self, cut: str) -> None:
        super()._end(cut)
        raise Stopped


_kinds: dict[str, Any] = {"trace": Tracer, "coverage": Lines, "fork": None, "arguments": None}


def use(extension: Any) -> str:
    """Take the tracers of this module, which is `_trace`, or those in Python; gives their name.

    extension: None where it was not built.
    """
    if extension is None:
        _kinds.update(trace=Tracer, coverage=Lines, fork=None, arguments=None)
        return PYTHON
    extension.use(describe, thrown_text, LOCALS, NEAR, SPARE, MAX_LINE, YIELDS, LEAVES)
    _kinds.update(trace=extension.Tracer, coverage=extension.Lines)
    _kinds.update(fork=extension.fork_job, arguments=extension.read_arguments)
    return C


def fork_job() -> Any:
    """What runs a job in a fork (see native/alone.c); None where it was not built, and Python has to."""
    return _kinds["fork"]


def read_arguments() -> Any:
    """What reads arguments that are plain literals (see native/arguments.c); None where it was not built."""
    return _kinds["arguments"]


def make(record: str, manner: str, limits: dict[str, Any]) -> Any:
    """The tracer for what is to be recorded of a run; None where that is its value only, or the program untraceable."""
    if record == "value" or manner == NOT:
        return None
    if record == "trace":
        careful = manner == CAREFULLY
        kind = StoppingTracer if limits["stop_at_steps"] else _kinds[record]
        return kind(PROGRAM, careful, limits["steps"], limits["trace_bytes"], limits["value_chars"])
    return _kinds[record](PROGRAM)
