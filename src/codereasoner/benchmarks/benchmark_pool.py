"""A pool for the programs of a benchmark: what they import is preloaded, and they have the time that they need."""

from __future__ import annotations

from codereasoner import extend
from codereasoner.execution.pool import Limits, Pool
from codereasoner.extend import Benchmark


def pool_for(
    benchmark: str, workers: int | None = None, allow_weak_isolation: bool = False, own_programs: bool = False
) -> Pool:
    """Return a pool for the programs of the benchmark of that name; "" is for all other programs.

    own_programs: see Pool.
    """
    found: Benchmark | None = extend.find("benchmark", benchmark) if benchmark else None
    return Pool(
        workers,
        Limits(found.cpu_seconds) if found else Limits(),
        found.preload() if found else (),
        allow_weak_isolation=allow_weak_isolation,
        own_programs=own_programs,
    )
