"""Inspect runs our tasks for real: its command line, a served model, its log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.exports.conftest import GoldServer

from codereasoner.exports.framework_questions import framework_questions
from codereasoner.task import Question

pytest.importorskip("inspect_ai", reason="pip install 'codereasoner[inspect]'")


def inspect_eval(task: str, server: GoldServer, logs: Path, *options: str) -> dict[str, Any]:
    """The one log of `inspect eval`, as JSON."""
    here = {"LOCAL_BASE_URL": server.url, "LOCAL_API_KEY": "none", "INSPECT_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "inspect_ai", "eval", task, "--model", "openai-api/local/gold"]
    command += ["--display", "plain", "--log-dir", str(logs), *options]
    done = subprocess.run(command, env=os.environ | here, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    (log,) = logs.glob("*.json")
    found: dict[str, Any] = json.loads(log.read_text())
    return found


def test_a_file_of_questions(
    questions: list[Question], questions_file: Path, gold_server: GoldServer, tmp_path: Path
) -> None:
    options = ("-T", f"file={questions_file}", "-T", "system=You are careful.")
    log = inspect_eval("codereasoner/questions", gold_server, tmp_path, *options)
    assert log["status"] == "success"
    for sample in log["samples"]:
        assert [(turn["role"], turn["content"]) for turn in sample["input"][:-1]] == [("system", "You are careful.")]
    scores = {sample["id"]: sample["scores"]["graded"] for sample in log["samples"]}
    assert {name: score["value"] for name, score in scores.items()} == {
        question.id: "N" if question is questions[-1] else "C" for question in questions
    }
    assert scores[questions[-1].id]["metadata"]["outcome"] == "no_answer"
    metrics = log["results"]["scores"][0]["metrics"]
    assert metrics["accuracy"]["value"] == pytest.approx((len(questions) - 1) / len(questions))
    assert metrics["stderr"]["params"] == {"cluster": "program"}


def test_a_benchmark_by_its_name(shared_data: Path, gold_server: GoldServer, tmp_path: Path) -> None:
    gold_server.teach(framework_questions("cruxeval-o", str(shared_data), limit=8))
    log = inspect_eval(
        "codereasoner/cruxeval_output", gold_server, tmp_path, "-T", f"data={shared_data}", "--limit", "8"
    )
    assert log["results"]["scores"][0]["metrics"]["accuracy"]["value"] == 1.0
    assert log["eval"]["dataset"]["name"] == "cruxeval-o"
