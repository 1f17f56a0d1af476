"""The two processes that run many jobs: in one they run one after another, of the other each runs in a fork.

The first runs those that pass the gate; it stands behind the barrier, so it cannot fork whatever becomes of it. The
second runs no program itself. Both are forked by worker.py, which reads their results and gives them up after about a
thousand jobs, or when they die. They say of each job, with one frame:

    RESULT  the answer
    FORK    it does not pass the gate: it is for the other process
    LATER   it is compiled, and runs after the others of its batch are
    ALONE   nothing is decided: the job wants more time, or memory, than is given here; it must run again, alone
    LEFT    the same, and this process ends
    SPENT   (after the RESULT) this process should not be trusted with another job

The last frame of a batch is DONE. A byte through the bell says that there is something to read: the reader is not
woken for each single job. This file also runs inside the workers.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import marshal
import posix
import resource

from codereasoner.execution.alone import Child, bounded, confine, ended, first_answer, live, lower, send, tell
from codereasoner.execution.answer import answer
from codereasoner.execution.barrier import Barrier
from codereasoner.execution.frames import ALONE, DONE, FORK, JOBS, LATER, LEFT, RESULT, SPENT, Splitter, pack
from codereasoner.execution.program import Cache, Compiled
from codereasoner.execution.pure import untouched
from codereasoner.execution.runner import Streams, raised, returned, run, set_depth, too_much_output
from codereasoner.execution.tracers import fork_job, read_arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

FAST_CPU = {"value": 0.1, "coverage": 0.2, "trace": 0.4}  # seconds of CPU for a first try
FAST_WALL = 0.8  # seconds for a first try
GARBAGE = 20_000  # objects in cycles that may be left behind before the process is given up

_ROOM = 32_000  # bytes of results that fit into a pipe with certainty
_WAKE = b"\0"
_getpid = posix.getpid
_len, _exit, _setitimer, _PROF = len, posix._exit, _signal.setitimer, _signal.ITIMER_PROF


class Shared:
    """The state of this process: its pipes, its code, its streams."""

    def __init__(
        self,
        source: int,
        sink: int,
        bell: int,
        limits: dict[str, Any],
        barrier: Barrier,
        forks: bool,
        cache_size: int = 64,
    ) -> None:
        self.source, self.sink, self.bell, self.limits = source, sink, bell, limits
        self.barrier, self.forks = barrier, forks
        self.cache = Cache(cache_size, read_arguments())
        self.number = 0
        self.deferred: list[
            tuple[int, Compiled, str, float]
        ] = []  # compiled, and not run yet: between forks nothing is
        # compiled, since after a fork each page that is touched is copied
        self.pending = 0
        self.garbage = 0  # objects made in earlier runs, which no collection looks at any more
        self.spent = False
        self.streams = Streams(limits["output_bytes"], self._overflow)
        self.pid, self.writer = _getpid(), -1

    def live(self) -> NoReturn:
        """Do jobs until there are no more."""
        gc.disable()
        gc.freeze()
        lower(resource.RLIMIT_AS, self.limits["memory_bytes"])
        set_depth()
        splitter = Splitter()
        try:
            while data := posix.read(self.source, 1 << 18):
                for kind, _, body in splitter.feed(data):
                    if kind == JOBS:
                        for job in marshal.loads(body):
                            self._do(*job)
                        for later in self.deferred:
                            self._fork(*later)
                        self.deferred.clear()
                        self._tell(pack(DONE, 0, b""))
                        self._ring()
        finally:
            _exit(0)

    def _do(self, number: int, source: str, entry: str, call: str, record: str, harness: str) -> None:
        self.number = number
        fast = FAST_CPU[record]
        _setitimer(_PROF, fast)
        try:
            compiled = self.cache.compile(source, entry, call, harness)
        except MemoryError:
            self._leave()
        if compiled.fault is not None:
            self._tell(pack(RESULT, number, compiled.fault))
        elif not self.forks and compiled.seals is None:
            self._tell(pack(FORK, number, b""))
        elif self.forks:
            self.deferred.append((number, compiled, record, fast))
            self._tell(pack(LATER, number, b""))
        else:
            facts, suspect = run(compiled, record, self.limits, self.streams, True)
            if suspect == "memory" or (compiled.seals and not untouched(compiled.seals)):
                self._leave()
            self._tell(pack(RESULT, number, bounded(answer(**facts))))
            if (suspect or self.garbage + gc.get_count()[0] > GARBAGE) and not self.spent:
                self.spent = True
                self._tell(pack(SPENT, number, b""))

    def _fork(self, number: int, compiled: Compiled, record: str, fast: float) -> None:
        """Run a job in a process of its own; where it takes long, that is for the slow lane to do."""
        _setitimer(_PROF, 0.0)
        self.number = number
        limits = self.limits
        self.garbage += gc.get_count()[0]
        gc.freeze()  # else the child's first collection would touch, and so copy, all that lies here

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
            confine(limits, fast, self.barrier, self.pid, writer, False)
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
        """A program has written too much: here that is for the slow lane, in a fork it is the answer."""
        if _getpid() == self.pid:
            self._leave()
        send(self.writer, pack(RESULT, 0, too_much_output(self.limits)))
        _exit(0)

    def _leave(self) -> NoReturn:
        """Give this process up in the middle of a job, which is to run again, alone."""
        self._tell(pack(LEFT, self.number, b""))
        _exit(0)

    def _tell(self, frame: bytes) -> None:
        """Send a frame; the reader is woken first where the pipe might be full."""
        self.pending += _len(frame)
        if self.pending > _ROOM:
            self._ring()
            self.pending = _len(frame)
        send(self.sink, frame)

    def _ring(self) -> None:
        self.pending = 0
        send(self.bell, _WAKE)
