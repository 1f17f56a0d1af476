"""Supervise the workers of one pool: assign jobs, read answers, replace workers that fail."""

from __future__ import annotations

import marshal
import selectors
from collections import deque
from time import monotonic

from codereasoner.errors import InfrastructureError, IsolationError
from codereasoner.execution.decode import failed, read_answer
from codereasoner.execution.framing import FrameError, Kind, pack
from codereasoner.execution.worker_handle import START_SECONDS, Process, Setup
from codereasoner.records import Job, Run

LEVELS = ("A", "B", "C", "D")
MEANING = {
    "A": "programs find an empty, read-only world of their own: no file, process, network or device of this machine",
    "B": "no namespaces: programs see that the machine has other processes, though they can reach none, and no file",
    "C": "no namespaces and no Landlock: programs can read every file that you can read",
    "D": "a process only: programs can read, write and send whatever you can",
}
FRAME_JOBS, FRAME_BYTES = 64, 1 << 20  # of one frame of jobs
FEW = 4  # jobs that are not worth two frames
MAX_CHARS = 2_000_000  # of a job; a character may take four bytes of a frame, which has 16 MB at most
REST_SECONDS = 5.0  # without a look at the workers: nobody waits for them
FAILED_STARTS = 3  # in a row, after which the pool gives up
GRACE_SECONDS = 10.0  # beyond the time that a first and a second try may take


class Ticket:
    """One job on its way; `run` is None until it has ended."""

    __slots__ = ("alone", "characters", "forgotten", "job", "run", "slow")

    def __init__(self, job: Job) -> None:
        self.job = job
        self.characters = len(job.source) + len(job.call) + len(job.harness)
        self.run: Run | None = None
        self.alone = False
        self.forgotten = False  # nobody waits for it any more
        self.slow = False  # it is in the slow lane: no other job waits for it


class _Worker:
    def __init__(self, process: Process) -> None:
        self.process = process
        self.tickets: dict[int, Ticket] = {}
        self.slow = 0  # how many of them are in the slow lane
        self.heard = monotonic()  # when it last sent something, or got a job after a rest
        self.writing = False


class Supervisor:
    """The workers of a pool. It is not safe for two threads at once: the pool has the lock."""

    def __init__(self, count: int, setup: Setup, level: str, weakest: str) -> None:
        self.queue: deque[Ticket] = deque()
        self._count, self._setup = count, setup
        self._number = 0
        self._failed_starts = 0
        self._silence = 2 * setup.limits["wall_seconds"] + GRACE_SECONDS
        self._looked = monotonic()  # when the workers were last waited for
        self._selector = selectors.DefaultSelector()
        self._workers: list[_Worker] = []
        self._retries: deque[Ticket] = deque()
        try:
            self.level, first = self._first(level, weakest)
            self.tracer = first.tracer
            self._add(first)
            self._fill()
        except BaseException:
            self.end()
            raise

    def _fill(self) -> None:
        """Start the workers that are missing."""
        while len(self._workers) < self._count:
            self._add(Process(self.level, self._setup))

    def _first(self, wanted: str, weakest: str) -> tuple[str, Process]:
        """Return the best level that is not below the weakest, and a worker that has started at it."""
        if wanted not in (*LEVELS, "auto"):
            raise InfrastructureError(f"there is no isolation level {wanted!r}; there are: auto, {', '.join(LEVELS)}")
        levels = LEVELS if wanted == "auto" else (wanted,)
        missing: list[str] = []
        for level in levels:
            if level > weakest:
                raise IsolationError(_weak_level(level, missing))
            process = Process(level, self._setup)
            try:
                _wait_until_ready(process)
            except IsolationError as error:
                process.end()
                missing.append(f"level {level}: {error}")
                continue
            except BaseException:
                process.end()
                raise
            return level, process
        raise IsolationError(f"no worker starts ({'; '.join(missing)})")

    def _add(self, process: Process) -> None:
        worker = _Worker(process)
        self._workers.append(worker)
        self._selector.register(process.source, selectors.EVENT_READ, worker)
        self._write(worker, b"")

    # --- Assigning jobs -----------------------------------------------------------------------------------------------

    def assign(self) -> None:
        """Give every worker with room its share of the jobs that wait."""
        self._fill()
        for worker in self._workers:
            if self._retries and not worker.tickets:
                self._give(worker, [self._retries.popleft()])
        while self.queue:
            free = [worker for worker in self._workers if _has_room(worker)]
            if not free:
                return
            worker = min(free, key=_load)
            self._give(worker, self._share())

    def _share(self) -> list[Ticket]:
        """Take the next jobs for one worker from the queue: few of few, so that all workers end at the same time."""
        fair = -(-len(self.queue) // len(self._workers))
        most = min(FRAME_JOBS, fair if len(self._workers) == 1 else max(fair // 2, min(fair, FEW)))
        share: list[Ticket] = []
        size = 0
        while self.queue and len(share) < most and size < FRAME_BYTES:
            ticket = self.queue.popleft()
            if not ticket.forgotten:
                share.append(ticket)
                size += ticket.characters
        return share

    def _give(self, worker: _Worker, tickets: list[Ticket]) -> None:
        rows = []
        for ticket in tickets:
            job = ticket.job
            if ticket.characters > MAX_CHARS:
                ticket.run = failed(job, self.level, "refused", f"the program is longer than {MAX_CHARS} characters")
                continue
            self._number = (self._number + 1) & 0xFFFFFFFF
            if not worker.tickets:
                worker.heard = monotonic()
            worker.tickets[self._number] = ticket
            rows.append((self._number, job.source, job.entry, job.call, job.record, job.harness, job.origin))
        if rows:
            self._write(worker, pack(Kind.JOBS, 0, marshal.dumps(rows)))

    def _write(self, worker: _Worker, data: bytes) -> None:
        worker.process.write(data)  # a broken pipe is noticed when the worker is read
        writing = bool(worker.process.unsent)
        if writing != worker.writing:
            if writing:
                self._selector.register(worker.process.sink, selectors.EVENT_WRITE, worker)
            else:
                self._selector.unregister(worker.process.sink)
            worker.writing = writing

    # --- Reading answers ----------------------------------------------------------------------------------------------

    def wait(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for events, for a second at most; one thread at a time may wait, others assign meanwhile.

        A pool may rest for long, and nobody reads then what its workers send, nor sends what they need to start: that
        time is not counted as their silence.
        """
        now = monotonic()
        rest = now - self._looked
        for worker in self._workers if rest > REST_SECONDS else ():
            worker.heard = min(now, worker.heard + rest)
            worker.process.started = min(now, worker.process.started + rest)
        found = self._selector.select(1.0)
        self._looked = monotonic()
        return found

    def handle(self, found: list[tuple[selectors.SelectorKey, int]]) -> None:
        """Handle the events that `wait` has returned.

        Raises:
            InfrastructureError: no worker starts any more.
        """
        for key, events in found:
            worker = key.data
            if worker not in self._workers:
                continue
            if events & selectors.EVENT_WRITE:
                self._write(worker, b"")
            if events & selectors.EVENT_READ:
                self._read(worker)
        now = monotonic()
        for worker in list(self._workers):
            if _is_silent(worker, now, self._silence):
                self._replace(worker, "fell silent")
        self.assign()

    def _read(self, worker: _Worker) -> None:
        try:
            frames = worker.process.read()
        except FrameError as error:
            self._replace(worker, f"sent what is no frame ({error})")
            return
        except InfrastructureError as error:
            self._replace(worker, f"did not start ({error})")
            return
        if frames is None:
            self._replace(worker, "died")
            return
        if worker.process.ready:
            self._failed_starts = 0
        for kind, number, body in frames:
            if kind == Kind.SLOW and number in worker.tickets and not worker.tickets[number].slow:
                worker.tickets[number].slow = True
                worker.slow += 1
                continue
            ticket = worker.tickets.pop(number, None)
            if kind not in (Kind.RESULT, Kind.ERROR) or ticket is None:
                self._replace(worker, f"sent a frame that it was not asked for ({kind}, {number})", ticket)
                return
            worker.slow -= ticket.slow
            if kind == Kind.ERROR:
                ticket.run = failed(ticket.job, self.level, "error", body.decode("utf-8", "replace"))
            else:
                ticket.run = read_answer(body, ticket.job, self.level, self._setup.limits)
        worker.heard = monotonic()
        if _load(worker) < FRAME_JOBS // 2:
            self.assign()

    # --- Replacing workers --------------------------------------------------------------------------------------------

    def _replace(self, worker: _Worker, what: str, ticket: Ticket | None = None) -> None:
        """End a worker and start another; its unfinished jobs run again once, each alone."""
        self._remove(worker)
        for unfinished in [*([ticket] if ticket else []), *worker.tickets.values()]:
            if unfinished.alone:
                unfinished.run = failed(unfinished.job, self.level, "error", f"twice a worker {what} with this job")
            elif not unfinished.forgotten:
                unfinished.alone, unfinished.slow = True, False
                self._retries.append(unfinished)
        if not worker.process.ready:
            self._failed_starts += 1
            if self._failed_starts >= FAILED_STARTS:
                raise InfrastructureError(f"no worker starts any more: the last one {what}")
        self._fill()

    def _remove(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        self._selector.unregister(worker.process.source)
        if worker.writing:
            self._selector.unregister(worker.process.sink)
        worker.process.end()

    def reset(self) -> None:
        """End all workers after an interruption, and fail all jobs: nothing is known of what is on its way."""
        for worker in list(self._workers):
            self._remove(worker)
            for ticket in worker.tickets.values():
                ticket.run = failed(ticket.job, self.level, "error", "the pool was interrupted")
        for ticket in (*self.queue, *self._retries):
            ticket.run = failed(ticket.job, self.level, "error", "the pool was interrupted")
        self.queue.clear()
        self._retries.clear()
        self._failed_starts = 0

    def processes(self) -> list[int]:
        """Return the ids of the workers' outer processes."""
        return [worker.process.pid for worker in self._workers]

    def end(self) -> None:
        """End all workers."""
        while self._workers:
            self._remove(self._workers[-1])
        self._selector.close()


def _has_room(worker: _Worker) -> bool:
    return _load(worker) <= FRAME_JOBS and not any(ticket.alone for ticket in worker.tickets.values())


def _load(worker: _Worker) -> int:
    return len(worker.tickets) - worker.slow


def _is_silent(worker: _Worker, now: float, seconds: float) -> bool:
    if not worker.process.ready:
        return now - worker.process.started > START_SECONDS
    return bool(worker.tickets) and now - worker.heard > seconds


def _wait_until_ready(process: Process) -> None:
    """Wait until the worker is ready.

    Raises:
        IsolationError: the kernel refuses a layer. InfrastructureError: the worker does not start.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(process.source, selectors.EVENT_READ)
        process.write()
        while not process.ready:
            if monotonic() - process.started > START_SECONDS:
                raise InfrastructureError(f"the worker was not ready after {START_SECONDS} seconds")
            selector.select(0.005 if process.unsent else 1.0)
            try:
                frames = process.read()
            except FrameError as error:
                raise InfrastructureError(f"the worker's first words were no frame: {error}") from error
            if frames is None:
                raise IsolationError("the worker's process ended before it was ready")
            process.write()


ALLOW = "Allow it with allow_weak_isolation=True (--allow-weak-isolation), or see docs/execution.md"


def _weak_level(level: str, missing: list[str]) -> str:
    cause = f"this machine does not give what level A needs ({missing[0]})" if missing else "it was asked for"
    return f"programs would run at isolation level {level}, because {cause}. That means {MEANING[level]}. {ALLOW}"


def model_text_refused(level: str) -> str:
    """Return the reason why text of a model is not executed at this level unless that is allowed."""
    return f"text of a model would be executed at isolation level {level}. That means {MEANING[level]}. {ALLOW}"
