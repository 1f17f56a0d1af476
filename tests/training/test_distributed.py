"""Two processes that share every batch learn what one process learns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.training.following import row, write_shard

from codereasoner.training.distributed import from_rank_0, gather, main_process_first, rank_and_size
from codereasoner.training.presets import flags
from codereasoner.training.sft import sft
from codereasoner.training.training_config import SftConfig


def test_with_one_process_there_is_nothing_to_agree_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert rank_and_size() == (0, 1)
    with main_process_first():
        assert from_rank_0(1, True) == [1, True]
    assert gather({"a": 1}) == {"a": 1}


CONFIG = SftConfig(
    max_steps=12,
    batch=8,
    accumulate=1,
    learning_rate=2e-3,
    warmup=0.0,
    log_every=1,
    threads=1,
    checks=2,
    check_tokens=4,
)


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def launched(words: list[str]) -> None:
    """The command in two processes of this machine, as accelerate starts them; one of them tells how it ended."""
    launch = "-m accelerate.commands.launch --multi_gpu --num_machines 1 --num_processes 2 --main_process_port 0"
    launch += " --mixed_precision no --dynamo_backend no --module codereasoner"
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *launch.split(), *words, "--allow-weak-isolation", "--workers", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (done.stdout + done.stderr).count("the model: ") == 1


def assert_same_losses(one: list[dict[str, Any]], two: list[dict[str, Any]]) -> None:
    for mine, theirs in zip(one, two, strict=True):
        assert theirs["tokens"] == mine["tokens"]
        assert theirs["loss"] == pytest.approx(mine["loss"], rel=1e-4)
        assert theirs["grad_norm"] == pytest.approx(mine["grad_norm"], rel=1e-3)


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(base: Path, sft_rows: Path, tmp_path: Path) -> None:
    one = history(sft(sft_rows, base, tmp_path / "one", CONFIG))
    words = ["sft", str(sft_rows), "--model", str(base), "--out", str(tmp_path / "two"), "--held-out", str(sft_rows)]
    launched([*words, *flags(CONFIG, batch=4, check_questions=4)])
    two = history(tmp_path / "two")
    assert [row["step"] for row in two] == list(range(13))
    assert_same_losses(one, two[1:])
    assert one[-1]["loss"] < 0.8 * one[0]["loss"]
    assert all("held_out" in two[index] for index in (0, 6, 12))


@pytest.mark.slow
def test_two_processes_that_follow_a_folder_have_the_losses_of_one(base: Path, tmp_path: Path) -> None:
    """The second shard comes when both wait for it."""
    folder, config = tmp_path / "rows", replace(CONFIG, order="file", max_steps=5)
    write_shard(folder, 0, [row(each) for each in range(18)])
    timer = threading.Thread(target=finish_when, args=(tmp_path / "two" / "history.jsonl", folder))
    timer.start()
    launched(["sft", str(folder), "--model", str(base), "--out", str(tmp_path / "two"), *flags(config, batch=4)])
    timer.join()
    two = history(tmp_path / "two")
    assert two[-1]["waited"] > 0
    assert_same_losses(history(sft(folder, base, tmp_path / "one", config)), two)


def finish_when(there: Path, folder: Path) -> None:
    """Write the rest of the rows a second after a file is there."""
    deadline = time.monotonic() + 100
    while not there.is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    write_shard(folder, 1, [row(each) for each in range(18, 40)])
    (folder / "done.json").write_text("{}")
