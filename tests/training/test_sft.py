"""Instruction tuning: it learns, it keeps to its budget, and a kill costs only what was not saved."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.training.conftest import write

from codereasoner.errors import ConfigError, DataError
from codereasoner.ledger import read_rows, write_records
from codereasoner.models.checkpoint import load_checkpoint
from codereasoner.training import training_run
from codereasoner.training.callbacks import last_checkpoint
from codereasoner.training.grpo import grpo
from codereasoner.training.rft import rft
from codereasoner.training.sft import sft
from codereasoner.training.training_config import GrpoConfig, RftConfig, SftConfig

FAST = SftConfig(tokens=8000, batch=8, accumulate=1, learning_rate=2e-3, optimizer="muon", log_every=2, threads=1)


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def trained(base: Path, sft_rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sft(sft_rows, base, tmp_path_factory.mktemp("sft") / "sft", FAST)


def test_a_few_thousand_tokens_lower_the_loss(trained: Path) -> None:
    rows = history(trained)
    assert rows[-1]["loss"] < 0.5 * rows[0]["loss"]


def test_the_learning_rate_follows_the_tokens_down_to_nothing(trained: Path) -> None:
    rows = history(trained)
    assert rows[0]["learning_rate"] == pytest.approx(2e-3)
    assert rows[-1]["learning_rate"] < 1e-3
    assert 8000 <= rows[-1]["tokens"] < 8500


def test_the_trained_model_is_an_ordinary_folder_that_keeps_its_style(trained: Path) -> None:
    assert json.loads((trained / "codereasoner.json").read_text())["style"] == "terse"
    assert (trained / "model.safetensors").is_file()
    assert (trained / "tokenizer.json").is_file()
    assert not (trained / "checkpoints").exists()


def test_the_limit_of_a_trained_model_has_room_for_the_longest_answer_that_it_learnt(
    base: Path, sft_rows: Path, tmp_path: Path
) -> None:
    long = {"prompt": "f(1) == ??", "completion": "=1 " * 200}
    rows = write(tmp_path / "rows.jsonl", [*read_rows(sft_rows), long])
    sft(rows, base, tmp_path / "out", SftConfig(max_steps=1, batch=2, accumulate=1, threads=1))
    card = json.loads((tmp_path / "out" / "codereasoner.json").read_text())
    assert card["max_tokens"] == card["longest_answer"] > 400
    sft(sft_rows, base, tmp_path / "short", SftConfig(max_steps=1, batch=2, accumulate=1, threads=1))
    assert json.loads((tmp_path / "short" / "codereasoner.json").read_text())["max_tokens"] == 128


def test_the_same_training_is_not_done_twice(base: Path, sft_rows: Path, trained: Path) -> None:
    before = (trained / "model.safetensors").stat().st_mtime_ns
    sft(sft_rows, base, trained, FAST)
    assert (trained / "model.safetensors").stat().st_mtime_ns == before


def test_training_says_nothing_and_tells_its_progress(
    base: Path, sft_rows: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[float, str]] = []
    config = SftConfig(max_steps=4, batch=4, accumulate=2, log_every=1, threads=1)
    sft(sft_rows, base, tmp_path / "sft", config, progress=lambda share, text: told.append((share, text)))
    assert capfd.readouterr() == ("", "")
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1][0] == 1.0
    assert [row["step"] for row in history(tmp_path / "sft")] == [1, 2, 3, 4]


def test_steps_follow_a_cosine_with_warm_up(base: Path, sft_rows: Path, tmp_path: Path) -> None:
    config = SftConfig(max_steps=10, batch=2, accumulate=1, warmup=0.2, log_every=1, learning_rate=1.0, threads=1)
    sft(sft_rows, base, tmp_path / "sft", config)
    rates = [row["learning_rate"] for row in history(tmp_path / "sft")]
    assert rates[:3] == [0.0, 0.5, 1.0]
    assert rates[3:] == sorted(rates[3:], reverse=True)


def test_lora_gives_a_whole_model_too(base: Path, sft_rows: Path, tmp_path: Path) -> None:
    config = SftConfig(max_steps=2, batch=4, accumulate=1, lora=4, threads=1, learning_rate=0.1)
    out = sft(sft_rows, base, tmp_path / "sft", config)
    assert not (out / "adapter_model.safetensors").exists()
    assert (out / "model.safetensors").read_bytes() != (base / "model.safetensors").read_bytes()


def test_adapters_are_kept_alone_or_beside_the_merged_model_and_give_the_same_weights(
    base: Path, sft_rows: Path, tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    config = SftConfig(max_steps=2, batch=4, accumulate=1, lora=4, threads=1, learning_rate=0.1)
    both = sft(sft_rows, base, tmp_path / "both", replace(config, save="both"))
    alone = sft(sft_rows, base, tmp_path / "alone", replace(config, save="adapter"))
    assert not (alone / "model.safetensors").exists()
    assert not [folder for folder in (alone, both / "adapter") if (folder / "README.md").exists()], "no empty card"
    assert (alone / "adapter_model.safetensors").stat().st_size < (both / "model.safetensors").stat().st_size / 2
    weights = [load_checkpoint(str(folder)).model.state_dict() for folder in (both, both / "adapter", alone)]
    for name, value in weights[0].items():
        for other in weights[1:]:
            torch.testing.assert_close(other[name], value)
    for each in alone.glob("tokenizer*"):  # peft's own `save_pretrained` writes none
        each.unlink()
    again = sft(sft_rows, alone, tmp_path / "again", replace(config, lora=0))
    assert (again / "model.safetensors").exists()


def test_adapters_of_a_model_with_adapters_are_merged_one_after_another(
    base: Path, sft_rows: Path, grpo_rows: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    torch = pytest.importorskip("torch")
    config = SftConfig(max_steps=2, batch=4, accumulate=1, lora=4, threads=1, learning_rate=0.1, save="adapter")
    first = sft(sft_rows, base, tmp_path / "first", config)
    reinforced = GrpoConfig(max_steps=1, batch=8, accumulate=1, max_tokens=2, select=0, threads=1, lora=4, save="both")
    second = grpo(grpo_rows, first, tmp_path / "second", reinforced, None)
    said = [each.getMessage() for each in caplog.records]
    assert f"codereasoner: the adapters in {first} are merged into {base}" in said
    merged = load_checkpoint(str(second)).model.state_dict()
    for name, value in load_checkpoint(str(second / "adapter")).model.state_dict().items():
        torch.testing.assert_close(merged[name], value)
    note = first / "adapter_config.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | {"base_model_name_or_path": str(first)}))
    with pytest.raises(ConfigError, match="belong to themselves"):
        load_checkpoint(str(first))


@pytest.mark.parametrize(
    ("changes", "gpu", "words"),
    [
        ({"save": "both"}, False, "--save both saves LoRA adapters, and there are none: give --lora RANK"),
        (
            {"quantize": "nf4"},
            True,
            "weights below LoRA adapters in 4 bits, and there are none",
        ),
        ({"quantize": "nf4", "lora": 4}, False, "--quantize nf4 needs a GPU, and torch finds none here"),
        ({"quantize": "nf4", "lora": 4}, True, "--quantize nf4 needs the package bitsandbytes: pip install"),
        ({"optimizer": "adamw-8bit"}, False, "--optimizer adamw-8bit needs a GPU"),
        ({"optimizer": "adamw-8bit"}, True, "--optimizer adamw-8bit needs the package bitsandbytes"),
        ({"held_out": "nowhere.jsonl"}, False, "--held-out: there is no file nowhere.jsonl"),
        ({"template_args": "{"}, False, "template-args takes a JSON object"),
    ],
)
@pytest.mark.parametrize(("train", "config"), [(sft, SftConfig), (partial(rft, runner=None), RftConfig)])
def test_options_that_do_not_fit_are_refused_before_any_work(
    base: Path,
    sft_rows: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    gpu: bool,
    words: str,
    train: Callable[..., Path],
    config: type,
) -> None:
    pytest.importorskip("trl")
    monkeypatch.setattr(training_run, "has_gpu", lambda: gpu)
    monkeypatch.setattr(training_run, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=words):
        train(sft_rows, base, tmp_path / "out", config(**changes))
    assert not (tmp_path / "out").exists()


def test_tensorboard_gets_the_losses_and_a_missing_tracker_is_named(
    base: Path, sft_rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = SftConfig(max_steps=4, batch=4, accumulate=1, threads=1, log_every=2, track="tensorboard")
    out = sft(sft_rows, base, tmp_path / "sft", config)
    events = EventAccumulator(str(out / "tensorboard"))
    events.Reload()
    assert [each.step for each in events.Scalars("train/loss")] == [2, 4]
    monkeypatch.setattr(training_run, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="--track wandb needs the package wandb: pip install wandb"):
        sft(sft_rows, base, tmp_path / "other", replace(config, track="wandb"))


def test_a_model_that_is_not_there_is_the_callers_mistake(sft_rows: Path, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    with pytest.raises(DataError, match="there is no model folder"):
        sft(sft_rows, tmp_path / "nothing", tmp_path / "sft", FAST)


KILLED = """
import sys
from pathlib import Path
from codereasoner.ledger import read_rows, write_records
from codereasoner.training.sft import sft
from codereasoner.training.training_config import SftConfig
from codereasoner.training.callbacks import last_checkpoint
rows, base, out = map(Path, sys.argv[1:])
config = SftConfig(tokens=30_000, batch=8, accumulate=1, learning_rate=2e-3, log_every=1, threads=1, save_seconds=0.2)
sft(rows, base, out, config)
"""


@pytest.mark.slow
def test_a_killed_training_continues_where_it_was_saved_and_ends_with_the_same_budget(
    base: Path, sft_rows: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sft"
    command = [sys.executable, "-c", KILLED, str(sft_rows), str(base), str(out)]
    process = subprocess.Popen(command)
    while not list(out.glob("checkpoints/checkpoint-*/trainer_state.json")) and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    checkpoint = last_checkpoint(out / "checkpoints")
    assert checkpoint is not None
    saved = int(checkpoint.name.rpartition("-")[2])
    before = [row for row in history(out) if row["step"] <= saved]
    config = SftConfig(
        tokens=30_000, batch=8, accumulate=1, learning_rate=2e-3, log_every=1, threads=1, save_seconds=0.2
    )
    said: list[str] = []
    sft(sft_rows, base, out, config, notice=said.append)
    assert f"continues at step {saved}" in said
    rows = history(out)
    assert rows[: len(before)] == before
    assert [row["step"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[len(before)]["seconds"] >= before[-1]["seconds"]
    assert rows[-1]["tokens"] > before[-1]["tokens"]
    assert 30_000 <= rows[-1]["tokens"] < 30_500


def test_rows_in_the_order_of_their_file_are_learnt_one_after_another(
    base: Path, sft_rows: Path, tmp_path: Path
) -> None:
    """The first step sees the first rows: its loss is the one of a file that holds nothing else."""
    config = SftConfig(max_steps=1, batch=4, accumulate=1, log_every=1, threads=1, order="file")
    sft(sft_rows, base, tmp_path / "whole", config)
    write_records(tmp_path / "first.parquet", list(read_rows(sft_rows))[:4], {})
    sft(tmp_path / "first.parquet", base, tmp_path / "first", config)
    assert history(tmp_path / "whole")[0]["loss"] == pytest.approx(history(tmp_path / "first")[0]["loss"])
