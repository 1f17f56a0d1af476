"""The models of a list of questions compared pair by pair: in all, by task, by feature, and question by question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from codereasoner.evaluation.paired_comparison import Pair, mcnemar, paired
from codereasoner.extend import task_order
from codereasoner.reports.accuracy_by_feature import binned
from codereasoner.reports.question_browser import asked
from codereasoner.reports.question_records import Gathered, Shown

FEWEST = 2  # questions, for a difference to have an interval
WORDS = 160  # characters of a flipped question


def differences(found: Gathered) -> list[dict[str, Any]]:
    """[{"list", "first", "second", "tasks": {task or "all": what `paired` gives}}], percent.

    Each model is compared with the one before it in the order of the results (untrained, SFT, control, GRPO), and
    GRPO with the SFT that it started from.
    """
    return [
        _row(name, both, first, second)
        for name in found.lists
        for first, second in _chain(_models(found, name))
        if len(both := _both(found, name, first, second)) >= FEWEST
    ]


def comparisons(found: Gathered, programs: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As `differences`, but of every model with the first one of its list, each row with more.

    Its "tasks" have McNemar's "p"; "by_feature" is [{"feature", "bins": [{"label", and what `paired` gives}]}];
    "gained" and "lost" list the questions that flipped, as {"id", "task", "question"}; "not_shared" counts, for the
    first and the second model, the questions that the other one was not asked.
    """
    rows = []
    for name in found.lists:
        models = _models(found, name)
        for second in models[1:]:
            both = _both(found, name, models[0], second)
            if len(both) >= FEWEST:
                rows.append(_row(name, both, models[0], second) | _more(found, name, both, models[0], second, programs))
    return rows


def _more(
    found: Gathered,
    name: str,
    both: Sequence[Shown],
    first: str,
    second: str,
    programs: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    row = _row(name, both, first, second)
    tested = {task: part | {"p": mcnemar(part["gained"], part["lost"])} for task, part in row["tasks"].items()}
    features = {
        feature: [{"label": label, **paired(_pairs(items, first, second))} for label, items in bins]
        for feature, bins in binned(both, programs, found).items()
    }
    items = [item for item in found.shown.values() if name in item.lists]
    return {
        "tasks": tested,
        "by_feature": [{"feature": feature, "bins": bins} for feature, bins in features.items()],
        "gained": [_named(item) for item in both if _share(item, second) > _share(item, first)],
        "lost": [_named(item) for item in both if _share(item, second) < _share(item, first)],
        "not_shared": [sum(model in item.outcomes for item in items) - len(both) for model in (first, second)],
    }


def _models(found: Gathered, name: str) -> list[str]:
    items = [item for item in found.shown.values() if name in item.lists]
    return [model for model in found.models if any(model in item.outcomes for item in items)]


def _both(found: Gathered, name: str, first: str, second: str) -> list[Shown]:
    items = (item for item in found.shown.values() if name in item.lists)
    return [item for item in items if first in item.outcomes and second in item.outcomes]


def _chain(models: Sequence[str]) -> list[tuple[str, str]]:
    start, end = "sft", "grpo"
    found = list(pairwise(models))
    return found if not {start, end} <= set(models) or (start, end) in found else [*found, (start, end)]


def _row(name: str, items: Sequence[Shown], first: str, second: str) -> dict[str, Any]:
    tasks = sorted({item.question.task for item in items}, key=task_order)
    parts = {task: [item for item in items if item.question.task == task] for task in tasks}
    if len(tasks) > 1:
        parts["all"] = list(items)
    found = {task: paired(_pairs(part, first, second)) for task, part in parts.items() if len(part) >= FEWEST}
    return {"list": name, "first": first, "second": second, "tasks": found}


def _pairs(items: Sequence[Shown], first: str, second: str) -> list[Pair]:
    return [Pair(item.question.program or item.name, _share(item, first), _share(item, second)) for item in items]


def _share(item: Shown, model: str) -> float:
    codes = item.outcomes[model]
    return codes.count("c") / len(codes)


def _named(item: Shown) -> dict[str, str]:
    words = asked(item.question).strip().rpartition("\n")[2].removeprefix("assert ")
    return {"id": item.name, "task": item.question.task, "question": words[:WORDS]}
