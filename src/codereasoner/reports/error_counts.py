"""Classes of mistakes and the share of true claims, counted for each model on each list of questions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from codereasoner.evaluation.error_rules import KINDS
from codereasoner.evaluation.metrics import clustered_interval, mean
from codereasoner.reports.question_records import MISTAKES, Gathered


def mistake_counts(found: Gathered) -> list[dict[str, Any]]:
    """[{"list", "model", "answers", "counts": {kind: count}}]: how many answers are wrong in which way."""
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for item in found.shown.values():
        for name in item.lists:
            for model, codes in item.mistakes.items():
                counts[name, model].update(codes)
    return [
        {"list": name, "model": model, "answers": codes.total(), "counts": _named(codes)}
        for (name, model), codes in sorted(
            counts.items(), key=lambda each: (each[0][0], found.models.index(each[0][1]))
        )
    ]


def step_accuracy(found: Gathered) -> dict[tuple[str, str], dict[str, Any]]:
    """By list and model {"share", "interval", "answers"}: the mean share of true claims over the answers with claims.

    In percent, with the 95 % interval, the answers about one program being one cluster.
    """
    shares: defaultdict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    for item in found.shown.values():
        for name in item.lists:
            for model, values in item.steps.items():
                shares[name, model] += [(item.question.program or item.name, value) for value in values]
    return {
        key: {
            "share": 100 * mean([value for _, value in pairs]),
            "interval": [100 * bound for bound in clustered_interval(pairs)],
            "answers": len(pairs),
        }
        for key, pairs in shares.items()
    }


def with_steps(rows: Sequence[Mapping[str, Any]], found: Gathered) -> list[dict[str, Any]]:
    """The rows of `results`, each with its "steps": what `step_accuracy` gives, or None where no claim was checked."""
    steps = step_accuracy(found)
    return [{**row, "steps": steps.get((row["questions"], row["model"]))} for row in rows]


def _named(codes: Counter[str]) -> dict[str, int]:
    return {kind: codes[MISTAKES[kind]] for kind in KINDS}
