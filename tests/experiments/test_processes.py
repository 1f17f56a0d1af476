"""Trainings of an experiment as processes."""

from __future__ import annotations

import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from codereasoner.experiments.processes import Process, train_together
from codereasoner.experiments.side_by_side import Job, run_jobs
from codereasoner.training.memory import TOGETHER


def test_a_training_finds_its_folder_empty_as_its_log_is_next_to_it(tmp_path: Path) -> None:
    train_together([Process(tmp_path / "sft", ["--version"], 1.0)])
    assert not list((tmp_path / "sft").iterdir())
    assert "codereasoner" in (tmp_path / "sft.log").read_text()


@pytest.mark.parametrize(("outer", "told"), [("", "2"), ("3", "6")])
def test_trainings_know_how_many_share_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outer: str, told: str
) -> None:
    seen: list[str] = []
    start = subprocess.Popen

    def watched(command: Any, env: Any, **options: Any) -> Any:
        seen.append(env[TOGETHER])
        return start(command, env=env, **options)

    if outer:
        monkeypatch.setenv(TOGETHER, outer)
    monkeypatch.setattr(subprocess, "Popen", watched)
    train_together([Process(tmp_path / name, ["--version"], 1.0) for name in ("a", "b")])
    assert seen == [told, told]


@pytest.mark.slow
def test_jobs_side_by_side_know_it_too() -> None:
    pytest.importorskip("torch")
    seen: list[str | None] = []
    run_jobs([Job("one", partial(os.getenv, TOGETHER))], 3, seen.append)
    assert seen == ["3"]
