"""Prove that the graders accept every right answer, and measure what answers without thought earn.

The gold self-check renders each question's right answer as a perfect model would, parses it and grades it: anything
but correct is a fault of ours, and is listed. The guess rates say how much of a score is worth nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codereasoner import extend
from codereasoner.benchmarks.data_location import locate
from codereasoner.benchmarks.reval import RevalAll
from codereasoner.benchmarks.reval_data import Pair
from codereasoner.benchmarks.reval_trace import derive_by_trace
from codereasoner.benchmarks.reval_truth import PointTruth
from codereasoner.errors import ConfigError, DataError
from codereasoner.evaluation.rerun_programs import rerun, unreadable_golds
from codereasoner.extend import Benchmark
from codereasoner.ledger import read_rows
from codereasoner.styles import Style, find_style
from codereasoner.task import Grade, Question, Runner, grade_all, grade_answers

BATCH = 1000  # questions graded together
SHOWN = 200  # rejected or differing rows that are listed

_TRUTH_FIELDS = ("idx", "input_idx", "lineno", "var", "covered", "next_lines", "state", "state_visits")


def gold_check(
    questions: Sequence[Question], style: Style, runner: Runner | None, guess: bool = True
) -> dict[str, Any]:
    """Grade every question's right answer and, with `guess`, every trivial one.

    Returns {"questions", "gold_accepted", "rejected": [{"id", "task", "gold", "outcome", "reason"}], "by_task":
    {task: {"questions", "gold_accepted"}}, "guess_rates": {task: {guess: percent}}}.
    """
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
    """What each trivial answer would earn if it were given to all questions of its task, in percent."""
    asked = Counter(question.task for question in questions)
    guesses = [
        (name, question, answer)
        for question in questions
        for name, answer in extend.task_of(question).guesses(question).items()
    ]
    right: dict[str, Counter[str]] = defaultdict(Counter)
    for start in range(0, len(guesses), BATCH):
        part = guesses[start : start + BATCH]
        grades = grade_answers([(extend.task_of(each), each, answer) for _, each, answer in part], runner)
        for (name, question, _), grade in zip(part, grades, strict=True):
            right[question.task][name] += grade.outcome == "correct"
    return {task: {name: 100 * n / asked[task] for name, n in found.items()} for task, found in sorted(right.items())}


def guess_floors(questions: Sequence[Question], runner: Runner | None) -> dict[str, float]:
    """The best that a guess without thought earns on each task, in percent: {"input: always 0": 2.5}."""
    rates = guess_rates(questions, runner)
    best = {task: max(found.items(), key=lambda pair: pair[1]) for task, found in rates.items() if found}
    return {f"{task}: always {guess}": rate for task, (guess, rate) in best.items()}


def check_benchmark(
    name: str, data: Path | None, runner: Runner | None, truth: Path | None = None, style: str = "direct"
) -> dict[str, Any]:
    """The gold self-check of a benchmark; with `truth`, its derived ground truth against that file's.

    Raises:
        UserError: a name or a file is wrong.
    """
    benchmark: Benchmark = extend.find("benchmark", name)
    if truth is not None:
        if not isinstance(benchmark, RevalAll):
            raise ConfigError(f"only the ground truth of 'reval' is derived and can be compared, not that of '{name}'")
        return compare_truth(benchmark, locate(benchmark, data), truth, runner)
    questions = benchmark.load(locate(benchmark, data), runner)
    result = {"benchmark": name, **gold_check(questions, find_style(style), runner)}
    ill_posed = unreadable_golds(questions)
    # Where tests decide, a solution of the benchmark's own that fails them shows that the record is at fault.
    ill_posed += [{"id": row["id"], "reason": row["reason"]} for row in result["rejected"] if _fails_tests(row)]
    result["rejected"] = [row for row in result["rejected"] if not _fails_tests(row)]
    if ill_posed:
        result["ill_posed"] = ill_posed
    if benchmark.reruns and runner is not None:
        result["rerun"] = rerun(questions, runner, benchmark.packages)
    if benchmark.unavailable:
        result["unavailable"] = dict(benchmark.unavailable)
    if floors := benchmark.floors(questions):
        result["floors"] = floors
    return result


def compare_truth(benchmark: RevalAll, data: Path, truth: Path, runner: Runner | None) -> dict[str, Any]:
    """REval's ground truth, derived here, against a file of it: covered, next lines, and the values with their types.

    The truth is the trace's; `by_trace` counts the points that it decides alone, without the probe.

    Returns {"points", "equal", "by_trace", "differing": [{"idx", "input_idx", "lineno", "var", "field", "here",
    "there"}]}.
    """
    rows = list(read_rows(truth))
    for number, row in enumerate(rows, start=1):
        if missing := [field for field in _TRUTH_FIELDS if field not in row]:
            raise DataError(f"{truth}, line {number}: the field '{missing[0]}' is missing")
    benchmark.load(data, runner)
    wanted = {(row["idx"], row["input_idx"]) for row in rows}
    pairs = [pair for pair in benchmark.pairs.values() if (pair.idx, pair.input_idx) in wanted]
    assert runner is not None  # load has asked for it
    truths, traced = derive_by_trace(pairs, runner, benchmark.truth)
    derived = _derived(pairs, truths)
    differing = [found for row in rows if (found := _difference(row, derived))]
    counts = {"points": len(rows), "equal": len(rows) - len(differing), "by_trace": traced}
    return counts | {"differing": differing[:SHOWN]}


def _gold_grades(questions: Sequence[Question], style: Style, runner: Runner | None) -> list[Grade]:
    grades: list[Grade] = []
    for start in range(0, len(questions), BATCH):
        part = questions[start : start + BATCH]
        tasks = [extend.task_of(question) for question in part]
        items = [(task, each, task.render(each, style), "stop") for task, each in zip(tasks, part, strict=True)]
        grades += grade_all(items, style, runner)
    return grades


def _fails_tests(row: Mapping[str, Any]) -> bool:
    return bool(row["outcome"] == "wrong" and extend.task(row["task"]).answers == "code")


def _fails(grade: Grade) -> bool:
    return grade.outcome != "correct" or any(part != 1.0 for part in grade.parts.values())


def _rejection(question: Question, grade: Grade) -> dict[str, Any]:
    return {
        "id": question.id,
        "task": question.task,
        "gold": question.gold[0][:200] if question.gold else "",
        "outcome": grade.outcome,
        "reason": grade.reason,
    }


def _derived(
    pairs: Sequence[Pair], derived: Mapping[str, Sequence[PointTruth] | str]
) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for pair in pairs:
        truths = derived[pair.id]
        for place, (line, variable) in enumerate(pair.points):
            key = (pair.idx, pair.input_idx, line, variable)
            if isinstance(truths, str):
                found[key] = {"error": truths}
                continue
            truth = truths[place]
            found[key] = {
                "covered": truth.covered,
                "next_lines": sorted(truth.next_lines),
                "state": None if truth.state is None else [list(each) for each in truth.state],
                "state_visits": truth.visits,
            }
    return found


def _difference(row: Mapping[str, Any], derived: Mapping[tuple[Any, ...], Mapping[str, Any]]) -> dict[str, Any] | None:
    """The first field in which a point differs; a file's list of values may be cut off after some."""
    key = {name: row[name] for name in ("idx", "input_idx", "lineno", "var")}
    here = derived.get(tuple(key.values()))
    if here is None or "error" in here:
        return key | {"field": "point", "here": here["error"] if here else "no such point", "there": "a point"}
    there = {name: row[name] for name in ("covered", "next_lines", "state", "state_visits")}
    there["next_lines"] = sorted(there["next_lines"])
    for name, value in there.items():
        mine = here[name]
        if name == "state" and mine is not None and value is not None:
            mine = mine[: len(value)] if len(value) >= 25 else mine
        if mine != value:
            return key | {"field": name, "here": mine, "there": value}
    return None
