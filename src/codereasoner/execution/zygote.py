"""The process that forks: for each job which may not share a process, and for the calls of one program together.

It runs no program itself, and compiles all that its forks run: a fresh fork would copy a page for whatever it touches.

It is forked by worker.py, which reads its results and gives it up after about a thousand jobs, or when it dies. It
says of each job:

    LATER   it is compiled, and runs after the others of its batch are
    RESULT  the answer
    ALONE   nothing is decided: the job wants more time, or memory, than is given here; it must run again, alone

The last frame of a batch is DONE. A byte through the bell says that there is something to read: the reader is not
woken for each single job. This file also runs inside the workers.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import marshal
import posix
import resource

from codereasoner.execution.compile_jobs import Cache, Compiled
from codereasoner.execution.final_filter import Barrier
from codereasoner.execution.forked import Child, confine, ended, first_answer, live, lower, send, tell
from codereasoner.execution.framing import ALONE, DONE, JOBS, LATER, LEFT, RESULT, SPENT, Splitter, pack
from codereasoner.execution.grouped_calls import FAST_WALL, run_together
from codereasoner.execution.run_job import Streams, raised, returned, set_depth, too_much_output
from codereasoner.execution.shared_process import FAST_CPU, ROOM
from codereasoner.execution.tracer_choice import fork_job, read_arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from codereasoner.execution.shared_process import Frame

    Job = tuple[int, str, str, str, str, str, str]  # number, source, entry, call, record, harness, origin
    Task = tuple[Job, Compiled]

_len, _exit, _setitimer, _PROF = len, posix._exit, _signal.setitimer, _signal.ITIMER_PROF


class Zygote:
    """The state of this process: its pipes, its code, its streams."""

    def __init__(self, source: int, sink: int, bell: int, limits: dict[str, Any], barrier: Barrier) -> None:
        self.source, self.sink, self.bell, self.limits, self.barrier = source, sink, bell, limits, barrier
        self.cache, self.together = Cache(64, None), Cache(64, read_arguments())
        self.number = self.pending = 0
        self.streams = Streams(limits["output_bytes"], self._overflow)
        self.pid, self.writer = posix.getpid(), -1

    def live(self) -> NoReturn:
        """Do jobs until there are no more."""
        gc.disable()
        lower(resource.RLIMIT_AS, self.limits["memory_bytes"])
        set_depth()
        splitter = Splitter()
        try:
            while data := posix.read(self.source, 1 << 18):
                for kind, _, body in splitter.feed(data):
                    if kind == JOBS:
                        # All are compiled before the first fork: after it each page that is written to is copied.
                        for tasks in self._compile(marshal.loads(body)):
                            self._run(tasks)
                        self._tell(pack(DONE, 0, b""))
                        self._ring()
        finally:
            _exit(0)

    def _compile(self, jobs: list[Job]) -> list[list[Task]]:
        """Return what is to run, each list in one fork if it can."""
        calls: dict[object, int] = {}
        for job in jobs:
            calls[_program(job)] = calls.get(_program(job), 0) + 1
        found: dict[object, list[Task]] = {}
        for job in jobs:
            number, source, entry, call, record, harness, _ = job
            _setitimer(_PROF, FAST_CPU[record])
            company = calls[_program(job)] > 1
            compiled = (self.together if company else self.cache).compile(source, entry, call, harness)
            if company and not compiled.shares and compiled.fault is None:
                company, compiled = False, self.cache.compile(source, entry, call, harness)
            if compiled.fault is not None:
                self._tell(pack(RESULT, number, compiled.fault))
            else:
                self._tell(pack(LATER, number, b""))
                found.setdefault(_program(job) if company else number, []).append((job, compiled))
        _setitimer(_PROF, 0.0)
        return list(found.values())

    def _run(self, tasks: list[Task]) -> None:
        """Run calls of one program in as few forks as they can share, and a single call in one of its own."""
        while len(tasks) > 1:
            frames, last = self._fork_for_all(tasks)
            for frame in frames:
                self._tell(pack(*frame))
            tasks = tasks[len(frames) :]
            if last == LEFT:
                break
            if last == ALONE and tasks:
                self._tell(pack(ALONE, tasks.pop(0)[0][0], b""))
        for job, compiled in tasks:
            if compiled.arguments is not None:
                compiled = self.cache.compile(job[1], job[2], job[3], job[5])
            self._fork(job[0], compiled, job[4], FAST_CPU[job[4]])

    def _fork_for_all(self, tasks: list[Task]) -> tuple[list[Frame], int]:
        """Return the answers that one fork gives, in order, and a kind of frame that says what follows.

        DONE: the rest, if any, may share another fork. ALONE: but its first job has used up the time for a first try.
        LEFT: each of the rest needs a fork of its own, as do later calls of this program.
        """
        gc.freeze()  # as below
        compiled = tasks[0][1].program
        wanted = [(job[0], compiled, job[4]) for job, compiled in tasks]
        closing = (self.source, self.sink, self.bell)
        try:
            frames, in_time = run_together(wanted, self.limits, self.barrier, self.streams, closing)
        except BlockingIOError:
            return [], LEFT
        last = frames.pop()[0] if frames and frames[-1][0] != RESULT else ALONE
        if last == LEFT:
            compiled.shares = False
        return frames, DONE if last == SPENT or (frames and not in_time) else last

    def _fork(self, number: int, compiled: Compiled, record: str, fast: float) -> None:
        """Run a job in a process of its own; where it takes long, that is for the slow lane to do."""
        self.number = number
        limits = self.limits
        gc.freeze()  # else the child's first collection would touch, and so copy, all that is here

        try:
            body, status, used = (self._fork_natively if fork_job() else self._fork_in_python)(compiled, record, fast)
        except BlockingIOError:  # the machine allows no further process now
            self._tell(pack(ALONE, number, b""))
            return
        if not body:
            if body is None or posix.WIFSIGNALED(status):  # mostly by the timer, perhaps for want of memory
                self._tell(pack(ALONE, self.number, b""))
                return
            body = ended(limits, status, used, False)
        self._tell(pack(RESULT, self.number, body))

    def _fork_in_python(self, compiled: Compiled, record: str, fast: float) -> tuple[bytes | None, int, float]:
        """The answer, the wait status, the seconds of CPU."""
        limits = self.limits

        def act(writer: int) -> None:
            confine(limits, fast, self.barrier, self.pid, False)
            gc.enable()
            live(compiled, record, limits, self.streams, writer)

        child = Child(act, min(FAST_WALL, limits["wall_seconds"]), (self.source, self.sink, self.bell))
        body = child.wait()
        return body, *child.end()

    def _fork_natively(self, compiled: Compiled, record: str, fast: float) -> tuple[bytes | None, int, float]:
        """The same by native/alone.c."""
        limits, streams = self.limits, self.streams
        reader, self.writer = posix.pipe()
        closing = (self.source, self.sink, self.bell)
        wall = min(FAST_WALL, limits["wall_seconds"])

        def finish(value: object, error: BaseException | None, cpu_ms: float) -> None:
            """In the child: what is no plain value, and all that is traced."""
            if cpu_ms < 0:
                live(compiled, record, limits, streams, self.writer)
                return
            facts = raised(error, limits)[0] if error is not None else returned(value, limits)
            tell({**facts, "cpu_ms": cpu_ms, "stdout": streams.take()}, limits, self.writer)

        program = compiled.program
        codes = (program.source, program.harness, compiled.call) if record == "value" else (None, None, None)
        times = (wall, fast, limits["cpu_seconds"] * 1000)
        heard, in_time, status, used = fork_job()(
            reader, self.writer, *times, closing, *codes, limits["result_chars"], streams.stdout.flush,
            streams.out.parts, finish, self.barrier.template, self.barrier.own,
        )  # fmt: skip
        return (first_answer(heard) if in_time else None), status, used

    def _overflow(self) -> NoReturn:
        """Answer, in the fork of a job that has written too much."""
        send(self.writer, pack(RESULT, 0, too_much_output(self.limits)))
        _exit(0)

    def _tell(self, frame: bytes) -> None:
        """Send a frame; the reader is woken first where the pipe might be full."""
        self.pending += _len(frame)
        if self.pending > ROOM:
            self._ring()
            self.pending = _len(frame)
        send(self.sink, frame)

    def _ring(self) -> None:
        self.pending = 0
        send(self.bell, b"\0")


def _program(job: Job) -> object:
    """Return the key of the calls that may share a fork: those of one program that comes of no origin."""
    return job[0] if job[6] else (job[1], job[5])
