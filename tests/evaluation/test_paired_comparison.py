"""The paired statistics, against values worked out by hand."""

from __future__ import annotations

import math

import pytest

from codereasoner.evaluation.paired_comparison import Pair, mcnemar, paired


def test_the_difference_is_the_mean_of_the_differences_with_its_standard_error() -> None:
    scores = [0.0, 1.0, 1.0, -1.0, 0.0, 1.0]
    found = paired([Pair(str(n), 0.0 if s > 0 else 1.0, 1.0 if s >= 0 else 0.0) for n, s in enumerate(scores)])
    centre = sum(scores) / 6
    error = math.sqrt(sum((score - centre) ** 2 for score in scores) / 5 / 6)
    assert found["difference"] == pytest.approx(100 * centre, abs=0.001)
    assert found["interval"] == pytest.approx([100 * (centre - 1.96 * error), 100 * (centre + 1.96 * error)], abs=0.01)
    assert (found["gained"], found["lost"], found["questions"]) == (3, 1, 6)


def test_questions_of_one_program_widen_the_interval() -> None:
    changes = [(0.0, 1.0), (0.0, 1.0), (1.0, 1.0), (1.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
    apart = paired([Pair(str(number), *change) for number, change in enumerate(changes)])
    together = paired([Pair(str(number // 2), *change) for number, change in enumerate(changes)])
    assert together["difference"] == apart["difference"]
    assert together["interval"] is not None
    assert apart["interval"] is not None
    assert together["interval"][1] > apart["interval"][1]


def test_one_program_alone_has_no_interval() -> None:
    assert paired([Pair("a", 0.0, 1.0), Pair("a", 1.0, 1.0)])["interval"] is None


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [(0, 0, 1.0), (5, 0, 2 / 32), (1, 9, 22 / 1024), (4, 4, 1.0)],  # twice the tail of a fair coin
)
def test_mcnemar_is_a_fair_coin_tossed_for_every_flipped_question(gained: int, lost: int, p: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p)
