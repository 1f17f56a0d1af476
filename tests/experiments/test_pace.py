"""How long an experiment takes, and the budgets that fit into minutes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from codereasoner.errors import ConfigError
from codereasoner.experiments import pace
from codereasoner.experiments.pace import REST, Pace, fit_minutes, pace_of
from codereasoner.experiments.plan import read_experiment
from codereasoner.training.presets import scratch
from codereasoner.training.scratch import make_scratch_model

DEMO = read_experiment("demo")
SIZE = replace(DEMO.settings, sft_tokens=1_000_000, then_tokens=800_000)  # 600,000 tokens of GRPO
FAST = Pace(learn=10_000.0, generate=5_000.0, cores=2)


def test_side_by_side_the_longer_training_counts_and_on_one_core_both_do() -> None:
    assert FAST.training(DEMO, SIZE) == pytest.approx(100 + 180)  # GRPO takes longer than the 80 s of its control
    assert Pace(10_000.0, 5_000.0, 1).training(DEMO, SIZE) == pytest.approx(100 + 180 + 80)
    assert FAST.announce(DEMO, SIZE) == (
        f"about {(280 + REST / 10_000) / 60:.0f} minutes on this machine: 2 cores, each learning 10,000 and generating "
        "5,000 tokens a second"
    )


def test_a_gpu_is_one_device_whatever_the_number_of_cores() -> None:
    gpu = Pace(10_000.0, 5_000.0, 1, gpu=True)
    assert gpu.training(DEMO, SIZE) == pytest.approx(100 + 180 + 80)
    assert ": one GPU, learning 10,000 and generating 5,000 tokens a second" in gpu.announce(DEMO, SIZE)


def test_every_seed_and_every_arm_takes_its_time() -> None:
    method = read_experiment("method")
    once = FAST.training(method, method.settings)
    assert FAST.training(method, replace(method.settings, seeds=3)) == pytest.approx(3 * once)
    assert FAST.rest(method, method.settings) == pytest.approx(3 * FAST.rest(DEMO, SIZE))
    rft = FAST.training(method, replace(method.settings, arms=("rft",), sft_tokens=0, then_tokens=1_000_000))
    assert rft == pytest.approx(0.4 * 3_000_000 / 5_000 + 0.6 * 1_000_000 / 10_000)


def test_without_minutes_every_machine_has_the_same_tokens() -> None:
    assert fit_minutes(DEMO, SIZE, FAST) == (SIZE, 1.0)
    assert fit_minutes(DEMO, SIZE, Pace(1.0, 1.0, 1)) == (SIZE, 1.0)


@pytest.mark.parametrize("minutes", [3.0, 30.0])
def test_minutes_scale_the_tokens_to_what_fits(minutes: float) -> None:
    found, share = fit_minutes(DEMO, replace(SIZE, minutes=minutes), FAST)
    assert FAST.training(DEMO, found) + FAST.rest(DEMO, found) == pytest.approx(60 * minutes, rel=1e-3)
    assert (found.sft_tokens, found.then_tokens) == (round(1_000_000 * share), round(800_000 * share))


def test_minutes_that_leave_nothing_for_training_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"--minutes 1 leaves no time to train: .* take about 2\.0 minutes here"):
        fit_minutes(DEMO, replace(SIZE, minutes=1.0), Pace(10_000.0 * REST / 1_200_000, 5_000.0, 2))


def test_a_pace_is_measured_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("trl")
    monkeypatch.setattr(pace, "MEASURED", 0.01)
    base = make_scratch_model(tmp_path / "base", 0, "0.3m")
    found = pace_of(tmp_path, base, scratch()["sft"])
    assert found.learn > 10
    assert found.generate > 10
    assert found == pace_of(tmp_path, tmp_path / "nothing", scratch()["sft"])
    assert json.loads((tmp_path / "pace.json").read_text())["cores"] == found.cores
