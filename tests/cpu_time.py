"""The CPU time of a piece of work that keeps nothing: best of several runs, as other load on a core adds to it."""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time

RUNS = 10


def cpu_seconds(work: Callable[[], object], enough: float) -> float:
    """Return the CPU seconds of this thread that the work takes: the least of RUNS, or the first below `enough`."""
    least = float("inf")
    for _ in range(RUNS):
        began = thread_time()
        work()
        least = min(least, thread_time() - began)
        if least < enough:
            break
    return least
