"""Real benchmark data that everybody has: the excerpts in tests/data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codereasoner.benchmarks.cruxeval import CruxevalInput
from codereasoner.evaluation.generations import read_generations
from codereasoner.evaluation.gold_check import check_benchmark
from codereasoner.evaluation.score import grade_strictly
from codereasoner.execution.pool import Pool
from codereasoner.records import Job

CRUXEVAL = Path(__file__).parents[1] / "data" / "cruxeval"
SCORED = CRUXEVAL / "codellama-7b_scored.json"


def test_the_verdicts_on_code_llama_are_the_published_ones(pool: Pool) -> None:
    benchmark = CruxevalInput()
    questions = benchmark.load(CRUXEVAL / "cruxeval.jsonl")
    texts = read_generations(benchmark, SCORED, questions)
    published = json.loads(SCORED.read_text())["raw_scored_generations"]
    verdicts = benchmark.grade_officially(questions, texts, pool.run)
    assert {name: benchmark.official_counts(row) for name, row in verdicts.items()} == published
    assert sum(map(sum, published.values())) == 20


def test_no_strict_verdict_is_right_where_the_published_one_is_wrong(pool: Pool) -> None:
    benchmark = CruxevalInput()
    questions = benchmark.load(CRUXEVAL / "cruxeval.jsonl")
    published = json.loads(SCORED.read_text())["raw_scored_generations"]
    grades = grade_strictly(benchmark, questions, read_generations(benchmark, SCORED, questions), pool.run)
    assert {name: [grade.outcome == "correct" for grade in row] for name, row in grades.items()} == published


@pytest.mark.parametrize("benchmark", ["cruxeval-i", "cruxeval-o"])
def test_every_right_answer_is_accepted(benchmark: str, pool: Pool) -> None:
    result = check_benchmark(benchmark, CRUXEVAL / "cruxeval.jsonl", pool.run)
    assert (result["questions"], result["rejected"]) == (20, [])


def test_a_trace_ends_with_the_recorded_output(pool: Pool) -> None:
    records = [json.loads(line) for line in (CRUXEVAL / "cruxeval.jsonl").read_text().splitlines()]
    runs = pool.run([Job(each["code"], "f", each["input"], record="trace") for each in records])
    assert [run.value for run in runs] == [each["output"] for each in records]
    assert all(run.steps for run in runs)
