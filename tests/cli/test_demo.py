"""The demo, cut short: killed twice, it ends with every record of a run and has repeated no finished work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.libraries import library

from codereasoner.ledger import read_rows

library("trl")

SIZES = {"train": 60, "rl": 30, "test": 6, "sft-tokens": 20_000, "grpo-tokens": 24_000, "max-tokens": 16}
WORDS = [f"--{name}={value}" for name, value in SIZES.items()]
MODELS = ["base", "sft", "grpo", "control"]
RECORDS = ["programs.jsonl", "runs.parquet", "questions.jsonl", "chains.jsonl", "sft.parquet", "grpo.parquet"]


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "codereasoner", "demo", "--name", "short", "--allow-weak-isolation", *WORDS]
    environment = {name: value for name, value in os.environ.items() if name != "CODEREASONER_DATA"}
    output = (folder / "output.txt").open("ab")
    with output:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)


def processes_of(folder: Path) -> list[str]:
    """The command lines of the processes that work in this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(entry / "cwd") == str(folder):
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_demo_killed_twice_ends_whole_and_repeats_nothing(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "short"
    for awaited in (run / "chains.jsonl.manifest.json", run / "sft" / "history.jsonl"):
        process = start(tmp_path)
        while not awaited.exists() and process.poll() is None:
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 10
    while processes_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(tmp_path) == []
    finished = {name: (run / name).stat().st_mtime_ns for name in RECORDS}
    process = start(tmp_path)
    assert process.wait() == 0, (tmp_path / "output.txt").read_text()[-3000:]
    assert {name: (run / name).stat().st_mtime_ns for name in RECORDS} == finished
    for name in (f"{questions}@{model}" for questions in ("held-out", "longer") for model in MODELS):
        summary = json.loads((run / "evaluations" / name / "summary.json").read_text())
        assert {task: part["n_answers"] for task, part in summary["by_task"].items()} == {"input": 6, "output": 6}
    spent = {name: list(read_rows(run / name / "history.jsonl"))[-1] for name in ("sft", "grpo", "control")}
    assert 20_000 <= spent["sft"]["tokens"] < 23_000
    assert spent["control"]["operations"] == pytest.approx(spent["grpo"]["operations"], rel=0.5)
    for name in ("sft", "grpo", "control"):
        asked = [row for row in read_rows(run / name / "history.jsonl") if "held_out" in row]
        assert asked[0]["step"] == 0
        assert len(asked) > 1
    assert (run / "report.html").stat().st_size > 10_000
    assert all((run / name / "README.md").exists() for name in ("", "sft", "grpo", "control"))
    shown = " ".join((tmp_path / "output.txt").read_text().split())
    for words in (
        "untrained",
        "after SFT",
        "after GRPO",
        "control: more SFT",
        "best guess",
        "Sample answers",
        "grading took",
        "minutes on this machine",
    ):
        assert words in shown
