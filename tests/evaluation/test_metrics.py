"""pass@k and intervals, against values worked out by hand or by definition."""

from __future__ import annotations

from itertools import combinations

import pytest

from codereasoner.evaluation.metrics import (
    clustered_error,
    clustered_interval,
    mean,
    pass_at_k,
    percent,
    wilson_interval,
)
from codereasoner.evaluation.results import accuracy, count_answers
from codereasoner.task import Question, Verdict


@pytest.mark.parametrize(("samples", "correct", "k"), [(10, 3, 1), (10, 3, 5), (7, 1, 3), (5, 5, 2), (6, 0, 4)])
def test_pass_at_k_is_the_share_of_draws_that_hold_a_right_answer(samples: int, correct: int, k: int) -> None:
    answers = [True] * correct + [False] * (samples - correct)
    draws = list(combinations(answers, k))
    assert pass_at_k(samples, correct, k) == pytest.approx(mean([any(draw) for draw in draws]))


def test_pass_at_k_is_one_where_fewer_than_k_answers_are_wrong() -> None:
    assert pass_at_k(1, 1, 5) == 1.0


def test_the_wilson_interval_agrees_with_its_published_example() -> None:
    low, high = wilson_interval(81, 263)  # Newcombe 1998, table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize("successes", [0, 10])
def test_the_wilson_interval_has_width_at_the_ends_and_stays_inside(successes: int) -> None:
    low, high = wilson_interval(successes, 10)
    assert 0 <= low < high <= 1


def test_of_no_trials_nothing_is_known() -> None:
    assert wilson_interval(0, 0) == clustered_interval([]) == (0.0, 1.0)


def test_the_clustered_interval_of_single_questions_is_close_to_wilsons() -> None:
    scores = [(str(index), float(index % 3 == 0)) for index in range(300)]
    low, high = clustered_interval(scores)
    plain = wilson_interval(100, 300)
    assert low == pytest.approx(plain[0], abs=0.001)
    assert high == pytest.approx(plain[1], abs=0.001)


def test_repeating_every_question_ten_times_does_not_narrow_the_interval() -> None:
    once = [(str(index), float(index % 2)) for index in range(40)]
    assert clustered_interval(once * 10) == pytest.approx(clustered_interval(once))


def test_the_clustered_error_of_one_cluster_is_not_known_and_so_zero() -> None:
    assert clustered_error([("a", 0.0), ("a", 1.0)]) == 0.0


def test_an_interval_around_all_right_is_not_a_point() -> None:
    low, high = clustered_interval([("a", 1.0), ("b", 1.0)])
    assert low < 1.0 == high


def test_a_mean_is_the_same_on_every_python_and_a_share_in_percent_is_its_decimal_number() -> None:
    assert mean([0.1] * 10) == 0.1
    assert percent(mean([pass_at_k(5, 2, 1)] * 3)) == 40.0
    assert [percent(719 / 2000), percent(0.29), percent(1 / 3, 2)] == [35.95, 29.0, 33.33]


def test_an_accuracy_is_rounded_by_its_decimal_number() -> None:
    questions = [Question("output", {"source": "", "entry": "f", "call": str(n)}, ("1",)) for n in range(2000)]
    outcomes: dict[str, list[Verdict]] = {each.id: ["wrong"] for each in questions}
    outcomes |= {each.id: ["correct"] for each in questions[:719]}
    found = count_answers(questions, outcomes)
    assert found["pass@1"] == 35.95
    assert accuracy(found).startswith("36.0 %")
