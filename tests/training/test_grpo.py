"""GRPO: what is right becomes more likely."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codereasoner.errors import ConfigError, DataError
from codereasoner.ledger import read_manifest
from codereasoner.training import fast_trainer, training_run
from codereasoner.training import grpo as grpo_module
from codereasoner.training.grpo import grpo
from codereasoner.training.reward_terms import reward_identity
from codereasoner.training.training_config import GrpoConfig

FAST = GrpoConfig(
    max_steps=24, batch=64, accumulate=1, learning_rate=1e-3, max_tokens=8, select=0, threads=1, temperature=1.5
)


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def trained(started: Path, grpo_rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grpo(grpo_rows, started, tmp_path_factory.mktemp("grpo") / "grpo", FAST, None)


def test_the_reward_rises(trained: Path) -> None:
    rewards = [row["reward"] for row in history(trained)]
    assert sum(rewards[-3:]) / 3 > sum(rewards[:3]) / 3 + 0.15


def test_what_matters_is_logged(trained: Path) -> None:
    row = history(trained)[0]
    wanted = {"step", "seconds", "tokens", "loss", "reward", "reward_seconds", "zero_variance", "truncated"}
    assert wanted | {"completion_tokens", "pass_rate"} <= set(row)
    assert all(row[name] is not None for name in wanted)
    assert 0 < row["reward_seconds"] < row["step_seconds"]


def test_the_pass_that_selects_prompts_is_saved_and_used_again(started: Path, grpo_rows: Path, tmp_path: Path) -> None:
    config = GrpoConfig(max_steps=1, batch=8, accumulate=1, max_tokens=8, select=4, threads=1, temperature=1.5)
    out = tmp_path / "grpo"

    def words(config: GrpoConfig, out: Path) -> list[str]:
        seen: list[str] = []
        grpo(grpo_rows, started, out, config, None, lambda share, text: seen.append(text))
        return [text for text in seen if text.startswith("choosing")]

    assert words(config, out)[-1] == "choosing prompts: 10 of 10 tried"
    kept = json.loads((out / "selected.json").read_text())
    assert set(kept["rates"]) == {str(digit) for digit in range(10)}
    for name, changed, again in (("rate", {"learning_rate": 1e-4}, False), ("select", {"select": 2}, True)):
        (tmp_path / name).mkdir()
        shutil.copy(out / "selected.json", tmp_path / name)
        assert bool(words(replace(config, **changed), tmp_path / name)) == again


def test_prompts_that_are_never_solved_teach_nothing(base: Path, grpo_rows: Path, tmp_path: Path) -> None:
    config = GrpoConfig(max_steps=1, batch=8, accumulate=1, max_tokens=2, select=2, threads=1)
    with pytest.raises(DataError, match="0 always, 10 never"):
        grpo(grpo_rows, base, tmp_path / "grpo", config, None)
    with pytest.raises(DataError, match="15% of the budget were spent before all 10 were tried"):
        grpo(grpo_rows, base, tmp_path / "spent", replace(config, max_steps=None, tokens=200), None)


def test_a_batch_holds_whole_groups(base: Path, grpo_rows: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="multiple of the 8 completions"):
        grpo(grpo_rows, base, tmp_path / "grpo", GrpoConfig(batch=4, accumulate=1), None)


def test_vllm_that_is_not_installed_is_named_before_any_work(
    base: Path, grpo_rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grpo_module, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="--vllm colocate needs the package vllm: pip install"):
        grpo(grpo_rows, base, tmp_path / "grpo", GrpoConfig(vllm="colocate"), None)
    assert not (tmp_path / "grpo").exists()


def test_too_few_prompts_for_one_round_are_refused(base: Path, grpo_rows: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are 10 prompts"):
        grpo(grpo_rows, base, tmp_path / "grpo", GrpoConfig(batch=64, accumulate=2, select=0), None)


def test_completions_that_the_model_cannot_read_to_their_end_are_refused_before_any_work(
    base: Path, grpo_rows: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        ConfigError, match=r"with --max-tokens 4096, and the model reads 4,096: give --max-tokens 40\d\d"
    ):
        grpo(grpo_rows, base, tmp_path / "grpo", replace(FAST, max_tokens=4096, select=2), None)


def test_sft_rows_are_refused(base: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"id": "a", "prompt": [{"role": "user", "content": "x"}]}\n')
    with pytest.raises(DataError, match="is it a GRPO row"):
        grpo(rows, base, tmp_path / "grpo", FAST, None)


def test_a_stopped_training_continues_after_its_last_checkpoint(started: Path, grpo_rows: Path, tmp_path: Path) -> None:
    config = GrpoConfig(max_steps=5, batch=8, accumulate=1, max_tokens=8, select=0, threads=1, save_seconds=0)

    def stop(share: float, text: str) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grpo(grpo_rows, started, tmp_path / "grpo", config, None, stop)
    assert len(history(tmp_path / "grpo")) == 2
    grpo(grpo_rows, started, tmp_path / "grpo", config, None)
    assert [row["step"] for row in history(tmp_path / "grpo")] == [1, 2, 3, 4, 5]


def test_a_reward_of_ones_own_trains_and_is_part_of_the_trainings_identity(
    started: Path, grpo_rows: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def long(grade, completion, tokens):\n    return 100.0 + tokens\n")
    config = replace(FAST, max_steps=2, batch=8, reward=f"{mine}:long")
    out = tmp_path / "grpo"
    grpo(grpo_rows, started, out, config, None)
    paid = [row["reward"] for row in history(out)]
    assert len(paid) == 2
    assert all(101.0 <= each <= 108.0 for each in paid)
    manifest = read_manifest(out)
    assert manifest is not None
    mine.write_text(mine.read_text() + "\n")
    assert training_run.is_done(out, manifest["config"])
    with pytest.raises(ConfigError, match=r"finished result of other options \(reward"):
        training_run.is_done(out, {**manifest["config"], "reward": reward_identity(config.reward)})


def test_a_reward_of_ones_own_that_is_missing_is_refused_before_any_work(
    started: Path, grpo_rows: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="there is no file"):
        grpo(grpo_rows, started, tmp_path / "grpo", replace(FAST, reward=f"{tmp_path}/no.py:f"), None)
    assert not (tmp_path / "grpo").exists()


def test_prompts_are_tokenised_as_in_sft_and_evaluation(base: Path) -> None:
    from codereasoner.models.local import tokenise
    from codereasoner.training.grpo import exact_prompts
    from codereasoner.training.settings import load

    class Trainer:
        processing_class = load(str(base)).tokenizer

    prompts = [[{"role": "user", "content": "def f(x):\n    return '<|end|>'\nassert f(1) == ??"}]]
    ids, _, _ = exact_prompts(Trainer)()._tokenize_prompts(prompts)
    assert ids == tokenise(prompts, Trainer.processing_class)
    assert Trainer.processing_class.eos_token_id not in ids[0]


@pytest.mark.parametrize("room", [2**28, 0])
def test_scoring_completions_only_learns_what_trls_head_learns(
    started: Path, grpo_rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    config = replace(FAST, max_steps=3, batch=16, accumulate=2, updates_per_generation=2, beta=0.01)
    expected = history(grpo(grpo_rows, started, tmp_path / "trl", config, None))
    seen: list[type] = []

    def counted(trainer: type) -> type:
        seen.append(fast_trainer.completions_only(trainer))
        return seen[-1]

    monkeypatch.setattr(fast_trainer, "ROOM", room)
    monkeypatch.setattr(grpo_module, "is_small", lambda model: False)
    monkeypatch.setattr(grpo_module, "completions_only", counted)
    found = history(grpo(grpo_rows, started, tmp_path / "ours", config, None))
    assert len(seen) == 1
    names = ("loss", "grad_norm", "entropy", "reward")
    for row, other in zip(found, expected, strict=True):  # a step that samples nothing has no reward
        known = {name: other[name] for name in names if other.get(name) is not None}
        assert {name: row[name] for name in known} == pytest.approx(known, rel=1e-3, abs=1e-6)
    assert sum(row["loss"] is not None and row["loss"] != 0 for row in expected) > 1
