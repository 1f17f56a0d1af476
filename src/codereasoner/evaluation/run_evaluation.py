"""Ask a model questions, keep every answer, grade them, and count.

    questions -> answers.jsonl -> grades.jsonl -> summary.json        in the folder of one evaluation

Answers are appended as they arrive, keyed by everything that can change them: a killed evaluation asks nothing twice.
Every evaluation grades all answers again: grading is quick, and a grader may have changed.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from codereasoner import extend
from codereasoner.errors import DataError, Shortfall
from codereasoner.evaluation.augment import PLAIN, Augmentation
from codereasoner.evaluation.results import GradeRow, Metrics, Summary, count_grades
from codereasoner.extend import Completion, Model, Progress, Prompt, Sampling, commonest, silent
from codereasoner.jsonl_files import check_fields, object_in
from codereasoner.ledger import Ledger, read_manifest, read_rows, record_of, write_records, write_whole
from codereasoner.outputs import refuse_others
from codereasoner.records import Answer, Json, answer_key, content_id
from codereasoner.sampling import grade_completions, sample_and_grade
from codereasoner.styles import Style
from codereasoner.task import Grade, Question, Runner

CountMetrics: TypeAlias = Callable[[Sequence[Question], Mapping[str, Sequence[bool]]], Metrics]
"""Counts a benchmark's own numbers from the verdicts by question: `Benchmark.metrics` is one."""


@dataclass(frozen=True)
class Asking:
    """The way questions are put to a model: all that can change an answer, except the question and the model."""

    style: Style
    sampling: Sampling = field(default_factory=Sampling)
    samples: int = 1
    augmentation: Augmentation = PLAIN

    def facts(self) -> dict[str, Json]:
        """Return the sampling and the augmentation as plain JSON, as they are in every answer and its key."""
        return self.sampling.facts() | self.augmentation.facts()

    def messages(self, question: Question) -> list[dict[str, str]]:
        messages = extend.task_of(question).prompt(question, self.style)
        return self.augmentation.messages(question, messages)


def evaluate(
    name: str,
    questions: Sequence[Question],
    model: Model,
    asking: Asking,
    folder: Path,
    runner: Runner,
    baselines: Mapping[str, float] | None = None,
    label: str = "",
    progress: Progress = silent,
    metrics: CountMetrics | None = None,
) -> Summary:
    """Evaluate one model on one list of questions; return what is written to summary.json.

    A request that failed for good counts as an error and is not kept: the same evaluation asks it again next time.
    More questions or more samples than last time are the same evaluation, and ask only what is new.
    """
    refuse_other(folder, name, questions, model, asking)
    answers, graded = ask(questions, model, asking, folder / "answers.jsonl", runner, progress)
    grades = keep_grades(questions, answers, graded, asking.style, folder / "grades.jsonl")
    # A report shows the questions also where a benchmark's data is not at hand.
    _keep(folder / "questions.jsonl", questions, {"questions": content_id(*(question.id for question in questions))})
    prompts = [{"id": question.id, "messages": asking.messages(question)} for question in questions]
    about = {"style": asking.style.name, "prompts": content_id(*map(json.dumps, prompts))}
    _keep(folder / "prompts.jsonl", prompts, about)
    prompted = sum(answer.prompt_tokens for answer in answers)
    completed = sum(answer.completion_tokens for answer in answers)
    summary: Summary = {
        "benchmark": name,
        "model": label or model.identity,
        "identity": model.identity,
        "style": asking.style.name,
        "sampling": asking.facts() | {"samples": asking.samples},
        "grader": "strict",
        **count_grades(questions, grades),
        "prompt_tokens": prompted,
        "completion_tokens": completed,
        "dollars": round(model.cost(prompted, completed), 6),
        "errors": dict(Counter(row["reason"] for row in grades if row["outcome"] == "error").most_common()),
        "seconds": round(sum(answer.seconds for answer in answers), 3),
        "baselines": dict(baselines or {}),
        "metrics": dict(metrics(questions, _verdicts(grades))) if metrics else {},
    }
    write_whole(folder / "summary.json", json.dumps(summary, indent=1) + "\n")
    return summary


def refuse_other(folder: Path, name: str, questions: Sequence[Question], model: Model, asking: Asking) -> None:
    """Refuse to replace the summary of another evaluation, or of this one with more questions or samples."""
    path = folder / "summary.json"
    if not path.is_file():
        return
    try:
        old = object_in(path)
        check_fields(str(path), old, {"sampling": dict}, (), ("outcomes",))
        check_fields(f"{path}, 'sampling'", old.get("sampling", {}), {}, ("samples",))
    except DataError as error:
        raise DataError(f"{error}; this is not an evaluation's summary: remove it, or give another folder") from None
    now = {"benchmark": name, "identity": model.identity, "style": asking.style.name, **asking.facts()}
    then = {**{key: old[key] for key in ("benchmark", "identity", "style") if key in old}, **old.get("sampling", {})}
    outcomes = old.get("outcomes", {})
    if outcomes.get("error", 0) == sum(outcomes.values()):
        return  # there is nothing to keep
    samples = then.pop("samples", 1)
    if samples > asking.samples:
        then["samples"], now["samples"] = samples, asking.samples
    kept = folder / "questions.jsonl"
    asked = {row["id"] for row in read_rows(kept)} if kept.is_file() else set[str]()
    if asked - {question.id for question in questions}:
        then["questions"], now["questions"] = len(asked), len(questions)
    if "identity" not in then:
        del now["identity"]
    refuse_others(folder, then, now)


def refuse_unanswered(summary: Summary) -> None:
    """Refuse a summary without any answer: an accuracy of errors alone says nothing of the model."""
    if summary["errors"] and summary["outcomes"]["error"] == summary["n_answers"]:
        ungraded = all(reason.startswith("the verifier failed: ") for reason in summary["errors"])
        what = "answer could be graded" if ungraded else "request was answered"
        raise Shortfall(f"no {what}: {commonest(summary['errors'])}")


def _verdicts(grades: Sequence[GradeRow]) -> dict[str, list[bool]]:
    """Return by question whether each sample is right."""
    found: dict[str, list[bool]] = {}
    for row in grades:
        found.setdefault(row["question"], []).append(row["outcome"] == "correct")
    return found


def ask(
    questions: Sequence[Question], model: Model, asking: Asking, out: Path, runner: Runner, progress: Progress = silent
) -> tuple[list[Answer], dict[str, Grade]]:
    """Return every answer of the model in the order of questions and samples, and the grades by answer id.

    Answers of an earlier attempt are kept; a failed request is not, so the next attempt asks it again.
    """
    facts, identity, style = asking.facts(), model.identity, asking.style
    wanted = [(question, sample) for question in questions for sample in range(asking.samples)]
    keys = [answer_key(question.id, identity, style.name, sample, facts) for question, sample in wanted]
    tally = Tally(len(wanted), progress)
    with Ledger(out, {"records": "answers"}, reopen=True) as ledger:
        missing = [(key, *pair) for key, pair in zip(keys, wanted, strict=True) if key not in ledger]
        ours = set(keys) if len(missing) < len(wanted) else set[str]()
        rows = enumerate(ledger.rows(), start=1) if ours else ()
        answers = {row["id"]: record_of(out, number, row, Answer) for number, row in rows if row["id"] in ours}
        for key, (question, _) in zip(keys, wanted, strict=True):
            if key in answers and answers[key].question != question.id:
                raise DataError(f"{out}: the answer {key} is to the question {question.id}, and its row says another")
        by_id = {question.id: question for question in questions}
        earlier = list(answers.values())
        known = grade_completions([by_id[each.question] for each in earlier], earlier, style, runner)
        grades = {answer.id: grade for answer, grade in zip(earlier, known, strict=True)}
        tally.resume(earlier, known)

        def keep(index: int, completion: Completion) -> None:
            key, question, sample = missing[index]
            answers[key] = answer = Answer(
                question.id,
                identity,
                style.name,
                sample,
                completion.text,
                completion.finish,
                facts,
                completion.prompt_tokens,
                completion.completion_tokens,
                tally.add(completion),
                completion.thoughts,
                completion.reason,
                key,
            )
            if completion.finish != "error":
                ledger.append(answer)

        messages = {name: asking.messages(by_id[name]) for name in dict.fromkeys(each.id for _, each, _ in missing)}
        prompts = [Prompt(each, messages[each.id], sample, style.name) for _, each, sample in missing]
        answering = asking.augmentation.answering(model, style)
        found = sample_and_grade(
            prompts, answering, style, asking.sampling, runner, keep, tally.count_right, may_fail=True
        )
        ledger.finish()
    grades |= {key: each.grade for (key, _, _), each in zip(missing, found, strict=True)}
    tally.show()
    return [answers[key] for key in keys], grades


class Tally:
    """Counts answers while they come, and shows the counts to a Progress."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total = total  # the answers wanted in all
        self._progress = progress
        self._answers = self._failed = self._graded = self._correct = self._tokens = 0
        self._began = self._last = time.monotonic()

    def resume(self, answers: Sequence[Answer], grades: Sequence[Grade]) -> None:
        """Count answers of an earlier attempt, which do not enter the speed."""
        self._answers += len(answers)
        self.count_right(grades)
        self._began = self._last = time.monotonic()

    def add(self, completion: Completion) -> float:
        """Count a new answer; return the seconds since the last one."""
        self._answers += 1
        self._failed += completion.finish == "error"
        self._tokens += completion.completion_tokens
        self.show()
        seconds, self._last = time.monotonic() - self._last, time.monotonic()
        return round(seconds, 6)

    def count_right(self, grades: Sequence[Grade]) -> None:
        """Count grades, and the correct ones among them."""
        self._graded += len(grades)
        self._correct += sum(grade.outcome == "correct" for grade in grades)

    def show(self) -> None:
        """Show one line: `1,200 of 16,000 answers, 43.1 % right, 512 tokens/s`, then how many requests failed."""
        parts = [f"{self._answers:,} of {self._total:,} answers"]
        if self._graded:
            of_how_many = "" if self._graded == self._answers else f" of {self._graded:,} graded"
            parts.append(f"{100 * self._correct / self._graded:.1f} % right{of_how_many}")
        if self._tokens:
            parts.append(f"{self._tokens / max(time.monotonic() - self._began, 1e-9):,.0f} tokens/s")
        if self._failed:
            parts.append(f"{self._failed:,} failed")
        self._progress(min(1.0, self._answers / max(self._total, 1)), ", ".join(parts))


def keep_grades(
    questions: Sequence[Question], answers: Sequence[Answer], grades: Mapping[str, Grade], style: Style, out: Path
) -> list[GradeRow]:
    """Write one row for each answer, in the same order: its Grade, and which question, answer and sample it is of."""
    by_id = {question.id: question for question in questions}
    rows = [grade_row(by_id[answer.question], answer, grades[answer.id]) for answer in answers]
    write_records(out, rows, {"style": style.name})
    return rows


def _keep(out: Path, rows: Sequence[Question | Mapping[str, object]], config: Mapping[str, object]) -> None:
    if not out.is_file() or (read_manifest(out) or {}).get("config") != config:
        write_records(out, rows, config)


def grade_row(question: Question, answer: Answer, verdict: Grade) -> GradeRow:
    """Return the row of grades.jsonl for one answer."""
    return {
        "id": answer.id,
        "question": question.id,
        "task": question.task,
        "sample": answer.sample,
        "outcome": verdict.outcome,
        "answer": verdict.answer,
        "reason": verdict.reason,
        "parts": dict(verdict.parts),
        "credit": verdict.credit,
    }
