"""Programs that attack the machine, the worker, their neighbours and our own answers: all are contained."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from codereasoner.errors import IsolationError
from codereasoner.execution.hostile_programs import GUARDS, LIMITS, Attack, attacks, jobs, neighbour, neighbour_fault
from codereasoner.execution.isolation import LAYERS
from codereasoner.execution.pool import Pool
from codereasoner.records import Run

ATTACKS = attacks()
NAMES = [attack.name for attack in ATTACKS]
PLACES = [Path(folder) / "planted" for folder in ("/tmp", "/", ".")] + [Path(os.__file__).with_name("planted.py")]
SLOW_TO_TRACE = {"return what grows when it is written", "return a very deep list", "return a huge integer"}
"""Building their values line by line, each line with the value as it then is, may take longer than the limits here."""


@pytest.fixture(scope="module")
def shut_in() -> Iterator[Pool]:
    """One worker at level A: at weaker levels these programs would do what they try."""
    try:
        with Pool(workers=1, limits=LIMITS, level="A") as pool:
            yield pool
    except IsolationError as error:
        pytest.skip(f"this machine has no isolation level A, without which no attack is run: {error}")


@pytest.fixture(scope="module")
def runs(shut_in: Pool) -> list[Run]:
    """Of each attack, and of a neighbour after each, in one go, as a stage would run them."""
    return shut_in.run(jobs(ATTACKS))


def descendants(process: int) -> set[int]:
    """The processes that this one has started, and those that they have."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(words[1])
    found, fresh = set[int](), {process}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def test_there_are_a_hundred_attacks_and_each_has_a_name_of_its_own() -> None:
    assert len(ATTACKS) >= 100
    assert len(set(NAMES)) == len(NAMES)


def test_each_attack_is_held_at_level_a_by_layers_that_there_are() -> None:
    assert {guard for attack in ATTACKS for guard in attack.guards} <= set(LAYERS)
    assert [attack.name for attack in ATTACKS if attack.missing("A")] == []
    assert set.union(*GUARDS.values()) <= set(LAYERS)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("level", ["B", "C"])
def test_a_weaker_level_holds_what_its_layers_guard(level_b: None, level: Literal["B", "C"]) -> None:
    chosen = [attack for attack in ATTACKS if not attack.missing(level)]
    with Pool(workers=1, limits=LIMITS, level=level, allow_weak_isolation=True) as pool:
        found = pool.run(jobs(chosen))
    faults = [attack.fault(run) for attack, run in zip(chosen, found[::2], strict=True)]
    faults += [neighbour_fault(attack, run) for attack, run in zip(chosen, found[1::2], strict=True)]
    assert [fault for fault in faults if fault] == []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("place", range(len(ATTACKS)), ids=NAMES)
def test_it_is_contained(runs: list[Run], place: int) -> None:
    assert not ATTACKS[place].fault(runs[2 * place])


@pytest.mark.parametrize("place", range(len(ATTACKS)), ids=NAMES)
def test_the_run_after_it_is_unharmed(runs: list[Run], place: int) -> None:
    assert not neighbour_fault(ATTACKS[place], runs[2 * place + 1])


def test_no_file_is_left_behind(runs: list[Run]) -> None:
    assert [place for place in PLACES if place.exists()] == []


@pytest.mark.usefixtures("shut_in")
def test_no_process_and_no_descriptor_is_left_behind() -> None:
    chosen = [attack for attack in ATTACKS if "timeout" not in attack.outcomes or "fork" in attack.name]
    processes, descriptors = descendants(os.getpid()), len(os.listdir("/proc/self/fd"))
    with Pool(workers=1, limits=LIMITS, level="A") as pool:
        pool.run(jobs(chosen))
        inside = descendants(os.getpid()) - processes
        assert len(inside) <= 4  # the one that watches, the worker, and at most two forks that wait for more
    deadline = time.monotonic() + 5
    while descendants(os.getpid()) - processes and time.monotonic() < deadline:
        time.sleep(0.02)
    assert descendants(os.getpid()) - processes == set()
    assert len(os.listdir("/proc/self/fd")) == descriptors


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_tracer_is_no_way_out(shut_in: Pool) -> None:
    quick = [attack for attack in ATTACKS if "timeout" not in attack.outcomes]
    traced = [replace(a, job=replace(a.job, record="trace"), outcomes=_outcomes(a)) for a in quick]
    found = shut_in.run(jobs(traced))
    faults = [attack.fault(run) for attack, run in zip(traced, found[::2], strict=True)]
    faults += [neighbour_fault(attack, run) for attack, run in zip(traced, found[1::2], strict=True)]
    assert [fault for fault in faults if fault] == []


def _outcomes(attack: Attack) -> tuple[str, ...]:
    return (*attack.outcomes, "timeout", "raised") if attack.name in SLOW_TO_TRACE else attack.outcomes


def test_attacks_do_not_reach_each_other_through_two_workers() -> None:
    chosen = [attack for attack in ATTACKS if "kill" in attack.name or "forged" in attack.name]
    try:
        with Pool(workers=2, limits=LIMITS, level="A") as pool:
            found = pool.run(jobs(chosen * 2))
            assert [neighbour_fault(attack, run) for attack, run in zip(chosen * 2, found[1::2], strict=True)] == [
                ""
            ] * (len(chosen) * 2)
            assert pool.run([neighbour(-1)])[0].value == "['a', 'b']"
    except IsolationError as error:
        pytest.skip(str(error))


def test_a_worker_killed_in_the_middle_of_a_batch_costs_no_job(shut_in: Pool) -> None:
    code = (
        "import os, signal, sys, threading, time\n"
        "from codereasoner.execution.pool import Pool\n"
        "from codereasoner.execution.hostile_programs import neighbour\n"
        "def children(parent):\n"
        "    text = open(f'/proc/{parent}/task/{parent}/children').read()\n"
        "    return [int(word) for word in text.split()]\n"
        "with Pool(workers=1, level='A') as pool:\n"
        "    def strike():\n"
        "        time.sleep(0.05)\n"
        "        for watcher in children(os.getpid()):\n"
        "            for worker in children(watcher):\n"
        "                os.kill(worker, signal.SIGKILL)\n"
        "    threading.Thread(target=strike).start()\n"
        "    runs = pool.run([neighbour(n) for n in range(600)])\n"
        "    print({(run.outcome, run.value) for run in runs})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "{('ok', \"['a', 'b']\")}"
