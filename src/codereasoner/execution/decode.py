"""Read what a worker sent, strictly: it comes from beside a program that nobody trusts.

An answer that is not exactly what a worker writes is the outcome of its own job, and never an exception here.
The answer is the JSON list that encode.py describes. Where the extension is built, native/answers.c reads those bytes
that a worker writes; what it does not take is read here, and so is everything where there is no extension.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any, Never, get_args

from codereasoner.records import Event, Job, Outcome, Run, Step, run_id

if TYPE_CHECKING:
    from codereasoner.execution.framing import RunLimits

NATIVE = "codereasoner.execution._trace"
INTERFACE = 9  # of the extension, as in native/module.c
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

_OUTCOMES: dict[object, Outcome] = {name: name for name in get_args(Outcome) if name != "error"}  # that is ours to say
_EVENTS: dict[str, Event] = {name[0]: name for name in get_args(Event)}
_CUTS = frozenset({"", "steps", "bytes", "depth", "tracer removed"})
_TEXT = frozenset({str})
_LINE_END = re.compile("\r\n|\r|\n")  # as the compiler counts lines
_WORD = re.compile(r"\w+")
_CLASS = re.compile(r"\bclass\s+(\w+)")
_PRIVATE = re.compile(r"(?=__\w)(?!\w+__$)")
_LONG_NAME = 200  # a forged one may have millions of characters
_MAX_LINE = 1 << 31
_ESCAPED = 12  # bytes that JSON in ASCII takes for a character, at most; also those of a line's number
_REST = 50_000  # characters of all that has no limit of its own: the exception, the reason, the marks
_CHUNK = 1 << 16
_COLUMNS = 10  # items, lists and objects that each step adds to a trace besides its changes, at most
_new, _set = object.__new__, object.__setattr__
_NO_RUN = vars(Run("", "", "", "ok"))


class _MalformedError(ValueError):
    """The answer is not what a worker writes; the message says in which part."""


def read_answer(body: bytes, job: Job, level: str, limits: RunLimits) -> Run:
    """Return the run that an answer tells of; "crashed" with a reason where it is no answer within these limits."""
    try:
        return _read(body, job, level, limits)
    except (ValueError, RecursionError) as error:
        return failed(job, level, "crashed", f"the answer of the program's process is malformed: {error!s:.200}")


def failed(job: Job, level: str, outcome: Outcome, reason: str) -> Run:
    """Return the run of a job of which nothing is known but how it ended."""
    return Run(job.source, job.entry, job.call, outcome, reason=reason, isolation=level, python=PYTHON)


def _read(body: bytes, job: Job, level: str, limits: RunLimits) -> Run:
    most = limits["result_chars"] + limits["output_bytes"] + len(job.source) + _REST
    most_steps = limits["steps"] if job.record == "trace" else 0
    if len(body) > most * _ESCAPED and not (
        # a change has a character at least; what else a trace holds is counted with the source
        most_steps and _items(body) <= limits["trace_bytes"] + most_steps * _COLUMNS + len(job.source)
    ):
        raise _MalformedError(f"it has {len(body)} bytes, more than its limits allow")
    last_line = job.source.count("\n") + 1 if "\r" not in job.source else len(_LINE_END.split(job.source))
    if not job.source:  # the harness brings the file that is traced
        last_line = _MAX_LINE - 1
    row = read_natively(body, Step, most_steps, last_line) if read_natively else None
    row = row or _read_row(body, most_steps, last_line)
    name, value, exception, stdout, steps, lines, cut, reason, cpu_ms = row
    outcome = _OUTCOMES.get(name)
    if outcome is None:
        raise _MalformedError(f"no outcome is called {name!r:.40}")
    if value is not None and outcome != "ok":
        raise _MalformedError("only the outcome ok has a value")
    if len(value or "") > limits["result_chars"] or len(stdout) > limits["output_bytes"]:
        raise _MalformedError("its value or its output is longer than the limit")
    if len(exception) + len(reason) > _REST or len(lines) > last_line + 1:
        raise _MalformedError("its reason or its list of lines is longer than any worker writes")
    if cut not in _CUTS:
        raise _MalformedError(f"nothing is cut by {cut!r:.40}")
    if not 0 <= cpu_ms < 1e9:
        raise _MalformedError(f"{cpu_ms!r:.40} is no time")
    if steps and b'"_' in body and "class" in job.source:
        steps = _as_written(steps, job.source)
    fields = _NO_RUN.copy()  # all names in their order; to merge two dicts would take three times as long
    fields["source"], fields["entry"], fields["call"] = job.source, job.entry, job.call
    fields["outcome"], fields["value"], fields["exception"], fields["stdout"] = outcome, value, exception, stdout
    fields["steps"], fields["lines"], fields["cut"], fields["reason"] = steps, lines, cut, reason
    fields["isolation"], fields["python"], fields["shared"], fields["cpu_ms"] = level, PYTHON, job.origin, cpu_ms
    fields["id"] = run_id(job.source, job.entry, job.call)
    return make(Run, fields)


def _as_written(steps: tuple[Step, ...], source: str) -> tuple[Step, ...]:
    """Return steps with `__x` for each variable `_A__x` that Python made of it in a class `A` of the source."""
    words = set(_WORD.findall(source))
    owners = {f"_{name.lstrip('_')}" for name in _CLASS.findall(source)} - {"_"}
    written = {}
    for name in {name for step in steps for name in (*step.changes, *step.removed)} - words:
        for place in _PRIVATE.finditer(name) if len(name) < _LONG_NAME else ():
            if name[: place.start()] in owners and name[place.start() :] in words:
                written[name] = name[place.start() :]
    if not written:
        return steps
    return tuple(
        replace(
            step,
            changes={written.get(name, name): text for name, text in step.changes.items()},
            removed=tuple(written.get(name, name) for name in step.removed),
        )
        for step in steps
    )


def _items(body: bytes) -> int:
    """Return about how many values its lists and objects hold: each takes memory, however short it is written."""
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")  # now each quote begins or ends a string
    count = inside = 0
    for start in range(0, len(plain), _CHUNK):
        parts = plain[start : start + _CHUNK].split(b'"')
        outside = b"".join(parts[inside::2])
        count += sum(map(outside.count, (b",", b"[", b"{")))
        inside ^= (len(parts) - 1) & 1
    return count


def _make(kind: type[Run], fields: dict[str, object]) -> Run:
    run = _new(kind)  # its own constructor, which sets one frozen field after another, takes four times as long
    _set(run, "__dict__", fields)
    return run


def _read_row(body: bytes, most: int, last_line: int) -> Any:
    """Return the nine parts of an answer, each of its type; a line that the program does not have is line 0."""
    row = _DECODER.decode(body.decode("ascii"))
    if type(row) is not list or len(row) != 9:
        raise _MalformedError("it must be a list of nine")
    name, value, exception, stdout, steps, lines, cut, reason, cpu_ms = row
    for text in (name, exception, stdout, cut, reason):
        if type(text) is not str:
            raise _MalformedError("outcome, exception, stdout, cut and reason must be text")
    if value is not None and type(value) is not str:
        raise _MalformedError("a value must be text")
    if type(cpu_ms) is not float:
        raise _MalformedError(f"{cpu_ms!r:.40} is no time")
    found_steps = _read_steps(steps, most, last_line) if steps else ()
    found_lines = _read_lines(lines, last_line) if lines else ()
    if not _can_be_traced(found_steps):
        found_steps, cut = (), "tracer removed"
    return name, value, exception, stdout, found_steps, found_lines, cut, reason, cpu_ms


def _can_be_traced(steps: Sequence[Step]) -> bool:
    """Return whether each frame begins with a call, when all before it have begun; a program can call a tracer."""
    begun = 0
    for step in steps:
        if step.frame > begun or (step.frame == begun and step.event != "call"):
            return False
        begun += step.frame == begun
    return True


def _read_lines(lines: Any, last_line: int) -> tuple[int, ...]:
    if not _all_of(int, lines) or not 0 <= min(lines) <= max(lines) < _MAX_LINE:
        raise _MalformedError("lines must be whole numbers")
    if max(lines) <= last_line:
        return tuple(lines)
    return tuple(sorted({line if line <= last_line else 0 for line in lines}))


def _read_steps(columns: object, most: int, last_line: int) -> tuple[Step, ...]:
    """Return the steps of the columns that encode.py describes, whose types are checked a column at a time."""
    if type(columns) is not list or len(columns) != 6:
        raise _MalformedError("steps must be six columns")
    events, frames, lines, values, changes, removed = columns
    if type(events) is not str or not _EVENTS.keys() >= set(events):
        raise _MalformedError(f"no events are called {events!r:.40}")
    if len(events) > most:
        raise _MalformedError(f"there are {len(events)} steps, more than the limit of {most}")
    for numbers in (frames, lines):
        if (
            not _all_of(int, numbers)
            or len(numbers) != len(events)
            or not 0 <= min(numbers) <= max(numbers) < _MAX_LINE
        ):
            raise _MalformedError("the frame and the line of each step must be whole numbers")
    if not _all_of(str, values) or len(values) != len(events) - events.count("l"):
        raise _MalformedError("the values of steps must be text")
    if not _all_of(dict, changes) or len(changes) != len(events):
        raise _MalformedError("the changes of each step must be an object")
    if not _TEXT.issuperset(map(type, chain.from_iterable(map(dict.values, changes)))):
        raise _MalformedError("the changes of steps must be text")
    gone = _read_removed(removed) if removed else {}
    texts = iter(values)
    found = []
    for number, (event, frame, line, change) in enumerate(zip(events, frames, lines, changes, strict=True)):
        step = _new(Step)  # its own constructor, which sets one frozen field after another, takes twice as long
        fields = {
            "event": _EVENTS[event],
            "frame": frame,
            "line": line if line <= last_line else 0,
            "changes": change,
            "removed": gone.get(number, ()) if gone else (),
            "value": "" if event == "l" else next(texts),
        }
        _set(step, "__dict__", fields)
        found.append(step)
    return tuple(found)


def _read_removed(rows: object) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for row in rows if type(rows) is list else [None]:
        if type(row) is not list or len(row) != 2 or type(row[0]) is not int or not _all_of(str, row[1]):
            raise _MalformedError("what steps removed must be numbers and names")
        found[row[0]] = tuple(row[1])
    return found


def _all_of(kind: type, values: object) -> bool:
    """Return whether this is a list of values of exactly this type."""
    return type(values) is list and {kind}.issuperset(map(type, values))


def _refuse_constant(text: str) -> Never:
    raise _MalformedError(f"{text} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def load_extension() -> Any:
    """Return the module `_trace`; None where it was not built, or was built for other sources or another Python."""
    with suppress(ImportError):
        found = import_module(NATIVE)
        if getattr(found, "INTERFACE", 0) == INTERFACE:
            return found
    return None


EXTENSION = load_extension()
read_natively: Callable[[bytes, type[Step], int, int], tuple[Any, ...] | None] | None
read_natively = EXTENSION and EXTENSION.read_answer
make: Callable[[type[Run], dict[str, object]], Run] = EXTENSION.make if EXTENSION else _make
