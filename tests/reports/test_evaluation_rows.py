"""The rows of results, and what is said loudly beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.reports.evaluation_rows import labels, results, warnings
from codereasoner.reports.run_folder import Evaluation


def evaluation(model: str, outcomes: dict[str, int], **summary: object) -> Evaluation:
    return Evaluation(Path(), "test", model, {"outcomes": outcomes, "model": model, **summary})


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


def test_one_model_asked_in_two_styles_has_two_names() -> None:
    found = [evaluation("sft", {}, style="direct"), evaluation("sft", {}, style="reasoning"), evaluation("grpo", {})]
    assert labels(found) == ["sft (direct)", "sft (reasoning)", "grpo"]


def test_every_pass_at_k_is_kept() -> None:
    [row] = results([evaluation("sft", {}, **{"pass@1": 40.0, "pass@5": 60.0})])
    assert row["more"] == [["pass@5", 60.0]]


def test_an_evaluation_without_a_summary_has_no_row() -> None:
    assert results([Evaluation(Path(), "test", "sft", {})]) == []
