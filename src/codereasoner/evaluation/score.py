"""Score a file of generations on a benchmark: strictly, or exactly as the published scorer does.

The strict grade of an answer is its task's own: the text is parsed to an answer, which is verified. Every answer has
one outcome and none leaves the count. The official grade is the published scorer's, quirks included. A score by one
grader can hold the other beside it, and the reasons why the two differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from codereasoner import extend, literals
from codereasoner.benchmarks.loading import load_benchmark
from codereasoner.errors import ConfigError, DataError, IsolationError
from codereasoner.evaluation.generations import read_generations
from codereasoner.evaluation.logistic import logistic
from codereasoner.evaluation.metrics import clustered_interval, pass_at_k
from codereasoner.evaluation.program_features import accuracy_table, static_features
from codereasoner.extend import Benchmark, Generations, OfficialVerdicts, Questions, Unjudged
from codereasoner.records import Job, Run
from codereasoner.task import VERDICTS, Grade, Question, Runner, grade_answers
from codereasoner.thoughts import split_thoughts

Grader = Literal["strict", "official"]
GRADERS: tuple[Grader, ...] = ("strict", "official")
PASS_AT = (1, 3, 5, 10)

Texts = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Verdicts:
    """One grader's verdicts by question id: on every answer, and those that enter pass@k."""

    grades: Mapping[str, Sequence[Grade]]
    counted: Mapping[str, Sequence[bool]]
    unjudged: Sequence[Unjudged] = ()


def score_file(
    name: str,
    generations: Path,
    data: Path | None = None,
    grader: Grader = "strict",
    runner: Runner | None = None,
    compare: bool = True,
) -> dict[str, Any]:
    """Score a generations file on the benchmark of that name; `data` None: found as `locate` finds it.

    A folder with the logs of several models gives {"benchmark", "grader", "models": {name: its score}}.

    Raises:
        UserError: a name, a file or a field is wrong; the message says which and what to do.
    """
    benchmark, questions = load_benchmark(name, data, runner)
    scores = {}
    for path in benchmark.generation_sets(generations):
        texts = read_generations(benchmark, path, questions)
        scores[path.name] = score(benchmark, questions, texts, grader, runner, compare)
    if len(scores) == 1:
        return next(iter(scores.values()))
    return {"benchmark": name, "grader": grader, "models": scores}


def score(
    benchmark: Benchmark,
    questions: Sequence[Question],
    generations: Texts,
    grader: Grader = "strict",
    runner: Runner | None = None,
    compare: bool = True,
) -> dict[str, Any]:
    """The numbers of one grader, in percent; with `compare` also the other grader's and why they differ.

    pass@k is absent where a question has fewer than k answers. "interval" is the 95 % interval of pass@1, clustered
    by program. "reasons" counts what is behind every outcome but correct.
    """
    if grader not in GRADERS:
        raise ConfigError(f"the grader '{grader}' is unknown; there are: {', '.join(GRADERS)}")
    unavailable = dict(questions.unavailable) if isinstance(questions, Questions) else {}
    if not questions:
        raise DataError(f"{benchmark.name} has no questions that can be asked here: {_reasons(unavailable)}")
    generations = generations if isinstance(generations, Generations) else Generations(generations)
    runner = _remembering(runner) if runner is not None and compare else runner
    verdicts = _verdicts(benchmark, questions, generations, grader, runner)
    result = {
        "benchmark": benchmark.name,
        "grader": grader,
        **_numbers(benchmark, questions, generations, verdicts),
        "reasons": _count_reasons(verdicts),
    }
    if benchmark.features:
        result["by_feature"] = by_feature(questions, verdicts, benchmark.features)
    if unavailable:
        result["unavailable"] = unavailable
    if verdicts.unjudged:
        taken = sum(row["id"] in generations.recorded for row in verdicts.unjudged)
        result["unjudged"] = {
            "count": len(verdicts.unjudged),
            "verdicts_taken_from_the_file": taken,
            "answers": list(verdicts.unjudged),
        }
    if compare:
        other: Grader = "official" if grader == "strict" else "strict"
        try:
            others = _verdicts(benchmark, questions, generations, other, runner)
        except IsolationError as error:  # only one of the two graders executes what a model wrote
            return {**result, "left_out": f"{other}: {error}"}
        result["other"] = {"grader": other, **_numbers(benchmark, questions, generations, others)}
        both = (verdicts, others) if grader == "strict" else (others, verdicts)
        result["differences"] = differences(questions, *both)
    return result


def grade_strictly(
    benchmark: Benchmark, questions: Sequence[Question], generations: Texts, runner: Runner | None
) -> dict[str, list[Grade]]:
    """The strict grade of every answer by question id; equal texts of one question are graded once."""
    unique = {(question.id, text): question for question in questions for text in generations[question.id]}
    items: list[tuple[Any, Question, str | Grade]] = []
    for (_, text), question in unique.items():
        items.append((extend.task_of(question), question, _read(benchmark, question, text)))
    graded = dict(zip(unique, grade_answers(items, runner), strict=True))
    return {q.id: [graded[q.id, text] for text in generations[q.id]] for q in questions}


def _read(benchmark: Benchmark, question: Question, text: str) -> str | Grade:
    """Return the answer in a text that may be a whole completion, read as an evaluation reads one."""
    reading = split_thoughts(text)
    if reading.open:
        return Grade("truncated", None, "cut off inside its thoughts")
    answer = benchmark.parse_generation(question, reading.text)
    return Grade("no_answer", None, "no answer in the text") if answer is None else answer


def by_feature(questions: Sequence[Question], verdicts: Verdicts, names: Sequence[str]) -> dict[str, Any]:
    """CodeGlance's analysis: accuracy by feature with intervals, and a logistic model of all features together.

    The features are those of the data where it has some, else those that reading the program gives.
    """
    rows = []
    for question in questions:
        held = {name: question.features[name] for name in names if name in question.features}
        counted = verdicts.counted[question.id]
        share = sum(counted) / (len(counted) or 1)
        rows.append((question.program or question.id, held or static_features(question.facts["source"]), share))
    effects = logistic([(held, share) for _, held, share in rows], names)
    return {"accuracy": accuracy_table(rows), "logistic": [vars(effect) for effect in effects]}


def differences(questions: Sequence[Question], strict: Verdicts, official: Verdicts) -> list[dict[str, Any]]:
    """The answers on which the graders disagree, by reason, most frequent first, each with one example."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for question in questions:
        pairs = zip(strict.grades[question.id], official.grades[question.id], strict=True)
        for sample, (ours, theirs) in enumerate(pairs):
            if (ours.outcome == "correct") == (theirs.outcome == "correct") and theirs.outcome != "no_answer":
                continue
            said, reason = theirs.reason or theirs.outcome, _reason(ours)
            if said == "correct" and _equal_to_python(question, ours):
                reason = "equal to Python, but of another type"
            row = found.setdefault(
                (said, reason),
                {
                    "official": said,
                    "strict": ours.outcome,
                    "reason": reason,
                    "count": 0,
                    "example": {"id": question.id, "sample": sample, "answer": ours.answer},
                },
            )
            row["count"] += 1
    return sorted(found.values(), key=lambda row: (-row["count"], row["official"], row["reason"]))


def _equal_to_python(question: Question, grade: Grade) -> bool:
    """Is the answer the right value but for its type, as `2.0` is for 2 and `True` for 1?"""
    try:
        return bool(literals.read(grade.answer or "") == literals.read(question.gold[0]))
    except literals.LiteralError:
        return False


def _verdicts(
    benchmark: Benchmark,
    questions: Sequence[Question],
    generations: Generations,
    grader: Grader,
    runner: Runner | None,
) -> Verdicts:
    if grader == "strict":
        grades = grade_strictly(benchmark, questions, generations, runner)
        return Verdicts(grades, {name: [grade.outcome == "correct" for grade in row] for name, row in grades.items()})
    if runner is None:
        raise ConfigError("the official grader executes answers: pass a runner, such as a Pool's run")
    official = benchmark.grade_officially(questions, generations, runner)
    return Verdicts(
        {name: [_official_grade(verdict) for verdict in row] for name, row in official.items()},
        {name: benchmark.official_counts(row) for name, row in official.items()},
        official.unjudged if isinstance(official, OfficialVerdicts) else (),
    )


def _remembering(runner: Runner) -> Runner:
    """The same runner, which runs equal jobs once: both graders run most of the same calls."""
    known: dict[Job, Run] = {}

    def run(jobs: Sequence[Job]) -> Sequence[Run]:
        new = [job for job in dict.fromkeys(jobs) if job not in known]
        known.update(zip(new, runner(new) if new else [], strict=True))
        return [known[job] for job in jobs]

    return run


def _official_grade(verdict: bool | None) -> Grade:
    if verdict is None:
        return Grade("no_answer", None, "left out of the count")
    return Grade("correct") if verdict else Grade("wrong", None, "the published check fails")


def _numbers(
    benchmark: Benchmark, questions: Sequence[Question], generations: Texts, verdicts: Verdicts
) -> dict[str, Any]:
    counts = {name: (len(row), sum(row)) for name, row in verdicts.counted.items()}
    samples = min(len(generations[question.id]) for question in questions)
    numbers: dict[str, Any] = {
        "n_questions": len(questions),
        "n_answers": sum(len(generations[question.id]) for question in questions),
    }
    for k in PASS_AT:
        if k <= samples:
            chances = [pass_at_k(*counts[question.id], k) for question in questions]
            numbers[f"pass@{k}"] = sum(chances) / len(chances) * 100
    shares = [(q.program or q.id, counts[q.id][1] / (counts[q.id][0] or 1)) for q in questions]
    numbers["interval"] = [100 * bound for bound in clustered_interval(shares)]
    outcomes = Counter(grade.outcome for row in verdicts.grades.values() for grade in row)
    numbers["outcomes"] = {verdict: outcomes[verdict] for verdict in VERDICTS}
    correct = {name: [grade.outcome == "correct" for grade in row] for name, row in verdicts.grades.items()}
    return numbers | dict(benchmark.metrics(questions, correct))


def _count_reasons(verdicts: Verdicts) -> dict[str, int]:
    counted = Counter(_reason(grade) for row in verdicts.grades.values() for grade in row if grade.outcome != "correct")
    return dict(counted.most_common())


def _reason(grade: Grade) -> str:
    """A countable reason: the part before what was seen."""
    if grade.outcome == "correct":
        return "correct"
    return grade.reason.split(":")[0].split(" (")[0] or grade.outcome


def _reasons(unavailable: Mapping[str, str]) -> str:
    known = Counter(unavailable.values())
    return "; ".join(f"{count} x {reason}" for reason, count in known.most_common(3)) or "its data is empty"
