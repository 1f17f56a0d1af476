"""Compile jobs: the code objects of a program and of its call; programs are kept for the next job.

With the extension most calls are not compiled: arguments that are plain literals (native/arguments.c) take the place of
the constants in the code of another call. Equal ones may then be several objects, so this is for programs that share
their process and cannot tell. This file also runs inside the workers.
"""

from __future__ import annotations

from codereasoner.execution.allowlist import compares_identity, may_share
from codereasoner.execution.encode import answer
from codereasoner.execution.exception_text import exception_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

PROGRAM, HARNESS, CALL = "<program>", "<harness>", "<call>"
KEPT = 64  # programs of a cache: a batch of 128 jobs mostly has fewer
MOST_ARGUMENTS = 20  # of a call that is not compiled; of many the compiler makes a list

_ONLY_AST = 0x400  # PyCF_ONLY_AST
_FAULTS = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)
_compile, _type, _len, _tuple, _any = compile, type, len, tuple, any


class Program:
    """The code objects of a source and its harness; `fault` is the whole answer if they cannot be made."""

    def __init__(self, source: str, harness: str) -> None:
        self.text = source + harness
        self.fault: bytes | None = None
        self.source: CodeType | None = None
        self.harness: CodeType | None = None
        self.shares = False  # it may run in a process that other programs use after it
        self.tells_apart = True  # it could see whether equal arguments are one object
        try:
            self.source = _compile(source, PROGRAM, "exec", 0, True)
            self.harness = _compile(harness, HARNESS, "exec", 0, True) if harness else None
        except _FAULTS as error:
            reason = "the program does not compile: " + exception_text(error, 500)
            self.fault = answer("raised", exception=exception_text(error, 500), reason=reason)
            return
        self.shares = may_share(source, self.source) and (self.harness is None or may_share(harness, self.harness))
        codes = [self.source] if self.harness is None else [self.source, self.harness]
        self.tells_apart = not self.shares or _any([compares_identity(code) for code in codes])


class Compiled:
    """A program and one call of it; `shares` says whether both pass the allowlist.

    code: that of the call, if it is there already and passes.
    """

    def __init__(self, program: Program, entry: str, call: str, code: CodeType | None = None) -> None:
        self.program = program
        self.fault = program.fault
        self.call = code
        self.shares = code is not None
        if self.fault is not None or code is not None:
            return
        try:
            self.call = compile_call(entry, call)
        except _FAULTS as error:
            self.fault = answer("refused", reason=f"this is no call of {entry!r}: {exception_text(error, 500)}")
            return
        self.shares = program.shares and may_share(f"{entry}({call}\n)", self.call)


class Cache:
    """The programs that were compiled last, and a call of each number of constants.

    read_arguments: returns the arguments of a call that are plain literals; None without the extension.
    """

    def __init__(self, read_arguments: Callable[[str], tuple[object, ...] | None] | None) -> None:
        self.read_arguments = read_arguments
        self.programs: dict[tuple[str, str], Program] = {}
        self.calls: dict[tuple[str, int], CodeType | None] = {}

    def compile(self, source: str, entry: str, call: str, harness: str) -> Compiled:
        """Return a job's code objects."""
        program = self.programs.get((source, harness))
        if program is None:
            if _len(self.programs) >= KEPT:
                self.programs.clear()
            program = self.programs[source, harness] = Program(source, harness)
        plain = program.shares and not program.tells_apart
        return Compiled(program, entry, call, self._plain_call(entry, call) if plain else None)

    def _plain_call(self, entry: str, call: str) -> CodeType | None:
        """Return the code of a call whose arguments are plain literals; None if the compiler must make it."""
        values = self.read_arguments and self.read_arguments(call)
        if values is None or _len(values) > MOST_ARGUMENTS:
            return None
        key = entry, _len(values)
        if key not in self.calls:
            if _len(self.calls) >= KEPT:
                self.calls.clear()
            self.calls[key] = _call_of_constants(*key)
        code = self.calls[key]
        return code and code.replace(co_consts=values)


def _call_of_constants(entry: str, count: int) -> CodeType | None:
    """Return the code of a call of the entry with so many constants; None unless it passes the allowlist."""
    constants = _tuple([f"{number}" for number in range(count)])
    call = f"{constants}"[1:-1]
    try:
        code = compile_call(entry, call)
    except _FAULTS:
        return None
    return code if code.co_consts == constants and may_share(f"{entry}({call}\n)", code) else None


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
