"""Serve a pool: take jobs from a pipe, have other processes run them, and send back the answers.

                                 +--> shared_process.py: the programs of one origin, in one process
    pool --jobs--> this process -+--> zygote.py: a fork for each other job, or for the calls of one program
         <-answers-              +--> forked.py: one job that wants more time or memory (the slow lane)

A worker runs no program itself and compiles none, so no program can end it; it is process 1 of its own process
namespace if it has one. Every process that runs programs has the last filter (final_filter.py), so a program signals no
process and leaves none behind. Answers go back as they are ready, under their jobs' numbers. A job that breaks the
shared process runs again, alone: only then its outcome counts. A worker holds little memory, because a fork costs what
its parent holds.
"""

from __future__ import annotations

import _warnings
import marshal
import posix
import select
from collections import deque
from time import monotonic

from codereasoner.execution.allowlist import learn_modules
from codereasoner.execution.compile_jobs import Compiled, Program
from codereasoner.execution.final_filter import FinalFilter
from codereasoner.execution.forked import Child, confine, doubtful, ended, live
from codereasoner.execution.framing import FAILED, SHUT_OUT, Kind, Splitter, pack
from codereasoner.execution.lanes import Lane, Runner
from codereasoner.execution.tracer_choice import use
from codereasoner.execution.zygote import FAST_WALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from codereasoner.execution.framing import Frame, JobRow, RunLimits

    Forked = TypeVar("Forked")

RUNS = 4000  # jobs that one process does before a new one takes its place
MOST_LEAVERS = 10_000  # programs that are remembered because they have left a shared process
MOST_WAITING = 256  # jobs that are read ahead
MOST_UNSENT = 1 << 20  # bytes of answers that are kept for a pool that does not read

_NO_PROCESS = b"this machine allows no further process"
_SAMPLED = 1.3  # times the CPU limit: a timer counts in ticks and may be early; the exact time is checked afterwards
_STUCK = FAST_WALL * 1.5  # seconds in which a process must have answered something
_LOOK = 0.1  # seconds after which its pipe is read, although its bell has not rung
_IN, _OUT = select.POLLIN, select.POLLOUT


def serve(source: int, sink: int, settings: dict[str, Any]) -> None:
    """Answer jobs until the pipe they come from is closed."""
    _warnings.filters.insert(0, ("ignore", None, Warning, None, 0))
    jobs, answers = posix.dup(source), posix.dup(sink)
    for descriptor in (source, sink):  # programs that write to 0 or 1 must not reach the pool
        posix.dup2(2, descriptor)
    template, own = settings["final_filter"]
    final_filter = FinalFilter(template, own, settings["extension"])
    worker = Worker(jobs, answers, settings["limits"], final_filter)
    try:
        refused = final_filter.prove()
    except BlockingIOError:
        worker.say(pack(Kind.READY, FAILED, _NO_PROCESS))
        return
    if refused:
        worker.say(pack(Kind.READY, SHUT_OUT, refused.encode()))
        return
    worker.say(pack(Kind.READY, 0, use(settings["extension"]).encode()))
    worker.live()


class Worker:
    """The queues, the lanes, and the loop that serves them."""

    def __init__(self, source: int, sink: int, limits: RunLimits, final_filter: FinalFilter) -> None:
        self.source, self.sink, self.limits, self.final_filter = source, sink, limits, final_filter
        self.shared, self.forked = self.lanes = Lane(False), Lane(True)
        self.slow: deque[JobRow] = deque()
        self.leavers: set[int] = set()  # hashes of programs that pass the allowlist, and then use more than it allows
        self.child: Child | None = None
        self.child_job: JobRow | None = None
        self.again: JobRow | None = None  # a job that a neighbour may have ended: it runs once more, alone
        self.guarded = False  # the child runs that job
        self.unsent = bytearray()
        self.splitter = Splitter()
        posix.set_blocking(sink, False)

    def live(self) -> None:
        """Serve until the pool closes its end of the pipe."""
        while True:
            self._start()
            ready = self._poll()
            if self.source in ready and not self._listen():
                break
            if self.sink in ready:
                self.say(b"")
            for lane in self.lanes:
                self._serve_lane(lane, ready)
            self._serve_slow_lane(ready)
        self._leave()

    def say(self, data: bytes) -> None:
        """Send as much as the pipe takes, and keep the rest."""
        self.unsent += data
        try:
            while self.unsent:
                del self.unsent[: posix.write(self.sink, self.unsent[: 1 << 16])]
        except BlockingIOError:
            pass
        except OSError:
            self._leave()

    def _leave(self) -> None:
        for lane in self.lanes:
            lane.end()
        if self.child is not None:
            self.child.end()
        posix._exit(0)

    def _listen(self) -> bool:
        """Read jobs; return False if no more will come."""
        data = posix.read(self.source, 1 << 18)
        for kind, _, body in self.splitter.feed(data):
            if kind == Kind.JOBS:
                if b"import" in body:
                    learn_modules()  # here, once: else each process that is forked for such a program would do so
                for job in marshal.loads(body):
                    (self.shared if job[6] else self.forked).waiting.append(job)
        return bool(data)

    def _start(self) -> None:
        """Give jobs to the processes that have none."""
        busy = [lane.runner for lane in self.lanes if lane.runner is not None and lane.runner.busy]
        if self.again is not None:
            if self.child is None and not busy:
                for lane in self.lanes:
                    lane.end()
                job, self.again, self.guarded = self.again, None, True
                self._start_child(job)
            return
        if self.guarded:
            return
        for lane in self.lanes:
            while lane.waiting and not (lane.runner is not None and lane.runner.busy) and self._start_runner(lane):
                pass
        if self.slow and self.child is None:
            self._start_child(self.slow.popleft())

    def _start_runner(self, lane: Lane) -> bool:
        """Give the process of a lane its next jobs; return False if no process can be made."""
        origin, jobs = lane.next()
        if not lane.forks:
            alone = [job for job in jobs if hash((job[1], job[5])) in self.leavers] if self.leavers else []
            jobs = [job for job in jobs if job not in alone] if alone else jobs
            self.forked.waiting.extend(alone)
            if not jobs:
                return True
            if lane.runner is not None and lane.runner.origin != origin:
                lane.end()
        if lane.runner is None:
            closing = self._descriptors
            lane.runner = self._forked(lambda: Runner(self.limits, self.final_filter, lane.forks, origin, closing()))
        if lane.runner is None:
            lane.waiting.extendleft(reversed(jobs))
            self._refuse(lane.waiting)
            return False
        lane.runner.give(jobs)
        return True

    def _start_child(self, job: JobRow) -> None:
        """Run a job in a process of its own, at the full limits."""
        _, text, entry, call, record, harness, _ = self.child_job = job
        limits, final_filter, parent = self.limits, self.final_filter, posix.getpid()

        def act(writer: int) -> None:
            confine(limits, limits["cpu_seconds"] * _SAMPLED, final_filter, parent, True)
            live(Compiled(Program(text, harness), entry, call), record, limits, None, writer)

        self.child = self._forked(lambda: Child(act, limits["wall_seconds"], self._descriptors()))
        if self.child is None:
            self.guarded = False
            self.slow.appendleft(job)
            self._refuse(self.slow)

    def _forked(self, make: Callable[[], Forked]) -> Forked | None:
        """Make a process, and end idle ones for it; return None if the machine allows no further one all the same."""
        while True:
            try:
                return make()
            except BlockingIOError:
                resting = [lane for lane in self.lanes if lane.runner is not None and not lane.runner.busy]
                if not resting:
                    return None
                resting[0].end()

    def _refuse(self, waiting: deque[JobRow]) -> None:
        """Give up the first of these jobs, unless a process works, after which one can be made."""
        if self.child is None and all(lane.runner is None for lane in self.lanes):
            self.say(pack(Kind.ERROR, waiting.popleft()[0], _NO_PROCESS))

    def _descriptors(self) -> tuple[int, ...]:
        """Return the descriptors that a process forked from here must close."""
        found = [self.source, self.sink] + ([self.child.reader] if self.child else [])
        for lane in self.lanes:
            if (runner := lane.runner) is not None:
                found += [runner.sink, runner.source, runner.bell]
        return tuple(found)

    def _poll(self) -> set[int]:
        """Wait; return the descriptors that can be read or written, or have been closed at their other end."""
        poll = select.poll()
        waiting = sum([len(lane.waiting) for lane in self.lanes])
        poll.register(self.source, _IN if waiting < MOST_WAITING and len(self.unsent) < MOST_UNSENT else 0)
        if self.unsent:
            poll.register(self.sink, _OUT)
        left: list[float] = []
        now = monotonic()
        for lane in self.lanes:
            if (runner := lane.runner) is not None:
                poll.register(runner.bell, _IN)
                if runner.busy:
                    left.append(runner.last_look + _LOOK - now)
        if self.child is not None:
            poll.register(self.child.reader, _IN)
            left.append(self.child.deadline - now)
        if not left and (waiting or self.slow or self.again is not None):
            left.append(0.0)
        return {place for place, _ in poll.poll(max(0.0, min(left)) * 1000 + 1 if left else None)}

    def _serve_lane(self, lane: Lane, ready: set[int]) -> None:
        """Pass on the answers of a process; if it is dead or stuck, let its current job run alone."""
        runner = lane.runner
        if runner is None:
            return
        now = monotonic()
        if runner.bell not in ready and not (runner.busy and now >= runner.last_look + _LOOK):
            return
        runner.last_look = now
        alive = runner.bell not in ready or bool(posix.read(runner.bell, 1 << 12))
        if not alive:
            runner.kill()  # else the end of its other pipe may come later, and its frames would seem incomplete
        frames, more = runner.read()
        self._pass_on(runner, frames)
        if runner.misbehaved or not (alive and more) or (runner.busy and now > runner.last_answer + _STUCK):
            self._give_up(lane, runner)
        elif not runner.busy and (runner.spent or runner.given >= RUNS):
            lane.end()

    def _pass_on(self, runner: Runner, frames: list[Frame]) -> None:
        answers = []
        for kind, number, body in frames:
            if kind == Kind.DONE:
                runner.busy = bool(runner.jobs)
            elif kind == Kind.SPENT:
                runner.spent = True
            elif (job := runner.jobs.pop(number, None)) is None:
                runner.misbehaved = True
                break
            elif kind == Kind.LATER:
                runner.jobs[number] = job
            elif kind in (Kind.FORK, Kind.LEFT):
                self.forked.waiting.append(job)
                if kind == Kind.LEFT:
                    runner.left = True
                    self._remember(job)
            elif kind == Kind.ALONE:
                self.slow.append(job)
                answers.append(pack(Kind.SLOW, number, b""))
            else:
                answers.append(pack(Kind.RESULT, number, body))
        if answers:
            self.say(b"".join(answers))

    def _remember(self, job: JobRow) -> None:
        """Let later jobs of a program that has left a shared process run in forks at once."""
        if len(self.leavers) >= MOST_LEAVERS:
            self.leavers.clear()
        self.leavers.add(hash((job[1], job[5])))

    def _give_up(self, lane: Lane, runner: Runner) -> None:
        """End a process; its first unanswered job is to blame and runs alone, the others go to the next process.

        If it has sent a frame that it may not send, each of its jobs runs alone.
        """
        jobs = list(runner.jobs.values())
        if runner.misbehaved and not runner.forks:
            self.forked.waiting.extend(jobs)
            jobs.clear()
        blamed = jobs if runner.misbehaved else jobs[:1] if not (runner.left or runner.spent) else []
        for job in blamed:
            self.say(pack(Kind.SLOW, job[0], b""))
        self.slow.extend(blamed)
        lane.waiting.extendleft(reversed(jobs[len(blamed) :]))
        lane.end()

    def _serve_slow_lane(self, ready: set[int]) -> None:
        """Pass on the answer of the slow lane, or the reason why there is none."""
        child, job = self.child, self.child_job
        if child is None or job is None:
            return
        body = child.read() if child.reader in ready else None
        late = body is None and monotonic() > child.deadline
        if body is None and not late:
            return
        self.child = None
        stopped = late and child.stopped()
        status, used = child.end()
        if not body and not self.guarded and (stopped or (not late and doubtful(self.limits, status, used))):
            self.again = job
            return
        self.guarded = False
        self.say(pack(Kind.RESULT, job[0], body or ended(self.limits, status, used, late)))
