"""What an ablation found: for each arm and column the mean over the seeds, and how far that can be trusted.

Two intervals, as two things vary. `interval`: questions of one program, over all seeds, are one cluster (Miller 2024,
arXiv:2411.00640), so it says what other programs would give. `seeds`: the figure of each seed, so that it can be seen
what other first weights would give; `over_seeds` is Student's interval of their mean.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codereasoner.cli.ablate_arms import ARMS, AblateConfig
from codereasoner.cli.ablate_run import SETS, seeds_of
from codereasoner.evaluation.metrics import Z95, clustered_error, clustered_interval, mean
from codereasoner.ledger import read_records, read_rows
from codereasoner.task import Question

T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""The 97.5 % quantiles of Student's distribution for 1, 2, ... degrees of freedom."""

Scores = dict[tuple[str, str], float]
"""1 or 0 for each (program, question)."""


def results(folder: Path, config: AblateConfig) -> dict[str, Any]:
    """{"columns": [...], "arms": {name: {"label", "columns": {column: figures}, "against": {column: figures}}}}.

    `against` is the difference to the first arm, question by question; figures are percent.
    """
    found = {name: _scores(folder, name) for name in config.arms}
    columns = [column for column in _columns(config) if any(column in found[name] for name in config.arms)]
    first = found[config.arms[0]]
    arms = {}
    for name in config.arms:
        mine = found[name]
        arms[name] = {
            "label": ARMS[name].label,
            "columns": {column: _figures(mine[column]) for column in columns if column in mine},
            "against": {
                column: _difference(mine[column], first[column])
                for column in columns
                if name != config.arms[0] and column in mine and column in first
            },
        }
    return {"columns": columns, "first": config.arms[0], "arms": arms}


def _columns(config: AblateConfig) -> list[str]:
    return [f"{task} {name}" for name in SETS for task in ("output", "input", "whitebox", "anchors")]


def _scores(folder: Path, arm: str) -> dict[str, list[Scores]]:
    """By column, one entry for each seed that is evaluated."""
    found: dict[str, list[Scores]] = defaultdict(list)
    for seed in seeds_of(folder):
        for name in SETS:
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


def _figures(seeds: Sequence[Scores]) -> dict[str, Any]:
    pairs = [(program, value) for scores in seeds for (program, _), value in scores.items()]
    low, high = clustered_interval(pairs)
    return {
        "mean": _percent(mean([value for _, value in pairs])),
        "interval": [_percent(low), _percent(high)],
        **_over_seeds([mean(list(scores.values())) for scores in seeds]),
        "questions": len(pairs),
    }


def _difference(seeds: Sequence[Scores], others: Sequence[Scores]) -> dict[str, Any]:
    rows = [
        [(key[0], value - theirs[key]) for key, value in mine.items()]
        for mine, theirs in zip(seeds, others, strict=False)
    ]
    pairs = [pair for row in rows for pair in row]
    centre, error = mean([value for _, value in pairs]), clustered_error(pairs)
    return {
        "mean": _percent(centre),
        "interval": [_percent(centre - Z95 * error), _percent(centre + Z95 * error)],
        **_over_seeds([mean([value for _, value in row]) for row in rows]),
    }


def _over_seeds(values: Sequence[float]) -> dict[str, Any]:
    figures: dict[str, Any] = {"seeds": [_percent(value) for value in values]}
    if 2 <= len(values) <= len(T95) + 1:
        half = T95[len(values) - 2] * statistics.stdev(values) / math.sqrt(len(values))
        figures["over_seeds"] = [_percent(mean(values) - half), _percent(mean(values) + half)]
    return figures


def _percent(share: float) -> float:
    return round(100 * share, 2)


def markdown(found: Mapping[str, Any]) -> str:
    """The results as one table of Markdown: mean and interval, then the difference to the first arm."""
    lines = ["| arm | " + " | ".join(found["columns"]) + " |", "| --- |" + " --- |" * len(found["columns"])]
    for arm in found["arms"].values():
        cells = [cell(arm, column) for column in found["columns"]]
        lines.append(f"| {arm['label']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def cell(arm: Mapping[str, Any], column: str, new_line: str = "<br>") -> str:
    """`61.3 [58.1, 64.4]`, and in the next line the difference `+24.3 [+20.1, +28.5]`."""
    if column not in arm["columns"]:
        return ""
    figures = arm["columns"][column]
    low, high = figures["interval"]
    words = f"{figures['mean']:.1f} [{low:.1f}, {high:.1f}]"
    if column in arm["against"]:
        figures = arm["against"][column]
        low, high = figures["interval"]
        words += f"{new_line}{figures['mean']:+.1f} [{low:+.1f}, {high:+.1f}]"
    return words
