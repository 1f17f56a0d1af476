"""Compile jobs: the code objects of a program and of its call, kept for the next job with the same program.

This file also runs inside the workers.
"""

from __future__ import annotations

from codereasoner.execution.allowlist import may_share
from codereasoner.execution.encode import answer
from codereasoner.execution.exception_text import exception_text
from codereasoner.execution.python_tracer import manner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

PROGRAM, HARNESS, CALL = "<program>", "<harness>", "<call>"

_ONLY_AST = 0x400  # PyCF_ONLY_AST
_FAULTS = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)
_compile, _type, _len, _new = compile, type, len, object.__new__


class Program:
    """The code objects of a source and its harness; `fault` is the whole answer where they cannot be made."""

    def __init__(self, source: str, harness: str) -> None:
        self.manner = manner(source + harness)
        self.fault: bytes | None = None
        self.source: CodeType | None = None
        self.harness: CodeType | None = None
        self.shares = False  # whether it may run in a process that other programs use after it
        try:
            self.source = _compile(source, PROGRAM, "exec", 0, True)
            self.harness = _compile(harness, HARNESS, "exec", 0, True) if harness else None
        except _FAULTS as error:
            reason = "the program does not compile: " + exception_text(error, 500)
            self.fault = answer("raised", exception=exception_text(error, 500), reason=reason)
            return
        self.shares = may_share(source, self.source) and (self.harness is None or may_share(harness, self.harness))


class Compiled:
    """A program and one call of it; `shares` says whether both pass the gate.

    arguments: what the names `.0`, `.1`, ... in the code of the call stand for; None where it has none.
    """

    def __init__(self, program: Program, entry: str, call: str) -> None:
        self.program = program
        self.fault = program.fault
        self.call: CodeType | None = None
        self.arguments: dict[str, object] | None = None
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
    """The programs that were compiled last, and the calls with nothing but literals.

    read_arguments: reads such literals (native/arguments.c), where it was built. Then one code object serves all such
    calls of an entry, which takes the arguments by name: to compile them would cost more than most programs' runs.
    """

    def __init__(self, size: int, read_arguments: Callable[[str], dict[str, object] | None] | None) -> None:
        self.size, self.read_arguments = size, read_arguments
        self.programs: dict[tuple[str, str], Program] = {}
        self.calls: dict[tuple[str, int], CodeType | None] = {}

    def compile(self, source: str, entry: str, call: str, harness: str) -> Compiled:
        """A job's code objects."""
        key = (source, harness)
        program = self.programs.get(key)
        if program is None:
            if _len(self.programs) >= self.size:
                self.programs.clear()
            program = self.programs[key] = Program(source, harness)
        if self.read_arguments is not None and program.shares:
            arguments = self.read_arguments(call)
            code = self._plain_call(entry, _len(arguments)) if arguments is not None else None
            if code is not None:
                return _plain(program, code, arguments)
        return Compiled(program, entry, call)

    def _plain_call(self, entry: str, count: int) -> CodeType | None:
        """The code of a call with so many arguments by name; None where the entry may not be called like that."""
        key = (entry, count)
        if key not in self.calls:
            if _len(self.calls) >= self.size:
                self.calls.clear()
            names = ["a" * _len(entry) + f"a{number}" for number in range(count)]
            try:
                code = compile_call(entry, ", ".join(names))
            except _FAULTS:
                self.calls[key] = None
                return None
            kept = code.co_names[: _len(code.co_names) - count]
            hidden = code.replace(co_names=kept + tuple([f".{number}" for number in range(count)]))
            self.calls[key] = hidden if may_share(entry, code) else None
        return self.calls[key]


def _plain(program: Program, code: CodeType, arguments: dict[str, object] | None) -> Compiled:
    """A program that may share its process, and a call of it that is compiled already."""
    compiled = _new(Compiled)
    compiled.program, compiled.call, compiled.arguments = program, code, arguments
    compiled.shares, compiled.fault = True, None
    return compiled


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
        return _compile(tree, CALL, "eval", 0, True)
    return _compile(text, CALL, "eval", 0, True)
