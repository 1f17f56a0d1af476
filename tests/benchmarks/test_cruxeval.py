"""CRUXEval: the published scorer's verdicts to the last one, and a strict grade beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.benchmarks.cruxeval import CruxevalInput, CruxevalOutput
from codereasoner.errors import DataError
from codereasoner.evaluation.generations import read_generations
from codereasoner.evaluation.metrics import pass_at_k
from codereasoner.evaluation.results import accuracy
from codereasoner.evaluation.score import score, score_file
from codereasoner.execution.pool import Limits, Pool
from codereasoner.extend import Generations
from codereasoner.task import Runner

ROOT = Path(__file__).parents[2]
RECORD = {"code": "def f(x):\n    return x + 1", "input": "1", "output": "2", "id": "sample_0"}


@pytest.mark.slow
def test_all_8000_verdicts_on_code_llama_are_the_published_ones(shared_data: Path) -> None:
    benchmark = CruxevalInput()
    questions = benchmark.load(shared_data / "cruxeval/cruxeval.jsonl")
    scored = shared_data / "cruxeval/codellama-7b_T0.2_input_scored.json"
    texts = read_generations(benchmark, scored, questions)
    published = json.loads(scored.read_text())
    with Pool(workers=2, limits=Limits(cpu_seconds=0.3), allow_weak_isolation=True) as pool:  # 21 calls never end
        verdicts = benchmark.grade_officially(questions, texts, pool.run)
        shown = accuracy(score(benchmark, questions, texts, "official", pool.run, False))
    counted = {name: benchmark.official_counts(row) for name, row in verdicts.items()}
    assert counted == published["raw_scored_generations"]
    for k in (1, 5):
        chances = [pass_at_k(len(counted[q.id]), sum(counted[q.id]), k) for q in questions]
        assert sum(chances) / 800 * 100 == pytest.approx(published[f"pass_at_{k}"], rel=1e-12)
    assert f" official  800  {shown} " in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_63_edge_cases_have_the_official_verdict(shared_data: Path, runner: Runner) -> None:
    cases: list[dict[str, Any]] = json.loads((shared_data / "cruxeval/official_scorer_edge_cases.json").read_text())
    wrong = []
    for case in cases:
        benchmark = {"input": CruxevalInput, "output": CruxevalOutput}[case["mode"]]()
        question = benchmark.question({**case, "id": "case"})
        verdicts = benchmark.grade_officially([question], Generations({"case": case["generations"]}), runner)["case"]
        if benchmark.official_counts(verdicts) != case["official"]:
            wrong.append((case, verdicts))
    assert len(cases) == 63
    assert not wrong


def test_a_skipped_echo_shrinks_the_denominator_of_the_official_score_only(runner: Runner) -> None:
    benchmark = CruxevalOutput()
    question = benchmark.question(RECORD)
    texts = {"sample_0": ["2", "f(1)", "f(1)", "f(1)", "f(1)"]}
    result = score(benchmark, [question], texts, "official", runner)
    assert result["pass@1"] == result["pass@5"] == 100.0
    assert result["outcomes"] == {"correct": 1, "wrong": 0, "no_answer": 4, "truncated": 0, "error": 0}
    assert result["other"]["pass@1"] == pytest.approx(20.0)


def test_what_only_text_can_pass_is_listed_as_a_difference(runner: Runner) -> None:
    benchmark = CruxevalOutput()
    texts = {"sample_0": ["2", "2.0", "2, 'message'", "2 or 1"]}
    result = score(benchmark, [benchmark.question(RECORD)], texts, "strict", runner)
    assert result["pass@1"] == 25.0
    assert result["other"]["pass@1"] == 100.0
    reasons = {row["reason"]: row["count"] for row in result["differences"]}
    assert sum(reasons.values()) == 3
    assert reasons["equal to Python, but of another type"] == 1


def test_another_input_with_the_same_output_is_right(runner: Runner) -> None:
    record = {"code": "def f(x):\n    return x * x", "input": "2", "output": "4", "id": "sample_0"}
    benchmark = CruxevalInput()
    question = benchmark.question(record)
    result = score(benchmark, [question], {"sample_0": ["f(-2)", "f(3)", "g(2)", "f(2) or 1"]}, "strict", runner)
    assert result["outcomes"]["correct"] == 1


def test_an_input_that_is_no_literal_is_run_by_the_official_grader_only(runner: Runner) -> None:
    record = {"code": "def f(g):\n    return g(1)", "input": "lambda x: x", "output": "1", "id": "sample_0"}
    benchmark = CruxevalInput()
    question = benchmark.question(record)
    result = score(benchmark, [question], {"sample_0": ["f(lambda y: y)"]}, "official", runner)
    assert (result["pass@1"], result["other"]["pass@1"]) == (100.0, 0.0)


def test_pass_at_k_is_absent_where_there_are_fewer_answers(runner: Runner) -> None:
    benchmark = CruxevalOutput()
    result = score(benchmark, [benchmark.question(RECORD)], {"sample_0": ["2", "3"]}, "strict", runner)
    assert "pass@1" in result
    assert "pass@5" not in result


def test_the_800_records_load_in_order_with_their_own_ids(shared_data: Path) -> None:
    questions = CruxevalOutput().load(shared_data / "cruxeval/cruxeval.jsonl")
    assert [question.id for question in questions] == [f"sample_{index}" for index in range(800)]
    assert questions[135].facts["call"] == ""


def test_copying_the_first_argument_is_right_for_139_outputs_of_800(shared_data: Path) -> None:
    benchmark = CruxevalOutput()
    questions = benchmark.load(shared_data / "cruxeval/cruxeval.jsonl")
    assert benchmark.baselines(questions)["copy the first argument"] == 100 * 139 / 800


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{**RECORD, "output": 2}], "line 1: the field 'output' must be text, not 2"),
        ([RECORD, RECORD], "record 2: the id 'sample_0' was there before"),
        ([], "has no records"),
    ],
)
def test_a_broken_data_file_is_told_by_line_and_field(rows: list[Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=message):
        CruxevalOutput().load(path)


def test_scoring_by_name_finds_the_data_in_a_folder(shared_data: Path, tmp_path: Path) -> None:
    questions = extend.find("benchmark", "cruxeval-o").load(shared_data / "cruxeval/cruxeval.jsonl")
    path = tmp_path / "generations.json"
    path.write_text(json.dumps({question.id: [question.gold[0]] for question in questions}))
    result: Any = score_file("cruxeval-o", path, shared_data, compare=False)
    assert result["pass@1"] == 100.0


def test_a_variant_with_another_function_name_is_scored_alike(runner: Runner) -> None:
    code = "def helper(x):\n    return x\n\ndef total(x):\n    return x + 1"
    record = {"code": code, "input": "1", "output": "2", "id": "a"}
    cases: list[tuple[CruxevalInput | CruxevalOutput, list[str]]] = [
        (CruxevalInput(), ["total(1)", "f(1)"]),
        (CruxevalOutput(), ["2", "total(1)"]),
    ]
    for benchmark, texts in cases:
        result = score(benchmark, [benchmark.question(record)], {"a": texts}, "official", runner)
        assert result["outcomes"]["correct"] == 1
        assert result["other"]["outcomes"]["correct"] == 1
