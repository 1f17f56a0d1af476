"""Programs that try to leave something behind for whoever shares their process: the next one never notices."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.execution.allowlist import may_share
from codereasoner.execution.pool import Limits, Pool
from codereasoner.records import Job, Run

PLAIN = """
class Point:
    limit = 3

    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x == other.x


def deep(n=0):
    try:
        return deep(n + 1)
    except RecursionError:
        return n > 900


def f(x):
    print("probe", end="")
    return (
        len(x), sum(x), max(x), sorted(x), list(map(str, x)), isinstance(x, list), repr(x), abs(-1), type(x) is list,
        round(2.675, 2), Point(1) == Point(1), Point.limit, deep(), sorted(x, key=lambda item: -item),
        list(enumerate(x)), list(zip(x, x)), 10 ** 4299 > 1, len(str(10 ** 4000)), hash("a") == hash("a"),
        {3, 1, 2} == {1, 2, 3}, f"{x!r:>12}", bool([]), int("7"), issubclass(bool, int), [*range(3)], "%d" % 3,
        divmod(7, 2), "a-b".split("-"), {"k": 1}.get("k"),
    )
"""
IMPORTING = """
from bisect import bisect_left
from collections import Counter, OrderedDict, deque
from heapq import heappop, heappush, nsmallest
from math import floor, pi


def f(x):
    print("probe", end="")
    heap = []
    for item in x:
        heappush(heap, item)
    return (
        heappop(heap), nsmallest(1, x), bisect_left([1, 2], 2), floor(2.5), round(pi, 3), Counter("aab").most_common(1),
        list(OrderedDict(a=1)), list(deque([1, 2])), Counter("ab") + Counter("b"), Counter(a=1) < Counter(a=2),
    )
"""
PROBES = (PLAIN, IMPORTING)
"""What the next program might notice: the interpreter's own, and the modules that a shared process may import."""

LIST = Path(__file__).with_name("leaks.txt").read_text(encoding="utf-8").split("\n==== ")[1:]
LEAKS = {name: source for name, _, source in (text.partition("\n") for text in LIST)}
SOURCES = list(LEAKS.items())


@pytest.fixture(scope="module")
def probed() -> list[Run]:
    """Both probes alone, and then both after each program, all in one worker and in batches as they come."""
    jobs = [Job(probe, "f", "[2, 1, 3]") for probe in PROBES]
    for number, (_, source) in enumerate(SOURCES):
        jobs.append(Job(source, "f", "", origin="leaks"))
        jobs += [Job(f"{probe}\n# {number}", "f", "[2, 1, 3]", origin="leaks") for probe in PROBES]
    limits = Limits(cpu_seconds=0.3, wall_seconds=2.0, memory_bytes=300 << 20)
    with Pool(workers=1, limits=limits, allow_weak_isolation=True) as pool:
        return pool.run(jobs)


def seen(run: Run) -> tuple[object, ...]:
    """What a neighbour could have changed."""
    return run.outcome, run.value, run.stdout, run.exception


def test_the_probes_share_a_process_and_return(probed: list[Run]) -> None:
    for probe, run in zip(PROBES, probed, strict=False):
        assert may_share(probe, compile(probe, "<program>", "exec"))
        assert (run.outcome, run.stdout) == ("ok", "probe"), run.reason


@pytest.mark.parametrize("place", range(len(SOURCES)), ids=list(LEAKS))
def test_it_leaves_nothing_behind(probed: list[Run], place: int) -> None:
    after = probed[3 * place + 3 : 3 * place + 5]
    assert [seen(run) for run in after] == [seen(run) for run in probed[:2]]
