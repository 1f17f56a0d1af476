"""Budgets: what is counted, what is not, how the learning rate follows, and that a kill changes nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codereasoner.errors import ConfigError
from codereasoner.training.budget import FLAT, FORWARD, LEARN, Budget, Unit, budget_of
from codereasoner.training.grpo import cost_of_token, grpo
from codereasoner.training.sft import sft
from codereasoner.training.training_config import GrpoConfig, SftConfig

SFT = SftConfig(tokens=900, batch=4, accumulate=1, learning_rate=1e-3, log_every=1, threads=1, save_seconds=0)
GRPO = GrpoConfig(tokens=900, batch=8, accumulate=1, max_tokens=4, select=0, threads=1, save_seconds=0)


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def test_cpu_time_stands_still_while_the_process_waits() -> None:
    cpu, wall = Budget(10.0, "cpu"), Budget(10.0, "wall")
    time.sleep(0.3)
    assert wall.seconds >= 0.3
    assert cpu.seconds < 0.1
    end = time.process_time() + 0.1
    while time.process_time() < end:
        sum(range(1000))
    assert cpu.seconds >= 0.1


@pytest.mark.parametrize("unit", ["wall", "cpu"])
def test_what_is_done_in_a_pause_costs_nothing(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [5.0]
    monkeypatch.setattr(time, "monotonic" if unit == "wall" else "process_time", lambda: now[0])
    budget = Budget(1000.0, unit)
    budget.go_on({"seconds": 100.0})
    now[0] += 1
    with budget.paused():
        now[0] += 50
    now[0] += 2
    assert budget.seconds == 103.0


@pytest.mark.parametrize("unit", ["wall", "cpu", "tokens", "operations"])
def test_the_learning_rate_falls_in_a_line_after_the_flat_part(unit: Unit) -> None:
    def at(share: float) -> Budget:
        budget = Budget(100_000, unit)
        budget.go_on({"seconds": 100_000 * share, "tokens": 100_000 * share, "operations": 100_000 * share})
        return budget

    assert at(0.5).rate() == 1.0
    assert at(0.9).rate() == pytest.approx(0.1 / (1 - FLAT), abs=1e-3)
    assert (at(1.1).rate(), at(1.1).over) == (0.0, True)


def test_a_generated_token_costs_a_third_of_one_that_is_learnt() -> None:
    budget = Budget(parameters=10)
    budget.add(3, FORWARD)
    assert (budget.tokens, budget.operations) == (3, 60.0)
    budget.count(5)
    budget.count(7)
    assert (budget.tokens, budget.operations) == (10, 60.0 + 7 * LEARN * 10)
    assert cost_of_token(GrpoConfig()) == 8
    assert cost_of_token(GrpoConfig(updates_per_generation=2, beta=0.1)) == 12


def test_two_budgets_at_once_and_empty_ones_are_refused() -> None:
    with pytest.raises(ConfigError, match="has one budget, and there are tokens 1,000 and seconds 5"):
        budget_of(SftConfig(seconds=5, tokens=1000))
    with pytest.raises(ConfigError, match="tokens 0 is not a budget"):
        budget_of(GrpoConfig(tokens=0))
    assert budget_of(SftConfig()).limit is None


def test_a_budget_of_a_few_steps_says_before_the_first_what_a_step_takes(
    base: Path, sft_rows: Path, grpo_rows: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    sft(sft_rows, base, tmp_path / "sft", replace(SFT, tokens=400), notice=told.append)
    assert any("the budget of 400 tokens is checked after each step, which takes about" in each for each in told), told
    told = []
    grpo(grpo_rows, base, tmp_path / "grpo", GRPO, None, notice=told.append)
    [most] = [int(found[1].replace(",", "")) for each in told if (found := re.search(r"takes up to ([\d,]+):", each))]
    assert history(tmp_path / "grpo")[0]["tokens"] <= most

    budget = Budget(2e9, "operations", parameters=1000)
    budget.announce(10_000, "about", told.append)
    assert not told[-1].startswith("the budget of 2e+09")  # 33 steps: no word about them
    budget.announce(100_000, "about", told.append)
    assert told[-1].startswith("the budget of 2e+09 operations is checked after each step, which takes about 6e+08: ")


def test_the_same_tokens_are_the_same_training_whatever_the_machine_does(
    base: Path, sft_rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    config = replace(SFT, save_seconds=1e9)
    first = sft(sft_rows, base, tmp_path / "first", config, progress=lambda _, words: seen.append(words))
    assert seen[-1].startswith(f"step {history(first)[-1]['step']}, loss ")
    monkeypatch.setattr(time, "monotonic", lambda real=time.monotonic: 50 * real())  # a machine 50 times as slow
    second = sft(sft_rows, base, tmp_path / "second", replace(SFT, save_seconds=1e9))
    kept = ("step", "tokens", "operations", "loss", "learning_rate")
    rows = [[{name: row[name] for name in kept} for row in history(folder)] for folder in (first, second)]
    assert rows[0] == rows[1]
    assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()
    last = rows[0][-1]
    assert SFT.tokens is not None
    assert SFT.tokens <= last["tokens"] < 1.2 * SFT.tokens
    assert rows[0][-2]["tokens"] < SFT.tokens
    parameters = json.loads(base.with_name("base.manifest.json").read_text())["counts"]["parameters"]
    assert last["operations"] == LEARN * parameters * last["tokens"]


def stopped_and_continued(train: Callable[[Path, Any], Path], out: Path) -> list[dict[str, Any]]:
    """The history of a training that is stopped twice, each time behind a checkpoint."""
    for share in (0.3, 0.6):

        def stop(done: float, words: str, share: float = share) -> None:
            if done > share:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(out, stop)
    return history(train(out, lambda done, words: None))


@pytest.mark.slow
def test_a_training_stopped_twice_spends_the_same_tokens_and_operations(
    base: Path, sft_rows: Path, grpo_rows: Path, tmp_path: Path
) -> None:
    def tune(out: Path, progress: Any) -> Path:
        return sft(sft_rows, base, out, SFT, progress=progress)

    def reinforce(out: Path, progress: Any) -> Path:
        return grpo(grpo_rows, base, out, GRPO, None, progress)

    for name, train, steps_differ in (("sft", tune, False), ("grpo", reinforce, True)):
        whole = history(train(tmp_path / name, lambda done, words: None))
        parts = stopped_and_continued(train, tmp_path / f"{name} in parts")
        assert [row["step"] for row in parts] == list(range(1, len(parts) + 1))
        tokens = [row["tokens"] for row in parts]
        assert tokens == sorted(tokens)
        limit = (GRPO if steps_differ else SFT).tokens
        assert limit is not None
        assert tokens[-2] < limit <= tokens[-1] < 1.3 * limit
        ratios = [row["operations"] / row["tokens"] for row in (whole[-1], parts[-1])]
        assert ratios[0] == pytest.approx(ratios[1])
        if not steps_differ:
            assert tokens == [row["tokens"] for row in whole]


ONE_CORE = """
import os, sys
from pathlib import Path
from codereasoner.training.sft import sft
from codereasoner.training.training_config import SftConfig
if sys.argv[4] == "one core":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
rows, base, out = map(Path, sys.argv[1:4])
sft(rows, base, out, SftConfig(tokens=2000, batch=4, accumulate=1, learning_rate=1e-3, optimizer="muon", threads=1))
"""


@pytest.mark.slow
def test_one_core_learns_what_all_learn(base: Path, sft_rows: Path, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one core", "all cores")]
    for out in folders:
        subprocess.run([sys.executable, "-c", ONE_CORE, str(sft_rows), str(base), str(out), out.name], check=True)
    one, other = ((out / "model.safetensors").read_bytes() for out in folders)
    assert one == other
