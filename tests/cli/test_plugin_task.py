"""A task of a user's own goes through every stage, each command in a process that was not told of it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.errors import UnknownName
from codereasoner.ledger import read_rows
from codereasoner.stages.build_dataset import check_options
from codereasoner.stages.stage_options import BuildConfig

EXAMPLE = Path(__file__).parents[2] / "examples" / "length.py"
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def fresh(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs a command as a new process would: no task is registered; what the user named before is remembered."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("CODEREASONER_PLUGINS", "")
    monkeypatch.setattr(extend, "_registered", {})

    def run(*words: str) -> tuple[int, str, str]:
        extend._registered.clear()
        return command(*words)

    return run


def build(fresh: Command, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path / "length.py")
    sizes = ("--train", "30", "--rl", "10", "--test", "10")
    code, _, err = fresh("build", *sizes, "--task", "output", "--task", "length.py:Length", "--out", "set")
    assert code == 0, err


def test_the_documented_task_is_the_file_that_is_tested() -> None:
    page = (EXAMPLE.parents[1] / "docs" / "tasks.md").read_text()
    assert EXAMPLE.read_text() in re.findall(r"```python\n(.*?)```", page, re.DOTALL)


@pytest.mark.usefixtures("two_processes")
def test_a_task_of_ones_own_goes_through_every_stage(fresh: Command, tmp_path: Path) -> None:
    build(fresh, tmp_path)
    questions = [row for row in read_rows(tmp_path / "set" / "questions.jsonl") if row["task"] == "length"]
    chains = {row["question"]: row["text"] for row in read_rows(tmp_path / "set" / "chains.jsonl")}
    told = [row for row in questions if row["split"] == "train"]
    assert told
    assert all(chains[row["id"]].endswith(f"So the answer is {row['gold'][0]}.") for row in told)

    code, out, err = fresh("check", "set/questions.jsonl", "--json")
    assert (code, json.loads(out)["rejected"]) == (0, []), err
    code, out, err = fresh("audit", "set/chains.jsonl", "--questions", "set/questions.jsonl", "--json")
    parts = {part["task"]: part for part in json.loads(out)["parts"]}
    assert parts["length"]["true_percent"] == 100.0, err
    options = ("--direct", "length", "--rl-task", "length@1-5", "--chains", "set/chains.jsonl")
    code, _, err = fresh("rows", "set/questions.jsonl", *options)
    assert code == 0, err
    assert {json.loads(row["question"])["task"] for row in read_rows(tmp_path / "grpo.parquet")} == {"length"}
    code, _, err = fresh("evaluate", "set/questions.jsonl", "--model", "scripted:gold")
    assert "100.0 %" in err, err
    for words in (
        ("export", "grpo.parquet", "--to", "verl"),
        ("report", "evaluations"),
        ("chain", "set/questions.jsonl", "--runs", "set/runs.parquet", "--task", "length"),
        ("select", "set/questions.jsonl", "--out", "selected.jsonl"),
    ):
        code, _, err = fresh(*words)
        assert code == 0, f"{words}: {err}"


def test_a_task_that_an_option_of_build_brings_in_is_direct_by_its_name(fresh: Command, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path / "length.py")
    check_options(tmp_path, BuildConfig(task=("output", "length.py:Length"), direct=("length",)))
    extend._registered.clear()
    with pytest.raises(UnknownName, match="'length'"):
        check_options(tmp_path, BuildConfig(direct=("length",)))


@pytest.mark.slow
def test_a_model_is_trained_and_quizzed_on_a_task_of_ones_own(fresh: Command, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    build(fresh, tmp_path)
    small = ("--max-steps", "1", "--batch", "2", "--accumulate", "1")
    short = ("--select", "0", "--max-tokens", "8", "--num-generations", "2")
    code, _, err = fresh("sft", "set/sft.parquet", "--model", "scratch:0.3m", "--out", "sft", *small)
    assert code == 0, err
    fresh("rows", "set/questions.jsonl", "--chains", "set/chains.jsonl", "--rl-task", "length")
    code, _, err = fresh("grpo", "grpo.parquet", "--model", "sft", "--out", "grpo", *small, *short)
    assert code == 0, err
    (tmp_path / "mine.py").write_text("def f(x):\n    return x + [1]\n")
    code, out, err = fresh("quiz", "mine.py", "f([1, 2])", "--task", "length.py:Length", "--model", "scripted:gold")
    assert "1 of 1 right" in out, err


def test_a_moved_file_is_named_and_found_again_where_it_is_now(
    fresh: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(fresh, tmp_path)
    (tmp_path / "length.py").rename(tmp_path / "elsewhere.py")
    code, _, err = fresh("check", "set/questions.jsonl")
    assert code == 2
    assert f"there is no file {tmp_path}/length.py; put it back, or set CODEREASONER_PLUGINS to its new place" in err
    monkeypatch.setenv("CODEREASONER_PLUGINS", str(tmp_path / "elsewhere.py"))
    code, _, err = fresh("check", "set/questions.jsonl")
    assert code == 0, err
    code, _, err = fresh("ask", "set/runs.parquet", "--task", "elsewhere.py:Length", "--out", "again.jsonl")
    assert code == 0, err


@pytest.mark.slow
@pytest.mark.usefixtures("two_processes")
def test_where_nothing_is_remembered_a_variable_names_the_file_for_every_command(
    fresh: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/1/nowhere")
    build(fresh, tmp_path)  # its processes are told of the file, too
    monkeypatch.setenv("CODEREASONER_PLUGINS", "")
    commands = (
        ["check", "set"],
        ["evaluate", "set", "--model", "scripted:gold"],
        ["audit", "set"],
        ["harden", "set", "--with", "rename", "--limit", "3"],
        ["chain", "set", "--task", "length", "--out", "again.jsonl"],
        ["rows", "set", "--direct", "length"],
    )
    for words in commands[:2]:
        code, _, err = fresh(*words)
        assert (code, f"if it is yours, set CODEREASONER_PLUGINS={tmp_path / 'length.py'}" in err) == (2, True), err
    for words in commands:
        monkeypatch.setenv("CODEREASONER_PLUGINS", str(tmp_path / "length.py"))
        code, _, err = fresh(*words)
        assert code == 0, err


def test_a_report_is_made_without_the_file_of_a_task(fresh: Command, tmp_path: Path) -> None:
    build(fresh, tmp_path)
    code, _, err = fresh("evaluate", "set/questions.jsonl", "--model", "scripted:wrong")
    assert code == 0, err
    (tmp_path / "length.py").unlink()
    code, _, err = fresh("report", "evaluations")
    assert code == 0, err


def test_rows_of_a_stranger_execute_no_file(fresh: Command, tmp_path: Path) -> None:
    build(fresh, tmp_path)
    (tmp_path / "evil.py").write_text("open('executed', 'w').close()\n")
    text = (tmp_path / "set" / "questions.jsonl").read_text().replace("length.py:Length", "evil.py:Length")
    (tmp_path / "theirs.jsonl").write_text(text)
    code, _, err = fresh("check", "theirs.jsonl")
    assert code == 2
    assert "was never named here" in err
    for named in ("evil.py:Length", "evil.py", f"{tmp_path}/evil.py:Length"):  # as if the file were a task's name
        rows = [json.loads(line) for line in (tmp_path / "set" / "questions.jsonl").read_text().splitlines()]
        text = "".join(json.dumps(row | {"task": named, "plugin": ""}) + "\n" for row in rows)
        (tmp_path / "theirs.jsonl").write_text(text)
        for command in (["check", "theirs.jsonl"], ["chain", "theirs.jsonl", "--runs", "set/runs.parquet"]):
            code, _, err = fresh(*command)
            assert (code, "names no task but a file" in err) == (2, True), err
    assert not (tmp_path / "executed").exists()
