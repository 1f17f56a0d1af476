"""Inspect runs our tasks for real: its command line, a served model, its log."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.exports.conftest import EXCERPT, OF_EXCERPT, OF_RUNS, GoldServer

from codereasoner import extend
from codereasoner.exports.framework_questions import framework_questions
from codereasoner.task import Question

MISSING = "pip install 'codereasoner[inspect]'"
# Its import takes seconds, and each test needs a process that has it.
pytestmark = [pytest.mark.slow, pytest.mark.skipif(find_spec("inspect_ai") is None, reason=MISSING)]
BOTH_WAYS = """
import functools, importlib.metadata, json, runpy, sys
importlib.metadata.packages_distributions = functools.cache(importlib.metadata.packages_distributions)
from inspect_ai import eval  # which looks through all packages for each task
_, evaluations, command, logs = sys.argv
for options in json.loads(evaluations):
    eval(**options, model="openai-api/local/gold", display="plain", log_format="json", log_dir=logs)
sys.argv = ["inspect", *json.loads(command)]
runpy.run_module("inspect_ai", run_name="__main__")
"""


def called(names: Sequence[str]) -> list[str]:
    """What Inspect calls our tasks and benchmarks."""
    from codereasoner.exports.inspect_tasks import inspect_name

    return list(map(inspect_name, names))


@pytest.fixture(scope="module")
def by_name(
    questions_file: Path, gold_server: GoldServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """The logs of every task, of the benchmarks and, by the command line, of a file of questions.

    One process evaluates all of them, for it starts longer than it works.
    """
    logs = tmp_path_factory.mktemp("logs")
    for name in OF_RUNS:
        gold_server.teach(framework_questions(name, limit=2, seed=5))
    for name in OF_EXCERPT:
        gold_server.teach(framework_questions(name, str(EXCERPT), limit=2))
    tasks, benchmarks = ([f"codereasoner/{name}" for name in called(names)] for names in (OF_RUNS, OF_EXCERPT))
    evaluations = [
        {"tasks": tasks, "task_args": {"limit": 2, "seed": 5}},
        {"tasks": benchmarks, "task_args": {"data": str(EXCERPT)}, "limit": 2},
    ]
    command = ["eval", "codereasoner/questions", "--model", "openai-api/local/gold"]
    command += ["--display", "plain", "--log-format", "json", "--log-dir", str(logs)]
    command += ["-T", f"file={questions_file}", "-T", "system=You are careful."]
    words = [sys.executable, "-c", BOTH_WAYS, json.dumps(evaluations), json.dumps(command), str(logs)]
    here = {"LOCAL_BASE_URL": gold_server.url, "LOCAL_API_KEY": "none"}
    done = subprocess.run(words, env=os.environ | here, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(log.read_text()) for log in logs.glob("*.json")]
    return {log["eval"]["task"].removeprefix("codereasoner/"): log for log in found}


def test_a_file_of_questions(questions: list[Question], by_name: dict[str, dict[str, Any]]) -> None:
    log = by_name["questions"]
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


@pytest.mark.parametrize(("text", "stop", "value"), [(None, "", "N"), ("[2]", "stop", "C"), ("[2]", "max_tokens", "I")])
def test_a_sample_that_a_limit_ended_without_any_output_is_no_answer(text: str | None, stop: Any, value: str) -> None:
    from inspect_ai.model import ModelOutput
    from inspect_ai.scorer import Target
    from inspect_ai.solver import TaskState

    from codereasoner.exports.inspect_tasks import graded

    question = Question("output", {"source": "def f(x):\n    return [x]\n", "entry": "f", "call": "2"}, ("[2]",))
    output = ModelOutput(model="m") if text is None else ModelOutput.from_content("m", text, stop)
    state = TaskState("m", 1, 1, "", [], output=output, metadata={"question": question.to_json()})
    score = asyncio.run(graded("bare")(state, Target("[2]")))
    assert score is not None
    assert score.value == value


def test_every_benchmark_and_every_task_of_the_registry_is_an_inspect_task() -> None:
    from codereasoner.exports import inspect

    benchmarks, tasks = extend.available("benchmark"), extend.available("task")
    assert not set(benchmarks) & set(tasks)
    for name in called([*benchmarks, *tasks]):
        assert callable(getattr(inspect, name))


def test_every_task_is_run_by_its_name(by_name: dict[str, dict[str, Any]]) -> None:
    names = called(OF_RUNS)
    assert {name: accuracy(by_name[name]) for name in names} == dict.fromkeys(names, 1.0)


def test_benchmarks_are_run_by_their_names(by_name: dict[str, dict[str, Any]]) -> None:
    for name, log in zip(OF_EXCERPT, map(by_name.__getitem__, called(OF_EXCERPT)), strict=True):
        assert (accuracy(log), log["eval"]["dataset"]["name"]) == (1.0, name)


def accuracy(log: dict[str, Any]) -> float:
    """The accuracy of all samples; an error of one is an error of the test."""
    assert log["status"] == "success", log["error"]
    found: float = log["results"]["scores"][0]["metrics"]["accuracy"]["value"]
    return found
