"""The share of the matrix rate: whose rate is known, and what counts as an operation."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from tests.libraries import library

from codereasoner.training import sft as module
from codereasoner.training.budget import full_rate, matrix_rate
from codereasoner.training.sft import sft
from codereasoner.training.training_config import SftConfig

library("trl")


@pytest.mark.parametrize(
    ("device", "rate"),
    [
        ("NVIDIA H200", 989e12),
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA GeForce RTX 4090", 165e12),
        ("NVIDIA L40S", 362e12),
        ("Tesla T4", None),
    ],
)
def test_a_device_is_known_by_the_words_of_its_name(device: str, rate: float | None) -> None:
    assert matrix_rate(device) == rate


def test_a_machine_without_a_gpu_has_no_full_rate() -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert full_rate(1_000_000) is None


def test_where_the_rate_is_known_rows_and_card_have_the_share_of_it(
    base: Path, sft_rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "full_rate", lambda parameters: 1e4)
    config = SftConfig(max_steps=5, batch=4, accumulate=1, log_every=2, threads=1)
    out = sft(sft_rows, base, tmp_path / "sft", config)
    rows = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4, 5]  # the last step always has a row
    for before, row in itertools.pairwise(rows):
        speed = (row["tokens"] - before["tokens"]) / (row["seconds"] - before["seconds"])
        assert row["matrix_share"] == pytest.approx(speed / 1e4, abs=6e-5, rel=0.02)
    card = json.loads((out / "codereasoner.json").read_text())
    assert card["tokens"] == rows[-1]["tokens"]
    assert card["matrix_share"] == pytest.approx(card["tokens"] / card["seconds"] / 1e4, abs=6e-5, rel=0.01)
