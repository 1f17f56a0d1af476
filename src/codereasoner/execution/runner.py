"""What happens inside a fork: compile a program, run one call of it, write down what came of it.

The answer is JSON text in ASCII:
    [outcome, value, exception, stdout, steps, lines, cut, reason, cpu_ms]
Everything of the interpreter that is used after the program has begun to run is bound here at import, so that a
program which replaces built-ins changes its own run only. This file also runs inside the workers.
"""

from __future__ import annotations

import sys
from time import process_time

import _io

try:
    from _json import encode_basestring_ascii as quote
except ImportError:
    from json.encoder import py_encode_basestring_ascii as quote

from codereasoner.execution.tracer import Lines, Tracer, exception_text
from codereasoner.literals.write import NotWritable, TooLong, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

PROGRAM, HARNESS, CALL = "<program>", "<harness>", "<call>"
DEPTH = 1000  # frames of recursion that a program may use, as in a fresh interpreter

_ONLY_AST = 0x400  # PyCF_ONLY_AST
_compile, _exec, _eval, _isinstance, _str, _len, _type = compile, exec, eval, isinstance, str, len, type
_sorted, _repr, _join = sorted, repr, ", ".join


class Compiled:
    """The code objects of a job; `fault` is the whole answer where they cannot be made."""

    def __init__(self, source: str, entry: str, call: str, harness: str) -> None:
        self.fault: bytes | None = None
        self.source: CodeType | None = None
        self.harness: CodeType | None = None
        self.call: CodeType | None = None
        try:
            self.source = _compile(source, PROGRAM, "exec", 0, True)
            self.harness = _compile(harness, HARNESS, "exec", 0, True) if harness else None
        except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError) as error:
            reason = "the program does not compile: " + exception_text(error, 500)
            self.fault = answer("raised", exception=exception_text(error, 500), reason=reason)
            return
        try:
            self.call = compile_call(entry, call)
        except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError) as error:
            self.fault = answer("refused", reason=f"this is no call of {entry!r}: {exception_text(error, 500)}")


def compile_call(entry: str, call: str) -> CodeType:
    """The code of `entry(call)`.

    Raises:
        SyntaxError, ValueError, MemoryError, RecursionError: it is not one call of the entry.
    """
    text = f"{entry}({call}\n)"
    if not entry.replace(".", "").replace("()", "").isidentifier():
        raise ValueError("the entry must be a name")
    if ")" in call:
        tree: Any = _compile(text, CALL, "eval", _ONLY_AST, True)
        function = _compile(entry, CALL, "eval", _ONLY_AST, True).body
        body = tree.body
        if _type(body).__name__ != "Call" or (body.func.end_lineno, body.func.end_col_offset) != (
            function.end_lineno,
            function.end_col_offset,
        ):
            raise ValueError("the text is more than the arguments of one call")
    return _compile(text, CALL, "eval", 0, True)


class Output(_io._RawIOBase):
    """Takes what a program writes, and ends the program when that is too much."""

    def __init__(self, limit: int, keep: bool, end: Any) -> None:
        self.limit, self.keep, self.end = limit, keep, end
        self.parts: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Keep the bytes; beyond the limit the run is over."""
        size = _len(data)
        self.size += size
        if self.size > self.limit:
            self.end(f"the program wrote more than {self.limit} bytes")
        if self.keep:
            self.parts.append(bytes(data))
        return size


def run(compiled: Compiled, record: str, limits: dict[str, Any], send: Any) -> None:
    """Run a compiled job in this process and give the answer to `send`; a write too many ends the process."""
    if compiled.fault is not None:
        send(compiled.fault)
        return
    started = process_time()

    def too_much(reason: str) -> None:
        send(answer("output", reason=reason, cpu_ms=(process_time() - started) * 1000))
        _end()

    output = Output(limits["output_bytes"], True, too_much)
    sys.stdout = _io.TextIOWrapper(_io.BufferedWriter(output), "utf-8", "surrogateescape")
    sys.stderr = _io.TextIOWrapper(_io.BufferedWriter(Output(limits["output_bytes"], False, too_much)), "utf-8", "backslashreplace")
    sys.stdin = _io.StringIO("")
    written = sys.stdout
    tracer: Any = None
    if record == "trace":
        tracer = Tracer(PROGRAM, limits["steps"], limits["trace_bytes"], limits["value_chars"])
    elif record == "coverage":
        tracer = Lines(PROGRAM)
    facts = _outcome(compiled, tracer, limits)
    cpu_ms = (process_time() - started) * 1000
    try:
        written.flush()
    except (ValueError, OSError):
        pass
    facts["stdout"] = b"".join(output.parts).decode("utf-8", "surrogateescape")
    if tracer is not None:
        facts.update(steps=tracer.steps, lines=_sorted(tracer.lines), cut=tracer.cut)
    send(answer(**facts, cpu_ms=cpu_ms))


def _end() -> None:
    import posix

    posix._exit(0)


def _outcome(compiled: Compiled, tracer: Any, limits: dict[str, Any]) -> dict[str, Any]:
    """Execute the program and its call: the outcome, and the value or the exception."""
    module = _type(sys)("program")
    sys.modules["program"] = module
    names = module.__dict__
    sys.setrecursionlimit(DEPTH + 20)
    try:
        _exec(compiled.source, names)
        if compiled.harness is not None:
            _exec(compiled.harness, names)
        try:
            if tracer is not None:
                tracer.start()
            value = _eval(compiled.call, names)
        finally:
            if tracer is not None:
                tracer.stop()
        return _returned(value, limits)
    except SystemExit as error:
        return {"outcome": "exited", "reason": f"the program ended itself: {exception_text(error, 200)}"}
    except MemoryError as error:
        reason = f"more than {limits['memory_bytes']} bytes of memory (limit: memory_bytes)"
        return {"outcome": "memory", "exception": exception_text(error, 500), "reason": reason}
    except BaseException as error:  # noqa: BLE001 - whatever a program raises is its result
        text = exception_text(error, 2000)
        return {"outcome": "raised", "exception": text, "reason": f"the call raised {text[:200]}"}


def _returned(value: object, limits: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"outcome": "ok", "value": write(value, limits["result_chars"])}
    except TooLong:
        reason = f"the literal of the value is longer than {limits['result_chars']} characters (limit: result_chars)"
        return {"outcome": "output", "reason": reason}
    except NotWritable as error:
        return {"outcome": "ok", "reason": _str(error)}


def answer(
    outcome: str,
    value: str | None = None,
    exception: str = "",
    stdout: str = "",
    steps: Any = (),
    lines: Any = (),
    cut: str = "",
    reason: str = "",
    cpu_ms: float = 0.0,
) -> bytes:
    """The answer as JSON text in ASCII."""
    text = "[%s, %s, %s, %s, [%s], [%s], %s, %s, %.3f]" % (
        quote(outcome),
        "null" if value is None else quote(value),
        quote(exception),
        quote(stdout),
        _join([_step(*step) for step in steps]),
        _join([_repr(line) for line in lines]),
        quote(cut),
        quote(reason),
        cpu_ms,
    )
    return text.encode("ascii")


def _step(event: str, frame: int, line: int, value: str, removed: Any, changes: Any) -> str:
    names = _join([quote(name) for name in removed])
    pairs = _join([quote(text) for text in changes])
    return f'["{event}", {frame}, {line}, {quote(value)}, [{names}], [{pairs}]]'
