"""Rejection-sampling fine-tuning: only right answers are learnt, each once, and sampling is part of the budget."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.training.conftest import TUNE

from codereasoner.errors import DataError
from codereasoner.extend import Sampling
from codereasoner.ledger import read_rows
from codereasoner.training import prompt_selection
from codereasoner.training.budget import Budget
from codereasoner.training.rft import _batch_size, rft
from codereasoner.training.training_config import RftConfig
from codereasoner.training.training_rows import read_question


def config(**changes: object) -> RftConfig:
    return RftConfig(**vars(TUNE) | {"max_tokens": 8, "temperature": 1.5} | changes)


def test_right_answers_are_kept_once_and_learnt_with_the_budget_that_is_left(
    started: Path, grpo_rows: Path, tmp_path: Path
) -> None:
    budget = config(operations=8e9, log_every=1)
    out = rft(grpo_rows, started, tmp_path / "rft", budget, None)
    rows = list(read_rows(out / "rft.jsonl"))
    assert rows
    assert len({(json.dumps(row["prompt"]), row["completion"][0]["content"]) for row in rows}) == len(rows)
    for row in rows:
        assert row["completion"][0]["content"].rpartition("=")[2].strip() in read_question(row["question"]).gold
    sampled = json.loads((out / "rft.json").read_text())["spent"]
    assert sampled["operations"] == pytest.approx(2 * 340_000 * sampled["tokens"], rel=0.01)
    tuned = list(read_rows(out / "history.jsonl"))[-1]
    assert tuned["operations"] == pytest.approx(3 * tuned["tokens"] / sampled["tokens"] * sampled["operations"])
    assert sampled["operations"] + tuned["operations"] == pytest.approx(8e9, rel=0.1)
    assert (out / "model.safetensors").read_bytes() != (started / "model.safetensors").read_bytes()
    saved = (out / "model.safetensors").stat().st_mtime_ns
    rft(grpo_rows, started, out, budget, None)
    assert (out / "model.safetensors").stat().st_mtime_ns == saved


def test_a_model_that_is_never_right_has_nothing_to_learn(base: Path, grpo_rows: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of 20 completions"):
        rft(grpo_rows, base, tmp_path / "rft", config(samples=2, max_tokens=2), None)


def test_a_small_budget_samples_fewer_prompts_at_once_instead_of_being_used_up(
    started: Path, grpo_rows: Path, tmp_path: Path
) -> None:
    out = rft(grpo_rows, started, tmp_path / "rft", config(tokens=500, samples=4), None)
    spent = json.loads((out / "rft.json").read_text())
    assert spent["prompts"] < len(list(read_rows(grpo_rows)))
    assert 0.4 <= spent["share"] < 0.8


@pytest.mark.parametrize(("device", "rows"), [("cpu", 256), ("cuda", 1024)])
def test_rft_and_the_choice_of_prompts_sample_as_many_rows_at_once_as_an_evaluation_does(
    monkeypatch: pytest.MonkeyPatch, device: str, rows: int
) -> None:
    loaded: Any = SimpleNamespace(model=SimpleNamespace(device=SimpleNamespace(type=device)))
    prompts: list[Any] = [{"id": str(number)} for number in range(rows)]
    taken = []

    def sample(batch: Sequence[object], *_: object) -> list[object]:
        taken.append(len(batch))
        return [SimpleNamespace(grade=SimpleNamespace(reward=1.0))] * (8 * len(batch))

    monkeypatch.setattr(prompt_selection, "sample_rows", sample)
    monkeypatch.setattr(prompt_selection, "tokens_of", len)
    budget = Budget(limit=None, unit="tokens")
    rates = prompt_selection._rates(prompts, loaded, "direct", None, 8, Sampling(), budget, lambda *_: None)
    assert set(dict(rates).values()) == {1.0}
    assert taken == [rows // 8] * 8
    assert _batch_size(prompts, loaded, config(samples=8), budget) == rows // 8
