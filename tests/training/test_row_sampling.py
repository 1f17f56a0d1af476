"""Where a model samples before its trainer has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.models import device
from codereasoner.training.budget import Budget
from codereasoner.training.row_sampling import batches_within
from codereasoner.training.scratch import make_scratch_model
from codereasoner.training.settings import load


def test_a_model_that_waits_for_its_trainer_samples_on_the_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("trl")
    loaded = load(str(make_scratch_model(tmp_path / "tiny", 0, "0.3m")))
    places: list[str] = []
    monkeypatch.setattr(device, "has_gpu", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.nn.Module, "to", lambda self, place: places.append(place))
    rows = [{"id": str(number), "prompt": [{"role": "user", "content": "?"}]} for number in range(3)]
    budget = Budget()
    for batch in batches_within(0.5, budget, rows, loaded, 2, 8):
        assert batch
        assert places == ["cuda:1"]
    assert places == ["cuda:1", "cpu"]
