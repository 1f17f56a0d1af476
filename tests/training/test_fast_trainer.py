"""What is left out of SFTTrainer changes nothing of what is learnt or logged."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codereasoner.models import device
from codereasoner.training import fast_trainer
from codereasoner.training import sft as module
from codereasoner.training.scratch import make_scratch_model
from codereasoner.training.settings import load
from codereasoner.training.sft import sft
from codereasoner.training.tokens import IGNORED
from codereasoner.training.training_config import SftConfig

CONFIG = SftConfig(max_steps=6, batch=8, accumulate=2, learning_rate=1e-3, warmup=0.0, log_every=2, threads=1)


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("precision", "near"), [("fp32", 1e-4), ("bf16", 0.02)])
def test_losses_gradients_and_accuracies_are_those_of_trl_without_the_logits_that_nobody_learns_from(
    precision: device.Precision,
    near: float,
    base: Path,
    sft_rows: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = replace(CONFIG, precision=precision)
    kind = type(load(str(base)).model)
    forward, sizes = kind.forward, []

    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = forward(self, *args, **kwargs)
        sizes.append((found.logits.shape[:-1].numel(), int((kwargs["labels"] != IGNORED).sum())))
        return found

    monkeypatch.setattr(kind, "forward", watched)
    ours = history(sft(sft_rows, base, tmp_path / "ours", config))
    assert sizes
    assert all(computed == learnt for computed, learnt in sizes)
    monkeypatch.setattr(kind, "forward", forward)
    monkeypatch.setattr(module, "fast_trainer", lambda trainer: trainer)
    theirs = history(sft(sft_rows, base, tmp_path / "theirs", config))
    assert [row["step"] for row in ours] == [2, 4, 6]
    for mine, other in zip(ours, theirs, strict=True):
        assert mine["tokens"] == other["tokens"]
        for name in ("loss", "grad_norm", "learning_rate", "token_accuracy"):
            assert mine[name] == pytest.approx(other[name], rel=near), name


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


def test_updates_come_in_random_order_the_longest_row_first_and_the_rest_last() -> None:
    class Plain:
        args = SimpleNamespace(train_batch_size=2, gradient_accumulation_steps=2, world_size=1)
        train_dataset = {"length": [random.Random(0).randint(10, 500) + number for number in range(402)]}

    lengths = Plain.train_dataset["length"]
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    sampler = fast_trainer.in_one_order(Plain)()._get_train_sampler()
    rows, again = list(sampler), list(sampler)
    assert sorted(rows) == list(range(402)) == sorted(again)
    assert rows != again
    assert lengths[rows[0]] == max(lengths)
    updates = [[lengths[row] for row in rows[at : at + 4]] for at in range(0, 400, 4)]
    spread = [max(update) - min(update) for update in updates[1:]]
    assert sorted(spread)[len(spread) // 2] < 20  # of 490: rows of like length stand together
    falls = sum(max(first) > max(second) for first, second in pairwise(updates[1:]))
    assert 30 < falls < 70  # of 98; sorted by length, nearly all would fall


def test_training_computes_attention_without_cudnn(base: Path, sft_rows: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.backends.cuda.enable_cudnn_sdp(True)
    sft(sft_rows, base, tmp_path / "trained", replace(CONFIG, max_steps=1))
    assert not torch.backends.cuda.cudnn_sdp_enabled()
