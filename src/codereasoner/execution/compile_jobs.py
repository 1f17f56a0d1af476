"""Compile jobs: the code objects of a program and of its call; programs are kept for the next job.

This file also runs inside the workers.
"""

from __future__ import annotations

from codereasoner.execution.allowlist import may_share
from codereasoner.execution.encode import answer
from codereasoner.execution.exception_text import exception_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

PROGRAM, HARNESS, CALL = "<program>", "<harness>", "<call>"
KEPT = 64  # programs of a cache: a batch of 128 jobs mostly has fewer

_ONLY_AST = 0x400  # PyCF_ONLY_AST
_FAULTS = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)
_compile, _type, _len = compile, type, len


class Program:
    """The code objects of a source and its harness; `fault` is the whole answer if they cannot be made."""

    def __init__(self, source: str, harness: str) -> None:
        self.text = source + harness
        self.fault: bytes | None = None
        self.source: CodeType | None = None
        self.harness: CodeType | None = None
        self.shares = False  # it may run in a process that other programs use after it
        try:
            self.source = _compile(source, PROGRAM, "exec", 0, True)
            self.harness = _compile(harness, HARNESS, "exec", 0, True) if harness else None
        except _FAULTS as error:
            reason = "the program does not compile: " + exception_text(error, 500)
            self.fault = answer("raised", exception=exception_text(error, 500), reason=reason)
            return
        self.shares = may_share(source, self.source) and (self.harness is None or may_share(harness, self.harness))


class Compiled:
    """A program and one call of it; `shares` says whether both pass the allowlist."""

    def __init__(self, program: Program, entry: str, call: str) -> None:
        self.program = program
        self.fault = program.fault
        self.call: CodeType | None = None
        self.shares = False
        if self.fault is not None:
            return
        try:
            self.call = compile_call(entry, call)
        except _FAULTS as error:
            self.fault = answer("refused", reason=f"this is no call of {entry!r}: {exception_text(error, 500)}")
            return
        self.shares = program.shares and may_share(f"{entry}({call}\n)", self.call)


class Cache:
    """The programs that were compiled last."""

    def __init__(self) -> None:
        self.programs: dict[tuple[str, str], Program] = {}

    def compile(self, source: str, entry: str, call: str, harness: str) -> Compiled:
        """Return a job's code objects."""
        program = self.programs.get((source, harness))
        if program is None:
            if _len(self.programs) >= KEPT:
                self.programs.clear()
            program = self.programs[source, harness] = Program(source, harness)
        return Compiled(program, entry, call)


def compile_call(entry: str, call: str) -> CodeType:
    """Return the code of `entry(call)`.

    Raises:
        SyntaxError, ValueError, MemoryError, RecursionError: it is not one call of the entry.
    """
    text = f"{entry}({call}\n)"
    if not entry.replace(".", "").replace("()", "").isidentifier():
        raise ValueError("the entry must be a name")
    if ")" in call:
        tree: Any = _compile(text, CALL, "eval", _ONLY_AST, True)
        body = tree.body
        ends = (1, _len(entry.encode()))  # line and column at which the entry ends
        if _type(body).__name__ != "Call" or (body.func.end_lineno, body.func.end_col_offset) != ends:
            raise ValueError("the text is more than the arguments of one call")
        return _compile(tree, CALL, "eval", 0, True)
    return _compile(text, CALL, "eval", 0, True)
