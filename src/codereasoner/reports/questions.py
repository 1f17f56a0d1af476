"""What the question browser of a report shows, packed so that ten thousand questions open at once.

The page holds an index of all questions, and details in chunks that it unpacks when a question is opened:

    index      columns over the questions: id, task, split, program, run, label, outcomes by model
    programs   the distinct sources, for the search
    details-N  for each question: what was asked, gold answers, features, chains, answers with their grades
    runs-N     traces
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codereasoner import extend
from codereasoner.errors import UnknownName
from codereasoner.ledger import read_records
from codereasoner.records import Answer, Chain, Run
from codereasoner.reports.claims import first_false_claim
from codereasoner.reports.folder import Evaluation, part_of, rows_so_far
from codereasoner.reports.results import labels
from codereasoner.task import Question

LIMIT = 10_000  # questions in one page
SAMPLES = 4  # answers of one model to one question that are shown
CHUNK = 100  # questions, or traces, that are unpacked together
TEXT_LIMIT = 20_000  # characters of a completion
VALUE_LIMIT = 2_000  # characters of one value in a trace
STEP_LIMIT = 1_000  # steps of one trace

CODES = {"correct": "c", "wrong": "w", "no_answer": "n", "truncated": "t", "error": "e"}


@dataclass
class Shown:
    """A question on its way into the page, with everything that belongs to it."""

    question: Question
    chains: list[Chain] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)  # model label -> one code for each sample


def browser(folder: Path, evaluations: Sequence[Evaluation], limit: int = LIMIT) -> dict[str, Any]:
    """The blocks of the browser by name; "index" alone where the run has no questions.

    Raises:
        DataError: a file of the run is broken; the message names the file and the line.
    """
    shown, total = _choose(_all_questions(folder, evaluations), _graded(evaluations), limit)
    names = list(dict.fromkeys(labels(evaluations)))
    runs = _runs(folder, {item.question.run for item in shown.values()})
    _add_chains(folder, shown)
    for evaluation, label in zip(evaluations, labels(evaluations), strict=True):
        _add_answers(evaluation, label, shown, runs)
    return _blocks(list(shown.values()), runs, names, total)


def _all_questions(folder: Path, evaluations: Sequence[Evaluation]) -> Iterator[Question]:
    """The run's own questions, then those that evaluations on benchmarks brought along."""
    whole = folder / "questions.jsonl"
    paths = [whole if whole.is_file() else part_of(whole)]
    paths += [each.folder / "questions.jsonl" for each in evaluations]
    for path in paths:
        for row in rows_so_far(path):
            yield Question.from_json(row)


def _graded(evaluations: Sequence[Evaluation]) -> set[str]:
    return {row["question"] for each in evaluations for row in rows_so_far(each.folder / "grades.jsonl")}


def _choose(questions: Iterable[Question], graded: set[str], limit: int) -> tuple[dict[str, Shown], int]:
    """At most `limit` questions by id, the graded ones first, and how many there are."""
    first: dict[str, Shown] = {}
    rest: dict[str, Shown] = {}
    total = 0
    for question in questions:
        if question.id in first or question.id in rest:
            continue
        total += 1
        chosen = first if question.id in graded else rest
        if len(chosen) < limit:
            chosen[question.id] = Shown(question)
    return dict(list((first | rest).items())[:limit]), total


def _runs(folder: Path, wanted: set[str]) -> dict[str, Run]:
    path = folder / "runs.parquet"
    if not path.is_file() or not wanted - {""}:
        return {}
    return {run.id: run for run in read_records(path, Run) if run.id in wanted}


def _add_chains(folder: Path, shown: Mapping[str, Shown]) -> None:
    for row in rows_so_far(folder / "chains.jsonl"):
        chain = Chain.from_json(row)
        if chain.question in shown and len(shown[chain.question].chains) < SAMPLES:
            shown[chain.question].chains.append(chain)


def _add_answers(evaluation: Evaluation, label: str, shown: Mapping[str, Shown], runs: Mapping[str, Run]) -> None:
    """The graded answers of one evaluation; an answers.jsonl may also hold answers of an earlier setting."""
    answers = {row["id"]: row for row in rows_so_far(evaluation.folder / "answers.jsonl")}
    counts: defaultdict[str, int] = defaultdict(int)
    for grade in rows_so_far(evaluation.folder / "grades.jsonl"):
        item = shown.get(grade["question"])
        if item is None:
            continue
        item.outcomes[label] = item.outcomes.get(label, "") + CODES.get(grade["outcome"], "e")
        counts[grade["question"]] += 1
        row = answers.get(grade.get("id"))
        if row is not None and counts[grade["question"]] <= SAMPLES:
            item.answers.append(
                _answer(item.question, Answer.from_json(row), grade, label, runs.get(item.question.run))
            )


def _answer(
    question: Question, answer: Answer, grade: Mapping[str, Any], label: str, run: Run | None
) -> dict[str, Any]:
    text = clip(answer.text, TEXT_LIMIT)
    return {
        "model": label,
        "sample": answer.sample,
        "text": text,
        "finish": answer.finish,
        "tokens": answer.completion_tokens,
        "outcome": grade["outcome"],
        "answer": None if grade.get("answer") is None else clip(grade["answer"], VALUE_LIMIT),
        "reason": grade.get("reason", ""),
        "parts": grade.get("parts") or {},
        "false": first_false_claim(question, text, run),
    }


def _blocks(shown: list[Shown], runs: Mapping[str, Run], models: list[str], total: int) -> dict[str, Any]:
    programs: dict[str, int] = {}
    run_numbers = {
        run: number for number, run in enumerate(dict.fromkeys(i.question.run for i in shown if i.question.run in runs))
    }
    for item in shown:
        programs.setdefault(str(item.question.facts.get("source", "")), len(programs))
    blocks: dict[str, Any] = {"index": _index(shown, models, programs, run_numbers, total), "programs": list(programs)}
    for name, rows in (
        ("details", [_detail(item) for item in shown]),
        ("runs", [_trace(runs[run]) for run in run_numbers]),
    ):
        for start in range(0, len(rows), CHUNK):
            blocks[f"{name}-{start // CHUNK}"] = rows[start : start + CHUNK]
    return blocks


def _index(
    shown: list[Shown], models: list[str], programs: Mapping[str, int], runs: Mapping[str, int], total: int
) -> dict[str, Any]:
    return {
        "total": total,
        "chunk": CHUNK,
        "models": models,
        "id": [item.question.id for item in shown],
        "task": [item.question.task for item in shown],
        "split": [item.question.split for item in shown],
        "label": [clip(_last_line(asked(item.question)), 160) for item in shown],
        "gold": [clip(item.question.gold[0] if item.question.gold else "", 160) for item in shown],
        "program": [programs[str(item.question.facts.get("source", ""))] for item in shown],
        "run": [runs.get(item.question.run, -1) for item in shown],
        "outcomes": {name: [item.outcomes.get(name, "") for item in shown] for name in models},
    }


def _detail(item: Shown) -> dict[str, Any]:
    question = item.question
    return {
        "asked": clip(asked(question).strip(), TEXT_LIMIT),
        "gold": [clip(gold, VALUE_LIMIT) for gold in question.gold[:SAMPLES]],
        "entry": str(question.facts.get("entry", "")),
        "features": dict(question.features),
        "chains": [{"by": chain.by, "text": clip(chain.text, TEXT_LIMIT)} for chain in item.chains],
        "answers": item.answers,
    }


def asked(question: Question) -> str:
    """What a prompt shows beside the program: for most tasks the assertion that lacks a part."""
    try:
        statement = extend.task(question.task).statement(question)
    except UnknownName:  # a task of somebody's own file, which is not at hand here
        return ", ".join(f"{name} = {value}" for name, value in question.facts.items() if name != "source")
    return statement.removeprefix(str(question.facts.get("source", "")).rstrip())


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2].removeprefix("assert ")


def _trace(run: Run) -> dict[str, Any]:
    return {
        "call": clip(run.expression, VALUE_LIMIT),
        "outcome": run.outcome,
        "value": None if run.value is None else clip(run.value, VALUE_LIMIT),
        "exception": run.exception,
        "stdout": clip(run.stdout, VALUE_LIMIT),
        "cut": run.cut or ("steps" if len(run.steps) > STEP_LIMIT else ""),
        "steps": [
            [
                step.event,
                step.frame,
                step.line,
                {name: clip(value, VALUE_LIMIT) for name, value in step.changes.items()},
                list(step.removed),
                clip(step.value, VALUE_LIMIT),
            ]
            for step in run.steps[:STEP_LIMIT]
        ],
    }


def clip(text: str, limit: int) -> str:
    """The text, or its beginning and how much is left out."""
    return text if len(text) <= limit else f"{text[:limit]} ... ({len(text) - limit:,} more characters)"
