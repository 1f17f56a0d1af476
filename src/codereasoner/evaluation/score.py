"""Score a file of generations on a benchmark: strictly, or exactly as the published scorer does.

The strict grade of an answer is its task's own: the text is parsed to an answer, which is verified. Every answer has
one outcome and none leaves the count. The official grade is the published scorer's, quirks included. A score by one
grader can include the other's, with the reasons why the two differ.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast, get_args

from codereasoner import extend, literals
from codereasoner.benchmarks.loading import load_benchmark
from codereasoner.errors import ConfigError, DataError, IsolationError, MissingExtra
from codereasoner.evaluation.generations import read_generations
from codereasoner.evaluation.logistic import logistic
from codereasoner.evaluation.metrics import mean
from codereasoner.evaluation.program_features import accuracy_table, static_features
from codereasoner.evaluation.results import (
    ByFeature,
    Grader,
    GraderDifference,
    GraderNumbers,
    ModelScores,
    Score,
    count_answers,
)
from codereasoner.extend import Benchmark, Generations, OfficialVerdicts, Questions, Unjudged
from codereasoner.records import Job, Run
from codereasoner.task import Grade, Question, Runner, Task, grade_answers
from codereasoner.thoughts import split_thoughts

GRADERS: tuple[Grader, ...] = get_args(Grader)

Texts: TypeAlias = Mapping[str, Sequence[str]]


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
) -> Score | ModelScores:
    """Score a generations file, or a folder with the logs of several models, on the benchmark of that name.

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
) -> Score:
    """Return the numbers of one grader; with `compare` also the other grader's and why they differ."""
    if grader not in GRADERS:
        raise ConfigError(f"the grader '{grader}' is unknown; there are: {', '.join(GRADERS)}")
    unavailable = dict(questions.unavailable) if isinstance(questions, Questions) else {}
    if not questions:
        why = extend.commonest(Counter(unavailable.values())) or "its data is empty"
        raise DataError(f"{benchmark.name} has no questions that can be asked here: {why}")
    generations = generations if isinstance(generations, Generations) else Generations(generations)
    runner = each_job_once(runner) if runner is not None and compare else runner
    verdicts = _verdicts(benchmark, questions, generations, grader, runner)
    numbers = _numbers(benchmark, questions, verdicts, grader)
    reasons = Counter(_reason(grade) for row in verdicts.grades.values() for grade in row if grade.outcome != "correct")
    result = cast(Score, {"benchmark": benchmark.name, **numbers, "reasons": dict(reasons.most_common())})
    if benchmark.features:
        result["by_feature"] = by_feature(questions, verdicts, benchmark.features)
    if unavailable:
        result["unavailable"] = unavailable
    if verdicts.unjudged:
        result["unjudged"] = {
            "count": len(verdicts.unjudged),
            "verdicts_taken_from_the_file": sum(row["id"] in generations.recorded for row in verdicts.unjudged),
            "answers": list(verdicts.unjudged),
        }
    if compare:
        other: Grader = "official" if grader == "strict" else "strict"
        try:
            others = _verdicts(benchmark, questions, generations, other, runner)
        except IsolationError as error:  # only one of the two graders executes what a model wrote
            result["left_out"] = f"{other}: {error}"
            return result
        result["other"] = _numbers(benchmark, questions, others, other)
        both = (verdicts, others) if grader == "strict" else (others, verdicts)
        result["differences"] = differences(questions, *both)
    return result


def grade_strictly(
    benchmark: Benchmark, questions: Sequence[Question], generations: Texts, runner: Runner | None
) -> dict[str, list[Grade]]:
    """Return the strict grade of every answer by question id; equal texts of one question are graded once."""
    read = generations.read if isinstance(generations, Generations) else {}
    items: dict[tuple[str, str, int], tuple[Task, Question, str | Grade]] = {}
    keys: dict[str, list[tuple[str, str, int]]] = {}
    for question in questions:
        name, known = question.id, read.get(question.id)
        keys[name] = [(name, text, place if known else -1) for place, text in enumerate(generations[name])]
        for key in keys[name]:
            if key not in items:
                answer = known[key[2]] if known else _read(benchmark, question, key[1])
                items[key] = extend.task_of(question), question, answer
    graded = dict(zip(items, grade_answers([*items.values()], runner), strict=True))
    return {name: [graded[key] for key in its] for name, its in keys.items()}


def _read(benchmark: Benchmark, question: Question, text: str) -> str | Grade:
    """Return the answer in a text that may be a whole completion, read as an evaluation reads one."""
    reading = split_thoughts(text)
    if reading.open:
        return Grade("truncated", None, "cut off inside its thoughts")
    answer = benchmark.parse_generation(question, reading.text)
    return Grade("no_answer", None, "no answer in the text") if answer is None else answer


def by_feature(questions: Sequence[Question], verdicts: Verdicts, names: Sequence[str]) -> ByFeature:
    """Analyse accuracy by feature, and by all features together.

    The features are those of the data where it has some, else those that reading the program gives.
    """
    rows = []
    for question in questions:
        held = {name: question.features[name] for name in names if name in question.features}
        counted = verdicts.counted[question.id]
        share = mean(counted)
        rows.append((question.program or question.id, held or static_features(question.facts["source"]), share))
    found: ByFeature = {"accuracy": accuracy_table(rows, names), "logistic": []}
    try:
        found["logistic"] = logistic([(held, share) for _, held, share in rows], names)
    except MissingExtra as error:
        found["left_out"] = f"the logistic model: {error}"
    return found


def differences(questions: Sequence[Question], strict: Verdicts, official: Verdicts) -> list[GraderDifference]:
    """Return the answers on which the graders disagree, by reason, most frequent first, each with one example."""
    found: dict[tuple[str, str], GraderDifference] = {}
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
    """Return whether an answer is the right value but for its type, as `2.0` is for 2 and `True` for 1."""
    try:
        return bool(literals.read(grade.answer or "") == literals.read(question.gold[0]))
    except literals.LiteralError:
        return False


def _verdicts(
    benchmark: Benchmark, questions: Sequence[Question], generations: Generations, grader: Grader, runner: Runner | None
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


def each_job_once(runner: Runner) -> Runner:
    """Return a runner that runs equal jobs once, however often it is called with them."""
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


def _numbers(benchmark: Benchmark, questions: Sequence[Question], verdicts: Verdicts, grader: Grader) -> GraderNumbers:
    outcomes = {name: [grade.outcome for grade in row] for name, row in verdicts.grades.items()}
    correct = {name: [outcome == "correct" for outcome in row] for name, row in outcomes.items()}
    numbers = {**count_answers(questions, outcomes, verdicts.counted), **benchmark.metrics(questions, correct)}
    return cast(GraderNumbers, {"grader": grader, **numbers})  # a benchmark names its own numbers


def _reason(grade: Grade) -> str:
    """Return a countable reason: the part before what was seen."""
    if grade.outcome == "correct":
        return "correct"
    return grade.reason.split(":")[0].split(" (")[0] or grade.outcome
