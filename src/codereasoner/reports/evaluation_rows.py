"""The results of a run or of several: one row for each evaluation, and what must be said loudly beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from codereasoner.extend import task_order
from codereasoner.reports.run_folder import Evaluation
from codereasoner.styles import short_name
from codereasoner.task import VERDICTS

TRUNCATED_LIMIT = 0.05  # above these shares an accuracy says more about the format than about reasoning
NO_ANSWER_LIMIT = 0.20


def results(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """One row for each evaluation with a summary, in the order given.

    A row is {"questions", "model", "identity", "grader", "style", "n_questions", "n_answers", "pass@1", "interval",
    "outcomes", "tasks": [{"task", "n_questions", "pass@1", "interval", "outcomes"}], "floors"}; figures in percent.
    """
    found = [each for each in evaluations if each.summary]
    return [_row(each, label) for each, label in zip(found, labels(found), strict=True)]


def labels(evaluations: Sequence[Evaluation]) -> list[str]:
    """A name for each evaluation's model; style and grader, or the run, are added where the name alone is ambiguous."""
    plain = [each.model for each in evaluations]
    ways = [f"{each.model} ({_way(each.summary)})" for each in evaluations]
    runs = [f"{each.model} ({each.run.name})" for each in evaluations]
    both = [f"{each.model} ({each.run.name}, {_way(each.summary)})" for each in evaluations]
    lists = [each.questions for each in evaluations]
    counts = [Counter(zip(lists, names, strict=True)) for names in (plain, ways, runs, both)]
    found = []
    for number, questions in enumerate(lists):
        names = [each[number] for each in (plain, ways, runs, both)]
        unique = (name for name, count in zip(names, counts, strict=True) if count[questions, name] == 1)
        found.append(next(unique, str(evaluations[number].folder)))
    return found


def floors_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What answers without a model get, by name, in percent."""
    return {name: value for row in rows for name, value in row["floors"].items()}


def warnings(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each evaluation in which too many answers were cut off or could not be read."""
    found = []
    for row in rows:
        name = f"{row['model']} on {row['questions']}"
        total = sum(row["outcomes"].values())
        truncated, silent = row["outcomes"].get("truncated", 0), row["outcomes"].get("no_answer", 0)
        if total and truncated > TRUNCATED_LIMIT * total:
            found.append(
                f"{name}: {100 * truncated / total:.1f} % of the answers were cut off. "
                "Raise max_tokens before reading this accuracy."
            )
        if total and silent > NO_ANSWER_LIMIT * total:
            found.append(
                f"{name}: no answer was found in {100 * silent / total:.1f} % of the completions. "
                "The accuracy measures the format more than the reasoning."
            )
    return found


def _row(evaluation: Evaluation, label: str) -> dict[str, Any]:
    summary = evaluation.summary
    parts = summary.get("by_task", {})
    return {
        "questions": evaluation.questions,
        "model": label,
        "identity": str(summary.get("model", evaluation.model)),
        "grader": summary.get("grader", ""),
        "style": summary.get("style", ""),
        **_figures(summary),
        "n_answers": summary.get("n_answers"),
        "tasks": [
            {"task": name, **_figures(part)}
            for name, part in sorted(parts.items(), key=lambda part: task_order(part[0]))
        ],
        "floors": dict(summary.get("floors", {})),
        "metrics": _flat(summary.get("metrics", {})),
    }


def _figures(part: Mapping[str, Any]) -> dict[str, Any]:
    outcomes = part.get("outcomes", {})
    return {
        "n_questions": part.get("n_questions"),
        "pass@1": part.get("pass@1"),
        "interval": part.get("interval"),
        "more": [[name, value] for name, value in part.items() if name.startswith("pass@") and name != "pass@1"],
        "outcomes": {verdict: outcomes.get(verdict, 0) for verdict in VERDICTS},
    }


def _flat(metrics: Mapping[str, Any]) -> list[list[Any]]:
    """[name, number] of what a benchmark measures beside pass@k: `coverage f1`, `consistency`."""
    found: list[list[Any]] = []
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            found += [[f"{name} {part}", number] for part, number in value.items()]
        elif name != "pass@1":
            found.append([name, value])
    return found


def _way(summary: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (short_name(str(summary.get("style") or "")), str(summary.get("grader") or ""))))
