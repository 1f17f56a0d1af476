"""Engines that do the work of a stage: this process, several of this machine, or a Ray cluster. The output is the same.

A stage cuts its input into batches and maps `work`, a function without side effects, over them. Results come back in
the order of the batches, and only the stage's own process writes. So batches of a node that dies are done again
elsewhere, and no row is lost or written twice.
"""

import gc
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache, partial
from itertools import chain, islice
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Literal, Protocol, Self, TypeVar, get_args

from codereasoner.errors import ConfigError, InfrastructureError, import_extra
from codereasoner.machine_limits import cores
from codereasoner.records import batches_of

Name = Literal["local", "ray"]
NAMES: tuple[Name, ...] = get_args(Name)

IN_FLIGHT = 3
"""Batches in flight per process: one is worked on, the others hide the transfer."""

GC_THRESHOLDS = (100_000, 20, 100)
"""Objects after which cycles among the young ones are looked for (700 in Python), and how often among older ones."""

Item = TypeVar("Item")
Batch = TypeVar("Batch")
Result = TypeVar("Result")
Handle = TypeVar("Handle")


class Engine(Protocol):
    """Map work over batches. Use it in a `with` block: its processes end with it."""

    remote: bool  # whether the work is done on other machines

    def map(self, work: Callable[[Batch], Result], batches: Iterable[Batch]) -> Iterator[Result]:
        """Yield `work(batch)` for each batch, in order; the number in flight is bounded, so batches may be endless."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None: ...


def make_engine(name: str = "local", workers: int | None = None, address: str | None = None) -> Engine:
    """Return the engine of a name; address: a running Ray cluster (default: start Ray on this machine).

    workers: processes of this machine (default: one more than cores, as each waits for its isolated worker at times).
    """
    if workers is not None and workers < 1:
        raise ConfigError(f"an engine must have at least one worker, not {workers}")
    if name == "ray":
        return OnRay(workers, address)
    if name != "local":
        raise ConfigError(f"engine '{name}' is unknown; there are: {', '.join(NAMES)}")
    count = workers or cores() + (cores() > 1)
    return Processes(count) if count > 1 else InProcess()


class _RareCollection:
    """Runs the garbage collector rarely: trees and records have no cycles, and it takes a fifth of the time."""

    def __enter__(self) -> Self:
        self._thresholds = gc.get_threshold()
        gc.set_threshold(*GC_THRESHOLDS)
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        gc.set_threshold(*self._thresholds)


class InProcess(_RareCollection):
    """Do every batch in this process, when its result is asked for."""

    remote = False

    def map(self, work: Callable[[Batch], Result], batches: Iterable[Batch]) -> Iterator[Result]:
        return map(work, batches)


class Processes(_RareCollection):
    """Use several processes of this machine; they end with the one that made them, even when it is killed."""

    remote = False

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def map(self, work: Callable[[Batch], Result], batches: Iterable[Batch]) -> Iterator[Result]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, get_context("spawn"), _begin)
        submit = partial(_submit, self._pool)
        with TemporaryDirectory(prefix="codereasoner-") as folder:  # the work may be large: each process reads it once
            path = Path(folder) / "work"
            path.write_bytes(pickle.dumps(work))
            jobs = partial(submit, _do, path)
            yield from _in_order(jobs, lambda job: job.result(), batches, self.workers * IN_FLIGHT)

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        super().__exit__(*error)
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


class OnRay(_RareCollection):
    """Use the nodes of a Ray cluster; a batch whose node dies is done again on another one, without limit."""

    remote = True

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        self._ray = import_extra("ray", "ray")
        self._started = not self._ray.is_initialized()
        if self._started:
            quiet = {"log_to_driver": False, "include_dashboard": False, "logging_level": "ERROR"}
            self._ray.init(**({"address": address, **quiet} if address else {"num_cpus": workers, **quiet}))
        self.workers = max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def map(self, work: Callable[[Batch], Result], batches: Iterable[Batch]) -> Iterator[Result]:
        ray = self._ray
        remote = ray.remote(max_retries=-1, retry_exceptions=False)(_called)
        kept = ray.put(work)

        def result(job: object) -> Result:
            try:
                found: Result = ray.get(job)
            except ray.exceptions.RayTaskError as error:
                raise error.cause if isinstance(error.cause, Exception) else error from None
            except ray.exceptions.RayError as error:
                raise InfrastructureError(f"the Ray cluster could not do a batch: {error}") from None
            return found

        return _in_order(lambda batch: remote.remote(kept, batch), result, batches, self.workers * IN_FLIGHT)

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        super().__exit__(*error)
        if self._started:
            self._ray.shutdown()


def map_each(
    engine: Engine | None, work: Callable[[Iterable[Item]], Iterable[Result]], items: Iterable[Item], size: int
) -> Iterator[Result]:
    """Yield what `work` makes of the items, in order: in batches by an engine, else here, of all of them at once."""
    if engine is None:
        return iter(work(items))
    return chain.from_iterable(engine.map(partial(_listed, work), batches_of(items, size)))


def _listed(work: Callable[[Iterable[Item]], Iterable[Result]], batch: Iterable[Item]) -> list[Result]:
    return list(work(batch))


def _in_order(
    submit: Callable[[Batch], Handle], result: Callable[[Handle], Result], batches: Iterable[Batch], under_way: int
) -> Iterator[Result]:
    """Yield the results of the batches in order, with at most `under_way` in flight."""
    waiting: deque[Handle] = deque()
    rest = iter(batches)
    waiting.extend(submit(batch) for batch in islice(rest, under_way))
    while waiting:
        found = result(waiting.popleft())
        waiting.extend(submit(batch) for batch in islice(rest, 1))
        yield found


def _do(path: Path, batch: Batch) -> object:
    return _read_work(path)(batch)


@lru_cache(maxsize=4)  # drafting and examining programs alternate
def _read_work(path: Path) -> Callable[[object], object]:
    work: Callable[[object], object] = pickle.loads(path.read_bytes())
    return work


def _called(work: Callable[[Batch], Result], batch: Batch) -> Result:
    gc.set_threshold(*GC_THRESHOLDS)
    return work(batch)


def _submit(pool: ProcessPoolExecutor, work: Callable[..., Result], *given: object) -> Future[Result]:
    """Hand work to a pool; a process that this starts inherits the mask, until `_begin` is there to answer Ctrl-C."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        return pool.submit(work, *given)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _begin() -> None:
    """End this process at Ctrl-C, and with the one that started it."""
    gc.set_threshold(*GC_THRESHOLDS)
    signal.signal(signal.SIGINT, lambda *words: os._exit(130))  # a handler: what this process starts does not have it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    end_with_parent()


def end_with_parent() -> None:
    """End this process of a pool when the one that started it is gone, which cannot tell when it is killed."""
    parent = parent_process()
    assert parent is not None  # a pool has started it

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(130)

    threading.Thread(target=watch, daemon=True).start()
