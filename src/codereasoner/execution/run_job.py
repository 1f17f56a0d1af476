"""Run a compiled job: a fresh namespace, the program, its harness, the call, and the facts of the answer.

Everything of the interpreter that is used after the program has begun to run is bound here at import, so that a
program which replaces built-ins changes its own run only. This file also runs inside the workers.
"""

from __future__ import annotations

import _io
import gc
import sys
from time import thread_time

from codereasoner.execution.encode import answer
from codereasoner.execution.exception_text import exception_text
from codereasoner.execution.safe_repr import describe
from codereasoner.execution.tracer_choice import evaluator, job_runner, make
from codereasoner.literals.write import NotWritable, TooLong, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from codereasoner.execution.compile_jobs import Compiled
    from codereasoner.execution.encode import Facts
    from codereasoner.execution.framing import RunLimits

DEPTH = 1000  # frames of recursion that a program may use, as in a fresh interpreter
BELOW = 2  # levels between `set_depth` and a program: two more functions (and `eval` for `setrecursionlimit`)
MARK = 1_000  # characters for a value without a literal, in the reason why it has none
BUFFER = 8192  # bytes that a stream holds back; Python 3.14 would hold back 131,072, beyond many a limit

_type, _issubclass, _str = type, issubclass, str
_len, _sorted, _bytes, _join = len, sorted, bytes, b"".join
_module, _modules, _setrecursionlimit = type(sys), sys.modules, sys.setrecursionlimit
_SystemExit, _MemoryError, _RecursionError, _BaseException = SystemExit, MemoryError, RecursionError, BaseException
_stop_collecting = gc.disable


class Output(_io._RawIOBase):
    """Takes what a program writes; too much of it ends the program through `too_much`, which does not return."""

    def __init__(self, limit: int, too_much: Callable[[], None]) -> None:
        self.limit, self.too_much = limit, too_much
        self.parts: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Keep the bytes; beyond the limit the run is over."""
        part = _bytes(data)  # a view of numbers has fewer items than bytes
        self.size += _len(part)
        if self.size > self.limit:
            self.too_much()
        self.parts.append(part)
        return _len(part)


class Streams:
    """The standard streams of one run, or of the runs of one process."""

    def __init__(self, limit: int, too_much: Callable[[], None]) -> None:
        self.out, self.error = Output(limit, too_much), Output(limit, too_much)
        self.stdout = _io.TextIOWrapper(_io.BufferedWriter(self.out, BUFFER), "utf-8", "surrogateescape")
        sys.stdout = self.stdout
        self.stderr = _io.TextIOWrapper(_io.BufferedWriter(self.error, BUFFER), "utf-8", "backslashreplace")
        sys.stderr = self.stderr
        self.flushes = self.stdout.flush, self.stderr.flush  # a program may put others there
        sys.stdin = _io.StringIO("")
        self.last: object = None  # the value or the error of the last run: whoever drops it may run code of the program

    def take(self) -> str:
        """Return what was written to the standard output since the last time."""
        _flush(self.flushes[0])
        if not self.out.parts:
            return ""
        text = _join(self.out.parts).decode("utf-8", "surrogateescape")
        self.out.parts.clear()
        self.out.size = 0
        return text

    def empty(self) -> None:
        """Forget what was written to both streams."""
        for flush in self.flushes:
            _flush(flush)
        self.out.parts.clear()
        self.error.parts.clear()
        self.out.size = self.error.size = 0


def _flush(flush: Callable[[], None]) -> None:
    try:  # not `suppress`, which takes longer than all the rest
        flush()
    except _MemoryError:
        raise  # what was written is lost, so the run must not count
    except _BaseException:  # a program may close a stream, or put methods of its own into its buffer
        return


def set_depth() -> None:
    """Let programs recurse as deep as in a fresh interpreter, however deep we are ourselves.

    How deep that is only the interpreter knows, which also counts some calls that have no frame; it tells when it
    refuses a limit. native/evaluate.c needs no such thing.
    """
    try:
        _setrecursionlimit(1)
    except _RecursionError as error:
        refusal = _str(error)  # "cannot set the recursion limit to 1 at the recursion depth 9: the limit is too low"
    depth = int(refusal.partition(" depth ")[2].partition(":")[0])
    _setrecursionlimit(DEPTH + depth + BELOW)


def run(
    compiled: Compiled, record: str, limits: RunLimits, streams: Streams, built_ins: dict[str, object] | None = None
) -> tuple[Facts, str]:
    """Run a compiled job in this process; return the facts, and the name of the limit that makes them suspect.

    built_ins: those of a program after which others run in this process: nothing but cycles is left of it.
    """
    tracer = make(record, compiled.program.text, limits)
    module = _module("program")
    _modules["program"] = module
    if built_ins is not None:
        module.__dict__["__builtins__"] = built_ins
    in_c = job_runner(record, tracer) if built_ins is not None else None
    started = thread_time()  # the clock of the process stands still between ticks while a timer runs
    facts, suspect = _outcome(compiled, tracer, module.__dict__, limits, streams, in_c, started)
    if "body" in facts:
        return facts, suspect
    facts["cpu_ms"] = (thread_time() - started) * 1000
    if tracer is not None:
        facts["steps"], facts["lines"], facts["cut"] = tracer.text(), _sorted(tracer.lines), tracer.cut
    elif record != "value":
        facts["cut"] = "tracer removed"
    return facts, suspect


def _outcome(
    compiled: Compiled,
    tracer: Any,
    names: dict[str, object],
    limits: RunLimits,
    streams: Streams,
    in_c: Callable[..., tuple[object, bytes]] | None,
    started: float,
) -> tuple[Facts, str]:
    """Execute the program and its call; return the outcome, the value or the exception, and the output.

    Nothing of the program dies before the answer is complete: a finalizer would print, take time, or hang.
    """
    program, body = compiled.program, b""
    evaluate = evaluator()
    try:
        if in_c is not None:
            value, body = in_c(
                program.source, program.harness, compiled.call, names, tracer, started, limits["result_chars"], DEPTH,
                streams.flushes[0], streams.out.parts,
            )  # fmt: skip
        else:
            evaluate(program.source, names, DEPTH)
            if program.harness is not None:
                evaluate(program.harness, names, DEPTH)
            try:
                if tracer is not None:
                    tracer.start()
                value = evaluate(compiled.call, names, DEPTH)
            finally:
                _stop_collecting()
                if tracer is not None:
                    tracer.stop()
        streams.last = value
        if body:
            return {"outcome": "ok", "body": body}, ""
        facts, suspect = returned(value, limits), ""
    except _BaseException as error:
        _stop_collecting()
        streams.last = error
        facts, suspect = raised(error, limits)
        if suspect == "memory":
            streams.last = None  # the answer needs room, too
    facts["stdout"] = streams.take()
    return facts, suspect


def raised(error: BaseException, limits: RunLimits) -> tuple[Facts, str]:
    """Return the outcome of a run that an exception has ended, and the name of the limit that makes it suspect."""
    kind = _type(error)
    if _issubclass(kind, _SystemExit):
        return {"outcome": "exited", "reason": f"the program ended itself: {exception_text(error, 2000)}"}, ""
    if _issubclass(kind, _MemoryError):
        reason = f"more than {limits['memory_bytes']} bytes of memory (limit: memory_bytes)"
        return {"outcome": "memory", "exception": exception_text(error, 500), "reason": reason}, "memory"
    text = exception_text(error, 2000)
    suspect = "depth" if text[:14] == "RecursionError" else ""
    return {"outcome": "raised", "exception": text, "reason": f"the call raised {text[:200]}"}, suspect


def returned(value: object, limits: RunLimits) -> Facts:
    try:
        return {"outcome": "ok", "value": write(value, limits["result_chars"])}
    except TooLong:
        reason = f"the literal of the value is longer than {limits['result_chars']} characters (limit: result_chars)"
        return {"outcome": "output", "reason": reason}
    except NotWritable as error:
        return {"outcome": "ok", "reason": _str(error) + _described(value)}


def _described(value: object) -> str:
    try:
        return f": {describe(value, MARK)}"
    except _RecursionError:  # a program may lower the interpreter's recursion limit
        return ""


def too_much_output(limits: RunLimits) -> bytes:
    """Return the answer for a program that wrote too much."""
    reason = f"the program wrote more than {limits['output_bytes']} bytes (limit: output_bytes)"
    return answer("output", reason=reason)
