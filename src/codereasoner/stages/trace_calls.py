"""runs.parquet: each call of each program, traced, and run again under another hash seed."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TypeAlias, get_args

from codereasoner import extend
from codereasoner.curation.branch_coverage import Covered, distribute, taken
from codereasoner.curation.determinism import second_job, second_reason
from codereasoner.curation.filters import Sizes, drop_reason
from codereasoner.errors import ConfigError, DataError
from codereasoner.execution.pool import Pool
from codereasoner.extend import Progress, available, silent
from codereasoner.ledger import Ledger, Line, fingerprint, line_of, read_records, read_rows
from codereasoner.parquet_files import Row
from codereasoner.records import Job, Outcome, Program, Run
from codereasoner.stages.distribute import PerProcessPool
from codereasoner.stages.engine import Engine, map_each
from codereasoner.stages.progress import tell
from codereasoner.stages.stage_options import SIZES, TraceOptions

BATCH = 64  # programs in one batch of an engine
JSON_COLUMNS = ("steps", "lines")

Executor: TypeAlias = Pool | PerProcessPool

Judged: TypeAlias = tuple[Run, str | None]
"""A run, and why it is dropped; None if it is kept."""

Traced: TypeAlias = tuple[list[Line | tuple[Run, str]], Covered]
"""The rows of one program's runs, those that are dropped with the reason; and the jumps that the kept ones take."""


@dataclass(frozen=True)
class Keep:
    """Limits of the runs that are kept: `calls` per program (0: no limit), sizes, and outcomes."""

    calls: int = 0
    sizes: Sizes = field(default_factory=Sizes)
    outcomes: tuple[str, ...] = ("ok",)


def kept(options: TraceOptions, tasks: Sequence[str] = ()) -> Keep:
    """Return the limits that the options set, with the outcomes that the tasks ask about."""
    if wrong := [each for each in options.outcome if each not in (known := get_args(Outcome))]:
        raise ConfigError(f"a run never ends with the outcome '{wrong[0]}'; there are: {', '.join(known)}")
    asked = [each for name in tasks for each in extend.task(name).outcomes]
    return Keep(options.calls, parse_sizes(options.size), tuple(dict.fromkeys([*options.outcome, *asked])))


def parse_sizes(texts: Sequence[str]) -> Sizes:
    """Return the sizes given as NAME=N, or raise ConfigError for an unknown name or a size that is not a number."""
    given = {}
    for text in texts:
        name, _, most = text.partition("=")
        if name not in vars(Sizes()) or not most.isdecimal():
            raise ConfigError(f"--size takes NAME=N with one of {SIZES}, not '{text}'")
        given[name] = int(most)
    return Sizes(**given)


def own_programs(programs: Path) -> bool:
    """Return whether all these programs come from the grammar or a benchmark, none from a model or a stranger."""
    known = {"procedural", *available("benchmark")}
    return all(program.origin.partition("/")[0] in known for program in read_records(programs, Program))


def trace_programs(
    programs: Path,
    out: Path,
    pool: Executor,
    progress: Progress = silent,
    again: Executor | None = None,
    keep: Keep | None = None,
    engine: Engine | None = None,
) -> None:
    """Run and trace each call of each program; runs that no question can be asked about are dropped.

    With a pool `again` of another hash seed each call runs a second time; it is dropped if the results differ. An
    engine traces in its own processes, each of which opens both as a PerProcessPool. The manifest has the number of
    jumps that the kept calls take, of all that are possible.
    """
    keep = keep or Keep()
    facts = {"programs": fingerprint(programs), "second_run": again is not None, "calls": keep.calls}
    facts |= {"sizes": vars(keep.sizes)} | ({"outcomes": keep.outcomes} if keep.outcomes != ("ok",) else {})
    ledger = Ledger(out, facts, json_columns=JSON_COLUMNS)
    if ledger.is_complete():
        return
    total = sum(len(row["calls"]) for row in read_rows(programs))
    covered = Covered()
    with ledger:
        continued = len(ledger) > 0
        left = (program for program in read_records(programs, Program) if not _is_done(program, ledger))
        work = partial(traced, pool=pool, again=again, keep=keep, json_columns=ledger.json_columns)
        for rows, jumps in map_each(engine, work, left, BATCH):
            added = False
            for row in rows:
                if isinstance(row, Line):
                    added |= ledger.append(row)
                else:
                    ledger.drop(*row)
                tell(progress, len(ledger), total, "calls traced")
            if added:
                covered.include(jumps)
        ledger.extra["branches"] = (_branches(ledger.rows()) if continued else covered).facts()
        ledger.finish()


def traced(
    programs: Iterable[Program],
    pool: Executor,
    again: Executor | None = None,
    keep: Keep | None = None,
    json_columns: Sequence[str] = JSON_COLUMNS,
) -> Iterator[Traced]:
    """Yield what is written of each program, in order; `json_columns` are those of the file that it is written to."""
    for program, runs in judged(programs, pool, again, keep):
        covered = Covered()
        if kept := [run for run, reason in runs if reason is None]:
            covered.add(program.source, map(taken, kept))
        rows = [
            line_of(run, json_columns=json_columns) if reason is None else (replace(run, steps=()), reason)
            for run, reason in runs
        ]
        yield rows, covered


def judged(
    programs: Iterable[Program], pool: Executor, again: Executor | None = None, keep: Keep | None = None
) -> Iterator[tuple[Program, list[Judged]]]:
    """Yield each program with its runs, in order, and why each is dropped."""
    keep = keep or Keep()
    runs = _first_runs(programs, pool, keep)
    if again is not None:
        runs = _second_runs(runs, again)
    for _, group in groupby(runs, key=lambda each: each[0].id):
        found = list(group)
        yield found[0][0], _within(keep, [(run, reason) for _, run, reason in found])


def _first_runs(programs: Iterable[Program], pool: Executor, keep: Keep) -> Iterator[tuple[Program, Run, str | None]]:
    waiting: deque[Program] = deque()

    def jobs() -> Iterator[Job]:
        for program in programs:
            for call in program.calls:
                waiting.append(program)
                yield Job(program.source, program.entry, call, record="trace", origin=_shared_origin(program))

    for run in pool.stream(jobs()):
        program = waiting.popleft()
        difficulty = program.features.get("difficulty", 0)
        if not isinstance(difficulty, int):
            raise DataError(f"the difficulty of program {program.id} must be a whole number, not {difficulty!r:.60}")
        # Without its CPU time a run is the same bytes on every try.
        run = replace(run, program=program.id, split=program.split, difficulty=difficulty, cpu_ms=0.0)
        yield program, run, drop_reason(program, run, keep.sizes, keep.outcomes)


def _shared_origin(program: Program) -> str:
    """Return the origin whose programs may share a process with this one: only our grammar's are trusted that far."""
    origin = program.origin.partition("/")[0]
    return origin if origin == "procedural" else ""


def _second_runs(
    runs: Iterable[tuple[Program, Run, str | None]], again: Executor
) -> Iterator[tuple[Program, Run, str | None]]:
    waiting: deque[tuple[Program, Run, str | None]] = deque()

    def jobs() -> Iterator[Job]:
        for program, run, reason in runs:
            waiting.append((program, run, reason))
            if reason is None:
                yield second_job(run)

    for second in again.stream(jobs()):
        while waiting[0][2] is not None:
            yield waiting.popleft()
        program, run, _ = waiting.popleft()
        yield program, run, second_reason(run, second)
    yield from waiting


def _within(keep: Keep, runs: list[Judged]) -> list[Judged]:
    """Drop calls beyond the limit; those that take the most different paths stay."""
    good = [run for run, reason in runs if reason is None]
    if not keep.calls or len(good) <= keep.calls:
        return runs
    chosen = {run.id for run in distribute(good, keep.calls)}
    return [(run, reason or (None if run.id in chosen else "one call too many")) for run, reason in runs]


def _is_done(program: Program, ledger: Ledger) -> bool:
    """Return whether all calls are written; a program cut short by a kill is run once more, whole."""
    return all(Run(program.source, program.entry, call, "ok").id in ledger for call in program.calls)


def _branches(rows: Iterable[Row]) -> Covered:
    """Count the jumps that the calls of each program take together, of all that are possible."""
    covered = Covered()
    for _, group in groupby(rows, key=lambda row: row["program"]):
        runs = [Run.from_json(row) for row in group]
        covered.add(runs[0].source, map(taken, runs))
    return covered
