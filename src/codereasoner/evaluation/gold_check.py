"""Verify that the graders accept every right answer, and measure the accuracy of trivial answers.

The gold self-check renders each question's right answer as a perfect model would, parses it and grades it: anything
but correct is an error of the grader, and is listed. The guess rates show how much of a score needs no reasoning.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NotRequired, TypedDict, cast

from codereasoner import extend
from codereasoner.benchmarks.loading import load_benchmark, locate
from codereasoner.errors import ConfigError
from codereasoner.evaluation.rerun_programs import IllPosed, Rerun, rerun, unreadable_golds
from codereasoner.extend import Benchmark, TruthComparison
from codereasoner.records import batches_of
from codereasoner.styles import Style, find_style
from codereasoner.task import Grade, Question, Runner, Verdict, grade_all, grade_answers

BATCH = 1000  # questions graded together
SHOWN = 200  # rejected or differing rows that are listed


class Rejection(TypedDict):
    """A right answer that the grader does not accept."""

    id: str
    task: str
    gold: str
    outcome: Verdict
    reason: str


class GoldCheck(TypedDict):
    """The result of a gold self-check."""

    questions: int
    gold_accepted: int
    rejected: list[Rejection]
    by_task: dict[str, dict[str, int]]  # how many questions, and how many with an accepted right answer
    guess_rates: dict[str, dict[str, float]]  # by task and trivial answer, in percent


class BenchmarkCheck(GoldCheck):
    """The result of the gold self-check of a benchmark."""

    benchmark: str
    ill_posed: NotRequired[list[IllPosed]]
    rerun: NotRequired[Rerun]
    unavailable: NotRequired[dict[str, str]]
    baselines: NotRequired[dict[str, float]]


def gold_check(questions: Sequence[Question], style: Style, runner: Runner | None, guess: bool = True) -> GoldCheck:
    """Grade every question's right answer and, with `guess`, every trivial one."""
    grades = _gold_grades(questions, style, runner)
    rejected = [_rejection(question, grade) for question, grade in zip(questions, grades, strict=True) if _fails(grade)]
    by_task: dict[str, Counter[str]] = defaultdict(Counter)
    for question, grade in zip(questions, grades, strict=True):
        by_task[question.task].update(questions=1, gold_accepted=not _fails(grade))
    return {
        "questions": len(questions),
        "gold_accepted": len(questions) - len(rejected),
        "rejected": rejected[:SHOWN],
        "by_task": {name: dict(count) for name, count in sorted(by_task.items())},
        "guess_rates": guess_rates(questions, runner) if guess else {},
    }


def guess_rates(questions: Sequence[Question], runner: Runner | None) -> dict[str, dict[str, float]]:
    """Return the share of right answers, in percent, if each trivial answer were given to all questions of its task."""
    asked = Counter(question.task for question in questions)
    guesses = [
        (name, question, answer)
        for question in questions
        for name, answer in extend.task_of(question).guesses(question).items()
    ]
    right: dict[str, Counter[str]] = defaultdict(Counter)
    for part in batches_of(guesses, BATCH):
        grades = grade_answers([(extend.task_of(each), each, answer) for _, each, answer in part], runner)
        for (name, question, _), grade in zip(part, grades, strict=True):
            right[question.task][name] += grade.outcome == "correct"
    return {task: {name: 100 * n / asked[task] for name, n in found.items()} for task, found in sorted(right.items())}


def guess_baselines(questions: Sequence[Question], runner: Runner | None) -> dict[str, float]:
    """Return the best trivial answer of each task with its share in percent: {"input: always 0": 2.5}."""
    rates = guess_rates(questions, runner)
    best = {task: max(found.items(), key=lambda pair: pair[1]) for task, found in rates.items() if found}
    return {f"{task}: always {guess}": rate for task, (guess, rate) in best.items()}


def compare_truth(name: str, data: Path | None, truth: Path, runner: Runner | None) -> TruthComparison:
    """Compare the ground truth that is derived here with that of a file."""
    benchmark: Benchmark = extend.find("benchmark", name)
    if not benchmark.derives_truth:
        derived = [each for each, kind in extend.available("benchmark").items() if kind.derives_truth]
        raise ConfigError(
            f"the gold answers of '{name}' are in its data; a derived truth to compare has: {', '.join(derived)}"
        )
    return benchmark.compare_truth(locate(benchmark, data), truth, runner)


def check_benchmark(name: str, data: Path | None, runner: Runner | None, style: str = "direct") -> BenchmarkCheck:
    """Check that a benchmark's right answers are accepted, and that its records agree with what runs here."""
    benchmark, questions = load_benchmark(name, data, runner)
    checked = gold_check(questions, find_style(style), runner)
    result = cast(BenchmarkCheck, {"benchmark": name, **checked})
    ill_posed = unreadable_golds(questions)
    # Where tests decide, a solution of the benchmark's own that fails them shows that the record is at fault.
    ill_posed += [{"id": row["id"], "reason": row["reason"]} for row in result["rejected"] if _fails_tests(row)]
    result["rejected"] = [row for row in result["rejected"] if not _fails_tests(row)]
    if ill_posed:
        result["ill_posed"] = ill_posed
    if benchmark.reruns and runner is not None:
        result["rerun"] = rerun(questions, runner, benchmark.packages)
    if questions.unavailable:
        result["unavailable"] = dict(questions.unavailable)
    if baselines := benchmark.baselines(questions):
        result["baselines"] = baselines
    return result


def _gold_grades(questions: Sequence[Question], style: Style, runner: Runner | None) -> list[Grade]:
    grades: list[Grade] = []
    for part in batches_of(questions, BATCH):
        tasks = [extend.task_of(question) for question in part]
        items = [(task, each, task.render(each, style), "stop") for task, each in zip(tasks, part, strict=True)]
        grades += grade_all(items, style, runner)
    return grades


def _fails_tests(row: Rejection) -> bool:
    return row["outcome"] == "wrong" and extend.task(row["task"]).answers == "code"


def _fails(grade: Grade) -> bool:
    return grade.outcome != "correct" or any(part != 1.0 for part in grade.parts.values())


def _rejection(question: Question, grade: Grade) -> Rejection:
    return {
        "id": question.id,
        "task": question.task,
        "gold": question.gold[0][:200] if question.gold else "",
        "outcome": grade.outcome,
        "reason": grade.reason,
    }
