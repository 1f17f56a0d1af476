"""The process that runs programs: it reads jobs from a pipe, forks for them, and writes back what came of them.

Programs that pass the gate share a fork, one after another; each other one gets its own. Code objects are made
before the fork and kept, since compiling is nearly all the work. In the fast lane a program gets a short time, and
if that is not enough the pool asks a worker of the slow lane. This file runs inside the workers, as process 1 of
their own process namespace where there is one.
"""

from __future__ import annotations

import gc
import marshal
import posix
import resource
import select
import sys
from time import monotonic

import _signal

from codereasoner.execution.frames import JOBS, READY, RESULT, SLOW, FrameError, Splitter, pack
from codereasoner.execution.gate import imported
from codereasoner.execution.runner import Call, Compiled, answer, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SHARE = 100  # programs in one fork
KEPT = 256  # sources whose code objects are kept
LARGE = 50_000  # characters of source that are compiled in the fork, since compiling them takes long
_SIGKILL, _SIGXCPU, _SIGPROF = 9, 24, 27

_cache: dict[tuple[str, str], Compiled] = {}


def serve(source: int, sink: int, settings: dict[str, Any]) -> None:
    """Answer jobs until the pipe they come from is closed."""
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    source, sink = _move(source), _move(sink)
    worker = Worker(sink, settings)
    version = sys.version_info
    hello = [settings["level"], f"{version[0]}.{version[1]}", *settings["missing"]]
    gc.collect()
    gc.freeze()
    send(sink, pack(READY, 0, "\n".join(hello).encode()))
    splitter = Splitter()
    while data := posix.read(source, 1 << 16):
        for kind, _, body in splitter.feed(data):
            if kind == JOBS:
                worker.work(marshal.loads(body))


def _move(descriptor: int) -> int:
    """Away from 0 and 1, so that nothing a program writes by accident gets between our frames."""
    import fcntl

    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    posix.dup2(2, descriptor)
    return moved


def send(sink: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[posix.write(sink, data) :]


class Worker:
    """Answers lists of jobs."""

    def __init__(self, sink: int, settings: dict[str, Any]) -> None:
        self.sink = sink
        self.limits = settings["limits"]
        self.fast = settings["lane"] == "fast" and self.limits["fast_cpu_seconds"] < self.limits["cpu_seconds"]
        self.cpu = self.limits["fast_cpu_seconds"] if self.fast else self.limits["cpu_seconds"]
        self.wall = min(2.0, self.limits["wall_seconds"]) if self.fast else self.limits["wall_seconds"]
        self.gate = settings["gate"]

    def work(self, jobs: list[tuple[int, str, str, str, str, str]]) -> None:
        """Answer each job, those that share a fork first."""
        shared, alone = [], []
        for number, source, entry, call, record, harness in jobs:
            if len(source) + len(harness) + len(call) > LARGE:
                alone.append((number, (source, entry, call, harness), record))
                continue
            job = Call(entry, call, compiled(source, harness))
            if job.fault is not None:
                self._answer(number, job.fault)
            elif job.clean and self.gate:
                shared.append((number, job, record))
            else:
                alone.append((number, job, record))
        for start in range(0, len(shared), SHARE):
            self._run(shared[start : start + SHARE])
        for item in alone:
            self._run([item])

    def _answer(self, number: int, body: bytes) -> None:
        send(self.sink, pack(RESULT, number, body))

    def _run(self, jobs: list[tuple[int, Any, str]]) -> None:
        """Run jobs in one fork after another: a fork that ends early costs the job it was at, and no other."""
        while jobs:
            reader, writer = posix.pipe()
            child = posix.fork()
            if child == 0:
                try:
                    self._be_child(jobs, reader, writer)
                finally:
                    posix._exit(0)
            posix.close(writer)
            done, late = self._collect(reader, jobs)
            posix.close(reader)
            try:
                posix.kill(child, _SIGKILL)
            except ProcessLookupError:
                pass
            status = posix.waitpid(child, 0)[1]
            if done < len(jobs):
                self._ended(jobs[done][0], status, late)
                done += 1
            jobs = jobs[done:]

    def _be_child(self, jobs: list[tuple[int, Any, str]], reader: int, writer: int) -> None:
        posix.close(reader)
        posix.close(self.sink)
        confine(self.limits, len(jobs) * self.cpu)
        gc.enable()
        for _, job, record in jobs:
            _signal.setitimer(_signal.ITIMER_PROF, self.cpu)
            seed()
            if type(job) is tuple:
                source, entry, call, harness = job
                job = Call(entry, call, Compiled(source, harness))
            if job.fault is not None:
                send(writer, pack(RESULT, 0, job.fault))
            else:
                run(job, record, self.limits, lambda body: send(writer, pack(RESULT, 0, body)))

    def _collect(self, reader: int, jobs: list[tuple[int, Any, str]]) -> tuple[int, bool]:
        """Pass on the answers of a child: how many there were, and whether it ran out of wall time."""
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        splitter = Splitter()
        done, deadline = 0, monotonic() + self.wall
        while done < len(jobs):
            left = deadline - monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                return done, True
            data = posix.read(reader, 1 << 16)
            if not data:
                break
            try:
                frames = splitter.feed(data)
            except FrameError:
                break
            for _, _, body in frames[: len(jobs) - done]:
                self._answer(jobs[done][0], body)
                done += 1
                deadline = monotonic() + self.wall
        return done, False

    def _ended(self, number: int, status: int, late: bool) -> None:
        """Answer for a child that ended without doing so."""
        signal = posix.WTERMSIG(status) if posix.WIFSIGNALED(status) else 0
        if self.fast and (late or signal in (_SIGPROF, _SIGXCPU)):
            send(self.sink, pack(SLOW, number, b""))
        elif late:
            reason = f"more than {self.wall:g} seconds (limit: wall_seconds)"
            self._answer(number, answer("timeout", reason=reason))
        elif signal in (_SIGPROF, _SIGXCPU):
            reason = f"more than {self.cpu:g} seconds of CPU (limit: cpu_seconds)"
            self._answer(number, answer("timeout", reason=reason))
        elif signal in (4, 6, 7, 8, 11):
            self._answer(number, answer("crashed", reason=f"the interpreter died of signal {signal}"))
        else:
            how = f"by signal {signal}" if signal else f"with status {posix.WEXITSTATUS(status)}"
            self._answer(number, answer("exited", reason=f"the program ended its process {how}"))


def compiled(source: str, harness: str) -> Compiled:
    """The code objects of a program, kept for the next call of it, and the pure modules it asks for imported."""
    found = _cache.get((source, harness))
    if found is None:
        if len(_cache) >= KEPT:
            _cache.clear()
        found = _cache[source, harness] = Compiled(source, harness)
        for code in (found.source, found.harness):
            if code is not None:
                for name in imported(code):
                    if name not in sys.modules:
                        __import__(name)
                        gc.freeze()
    return found


def confine(limits: dict[str, Any], cpu_seconds: float) -> None:
    """The limits of one fork: setrlimit(2), and a session of its own."""
    posix.setsid()
    seconds = int(cpu_seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"], limits["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def seed() -> None:
    """The same random numbers in every run."""
    if "random" in sys.modules:
        sys.modules["random"].seed(0)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed(0)
