"""The gold self-check finds a grader that refuses what is right, and says what guesses earn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.errors import ConfigError, DataError
from codereasoner.evaluation.gold_check import check_benchmark, compare_truth, gold_check, guess_baselines
from codereasoner.execution.pool import Pool
from codereasoner.styles import STYLES, Style
from codereasoner.task import Question

SOURCE = "def f(x):\n    return x\n"


def output(gold: str) -> Question:
    return Question("output", {"source": SOURCE, "entry": "f", "call": gold}, (gold,))


def test_a_right_answer_that_is_refused_is_listed_with_its_reason() -> None:
    broken = Question("coverage", {"source": SOURCE, "entry": "f", "call": "1", "line": 2}, ("perhaps",))
    report = gold_check([output("1"), broken], STYLES["direct"], None)
    assert report["gold_accepted"] == 1
    assert report["by_task"]["coverage"] == {"questions": 1, "gold_accepted": 0}
    [row] = report["rejected"]
    assert (row["id"], row["outcome"], row["reason"]) == (broken.id, "wrong", "neither yes nor no")


def test_a_guess_earns_the_share_of_questions_that_it_answers() -> None:
    report = gold_check([output("0"), output("0"), output("1"), output("[]")], STYLES["direct"], None)
    rates = report["guess_rates"]["output"]
    assert (rates["0"], rates["[]"], rates["None"], rates["the first argument"]) == (50.0, 25.0, 0.0, 100.0)


def test_the_baseline_of_a_task_is_its_best_guess() -> None:
    found = guess_baselines([output("0"), output("0"), output("1"), output("[]")], None)
    assert found == {"output: always the first argument": 100.0}


def test_guesses_that_must_run_are_run(pool: Pool) -> None:
    question = Question("input", {"source": SOURCE, "entry": "f", "value": "7"}, ("f(7)",))
    rates = gold_check([question], STYLES["direct"], pool.run)["guess_rates"]["input"]
    assert (rates["the value"], rates["0"]) == (100.0, 0.0)


@pytest.mark.parametrize("name", ["cruxeval-o", "cruxeval-i"])
def test_cruxeval_accepts_all_its_800_right_answers(name: str, pool: Pool, shared_data: Path) -> None:
    benchmark = extend.find("benchmark", name)
    questions = benchmark.load(shared_data / "cruxeval" / "cruxeval.jsonl")
    report = gold_check(questions, STYLES["direct"], pool.run, guess=False)
    assert (report["questions"], report["gold_accepted"], report["rejected"]) == (800, 800, [])


def test_only_revals_truth_can_be_compared(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'cruxeval-o' are in its data; a derived truth to compare has: reval"):
        compare_truth("cruxeval-o", None, tmp_path / "truth.jsonl", None)


def test_a_truth_file_without_a_field_is_named(tmp_path: Path, shared_data: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    truth.write_text(json.dumps({"idx": 0, "input_idx": 0}) + "\n")
    with pytest.raises(DataError, match="line 1: the field 'lineno' is missing"):
        compare_truth("reval", shared_data, truth, None)


def test_no_questions_are_no_failure() -> None:
    assert gold_check([], STYLES["direct"], None) == {
        "questions": 0,
        "gold_accepted": 0,
        "rejected": [],
        "by_task": {},
        "guess_rates": {},
    }


def test_a_benchmark_is_checked_in_the_style_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps({"code": "def f(x):\n    return x", "input": "1", "output": "1", "id": "a"}))
    seen = []

    def render(style: Style, *given: str) -> str:
        seen.append(style.name)
        return ""

    monkeypatch.setattr(Style, "render", render)
    check_benchmark("cruxeval-o", path, None, "boxed")
    assert seen == ["boxed"]


OWN = """
from codereasoner.extend import Benchmark, Question
FACTS = {"source": "def f(x): return x + 1", "entry": "f", "call": "1"}
class Own(Benchmark):
    name = title = "own"
    def load(self, data, runner=None):
        return [Question("output", FACTS, (gold,), id=gold) for gold in ("2", "3")]
    def parse_generation(self, question, text): return text
    def grade_officially(self, questions, texts, runner): return {}
"""


def test_a_record_of_an_own_benchmark_that_its_program_contradicts_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pool: Pool
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "own.py"
    path.write_text(OWN)
    found = check_benchmark(f"{path}:Own", path, pool.run)
    assert found["gold_accepted"] == 2
    assert found["rerun"]["agree"] == 1
    assert found["rerun"]["ill_posed"] == [{"id": "3", "reason": "running it gives 2"}]
