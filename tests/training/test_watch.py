"""The clock of a budget: wall or CPU seconds, and what costs nothing of it."""

from __future__ import annotations

import time

import pytest

from codereasoner.training.watch import FLAT, Clock


def spend_cpu(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        sum(range(1000))


def test_a_clock_of_cpu_time_stands_still_while_the_process_waits() -> None:
    cpu, wall = Clock(10.0, "cpu"), Clock(10.0, "wall")
    time.sleep(0.3)
    assert cpu.seconds < 0.1
    assert wall.seconds >= 0.3
    spend_cpu(0.2)
    assert 0.2 <= cpu.seconds < 0.3


@pytest.mark.parametrize("kind", ["wall", "cpu"])
def test_what_is_done_in_a_pause_costs_nothing_of_the_budget(kind: str) -> None:
    clock = Clock(0.2, kind, before=0.1)  # type: ignore[arg-type]
    with clock.paused():
        spend_cpu(0.3)
    assert 0.1 <= clock.seconds < 0.2
    assert not clock.over


def test_the_learning_rate_falls_in_a_line_after_the_flat_part() -> None:
    early, late, over = (Clock(1000.0, "cpu", before=share * 1000) for share in (0.5, 0.9, 1.1))
    assert early.rate() == 1.0
    assert late.rate() == pytest.approx(0.1 / (1 - FLAT), abs=1e-3)
    assert (over.rate(), over.over) == (0.0, True)
