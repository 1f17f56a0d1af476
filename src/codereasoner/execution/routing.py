"""Route programs that import a large library to workers of their own: forks of large processes cost more."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run


class Router:
    """A runner of two pools: jobs whose program imports one of `modules` go to the second, the others to the first.

    make_second: opens the second pool, which preloads the modules; it is called when the first such job comes. The
    second pool is closed at the end of the `with` block, the first is the caller's.
    """

    def __init__(self, pool: Pool, modules: Sequence[str], make_second: Callable[[], Pool]) -> None:
        self._pool = pool
        names = "|".join(map(re.escape, modules))
        self._imports = re.compile(rf"^[ \t]*(?:import|from)[ \t]+(?:{names})\b", re.MULTILINE) if modules else None
        self._make_second = make_second
        self._second: Pool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._second is not None:
            self._second.close()

    def run(self, jobs: Sequence[Job]) -> list[Run]:
        """Return the runs of these jobs, in order."""
        second = [job for job in jobs if self._imports is not None and self._imports.search(job.source)]
        if second and self._second is None:
            self._second = self._make_second()
        found = dict(zip(second, self._second.run(second), strict=True)) if self._second is not None else {}
        others = [job for job in jobs if job not in found]
        found |= dict(zip(others, self._pool.run(others), strict=True))
        return [found[job] for job in jobs]
