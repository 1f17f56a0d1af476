"""questions.jsonl: what the tasks ask about the runs."""

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
from codereasoner.stages.progress import counts, tell
from codereasoner.task import Question

TOGETHER = 64  # runs that are asked about in one batch

Asked: TypeAlias = tuple[list[Question], Counter[str]]
"""The questions about one run, and how often each reason left something out."""


def ask_questions(
    runs: Path, out: Path, tasks: Sequence[str], progress: Progress = silent, engine: Engine | None = None
) -> None:
    """questions.jsonl: what each task asks about each run, in the order of the runs.

    The manifest counts, by reason, what the tasks left out because it has no well-defined answer.
    """
    for name in tasks:
        extend.task(name)
    ledger = Ledger(out, {"runs": fingerprint(runs), "tasks": list(tasks)})
    if ledger.done:
        return
    total = counts(runs).get("kept", 0)
    left_out: Counter[str] = Counter()
    done = 0
    with ledger:
        batches = batches_of(read_records(runs, Run), TOGETHER)
        for results in (engine or InProcess()).map(partial(ask_batch, tuple(tasks)), batches):
            for questions, skipped in results:
                done += 1
                left_out.update(skipped)
                for question in questions:
                    ledger.append(question)
                tell(progress, done, total, "runs asked about")
        ledger.extra["left_out"] = dict(left_out.most_common())
        ledger.finish()


def ask_batch(tasks: Sequence[str], runs: Sequence[Run]) -> list[Asked]:
    """What the tasks ask about each of these runs."""
    return [_ask(tasks, run) for run in runs]


def _ask(tasks: Sequence[str], run: Run) -> Asked:
    asked: list[Question] = []
    left_out: Counter[str] = Counter()
    for name in tasks:
        questions, skipped = extend.task(name).survey(run)
        asked += questions
        left_out.update({f"{name}: {reason}": count for reason, count in skipped.items()})
    return asked, left_out
