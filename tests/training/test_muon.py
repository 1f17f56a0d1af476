"""Muon: torch's updates, without its bf16."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from codereasoner.training.muon import make_muon, orthogonal
from codereasoner.training.settings import load, quiet

torch: Any = pytest.importorskip("torch")

SHAPES = [(12, 40), (40, 12), (24, 24), (20, 24)]


def matrices(shape: tuple[int, int], count: int = 3) -> list[Any]:
    chance = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=chance) for _ in range(count)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_updates_have_singular_values_near_one_and_keep_their_singular_vectors(shape: tuple[int, int]) -> None:
    for matrix, made in zip(matrices(shape), orthogonal(matrices(shape)), strict=True):
        left, values, right = torch.linalg.svd(matrix, full_matrices=False)
        inside = left.T @ made @ right.T
        large = values > values.max() / 20  # small ones need more steps, as in every Muon
        assert inside.diagonal()[large].min() > 0.5
        assert inside.diagonal().max() < 1.3
        assert (inside - inside.diagonal().diag()).abs().max() < 1e-3


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_batch_of_matrices_gives_what_each_gives_alone_whatever_its_scale(shape: tuple[int, int]) -> None:
    together = orthogonal(matrices(shape))
    for matrix, made in zip(matrices(shape), together, strict=True):
        assert torch.allclose(orthogonal([1e-6 * matrix])[0], made, atol=1e-4)
    assert orthogonal([torch.zeros(shape)])[0].abs().max() == 0


def test_three_steps_are_those_of_torch_up_to_the_rounding_of_bf16(base: Path) -> None:
    with quiet():
        ours, theirs, before = (load(str(base))[0] for _ in range(3))
    inner = [weight for name, weight in theirs.named_parameters() if "proj" in name]
    reference = torch.optim.Muon(inner, lr=2e-3, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    optimizer = make_muon(ours, 2e-3)
    chance = torch.Generator().manual_seed(1)
    for _ in range(3):
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            mine.grad = torch.randn(mine.shape, generator=chance)
            other.grad = mine.grad.clone()
        optimizer.step()
        reference.step()
    for (name, mine), other, first in zip(
        ours.named_parameters(), theirs.parameters(), before.parameters(), strict=True
    ):
        if "proj" in name:
            assert (mine - other).norm() < 0.03 * (mine - first).norm(), name
        else:
            assert not torch.equal(mine, first), name


def test_no_product_is_made_in_bf16_on_a_processor(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[Any] = set()
    product = torch.baddbmm

    def watched(*values: Any, **scales: float) -> Any:
        used.update(value.dtype for value in values)
        return product(*values, **scales)

    monkeypatch.setattr(torch, "baddbmm", watched)
    with quiet():
        model = load(str(base))[0]
    optimizer = make_muon(model, 1e-3)
    for weight in model.parameters():
        weight.grad = torch.ones_like(weight)
    optimizer.step()
    assert used == {torch.float32}


def test_a_saved_optimizer_goes_on_as_if_it_had_not_stopped(base: Path) -> None:
    with quiet():
        models = [load(str(base))[0] for _ in range(2)]
    made = [make_muon(model, 1e-2) for model in models]

    def step(number: int) -> None:
        chance = torch.Generator().manual_seed(7)
        for weight in models[number].parameters():
            weight.grad = torch.randn(weight.shape, generator=chance)
        made[number].step()

    step(0)
    step(1)
    made[1] = make_muon(models[1], 1e-2)
    made[1].load_state_dict(copy.deepcopy(made[0].state_dict()))
    step(0)
    step(1)
    for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(one, other)


def test_weight_decay_shrinks_matrices_and_embeddings_and_nothing_else(base: Path) -> None:
    with quiet():
        model, kept = load(str(base))[0], load(str(base))[0]
    optimizer = make_muon(model, 0.1, weight_decay=0.5)
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
    optimizer.step()
    for (name, weight), before in zip(model.named_parameters(), kept.parameters(), strict=True):
        assert torch.allclose(weight, before * (0.95 if weight.ndim > 1 else 1.0), atol=1e-6), name
