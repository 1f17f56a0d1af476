"""Arms of all seeds side by side, each trained and evaluated in a process of its own.

A small model keeps a GPU busy for a few percent of its speed, so several trainings share it well. Where there are more
GPUs, they are dealt out in turn.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from math import ceil
from multiprocessing import get_context
from typing import Generic, TypeVar

from codereasoner.errors import InfrastructureError, import_extra
from codereasoner.extend import Progress, silent
from codereasoner.stages.engine import end_with_parent
from codereasoner.training.memory import TOGETHER

VISIBLE = "CUDA_VISIBLE_DEVICES"
Result = TypeVar("Result")


@dataclass(frozen=True)
class Job(Generic[Result]):
    """A piece of work, and the names of the jobs that must be done before it."""

    name: str
    work: Callable[[], Result]  # pickled: a function of a module with its arguments
    after: Sequence[str] = ()


def run_jobs(
    jobs: Sequence[Job[Result]], width: int, done: Callable[[Result], None], progress: Progress = silent
) -> None:
    """Run jobs, `width` at a time, each in a process of its own that ends with this one; in order where they are ready.

    done: called here with what each job returned.

    Raises:
        Exception: that of the first job that failed, once the others have ended; those after it were not begun.
    """
    waiting, ended, failed = list(jobs), set[str](), list[BaseException]()
    places, running = list(range(width)), dict[Future[Result], tuple[Job[Result], int, ProcessPoolExecutor]]()
    gpus = _gpus()
    together = ceil(width / max(1, len(gpus)))
    try:
        while True:
            for job in [each for each in waiting if ended.issuperset(each.after)][: len(places)]:
                waiting.remove(job)
                place = places.pop(0)
                process = ProcessPoolExecutor(1, get_context("spawn"), end_with_parent)
                future = process.submit(_work, job.work, gpus[place % len(gpus)] if gpus else None, together)
                running[future] = job, place, process
            if not running:
                break
            progress(len(ended) / len(jobs), ", ".join(job.name for job, *_ in running.values()))
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job, place, process = running.pop(future)
                process.shutdown()
                places.append(place)
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    words = "was ended from outside, as where memory is short: fewer --jobs take less"
                    error = InfrastructureError(f"the process of {job.name} {words}")
                if error:
                    failed.append(error)
                else:
                    ended.add(job.name)
                    done(future.result())
    finally:
        for _, _, process in running.values():
            process.shutdown()
    if failed:
        raise failed[0]


def _gpus() -> list[str]:
    """Return the GPUs that this process may use, by the names that CUDA gives them."""
    if VISIBLE in os.environ:
        return list(filter(None, os.environ[VISIBLE].split(",")))
    return [str(number) for number in range(import_extra("torch", "train").cuda.device_count())]


def _work(work: Callable[[], Result], gpu: str | None, together: int) -> Result:
    os.environ[TOGETHER] = str(together)
    if gpu is not None:
        os.environ[VISIBLE] = gpu  # before CUDA is initialised here, which looks once
    return work()
