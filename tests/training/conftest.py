"""A task that a tiny model learns in seconds: what does this list end with?"""

from __future__ import annotations

import fcntl
import json
import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.records import Job, Run
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.training.scratch import make_scratch_model
from codereasoner.training.sft import sft
from codereasoner.training.training_config import SftConfig
from codereasoner.training.training_rows import grpo_row, sft_row

TUNE = SftConfig(max_steps=80, batch=8, accumulate=1, learning_rate=2e-3, warmup=0.0, threads=1, optimizer="muon")
SOURCE = "def f(x):\n    return 7\n"


def question(task: str, digit: int) -> Question:
    """A question about a function that returns 7 whatever it is given."""
    return extend.task(task).collect(Run(SOURCE, "f", f"[{digit}]", "ok", value="7")).questions[0]


def run(jobs: Sequence[Job]) -> list[Run]:
    """What that function does, without running it."""
    return [Run(job.source, job.entry, job.call, "ok", value="7") for job in jobs]


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("trl")
    return make_scratch_model(tmp_path_factory.mktemp("models") / "base", 0, "0.3m")


@pytest.fixture(scope="session")
def sft_rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chance = random.Random("test/training/rows")
    asked = [question(chance.choice(("output", "input")), chance.randint(0, 9)) for _ in range(64)]
    rows = [sft_row(each, None, find_style("terse")) | {"id": str(index)} for index, each in enumerate(asked)]
    return write(tmp_path_factory.mktemp("rows") / "sft.jsonl", rows)


@pytest.fixture(scope="session")
def grpo_rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [grpo_row(question("output", digit), find_style("terse")) | {"id": str(digit)} for digit in range(10)]
    return write(tmp_path_factory.mktemp("rows") / "grpo.jsonl", rows)


@pytest.fixture(scope="session")
def started(base: Path, sft_rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that gives the right answer now and then; several workers of pytest train it once."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / "started.turn").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return sft(sft_rows, base, folder / "started", TUNE)
