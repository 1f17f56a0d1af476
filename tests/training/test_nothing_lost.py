"""A training that is finished or begun is never replaced unasked, and what it leaves out is counted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from codereasoner.errors import ConfigError
from codereasoner.ledger import read_manifest, read_rows
from codereasoner.outputs import locked
from codereasoner.training.sft import sft
from codereasoner.training.training_config import SftConfig

ONE = SftConfig(max_steps=1, batch=4, accumulate=1, log_every=1, threads=1)


@pytest.fixture(scope="module")
def trained(base: Path, sft_rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sft(sft_rows, base, tmp_path_factory.mktemp("trained") / "sft", ONE)


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.iterdir() if path.is_file()}


def test_another_option_is_refused_by_name_and_touches_nothing(base: Path, sft_rows: Path, trained: Path) -> None:
    before = contents(trained)
    with pytest.raises(ConfigError, match=r"sft holds a finished result of other options \(learning-rate: 1e-05, now"):
        sft(sft_rows, base, trained, replace(ONE, learning_rate=1e-3))
    assert contents(trained) == before


def test_options_that_change_nothing_of_the_result_are_no_others(base: Path, sft_rows: Path, trained: Path) -> None:
    before = contents(trained)
    how = replace(ONE, log_every=2, save_seconds=1.0, threads=2, readers=1, patience=1.0, held_out="gone", checks=1)
    assert sft(sft_rows, base, trained, how) == trained
    assert contents(trained) == before


def test_a_begun_training_of_other_options_is_refused(base: Path, sft_rows: Path, tmp_path: Path) -> None:
    note = tmp_path / "sft" / "checkpoints" / "config.json"
    (note.parent / "checkpoint-3").mkdir(parents=True)
    note.write_text(json.dumps({"seed": 7}))
    with pytest.raises(ConfigError, match=r"sft holds a begun result of other options \(seed: 7, now 0"):
        sft(sft_rows, base, tmp_path / "sft", ONE)
    assert note.is_file()


def test_a_model_that_was_not_trained_there_is_not_replaced(base: Path, sft_rows: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    with pytest.raises(ConfigError, match="holds a model that was not trained there"):
        sft(sft_rows, base, tmp_path, ONE)
    assert (tmp_path / "model.safetensors").read_bytes() == b"weights"


def test_two_trainings_do_not_share_a_folder(base: Path, sft_rows: Path, tmp_path: Path) -> None:
    with locked(tmp_path / "sft"), pytest.raises(ConfigError, match="is being written by process"):
        sft(sft_rows, base, tmp_path / "sft", ONE)


def test_rows_over_the_length_limit_are_counted_at_the_start_and_in_the_end(
    base: Path, sft_rows: Path, tmp_path: Path
) -> None:
    rows = list(read_rows(sft_rows))
    long = {**rows[0], "id": "long", "completion": [{"role": "assistant", "content": "1" * 400}]}
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows[:9], long]))
    notices: list[str] = []
    config = replace(ONE, max_length=200)
    out = sft(tmp_path / "rows.jsonl", base, tmp_path / "sft", config, notice=notices.append)
    assert notices[0] == "1 of 10 rows left out (10.0%): longer than --max-length 200 tokens"
    counts = (read_manifest(out) or {})["counts"]
    assert (counts["examples"], counts["too_long"]) == (10, 1)
    assert list(read_rows(out / "history.jsonl"))[-1]["too_long"] == 1


def test_rows_longer_than_the_model_reads_are_left_out_and_said(
    base: Path, sft_rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codereasoner.training.sft.context_of", lambda model: 200)
    long = {
        **next(iter(read_rows(sft_rows))),
        "id": "long",
        "completion": [{"role": "assistant", "content": "1" * 400}],
    }
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*read_rows(sft_rows), long]))
    notices: list[str] = []
    sft(tmp_path / "rows.jsonl", base, tmp_path / "sft", ONE, notice=notices.append)
    assert notices[0].endswith("longer than the model reads, 200 tokens")
