"""Traces programs with both tracers, in this process; run by any Python, it prints where they differ.

PYTHONPATH=src:. python3.13 tests/execution/both_tracers.py BUILT_EXTENSION
"""

from __future__ import annotations

import _imp
import contextlib
import io
import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from tests.execution import golden

from codereasoner.execution import tracers
from codereasoner.execution.program import Compiled, Program
from codereasoner.execution.tracer import exception_text
from codereasoner.records import Job

LIMITS = {"steps": 3_000, "trace_bytes": 300_000, "value_chars": 300}
CUTS: list[dict[str, int]] = [{}, {"steps": 6}, {"trace_bytes": 50}, {"value_chars": 12}]

PROGRAMS = Path(__file__).with_name("awkward.txt").read_text(encoding="utf-8").split("\n=== ")[1:]
AWKWARD = {name: source for name, _, source in (text.partition("\n") for text in PROGRAMS)}


def seen(kind: str, extension: Any, job: Job, limits: dict[str, int], record: str = "trace") -> tuple[object, ...]:
    """What one of the tracers, "C" or "Python", says of a program."""
    assert tracers.use(extension if kind == "C" else None) == kind
    compiled = Compiled(Program(job.source, ""), job.entry, job.call)
    names: dict[str, Any] = {"__name__": "program"}
    tracer = tracers.make(record, {**LIMITS, **limits})
    assert compiled.program.source is not None
    assert compiled.call is not None
    limit = sys.getrecursionlimit()
    end = ""
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compiled.program.source, names)
        try:
            tracer.start()
            end = repr(type(eval(compiled.call, names)))
        except BaseException as error:  # noqa: BLE001 - it is part of what is compared
            end = exception_text(error, 100)
        finally:
            tracer.stop()
            sys.setrecursionlimit(limit)
            tracers.use(None)
    return tracer.text(), sorted(tracer.lines), tracer.cut, end


def differences(extension: Any) -> list[str]:
    """The programs of which the two say different things, and what."""
    jobs = {**golden.programs(), **{name: Job(source, "f", "") for name, source in AWKWARD.items()}}
    found = []
    for name, job in jobs.items():
        for limits in CUTS:
            ours, reference = (seen(kind, extension, job, limits) for kind in ("C", "Python"))
            if ours != reference:
                found.append(f"{name} {limits}:\n{ours}\n{reference}")
        lines = [seen(kind, extension, job, {}, "coverage") for kind in ("C", "Python")]
        if lines[0] != lines[1] and not lines[1][2]:  # at the end of the stack Python's own can not go on
            found.append(f"{name}: {lines}")
    return found


def load(place: str) -> Any:
    """The extension in this file."""
    return _imp.create_dynamic(ModuleSpec("codereasoner.execution._trace", None, origin=place))


if __name__ == "__main__":
    json.dump(differences(load(sys.argv[1])), sys.stdout)
