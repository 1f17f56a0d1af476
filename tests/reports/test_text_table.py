"""Results as rows and as Markdown."""

from __future__ import annotations

from codereasoner.reports.text_table import markdown, outcome_table, results_table

SUMMARIES = {
    "sft": {
        "pass@1": 50.0,
        "interval": [40.0, 60.0],
        "outcomes": {"correct": 5, "wrong": 4, "truncated": 1},
        "by_task": {"input": {"pass@1": 40.0, "interval": [30.0, 50.0]}, "output": {"pass@1": 60.0}},
        "floors": {"copy the first argument": 7.04, "input: always 0": 2.5},
    },
}


def test_forward_comes_before_backward_and_floors_come_last() -> None:
    assert results_table(SUMMARIES) == [
        ["model", "forward (output)", "backward (input)", "all"],
        ["sft", "60.0 %", "40.0 % [30.0, 50.0]", "50.0 % [40.0, 60.0]"],
        ["no model: copy the first argument", "", "", "7.0 %"],
        ["no model: input: always 0", "", "2.5 %", ""],
    ]


def test_a_model_without_numbers_gets_dashes() -> None:
    assert results_table({"sft": {"by_task": {"output": {}}}}) == [["model", "forward (output)"], ["sft", "-"]]


def test_every_outcome_is_counted() -> None:
    assert outcome_table(SUMMARIES) == [
        ["model", "answers", "correct", "wrong", "truncated"],
        ["sft", "10", "5", "4", "1"],
    ]


def test_a_cell_can_not_break_the_table() -> None:
    assert markdown([["a"], ["b|c\nd <script>"]]) == "| a |\n| --- |\n| b\\|c d &lt;script> |"
