"""Pools of isolated workers, as the options of a command describe them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codereasoner.config_fields import option

if TYPE_CHECKING:
    from codereasoner.execution.pool import Pool
    from codereasoner.execution.routing import Router

LARGE_SECONDS, LARGE_BYTES = 5.0, 4 << 30  # CPU time and memory of a program that works with a large library


@dataclass(frozen=True)
class PoolOptions:
    """Options of how the programs of a command are executed."""

    workers: int | None = option(None, "Worker processes for execution (default: one per core).")
    allow_weak_isolation: bool = option(
        False, "Continue where the kernel refuses a layer of isolation (`codereasoner doctor`).", is_flag=True
    )

    def open(self, benchmark: str = "", own_programs: bool = False) -> AbstractContextManager[Pool]:
        """Open a pool; for a benchmark, with what its programs import preloaded and with the time they need.

        own_programs: see Pool.
        """
        return open_pool(self.workers, self.allow_weak_isolation, benchmark, own_programs)

    def second(self, own_programs: bool = False) -> Pool:
        """Open a pool of another hash seed, for the second run of each call."""
        from codereasoner.execution.pool import Pool

        weak = self.allow_weak_isolation
        return Pool(self.workers, allow_weak_isolation=weak, hash_seed=1, own_programs=own_programs)

    def split_off_large(self, pool: Pool, benchmark: str, own_programs: bool = False) -> Router:
        """Run the programs that import a large library in one worker of their own, which has it and more time."""
        import importlib.util

        from codereasoner.execution.pool import Limits, Pool
        from codereasoner.execution.routing import Router
        from codereasoner.extend import Benchmark, find

        found: Benchmark = find("benchmark", benchmark)
        large = [name for name in found.large if importlib.util.find_spec(name) is not None]
        limits = Limits(cpu_seconds=LARGE_SECONDS, memory_bytes=LARGE_BYTES)
        weak = self.allow_weak_isolation

        def second() -> Pool:
            return Pool(1, limits, [*found.preload(), *large], allow_weak_isolation=weak, own_programs=own_programs)

        return Router(pool, large, second)


@contextlib.contextmanager
def open_pool(
    workers: int | None, allow_weak_isolation: bool, benchmark: str = "", own_programs: bool = False
) -> Iterator[Pool]:
    """Open a pool, report its isolation level as `closing` does, and close it at the end."""
    from codereasoner.benchmarks.loading import pool_for
    from codereasoner.cli.console import waiting

    with waiting("the first worker to start"):
        opened = pool_for(benchmark, workers, allow_weak_isolation, own_programs)
    with closing(opened) as pool:
        yield pool


@contextlib.contextmanager
def closing(pool: Pool) -> Iterator[Pool]:
    """Close a pool at the end; print a note where its isolation is weaker than level A."""
    from codereasoner.cli.console import console, styled
    from codereasoner.execution.supervisor import MEANING

    with pool:
        if pool.level != "A":
            said = f": {MEANING[pool.level]}; `codereasoner doctor` says what is missing"
            console.print(styled("yellow", f"isolation level {pool.level}", said))
        yield pool
