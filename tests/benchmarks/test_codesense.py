"""CodeSense: records in its format, its string rule, and ours."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.benchmarks.loading import locate
from codereasoner.errors import DataError
from codereasoner.evaluation.score import score
from codereasoner.task import Question

STATEMENT = {
    "Programming Language": "Python",
    "Statement Type": "Assignment",
    "Source Code": "def f(name):\n    key = name.upper()\n    return key",
    "Selected Statement": "key = name.upper()",
    "Function Input": {"name": "'a'"},
    "Variable Values Before Statement": {"name": "'a'"},
    "Value After Statement Execution": "'A b'",
    "idx": 7,
}
LOOP = {"idx": 0, "loop_code": "1. for i in range(2):\n2.     pass", "question": "How many times?", "answer": " 2 "}


def load(tmp_path: Path, name: str, *rows: dict[str, Any], file: str = "data.jsonl") -> tuple[Any, list[Question]]:
    (tmp_path / file).write_text("".join(json.dumps(row) + "\n" for row in rows))
    benchmark = extend.find("benchmark", name)
    return benchmark, benchmark.load(tmp_path / file)


def verdicts(benchmark: Any, questions: list[Question], *texts: str) -> list[tuple[bool, bool]]:
    """(official, strict) for each text."""
    name = questions[0].id
    official = benchmark.grade_officially(questions[:1], {name: list(texts)}, None)[name]
    graded = score(benchmark, questions[:1], {name: list(texts)}, "strict", None, compare=False)
    assert graded["outcomes"]["error"] == 0
    task = extend.task("code-question")
    strict = []
    for text in texts:
        answer = benchmark.parse_generation(questions[0], text)
        try:
            strict.append(answer is not None and task.verify(questions[0], answer) is True)
        except ValueError:
            strict.append(False)
    return list(zip(official, strict, strict=True))


def test_the_published_rule_is_lax_where_ours_is_strict(tmp_path: Path) -> None:
    benchmark, questions = load(tmp_path, "codesense-statement", STATEMENT)
    texts = (
        "<ans>'A b'</ans>",
        "<ans> 'a  B';</ans>",
        "<ans>A b</ans>",
        "<ans>no</ans> <ans>'A b'</ans>",
        "no tags: [ANSWER]'A b'[/ANSWER]",
        "<ans>'A c'</ans>",
    )
    assert verdicts(benchmark, questions, *texts) == [
        (True, True),
        (True, False),
        (True, False),
        (False, True),
        (False, True),
        (False, False),
    ]
    assert questions[0].id == "7"
    shown = extend.task("code-question").statement(questions[0])
    assert "key = name.upper()" in shown
    assert "'name': \"'a'\"" in shown


def test_numbers_are_values_and_words_are_words(tmp_path: Path) -> None:
    benchmark, questions = load(tmp_path, "codesense-loop-count", LOOP)
    texts = ("<ans>2</ans>", "<ans>2.0</ans>", "<ans>(</ans>", "<ans>two</ans>")
    assert verdicts(benchmark, questions, *texts) == [(True, True), (False, False), (False, False), (False, False)]
    row = {"idx": 0, "Source Code": "1.x", "question": "Is line 1 executed?", "answer": "No"}
    benchmark, questions = load(tmp_path, "codesense-branch", row)
    assert verdicts(benchmark, questions, "<ans>no</ans>", "<ans>'No'</ans>") == [(True, True), (False, False)]


def test_a_quantized_file_asks_for_the_class_but_of_branches(tmp_path: Path) -> None:
    quantized = STATEMENT | {"quantized value": "Alphabetic String"}
    branch = quantized | {"Statement Type": "Branch", "Value After Statement Execution": "yes", "idx": 8}
    _, questions = load(tmp_path, "codesense-statement", quantized, branch, file="statements_quantized.jsonl")
    assert [question.gold for question in questions] == [("Alphabetic String",), ("yes",)]
    assert ["class of the value" in question.facts["question"] for question in questions] == [True, False]


def test_a_value_that_is_no_text_and_a_record_without_a_number(tmp_path: Path) -> None:
    row = {name: value for name, value in STATEMENT.items() if name != "idx"}
    row["Value After Statement Execution"] = {"A": 1}
    benchmark, questions = load(tmp_path, "codesense-block-c", row)
    assert questions[0].id == "0"
    assert verdicts(benchmark, questions, "<ans>{'A': 1}</ans>") == [(False, True)]  # it makes answers small only


def test_the_published_scorer_counts_a_wrong_answer_beside_each_to_a_record_without_an_idx(tmp_path: Path) -> None:
    row = {name: value for name, value in STATEMENT.items() if name != "idx"}
    for name, counted in (("codesense-block-c", [True, False]), ("codesense-statement", [True])):
        benchmark, questions = load(tmp_path, name, row)
        result = score(benchmark, questions, {"0": ["<ans>'A b'</ans>"]}, "official", lambda jobs: [])
        assert result["pass@1"] == 100 * sum(counted) / len(counted)
        assert benchmark.official_counts([True]) == counted


def test_its_own_results_are_read(tmp_path: Path) -> None:
    benchmark, questions = load(tmp_path, "codesense-statement", STATEMENT)
    results = tmp_path / "results.jsonl"
    results.write_text(json.dumps({"idx": 7, "model_prediction": "<ans>'A b'</ans>", "parsed_result": True}) + "\n")
    assert benchmark.read_generations(results, questions) == {"7": ["<ans>'A b'</ans>"]}
    results.write_text(json.dumps({"id": "7", "texts": ["x"]}) + "\n")
    assert benchmark.read_generations(results, questions) is None


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("codesense-loop-count", {"question": 5}, "'question' must be of type str, not 5"),
        ("codesense-loop-count", {"question": None}, "'question' is missing"),
        ("codesense-loop-count", {"loop_code": ["x"]}, "'loop_code' must be of type str"),
        ("codesense-output-java", {"basic_input": "x"}, "'basic_input' must be of type list, not 'x'"),
    ],
)
def test_a_field_of_another_type_is_named(name: str, change: dict[str, Any], message: str, tmp_path: Path) -> None:
    java = {"code": "int f() {}", "basic_input": [None, 1], "output": [{"value": "1"}]}
    assert load(tmp_path, name, {**LOOP, **java})[1]
    with pytest.raises(DataError, match=f"record 1: .*{message}"):
        load(tmp_path, name, {**LOOP, **java, **change})


def test_an_answer_that_is_opened_and_never_closed_is_none(tmp_path: Path) -> None:
    benchmark, questions = load(tmp_path, "codesense-loop-count", LOOP)
    assert benchmark.parse_generation(questions[0], "It runs twice: <ans>2") is None
    assert benchmark.parse_generation(questions[0], "[ANSWER]2[/ANSWER], not <ans>") == "2"


def test_a_checkout_is_found_and_another_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "LLM Evaluation" / "CodeSemantic" / "CodeSemantic" / "dataset"
    folder.mkdir(parents=True)
    (folder / "aliasing_dataset_c.jsonl").write_text("{}\n")
    benchmark = extend.find("benchmark", "codesense-alias-c")
    assert locate(benchmark, tmp_path).parent == folder
    with pytest.raises(DataError, match="'Source Code' is missing"):
        benchmark.load(locate(benchmark, tmp_path))


@pytest.mark.parametrize("text", ["<ans>" * 20_000, "<ans>1</ans>" + "<ans>" * 20_000, "</ans>" * 16_000])
def test_marks_without_an_end_are_searched_once(text: str) -> None:
    began = time.process_time()
    extend.find("benchmark", "codesense-statement").parse_generation(
        Question("code-question", {"source": "", "question": ""}, ("1",)), text
    )
    assert time.process_time() - began < 0.05


def test_an_output_of_c_or_java_is_the_value_that_the_debugger_saw(tmp_path: Path) -> None:
    c_row = {
        "idx": 0,
        "code": "int f(int n) { return n; }",
        "input": "{'n': '4'}",
        "output": "{'type': 'int', 'value': '4'}",
    }
    benchmark, questions = load(tmp_path, "codesense-output-c", c_row)
    assert questions[0].gold == ("4",)
    assert "{'n': '4'}" in questions[0].facts["question"]
    assert verdicts(benchmark, questions, "<ans>4</ans>", "<ans>int 4</ans>") == [(True, True), (False, False)]
    argument = {"name": "num1", "type": "java.lang.String", "value": '"1"'}
    java_row = {"idx": 5, "code": "String f(String num1) {}", "basic_input": [argument], "output": [argument]}
    benchmark, questions = load(tmp_path, "codesense-output-java", java_row)
    assert (questions[0].id, questions[0].gold) == ("5", ('"1"',))
    assert 'java.lang.String num1 = "1"' in questions[0].facts["question"]
    assert verdicts(benchmark, questions, '<ans>"1"</ans>', "<ans>2</ans>") == [(True, True), (False, False)]
    for name, row in (
        ("codesense-output-c", {**c_row, "output": "4"}),
        ("codesense-output-java", {**java_row, "output": []}),
    ):
        with pytest.raises(DataError, match="must be"):
            load(tmp_path, name, row)
