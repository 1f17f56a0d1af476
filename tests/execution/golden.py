"""Golden traces as text. Run by any Python that has codereasoner's sources on its path, it prints those of that Python.

PYTHONPATH=src python3.13 tests/execution/golden.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run, Step

FOLDER = Path(__file__).parents[1] / "golden"


def programs() -> dict[str, Job]:
    """The golden programs by name; the first line of each is a comment with its call, and line 1 of its trace."""
    found = {}
    for path in sorted((FOLDER / "programs").glob("*.txt")):
        source = path.read_text(encoding="utf-8")
        call = source.partition("\n")[0].removeprefix("# f(").removesuffix(")")
        found[path.stem] = Job(source, "f", call, record="trace")
    return found


def traces() -> dict[str, str]:
    """The trace of each golden program, by this Python."""
    jobs = programs()
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        return {name: text(run) for name, run in zip(jobs, pool.run(list(jobs.values())), strict=True)}


def text(run: Run) -> str:
    """A run as lines to read: one for each step, under one for its end and one for the executed lines."""
    end = run.value if run.outcome == "ok" else run.exception
    lines = [f"{run.outcome} {end} cut={run.cut!r}", f"lines {' '.join(map(str, run.lines))}"]
    return "\n".join([*lines, *map(_step, run.steps)]) + "\n"


def _step(step: Step) -> str:
    parts = [f"{step.frame:2} {step.event:9} {step.line:3}"]
    parts += [step.value] if step.value else []
    parts += [f"{name} = {value}" for name, value in step.changes.items()]
    parts += [f"del {name}" for name in step.removed]
    return "  ".join(parts)


if __name__ == "__main__":
    json.dump(traces(), sys.stdout)
