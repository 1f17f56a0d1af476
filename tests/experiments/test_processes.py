"""Trainings of an experiment as processes."""

from __future__ import annotations

from pathlib import Path

from codereasoner.experiments.processes import Process, train_together


def test_a_training_finds_its_folder_empty_as_its_log_is_next_to_it(tmp_path: Path) -> None:
    train_together([Process(tmp_path / "sft", ["--version"], 1.0)])
    assert not list((tmp_path / "sft").iterdir())
    assert "codereasoner" in (tmp_path / "sft.log").read_text()
