"""Difficulty: how often a model solves each question, and the selection and order of questions by it."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from codereasoner import extend
from codereasoner.curation.difficulty import Band, hardness, level_of
from codereasoner.errors import ConfigError, DataError
from codereasoner.extend import Model, Progress, Sampling, silent
from codereasoner.ledger import Ledger, fingerprint, read_records, read_rows
from codereasoner.parquet_files import Row
from codereasoner.records import batches_of, content_id
from codereasoner.sampling import KeptAnswers, kept_answers, prompts_for, sample_and_grade
from codereasoner.spill import Rows
from codereasoner.stages.progress import counts, tell
from codereasoner.styles import Style
from codereasoner.task import Question, Runner

BATCH = 64  # questions in one batch

Order = Literal["given", "curriculum"]


@dataclass(frozen=True)
class Choice:
    """Selection and order of questions.

    band: range of levels: right samples where the questions are rated, else the programs' difficulty.
    per_level: maximum number of questions per task, split and level (0: no limit).
    order: as given, or a curriculum, from easy to hard.
    """

    band: Band = field(default_factory=Band)
    per_level: int = 0
    order: Order = "given"

    def __post_init__(self) -> None:
        if self.per_level < 0:
            raise ConfigError(f"there are no {self.per_level} questions of a level: give 0 for all, or a number above")


def rate_questions(
    questions: Path,
    out: Path,
    model: Model,
    style: Style,
    samples: int,
    sampling: Sampling,
    runner: Runner,
    progress: Progress = silent,
) -> Counter[str]:
    """Count for each question how many of `samples` answers of a model are right; return why requests failed.

    A question with a failed request is not rated. The next time only the failed requests are asked again.
    """
    if samples < 1:
        raise ConfigError(f"a model must be sampled at least once, not {samples} times")
    config = {"questions": fingerprint(questions), "model": model.identity, "style": style.name, "samples": samples}
    total = counts(questions).get("kept", 0)
    failed: Counter[str] = Counter()
    with (
        Ledger(out, config | {"sampling": sampling.facts()}, reopen=True) as ledger,
        kept_answers(out) as answers,
    ):
        kept = KeptAnswers(model, answers)
        left = (question for question in extend.read_questions(questions) if question.id not in ledger)
        for batch in batches_of(left, BATCH):
            prompts = prompts_for(batch, style, range(samples))
            found = sample_and_grade(prompts, kept, style, sampling, runner, may_fail=len(ledger) > 0)
            for question, several in zip(batch, batches_of(found, samples), strict=True):
                reasons = [each.grade.reason for each in several if each.grade.outcome == "error"]
                failed.update(reasons)
                if not reasons:
                    passes = sum(sample.correct for sample in several)
                    ledger.append({"id": question.id, "passes": passes, "samples": samples})
                tell(progress, len(ledger), total, "questions rated")
        answers.finish()
        ledger.finish()
    return failed


def select_questions(
    questions: Path, out: Path, choice: Choice, passes: Path | None = None, progress: Progress = silent
) -> None:
    """Write the questions of the chosen levels; what is left out has a reason.

    With the ratings of `passes` each question gets the features `passes` and `samples`, and its level is its passes.
    """
    ledger = _selection(questions, fingerprint(passes) if passes else None, out, choice)
    if ledger.is_complete():
        return
    total = counts(questions).get("kept", 0)
    levels: defaultdict[str, int] = defaultdict(int)
    with ledger:
        rates = Rows((row["id"], row) for row in read_rows(passes)) if passes else None
        chosen = _chosen(questions, choice, rates)
        for question, reason in _ordered(questions, choice, rates):
            reason = reason or (None if chosen is None or question.id in chosen else "its level has enough")
            if reason:
                ledger.drop(question, reason)
            else:
                ledger.append(question)
                levels[str(level_of(question.features, rates is not None))] += 1
            tell(progress, len(ledger), total, "questions looked at")
        ledger.extra["levels"] = dict(sorted(levels.items(), key=lambda item: int(item[0])))
        ledger.finish()


def refuse_other_selection(questions: Path, out: Path, choice: Choice) -> None:
    """Refuse, before the questions are rated, to replace what `select_questions` made with another choice."""
    _selection(questions, "the ratings to come", out, choice).refuse_others()


def _selection(questions: Path, passes: str | None, out: Path, choice: Choice) -> Ledger:
    """Return the ledger of a selection by the ratings of this fingerprint."""
    band = {"low": choice.band.low, "high": choice.band.high, "per_level": choice.per_level, "order": choice.order}
    ledger = Ledger(out, {"questions": fingerprint(questions), "passes": passes, **band})
    ledger.grows = "passes"
    return ledger


def _judged(questions: Path, choice: Choice, rates: Rows | None) -> Iterator[tuple[Question, str | None]]:
    """Yield each question with its rating, and the reason why it is left out."""
    for question in read_records(questions, Question):
        if rates is not None:
            row: Row | None = rates.get(question.id)
            if row is None:
                yield question, "not rated"
                continue
            if not all(isinstance(row.get(name), int) for name in ("passes", "samples")) or row["samples"] < 1:
                raise DataError(f"the rating of question {question.id} must be a number of passes and of samples")
            features = {**question.features, "passes": row["passes"], "samples": row["samples"]}
            question = replace(question, features=features)
        yield question, choice.band.reason(level_of(question.features, rates is not None))


def _chosen(questions: Path, choice: Choice, rates: Rows | None) -> set[str] | None:
    """Return the ids that a hash draws from each task, split and level; None if all are kept."""
    if not choice.per_level:
        return None
    strata: defaultdict[tuple[str, str, int], list[tuple[int, str]]] = defaultdict(list)
    for question, reason in _judged(questions, choice, rates):
        if reason is None:
            heap = strata[question.task, question.split, level_of(question.features, rates is not None)]
            drawn = (-int(content_id("select", question.id), 16), question.id)
            (heapq.heappush if len(heap) < choice.per_level else heapq.heappushpop)(heap, drawn)
    return {name for heap in strata.values() for _, name in heap}


def _ordered(questions: Path, choice: Choice, rates: Rows | None) -> Iterator[tuple[Question, str | None]]:
    if choice.order == "given":
        yield from _judged(questions, choice, rates)
        return
    rated = rates is not None
    keys: list[tuple[tuple[float, ...], str]] = []
    for question, reason in _judged(questions, choice, rates):
        if reason is None:
            keys.append((hardness(question.features, question.facts, rated), question.id))
        else:
            yield question, reason
    known = Rows((question.id, question.to_json()) for question, _ in _judged(questions, choice, rates))
    for _, name in sorted(keys):
        yield Question.from_json(known.get(name)), None
