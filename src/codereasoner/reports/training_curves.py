"""The training curves of a run: the columns of every history.jsonl, thinned to what a screen can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codereasoner.reports.run_folder import checkpoints, rows_so_far

POINTS = 600  # a chart is at most about this many pixels wide


def curves(folder: Path) -> list[dict[str, Any]]:
    """One entry for each trained model: {"model", "rows", "columns": {name: [number or None]}, "last": {name: number}}.

    Shapes: the columns of one entry are equally long, at most POINTS. A longer history is thinned by the mean of
    neighbouring rows, so a peak of one step is lowered, not lost by luck.
    """
    found = []
    for checkpoint in checkpoints(folder):
        rows = list(rows_so_far(checkpoint / "history.jsonl"))
        if rows:
            found.append({"model": checkpoint.name, "rows": len(rows), "columns": _columns(rows), "last": _last(rows)})
    return found


def _last(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The last number of every column."""
    return {name: value for row in rows for name, value in row.items() if _is_number(value)}


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[float | None]]:
    names = dict.fromkeys(name for row in rows for name in row)
    groups = _groups(rows)
    columns = {name: [_mean(group, name) for group in groups] for name in names}
    return {name: values for name, values in columns.items() if any(value is not None for value in values)}


def _groups(rows: Sequence[Mapping[str, Any]]) -> list[Sequence[Mapping[str, Any]]]:
    size = -(-len(rows) // POINTS)
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _mean(group: Sequence[Mapping[str, Any]], name: str) -> float | None:
    values = [row[name] for row in group if _is_number(row.get(name))]
    return float(f"{sum(values) / len(values):.6g}") if values else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
