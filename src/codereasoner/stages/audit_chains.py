"""audit.jsonl: how many claims of each chain or answer are true, and whether its final answer is right.

Every call that a text is about is traced anew: neither a chain's own run nor a right answer vouches for the steps.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from sys import intern
from typing import TypeAlias

from codereasoner import extend
from codereasoner.chains.claim_audit import Audit, audit, audit_search
from codereasoner.chains.value_claims import calls
from codereasoner.errors import DataError
from codereasoner.extend import Progress, silent
from codereasoner.ledger import Ledger, Line, fingerprint, line_of, read_records, read_rows
from codereasoner.parquet_files import Row
from codereasoner.records import Answer, Chain, Job, Run, batches_of
from codereasoner.spill import Rows
from codereasoner.stages.engine import Engine, map_each
from codereasoner.stages.progress import tell
from codereasoner.styles import find_style
from codereasoner.task import Question, Runner, grade_all

TOGETHER = 128  # texts in one batch
NAMED = 8  # maximum number of calls traced per text
CLASSES = {
    ("right", "true"): "answer right, every claim true",
    ("right", "false"): "answer right, steps wrong",
    ("right", "none"): "answer right, no claim",
    ("wrong", "true"): "answer wrong, every claim true",
    ("wrong", "false"): "answer wrong, steps wrong",
    ("wrong", "none"): "answer wrong, no claim",
}
"""Class of a text by its answer and its claims."""

NO_TRACE = "not traced"

Item: TypeAlias = tuple[Chain | Answer, Question, str]
"""A text, its question, and the origin of the program: those of one origin may share a process."""


def audit_texts(
    texts: Path,
    questions: Path,
    out: Path,
    runner: Runner,
    progress: Progress = silent,
    engine: Engine | None = None,
    runs: Path | None = None,
) -> None:
    """Write one row for each chain of a chains.jsonl, or each answer of an answers.jsonl, in its order.

    A chain was kept because its answer is right; an answer is graded. A row has the text's `id`, its
    `question`, `task` and author (`by`), its `class`, the claims that were `checked` and are `true`, and the
    `first_false` one.

    runs: those that the questions were asked about; they know which programs may share a process (default: none may).

    Raises:
        DataError: a row is neither a chain nor an answer, or its question is not among the questions.
    """
    ledger = Ledger(out, {"texts": fingerprint(texts), "questions": fingerprint(questions)})
    if ledger.is_complete():
        return
    known = Rows((each.id, each.to_json()) for each in read_records(questions, Question))
    total = sum(1 for _ in read_rows(texts))
    others = [each.name for each in fields(Run) if each.name not in ("id", "shared")]
    origins = {row["id"]: intern(row["shared"]) for row in read_rows(runs, others) if row.get("shared")} if runs else {}
    with ledger:
        asked = ((record, _question(known, record, questions)) for record in _records(texts) if record.id not in ledger)
        items = ((record, question, origins.get(question.run, "")) for record, question in asked)
        for line in map_each(engine, partial(_audited, runner), items, TOGETHER):
            ledger.append(line)
            tell(progress, len(ledger), total, "texts audited", every=TOGETHER)
        ledger.finish()


def keep_true(texts: Path, audited: Path, out: Path, above: float) -> None:
    """Write the texts whose answer is right and whose share of true claims is `above` (0 to 1) or more.

    The others are dropped with their reason; a text without any claim is one of them.
    """
    ledger = _true_ledger(texts, fingerprint(audited), out, above)
    if ledger.is_complete():
        return
    with ledger:
        for text, row in zip(read_rows(texts), read_rows(audited), strict=True):
            if reason := _drop_reason(row, above):
                ledger.drop(text, reason)
            else:
                ledger.append(text)
        ledger.finish()


def refuse_other_true(texts: Path, out: Path, above: float) -> None:
    """Refuse, before the audit, to replace what `keep_true` made of other texts or with another share.

    Raises:
        ConfigError: the message names what differs.
    """
    ledger = _true_ledger(texts, "the audit to come", out, above)
    ledger.grows = "audit"
    ledger.refuse_others()


def _true_ledger(texts: Path, audit: str, out: Path, above: float) -> Ledger:
    return Ledger(out, {"texts": fingerprint(texts), "audit": audit, "above": above})


def summarize(audited: Path) -> Row:
    """Return the counts of an audit for all texts, and by author and task; shares are percentages."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in read_rows(audited):
        groups[row["by"], row["task"]].append({key: row[key] for key in ("checked", "true", "class")})
    every = [row for rows in groups.values() for row in rows]
    parts = [{"by": by, "task": task, **_count(rows)} for (by, task), rows in sorted(groups.items())]
    return {**_count(every), "parts": parts}


def _count(rows: Sequence[Row]) -> Row:
    checked, true = sum(row["checked"] for row in rows), sum(row["true"] for row in rows)
    whole = sum(row["true"] == row["checked"] > 0 for row in rows)
    having = sum(row["checked"] > 0 for row in rows)
    return {
        "texts": len(rows),
        "claims": checked,
        "true_percent": 100 * true / checked if checked else None,
        "all_true_percent": 100 * whole / having if having else None,
        "classes": dict(Counter(row["class"] for row in rows).most_common()),
    }


def _drop_reason(row: Row, above: float) -> str | None:
    if row["class"] == NO_TRACE:
        return NO_TRACE
    if row["class"].startswith("answer wrong"):
        return "answer wrong"
    if not row["checked"]:
        return "no claim to check"
    return None if row["true"] / row["checked"] >= above else f"fewer than {100 * above:g} % of the claims are true"


def _records(texts: Path) -> Iterator[Chain | Answer]:
    for number, row in enumerate(read_rows(texts), start=1):
        try:
            yield Answer.from_json(row) if "finish" in row else Chain.from_json(row)
        except DataError as error:
            raise DataError(f"{texts}, row {number}: {error}; chains and answers can be audited") from None


def _question(known: Rows, record: Chain | Answer, questions: Path) -> Question:
    row = known.get(record.question)
    if row is None:
        raise DataError(f"{questions} has no question '{record.question}', which '{record.id}' is about")
    return Question.from_json(row)


def _audited(runner: Runner, items: Iterable[Item]) -> Iterator[Line]:
    for batch in batches_of(items, TOGETHER):
        texts = [record.whole if isinstance(record, Answer) else record.text for record, _, _ in batch]
        jobs = [_jobs(text, question, origin) for text, (_, question, origin) in zip(texts, batch, strict=True)]
        wanted = list(dict.fromkeys(job for each in jobs for job in each))
        runs = dict(zip(wanted, runner(wanted), strict=True))
        right = _right(batch, runner, runs)
        audits: dict[tuple[str, str], Audit | None] = {}  # samples of a question, which follow each other, often agree
        for (record, question, _), text, its_jobs, is_right in zip(batch, texts, jobs, right, strict=True):
            if (question.id, text) not in audits:
                audits[question.id, text] = _audit(text, question, [runs[job] for job in its_jobs])
            found = audits[question.id, text]
            row = {
                "id": record.id,
                "question": question.id,
                "task": question.task,
                "by": record.by if isinstance(record, Chain) else record.model,
                "class": NO_TRACE if found is None else CLASSES["right" if is_right else "wrong", _truth(found)],
                **(found or Audit(0, 0)).to_json(),
            }
            yield line_of(row)


def _right(batch: Sequence[Item], runner: Runner, runs: Mapping[Job, Run]) -> list[bool]:
    """Return whether each final answer is right; a chain was kept because it was.

    runs: those that are traced already; a call among them that returned a value does not run again for its grade.
    """
    origins = {question.facts.get("source"): origin for _, question, origin in batch}

    def run(jobs: Sequence[Job]) -> list[Run]:
        jobs = [replace(job, origin=origins.get(job.source, "")) for job in jobs]
        found = [runs.get(replace(job, record="trace")) for job in jobs]
        known = [each if each is not None and each.outcome == "ok" else None for each in found]
        again = iter(runner([job for job, each in zip(jobs, known, strict=True) if each is None]))
        return [each or next(again) for each in known]

    right = [isinstance(record, Chain) for record, _, _ in batch]
    answers = [(place, each[0], each[1]) for place, each in enumerate(batch) if isinstance(each[0], Answer)]
    for style in sorted({answer.style for _, answer, _ in answers}):
        chosen = [each for each in answers if each[1].style == style]
        asked = [(extend.task_of(question), question, answer.text, answer.finish) for _, answer, question in chosen]
        for (place, _, _), grade in zip(chosen, grade_all(asked, find_style(style), run), strict=True):
            right[place] = grade.outcome == "correct"
    return right


def _jobs(text: str, question: Question, origin: str) -> list[Job]:
    """Return jobs for the calls that a text is about: the question's own, or those named by a search."""
    source, entry, call = (question.facts.get(name) for name in ("source", "entry", "call"))
    if not source or not entry:
        return []
    named = [call] if call is not None else list(dict.fromkeys(found for _, _, found in calls(text, entry)))[-NAMED:]
    return [Job(source, entry, each, record="trace", origin=origin) for each in named]


def _audit(text: str, question: Question, runs: Sequence[Run]) -> Audit | None:
    """Return the audit of a text; None if no run of the question, or of a call in the text, has a whole trace."""
    whole = {run.call: run for run in runs if run.steps and not run.cut}
    if "call" in question.facts:
        return audit(text, next(iter(whole.values()))) if whole else None
    return audit_search(text, whole, question.facts["value"]) if whole or not runs else None


def _truth(found: Audit) -> str:
    if not found.checked:
        return "none"
    return "true" if found.true == found.checked else "false"
