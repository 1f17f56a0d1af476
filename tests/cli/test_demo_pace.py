"""How long the demo will take, and the budgets that fit into minutes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codereasoner.cli import demo_pace
from codereasoner.cli.demo_config import DemoConfig
from codereasoner.cli.demo_pace import REST, Pace, fitted, pace_of, said
from codereasoner.errors import ConfigError
from codereasoner.training.scratch import make_scratch_model

CONFIG = DemoConfig(sft_tokens=1_000_000, grpo_tokens=600_000)
FAST = Pace(learn=10_000.0, generate=5_000.0, cores=2)


def test_side_by_side_the_longer_training_counts_and_on_one_core_both_do() -> None:
    assert FAST.training(CONFIG) == pytest.approx(100 + 180)  # GRPO takes longer than the 80 s of its control
    assert Pace(10_000.0, 5_000.0, 1).training(CONFIG) == pytest.approx(100 + 180 + 80)
    assert said(CONFIG, FAST) == (
        f"about {(280 + REST / 10_000) / 60:.0f} minutes on this machine: 2 cores, each learning 10,000 and generating "
        "5,000 tokens a second"
    )


def test_without_minutes_every_machine_has_the_same_tokens() -> None:
    assert fitted(CONFIG, FAST) == (CONFIG, 1.0)
    assert fitted(CONFIG, Pace(1.0, 1.0, 1)) == (CONFIG, 1.0)


@pytest.mark.parametrize("minutes", [3.0, 30.0])
def test_minutes_scale_the_tokens_to_what_fits(minutes: float) -> None:
    config, share = fitted(DemoConfig(sft_tokens=1_000_000, grpo_tokens=600_000, minutes=minutes), FAST)
    assert FAST.training(config) + FAST.rest == pytest.approx(60 * minutes, rel=1e-3)
    assert (config.sft_tokens, config.grpo_tokens) == (round(1_000_000 * share), round(600_000 * share))


def test_minutes_that_leave_nothing_for_training_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"--minutes 1 leaves no time to train: .* take about 2\.0 minutes here"):
        fitted(DemoConfig(minutes=1.0), Pace(10_000.0 * REST / 1_200_000, 5_000.0, 2))


def test_a_pace_is_measured_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("trl")
    monkeypatch.setattr(demo_pace, "MEASURED", 0.01)
    base = make_scratch_model(tmp_path / "base", 0, "0.3m")
    found = pace_of(tmp_path, base)
    assert found.learn > 10
    assert found.generate > 10
    assert found == pace_of(tmp_path, tmp_path / "nothing")
    assert json.loads((tmp_path / "pace.json").read_text())["cores"] == found.cores
