"""Training curves from history.jsonl."""

from __future__ import annotations

import json
from pathlib import Path

from codereasoner.reports.run_summary import POINTS, curves


def history(folder: Path, model: str, rows: list[dict[str, object]]) -> None:
    (folder / model).mkdir()
    (folder / model / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_long_history_is_thinned_and_keeps_its_last_values(tmp_path: Path) -> None:
    history(tmp_path, "sft", [{"step": step, "loss": 1 / step} for step in range(1, 10 * POINTS + 1)])
    [curve] = curves(tmp_path)
    assert len(curve["columns"]["loss"]) == len(curve["columns"]["step"]) == POINTS
    assert curve["last"] == {"step": 10 * POINTS, "loss": 1 / (10 * POINTS)}


def test_what_is_no_number_leaves_a_gap(tmp_path: Path) -> None:
    history(tmp_path, "sft", [{"loss": None}, {"loss": 2.0}, {"loss": float("nan")}, {"note": "text"}])
    [curve] = curves(tmp_path)
    assert curve["columns"] == {"loss": [None, 2.0, None, None]}


def test_models_stand_in_the_order_of_training(tmp_path: Path) -> None:
    for model in ("grpo", "ablation", "control", "sft"):
        history(tmp_path, model, [{"step": 1}])
    assert [curve["model"] for curve in curves(tmp_path)] == ["sft", "control", "grpo", "ablation"]
