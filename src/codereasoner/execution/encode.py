"""The answer of a worker about one run, as JSON text in ASCII:

    [outcome, value, exception, stdout, steps, lines, cut, reason, cpu_ms]

The steps are six columns, which are quicker to write, to check and to read than a row for each step:

    [events, frames, lines, values, changes, removed]
     "clly"  [0, ..] [1, ..] ["f", "1"]  [{"x": "1"}, {}, ...]  [[2, ["x"]]]

events has a letter for each step: call, line, return, yield, exception; values those of all steps but lines; changes
an object for each step; removed the number of each step that deleted names, and the names. No steps are [].

This file also runs inside the workers, beside programs: it uses no built-in that a program can replace.
"""

from __future__ import annotations

try:
    from _json import encode_basestring_ascii as quote
except ImportError:
    from json.encoder import py_encode_basestring_ascii as quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Required, TypedDict

    class Facts(TypedDict, total=False):
        """The parts of an answer."""

        outcome: Required[str]
        value: str
        exception: str
        stdout: str
        steps: str
        lines: Iterable[int]
        cut: str
        reason: str
        cpu_ms: float
        body: bytes


_repr, _enumerate, _join, _joined = repr, enumerate, ", ".join, "".join


def answer(
    outcome: str,
    value: str | None = None,
    exception: str = "",
    stdout: str = "",
    steps: str = "[]",
    lines: Iterable[int] = (),
    cut: str = "",
    reason: str = "",
    cpu_ms: float = 0.0,
    body: bytes = b"",
) -> bytes:
    """Return the answer as JSON text in ASCII. body: the whole of it, if C has written it (native/job.c)."""
    if body:
        return body
    text = "[{}, {}, {}, {}, {}, [{}], {}, {}, {:.3f}]".format(
        quote(outcome),
        "null" if value is None else quote(value),
        quote(exception) if exception else '""',
        quote(stdout) if stdout else '""',
        steps,
        _join([_repr(line) for line in lines]) if lines else "",
        quote(cut) if cut else '""',
        quote(reason) if reason else '""',
        cpu_ms,
    )
    return text.encode("ascii")


def steps_text(steps: list[list[Any]]) -> str:
    """Return the columns of these steps, each [event, frame, line, value, removed, changes]; see `change`."""
    if not steps:
        return "[]"
    events = _joined([step[0][0] for step in steps])
    frames = _repr([step[1] for step in steps])
    lines = _repr([step[2] for step in steps])
    values = _join([quote(step[3]) for step in steps if step[0] != "line"])
    changes = _join(["{" + _join(step[5]) + "}" if step[5] else "{}" for step in steps])
    removed = _join([_removed(number, step[4]) for number, step in _enumerate(steps) if step[4]])
    return f'["{events}", {frames}, {lines}, [{values}], [{changes}], [{removed}]]'


def change(name: str, text: str) -> str:
    """Return one change of a step, as JSON."""
    return quote(name) + ": " + quote(text)


def _removed(number: int, names: Iterable[str]) -> str:
    return f"[{number}, [{_join([quote(name) for name in names])}]]"
