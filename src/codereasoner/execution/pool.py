"""Pool: isolated worker processes that run programs, in order, for every stage."""

from __future__ import annotations

import os
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from threading import Condition
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, cast

from codereasoner.errors import ConfigError, InfrastructureError, IsolationError
from codereasoner.execution.supervisor import Supervisor, Ticket, model_text_refused
from codereasoner.execution.worker_handle import Setup
from codereasoner.machine_limits import default_workers
from codereasoner.records import Job, Run

if TYPE_CHECKING:
    from codereasoner.execution.framing import RunLimits

Level = Literal["auto", "A", "B", "C", "D"]
Tracing = Literal["auto", "python"]
WINDOW = 256  # jobs of one stream that are under way for each worker
FINISHED = 4  # times WINDOW: jobs of a stream that may be finished and wait for one that takes long


@dataclass(frozen=True)
class Limits:
    """Limits of one run; Run.reason names the one that ended it.

    stop_at_steps: the reference tracer ends a run whose budget of steps is used up, which otherwise goes on untraced.
    globals: the reference tracer also records how the global variables change that a function names.
    """

    cpu_seconds: float = 1.0
    wall_seconds: float = 10.0
    memory_bytes: int = 1 << 30
    output_bytes: int = 100_000
    result_chars: int = 100_000
    steps: int = 10_000
    trace_bytes: int = 1_000_000
    value_chars: int = 4_000
    stop_at_steps: bool = False
    globals: bool = False

    def as_dict(self) -> RunLimits:
        """Return the limits as they travel to a worker."""
        return cast("RunLimits", asdict(self))


class Pool:
    """Isolated worker processes; `level` is their isolation, from A (all layers) to D (a process only).

    workers: their number; by default one for each core of this process, fewer if processes are limited.
    preload: modules that are imported before the first program runs, so that no program pays for them.
    hash_seed: the workers' PYTHONHASHSEED; two pools that differ in it show what depends on the order of a set.
    tracer: "auto" takes the tracer in C if it was built with the package, "python" the reference tracer; both record
    the same steps. The attribute `tracer` names the one in use: C or Python.
    own_programs: all programs are the caller's own or a benchmark's; level B is then enough without
    allow_weak_isolation, and below level A a job with `model_text` is refused.
    files: absolute paths of files and folders that programs may read, and never write.
    Several threads may use one pool at once, but a fork of the process that made it may not.

    Raises:
        IsolationError: the machine does not give the level, or gives one weaker than A and allow_weak_isolation is not
        set; from the methods: a job is refused at this level.
        InfrastructureError: no worker starts. ConfigError: fewer workers than one, or a limit of 0 or less.
    """

    def __init__(
        self,
        workers: int | None = None,
        limits: Limits = Limits(),
        preload: Sequence[str] = (),
        level: Level = "auto",
        allow_weak_isolation: bool = False,
        hash_seed: int = 0,
        tracer: Tracing = "auto",
        own_programs: bool = False,
        files: Sequence[str] = (),
    ) -> None:
        self._lock = Condition()  # of the supervisor; notified when something has happened
        self._waiting = False  # a thread waits for the workers, without the lock
        self._owner = os.getpid()
        count = default_workers() if workers is None else workers
        _check_numbers(count, limits)
        setup = Setup(limits.as_dict(), tuple(preload), hash_seed, tracer, tuple(files))
        weakest = "D" if allow_weak_isolation else "B" if own_programs else "A"
        self._supervisor = Supervisor(count, setup, level, weakest)
        self.level: Level = cast("Level", self._supervisor.level)
        self.tracer, self.limits = self._supervisor.tracer, limits
        self._count = count
        self._refuses_models = self.level != "A" and not allow_weak_isolation
        self._end = weakref.finalize(self, _end, self._supervisor, self._owner)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def run(self, jobs: Sequence[Job]) -> list[Run]:
        """Return the runs of these jobs, in order; equal jobs are executed once."""
        different = list(dict.fromkeys(jobs))
        if len(different) == len(jobs):
            return list(self.stream(different))
        runs = dict(zip(different, self.stream(different), strict=True))
        return [runs[job] for job in jobs]

    def stream(self, jobs: Iterable[Job]) -> Iterator[Run]:
        """Yield the runs of these jobs, in order; a bounded number of jobs is under way."""
        source = iter(jobs)
        waiting: deque[Ticket] = deque()
        more, room = True, WINDOW * self._count
        try:
            while True:
                under_way = sum([ticket.run is None and not ticket.slow for ticket in waiting]) if more else 0
                if more and under_way <= room // 2 and len(waiting) <= (FINISHED - 1) * room:
                    fresh = [Ticket(job) for job in islice(source, room - under_way)]
                    more = len(fresh) == room - under_way
                    waiting += fresh
                    self._submit(fresh)
                if not waiting:
                    return
                self._advance(waiting[0])
                while waiting and waiting[0].run is not None:
                    yield waiting.popleft().run  # type: ignore[misc]
        finally:
            with self._lock:
                for ticket in waiting:
                    ticket.forgotten = True

    async def run_async(self, jobs: Sequence[Job]) -> list[Run]:
        """Return the runs of these jobs, in order, without blocking the event loop."""
        import asyncio  # here, because it takes longer than all else that a pool imports

        return await asyncio.to_thread(self.run, jobs)

    def processes(self) -> list[int]:
        """Return the ids of the processes that isolate the workers; each has one child, the worker."""
        with self._lock:
            return self._supervisor.processes()

    def close(self) -> None:
        """End the workers; no process and no descriptor is left."""
        self._end()

    def _submit(self, tickets: list[Ticket]) -> None:
        self._check()
        if self._refuses_models and any(ticket.job.model_text for ticket in tickets):
            raise IsolationError(model_text_refused(self.level))
        with self._lock:
            self._supervisor.queue += tickets
            self._supervisor.assign()

    def _advance(self, ticket: Ticket) -> None:
        """Wait until something happens, unless the ticket is done; one thread waits and notifies the others."""
        self._check()
        leads = False
        try:
            with self._lock:
                if ticket.run is not None:
                    return
                if self._waiting:
                    self._lock.wait(1.0)
                    return
                leads = self._waiting = True
            found = self._supervisor.wait()
            with self._lock:
                self._supervisor.handle(found)
        except BaseException:
            if leads:
                with self._lock:
                    self._supervisor.reset()
            raise
        finally:
            if leads:
                with self._lock:
                    self._waiting = False
                    self._lock.notify_all()

    def _check(self) -> None:
        if not self._end.alive:
            raise InfrastructureError("this pool is closed")
        if os.getpid() != self._owner:
            raise InfrastructureError("this pool belongs to the process that made it: make one in each process")


def _check_numbers(workers: int, limits: Limits) -> None:
    if workers < 1:
        raise ConfigError(f"a pool must have at least one worker, not {workers}")
    for name, value in asdict(limits).items():
        if not isinstance(value, bool) and not 0 < value < 1 << 62:
            raise ConfigError(f"the limit {name} must be a number above 0, not {value}")


def _end(supervisor: Supervisor, owner: int) -> None:
    if os.getpid() == owner:
        supervisor.end()
