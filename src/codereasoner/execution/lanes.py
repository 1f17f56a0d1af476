"""The two fast lanes of a worker, and the process of each, seen from outside.

In the lane of neighbours (shared_process.py) the programs of one origin run in one process, one after another. In the
other lane (zygote.py) a fork is made for each job, or for one program's many calls where no origin is given. This
file also runs inside the workers.
"""

from __future__ import annotations

import marshal
import posix
from collections import deque
from contextlib import suppress
from time import monotonic

from codereasoner.execution.forked import fork_or_close, send
from codereasoner.execution.framing import DONE, JOBS, FrameError, Splitter, pack
from codereasoner.execution.shared_process import MOST_HELD, Neighbours, is_in_order
from codereasoner.execution.zygote import Zygote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codereasoner.execution.final_filter import Barrier

    Frame = tuple[int, int, bytes]  # kind, number, body
    Job = tuple[int, str, str, str, str, str, str]  # number, source, entry, call, record, harness, origin

BATCH = 128  # jobs that a process is given at a time


_SIGKILL = 9


class Runner:
    """The process of a lane. forks: whether it is a zygote. origin: that of all jobs that it is given."""

    def __init__(
        self, limits: dict[str, Any], barrier: Barrier, forks: bool, origin: str, closing: tuple[int, ...]
    ) -> None:
        source, self.sink = posix.pipe()
        self.source, sink = posix.pipe()
        self.bell, bell = posix.pipe()
        parent = posix.getpid()
        self.pid = fork_or_close(source, self.sink, self.source, sink, self.bell, bell)
        if self.pid == 0:
            try:
                for descriptor in (*closing, self.sink, self.source, self.bell):
                    posix.close(descriptor)
                if forks:
                    Zygote(source, sink, bell, limits, barrier).live()
                barrier.raise_(parent)
                Neighbours(sink, bell, limits).live(source)
            finally:
                posix._exit(0)
        for descriptor in (source, sink, bell):
            posix.close(descriptor)
        posix.set_blocking(self.source, False)
        self.forks, self.origin = forks, origin
        self.splitter = Splitter()
        self.jobs: dict[int, Job] = {}  # given to it and not yet answered, in order
        self.held: list[Frame] = []  # what it has said of them, where that is not passed on yet
        self.given = 0
        self.busy = self.spent = self.left = False
        self.strange = False  # whether it has said what it was not to say
        self.seen = self.asked = 0.0  # when it last answered something, and was last looked at

    def give(self, jobs: list[Job]) -> None:
        """Give it jobs; it must not be busy."""
        self.jobs = {job[0]: job for job in jobs}
        self.given += len(jobs)
        self.busy = True
        self.seen = self.asked = monotonic()
        with suppress(OSError):  # it may have died, which the bell will tell
            send(self.sink, pack(JOBS, 0, marshal.dumps(jobs)))

    def read(self) -> tuple[list[Frame], bool]:
        """The frames that may be passed on, and whether more can come.

        What a zygote says may be passed on at once. What neighbours say is held until the last of them is done, or
        the process has ended: if it has not spoken of each job once, in order, and of nothing else, all of it is void.
        """
        found, more = self._read()
        if found:
            self.seen = monotonic()
        if self.forks:
            return found, more
        self.held += found
        if sum([len(frame[2]) for frame in self.held]) > MOST_HELD:
            self.spent, more = True, False
        if more and not (self.held and self.held[-1][0] == DONE):
            return [], True
        found, self.held = self.held, []
        self.strange = self.strange or not is_in_order(found, list(self.jobs))
        return ([], False) if self.strange else (found, more)

    def _read(self) -> tuple[list[Frame], bool]:
        found: list[Frame] = []
        while True:
            try:
                data = posix.read(self.source, 1 << 16)
            except BlockingIOError:
                return found, True
            if not data:
                return found, False
            try:
                found += self.splitter.feed(data)
            except FrameError:
                self.strange = not self.forks
                return found, False

    def end(self) -> None:
        """Kill it and what it has forked."""
        for descriptor in (self.sink, self.source, self.bell):
            posix.close(descriptor)
        self.bury()

    def bury(self) -> None:
        """Kill it; what it has written can still be read."""
        if self.pid:
            with suppress(OSError):
                posix.kill(self.pid, _SIGKILL)
            posix.waitpid(self.pid, 0)
            self.pid = 0


class Lane:
    """The jobs that wait for a process, and the process where it has been started."""

    def __init__(self, forks: bool) -> None:
        self.forks = forks
        self.waiting: deque[Job] = deque()
        self.runner: Runner | None = None

    def next(self) -> tuple[str, list[Job]]:
        """Take the next jobs, of one origin where they are to be neighbours; returns the origin too."""
        if self.forks:
            return "", [self.waiting.popleft() for _ in range(min(len(self.waiting), BATCH))]
        origin = self.waiting[0][6]
        jobs = [job for job in self.waiting if job[6] == origin]
        if len(jobs) == len(self.waiting):
            self.waiting.clear()
        else:
            self.waiting = deque([job for job in self.waiting if job[6] != origin])
        self.waiting.extendleft(reversed(jobs[BATCH:]))
        return origin, jobs[:BATCH]

    def end(self) -> None:
        """End the process; the jobs stay."""
        if self.runner is not None:
            self.runner.end()
            self.runner = None
