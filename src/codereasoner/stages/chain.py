"""chains.jsonl: the reasoning that leads to the answers, told from the traces or written by a teacher."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from codereasoner.chains.narrate import Detail, narrate
from codereasoner.chains.teach import teach
from codereasoner.errors import DataError
from codereasoner.execution.pool import Pool
from codereasoner.extend import Model, Progress, Sampling, silent
from codereasoner.ledger import Ledger, fingerprint, read_records
from codereasoner.records import Run
from codereasoner.stages.progress import tell
from codereasoner.styles import Style
from codereasoner.task import Question


def narrate_chains(
    questions: Path, runs: Path, out: Path, tasks: Sequence[str], detail: Detail, progress: Progress = silent
) -> None:
    """chains.jsonl: the narrator's chain for each question of these tasks, from the trace it was asked about."""
    config = {"questions": fingerprint(questions), "runs": fingerprint(runs), "tasks": list(tasks), "detail": detail}
    ledger = Ledger(out, config | {"by": "narrator"}, key="question")
    if ledger.done:
        return
    total = sum(1 for _ in _of_tasks(questions, tasks))
    with ledger:
        for done, (question, run) in enumerate(_with_runs(_of_tasks(questions, tasks), runs), start=1):
            if question.id not in ledger:
                ledger.append(narrate(question, run, detail))
            tell(progress, done, total, "questions answered")
        ledger.finish()


def teach_chains(
    questions: Path,
    out: Path,
    tasks: Sequence[str],
    teacher: Model,
    style: Style,
    tries: int,
    sampling: Sampling,
    pool: Pool,
    progress: Progress = silent,
) -> None:
    """chains.jsonl: a teacher's chains, each kept because the answer it led to was verified."""
    config = {"questions": fingerprint(questions), "tasks": list(tasks), "by": teacher.identity, "tries": tries}
    ledger = Ledger(out, config | {"style": style.name, "sampling": vars(sampling)}, key="question")
    if ledger.done:
        return
    with ledger:
        missing = [question for question in _of_tasks(questions, tasks) if question.id not in ledger]
        total = len(missing) + len(ledger)
        for question, chain, grade in teach(missing, teacher, style, pool.run, tries, sampling):
            if chain is None:
                ledger.drop({"question": question.id}, grade.reason or grade.outcome)
            else:
                ledger.append(chain)
            tell(progress, len(ledger), total, "questions taught")
        ledger.finish()


def _of_tasks(questions: Path, tasks: Sequence[str]) -> Iterator[Question]:
    return (question for question in read_records(questions, Question) if question.task in tasks)


def _with_runs(questions: Iterable[Question], runs: Path) -> Iterator[tuple[Question, Run]]:
    """Each question with its run. Questions stand in the order of the runs, so one pass over the runs is enough."""
    records = read_records(runs, Run)
    run = next(records, None)
    for question in questions:
        while run is not None and run.id != question.run:
            run = next(records, None)
        if run is None:
            raise DataError(f"{runs} has no run '{question.run}' for question '{question.id}', or in another order")
        yield question, run
