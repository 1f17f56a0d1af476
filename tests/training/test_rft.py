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
from codereasoner.training import prompt_selection, row_sampling
from codereasoner.training.budget import Budget
from codereasoner.training.rft import rft
from codereasoner.training.training_config import RftConfig
from codereasoner.training.training_rows import read_question


def config(**changes: object) -> RftConfig:
    return RftConfig(**vars(TUNE) | {"max_tokens": 8, "temperature": 1.5} | changes)


def test_right_answers_are_kept_once_and_learnt_with_the_budget_that_is_left(
    started: Path, grpo_rows: Path, tmp_path: Path
) -> None:
    budget = config(operations=8e9, max_steps=None, log_every=1)
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
    out = rft(grpo_rows, started, tmp_path / "rft", config(tokens=500, max_steps=None, samples=4), None)
    spent = json.loads((out / "rft.json").read_text())
    assert spent["prompts"] < len(list(read_rows(grpo_rows)))
    assert 0.4 <= spent["share"] < 0.8


@pytest.mark.parametrize(("device", "rows"), [("cpu", 256), ("cuda", 1024)])
@pytest.mark.parametrize(("limit", "asked"), [(None, 3000), (300_000, 57), (3_000_000, 569)])
def test_as_many_rows_are_sampled_at_once_as_in_an_evaluation_and_no_more_than_the_share_of_the_budget_allows(
    monkeypatch: pytest.MonkeyPatch, device: str, rows: int, limit: int | None, asked: int
) -> None:
    pytest.importorskip("torch")
    loaded: Any = SimpleNamespace(model=SimpleNamespace(device=SimpleNamespace(type=device)), tokenizer=None)
    prompts: list[Any] = [{"id": str(number), "prompt": []} for number in range(3000)]
    taken = []

    def sample(batch: Sequence[object], *_: object) -> list[object]:
        taken.append(len(batch))
        return [SimpleNamespace(grade=SimpleNamespace(reward=1.0))] * (4 * len(batch))

    monkeypatch.setattr(prompt_selection, "sample_rows", sample)
    monkeypatch.setattr(prompt_selection, "tokens_of", lambda samples: 198 * len(samples))
    monkeypatch.setattr(row_sampling, "tokenise", lambda found, _: [[0] * 150 for _ in found])
    budget = Budget(limit=limit, unit="tokens")
    rates = prompt_selection._rates(
        prompts, loaded, "direct", None, 4, Sampling(max_tokens=48), budget, lambda *_: None
    )
    assert set(dict(rates).values()) == {1.0}
    assert (max(taken), sum(taken)) == (min(rows // 4, asked - 1), asked)
    assert budget.share <= prompt_selection.SHARE + 4 * 198 / (limit or 1)
