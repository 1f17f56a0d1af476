"""Results as rows of text: for a terminal, a README, a model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codereasoner.extend import task_label, task_order


def results_table(summaries: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """One row for each model after a row of headings; a column for each task, and one for all where there are more.

    Floors, what answers without a model get, are the last rows.

        [["model", "forward (output)", "all"], ["grpo", "62.5 % [57.6, 67.2]", ...], ["no model: ...", "", "7.0 %"]]
    """
    found = {task for summary in summaries.values() for task in summary.get("by_task", {})}
    tasks = sorted(found, key=task_order)
    whole = [] if len(tasks) == 1 else ["all"]
    rows = [["model", *(task_label(task) for task in tasks), *whole]]
    for name, summary in summaries.items():
        parts = [summary.get("by_task", {}).get(task, {}) for task in tasks] + [summary] * len(whole)
        rows.append([name, *(accuracy(part) for part in parts)])
    for floor, value in _floors(summaries).items():
        column = next((place for place, task in enumerate(tasks, start=1) if floor.startswith(f"{task}: ")), -1)
        cells = [f"no model: {floor}", *[""] * (len(rows[0]) - 1)]
        cells[column] = f"{value:.1f} %"
        rows.append(cells)
    return rows


def outcome_table(summaries: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """One row for each model after a first row of headings: how many answers had which outcome."""
    verdicts = list(dict.fromkeys(verdict for each in summaries.values() for verdict in each.get("outcomes", {})))
    rows = [["model", "answers", *(verdict.replace("_", " ") for verdict in verdicts)]]
    for name, summary in summaries.items():
        counts = summary.get("outcomes", {})
        rows.append([name, f"{sum(counts.values()):,}", *(f"{counts.get(verdict, 0):,}" for verdict in verdicts)])
    return rows


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """The rows as a Markdown table, the first row as its heading; empty where there is no row."""
    if not rows:
        return ""
    lines = [[_cell(cell) for cell in row] for row in rows]
    lines.insert(1, ["---", *["---:"] * (len(lines[0]) - 1)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def accuracy(part: Mapping[str, Any]) -> str:
    """`62.5 % [57.6, 67.2]`: pass@1 with its 95 % interval; a dash where there is none."""
    value, interval = part.get("pass@1"), part.get("interval")
    if value is None:
        return "-"
    return f"{value:.1f} %" + (f" [{interval[0]:.1f}, {interval[1]:.1f}]" if interval else "")


def _floors(summaries: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    return {name: value for summary in summaries.values() for name, value in summary.get("floors", {}).items()}


def _cell(text: str) -> str:
    """A text that stays one cell: no bar ends it, no line ends the row, no markup starts in it."""
    flat = " ".join(text.split())
    return flat.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
