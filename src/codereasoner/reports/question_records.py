"""The questions of a run with all that belongs to them: traces, chains, answers, grades.

A run's own questions are named by their id, those that an evaluation on a benchmark brought along by the benchmark's
name and their id in it: two benchmarks may both have a `sample_0`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codereasoner.errors import DataError
from codereasoner.evaluation.error_analysis import mistake
from codereasoner.evaluation.error_rules import KINDS, Mistake
from codereasoner.ledger import read_records
from codereasoner.records import Answer, Chain, Run
from codereasoner.reports.answer_traces import run_id, traced_runs
from codereasoner.reports.chain_truth import Checked, check_claims
from codereasoner.reports.evaluation_rows import labels
from codereasoner.reports.run_folder import Evaluation, part_of, records_so_far, rows_so_far
from codereasoner.task import Question

LIMIT = 10_000  # questions in one page
SAMPLES = 4  # answers of one model to one question that are shown
TEXT_LIMIT = 20_000  # characters of a completion
VALUE_LIMIT = 2_000  # characters of one value

CODES = {"correct": "c", "wrong": "w", "no_answer": "n", "truncated": "t", "error": "e"}
MISTAKES: Mapping[str, str] = dict(zip(KINDS, "blsitfo", strict=True))


@dataclass
class Shown:
    """A question on its way into the page, with everything that belongs to it."""

    name: str
    question: Question
    group: str  # its split; for a question of a benchmark the benchmark's name
    chains: list[Chain] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)  # model label -> one code for each sample
    mistakes: dict[str, str] = field(default_factory=dict)  # model label -> one code for each sample, "-" for none
    steps: dict[str, list[float]] = field(default_factory=dict)  # model label -> shares of true claims
    lists: set[str] = field(default_factory=set)  # the lists of questions in which a model answered it


@dataclass(frozen=True)
class Gathered:
    """The questions of a run that are shown, by name."""

    shown: Mapping[str, Shown]
    runs: Mapping[str, Run]  # the runs they are about, by id
    models: Sequence[str]  # labels
    lists: Mapping[str, Sequence[str]]  # name of a list of questions -> the groups its questions are in
    total: int  # questions there are, shown or not


def gather(
    folders: Sequence[Path], evaluations: Sequence[Evaluation], limit: int = LIMIT, only_asked: bool = False
) -> Gathered:
    """At most `limit` questions of the run folders, those first that a model answered; or only those.

    Raises:
        DataError: a file of the run is broken; the message names the file and the line.
    """
    asked = {row["question"] for each in evaluations for row in grades_of(each)}
    first: dict[str, Shown] = {}
    rest: dict[str, Shown] = {}
    total = 0
    for item in _all_questions(folders, evaluations):
        if only_asked and item.question.id not in asked:
            continue
        total += 1
        chosen = first if item.question.id in asked else rest
        if len(chosen) < limit:
            chosen[item.name] = item
    shown = dict(list((first | rest).items())[:limit])
    runs = _runs(folders, {item.question.run for item in shown.values()})
    for each in evaluations:
        runs |= {name: run for name, run in traced_runs(each).items() if name not in runs}
    _add_chains(folders, shown)
    groups: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for evaluation, label in zip(evaluations, labels(evaluations), strict=True):
        for item in _add_answers(evaluation, label, shown, runs):
            groups[evaluation.questions][item.group] = None
            item.lists.add(evaluation.questions)
    models = list(dict.fromkeys(labels(evaluations)))
    return Gathered(shown, runs, models, {name: list(found) for name, found in groups.items()}, total)


def _all_questions(folders: Sequence[Path], evaluations: Sequence[Evaluation]) -> Iterator[Shown]:
    """The runs' own questions, then those that evaluations on benchmarks brought along; each once."""
    seen: set[str] = set()
    for folder in folders:
        if any(each.folder == folder.resolve() for each in evaluations):
            continue
        whole = folder / "questions.jsonl"
        for question in records_so_far(whole if whole.is_file() else part_of(whole), Question):
            if question.id not in seen:
                seen.add(question.id)
                yield Shown(question.id, question, question.split)
    own = frozenset(seen)
    for each in evaluations:
        for question in records_so_far(each.folder / "questions.jsonl", Question):
            name = f"{each.questions}/{question.id}"
            if question.id not in own and name not in seen:
                seen.add(name)
                yield Shown(name, question, question.split or each.questions)


def grades_of(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """The rows of an evaluation's grades.jsonl.

    Raises:
        DataError: a row lacks what every grade has; the message names the file and the row.
    """
    path = evaluation.folder / "grades.jsonl"
    for number, row in enumerate(rows_so_far(path), start=1):
        if missing := [name for name in ("id", "question", "outcome") if not isinstance(row.get(name), str)]:
            raise DataError(f"{path}, row {number}: a grade needs the text '{missing[0]}'; it has: {', '.join(row)}")
        yield row


def _runs(folders: Sequence[Path], wanted: set[str]) -> dict[str, Run]:
    paths = [folder / "runs.parquet" for folder in folders if wanted - {""}]
    return {run.id: run for path in paths if path.is_file() for run in read_records(path, Run) if run.id in wanted}


def _add_chains(folders: Sequence[Path], shown: Mapping[str, Shown]) -> None:
    for chain in (chain for folder in folders for chain in records_so_far(folder / "chains.jsonl", Chain)):
        item = shown.get(chain.question)
        if item is not None and len(item.chains) < SAMPLES:
            item.chains.append(chain)


def _add_answers(
    evaluation: Evaluation, label: str, shown: Mapping[str, Shown], runs: Mapping[str, Run]
) -> Iterator[Shown]:
    """Add the graded answers of one evaluation; an answers.jsonl may also hold answers of an earlier setting."""
    answers = {answer.id: answer for answer in records_so_far(evaluation.folder / "answers.jsonl", Answer)}
    for grade in grades_of(evaluation):
        item = shown.get(grade["question"]) or shown.get(f"{evaluation.questions}/{grade['question']}")
        if item is None:
            continue
        item.outcomes[label] = item.outcomes.get(label, "") + CODES.get(grade["outcome"], "e")
        answer = answers.get(grade["id"])
        run = runs.get(run_id(item.question, grade.get("answer") if "call" not in item.question.facts else None))
        found, checked = _judged(item.question, answer.whole if answer is not None else "", grade, run)
        item.mistakes[label] = item.mistakes.get(label, "") + (MISTAKES[found.kind] if found else "-")
        if checked.share is not None:
            item.steps.setdefault(label, []).append(checked.share)
        if answer is not None and len(item.outcomes[label]) <= SAMPLES:
            item.answers.append(_answer(answer, grade, label, found, checked))
        yield item


def _judged(question: Question, text: str, grade: Mapping[str, Any], run: Run | None) -> tuple[Mistake | None, Checked]:
    """The class of an answer's mistake, and what of its chain is true."""
    text = text[:TEXT_LIMIT]
    answer, reason = grade.get("answer"), str(grade.get("reason", ""))
    return mistake(question, grade["outcome"], answer, reason, text, run), check_claims(question, text, run)


def _answer(
    answer: Answer, grade: Mapping[str, Any], label: str, found: Mistake | None, checked: Checked
) -> dict[str, Any]:
    return {
        "model": label,
        "sample": answer.sample,
        "text": clip(answer.whole, TEXT_LIMIT),
        "finish": answer.finish,
        "tokens": answer.completion_tokens,
        "outcome": grade["outcome"],
        "answer": None if grade.get("answer") is None else clip(grade["answer"], VALUE_LIMIT),
        "reason": grade.get("reason", ""),
        "parts": grade.get("parts") or {},
        "false": checked.false,
        "claims": [checked.true, checked.checked],
        "mistake": [found.kind, found.why, found.line] if found else None,
    }


def clip(text: str, limit: int) -> str:
    """The text, or its beginning and how much is left out."""
    return text if len(text) <= limit else f"{text[:limit]} ... ({len(text) - limit:,} more characters)"
