"""Feed the two fast lanes of a worker, and listen to the process of each.

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
from codereasoner.execution.framing import FrameError, Kind, Splitter, pack
from codereasoner.execution.shared_process import MOST_HELD, Neighbours, is_in_order
from codereasoner.execution.zygote import Zygote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codereasoner.execution.final_filter import FinalFilter
    from codereasoner.execution.framing import Frame, JobRow, RunLimits

BATCH = 128  # jobs that a process is given at a time
_SIGKILL = 9


class Runner:
    """The process of a lane. forks: it is a zygote. origin: that of all jobs that it is given."""

    def __init__(
        self, limits: RunLimits, final_filter: FinalFilter, forks: bool, origin: str, closing: tuple[int, ...]
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
                    Zygote(source, sink, bell, limits, final_filter).live()
                final_filter.install(parent)
                Neighbours(sink, bell, limits).live(source)
            finally:
                posix._exit(0)
        for descriptor in (source, sink, bell):
            posix.close(descriptor)
        posix.set_blocking(self.source, False)
        self.forks, self.origin = forks, origin
        self.splitter = Splitter()
        self.jobs: dict[int, JobRow] = {}  # given to it and not yet answered, in order
        self.held: list[Frame] = []  # its frames that are not passed on yet
        self.size = 0  # bytes of them
        self.given = 0
        self.busy = self.spent = self.left = False
        self.misbehaved = False  # it has sent a frame that it may not send
        self.last_answer = self.last_look = 0.0  # when it last answered something, and was last looked at

    def give(self, jobs: list[JobRow]) -> None:
        """Give it jobs; it must not be busy."""
        self.jobs = {job[0]: job for job in jobs}
        self.given += len(jobs)
        self.busy = True
        self.last_answer = self.last_look = monotonic()
        with suppress(OSError):  # it may have died, which the bell will tell
            send(self.sink, pack(Kind.JOBS, 0, marshal.dumps(jobs)))

    def read(self) -> tuple[list[Frame], bool]:
        """Return the frames that may be passed on, and whether more can come.

        The frames of a zygote may be passed on at once. Those of a shared process are held until its last job is done,
        or it has ended: unless they speak of each job once, in order, and of nothing else, all of them are void.
        """
        found, more = self._read()
        if found:
            self.last_answer = monotonic()
        if self.forks:
            return found, more
        self.held += found
        if self.size > MOST_HELD:
            self.spent, more = True, False
        if more and not (self.held and self.held[-1][0] == Kind.DONE):
            return [], True
        found, self.held, self.size = self.held, [], 0
        self.misbehaved = self.misbehaved or not is_in_order(found, list(self.jobs))
        return ([], False) if self.misbehaved else (found, more)

    def _read(self) -> tuple[list[Frame], bool]:
        found: list[Frame] = []
        while self.forks or self.size <= MOST_HELD:  # who writes without end would keep us here
            try:
                data = posix.read(self.source, 1 << 16)
            except BlockingIOError:
                return found, True
            if not data:
                return found, False
            self.size += len(data)
            try:
                found += self.splitter.feed(data)
            except FrameError:
                self.misbehaved = not self.forks
                return found, False
        return found, True

    def end(self) -> None:
        """Kill it and what it has forked."""
        for descriptor in (self.sink, self.source, self.bell):
            posix.close(descriptor)
        self.kill()

    def kill(self) -> None:
        """Kill it; what it has written can still be read."""
        if self.pid:
            with suppress(OSError):
                posix.kill(self.pid, _SIGKILL)
            posix.waitpid(self.pid, 0)
            self.pid = 0


class Lane:
    """The jobs that wait for a process, and the process if it has been started."""

    def __init__(self, forks: bool) -> None:
        self.forks = forks
        self.waiting: deque[JobRow] = deque()
        self.runner: Runner | None = None

    def next(self) -> tuple[str, list[JobRow]]:
        """Take the next jobs, of one origin unless they are forked; return the origin too."""
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
