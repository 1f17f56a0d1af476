"""What is left out of SFTTrainer changes nothing of what is learnt or logged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codereasoner.training import sft as module
from codereasoner.training.scratch import make_scratch_model
from codereasoner.training.settings import load
from codereasoner.training.sft import SftConfig, sft
from codereasoner.training.tokens import IGNORED

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


@pytest.mark.parametrize("size", ["0.3m", "0.4m-conv"])
def test_what_stands_behind_a_row_is_not_seen_with_or_without_a_mask(size: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    model, _ = load(str(make_scratch_model(tmp_path / "model", 0, size)))
    model.train()
    ids = torch.arange(200).reshape(4, 50)
    mask = (torch.arange(50) < torch.tensor([50, 40, 31, 12]).unsqueeze(1)).long()
    labels = ids.masked_fill(mask == 0, IGNORED)

    def learnt(**more: Any) -> tuple[float, float]:
        model.zero_grad()
        loss = model(input_ids=ids, labels=labels, use_cache=False, **more).loss
        loss.backward()
        return loss.item(), float(sum(weight.grad.double().norm() ** 2 for weight in model.parameters()))

    assert learnt() == pytest.approx(learnt(attention_mask=mask), rel=1e-5)
