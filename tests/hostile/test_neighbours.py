"""Programs that try to change what the next program in their process computes: it ends as it ends alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from codereasoner.execution.pool import Limits, Pool
from codereasoner.records import Job, Run

TEXT = Path(__file__).with_name("neighbours.txt").read_text(encoding="utf-8")
PAIRS = {
    name: tuple(programs.strip("\n").split("\n----\n"))
    for name, _, programs in (text.partition("\n") for text in TEXT.split("\n==== ")[1:])
}


@pytest.fixture(scope="module")
def ends() -> Mapping[str, tuple[Run, ...]]:
    """Each neighbour alone, and three times after the program that tries to change it; a process for each pair."""
    jobs = []
    for name, (attack, neighbour) in PAIRS.items():
        jobs.append(Job(neighbour, "f", ""))
        jobs.append(Job(attack, "f", "", origin=name))
        jobs += [Job(f"{neighbour}\n# {number}\n", "f", "", origin=name) for number in range(3)]
    limits = Limits(cpu_seconds=0.5, wall_seconds=5.0, memory_bytes=300 << 20)
    with Pool(workers=1, limits=limits, allow_weak_isolation=True) as pool:
        runs = pool.run(jobs)
    return {name: tuple(runs[5 * place : 5 * place + 5]) for place, name in enumerate(PAIRS)}


def seen(run: Run) -> tuple[object, ...]:
    """What a neighbour could have changed."""
    return run.outcome, run.value, run.stdout, run.exception


@pytest.mark.parametrize("name", PAIRS)
def test_a_neighbour_ends_as_it_ends_alone(ends: Mapping[str, tuple[Run, ...]], name: str) -> None:
    alone, _, *after = ends[name]
    assert [seen(run) for run in after] == [seen(alone)] * 3
    assert alone.outcome in ("ok", "raised")
    assert (alone.shared, after[0].shared) == ("", name)
