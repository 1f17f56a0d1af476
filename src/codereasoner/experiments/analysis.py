"""Figures of trainings and evaluations: accuracy by level, wrong answers, learning curves, means of a history."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import fmean
from typing import TypedDict

from codereasoner.chains.claim_audit import Audit, audit
from codereasoner.errors import DataError
from codereasoner.evaluation.contamination import Copy, contamination_report
from codereasoner.evaluation.error_analysis import mistake
from codereasoner.evaluation.error_rules import Mistake
from codereasoner.experiments.curriculum_rows import program_paths
from codereasoner.experiments.processes import history
from codereasoner.ledger import read_records, read_rows
from codereasoner.records import Answer, Job, Program
from codereasoner.task import Question, Runner
from codereasoner.training.history import HistoryRow

Tally = dict[str, tuple[int, int]]
"""Right answers and questions, by name."""


class Contamination(TypedDict):
    """The programs of a curriculum that are a benchmark's, as text or as syntax under other names and quotes.

    Those that only share most of their tokens with one, as two programs of three lines may, are counted in `reasons`.
    """

    programs: int
    compared_with: dict[str, int]
    reasons: dict[str, int]
    same: list[Copy]


@dataclass(frozen=True)
class Failure:
    """A wrong answer, the audit of its claims, and the class of its error."""

    question: Question
    outcome: str
    answer: str
    claims: Audit
    error: Mistake | None

    @property
    def kind(self) -> str:
        """The class of the error; the outcome where it has none."""
        return self.error.kind if self.error else self.outcome

    def text(self) -> str:
        """Return the failure as a page."""
        facts, claims = self.question.facts, self.claims
        return (
            f"--- {self.question.id}: {self.kind}; {self.error.why if self.error else ''}\n{facts['source']}\n"
            f"{facts['call']} -> {self.question.gold[0]}\n{self.answer}\n"
            f"claims: {claims.true} of {claims.checked} true; first false: {claims.first_false}"
        )


def contamination(rows: Path, data: Path | None) -> Contamination:
    """Compare the programs of a curriculum's rows with those of the benchmarks."""
    programs = {each.id: each for path in program_paths(rows) for each in read_records(path, Program)}
    report = contamination_report(programs.values(), data)
    return {
        "programs": report["programs"],
        "compared_with": report["compared_with"],
        "reasons": report["reasons"],
        "same": [each for each in report["overlaps"] if each["how"] != "n-grams"],
    }


def accuracy_by_level(held_out: Path, evaluation: Path) -> dict[str, Tally]:
    """Count an evaluation's right answers by level, "all" among them, and by construct."""
    questions = {question.id: question for question in read_records(held_out, Question)}
    right: dict[str, Counter[str]] = {"level": Counter(), "construct": Counter()}
    asked: dict[str, Counter[str]] = {"level": Counter(), "construct": Counter()}
    for row in read_rows(evaluation / "grades.jsonl"):
        question = questions.get(row["question"])
        if question is None or "level" not in question.features:
            raise DataError(f"{held_out} has no level of the question {row['question']} of {evaluation}")
        levels = [str(question.features["level"]), "all"]
        for kind, names in (("level", levels), ("construct", map(str, question.features["constructs"]))):
            found = list(names)
            asked[kind].update(found)
            right[kind].update(found if row["outcome"] == "correct" else ())
    return {kind: {name: (right[kind][name], count) for name, count in asked[kind].most_common()} for kind in asked}


def failures(evaluation: Path, count: int, runner: Runner) -> Iterator[Failure]:
    """Yield wrong answers of an evaluation, drawn at random."""
    questions = {question.id: question for question in read_records(evaluation / "questions.jsonl", Question)}
    texts = {answer.id: answer.text for answer in read_records(evaluation / "answers.jsonl", Answer)}
    wrong = [row for row in read_rows(evaluation / "grades.jsonl") if row["outcome"] != "correct"]
    Random("ladder/failures").shuffle(wrong)
    chosen = wrong[:count]
    asked = [questions[row["question"]] for row in chosen]
    jobs = [Job(each.facts["source"], each.facts["entry"], each.facts["call"], record="trace") for each in asked]
    for row, question, run in zip(chosen, asked, runner(jobs), strict=True):
        text, outcome = texts[row["id"]], row["outcome"]
        error = mistake(question, outcome, row["answer"], row["reason"], text, run)
        yield Failure(question, outcome, text, audit(text, run), error)


def joined_history(trainings: Sequence[Path]) -> Iterator[HistoryRow]:
    """Yield the history of trainings that continue one another, with tokens and seconds from the first one's start."""
    tokens, seconds = 0, 0.0
    for folder in trainings:
        rows = history(folder)
        if not rows:
            raise DataError(f"{folder} has no history.jsonl: it is not a training, or has not begun")
        for row in rows:
            yield {**row, "tokens": tokens + row["tokens"], "seconds": seconds + row["seconds"]}
        tokens, seconds = tokens + rows[-1]["tokens"], seconds + rows[-1]["seconds"]


def curve(trainings: Sequence[Path], every: int) -> str:
    """Return loss and accuracy as a table, with a line after `every` tokens and for each held-out evaluation."""
    lines = ["| tokens | seconds | loss | tokens right | held-out right |", "| --- | --- | --- | --- | --- |"]
    rows = [row for row in joined_history(trainings) if row.get("loss") is not None]
    last = -1
    for row in rows:
        if row["tokens"] // every > last or "held_out" in row or row is rows[-1]:
            last = row["tokens"] // every
            held = f"{row['held_out']:.1f} %" if "held_out" in row else ""
            right = f"{100 * row['token_accuracy']:.1f} %" if row.get("token_accuracy") is not None else ""
            lines.append(f"| {row['tokens']:,} | {row['seconds']:,.0f} | {row['loss']:.2f} | {right} | {held} |")
    return "\n".join(lines)


def means(training: Path) -> dict[str, float]:
    """Return the means over the rows of a training's history, and the share of its time that grading took."""
    rows = [dict(row) for row in joined_history([training])]
    columns: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            if isinstance(value, int | float) and name not in ("step", "seconds", "tokens"):
                columns.setdefault(name, []).append(value)
    found = {name: fmean(values) for name, values in sorted(columns.items())}
    if "reward_seconds" in found:
        found["reward_share"] = found["reward_seconds"] / found["step_seconds"]
    last = history(training)[-1]
    return {"updates": last["step"], "seconds_an_update": last["seconds"] / last["step"], **found}
