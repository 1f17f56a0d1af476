"""What is left out of SFTTrainer changes nothing of what is learnt or logged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codereasoner.training import sft as module
from codereasoner.training.sft import SftConfig, sft

CONFIG = SftConfig(max_steps=6, batch=8, accumulate=2, learning_rate=1e-3, warmup=0.0, log_every=2, threads=1)


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def test_losses_gradients_and_accuracies_are_those_of_trl(
    base: Path, sft_rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = history(sft(sft_rows, base, tmp_path / "ours", CONFIG))
    monkeypatch.setattr(module, "lean", lambda trainer: trainer)
    theirs = history(sft(sft_rows, base, tmp_path / "theirs", CONFIG))
    assert [row["step"] for row in ours] == [2, 4, 6]
    for mine, other in zip(ours, theirs, strict=True):
        assert mine["tokens"] == other["tokens"]
        for name in ("loss", "grad_norm", "learning_rate", "token_accuracy"):
            assert mine[name] == pytest.approx(other[name], rel=1e-4), name
