"""LiveCodeBench code execution: published files to the digit, and the Hub's records in every form."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from codereasoner.benchmarks.livecodebench import LiveCodeBenchExecution
from codereasoner.benchmarks.loading import pool_for
from codereasoner.errors import DataError
from codereasoner.evaluation.generations import read_generations
from codereasoner.evaluation.score import score
from codereasoner.extend import Generations
from codereasoner.task import Runner

RECORD = {
    "question_id": "2777",
    "contest_id": "weekly-contest-354",
    "contest_date": "2023-07-15T00:00:00",
    "difficulty": "easy",
    "function_name": "total",
    "code": "def total(nums: List[int]) -> int:\n    return sum(nums) if gcd(4, 6) == 2 else -1",
    "input": "total(nums = [1, 2])",
    "output": "3",
    "id": "sample_0",
    "problem_id": "2777_1",
    "numsteps": 3,
}


def published_files(folder: Path) -> list[Path]:
    return sorted((folder / "livecodebench").glob("*.json.gz"))


@pytest.mark.slow
def test_the_published_files_are_reproduced_from_the_expected_outputs_alone(shared_data: Path, runner: Runner) -> None:
    files = published_files(shared_data)
    assert len(files) >= 12
    for path in files:
        published = json.loads(gzip.decompress(path.read_bytes()))
        benchmark = LiveCodeBenchExecution()
        questions = benchmark.load(shared_data / "livecodebench/recovered_outputs.json")
        result = score(benchmark, questions, read_generations(benchmark, path, questions), "official", runner, False)
        wanted = pytest.approx((published["pass_at_1"], published["pass_at_5"]), rel=1e-12)
        assert (result["pass@1"], result["pass@5"]) == wanted, path.name


def test_answers_that_call_the_missing_program_are_listed(shared_data: Path, runner: Runner) -> None:
    path = shared_data / "livecodebench/deepseek-base-1.3b+cot_temp0.2_output.json.gz"
    benchmark = LiveCodeBenchExecution()
    questions = benchmark.load(shared_data / "livecodebench/recovered_outputs.json")
    result = score(benchmark, questions, read_generations(benchmark, path, questions), "official", runner, False)
    unjudged = result["unjudged"]
    assert unjudged["count"] == unjudged["verdicts_taken_from_the_file"] == len(unjudged["answers"])
    assert {"id", "sample", "answer"} == set(unjudged["answers"][0])


def test_the_programs_run_with_the_usual_imports(runner: Runner, tmp_path: Path) -> None:
    benchmark, questions = load([RECORD], tmp_path / "test.jsonl")
    texts = {"sample_0": ["3", "sum([1, 2])", "total(nums=[1,2])", "comb(3, 1)", "4", "np.int64(4)"]}
    result = score(benchmark, questions, texts, "official", runner)
    assert result["outcomes"]["correct"] == 4


def test_the_imports_are_those_of_the_scorer_with_numpy_and_pandas(tmp_path: Path) -> None:
    pytest.importorskip("pandas")  # with the train extra; a pool preloads what is installed
    benchmark, questions = load([RECORD], tmp_path / "test.jsonl")
    texts = {"sample_0": ["np.int64(3)", "pd.Series([3])[0]", "bisect.bisect([1, 2, 2], 2)", "bisect([1, 2, 2], 2)"]}
    with pool_for(benchmark.name, 1, allow_weak_isolation=True) as pool:
        assert benchmark.grade_officially(questions, Generations(texts), pool.run)["sample_0"] == [True] * 3 + [False]


@pytest.mark.parametrize(("echo", "share"), [("drop", 200 / 3), ("fail", 50.0)])
def test_an_echo_is_dropped_today_and_was_wrong_in_the_old_scorer(
    echo: Any, share: float, runner: Runner, tmp_path: Path
) -> None:
    _, questions = load([RECORD], tmp_path / "test.jsonl")
    texts = {"sample_0": ["3", "total(nums = [1, 2])", "2 + 1", "4"]}
    result = score(LiveCodeBenchExecution(echo), questions, texts, "official", runner, False)
    assert result["pass@1"] == pytest.approx(share)


def test_where_all_echo_all_are_wrong(runner: Runner, tmp_path: Path) -> None:
    benchmark, questions = load([RECORD], tmp_path / "test.jsonl")
    result = score(benchmark, questions, {"sample_0": ["total(nums = [1, 2])"] * 2}, "official", runner, False)
    assert result["pass@1"] == 0.0


def load(rows: list[dict[str, Any]], path: Path) -> tuple[LiveCodeBenchExecution, list[Any]]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    benchmark = LiveCodeBenchExecution()
    return benchmark, benchmark.load(path)


def test_parquet_jsonl_and_a_json_list_give_the_same_questions(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    rows = [RECORD, {**RECORD, "id": "sample_10"}, {**RECORD, "id": "sample_2"}]
    _, questions = load(rows, tmp_path / "test.jsonl")
    (tmp_path / "test.json").write_text(json.dumps(rows))
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "test.parquet")
    benchmark = LiveCodeBenchExecution()
    assert benchmark.load(tmp_path / "test.json") == questions == benchmark.load(tmp_path / "test.parquet")
    assert [question.id for question in questions] == ["sample_0", "sample_2", "sample_10"]
    assert questions[0].facts["call"] == "nums = [1, 2]"
    assert questions[0].features["contest_date"] == "2023-07-15"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"id": "sample_0", "output": 3}]', "record 1: the field 'output' must be text, not 3"),
        ('[{"id": "a", "code": "x", "input": "1", "output": "1"}]', "the input must be a call"),
        ("[1]", "the field 'output' must be text"),
        ("3", "holds int"),
        ("{", "not JSON"),
        ("{}", "has no records"),
    ],
)
def test_a_broken_data_file_is_told(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        LiveCodeBenchExecution().load(path)
