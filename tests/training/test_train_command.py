"""The training commands: which budget counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from codereasoner.cli import train
from codereasoner.errors import ConfigError, DataError
from codereasoner.ledger import write_manifest
from codereasoner.training.training_config import SftConfig


def test_two_budgets_are_refused_before_any_work(tmp_path: Path) -> None:
    asked = ["rows.jsonl", "--model", "scratch:0.3m", "--out", str(tmp_path / "out"), "--tokens", "5", "--seconds", "4"]
    with pytest.raises(ConfigError, match="there are tokens 5 and seconds 4: give one of them"):
        CliRunner().invoke(train.sft_command, asked, catch_exceptions=False)
    with pytest.raises(ConfigError, match="there are tokens 5 and max-steps 4: give one of them"):
        CliRunner().invoke(train.sft_command, [*asked[:-2], "--max-steps", "4"], catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], {"tokens": 5000, "seconds": None, "operations": None}),
        (["--seconds", "7"], {"tokens": None, "seconds": 7.0, "operations": None}),
        (["--operations", "1e9"], {"tokens": None, "seconds": None, "operations": 1e9}),
        (["--tokens", "70"], {"tokens": 70, "seconds": None, "operations": None}),
        (["--max-steps", "2"], {"tokens": None, "seconds": None, "operations": None, "max_steps": 2}),
        (["--epochs", "1"], {"tokens": None, "seconds": None, "operations": None, "epochs": 1.0}),
    ],
)
def test_a_length_on_the_command_line_replaces_one_of_any_unit_in_the_file(
    words: list[str], wanted: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trl")
    seen: list[SftConfig] = []

    def trained(*given: Any, **more: Any) -> None:
        seen.append(given[3])
        begun = given[6]
        begun()
        write_manifest(out, {"config": {}, "counts": {"steps": 1, "tokens": 2000}})

    monkeypatch.setattr("codereasoner.training.sft.sft", trained)
    (tmp_path / "preset.yaml").write_text("tokens: 5000\nbatch: 3\n")
    out = tmp_path / "out"
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"prompt": "f(1) == ??", "completion": "=1"}\n')
    asked = [str(rows), "--config", str(tmp_path / "preset.yaml"), "--model", "scratch:0.3m", "--out", str(out), *words]
    done = CliRunner().invoke(train.sft_command, asked, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "(1 step, 2,000 tokens)" in " ".join(done.output.split())
    [config] = seen
    assert {name: getattr(config, name) for name in wanted} == wanted
    assert config.batch == 3
    kept = yaml.safe_load((out / "config.yaml").read_text())
    assert {name: kept[name.replace("_", "-")] for name in wanted} == wanted


def test_options_that_do_not_fit_one_another_are_refused_before_a_new_model_is_made(tmp_path: Path) -> None:
    pytest.importorskip("trl")
    (rows := tmp_path / "rows.jsonl").write_text('{"prompt": "f(1) == ??", "completion": "=1"}\n')
    asked = [str(rows), "--model", "scratch:0.3m", "--out", str(tmp_path / "out"), "--save", "adapter"]
    with pytest.raises(ConfigError, match="give --lora RANK as well"):
        CliRunner().invoke(train.sft_command, asked, catch_exceptions=False)
    assert list(tmp_path.iterdir()) == [rows]


@pytest.mark.parametrize("command", [train.sft_command, train.grpo_command, train.rft_command])
def test_a_mistyped_path_of_rows_is_refused_at_once(command: click.Command, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    asked = [str(tmp_path / "sett"), "--model", "scratch:0.3m", "--out", str(tmp_path / "out")]
    with pytest.raises(DataError, match=r"there is no file or folder .*sett"):
        CliRunner().invoke(command, asked, catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []


def test_rft_makes_the_new_model_that_its_help_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    seen: list[Any] = []
    monkeypatch.setattr("codereasoner.training.rft.rft", lambda *given: seen.extend(given))
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"prompt": [{"role": "user", "content": "f(1) == ??"}], "question": "{}"}\n')
    words = [str(rows), "--model", "scratch:0.3m", "--out", str(tmp_path / "out"), "--allow-weak-isolation"]
    done = CliRunner().invoke(train.rft_command, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert seen[1] == str(tmp_path / "out-base")
    assert (tmp_path / "out-base" / "model.safetensors").is_file()
