"""Two models on the same questions."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from codereasoner.evaluation.metrics import wilson_interval
from codereasoner.reports.accuracy_by_feature import accuracy_by_feature, question_features
from codereasoner.reports.comparison import differences
from codereasoner.reports.question_records import Gathered, Shown
from codereasoner.task import Question


def gathered(codes: dict[str, str], task: str = "output") -> Gathered:
    """A question for each letter: `codes` has the outcome of every question by model."""
    count = len(next(iter(codes.values())))
    shown = {}
    for number in range(count):
        item = Shown(str(number), Question(task, {"number": number}, ("1",)), "test")
        item.lists = {"held-out"}
        item.outcomes = {model: found[number] for model, found in codes.items()}
        shown[item.name] = item
    return Gathered(shown, {}, list(codes), {"held-out": ["test"]}, count)


def test_a_difference_counts_gains_and_losses() -> None:
    [row] = differences(gathered({"sft": "ccwwwwww", "grpo": "cwcccwww"}))
    found = row["tasks"]["output"]
    assert (row["first"], row["second"]) == ("sft", "grpo")
    assert (found["gained"], found["lost"]) == (3, 1)
    assert found["difference"] == 25.0


def test_the_interval_is_that_of_paired_differences() -> None:
    [row] = differences(gathered({"sft": "ccwwwwww", "grpo": "cwcccwww"}))
    scores = [0, -1, 1, 1, 1, 0, 0, 0]
    centre = sum(scores) / 8
    error = math.sqrt(sum((score - centre) ** 2 for score in scores) / 7 / 8)
    low, high = row["tasks"]["output"]["interval"] or (0.0, 0.0)
    assert abs(low - 100 * (centre - 1.96 * error)) < 0.1
    assert abs(high - 100 * (centre + 1.96 * error)) < 0.1


def test_equal_models_differ_by_nothing() -> None:
    [row] = differences(gathered({"sft": "cwcw", "grpo": "cwcw"}))
    found = row["tasks"]["output"]
    assert (found["difference"], found["interval"], found["gained"], found["lost"]) == (0.0, [0.0, 0.0], 0, 0)


def test_each_model_is_compared_with_the_one_before_it_and_grpo_with_its_start() -> None:
    rows = differences(gathered({"base": "ww", "sft": "cw", "control": "cw", "grpo": "cc"}))
    pairs = [("base", "sft"), ("sft", "control"), ("control", "grpo"), ("sft", "grpo")]
    assert [(row["first"], row["second"]) for row in rows] == pairs


def test_two_lists_of_questions_of_one_split_are_kept_apart() -> None:
    found = gathered({"sft": "wwcc", "grpo": "ccww"})
    for name in ("2", "3"):
        found.shown[name].lists = {"longer"}
    both = replace(found, lists={"held-out": ["test"], "longer": ["test"]})
    assert [(row["list"], row["tasks"]["output"]["difference"]) for row in differences(both)] == [
        ("held-out", 100.0),
        ("longer", -100.0),
    ]


def test_the_interval_of_an_accuracy_by_feature_takes_the_questions_of_one_program_as_one_cluster() -> None:
    found = gathered({"sft": "ccccwwww"})
    for number, item in enumerate(found.shown.values()):
        item.question = replace(item.question, program=f"program {number // 4}", features={"level": 1 + (number == 7)})
    [levels] = [row for row in accuracy_by_feature(found, question_features([], found)) if row["feature"] == "level"]
    accuracy, low, high = levels["bins"][0]["models"]["sft"]
    alone = 100 * wilson_interval(4, 7)[0], 100 * wilson_interval(4, 7)[1]
    assert low < alone[0] < accuracy < alone[1] < high


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), 10**400, ["a", ["b"]], {"a": 1}, None])
def test_a_feature_with_a_value_that_cannot_be_drawn_is_left_out(odd: object) -> None:
    found = gathered({"sft": "ccccwwww"})
    for number, item in enumerate(found.shown.values()):
        item.question = replace(item.question, features={"level": number % 2, "odd": odd if number else 1})
    names = {row["feature"] for row in accuracy_by_feature(found, question_features([], found))}
    assert "level" in names
    assert "odd" not in names
