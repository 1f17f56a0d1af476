"""Traces that are made for a report, because the questions came without them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reports.folders import blocks

from codereasoner.evaluation.run_evaluation import Asking, evaluate
from codereasoner.execution.pool import Pool
from codereasoner.extend import find
from codereasoner.reports.answer_traces import run_id, trace_answers, traced_runs, untraced
from codereasoner.reports.report_page import write_report
from codereasoner.reports.run_folder import chosen_evaluations
from codereasoner.styles import STYLES
from codereasoner.task import Question

SOURCE = "def f(x):\n    if x > 2:\n        x = x * 10\n    return x + 1"
OUTPUT = Question("output", {"source": SOURCE, "entry": "f", "call": "3"}, ("31",), id="sample_0")
INPUT = Question("input", {"source": SOURCE, "entry": "f", "value": "31"}, ("f(3)",), id="sample_1")
TESTED = Question(
    "coverage",
    {"source": SOURCE, "entry": "f", "call": "", "invocation": "# set up\nt()", "line": 3},
    ("no",),
    id="s_2",
)


@pytest.fixture
def answered(tmp_path: Path, pool: Pool) -> Path:
    """An evaluation of a benchmark's questions, which have no runs; `copy` answers `3` and `f(31)`."""
    folder = tmp_path / "evaluations" / "bench@copy"
    model = find("model", "scripted:copy")
    evaluate("bench", [OUTPUT, INPUT], model, Asking(STYLES["direct"]), folder, pool.run)
    return folder


def test_the_calls_of_questions_and_of_answers_are_traced_once(answered: Path, pool: Pool) -> None:
    found = chosen_evaluations([answered])
    assert untraced(found)
    told: list[tuple[float, str]] = []
    assert trace_answers(found, pool.run, lambda share, said: told.append((share, said))) == 2
    assert told == [(1.0, "2 of 2 calls")]
    assert {run.call: run.value for run in traced_runs(found[0]).values()} == {"3": "31", "31": "311"}
    assert not untraced(found)
    assert trace_answers(found, pool.run) == 0


def test_the_page_then_has_the_trace_and_the_class_of_each_mistake(answered: Path, pool: Pool) -> None:
    trace_answers(chosen_evaluations([answered]), pool.run)
    found = blocks(write_report(answered))
    assert [bool(run["steps"]) for run in found["runs-0"]] == [True]
    assert found["index"]["run"] == [0, 0]
    output, given = (detail["answers"][0]["mistake"] for detail in found["details-0"])
    assert output[0] == "stale_value"  # 3 where 31 is right
    assert given[0] == "stale_value"  # f(31) multiplies it by ten first


def test_a_coroutine_waits_and_yields_nothing(tmp_path: Path, pool: Pool) -> None:
    source = """import asyncio
class Later:
    async def get(self, x):
        return [each async for each in g(x)]
class Now:
    def get(self, x):
        yield from x
async def g(x):
    await asyncio.sleep(0)
    yield x
def f(x):
    return list(Now().get(asyncio.run(Later().get(x))))[0]"""
    asked = Question("output", {"source": source, "entry": "f", "call": "3"}, ("3",), id="sample_3")
    folder = tmp_path / "evaluations" / "bench@copy"
    evaluate("bench", [asked], find("model", "scripted:copy"), Asking(STYLES["direct"]), folder, pool.run)
    trace_answers(chosen_evaluations([folder]), pool.run)
    (run,) = blocks(write_report(folder))["runs-0"]
    kinds = [step[0] for step in run["steps"]]
    assert kinds.count("yield") == 2, kinds
    assert kinds.count("wait") >= 2  # a comprehension has a frame of its own before Python 3.12
    assert "exception" not in kinds  # what is awaited, and what is gone over, only ends
    assert "done" in kinds
    calls = [step[1] for step in run["steps"] if step[0] == "call"]
    assert len(calls) == len(set(calls))  # a frame that goes on is not called again
    assert {step[2] for step in run["steps"] if step[0] == "resume"} <= {4, 7, 9, 10}  # and not at its first line
    assert not any("wrapped" in step[5] for step in run["steps"])


def test_a_call_that_needs_a_set_up_is_not_traced() -> None:
    assert run_id(TESTED) == ""
    assert run_id(OUTPUT)
