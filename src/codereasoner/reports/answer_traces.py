"""Trace the calls that answers are about, where no stage has traced them.

A benchmark's questions come without traces, and an answer that predicts an input is about a call of its own. Both are
run once, isolated, and kept as `traces.jsonl` in the folder of the evaluation.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from codereasoner import extend
from codereasoner.extend import Progress, silent
from codereasoner.ledger import Ledger
from codereasoner.literals import LiteralError
from codereasoner.records import Job, Run, content_id
from codereasoner.reports.run_folder import Evaluation, audit_sample, records_so_far, rows_so_far
from codereasoner.task import Question, Runner, Wrong

FILE = "traces.jsonl"
BATCH = 200  # runs in one batch
MOST = 20_000  # runs of one evaluation: more make a slow report and an unreadable page


def untraced(evaluations: Sequence[Evaluation]) -> bool:
    """Return whether there is a call that `trace_answers` would trace."""
    return any(_missing(each, audit_sample(evaluations)) for each in evaluations)


def _missing(evaluation: Evaluation, audited: Callable[[str], bool]) -> list[Job]:
    known = {str(row.get("id")) for row in rows_so_far(evaluation.folder / FILE)}
    wanted = {_id(job): job for job in islice(_jobs(evaluation, audited), MOST)}
    return [job for key, job in wanted.items() if key not in known]


def trace_answers(evaluations: Sequence[Evaluation], runner: Runner, progress: Progress = silent) -> int:
    """Trace the calls that the questions and answers of each evaluation are about; return how many were new."""
    count, audited = 0, audit_sample(evaluations)
    for number, each in enumerate(evaluations):
        missing = _missing(each, audited)
        if not missing:
            continue
        with Ledger(each.folder / FILE, {"record": "trace"}, reopen=True) as ledger:
            for start in range(0, len(missing), BATCH):
                for run in runner(missing[start : start + BATCH]):
                    ledger.append(run)
                done = min(start + BATCH, len(missing))
                progress((number + done / len(missing)) / len(evaluations), f"{done:,} of {len(missing):,} calls")
            count += len(missing)
            ledger.finish()
    return count


def traced_runs(evaluation: Evaluation) -> dict[str, Run]:
    """Return the runs that were traced for an evaluation, by id."""
    return {run.id: run for run in records_so_far(evaluation.folder / FILE, Run)}


def run_id(question: Question, answer: str | None = None) -> str:
    """Return the id of the run that a question, or an answer that predicts a call, is about."""
    if question.run and answer is None:
        return question.run
    job = _job_of(question) if answer is None or "call" in question.facts else _job_of_answer(question, answer)
    return _id(job) if job is not None else ""


def _jobs(evaluation: Evaluation, audited: Callable[[str], bool]) -> Iterator[Job]:
    """Yield the calls of the questions that the run has not traced, and the calls that audited answers predict."""
    questions = {each.id: each for each in records_so_far(evaluation.folder / "questions.jsonl", Question)}
    has_runs = (evaluation.run / "runs.parquet").is_file()
    yield from filter(None, (_job_of(each) for each in questions.values() if not (each.run and has_runs)))
    for grade in rows_so_far(evaluation.folder / "grades.jsonl"):
        if not audited(str(grade.get("question"))):
            continue
        question = questions.get(str(grade.get("question")))
        if question is not None and grade.get("answer") and "call" not in question.facts:
            job = _job_of_answer(question, str(grade["answer"]))
            if job is not None:
                yield job


def _job_of(question: Question) -> Job | None:
    """Return the call that is asked about, or the known right one where a call is asked for."""
    facts = question.facts
    source, entry, call = facts.get("source"), facts.get("entry"), facts.get("call")
    if not source or not entry:
        return None
    if call is None:
        return _job_of_answer(question, question.gold[0]) if question.gold else None
    if not str(facts.get("invocation", f"{entry}(")).startswith(f"{entry}("):  # a test with a set-up of its own
        return None
    return Job(source, entry, call, record="trace")


def _job_of_answer(question: Question, answer: str) -> Job | None:
    task = extend.known_task(question)
    try:
        job = task.job(question, answer) if task is not None else None
    except (Wrong, LiteralError):
        return None
    return Job(job.source, job.entry, job.call, record="trace") if job is not None and not job.harness else None


def _id(job: Job) -> str:
    return content_id(job.source, job.entry, job.call)
