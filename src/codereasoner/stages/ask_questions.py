"""questions.jsonl: the tasks' questions about the runs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from codereasoner import extend
from codereasoner.extend import Progress, silent
from codereasoner.ledger import Ledger, Line, fingerprint, line_of, read_rows, record_of
from codereasoner.parquet_files import Row
from codereasoner.records import Run
from codereasoner.stages.engine import Engine, map_each
from codereasoner.stages.named_tasks import task_names
from codereasoner.stages.progress import counts, tell
from codereasoner.stages.trace_calls import JSON_COLUMNS
from codereasoner.task import Runner

BATCH = 64  # runs in one batch

Asked: TypeAlias = tuple[list[Line], Counter[str]]
"""The questions about one run, and how often each reason left something out."""


def ask_questions(
    runs: Path,
    out: Path,
    tasks: Sequence[str],
    progress: Progress = silent,
    engine: Engine | None = None,
    runner: Runner | None = None,
) -> None:
    """Write each task's questions about each run, in the order of the runs.

    Tasks that execute jobs to ask need the runner, which travels to the processes of an engine. The manifest counts,
    by reason, the questions left out because they have no well-defined answer.
    """
    names = task_names(tasks)
    ledger = Ledger(out, {"runs": fingerprint(runs), "tasks": names})
    if ledger.is_complete():
        return
    total = counts(runs).get("kept", 0)
    left_out: Counter[str] = Counter()
    with ledger:
        wanted = tuple(extend.task(name).reference or name for name in tasks)  # another process may not know the name
        executes = any(extend.task(name).executes for name in tasks)
        work = partial(ask, wanted, runs, runner if executes else None)
        found = map_each(engine, work, enumerate(read_rows(runs, unpack=False), start=1), BATCH)
        for done, (questions, skipped) in enumerate(found, start=1):
            left_out.update(skipped)
            for question in questions:
                ledger.append(question)
            tell(progress, done, total, "runs asked about")
        ledger.extra["left_out"] = dict(left_out.most_common())
        ledger.finish()


def ask(tasks: Sequence[str], path: Path, runner: Runner | None, rows: Iterable[tuple[int, Row]]) -> Iterator[Asked]:
    """Yield the tasks' questions about each of these runs, numbered packed rows of that file."""
    found = [extend.task(name) for name in tasks]
    for number, row in rows:
        run = record_of(path, number, row, Run, JSON_COLUMNS)
        asked: list[Line] = []
        left_out: Counter[str] = Counter()
        for task in found:
            questions, skipped = task.collect(run, runner)
            asked += map(line_of, questions)
            left_out.update({f"{task.name}: {reason}": count for reason, count in skipped.items()})
        yield asked, left_out
