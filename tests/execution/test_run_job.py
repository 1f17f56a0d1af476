"""A job that is run and answered in C (native/job.c) has the answer that Python writes of the same run."""

from __future__ import annotations

import builtins
import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.execution import both_tracers

from codereasoner.execution import run_job, tracer_choice
from codereasoner.execution.compile_jobs import Compiled, Program
from codereasoner.execution.decode import EXTENSION
from codereasoner.execution.encode import answer
from codereasoner.execution.pool import Limits
from codereasoner.records import Job, Record

pytestmark = pytest.mark.skipif(EXTENSION is None, reason="the extension in C is not built: pip install -e .")

ROOT = Path(__file__).parents[2]
LIMITS = Limits(steps=300, trace_bytes=30_000, value_chars=300, result_chars=10_000)


def told(job: Job, record: Record, in_c: bool) -> Any:
    """All of an answer but its time; None where a job that is run in C is left to Python to answer."""
    body, _ = both_tracers.in_a_fork(lambda: _body(job, record, in_c))
    return json.loads(body)[:-1] if body else None


def _body(job: Job, record: Record, in_c: bool) -> bytes:
    tracer_choice.use(EXTENSION)
    if not in_c:
        del tracer_choice._kinds["job"]
    compiled = Compiled(Program(job.source, job.harness), job.entry, job.call)
    streams = run_job.Streams(100_000, lambda: os._exit(1))
    gc.enable()
    run_job.set_depth()
    facts, _ = run_job.run(compiled, record, LIMITS.as_dict(), streams, dict(vars(builtins)))
    return facts.get("body", b"") if in_c else answer(**facts)


def compared(record: Record) -> tuple[int, list[str]]:
    """How many jobs are answered in C, and the names of those that Python answers otherwise."""
    found = {}
    for name, job in both_tracers.jobs().items():
        if not name.startswith((both_tracers.OUTSIDE, both_tracers.COLLECTED)):
            ours = told(job, record, in_c=True)
            if ours is not None:
                found[name] = ours == told(job, record, in_c=False)
    return len(found), [name for name, same in found.items() if not same]


@pytest.mark.parametrize("record", get_args(Record))
def test_what_is_answered_in_c_is_what_python_answers(record: Record) -> None:
    # In a small process: a fork of one that holds torch and all tests takes longer than what it is made for.
    words = [sys.executable, "-m", __name__, record]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    answered, differing = json.loads(done.stdout)
    assert not differing
    assert answered > 50


@pytest.mark.parametrize("record", get_args(Record))
@pytest.mark.parametrize(
    "source",
    [
        "def f(): return 'é\\n\\ud800\"', [], ()",
        "kept = []\ndef f():\n    kept.append(1)\n    return kept",
        "def f():\n    for n in range(500):\n        pass\n    return n",
        "def f():\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        return {'a': -0.0}",
    ],
)
def test_a_plain_value_is_answered_in_c(source: str, record: Record) -> None:
    job = Job(source, "f", "", harness="g = f")
    ours = told(job, record, in_c=True)
    assert ours is not None
    assert ours == told(job, record, in_c=False)


@pytest.mark.parametrize("record", get_args(Record))
@pytest.mark.parametrize("body", ["return object()", "print(1)", "1 / 0", "return 'x' * 20_000", "raise SystemExit"])
def test_what_is_no_plain_value_is_left_to_python(body: str, record: Record) -> None:
    assert told(Job(f"def f(): {body}", "f", ""), record, in_c=True) is None


if __name__ == "__main__":
    print(json.dumps(compared(sys.argv[1])))  # type: ignore[arg-type]
