"""verifiers runs our questions for real: its command line, its harness, a served model, its traces.

verifiers needs an older openai than we do, so it lives in an environment of its own: `make test-verifiers` makes it.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.exports.conftest import EXCERPT, OF_EXCERPT, OF_RUNS, GoldServer

from codereasoner.task import Question

COMMAND = os.environ.get("CODEREASONER_VERIFIERS", "")


pytestmark = pytest.mark.skipif(
    not COMMAND, reason="`make test-verifiers` makes the environment and sets $CODEREASONER_VERIFIERS"
)


def test_every_task_and_the_benchmarks_at_hand_are_tasksets_whose_right_answers_are_rewarded() -> None:
    names = [*OF_RUNS, *OF_EXCERPT]
    script = Path(__file__).parent / "real" / "with_verifiers.py"
    command = [str(Path(COMMAND).parent / "python"), str(script), str(EXCERPT), *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {name: [1.0, 0.0, 1.0, 0.0] for name in names}


def test_a_file_of_questions(
    questions: list[Question], questions_file: Path, gold_server: GoldServer, tmp_path: Path
) -> None:
    options = {
        "--model": "gold",
        "--env.taskset.questions": str(questions_file),
        "--env.taskset.system": "You are careful.",
        "--env.agent.harness.id": "null",
        "--env.agent.runtime.type": "subprocess",
        "--client.base-url": gold_server.url,
        "--client.api-key-var": "NO_KEY",
        "--output-dir": str(tmp_path),
    }
    flat = [word for pair in options.items() for word in pair]
    # The harness is a script that uv prepares: it must be found next to vf-eval.
    path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [COMMAND, "codereasoner-verifiers", *flat, "--no-push", "--no-rich"],
        env=os.environ | {"NO_KEY": "none", "PATH": path},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = tmp_path.rglob("traces.jsonl")
    episodes = [json.loads(line) for line in file.read_text().splitlines()]
    traces = [trace for episode in episodes for trace in episode["traces"]]
    found = {trace["task"]["data"]["id"]: trace for trace in traces}
    assert {name: trace["rewards"]["grade"]["score"] for name, trace in found.items()} == {
        question.id: float(question is not questions[-1]) for question in questions
    }
    assert found[questions[-1].id]["metrics"]["no_answer"] == 1.0
    assert found[questions[0].id]["info"]["grade"]["outcome"] == "correct"
    for trace in found.values():
        system, _ = trace["task"]["data"]["prompt"]
        assert (system["role"], system["content"]) == ("system", "You are careful.")
