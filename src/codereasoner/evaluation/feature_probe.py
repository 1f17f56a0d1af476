"""Count what a program executes in the worker. Never imported: its text is a Job's source."""

from __future__ import annotations

import inspect
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codereasoner.benchmarks.comprehension_frames import compiled

PROGRAM = "<measured program>"


def measure(code: str, call: str, called: list[str]) -> list[object]:
    """Return [line events of the program, those of libraries, [[parameters, lines of source] or None of each name]].

    The module is executed with `call` as its last line, and all of its own lines count, also those at its top.
    `called` holds dotted names, looked up among the names that the program has defined when it ended.
    """
    names: dict[str, object] = {"__name__": "program"}
    counts = {True: 0, False: 0}

    def local(frame: types.FrameType, event: str, argument: object) -> object:
        if event == "line":
            counts[frame.f_code.co_filename == PROGRAM] += 1
        return local

    program = compiled(f"{code}\nresult = {call}" if call else code, PROGRAM, names)
    own = sys._getframe().f_code.co_filename

    def enter(frame: types.FrameType, event: str, argument: object) -> Any:
        return None if frame.f_code.co_filename == own else local

    sys.settrace(enter)
    try:
        exec(program, names)  # noqa: S102 - see the top of the file
    finally:
        sys.settrace(None)
    return [counts[True], counts[False], [describe(names, dotted) for dotted in called]]


def describe(names: dict[str, Any], dotted: str) -> list[int | None] | None:
    """Return [parameters or None, lines of source or None] of what a dotted name names; None where it is nothing."""
    first, *rest = dotted.split(".")
    found = names.get(first)
    for part in rest:
        found = getattr(found, part, None)
    if found is None:
        return None
    return [parameters(found), source_lines(found)]


def parameters(function: Any) -> int | None:
    try:
        return len(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return None


def source_lines(function: Any) -> int | None:
    try:
        return len(inspect.getsourcelines(function)[0])
    except (TypeError, OSError):
        return None
