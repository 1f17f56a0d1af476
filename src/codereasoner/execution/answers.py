"""Read what a worker sent, strictly: it comes from beside a program that nobody trusts.

An answer that is not exactly what a worker writes is the outcome of its own job, and never an exception here.
The answer is the JSON list that runner.py describes.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Never, get_args

from codereasoner.records import Event, Job, Outcome, Run, Step

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

_OUTCOMES: dict[Any, Outcome] = {name: name for name in get_args(Outcome) if name != "error"}  # that is ours to say
_EVENTS: dict[Any, Event] = {name: name for name in get_args(Event)}
_CUTS = frozenset({"", "steps", "bytes", "depth", "tracer removed"})
_TEXT = frozenset({str})
_MAX_LINE = 1 << 31


class _MalformedError(ValueError):
    """The answer is not what a worker writes; the message says in which part."""


def read_answer(body: bytes, job: Job, level: str) -> Run:
    """The run that an answer tells of; "crashed" with a reason where it is no answer."""
    try:
        return _read(body, job, level)
    except (ValueError, RecursionError) as error:
        return failed(job, level, "crashed", f"the answer of the program's process is malformed: {error!s:.200}")


def failed(job: Job, level: str, outcome: Outcome, reason: str) -> Run:
    """The run of a job of which nothing is known but how it ended."""
    return Run(job.source, job.entry, job.call, outcome, reason=reason, isolation=level, python=PYTHON)


def _read(body: bytes, job: Job, level: str) -> Run:
    row = _DECODER.decode(body.decode("ascii"))
    if type(row) is not list or len(row) != 9:
        raise _MalformedError("it must be a list of nine")
    name, value, exception, stdout, steps, lines, cut, reason, cpu_ms = row
    outcome = _OUTCOMES.get(name) if type(name) is str else None
    if outcome is None:
        raise _MalformedError(f"no outcome is called {name!r:.40}")
    if value is not None and (type(value) is not str or outcome != "ok"):
        raise _MalformedError("a value must be text, and only the outcome ok has one")
    for text in (exception, stdout, reason):
        if type(text) is not str:
            raise _MalformedError("exception, stdout and reason must be text")
    if type(cut) is not str or cut not in _CUTS:
        raise _MalformedError(f"nothing is cut by {cut!r:.40}")
    if type(cpu_ms) is not float or not 0 <= cpu_ms < 1e9:
        raise _MalformedError(f"{cpu_ms!r:.40} is no time")
    return Run(
        job.source,
        job.entry,
        job.call,
        outcome,
        value,
        exception,
        stdout,
        _read_steps(steps) if steps else (),
        _read_lines(lines) if lines else (),
        cut,
        reason,
        level,
        PYTHON,
        cpu_ms,
    )


def _read_lines(lines: Any) -> tuple[int, ...]:
    if type(lines) is not list or not all(type(line) is int and 0 <= line < _MAX_LINE for line in lines):
        raise _MalformedError("lines must be whole numbers")
    return tuple(lines)


def _read_steps(steps: Any) -> tuple[Step, ...]:
    if type(steps) is not list:
        raise _MalformedError("steps must be a list")
    return tuple([_read_step(step) for step in steps])


def _read_step(row: Any) -> Step:
    if type(row) is not list or len(row) != 6:
        raise _MalformedError("a step must be a list of six")
    name, frame, line, value, removed, changes = row
    event = _EVENTS.get(name) if type(name) is str else None
    if event is None:
        raise _MalformedError(f"no event is called {name!r:.40}")
    if type(frame) is not int or type(line) is not int or not 0 <= frame < _MAX_LINE or not 0 <= line < _MAX_LINE:
        raise _MalformedError("the frame and the line of a step must be whole numbers")
    if type(value) is not str or type(removed) is not list or type(changes) is not list or len(changes) % 2:
        raise _MalformedError("the values of a step must be text")
    if not (_TEXT.issuperset(map(type, changes)) and _TEXT.issuperset(map(type, removed))):
        raise _MalformedError("names and values in a step must be text")
    return Step(event, frame, line, dict(zip(changes[::2], changes[1::2], strict=True)), tuple(removed), value)


def _refuse_constant(text: str) -> Never:
    raise _MalformedError(f"{text} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
