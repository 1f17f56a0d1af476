"""runs.parquet: every call of every program, run and traced."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from codereasoner.execution.pool import Pool
from codereasoner.extend import Progress, silent
from codereasoner.ledger import Ledger, fingerprint, read_records
from codereasoner.programs.filters import drop_reason
from codereasoner.records import Job, Program, Run
from codereasoner.stages.progress import tell


def trace_programs(programs: Path, out: Path, pool: Pool, progress: Progress = silent) -> None:
    """runs.parquet: every call of every program, run and traced; what no question can be asked about is dropped."""
    ledger = Ledger(out, {"programs": fingerprint(programs)}, json_columns=("steps", "lines"))
    if ledger.done:
        return
    total = sum(len(program.calls) for program in read_records(programs, Program))
    with ledger:
        waiting: deque[Program] = deque()

        def jobs() -> Iterator[Job]:
            for program in read_records(programs, Program):
                for call in program.calls:
                    if Run(program.source, program.entry, call, "ok").id not in ledger:
                        waiting.append(program)
                        yield Job(program.source, program.entry, call, record="trace")

        for run in pool.stream(jobs()):
            program = waiting.popleft()
            # Without its CPU time a run is the same bytes on every try.
            difficulty = int(program.features.get("difficulty", 0))
            run = replace(run, program=program.id, split=program.split, difficulty=difficulty, cpu_ms=0.0)
            if reason := drop_reason(program, run):
                ledger.drop(replace(run, steps=()), reason)
            else:
                ledger.append(run)
            tell(progress, len(ledger), total, "calls traced")
        ledger.finish()
