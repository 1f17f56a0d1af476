"""The simulation of a build on a cluster."""

from __future__ import annotations

import pytest
from perf.cluster import BATCH, HOUR, Cluster, Stage, simulate

WORK = Stage("trace", 0.01, 0.0)
PROGRAMS = 200 * BATCH


def test_one_core_takes_the_sum_of_the_work_and_four_take_a_quarter() -> None:
    one, four = (simulate(WORK, PROGRAMS, Cluster(1, cores)) for cores in (1, 4))
    assert one.seconds == pytest.approx(one.work) == pytest.approx(PROGRAMS * WORK.work, rel=0.05)
    assert four.seconds == pytest.approx(one.seconds / 4, rel=0.05)
    assert one.again == four.again == one.lost == 0


def test_more_cores_than_the_head_can_write_for_change_nothing() -> None:
    busy = Stage("trace", 0.01, 0.001)
    ten, twenty, hundred = (simulate(busy, PROGRAMS, Cluster(nodes, 1)).seconds for nodes in (10, 20, 100))
    assert ten > PROGRAMS * busy.head
    assert twenty == pytest.approx(hundred, rel=0.1)
    assert hundred >= PROGRAMS * busy.head


def test_lost_nodes_cost_their_batches_and_no_batch_is_written_twice_or_left_out() -> None:
    whole = simulate(WORK, PROGRAMS, Cluster(10, 1))
    lossy = simulate(WORK, PROGRAMS, Cluster(10, 1, losses=HOUR / 2, away=3.0))
    assert lossy.lost > 0
    assert lossy.again > 0
    assert lossy.seconds > whole.seconds
    assert lossy.work - lossy.again == pytest.approx(whole.work, rel=0.05)


def test_the_same_seed_gives_the_same_makespan() -> None:
    cluster = Cluster(5, 2, losses=HOUR, away=1.0, seed=3)
    assert simulate(WORK, PROGRAMS, cluster) == simulate(WORK, PROGRAMS, cluster)
