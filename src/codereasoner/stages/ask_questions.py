"""questions.jsonl: the tasks' questions about the runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from codereasoner import extend
from codereasoner.extend import Progress, silent
from codereasoner.ledger import Ledger, fingerprint, read_records
from codereasoner.records import Run
from codereasoner.stages.engine import Engine, InProcess, batches_of
from codereasoner.stages.named_tasks import task_names
from codereasoner.stages.progress import counts, tell
from codereasoner.task import Question, Runner

TOGETHER = 64  # runs in one batch

Asked: TypeAlias = tuple[list[Question], Counter[str]]
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

    Tasks that execute jobs to ask need the runner, and ask in this process. The manifest counts, by reason, the
    questions left out because they have no well-defined answer.
    """
    names = task_names(tasks)
    ledger = Ledger(out, {"runs": fingerprint(runs), "tasks": names})
    if ledger.is_complete():
        return
    total = counts(runs).get("kept", 0)
    left_out: Counter[str] = Counter()
    done = 0
    with ledger:
        batches = batches_of(read_records(runs, Run), TOGETHER)
        wanted = tuple(extend.task(name).reference or name for name in tasks)  # another process may not know the name
        executes = any(extend.task(name).executes for name in tasks)
        ask = partial(ask_batch, wanted, runner=runner) if executes else partial(ask_batch, wanted)
        for results in (InProcess() if executes or engine is None else engine).map(ask, batches):
            for questions, skipped in results:
                done += 1
                left_out.update(skipped)
                for question in questions:
                    ledger.append(question)
                tell(progress, done, total, "runs asked about")
        ledger.extra["left_out"] = dict(left_out.most_common())
        ledger.finish()


def ask_batch(tasks: Sequence[str], runs: Sequence[Run], runner: Runner | None = None) -> list[Asked]:
    """Return the tasks' questions about each of these runs."""
    return [_ask(tasks, run, runner) for run in runs]


def _ask(tasks: Sequence[str], run: Run, runner: Runner | None) -> Asked:
    asked: list[Question] = []
    left_out: Counter[str] = Counter()
    for task in map(extend.task, tasks):
        questions, skipped = task.collect(run, runner)
        asked += questions
        left_out.update({f"{task.name}: {reason}": count for reason, count in skipped.items()})
    return asked, left_out
