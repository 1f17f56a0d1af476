"""What a worker does with programs of every kind: two lanes, limits that are named, neighbours that are not harmed."""

from __future__ import annotations

import marshal
import platform
import struct
from collections.abc import Iterator
from pathlib import Path
from select import select
from typing import Literal

import pytest

from codereasoner.execution import framing, launcher
from codereasoner.execution.final_filter import FinalFilter
from codereasoner.execution.framing import Kind, pack
from codereasoner.execution.pool import Limits, Pool
from codereasoner.execution.syscalls import OWN_ID
from codereasoner.execution.worker_handle import Process, Setup
from codereasoner.records import Job, Run

NUMBERS = "import sys\nfrom array import array\n"  # a view of them has fewer items than bytes
LIMITS = Limits(cpu_seconds=0.5, wall_seconds=2.0, memory_bytes=300 << 20, output_bytes=10_000, result_chars=5_000)
LOOP = "def f():\n    while True:\n        pass"
ALONE = "import sys\n"  # which the allowlist refuses


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(workers=1, limits=LIMITS, allow_weak_isolation=True) as pool:
        yield pool


def run(pool: Pool, source: str, call: str = "", record: str = "value") -> Run:
    [found] = pool.run([Job(source, "f", call, record)])  # type: ignore[arg-type]
    return found


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def seccomp_filters(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition("Seccomp_filters:")[2].split()[0])


STUBBORN = {
    "an endless loop": LOOP,
    "a loop that catches everything": "def f():\n    while True:\n        try:\n            while True: pass\n"
    "        except BaseException: pass",
    "a loop in C": "def f():\n    return 9 ** 9 ** 9",
    "a loop of its own process": ALONE + LOOP,
    "a loop that ignores the timer": "import signal\nfor n in (14, 24, 26, 27):\n"
    "    signal.signal(n, signal.SIG_IGN)\n" + LOOP,
    "a loop that removes the timer": "import signal\nsignal.setitimer(signal.ITIMER_PROF, 0)\n" + LOOP,
    "an endless finally": "def f():\n    while True:\n        try:\n            return 1\n"
    "        finally:\n            continue",
    "compiling without end": "def f():\n    return " + "+".join(["9 ** 9 ** 9"] * 3),
}  # fmt: skip


@pytest.fixture(scope="module")
def patient() -> Iterator[Pool]:
    """A pool that gives even a busy machine the time for a quarter of a second of CPU, more than a first try gets."""
    with Pool(workers=1, limits=Limits(cpu_seconds=0.25, wall_seconds=30.0), allow_weak_isolation=True) as pool:
        yield pool


@pytest.mark.parametrize("source", STUBBORN.values(), ids=STUBBORN)
def test_a_program_that_does_not_want_to_end_is_ended_by_its_cpu_limit(patient: Pool, source: str) -> None:
    found = run(patient, source)
    assert (found.outcome, "cpu_seconds" in found.reason) == ("timeout", True)
    assert found.cpu_ms >= 200


@pytest.mark.parametrize(
    ("source", "outcome", "limit"),
    [
        ("import time\ndef f():\n    time.sleep(100)", "timeout", "wall_seconds"),
        ("def f():\n    return [0] * 10 ** 9", "memory", "memory_bytes"),
        ("def f():\n    x = []\n    while True:\n        x.append(bytes(10 ** 6))", "memory", "memory_bytes"),
        ("def f():\n    print('a' * 20_000)", "output", "output_bytes"),
        (STUBBORN["a loop that catches everything"].replace("pass", "print('a' * 2000)", 1), "output", "output_bytes"),
        (ALONE + "def f():\n    sys.stderr.write('a' * 20_000)", "output", "output_bytes"),
        (NUMBERS + "def f():\n    sys.stdout.buffer.raw.write(array('q', range(2_000)))", "output", "output_bytes"),
        ("def f():\n    return 'a' * 20_000", "output", "result_chars"),
    ],
)  # fmt: skip
def test_the_limit_that_ended_a_run_is_named(pool: Pool, source: str, outcome: str, limit: str) -> None:
    found = run(pool, source)
    assert (found.outcome, limit in found.reason) == (outcome, True), found.reason


@pytest.mark.parametrize("act", ["os.fork()", "threading.Thread(target=print).start()", "subprocess.run(['true'])"])
def test_no_program_starts_a_process_or_a_thread(pool: Pool, act: str) -> None:
    assert run(pool, f"import os, subprocess, threading\ndef f():\n    {act}").outcome == "raised"


def test_a_run_that_takes_longer_than_the_first_try_is_confirmed_and_not_lost(pool: Pool) -> None:
    for begin in ("", ALONE):
        found = run(pool, begin + "def f(n):\n    while n:\n        n -= 1\n    return n", "6_000_000")
        assert (found.outcome, found.value) == ("ok", "0"), found.reason


def test_others_are_answered_while_one_is_in_the_slow_lane() -> None:
    worker = Process("D", Setup(LIMITS.as_dict()))
    jobs = [
        (0, LOOP, "f", "", "value", "", "tests"),
        *[(n, "def f(n):\n    return n", "f", str(n), "value", "", "tests") for n in range(1, 200)],
    ]
    worker.write(pack(Kind.JOBS, 0, marshal.dumps(jobs)))
    numbers: list[int] = []
    try:
        while len(numbers) < len(jobs):
            select([worker.source], [worker.sink] if worker.unsent else [], [], 10)
            worker.write()
            found = worker.read()
            assert found is not None
            numbers += [number for kind, number, _ in found if kind == Kind.RESULT]
    finally:
        worker.end()
    assert sorted(numbers) == list(range(200))
    assert numbers[-1] == 0


def test_jobs_behind_one_that_breaks_the_shared_process_are_not_harmed(pool: Pool) -> None:
    plain = [Job("def f(n):\n    return n", "f", str(n), origin="tests") for n in range(30)]
    bad = [
        Job(LOOP, "f", "", origin="tests"),
        Job("def f():\n    return [0] * 10 ** 9", "f", "", origin="tests"),
        Job("def f():\n    print('a' * 20_000)", "f", "", origin="tests"),
    ]
    found = pool.run([*plain[:10], bad[0], *plain[10:20], bad[1], bad[2], *plain[20:]])
    assert [each.outcome for each in found if each.outcome != "ok"] == ["timeout", "memory", "output"]
    assert [each.value for each in found if each.outcome == "ok"] == [str(n) for n in range(30)]


SAME = {
    "depth of an error": ("def f(n):\n    return f(n + 1)", "0"),
    "output": ("def f():\n    print('a', end='')\n    print([1], 'b')", ""),
    "an exception": ("def f():\n    return {}['a']", ""),
    "leaving": ("def f():\n    raise SystemExit(3)", ""),
    "order of a set": ("def f():\n    return list({'a', 'b', 'c', 'd'})", ""),
    "hash of a string": ("def f():\n    return hash('a')", ""),
    "reading input": ("def f():\n    return input()", ""),
    "the name of the module": ("def f():\n    return __name__", ""),
    "a generator that is thrown away": (
        "def f():\n    def g():\n        try:\n            yield 1\n        finally:\n            print(2)\n"
        "    return next(g())",
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "call"), SAME.values(), ids=SAME)
def test_a_run_is_the_same_shared_and_alone(pool: Pool, source: str, call: str) -> None:
    beside = Job("def f():\n    return 1", "f", "", origin="tests")
    _, shared = pool.run([beside, Job(source, "f", call, origin="tests")])
    alone = run(pool, source + "\n" + ALONE, call)
    for field in ("outcome", "value", "exception", "stdout"):
        assert getattr(shared, field) == getattr(alone, field)


@pytest.mark.parametrize(
    "change",
    [
        "flush = None",
        "flush = lambda: 1 / 0",
        "buffer.write = None",
        "buffer.write = lambda data: 1 / 0",
        "buffer.flush = None",
    ],
)
def test_a_run_whose_stream_has_methods_of_the_program_ends_alike_traced_and_untraced(pool: Pool, change: str) -> None:
    source = f"import sys\ndef f():\n    print('a')\n    sys.stdout.{change}\n    return 1"
    records: list[Literal["value", "coverage", "trace"]] = ["value", "coverage", "trace"]
    found = pool.run([Job(source, "f", "", record) for record in records])
    assert {(run.outcome, run.value) for run in found} == {("ok", "1")}
    assert len({run.stdout for run in found}) == 1


HELD = {
    "a process": "os.fork()",
    "a process below Python": "libc.fork()",
    "a process by clone": "libc.syscall(56, 17, 0, 0, 0, 0)",
    "a process by clone3": "libc.syscall(435, ctypes.create_string_buffer(88), 88)",
    "a process by vfork": "libc.syscall(58)",
    "a thread": "_thread.start_new_thread(print, ())",
    "another program": "os.execv(sys.executable, ['python'])",
    "a signal to the parent": "os.kill(os.getppid(), 0)",
    "a signal to everything": "os.kill(-1, 0)",
    "a signal to the process group": "os.killpg(0, 0)",
    "a signal to process 1": "os.kill(1, 0)",
    "a signal to a thread of the parent": "libc.syscall(200, os.getppid(), 0)",
    "a signal with a value": "libc.syscall(129, os.getppid(), 0, ctypes.create_string_buffer(128))",
    "a signal through a descriptor": "libc.syscall(434, os.getppid(), 0)",
    "a signal by the owner of a pipe": "fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, os.getppid())",
    "another signal for that": "fcntl.fcntl(os.pipe()[0], 10, 9)",
    "a session": "os.setsid()",
    "a process group": "os.setpgid(0, 0)",
    "limits of the parent": "resource.prlimit(os.getppid(), resource.RLIMIT_CPU)",
    "the parent's memory": "libc.syscall(310, os.getppid(), 0, 0, 0, 0, 0)",
    "tracing": "libc.ptrace(16, os.getppid(), 0, 0)",
    "the priority of the parent": "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
    "the scheduler of the parent": "os.sched_setaffinity(os.getppid(), {0})",
    "a filter of its own": "libc.prctl(22, 2, ctypes.create_string_buffer(16))",
    "outliving the worker": "libc.prctl(1, 0)",
}


@pytest.fixture(scope="module", params=["auto", "python"])
def behind_the_barrier(level_b: None, request: pytest.FixtureRequest) -> Iterator[Pool]:
    """A pool without namespaces, where nothing but the filters guards processes; with the extension and without."""
    with Pool(workers=1, limits=LIMITS, level="B", allow_weak_isolation=True, tracer=request.param) as pool:
        yield pool


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86_64")
@pytest.mark.parametrize("act", HELD.values(), ids=HELD)
def test_a_program_makes_no_process_and_reaches_none_but_itself(behind_the_barrier: Pool, act: str) -> None:
    source = (
        "import _thread, ctypes, fcntl, os, resource, sys\nlibc = ctypes.CDLL(None)\ndef f():\n"
        f"    try:\n        return {act}\n    except (OSError, RuntimeError):\n        return -1"
    )
    found = run(behind_the_barrier, source)
    assert (found.outcome, found.value) == ("ok", "-1"), found.reason


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        ("os.kill(os.getpid(), 0)", "ok"),
        ("signal.raise_signal(signal.SIGCHLD)", "ok"),
        ("os.abort()", "crashed"),
        ("os.kill(os.getpid(), 9)", "exited"),
    ],
)
def test_a_program_may_signal_itself(behind_the_barrier: Pool, act: str, outcome: str) -> None:
    assert run(behind_the_barrier, f"import os, signal\ndef f():\n    {act}").outcome == outcome


@pytest.mark.parametrize("word", ["exit", "quit"])
def test_a_program_ends_itself_as_a_script_does(behind_the_barrier: Pool, word: str) -> None:
    ended = run(behind_the_barrier, f"def f():\n    {word}('bye')\n    return 1")
    assert (ended.outcome, ended.reason) == ("exited", "the program ended itself: SystemExit: bye")


def test_the_process_that_programs_share_cannot_fork_whatever_becomes_of_it(behind_the_barrier: Pool) -> None:
    [inside] = children(behind_the_barrier.processes()[0])
    behind_the_barrier.run([Job("def f():\n    return 1", "f", "", origin="tests")])
    run(behind_the_barrier, ALONE + "def f():\n    return 1")
    worker = seccomp_filters(inside)
    filters = sorted(seccomp_filters(pid) for pid in children(inside))
    assert filters == [worker, worker + 1]  # the one that forks runs no program


@pytest.mark.parametrize(
    ("code", "what"),
    [((0x06, 0x7FFF0000), "a filter that allows everything"), ((0xFF, 0), "what the kernel takes for no filter")],
    ids=["not held", "refused"],
)
def test_without_a_barrier_that_holds_no_worker_starts(code: tuple[int, int], what: str) -> None:
    kind, value = code
    barrier = FinalFilter(struct.pack("=HBBI", kind, 0, 0, value), OWN_ID)
    assert "which denies programs new processes, is not to be had" in barrier.prove(), what
    assert FinalFilter().prove() == ""  # level D has none


def test_the_file_that_starts_workers_speaks_as_they_do() -> None:
    assert (launcher.SHUT_OUT, launcher.FAILED) == (framing.SHUT_OUT, framing.FAILED)


def test_a_neighbour_that_kills_everything_it_can_see_changes_nothing_for_others(behind_the_barrier: Pool) -> None:
    kill = "import os\ndef f(n):\n    try:\n        os.kill(-1, n)\n    except PermissionError:\n        return n"
    plain = [Job(ALONE + "def f(n):\n    return n", "f", str(n)) for n in range(10)]
    jobs = [Job(LOOP, "f", ""), *plain[:5], Job(kill, "f", "9"), *plain[5:], Job(kill, "f", "19")]
    found = behind_the_barrier.run(jobs)
    assert found[0].outcome == "timeout"
    assert [each.value for each in found[1:]] == ["0", "1", "2", "3", "4", "9", "5", "6", "7", "8", "9", "19"]


BAD = {
    "a syntax error": ("def f(:", "", "raised"),
    "a null byte": ("def f():\n    return '\0'", "", "raised"),
    "a lone surrogate": ("def f():\n    return '\udc80'", "", "raised"),
    "too many brackets": ("def f():\n    return " + "(" * 500 + ")" * 500, "", "raised"),
    "a call that is none": ("def f():\n    return 1", "1) + f(2", "refused"),
    "a call that does not end": ("def f():\n    return 1", "1, (", "refused"),
    "a statement": ("def f():\n    return 1", "); import os; f(", "refused"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "call", "outcome"), BAD.values(), ids=BAD)
def test_what_is_no_program_or_no_call_is_an_outcome_with_a_sentence(
    pool: Pool, source: str, call: str, outcome: str
) -> None:
    found = run(pool, source, call)
    assert (found.outcome, bool(found.reason)) == (outcome, True)


def test_cpu_time_is_that_of_the_program(pool: Pool) -> None:
    source = "def f(n):\n    while n:\n        n -= 1"
    short, long = run(pool, source, "1000").cpu_ms, run(pool, source, "1_000_000").cpu_ms
    assert 0 < short < long / 10
