"""Run the jobs of a benchmark, and make the sources of those that watch a program from inside."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from codereasoner.errors import InfrastructureError
from codereasoner.records import Job, Run
from codereasoner.task import Runner

OWN_FRAMES = Path(__file__).with_name("comprehension_frames.py")
_FUTURE = "from __future__ import annotations\n"


@cache
def probe_text(*files: Path) -> str:
    """Return the texts of files that are never imported, one after another, as one source."""
    return _FUTURE + "".join(file.read_text(encoding="utf-8").partition(_FUTURE)[2] for file in files)


def run_jobs(jobs: Sequence[Job], runner: Runner | None, what: str) -> Sequence[Run]:
    """Run jobs on whose results a verdict or a gold answer depends; `what` names them in an error.

    Raises:
        InfrastructureError: a run failed by no fault of its program, or there is no runner.
    """
    if not jobs:
        return []
    if runner is None:
        raise InfrastructureError(f"{what} must be executed, and no runner was given: pass a Pool's run")
    runs = runner(jobs)
    for run in runs:
        if run.outcome == "error":
            raise InfrastructureError(f"{what} could not be run: {run.reason}")
    return runs
