"""questions.jsonl: what the tasks ask about the runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from codereasoner import extend
from codereasoner.extend import Progress, silent
from codereasoner.ledger import Ledger, fingerprint, read_records
from codereasoner.records import Run
from codereasoner.stages.progress import counts, tell


def ask_questions(runs: Path, out: Path, tasks: Sequence[str], progress: Progress = silent) -> None:
    """questions.jsonl: what each task asks about each run, in the order of the runs.

    The manifest counts, by reason, what the tasks left out because it has no well-defined answer.
    """
    asking = [extend.task(name) for name in tasks]
    ledger = Ledger(out, {"runs": fingerprint(runs), "tasks": list(tasks)})
    if ledger.done:
        return
    total = counts(runs).get("kept", 0)
    left_out: Counter[str] = Counter()
    with ledger:
        for done, run in enumerate(read_records(runs, Run), start=1):
            for task in asking:
                questions, skipped = task.survey(run)
                left_out.update({f"{task.name}: {reason}": count for reason, count in skipped.items()})
                for question in questions:
                    ledger.append(question)
            tell(progress, done, total, "runs asked about")
        ledger.extra["left_out"] = dict(left_out.most_common())
        ledger.finish()
