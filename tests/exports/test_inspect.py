"""Inspect runs our tasks for real: its command line, a served model, its log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.exports.conftest import EXCERPT, OF_EXCERPT, OF_RUNS, GoldServer

from codereasoner import extend
from codereasoner.exports.framework_questions import framework_questions
from codereasoner.task import Question

pytest.importorskip("inspect_ai", reason="pip install 'codereasoner[inspect]'")
from codereasoner.exports.inspect_tasks import inspect_name


def inspect_eval(tasks: Sequence[str], server: GoldServer, logs: Path, *options: str) -> dict[str, dict[str, Any]]:
    """The logs of `inspect eval` as JSON, by the name of the task."""
    here = {"LOCAL_BASE_URL": server.url, "LOCAL_API_KEY": "none", "INSPECT_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "inspect_ai", "eval", *tasks, "--model", "openai-api/local/gold"]
    command += ["--display", "plain", "--log-dir", str(logs), *options]
    done = subprocess.run(command, env=os.environ | here, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(log.read_text()) for log in logs.glob("*.json")]
    return {log["eval"]["task"].removeprefix("codereasoner/"): log for log in found}


def test_a_file_of_questions(
    questions: list[Question], questions_file: Path, gold_server: GoldServer, tmp_path: Path
) -> None:
    options = ("-T", f"file={questions_file}", "-T", "system=You are careful.")
    log = inspect_eval(["codereasoner/questions"], gold_server, tmp_path, *options)["questions"]
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


def test_every_benchmark_and_every_task_of_the_registry_is_an_inspect_task() -> None:
    from codereasoner.exports import inspect

    benchmarks, tasks = extend.available("benchmark"), extend.available("task")
    assert not set(benchmarks) & set(tasks)
    for name in (*benchmarks, *tasks):
        assert callable(getattr(inspect, inspect_name(name)))


def test_every_task_is_run_by_its_name(gold_server: GoldServer, tmp_path: Path) -> None:
    for name in OF_RUNS:
        gold_server.teach(framework_questions(name, limit=2, seed=5))
    names = list(map(inspect_name, OF_RUNS))
    asked = [f"codereasoner/{name}" for name in names]
    logs = inspect_eval(asked, gold_server, tmp_path, "-T", "limit=2", "-T", "seed=5")
    assert {name: accuracy(log) for name, log in logs.items()} == dict.fromkeys(names, 1.0)


def test_benchmarks_are_run_by_their_names(gold_server: GoldServer, tmp_path: Path) -> None:
    for name in OF_EXCERPT:
        gold_server.teach(framework_questions(name, str(EXCERPT), limit=2))
    asked = [f"codereasoner/{inspect_name(name)}" for name in OF_EXCERPT]
    logs = inspect_eval(asked, gold_server, tmp_path, "-T", f"data={EXCERPT}", "--limit", "2")
    for name in OF_EXCERPT:
        log = logs[inspect_name(name)]
        assert (accuracy(log), log["eval"]["dataset"]["name"]) == (1.0, name)


def accuracy(log: dict[str, Any]) -> float:
    """The accuracy of all samples; an error of one is an error of the test."""
    assert log["status"] == "success", log["error"]
    found: float = log["results"]["scores"][0]["metrics"]["accuracy"]["value"]
    return found
