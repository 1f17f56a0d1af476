"""The table of an experiment: for each arm and column the mean over the seeds, with two intervals.

`interval` says what other programs would give: questions of one program, over all seeds, are one cluster (Miller 2024,
arXiv:2411.00640). `over_seeds` says what other first weights would give: Student's interval of the seeds' mean.
"""

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NotRequired, TypeAlias, TypedDict

from codereasoner.evaluation.metrics import Z95, clustered_error, clustered_interval, mean, percent
from codereasoner.experiments.plan import Experiment
from codereasoner.ledger import read_records, read_rows
from codereasoner.task import Question

T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""The 97.5 % quantiles of Student's distribution for 1, 2, ... degrees of freedom."""

PERPLEXITY = "perplexity"
"""The head of the column that says what a training makes a model forget."""

Scores: TypeAlias = dict[tuple[str, str], float]
"""1 or 0 for each (program, question)."""


class Figures(TypedDict):
    """Percentages of one arm in one column."""

    mean: float
    interval: list[float]
    seeds: list[float]
    over_seeds: NotRequired[list[float]]
    questions: NotRequired[int]


class ArmResults(TypedDict):
    """One arm's figures by column, and its differences to the first arm, question by question."""

    label: str
    columns: dict[str, Figures]
    against: dict[str, Figures]
    perplexity: NotRequired[list[float]]  # of the plain text, for each seed


class Results(TypedDict):
    """The content of results.json."""

    columns: list[str]
    first: str
    arms: dict[str, ArmResults]


def perplexity_file(place: Path, arm: str) -> Path:
    """Return the file of the perplexity of plain text to an arm of the seed in `place`."""
    return place / "evaluations" / f"{arm}.perplexity.json"


def results(folder: Path, plan: Experiment, arms: Sequence[str]) -> Results:
    """Return what the evaluations of all seeds found for these arms."""
    scores = {name: _scores(folder, plan, name) for name in arms}
    order = [f"{task} {name}" for name in plan.sets for task in plan.tasks]
    known = dict.fromkeys(column for found in scores.values() for column in found)
    order += [column for name in _benchmarks(plan) for column in known if column.endswith(f" {name}")]
    columns = [column for column in order if any(column in found for found in scores.values())]
    first = scores[arms[0]]
    found: dict[str, ArmResults] = {}
    for name, mine in scores.items():
        compared = [column for column in columns if name != arms[0] and column in mine and column in first]
        found[name] = {
            "label": plan.arms[name].label,
            "columns": {column: _figures(mine[column]) for column in columns if column in mine},
            "against": {column: _difference(mine[column], first[column]) for column in compared},
        }
        files = [perplexity_file(seed, plan.weights(name)) for seed in _seeds(folder)]
        if measured := [path.read_text(encoding="utf-8") for path in files if path.is_file()]:
            found[name]["perplexity"] = [json.loads(text)["perplexity"] for text in measured]
    return {"columns": columns, "first": arms[0], "arms": found}


def _benchmarks(plan: Experiment) -> list[str]:
    """Return the benchmarks that every arm is asked: one that a single arm is asked compares nothing."""
    return [name for name, asked in (plan.benchmarks or {}).items() if not asked.arm]


def _seeds(folder: Path) -> list[Path]:
    """Return the places of the seeds: the first is the run's own folder."""
    return [folder, *sorted(folder.glob("seed-*"), key=lambda path: int(path.name.partition("-")[2]))]


def _scores(folder: Path, plan: Experiment, arm: str) -> dict[str, list[Scores]]:
    """Return the scores by column, one entry for each seed that is evaluated."""
    found: dict[str, list[Scores]] = defaultdict(list)
    for seed in _seeds(folder):
        for name in (*plan.sets, *_benchmarks(plan)):
            place = seed / "evaluations" / f"{name}@{arm}"
            if not (place / "summary.json").is_file():
                continue
            programs = {each.id: each.program for each in read_records(place / "questions.jsonl", Question)}
            scores: dict[str, Scores] = defaultdict(dict)
            for row in read_rows(place / "grades.jsonl"):
                key = (programs[row["question"]], row["question"])
                scores[f"{row['task']} {name}"][key] = float(row["outcome"] == "correct")
            for column, values in scores.items():
                found[column].append(values)
    return found


def _figures(seeds: Sequence[Scores]) -> Figures:
    pairs = [(program, value) for scores in seeds for (program, _), value in scores.items()]
    low, high = clustered_interval(pairs)
    by_seed = [mean(list(scores.values())) for scores in seeds]
    return {**_over_seeds(mean([value for _, value in pairs]), (low, high), by_seed), "questions": len(pairs)}


def _difference(seeds: Sequence[Scores], others: Sequence[Scores]) -> Figures:
    rows = [
        [(key[0], value - theirs[key]) for key, value in mine.items()]
        for mine, theirs in zip(seeds, others, strict=False)
    ]
    pairs = [pair for row in rows for pair in row]
    centre, half = mean([value for _, value in pairs]), Z95 * clustered_error(pairs)
    return _over_seeds(centre, (centre - half, centre + half), [mean([value for _, value in row]) for row in rows])


def _over_seeds(centre: float, interval: tuple[float, float], values: Sequence[float]) -> Figures:
    figures: Figures = {
        "mean": percent(centre, 2),
        "interval": [percent(end, 2) for end in interval],
        "seeds": [percent(value, 2) for value in values],
    }
    if 2 <= len(values) <= len(T95) + 1:
        half = T95[len(values) - 2] * statistics.stdev(values) / math.sqrt(len(values))
        figures["over_seeds"] = [percent(mean(values) - half, 2), percent(mean(values) + half, 2)]
    return figures


def markdown(found: Results) -> str:
    """Return the results as one table of Markdown: mean and interval, then the difference to the first arm."""
    text = [PERPLEXITY] if any("perplexity" in arm for arm in found["arms"].values()) else []
    heads = ["arm", *found["columns"], *text]
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " --- |" * (len(heads) - 1)]
    for arm in found["arms"].values():
        cells = [arm["label"], *(cell(arm, column) for column in found["columns"]), *(perplexity(arm) for _ in text)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def perplexity(arm: ArmResults) -> str:
    """Return the mean over the seeds of the perplexity of plain text, or nothing where it was not measured."""
    return f"{mean(arm['perplexity']):.2f}" if arm.get("perplexity") else ""


def cell(arm: ArmResults, column: str) -> str:
    """Return `61.3 [58.1, 64.4]`, and in the next line the difference `+24.3 [+20.1, +28.5]`."""
    parts = ((arm["columns"].get(column), ".1f"), (arm["against"].get(column), "+.1f"))
    return "<br>".join(interval(figures, form) for figures, form in parts if figures is not None)


def interval(figures: Figures, form: str) -> str:
    """Return `61.3 [58.1, 64.4]`, each number in this format."""
    low, high = figures["interval"]
    return f"{figures['mean']:{form}} [{low:{form}}, {high:{form}}]"
