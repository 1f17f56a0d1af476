"""Questions asked while a model trains, by the grader of every evaluation, without cost to the budget."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.training.conftest import question, run, write

from codereasoner.errors import ConfigError, DataError
from codereasoner.ledger import write_records
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.training.evaluation_callback import make_check
from codereasoner.training.grpo import grpo
from codereasoner.training.sft import sft
from codereasoner.training.training_config import GrpoConfig, SftConfig
from codereasoner.training.training_rows import grpo_row

TUNE = SftConfig(
    max_steps=80, batch=8, accumulate=1, learning_rate=2e-3, warmup=0.0, threads=1, optimizer="muon", checks=4
)


@pytest.fixture
def asked() -> list[Question]:
    return [question(task, digit) for task in ("output", "input") for digit in range(4)]


@pytest.fixture
def held_out(asked: list[Question], tmp_path: Path) -> str:
    rows = [grpo_row(each, find_style("terse")) | {"id": str(index)} for index, each in enumerate(asked)]
    return str(write(tmp_path / "held_out.jsonl", rows))


def curve(folder: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    return [row for row in rows if "held_out" in row]


@pytest.mark.parametrize("kind", ["rows", "questions"])
def test_sft_asks_at_the_start_the_end_and_between_and_the_curve_rises(
    base: Path, sft_rows: Path, held_out: str, asked: list[Question], kind: str, tmp_path: Path
) -> None:
    if kind == "questions":
        held_out = str(tmp_path / "questions.jsonl")
        write_records(Path(held_out), asked, {})
    config = SftConfig(**vars(TUNE) | {"held_out": held_out, "check_tokens": 12})
    rows = curve(sft(sft_rows, base, tmp_path / "sft", config, runner=run))
    assert [row["step"] for row in rows] == [0, 20, 40, 60, 80]
    assert rows[0]["held_out"] == 0.0
    assert rows[-1]["held_out"] > 50.0
    assert rows[-1]["held_out"] == (rows[-1]["held_out output"] + rows[-1]["held_out input"]) / 2
    assert all(row["loss"] is not None for row in rows[1:])


def test_asking_does_not_change_what_is_learnt(base: Path, sft_rows: Path, held_out: str, tmp_path: Path) -> None:
    config = SftConfig(max_steps=4, batch=4, accumulate=1, threads=1)
    asking = SftConfig(**vars(config) | {"held_out": held_out, "check_tokens": 4})
    plain = sft(sft_rows, base, tmp_path / "plain", config)
    asked = sft(sft_rows, base, tmp_path / "asked", asking, runner=run)
    assert (plain / "model.safetensors").read_bytes() == (asked / "model.safetensors").read_bytes()


def test_grpo_asks_too(base: Path, grpo_rows: Path, tmp_path: Path) -> None:
    config = GrpoConfig(
        max_steps=2, batch=8, accumulate=1, max_tokens=4, select=0, threads=1, held_out=str(grpo_rows), checks=2
    )
    rows = curve(grpo(grpo_rows, base, tmp_path / "grpo", config, None))
    assert [row["step"] for row in rows] == [0, 1, 2]
    assert all(set(row) >= {"held_out", "held_out output"} for row in rows)


def test_a_file_that_cannot_be_asked_is_refused(tmp_path: Path, held_out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_check(SftConfig(), 8, "terse", None, None) is None
    with pytest.raises(DataError, match="in style terse, and the model is trained in reasoning"):
        make_check(SftConfig(held_out=held_out, check_questions=8), 8, "reasoning", None, None)
    empty = tmp_path / "none.jsonl"
    empty.write_text("")
    with pytest.raises(DataError, match="has neither questions"):
        make_check(SftConfig(held_out=str(empty), check_questions=8), 8, "terse", None, None)
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(ConfigError, match="FSDP"):
        make_check(SftConfig(held_out=held_out, check_questions=8), 8, "terse", None, None)
