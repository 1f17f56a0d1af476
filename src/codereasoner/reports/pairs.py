"""Is the next model better than the one before it? Both are compared on the same questions.

    difference   mean over the questions of (share of right answers of the second - of the first)
    interval     +- 1.96 standard errors, questions of one program being one cluster

Source: Miller 2024 (arXiv:2411.00640), sections 2.2 and 4.2. A comparison of pairs is sharper than two intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from codereasoner.evaluation.metrics import Z95, clustered_error, mean
from codereasoner.reports.gather import Gathered, Shown
from codereasoner.reports.results import task_order

FEWEST = 2  # questions, for a difference to have an interval


def differences(found: Gathered) -> list[dict[str, Any]]:
    """[{"list", "first", "second", "tasks": {task or "all": {"difference", "interval", "gained", "lost"}}}], percent.

    Each model is compared with the one before it in the order of the results (untrained, SFT, control, GRPO), and
    GRPO with the SFT that it started from.
    """
    rows = []
    for name in found.lists:
        items = [item for item in found.shown.values() if name in item.lists]
        models = [model for model in found.models if any(model in item.outcomes for item in items)]
        for first, second in _pairs(models):
            both = [item for item in items if first in item.outcomes and second in item.outcomes]
            if len(both) >= FEWEST:
                rows.append({"list": name, "first": first, "second": second, "tasks": _by_task(both, first, second)})
    return rows


def _pairs(models: Sequence[str]) -> list[tuple[str, str]]:
    start, end = "sft", "grpo"
    found = list(pairwise(models))
    return found if not {start, end} <= set(models) or (start, end) in found else [*found, (start, end)]


def _by_task(items: Sequence[Shown], first: str, second: str) -> dict[str, Any]:
    tasks = sorted({item.question.task for item in items}, key=task_order)
    parts = {task: [item for item in items if item.question.task == task] for task in tasks}
    if len(tasks) > 1:
        parts["all"] = list(items)
    return {task: _difference(part, first, second) for task, part in parts.items() if len(part) >= FEWEST}


def _difference(items: Sequence[Shown], first: str, second: str) -> dict[str, Any]:
    scores = [(item.question.program or item.name, _share(item, second) - _share(item, first)) for item in items]
    centre, error = mean([score for _, score in scores]), clustered_error(scores)
    return {
        "difference": round(100 * centre, 3),
        "interval": [round(100 * (centre + sign * Z95 * error), 3) for sign in (-1, 1)],
        "gained": sum(score > 0 for _, score in scores),
        "lost": sum(score < 0 for _, score in scores),
    }


def _share(item: Shown, model: str) -> float:
    codes = item.outcomes[model]
    return codes.count("c") / len(codes)
