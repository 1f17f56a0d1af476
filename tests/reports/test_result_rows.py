"""The rows of results, their tables in cards, and their warnings."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.reports.cards import accuracy_table, outcome_table
from codereasoner.reports.markdown import table
from codereasoner.reports.result_rows import results, warnings
from codereasoner.reports.run_folder import Evaluation, labels


def evaluation(model: str, outcomes: dict[str, int], **summary: object) -> Evaluation:
    return Evaluation(Path(), "test", model, {"outcomes": outcomes, "model": model, **summary})  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("outcomes", "loud"),
    [
        ({"correct": 95, "truncated": 5}, False),
        ({"correct": 94, "truncated": 6}, True),
        ({"correct": 80, "no_answer": 20}, False),
        ({"correct": 79, "no_answer": 21}, True),
    ],
)
def test_more_than_5_percent_truncated_or_20_without_an_answer_is_loud(outcomes: dict[str, int], loud: bool) -> None:
    assert bool(warnings(results([evaluation("sft", outcomes)]))) == loud


def test_requests_that_failed_are_told_with_their_reason() -> None:
    found = evaluation("sft", {"correct": 1, "error": 2}, errors={"400: no such model": 2})
    assert warnings(results([found])) == ["sft on test: 2 errors in requests or checks (2 x 400: no such model)."]


def test_one_model_asked_in_two_styles_has_two_names() -> None:
    found = [evaluation("sft", {}, style="direct"), evaluation("sft", {}, style="reasoning"), evaluation("grpo", {})]
    assert labels(found) == ["sft (direct)", "sft (reasoning)", "grpo"]


def test_every_pass_at_k_is_kept() -> None:
    [row] = results([evaluation("sft", {}, **{"pass@1": 40.0, "pass@5": 60.0})])
    assert row["more"] == [("pass@5", 60.0)]


def test_an_evaluation_without_a_summary_has_no_row() -> None:
    assert results([Evaluation(Path(), "test", "sft", {})]) == []


def test_forward_comes_before_backward_and_baselines_come_last() -> None:
    tasks = {"input": {"pass@1": 40.0, "interval": [30.0, 50.0]}, "output": {"pass@1": 60.0}}
    baselines = {"copy the first argument": 7.04, "input: always 0": 2.5}
    found = evaluation("sft", {}, **{"pass@1": 50.0}, interval=[40.0, 60.0], by_task=tasks, baselines=baselines)
    assert accuracy_table(results([found])) == [
        ["model", "forward (output)", "backward (input)", "all"],
        ["sft", "60.0 %", "40.0 % [30.0, 50.0]", "50.0 % [40.0, 60.0]"],
        ["no model: copy the first argument", "", "", "7.0 %"],
        ["no model: input: always 0", "", "2.5 %", ""],
    ]


def test_a_model_without_numbers_gets_dashes() -> None:
    rows = results([evaluation("sft", {}, by_task={"output": {}})])
    assert accuracy_table(rows) == [["model", "forward (output)"], ["sft", "-"]]


def test_every_outcome_is_counted() -> None:
    assert outcome_table(results([evaluation("sft", {"correct": 5, "wrong": 4, "truncated": 1})])) == [
        ["model", "answers", "correct", "wrong", "no answer", "truncated", "error"],
        ["sft", "10", "5", "4", "0", "1", "0"],
    ]


def test_a_cell_can_not_break_the_table() -> None:
    assert table([["a"], ["b|c\nd <script>"]]) == "| a |\n| --- |\n| b\\|c d &lt;script> |"


def test_tokens_are_set_against_right_answers_where_they_were_counted() -> None:
    outcomes = {"correct": 30, "wrong": 10}
    rows = results([evaluation(f"m{n}", outcomes, completion_tokens=n, n_answers=40) for n in (4000, 0)])
    assert [(row["tokens"], row["right_per_1000_tokens"]) for row in rows] == [(100.0, 7.5), (None, None)]
