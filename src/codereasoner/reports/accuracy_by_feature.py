"""Accuracy by feature of the question, its program or its run: program length, executed lines, constructs.

Only what was measured is a feature; each accuracy has its 95 % interval, clustered by program.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from codereasoner.errors import ConfigError
from codereasoner.evaluation.metrics import clustered_interval, mean, percent
from codereasoner.extend import task_order
from codereasoner.jsonl_files import is_number
from codereasoner.records import Facts, Program
from codereasoner.reports.answer_traces import run_id
from codereasoner.reports.page import assemble, write_view
from codereasoner.reports.question_records import Gathered, Shown
from codereasoner.reports.run_folder import records_so_far

BINS = 5  # of a number, with about equally many questions each: fewer questions make intervals too wide to tell apart
CATEGORIES = 8  # of a name, the most frequent ones: more do not fit a plot
NAME_LIMIT = 24  # characters of a category: longer texts are not categories

Bin = tuple[str, list[Shown]]
Features = Mapping[str, Mapping[str, object]]
"""Features by the name of the question."""


class BinAccuracy(TypedDict):
    """The questions with one value of a feature, and the accuracy of each model with its interval, in percent."""

    label: str
    questions: int
    models: Mapping[str, tuple[float, float, float]]  # accuracy, low, high


class FeatureAccuracy(TypedDict):
    """The accuracies on one list of questions by one feature."""

    list: str
    task: str
    feature: str
    bins: Sequence[BinAccuracy]


def accuracy_by_feature(found: Gathered, features: Features) -> list[FeatureAccuracy]:
    """Return the accuracies by list, task and feature; a feature with a single bin is left out."""
    groups: defaultdict[tuple[str, str], list[Shown]] = defaultdict(list)
    for item in found.shown.values():
        for name in item.lists:
            groups[name, item.question.task].append(item)
    return [
        {"list": name, "task": task, "feature": feature, "bins": [_accuracy(label, part) for label, part in bins]}
        for (name, task), items in sorted(groups.items(), key=lambda group: (group[0][0], task_order(group[0][1])))
        for feature, bins in binned(items, features).items()
    ]


def question_features(folders: Sequence[Path], found: Gathered) -> Features:
    """Return the features of the questions that a model answered: of the question, its program and its run."""
    answered = [item for item in found.shown.values() if item.outcomes]
    wanted = {item.question.program for item in answered}
    programs: dict[str, Facts] = {}
    for folder in folders if answered else []:
        kept = records_so_far(folder / "programs.jsonl", Program, lambda row: row.get("id") in wanted)
        programs |= {program.id: program.features for program in kept}
    return {item.name: _features(item, programs.get(item.question.program, {}), found) for item in answered}


def binned(items: Sequence[Shown], features: Features) -> dict[str, list[Bin]]:
    """Return the questions in bins by each feature; a feature with a single bin is left out."""
    values: defaultdict[str, list[tuple[object, Shown]]] = defaultdict(list)
    for item in items:
        for name, value in features.get(item.name, {}).items():
            values[name].append((value, item))
    bins = {name: _bins(pairs) for name, pairs in values.items()}
    return {name: found for name, found in bins.items() if len(found) > 1}


def write_feature_page(score: Facts, out: Path) -> None:
    """Write the page of a score with CodeGlance's analysis "by_feature", or of several models' scores."""
    scores = score.get("models") or {"": score}
    parts = [{"model": name, **each["by_feature"]} for name, each in scores.items() if "by_feature" in each]
    if not parts:
        raise ConfigError(f"the score of {score['benchmark']} has no analysis by feature: only CodeGlance's have one")
    title = f"{score['benchmark']}, graded by the {score['grader']} grader"
    write_view(out, assemble(title, {"summary": {"name": title, "scores": parts}}))


def _features(item: Shown, program: Facts, found: Gathered) -> dict[str, object]:
    question = item.question
    lines = str(question.facts.get("source", "")).strip().count("\n") + 1
    features: dict[str, object] = {"lines of the program": lines}
    if run := found.runs.get(run_id(question)):
        features["executed lines"] = sum(step.event == "line" for step in run.steps)
    if question.gold:
        features["characters of the gold answer"] = len(question.gold[0])
    return features | dict(program) | dict(question.features)


def _bins(pairs: Sequence[tuple[object, Shown]]) -> list[Bin]:
    """Sort into bins by value where there are few of them, by ranges of numbers, or by name."""
    numbers = [(value, item) for value, item in pairs if is_number(value)]
    if len(numbers) == len(pairs):
        return _number_bins(sorted(numbers, key=lambda pair: pair[0]))
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


def _accuracy(label: str, items: Sequence[Shown]) -> BinAccuracy:
    models: dict[str, tuple[float, float, float]] = {}
    for name in dict.fromkeys(name for item in items for name in item.outcomes):
        shares = [(item.cluster, item.share(name)) for item in items if name in item.outcomes]
        low, high = clustered_interval(shares)
        accuracy = mean([share for _, share in shares])
        models[name] = (percent(accuracy, 2), percent(low, 2), percent(high, 2))
    return {"label": label, "questions": len(items), "models": models}
