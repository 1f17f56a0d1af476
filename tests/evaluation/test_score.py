"""Files of generations in every accepted shape, and what is said of the others."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.benchmarks.cruxeval import CruxevalOutput
from codereasoner.benchmarks.loading import locate
from codereasoner.errors import ConfigError, DataError, IsolationError
from codereasoner.evaluation.generations import read_generations
from codereasoner.evaluation.score import grade_strictly, score
from codereasoner.execution.pool import Pool
from codereasoner.extend import Benchmark
from codereasoner.styles import find_style
from codereasoner.task import Question, Runner

CODE = "def f(x):\n    return x + 1"
WANTED = {"sample_0": ["2", "3"], "sample_1": ["3", "3"]}


@pytest.fixture
def benchmark() -> CruxevalOutput:
    return CruxevalOutput()


@pytest.fixture
def questions(benchmark: CruxevalOutput) -> list[Question]:
    rows = [{"code": CODE, "input": f"{n}", "output": f"{n + 1}", "id": f"sample_{n - 1}"} for n in (1, 2)]
    return [benchmark.question(row) for row in rows]


@pytest.mark.parametrize(
    "content",
    [
        WANTED,
        {"raw_generations": WANTED, "raw_scored_generations": {}},
        {"generations": WANTED},
        [["2", "3"], ["3", "3"]],
        [{"id": "sample_0", "pred_list": ["2", "3"]}, {"id": "sample_1", "pred_list": ["3", "3"]}],
        [{"question": f"sample_{n}", "text": text} for n, text in ((0, "2"), (0, "3"), (1, "3"), (1, "3"))],
    ],
)
def test_the_shapes_of_published_files_are_read(
    content: Any, benchmark: CruxevalOutput, questions: list[Question], tmp_path: Path
) -> None:
    path = tmp_path / "generations.json"
    path.write_text(json.dumps(content))
    assert read_generations(benchmark, path, questions) == WANTED


def test_a_gzipped_file_is_read(benchmark: CruxevalOutput, questions: list[Question], tmp_path: Path) -> None:
    path = tmp_path / "generations.json.gz"
    path.write_bytes(gzip.compress(json.dumps(WANTED).encode()))
    assert read_generations(benchmark, path, questions) == WANTED


def test_jsonl_rows_are_read(benchmark: CruxevalOutput, questions: list[Question], tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps({"id": name, "texts": texts}) + "\n" for name, texts in WANTED.items()))
    assert read_generations(benchmark, path, questions) == WANTED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"sample_0": ["2"]}', r"no texts for 1 of 2 questions \(the first is 'sample_1'\)"),
        ('{"sample_0": ["2"], "sample_1": ["3"], "x": ["4"]}', r"1 ids that cruxeval-o does not have .*'x'"),
        ('{"sample_0": [2], "sample_1": ["3"]}', "id 'sample_0': a list of texts is wanted"),
        ('{"sample_0": [], "sample_1": ["3"]}', "id 'sample_0': a list of texts is wanted"),
        ('[["2"]]', "a list of 1 entries, but there are 2 questions"),
        ('{"sample_0": ', "line 1, column 14: not JSON"),
        ('{"sample_0": ["2"], "sample_1": ["3"], "sample_0": ["4"]}', "'sample_0' is there twice"),
        ("7", "holds int"),
        ('[{"a": 1}]', "row 1: the fields are a; a row has an id"),
        pytest.param('{"sample_0": [%s]}' % ("9" * 5_000), "a number of too many digits", id="digits"),
    ],
)
def test_a_broken_file_is_told_in_one_sentence(
    text: str, message: str, benchmark: CruxevalOutput, questions: list[Question], tmp_path: Path
) -> None:
    path = tmp_path / "generations.json"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_generations(benchmark, path, questions)


def test_a_missing_file_and_a_broken_gzip_are_told(
    benchmark: CruxevalOutput, questions: list[Question], tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="there is no file"):
        read_generations(benchmark, tmp_path / "none.json", questions)
    path = tmp_path / "torn.json.gz"
    path.write_bytes(gzip.compress(b"{}" * 100)[:-9])
    with pytest.raises(DataError, match="cannot be read"):
        read_generations(benchmark, path, questions)


def test_every_answer_has_one_outcome(benchmark: CruxevalOutput, questions: list[Question]) -> None:
    texts = {"sample_0": ["2", "", "f(1)", "[", "2.0"], "sample_1": ["3"] * 5}
    result = score(benchmark, questions, texts, compare=False)
    assert result["outcomes"] == {"correct": 6, "wrong": 3, "no_answer": 1, "truncated": 0, "error": 0}
    assert result["n_answers"] == sum(result["outcomes"].values())
    assert sum(result["reasons"].values()) == 4
    assert result["pass@1"] == pytest.approx(60.0)


def test_the_interval_is_of_programs_and_holds_the_score(benchmark: CruxevalOutput, questions: list[Question]) -> None:
    result = score(benchmark, questions, WANTED, compare=False)
    low, high = result["interval"]
    assert 0 <= low < result["pass@1"] < high <= 100


def test_an_unknown_grader_and_an_official_one_without_a_runner_are_refused(
    benchmark: CruxevalOutput, questions: list[Question]
) -> None:
    with pytest.raises(ConfigError, match="there are: strict, official"):
        score(benchmark, questions, WANTED, "lenient")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="pass a runner"):
        score(benchmark, questions, WANTED, "official")


def test_data_is_found_by_path_by_folder_and_by_the_environment(
    benchmark: CruxevalOutput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cruxeval" / "cruxeval.jsonl"
    path.parent.mkdir()
    path.write_text("")
    assert locate(benchmark, path) == locate(benchmark, path.parent) == locate(benchmark, tmp_path) == path
    monkeypatch.setenv("CODEREASONER_DATA", str(tmp_path))
    assert locate(benchmark) == path


def test_data_that_is_nowhere_is_told_with_what_was_looked_for(benchmark: CruxevalOutput, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"looked for: cruxeval/cruxeval\.jsonl"):
        locate(benchmark, tmp_path)
    with pytest.raises(DataError, match="give --data the file or folder of cruxeval-o"):
        locate(benchmark, tmp_path / "none")


COMPLETIONS = [
    "<answer>\n```python\n2\n```\n</answer>",
    "<answer>`2`</answer>",
    "<answer>2</answer>",
    "<think>So <answer>2</answer>. No wait",
    "<think>So <answer>3</answer>. No wait</think>\n<answer>2</answer>",
    "<think>So <answer>2</answer>.</think> It is 3.",
    "1 + 1 is 2.\n</think>\n\n<answer>2</answer>",
    "<answer>2",
    "It is 2.\n<answer>2",
]


@pytest.mark.parametrize("text", COMPLETIONS)
def test_score_and_evaluate_read_one_completion_the_same_way(
    text: str, benchmark: CruxevalOutput, questions: list[Question], tmp_path: Path
) -> None:
    task, style = extend.task("output"), find_style("reasoning")
    evaluated = task.grade(questions[0], text, style)
    [scored] = grade_strictly(benchmark, questions[:1], {"sample_0": [text]}, None)["sample_0"]
    assert (scored.outcome == "correct") == (evaluated.outcome == "correct")
    assert (scored.outcome == "truncated") == (evaluated.outcome == "truncated")


def test_the_answers_of_an_evaluation_are_scored_in_the_style_they_were_asked_in(
    benchmark: CruxevalOutput, questions: list[Question], tmp_path: Path
) -> None:
    rows = [
        {"question": "sample_0", "style": "boxed", "text": "so \\boxed{2}", "thoughts": ""},
        {"question": "sample_1", "style": "boxed", "text": "so 3", "thoughts": "\\boxed{3}"},
    ]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    grades = grade_strictly(benchmark, questions, read_generations(benchmark, path, questions), None)
    assert [row[0].outcome for row in grades.values()] == ["correct", "no_answer"]


def test_an_answer_that_was_cut_off_is_truncated_in_a_file_of_answers(
    benchmark: CruxevalOutput, questions: list[Question], tmp_path: Path
) -> None:
    rows = [{"question": each.id, "style": "bare", "text": each.gold[0], "finish": "length"} for each in questions]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    grades = grade_strictly(benchmark, questions, read_generations(benchmark, path, questions), None)
    assert {row[0].outcome for row in grades.values()} == {"truncated"}


def test_below_level_a_text_of_a_model_is_executed_only_where_that_is_allowed(
    level_b: None, benchmark: CruxevalOutput, questions: list[Question]
) -> None:
    texts = {"sample_0": ["2"], "sample_1": ["int('3')"]}
    with Pool(workers=1, level="B", own_programs=True) as pool:
        strict = score(benchmark, questions, texts, "strict", pool.run)
        with pytest.raises(IsolationError):
            score(benchmark, questions, texts, "official", pool.run)
    assert strict["pass@1"] == 50.0
    assert strict["left_out"].startswith("official: text of a model would be executed at isolation level B")
    with Pool(workers=1, level="B", allow_weak_isolation=True) as pool:
        assert score(benchmark, questions, texts, "official", pool.run)["pass@1"] == 100.0


class Minimal(Benchmark):
    """A benchmark of one's own, with plain lists and dicts, and without an analysis of features."""

    name = "minimal"

    def load(self, data: Path, runner: Runner | None = None) -> list[Question]:  # type: ignore[override]
        return [Question("output", {"source": CODE, "entry": "f", "call": "1"}, ("2",), id="one")]

    def parse_generation(self, question: Question, text: str) -> str | None:
        return text

    def grade_officially(  # type: ignore[override]
        self, questions: Sequence[Question], generations: Mapping[str, Sequence[str]], runner: Runner
    ) -> dict[str, list[bool | None]]:
        return {question.id: [text == "2" for text in generations[question.id]] for question in questions}


def test_a_benchmark_of_ones_own_may_return_plain_lists_and_dicts(tmp_path: Path) -> None:
    (tmp_path / "texts.json").write_text(json.dumps({"one": ["2", "3"]}))
    benchmark = Minimal()
    questions = benchmark.load(tmp_path)
    texts = read_generations(benchmark, tmp_path / "texts.json", questions)
    result = score(benchmark, questions, texts, "official", lambda jobs: [])
    assert result["pass@1"] == result["other"]["pass@1"] == 50.0
    assert "by_feature" not in result
