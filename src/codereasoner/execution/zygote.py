"""Fork: once for each job that may not share a process, and once for all calls of one program.

A zygote runs no program itself, and compiles all that its forks run: a fresh fork would copy a page for whatever it
touches. It is forked by worker.py, which reads its results and replaces it after some thousand jobs, or when it
dies. It sends for each job:

    LATER   it is compiled, and runs after the others of its batch are
    RESULT  the answer
    ALONE   nothing is decided: the job wants more time, or memory, than is given here; it must run again, alone

The last frame of a batch is DONE. A byte through the bell tells the reader that there is something to read: it is not
woken for each job. This file also runs inside the workers.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import marshal
import posix
import resource
import select
from time import monotonic

from codereasoner.execution.compile_jobs import Cache, Compiled
from codereasoner.execution.final_filter import FinalFilter
from codereasoner.execution.forked import Child, confine, ended, first_answer, fork_or_close, live, lower, send, tell
from codereasoner.execution.framing import FrameError, Kind, Splitter, pack
from codereasoner.execution.run_job import DEPTH, Streams, raised, returned, set_depth, too_much_output
from codereasoner.execution.shared_process import FAST_CPU, MOST_HELD, ROOM, Neighbours, is_in_order
from codereasoner.execution.tracer_choice import arguments_reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from codereasoner.execution.framing import Frame, JobRow, RunLimits
    from codereasoner.execution.shared_process import Task as SharedTask

    Task = tuple[JobRow, Compiled]

FAST_WALL = 0.8  # seconds for a first try

_len, _exit, _setitimer, _PROF = len, posix._exit, _signal.setitimer, _signal.ITIMER_PROF
_SIGKILL = 9


class Zygote:
    """The state of this process: its pipes, its code, its streams."""

    def __init__(self, source: int, sink: int, bell: int, limits: RunLimits, final_filter: FinalFilter) -> None:
        self.source, self.sink, self.bell, self.limits, self.final_filter = source, sink, bell, limits, final_filter
        self.cache = Cache(arguments_reader())
        self.pending = 0
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
                    if kind == Kind.JOBS:
                        # All are compiled before the first fork: after it each page that is written to is copied.
                        for tasks in self._compile(marshal.loads(body)):
                            self._run(tasks)
                        self._tell(pack(Kind.DONE, 0, b""))
                        self._ring()
        finally:
            _exit(0)

    def _compile(self, jobs: list[JobRow]) -> list[list[Task]]:
        """Compile these jobs; return those to run, each list in one fork if it can."""
        calls: dict[object, int] = {}
        for job in jobs:
            calls[_program(job)] = calls.get(_program(job), 0) + 1
        found: dict[object, list[Task]] = {}
        for job in jobs:
            number, source, entry, call, record, harness, _ = job
            _setitimer(_PROF, FAST_CPU[record])
            compiled = self.cache.compile(source, entry, call, harness)
            together = compiled.shares and calls[_program(job)] > 1
            if compiled.fault is not None:
                self._tell(pack(Kind.RESULT, number, compiled.fault))
            else:
                self._tell(pack(Kind.LATER, number, b""))
                found.setdefault(_program(job) if together else number, []).append((job, compiled))
        _setitimer(_PROF, 0.0)
        return list(found.values())

    def _run(self, tasks: list[Task]) -> None:
        """Run calls of one program in as few forks as they can share, and a single call in one of its own."""
        while len(tasks) > 1:
            frames, last = self._fork_for_all(tasks)
            for frame in frames:
                self._tell(pack(*frame))
            tasks = tasks[len(frames) :]
            if last == Kind.LEFT:
                break
            if last == Kind.ALONE and tasks:
                self._tell(pack(Kind.ALONE, tasks.pop(0)[0][0], b""))
        for job, compiled in tasks:
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
            frames, in_time = run_together(wanted, self.limits, self.final_filter, self.streams, closing)
        except BlockingIOError:
            return [], Kind.LEFT
        last = frames.pop()[0] if frames and frames[-1][0] != Kind.RESULT else Kind.ALONE
        if last == Kind.LEFT:
            compiled.shares = False
        return frames, Kind.DONE if last == Kind.SPENT or (frames and not in_time) else last

    def _fork(self, number: int, compiled: Compiled, record: str, fast: float) -> None:
        """Run a job in a process of its own; leave it to the slow lane if it takes long."""
        gc.freeze()  # else the child's first collection would touch, and so copy, all that is here
        try:
            run = self._fork_natively if self.final_filter.fork_job else self._fork_in_python
            body, status, used = run(compiled, record, fast)
        except BlockingIOError:  # the machine allows no further process now
            self._tell(pack(Kind.ALONE, number, b""))
            return
        if not body:
            if body is None or posix.WIFSIGNALED(status):  # mostly by the timer, perhaps for want of memory
                self._tell(pack(Kind.ALONE, number, b""))
                return
            body = ended(self.limits, status, used, False)
        self._tell(pack(Kind.RESULT, number, body))

    def _fork_in_python(self, compiled: Compiled, record: str, fast: float) -> tuple[bytes | None, int, float]:
        """Return the answer, the wait status, the seconds of CPU."""
        limits = self.limits

        def act(writer: int) -> None:
            confine(limits, fast, self.final_filter, self.pid, False)
            gc.enable()
            live(compiled, record, limits, self.streams, writer)

        child = Child(act, min(FAST_WALL, limits["wall_seconds"]), (self.source, self.sink, self.bell))
        body = child.wait()
        return body, *child.end()

    def _fork_natively(self, compiled: Compiled, record: str, fast: float) -> tuple[bytes | None, int, float]:
        """Do the same by native/alone.c."""
        limits, streams = self.limits, self.streams
        reader, self.writer = posix.pipe()
        closing = (self.source, self.sink, self.bell)
        wall = min(FAST_WALL, limits["wall_seconds"])

        def finish(value: object, error: BaseException | None, cpu_ms: float) -> None:
            """Answer, in the child, for a value that is not plain, and for a traced run."""
            if cpu_ms < 0:
                live(compiled, record, limits, streams, self.writer)
                return
            facts = raised(error, limits)[0] if error is not None else returned(value, limits)
            tell({**facts, "cpu_ms": cpu_ms, "stdout": streams.take()}, limits, self.writer)

        program = compiled.program
        codes = (program.source, program.harness, compiled.call) if record == "value" else (None, None, None)
        times = (wall, fast, limits["cpu_seconds"] * 1000)
        assert self.final_filter.fork_job is not None
        heard, in_time, status, used = self.final_filter.fork_job(
            reader, self.writer, *times, closing, *codes, limits["result_chars"], DEPTH, streams.flushes[0],
            streams.out.parts, finish, self.final_filter.template, self.final_filter.own,
        )  # fmt: skip
        return (first_answer(heard) if in_time else None), status, used

    def _overflow(self) -> NoReturn:
        """Answer, in the fork of a job that has written too much."""
        send(self.writer, pack(Kind.RESULT, 0, too_much_output(self.limits)))
        _exit(0)

    def _tell(self, frame: bytes) -> None:
        """Send a frame; wake the reader first if the pipe might be full."""
        self.pending += _len(frame)
        if self.pending > ROOM:
            self._ring()
            self.pending = _len(frame)
        send(self.sink, frame)

    def _ring(self) -> None:
        self.pending = 0
        send(self.bell, b"\0")


def _program(job: JobRow) -> object:
    """Return the key of the calls that may share a fork: those of one program without an origin."""
    return job[0] if job[6] else (job[1], job[5])


def run_together(
    tasks: list[SharedTask], limits: RunLimits, final_filter: FinalFilter, streams: Streams, closing: tuple[int, ...]
) -> tuple[list[Frame], bool]:
    """Run the calls of one program in one fork; return its frames, and whether it ended before its time was up.

    The fork runs them as shared_process.py runs the programs of one origin, and is believed by the same rule: frames
    out of order become one LEFT for the first task. It has no other program's code or values, so a program can change
    what its own calls compute and nothing else. The fork closes the descriptors of `closing`.

    Raises:
        BlockingIOError: the machine allows no further process now.
    """
    source, sink = posix.pipe()
    bell, ring = posix.pipe()
    parent = posix.getpid()
    pid = fork_or_close(source, sink, bell, ring)
    if pid == 0:
        try:
            for descriptor in (*closing, source, bell):
                posix.close(descriptor)
            final_filter.install(parent)
            neighbours = Neighbours(sink, ring, limits, streams)
            neighbours.run(neighbours.given(tasks))
        finally:
            posix._exit(0)
    posix.close(sink)
    posix.close(ring)
    posix.set_blocking(source, False)
    try:
        frames, in_time = _listen(pid, source, bell, monotonic() + min(FAST_WALL, limits["wall_seconds"]))
    except FrameError:
        frames, in_time = [(Kind.DONE, 0, b"")], True
    finally:
        posix.close(source)
        posix.close(bell)
    numbers = [task[0] for task in tasks]
    if not is_in_order(frames, numbers) or Kind.FORK in [frame[0] for frame in frames]:  # all tasks pass the gate
        return [(Kind.LEFT, numbers[0], b"")], True
    return frames, in_time


def _listen(pid: int, source: int, bell: int, deadline: float) -> tuple[list[Frame], bool]:
    """Read until the fork is done, has ended, has said too much or is late; then end it, and read the rest."""
    splitter = Splitter()
    frames: list[Frame] = []
    poll = select.poll()
    poll.register(bell, select.POLLIN)
    size, alive, in_time = 0, True, True
    try:
        while alive and size <= MOST_HELD:
            in_time = bool(poll.poll(max(0.0, deadline - monotonic()) * 1000))
            if not in_time or not posix.read(bell, 1 << 12):
                break
            while size <= MOST_HELD and (data := _read_now(source)):
                size += len(data)
                frames += splitter.feed(data)
            alive = not (frames and frames[-1][0] == Kind.DONE)
    finally:
        posix.kill(pid, _SIGKILL)
        posix.waitpid(pid, 0)
    while size <= MOST_HELD and (data := _read_now(source)):
        size += len(data)
        frames += splitter.feed(data)
    return frames, in_time


def _read_now(source: int) -> bytes:
    """Return what can be read without waiting."""
    try:
        return posix.read(source, 1 << 16)
    except BlockingIOError:
        return b""
