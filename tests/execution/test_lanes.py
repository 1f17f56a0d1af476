"""The lanes of a worker: who is a neighbour of whom, and when what neighbours say is believed."""

from __future__ import annotations

import posix
import select
import sys
import time
from pathlib import Path

import pytest

from codereasoner.execution import shared_process, worker_handle
from codereasoner.execution.compile_jobs import Compiled, Program
from codereasoner.execution.final_filter import FinalFilter
from codereasoner.execution.framing import Kind, Splitter, pack
from codereasoner.execution.lanes import Lane, Runner
from codereasoner.execution.pool import Limits, Pool, Tracing
from codereasoner.execution.run_job import Streams
from codereasoner.execution.shared_process import is_in_order
from codereasoner.execution.zygote import run_together
from codereasoner.records import Job, Record, Run

NUMBERS = [4, 5, 6]


def job(number: int, source: str = "", origin: str = "") -> tuple[int, str, str, str, str, str, str]:
    return number, source, "f", "", "value", "", origin


@pytest.mark.parametrize(
    "said",
    [
        [],
        [(Kind.RESULT, 4)],
        [(Kind.RESULT, 4), (Kind.FORK, 5), (Kind.RESULT, 6), (Kind.DONE, 0)],
        [(Kind.RESULT, 4), (Kind.LEFT, 5)],
        [(Kind.RESULT, 4), (Kind.RESULT, 5), (Kind.SPENT, 5)],
    ],
)
def test_neighbours_that_speak_of_each_job_once_are_believed(said: list[tuple[int, int]]) -> None:
    assert is_in_order([(kind, number, b"") for kind, number in said], NUMBERS)


@pytest.mark.parametrize(
    "said",
    [
        [(Kind.RESULT, 5)],
        [(Kind.RESULT, 4), (Kind.RESULT, 4)],
        [(Kind.RESULT, 4), (Kind.RESULT, 6)],
        [(Kind.RESULT, 4), (Kind.RESULT, 5), (Kind.RESULT, 6), (Kind.RESULT, 7)],
        [(Kind.RESULT, 4), (Kind.DONE, 0)],
        [(Kind.LEFT, 4), (Kind.RESULT, 5)],
        [(Kind.SPENT, 4)],
        [(Kind.RESULT, 4), (Kind.SPENT, 5)],
        [(Kind.RESULT, 4), (Kind.SLOW, 5)],
        [(Kind.DONE, 0), (Kind.RESULT, 4)],
        [(Kind.RESULT, 4), (Kind.FORK, 5), (Kind.RESULT, 6), (Kind.RESULT, 4), (Kind.DONE, 0)],
    ],
)
def test_neighbours_that_speak_of_another_job_are_not_believed(said: list[tuple[int, int]]) -> None:
    assert not is_in_order([(kind, number, b"") for kind, number in said], NUMBERS)


def test_what_neighbours_say_is_held_until_the_last_is_done_and_void_where_one_has_forged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runner = object.__new__(Runner)
    runner.forks = runner.misbehaved = runner.spent = False
    runner.jobs, runner.held, runner.size = {number: job(number) for number in NUMBERS}, [], 0
    said: list[list[tuple[int, int, bytes]]] = [
        [(Kind.RESULT, 4, b"")],
        [(Kind.RESULT, 5, b"forged"), (Kind.RESULT, 5, b""), (Kind.RESULT, 6, b"")],
    ]
    said.append([(Kind.DONE, 0, b"")])
    monkeypatch.setattr(Runner, "_read", lambda self: (said.pop(0), True))
    assert [runner.read(), runner.read(), runner.read()] == [([], True), ([], True), ([], False)]
    assert runner.misbehaved


def test_jobs_of_one_origin_are_taken_together() -> None:
    lane = Lane(False)
    lane.waiting.extend([job(0, "a", "x"), job(1, "a", "y"), job(2, "b", "x"), job(3, "b", "z"), job(4, "c", "y")])
    taken = []
    while lane.waiting:
        taken.append([each[0] for each in lane.next()[1]])
    assert taken == [[0, 2], [1, 4], [3]]


def test_what_a_dead_process_has_said_is_read_although_its_bell_was_closed_first() -> None:
    runner = object.__new__(Runner)
    runner.forks = runner.misbehaved = runner.spent = False
    runner.jobs, runner.held, runner.size = {number: job(number) for number in NUMBERS}, [], 0
    runner.splitter = Splitter()
    runner.source, sink = posix.pipe()
    posix.set_blocking(runner.source, False)
    runner.pid = posix.fork()
    if runner.pid == 0:
        posix.write(sink, pack(Kind.RESULT, 4, b"") + pack(Kind.LEFT, 5, b""))
        while True:  # its other pipe stays open
            pass
    posix.close(sink)
    while not select.select([runner.source], [], [], 10.0)[0]:
        pass
    runner.kill()
    assert runner.read() == ([(Kind.RESULT, 4, b""), (Kind.LEFT, 5, b"")], False)
    posix.close(runner.source)


@pytest.mark.parametrize("body", [b"", bytes(1000)], ids=["empty frames", "full frames"])
def test_a_process_that_writes_frames_without_end_is_given_up(body: bytes) -> None:
    runner = object.__new__(Runner)
    runner.forks = runner.misbehaved = runner.spent = False
    runner.jobs, runner.held, runner.size = {number: job(number) for number in NUMBERS}, [], 0
    runner.splitter = Splitter()
    runner.source, sink = posix.pipe()
    posix.set_blocking(runner.source, False)
    runner.pid = posix.fork()
    if runner.pid == 0:
        while True:
            posix.write(sink, pack(Kind.RESULT, 4, body) * 50)
    posix.close(sink)
    deadline = time.monotonic() + 30
    while runner.read()[1]:
        assert time.monotonic() < deadline
    runner.kill()
    posix.close(runner.source)
    assert runner.misbehaved


PROCESS_ID = "import posix\ndef f(n):\n    return posix.getpid()"


def forks_of(pool: Pool, jobs: list[Job]) -> tuple[list[Run], int]:
    """The runs, and how many processes were made for them: the ids of a process namespace are given out in order."""
    before = int(pool.run([Job(PROCESS_ID, "f", "0")])[0].value or 0)
    runs = pool.run(jobs)
    return runs, int(pool.run([Job(PROCESS_ID, "f", "1")])[0].value or 0) - before - 1


@pytest.mark.parametrize("tracer", ["auto", "python"])
@pytest.mark.parametrize("record", ["value", "trace"])
def test_sixteen_calls_of_a_program_share_one_process(level_a: None, tracer: Tracing, record: Record) -> None:
    questions = [f"def f(x):\n    return len(x) * {number}" for number in range(3)]
    jobs = [Job(each, "f", f"[{n}, 'a']", record=record) for each in questions for n in range(16)]
    with Pool(workers=1, level="A", tracer=tracer) as pool:
        runs, made = forks_of(pool, jobs)
    assert [run.value for run in runs] == [str(2 * number) for number in range(3) for _ in range(16)]
    assert made == 3


def test_the_programs_of_one_origin_share_one_process_and_those_that_leave_cost_one_more(level_a: None) -> None:
    plain = [Job(f"def f(x):\n    return x + {number}", "f", "1", origin="tests") for number in range(120)]
    plain[30:40] = [Job(f"import math\n{each.source}", "f", "1", origin="tests") for each in plain[30:40]]
    leaves = Job("import math\ndef f(x):\n    return math.nothing", "f", "1", origin="tests")
    with Pool(workers=1, level="A") as pool:
        runs, made = forks_of(pool, [*plain[:60], leaves, *plain[60:]])
    assert [run.value for run in runs if run.outcome == "ok"] == [str(number + 1) for number in range(120)]
    assert made == 3  # the first, the fork of the one that leaves, and the next


def test_a_fork_that_refuses_a_call_which_has_passed_the_gate_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = Compiled(Program("def f(n):\n    return n", ""), "f", "1")
    compiled.shares = False
    limits = Limits().as_dict()
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)  # Streams replaces them
    streams = Streams(limits["output_bytes"], lambda: None)
    said = run_together([(4, compiled, "value"), (5, compiled, "value")], limits, FinalFilter(), streams, ())
    assert said == ([(Kind.LEFT, 4, b"")], True)


MIXED = """
def f(n):
    if n == 3:
        while True:
            pass
    if n == 6:
        return f(n)
    if n == 9:
        print("a" * 200000)
    if n == 12:
        raise SystemExit
    return n
"""


def test_a_call_that_ends_its_process_costs_the_other_calls_of_its_program_nothing() -> None:
    jobs = [Job(MIXED, "f", str(n)) for n in range(16)]
    with Pool(workers=1, limits=Limits(cpu_seconds=0.2), allow_weak_isolation=True) as pool:
        runs = pool.run(jobs)
    different = {3: "timeout", 6: "raised", 9: "output", 12: "exited"}
    assert [run.outcome for run in runs] == [different.get(n, "ok") for n in range(16)]
    assert all(run.value == str(n) for n, run in enumerate(runs) if n not in different)


FORGER = "def f(n):\n    if n == 4:\n        raise SystemExit\n    return n"


@pytest.mark.parametrize("origin", ["tests", ""])
def test_a_forged_frame_costs_its_neighbours_nothing(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    """A process is made to say more than it was to say, as if a program had reached its pipe."""
    text = "self._tell(pack(Kind.RESULT, number, bounded(answer(**facts))))"
    forged = (
        text
        + '\n            if facts["outcome"] == "exited": self._tell(pack(Kind.RESULT, number + 1, answer("ok", "7")))'
    )
    source = Path(shared_process.__file__).read_text(encoding="utf-8")
    assert source.count(text) == 1
    code = compile(source.replace(text, forged), "neighbours.py", "exec", 0, True)
    codes = [(name, code if name == shared_process.__name__ else own) for name, own in worker_handle._codes()]
    monkeypatch.setattr(worker_handle, "_codes", lambda: codes)
    jobs = [Job(FORGER, "f", str(n), origin=origin) for n in range(9)]
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        runs = pool.run(jobs)
    assert [run.value for run in runs] == ["0", "1", "2", "3", None, "5", "6", "7", "8"]
    assert runs[4].outcome == "exited"
