"""Accuracy by feature: where do the models go wrong, with long programs, with many steps, with which construct?

Only what was measured on the question, its program or its run is a feature; each share has its Wilson interval.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codereasoner.evaluation.metrics import wilson_interval
from codereasoner.extend import task_order
from codereasoner.records import Program
from codereasoner.reports.answer_traces import run_id
from codereasoner.reports.question_records import Gathered, Shown
from codereasoner.reports.run_folder import records_so_far

BINS = 5  # of a number, about equally many questions in each
CATEGORIES = 8  # of a name, the most frequent ones
NAME_LIMIT = 24  # characters of a category: longer texts are no categories

Bin = tuple[str, list[Shown]]
Programs = Mapping[str, Mapping[str, Any]]  # features by the program's id


def accuracy_by_feature(found: Gathered, programs: Programs) -> list[dict[str, Any]]:
    """[{"list", "task", "feature", "bins": [{"label", "questions", "models": {label: [share, low, high]}}]}], percent.

    `list` is the name of the list of questions; a feature with one bin only tells nothing and is left out.
    """
    groups: defaultdict[tuple[str, str], list[Shown]] = defaultdict(list)
    for item in found.shown.values():
        for name in item.lists:
            groups[name, item.question.task].append(item)
    rows = []
    for (name, task), items in sorted(groups.items(), key=lambda group: (group[0][0], task_order(group[0][1]))):
        for feature, bins in binned(items, programs, found).items():
            rows.append({"list": name, "task": task, "feature": feature, "bins": [_bin(each) for each in bins]})
    return rows


def program_features(folders: Sequence[Path], found: Gathered) -> Programs:
    """The features of the programs of the questions that a model answered, by the program's id."""
    wanted = {item.question.program for item in found.shown.values() if item.outcomes}
    if not wanted:
        return {}
    programs = (program for folder in folders for program in records_so_far(folder / "programs.jsonl", Program))
    return {program.id: program.features for program in programs if program.id in wanted}


def binned(items: Sequence[Shown], programs: Programs, found: Gathered) -> dict[str, list[Bin]]:
    """The questions in bins by each feature; a feature with one bin only is left out."""
    values: defaultdict[str, list[tuple[Any, Shown]]] = defaultdict(list)
    for item in items:
        for name, value in _features(item, programs, found).items():
            values[name].append((value, item))
    bins = {name: _bins(pairs) for name, pairs in values.items()}
    return {name: found for name, found in bins.items() if len(found) > 1}


def _features(item: Shown, programs: Programs, found: Gathered) -> dict[str, Any]:
    question = item.question
    features: dict[str, Any] = {"lines of the program": str(question.facts.get("source", "")).strip().count("\n") + 1}
    if run := found.runs.get(run_id(question)):
        features["executed lines"] = sum(step.event == "line" for step in run.steps)
    if question.gold:
        features["characters of the gold answer"] = len(question.gold[0])
    return features | dict(programs.get(question.program, {})) | dict(question.features)


def _bins(pairs: Sequence[tuple[Any, Shown]]) -> list[Bin]:
    """By value where there are few of them, by ranges of numbers, or by name."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value, _ in pairs):
        return _number_bins(sorted(pairs, key=lambda pair: pair[0]))
    named: defaultdict[str, list[Shown]] = defaultdict(list)
    for value, item in pairs:
        for name in value if isinstance(value, list | tuple) else [value]:
            if not isinstance(name, str | bool | int) or len(str(name)) > NAME_LIMIT:
                return []
            named[str(name)].append(item)
    often = Counter({name: len(items) for name, items in named.items()}).most_common(CATEGORIES)
    return [(name, named[name]) for name, count in often if count > 1]


def _number_bins(pairs: Sequence[tuple[float, Shown]]) -> list[Bin]:
    values = [value for value, _ in pairs]
    distinct = sorted(set(values))
    if len(distinct) <= BINS + 1:
        edges = distinct
    else:
        edges = sorted({values[index * len(values) // BINS] for index in range(BINS)})
    bins: list[Bin] = []
    for start, after in zip(edges, [*edges[1:], None], strict=True):
        inside = [(value, item) for value, item in pairs if value >= start and (after is None or value < after)]
        low, high = inside[0][0], inside[-1][0]
        label = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        bins.append((label, [item for _, item in inside]))
    return bins


def _bin(found: Bin) -> dict[str, Any]:
    label, items = found
    models: dict[str, list[float]] = {}
    for name in dict.fromkeys(name for item in items for name in item.outcomes):
        shares = [item.outcomes[name].count("c") / len(item.outcomes[name]) for item in items if name in item.outcomes]
        low, high = wilson_interval(sum(shares), len(shares))
        models[name] = [round(100 * value, 2) for value in (sum(shares) / len(shares), low, high)]
    return {"label": label, "questions": len(items), "models": models}
