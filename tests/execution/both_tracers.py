"""Runs programs untraced and by both tracers, each in a fork of this process, with any Python; prints what differs.

PYTHONPATH=src:. python3.13 tests/execution/both_tracers.py BUILT_EXTENSION
"""

from __future__ import annotations

import _imp
import gc
import json
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from tests.execution import golden

from codereasoner.execution import run_job, tracer_choice
from codereasoner.execution.compile_jobs import Compiled, Program
from codereasoner.execution.pool import Limits
from codereasoner.records import Job

LIMITS = Limits(steps=3_000, trace_bytes=300_000, value_chars=300)
CUTS: list[dict[str, int]] = [{}, {"steps": 6}, {"trace_bytes": 50}, {"value_chars": 12}]
KINDS = ("C", "Python")
CPU_SECONDS = 20  # of one run, far more than any takes: a program that hangs a tracer ends there

PROGRAMS = Path(__file__).with_name("awkward.txt").read_text(encoding="utf-8").split("\n=== ")[1:]
AWKWARD = {name: source for name, _, source in (text.partition("\n") for text in PROGRAMS)}
# The two kinds of programs of which the tracers need not say the same to the step, by the beginning of their names:
OUTSIDE = "from outside: "  # calls or removes the tracer, which is another object in C
COLLECTED = "as the collector runs: "  # when it does depends on what a tracer allocates, and so where finalizers run

Facts = dict[str, Any]


def seen(kind: str, extension: Any, job: Job, record: str, limits: dict[str, int]) -> Facts:
    """The facts of a run with one of the tracers, "C" or "Python"; how the process ended where there are none."""
    text, status = in_a_fork(lambda: json.dumps(_facts(kind, extension, job, record, limits)).encode())
    found: Facts = json.loads(text) if text else {"outcome": f"the process ended with status {status}"}
    return found


def in_a_fork(work: Callable[[], bytes]) -> tuple[bytes, int]:
    """What this gives in a process of its own, nothing if that ended before, and the status with which it ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(work())
                pipe.flush()
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        given = pipe.read()
    return given, os.waitpid(child, 0)[1]


def _facts(kind: str, extension: Any, job: Job, record: str, limits: dict[str, int]) -> Facts:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    assert tracer_choice.use(extension if kind == "C" else None) == kind
    compiled = Compiled(Program(job.source, job.harness), job.entry, job.call)
    streams = run_job.Streams(100_000, lambda: os._exit(1))
    gc.enable()
    run_job.set_depth()
    facts, _ = run_job.run(compiled, record, replace(LIMITS, **limits).as_dict(), streams)  # type: ignore[arg-type]
    return {name: fact for name, fact in facts.items() if name != "cpu_ms"}


def outside(facts: Facts) -> tuple[object, ...]:
    """What of a run must not depend on whether it is watched."""
    return tuple(facts.get(name) for name in ("outcome", "value", "exception", "stdout", "reason"))


def differences(extension: Any, jobs: dict[str, Job]) -> list[str]:
    """The programs of which the tracers say different things, or another thing than the untraced run, and what."""
    found = []
    for name, job in jobs.items():
        plain = seen("Python", None, job, "value", {})
        runs = {("coverage", kind, 0): seen(kind, extension, job, "coverage", {}) for kind in KINDS}
        for place, limits in enumerate(CUTS):
            runs.update({("trace", kind, place): seen(kind, extension, job, "trace", limits) for kind in KINDS})
        for key, facts in runs.items():
            if outside(facts) != outside(plain):
                found.append(f"{name}, {key}: {outside(facts)}, untraced {outside(plain)}")
        coverage, trace = runs["coverage", "C", 0], runs["trace", "C", 0]
        if not trace.get("cut") and trace.get("lines") != coverage.get("lines"):
            found.append(f"{name}: lines {trace.get('lines')} in the trace, {coverage.get('lines')} in coverage")
        if name.startswith(OUTSIDE):
            continue
        for (record, kind, place), facts in runs.items():
            reference = runs[record, "Python", place]
            if name.startswith(COLLECTED) and record == "trace":
                one, other = _of_the_call(facts), _of_the_call(reference)
                if one[: len(other)] != other[: len(one)]:  # either may be cut
                    found.append(f"{name}, {record} {CUTS[place]}: {_differing(one, other)}")
            elif kind == "C" and facts != reference:
                found += [
                    f"{name}, {record} {CUTS[place]}: {part} {_differing(facts.get(part), reference.get(part))}"
                    for part in facts.keys() | reference.keys()
                    if facts.get(part) != reference.get(part)
                ]
    return found


def _of_the_call(facts: Facts) -> list[list[object]]:
    """The events and lines of the first frame, which is no finalizer's."""
    events, frames, lines = json.loads(facts["steps"])[:3]
    return [[event, line] for event, frame, line in zip(events, frames, lines, strict=True) if frame == frames[0]]


def _differing(ours: object, reference: object) -> str:
    """Where two values begin to differ, and how they go on from there."""
    one, other = repr(ours), repr(reference)
    shorter = min(len(one), len(other))
    place = next((place for place in range(shorter) if one[place] != other[place]), shorter)
    around = slice(max(0, place - 40), place + 40)
    return f"{one[around]!r} in C, {other[around]!r} in Python"


def jobs() -> dict[str, Job]:
    """The golden and the awkward programs."""
    return {**golden.programs(), **{name: Job(source, "f", "") for name, source in AWKWARD.items()}}


def load(place: str) -> Any:
    """The extension in this file."""
    return _imp.create_dynamic(ModuleSpec("codereasoner.execution._trace", None, origin=place))


if __name__ == "__main__":
    found = differences(load(sys.argv[1]), jobs())
    json.dump(found, sys.stdout, indent=1)
    raise SystemExit(bool(found))
