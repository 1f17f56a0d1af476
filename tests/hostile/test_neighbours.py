"""Programs that try to change what the next program in their process computes: it ends as it ends alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.execution.test_lanes import forks_of
from tests.hostile.one_process import Answers, answers

from codereasoner.execution.allowlist import may_share
from codereasoner.execution.decode import EXTENSION
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


@pytest.fixture(scope="module")
def shared() -> Mapping[str, tuple[Answers, Answers]]:
    """What a process answers to each neighbour, and to its attack and the neighbour."""
    found = answers([jobs for attack, last in PAIRS.values() for jobs in ([(last, "")], [(attack, ""), (last, "")])])
    return dict(zip(PAIRS, zip(found[::2], found[1::2], strict=True), strict=True))


def seen(run: Run) -> tuple[object, ...]:
    """What a neighbour could have changed."""
    return run.outcome, run.value, run.stdout, run.exception


@pytest.mark.parametrize("name", PAIRS)
def test_a_neighbour_ends_as_it_ends_alone(ends: Mapping[str, tuple[Run, ...]], name: str) -> None:
    alone, _, *after = ends[name]
    assert [seen(run) for run in after] == [seen(alone)] * 3
    assert alone.outcome in ("ok", "raised")
    assert (alone.shared, after[0].shared) == ("", name)


@pytest.mark.parametrize("name", PAIRS)
def test_a_neighbour_that_shares_the_process_for_certain_ends_as_it_ends_alone(
    shared: Mapping[str, tuple[Answers, Answers]], name: str
) -> None:
    alone, both = shared[name]
    assert both.get("1", alone.get("0")) == alone.get("0")


def test_every_third_attack_shares_one_process_of_a_pool_with_its_neighbours(level_a: None) -> None:
    """The others are refused by the gate, or ended; without a process for all four, nothing here would be tried."""
    made = []
    with Pool(workers=1, level="A") as pool:
        for name, (attack, neighbour) in PAIRS.items():
            after = [Job(f"{neighbour}\n# {number}\n", "f", "", origin=name) for number in range(3)]
            made.append(forks_of(pool, [Job(attack, "f", "", origin=name), *after])[1])
    assert made.count(1) > len(PAIRS) / 3


def test_what_an_argument_keeps_ends_with_its_program() -> None:
    kept = "def g():\n    try:\n        yield 1\n    finally:\n        print('evil')\n"
    kept += "def f(x):\n    x.append(g())\n    return next(x[-1])\n"
    quiet = "def f():\n    print('neighbour')\n"
    jobs = [Job(kept, "f", "[]", origin="arguments"), Job(quiet, "f", "", origin="arguments")]
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        runs = pool.run(jobs)
    assert (runs[0].value, runs[1].stdout) == ("1", "neighbour\n")


IMPORTING = {
    "math": "from math import floor\ndef f():\n    return floor(2.5)",
    "re": "import re\ndef f():\n    return re.sub('a', 'b', 'aa')",
    "typing": "from typing import List, Optional\ndef f(x: Optional[List[int]] = None):\n    return x",
    "bisect": "from bisect import bisect_left\ndef f():\n    return bisect_left([1, 2], 2)",
    "collections": "from collections import Counter, deque\ndef f():\n    return Counter('aab').most_common(1)",
    "functools": "from functools import lru_cache\n@lru_cache(None)\ndef f():\n    return 1",
}


def test_programs_that_import_from_the_allowlist_share_a_process() -> None:
    (found,) = answers([[(source, "") for source in IMPORTING.values()]])
    assert [name for place, name in enumerate(IMPORTING) if str(place) not in found] == []


PLAIN = ["'{}'", "'{0:>{1}} {0!r:^5.2} {{}}'", "'{a} {a:{a}<5}'", "'}}{{ 0.5 [1]'"]
READING = [
    "'{0.x}'",
    "'{0[x]}'",
    "'{:{0.x}}'",
    "'{0!r:{a.b}}'",
    "'{}{.x}'",
    "'{{{0.x}}}'",
    "'{{}}{0.x}'",
    "'{:}{a[0]}'",
]
FORMATS = [
    "def f(x):\n    return x.format(1, 2, a=3)",
    "def f(x):\n    return x.format_map({'a': 1})",
    "def f(x):\n    return list(map(str.format, [x], [1], [2]))",
]


@pytest.mark.parametrize("source", FORMATS)
def test_a_text_that_comes_as_an_argument_is_formatted_in_a_shared_process_unless_it_reads_attributes(
    source: str,
) -> None:
    if EXTENSION is None:  # nothing guards str.format: every such program runs alone
        assert not may_share(source, compile(source, "p", "exec"))
    else:
        plain, *reading = answers([[(source, text) for text in PLAIN], *[[(source, text)] for text in READING]])
        assert (len(plain), reading) == (len(PLAIN), [{}] * len(READING))
    shared = [Job(source, "f", text, origin="shared") for text in PLAIN + READING]
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        alone = pool.run([replace(job, source=f"{source}\nimport sys", origin="") for job in shared])
        assert [seen(run) for run in pool.run(shared)] == [seen(run) for run in alone]


DEEP = """
def deeper(n, text, failed):
    try:
        return deeper(n + 1, text, failed)
    except RecursionError:
        if len(failed) == {most}:
            return failed
    try:
        return text.format(n)
    except RecursionError:
        failed.append(n)
        raise

def f(text):
    return deeper(0, text, [])
"""


def test_a_format_that_reads_attributes_gives_the_same_at_the_limit_of_recursion(pool: Pool) -> None:
    sources = [DEEP.format(most=most) for most in range(1, 6)]
    if EXTENSION is None:  # nothing guards str.format: such a program runs alone
        assert not any(may_share(source, compile(source, "p", "exec")) for source in sources)
        return
    jobs = [Job(source, "f", "'{.real}'", origin="shared") for source in sources]
    alone = [replace(job, source=f"{job.source}\nimport sys", origin="") for job in jobs]
    assert [seen(run) for run in pool.run(jobs)] == [seen(run) for run in pool.run(alone)]


def test_the_modules_that_a_program_finds_loaded_do_not_depend_on_those_before_it() -> None:
    finding = "import sys\ndef f():\n    return sorted({'re', 'typing', 'heapq'} & set(sys.modules))"
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        before = pool.run([Job(finding, "f", "")])
        pool.run([Job(source, "f", "", origin="imports") for source in IMPORTING.values()])
        after = pool.run([Job(finding + "\n", "f", "")])
    assert before[0].value == after[0].value == "['heapq', 're', 'typing']"
