"""What a pool promises: order, once each, replacement of workers, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from codereasoner.errors import ConfigError, InfrastructureError, IsolationError
from codereasoner.execution import supervisor
from codereasoner.execution.pool import Limits, Pool, Tracing
from codereasoner.records import Job, Record, Run

DOUBLE = "def f(x):\n    return x * 2"
FAST = Limits(wall_seconds=1.0, cpu_seconds=0.5)


def job(number: int) -> Job:
    return Job(DOUBLE, "f", str(number))


def values(runs: list[Run]) -> list[str | None]:
    return [run.value for run in runs]


def descendants(above: int = 0) -> set[int]:
    """All processes below one, by default this one."""
    above = above or os.getpid()
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, before = {above}, 0
    while len(found) != before:
        before = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found - {above}


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def within(seconds: float, condition: object) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(scope="module")
def two() -> Iterator[Pool]:
    with Pool(workers=2, limits=FAST, allow_weak_isolation=True) as pool:
        yield pool


def test_runs_come_in_the_order_of_their_jobs(two: Pool) -> None:
    assert values(two.run([job(number) for number in range(300)])) == [str(2 * number) for number in range(300)]


def test_no_job_makes_no_run(two: Pool) -> None:
    assert two.run([]) == []


def test_equal_jobs_are_executed_once_in_a_call(two: Pool) -> None:
    import_time = Job("import time\ndef f():\n    return time.monotonic_ns()", "f", "")
    assert len({run.value for run in two.run([import_time] * 20)}) == 1


def test_a_stream_takes_no_more_jobs_than_it_has_room_for(two: Pool) -> None:
    taken = 0

    def endless() -> Iterator[Job]:
        nonlocal taken
        while True:
            taken += 1
            yield job(taken)

    stream = two.stream(endless())
    assert [next(stream).value for _ in range(50)] == [str(2 * number) for number in range(1, 51)]
    stream.close()  # type: ignore[attr-defined]
    assert taken < 1000


def test_a_stream_that_is_left_early_does_not_disturb_the_next(two: Pool) -> None:
    stream = two.stream(job(number) for number in range(100))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert values(two.run([job(7)])) == ["14"]


def test_two_streams_may_be_read_in_turn(two: Pool) -> None:
    first, second = two.stream(map(job, range(20))), two.stream(map(job, range(100, 120)))
    pairs = [(one.value, other.value) for one, other in zip(first, second, strict=True)]
    assert pairs == [(str(2 * number), str(2 * number + 200)) for number in range(20)]


def test_several_threads_may_share_a_pool(two: Pool) -> None:
    results: dict[int, list[str | None]] = {}

    def work(start: int) -> None:
        results[start] = values(two.run([job(start + number) for number in range(60)]))

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 1000, 2000, 3000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {start: [str(2 * (start + n)) for n in range(60)] for start in (0, 1000, 2000, 3000)}


LOOP = "def f(n):\n    while True:\n        pass"


@pytest.mark.parametrize("room", [supervisor.FRAME_JOBS, 1])
def test_jobs_of_one_thread_do_not_wait_for_the_endless_loops_of_another(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for the thread that waits for them, nor for room in the worker that runs them."""
    monkeypatch.setattr(supervisor, "FRAME_JOBS", room)
    with Pool(workers=1, limits=Limits(cpu_seconds=0.5), allow_weak_isolation=True) as pool:
        loops = [Job(LOOP, "f", str(number)) for number in range(2)]
        outcomes: list[str] = []
        thread = threading.Thread(target=lambda: outcomes.extend(run.outcome for run in pool.run(loops)))
        thread.start()
        time.sleep(0.1)
        assert values(pool.run([job(number) for number in range(20)])) == [str(2 * number) for number in range(20)]
        assert values(pool.run([job(number) for number in range(50, 60)])) == [str(2 * n) for n in range(50, 60)]
        assert thread.is_alive()
        thread.join()
    assert outcomes == ["timeout"] * 2


def test_the_event_loop_goes_on_while_programs_run(two: Pool) -> None:
    async def both() -> tuple[list[Run], int]:
        task = asyncio.create_task(two.run_async([Job("import time\ndef f():\n    time.sleep(0.4)", "f", "")]))
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.02)
            ticks += 1
        return task.result(), ticks

    runs, ticks = asyncio.run(both())
    assert runs[0].outcome == "ok"
    assert ticks > 5


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_dies_or_falls_silent_is_replaced_and_its_jobs_run_again(stop: signal.Signals) -> None:
    before = descendants()
    with Pool(workers=1, limits=Limits(wall_seconds=0.5), allow_weak_isolation=True) as pool:
        pool._supervisor._silence = 1.0
        stream = pool.stream([job(number) for number in range(40)])
        found = [next(stream).value]
        for pid in descendants() - before:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, stop)
        found += [run.value for run in stream]
    assert found == [str(2 * number) for number in range(40)]


def test_workers_that_nobody_looked_at_while_they_started_are_not_silent() -> None:
    """A pool is opened, and its first jobs come later than a worker may take to start."""
    with Pool(workers=5, allow_weak_isolation=True) as pool:
        workers = pool._supervisor._workers
        assert sum(not worker.process.ready for worker in workers) > supervisor.FAILED_STARTS
        for worker in workers:
            worker.process.started -= 100.0
        pool._supervisor._looked -= 100.0
        before = [worker.process.pid for worker in workers]
        assert [run.value for run in pool.run([job(number) for number in range(9)])] == [str(2 * n) for n in range(9)]
        assert [worker.process.pid for worker in workers] == before


@pytest.mark.parametrize("ago", [0.0, 100.0])
def test_the_rest_of_a_pool_is_no_silence_of_a_worker_and_gives_it_no_time_beyond(ago: float) -> None:
    """A worker that was heard during the rest would else be heard in the future, and could be silent for as long."""
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        stream = pool.stream([job(number) for number in range(200)])
        next(stream)
        (worker,) = pool._supervisor._workers
        worker.heard -= ago
        worker.process.started -= ago
        pool._supervisor._looked -= 100.0
        found = pool._supervisor.wait()
        assert all(0 <= time.monotonic() - each < 50 for each in (worker.heard, worker.process.started))
        pool._supervisor.handle(found)
        assert len(list(stream)) == 199
        assert pool._supervisor._workers == [worker]


def test_closing_leaves_no_process_and_no_descriptor() -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd")), descendants()
    with Pool(workers=2, allow_weak_isolation=True) as pool:
        pool.run([job(1)])
        assert len(descendants() - before[1]) >= 3
    assert (len(os.listdir("/proc/self/fd")), descendants()) == before


def test_a_closed_pool_says_so() -> None:
    pool = Pool(workers=1, allow_weak_isolation=True)
    pool.close()
    pool.close()
    with pytest.raises(InfrastructureError, match="closed"):
        pool.run([job(1)])


def test_a_forgotten_pool_ends_its_workers() -> None:
    before = descendants()
    pool = Pool(workers=1, allow_weak_isolation=True)
    assert descendants() != before
    del pool
    gc.collect()
    assert descendants() == before


SLEEPER = """
import signal
from codereasoner.execution.pool import Pool
from codereasoner.records import Job
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so its children
pool = Pool(workers=1, level="LEVEL", allow_weak_isolation=True)
stream = pool.stream([Job("import time\\ndef f():\\n    time.sleep(60)", "f", "")])
print(pool.processes()[0], flush=True)
next(stream)
"""


@pytest.mark.parametrize("level", ["auto", "B", "D"])
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_the_process_that_made_the_pool(stop: signal.Signals, level: str) -> None:
    words = [sys.executable, "-c", SLEEPER.replace("LEVEL", level)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        outside = int(process.stdout.readline())
        time.sleep(0.4)  # until the program sleeps, in a fork of its own
        family = descendants(outside)
        process.send_signal(stop)
    assert len(family) >= 2
    assert within(3, lambda: all(gone(pid) for pid in [outside, *family]))


def test_a_fork_of_the_process_does_not_keep_the_workers() -> None:
    pool = Pool(workers=1, allow_weak_isolation=True)
    outside = pool.processes()[0]
    child = os.fork()
    if child == 0:
        time.sleep(60)
    began = time.monotonic()
    pool.close()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert time.monotonic() - began < 30  # of the minute that the fork would keep them
    assert gone(outside)


def test_a_fork_of_the_process_may_not_use_the_pool(two: Pool) -> None:
    child = os.fork()
    if child == 0:
        try:
            two.run([job(1)])
        except InfrastructureError:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert values(two.run([job(1)])) == ["2"]


def test_level_a_is_taken_where_it_can_be_had_and_every_run_says_so(level_a: None) -> None:
    with Pool(workers=1) as pool:
        assert pool.level == "A"
        assert pool.run([job(1)])[0].isolation == "A"


@pytest.mark.parametrize("level", ["B", "C", "D"])
def test_weak_isolation_must_be_allowed(level: str) -> None:
    with pytest.raises(IsolationError, match=f"level {level}.*allow_weak_isolation"):
        Pool(workers=1, level=level)  # type: ignore[arg-type]
    with Pool(workers=1, level=level, allow_weak_isolation=True) as pool:  # type: ignore[arg-type]
        run = pool.run([job(1)])[0]
        assert (pool.level, run.isolation, run.value) == (level, level, "2")


def test_a_program_too_long_is_refused(two: Pool) -> None:
    run = two.run([Job("#" * 3_000_000, "f", "")])[0]
    assert run.outcome == "refused"
    assert "longer" in run.reason


def test_a_job_that_kills_two_workers_is_an_error_and_its_neighbours_are_not() -> None:
    killer = Job("import os\ndef f():\n    os.kill(os.getppid(), 9)", "f", "")
    with Pool(workers=2, level="D", allow_weak_isolation=True) as pool:
        runs = pool.run([*map(job, range(20)), killer, *map(job, range(20, 40))])
    assert [run.outcome for run in runs].count("ok") == 40
    assert runs[20].outcome == "error"
    assert "twice" in runs[20].reason


class Stop(BaseException):
    """Comes out of nowhere, as Ctrl-C does."""


def test_an_interrupted_pool_can_be_used_again(two: Pool) -> None:
    def stop(number: int, frame: object) -> None:
        raise Stop

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(Stop):
            two.run([Job("import time\ndef f(x):\n    time.sleep(0.9)", "f", str(number)) for number in range(10)])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert values(two.run([job(3)])) == ["6"]


def test_a_slow_job_does_not_hold_up_the_others_of_a_stream(two: Pool) -> None:
    slow = Job("import time\ndef f():\n    time.sleep(0.8)", "f", "")
    taken = 0

    def jobs() -> Iterator[Job]:
        nonlocal taken
        for number in range(900):
            taken = number
            yield slow if number == 0 else job(number)

    stream = two.stream(jobs())
    assert next(stream).outcome == "ok"
    assert taken > 500
    assert len(list(stream)) == 899


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root has something to give up")
def test_what_is_missing_is_named_and_level_b_is_taken_where_it_is_allowed() -> None:
    code = (
        "import ctypes, os, sys\n"
        "if len(sys.argv) == 1:\n"
        "    for number in (21, 31):  # no CAP_SYS_ADMIN, no CAP_SETFCAP, as where all were dropped\n"
        "        ctypes.CDLL(None).prctl(24, number, 0, 0, 0)\n"
        "    os.execv(sys.executable, [sys.executable, '-c', sys.orig_argv[2], 'again'])\n"
        "from codereasoner.errors import ConfigError, IsolationError\n"
        "from codereasoner.execution.pool import Pool\n"
        "try:\n"
        "    Pool(workers=1)\n"
        "except IsolationError as error:\n"
        "    print(error)\n"
        "with Pool(workers=1, allow_weak_isolation=True) as pool:\n"
        "    print(pool.level)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    message, level = done.stdout.splitlines()
    assert level == "B"
    assert "user namespace: uid_map: Operation not permitted" in message
    assert "--allow-weak-isolation" in message


def test_level_b_is_enough_unasked_for_own_programs_and_not_for_text_of_a_model(level_b: None) -> None:
    own, of_a_model = job(1), replace(job(2), model_text=True)
    with pytest.raises(IsolationError):
        Pool(workers=1, level="B")
    with pytest.raises(IsolationError):
        Pool(workers=1, level="C", own_programs=True)
    with Pool(workers=1, level="B", own_programs=True) as pool:
        assert pool.run([own])[0].outcome == "ok"
        with pytest.raises(IsolationError, match="text of a model would be executed at isolation level B"):
            pool.run([own, of_a_model])
        assert pool.run([own])[0].outcome == "ok"
    with Pool(workers=1, level="B", own_programs=True, allow_weak_isolation=True) as pool:
        assert pool.run([of_a_model])[0].outcome == "ok"


def test_a_worker_that_talks_nonsense_is_replaced_and_its_neighbours_run_again() -> None:
    source = """
import os
def f():
    worker = os.getppid()
    for name in os.listdir(f"/proc/{worker}/fd"):
        try:
            pipe = os.open(f"/proc/{worker}/fd/{name}", os.O_WRONLY | os.O_NONBLOCK)
            os.write(pipe, b"nonsense" * 20)
        except OSError:
            pass
"""
    with Pool(workers=1, limits=FAST, level="D", allow_weak_isolation=True) as pool:
        runs = pool.run([*map(job, range(10)), Job(source, "f", ""), *map(job, range(10, 20))])
        assert [run.value for run in runs if run.outcome == "ok"][:1] == ["0"]
        assert values(pool.run([job(50)])) == ["100"]


@pytest.mark.parametrize("workers", [0, -1])
def test_a_pool_of_no_workers_is_refused(workers: int) -> None:
    with pytest.raises(ConfigError, match="at least one"):
        Pool(workers=workers)


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), float("inf")])
def test_a_limit_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ConfigError, match="cpu_seconds"):
        Pool(workers=1, limits=Limits(cpu_seconds=seconds))


def test_a_pool_outlives_the_thread_that_made_it() -> None:
    made: list[Pool] = []
    thread = threading.Thread(target=lambda: made.append(Pool(workers=1, allow_weak_isolation=True)))
    thread.start()
    thread.join()
    time.sleep(0.1)
    with made[0] as pool:
        before = pool.processes()
        assert values(pool.run([job(4)])) == ["8"]
        assert pool.processes() == before


def test_several_batches_may_run_at_once_in_one_event_loop(two: Pool) -> None:
    async def batches() -> list[list[Run]]:
        return await asyncio.gather(
            *[two.run_async([job(start + n) for n in range(30)]) for start in range(0, 500, 100)]
        )

    for start, runs in zip(range(0, 500, 100), asyncio.run(batches()), strict=True):
        assert values(runs) == [str(2 * (start + n)) for n in range(30)]


def test_pools_of_other_hash_seeds_see_sets_in_other_orders() -> None:
    job = Job("def f(text):\n    return list(set(text))", "f", "'abcdefgh'")
    values = set()
    for seed in (0, 1):
        with Pool(workers=1, allow_weak_isolation=True, hash_seed=seed) as other:
            values.add(other.run([job])[0].value)
    assert len(values) == 2


HANGING = "def hang():\n    try:\n        yield\n    finally:\n        while True:\n            pass\n"
LAST_THINGS = {
    "the value": "def f():\n    x = hang()\n    next(x)\n    return [1, x]\n",
    "a cycle": "def f():\n    x = hang()\n    next(x)\n    box = [x]\n    box.append(box)\n    return 1\n",
    "the error": "def f():\n    e = KeyError()\n    e.x = hang()\n    next(e.x)\n    raise e\n",
}


@pytest.mark.parametrize("tracer", ["auto", "python"])
def test_a_call_has_ended_though_what_is_left_of_it_never_does(tracer: Tracing) -> None:
    records: tuple[Record, ...] = ("value", "trace")
    sources = [HANGING + text for text in LAST_THINGS.values()]
    jobs = [Job(f"{source}# {record}\n", "f", "", record=record) for record in records for source in sources]
    jobs.append(Job(sources[1], "f", "", origin="shared"))
    with Pool(workers=1, limits=FAST, tracer=tracer, allow_weak_isolation=True) as pool:
        ends = [run.outcome for run in pool.run(jobs)]
    assert ends == ["ok", "ok", "raised"] * 2 + ["ok"]
