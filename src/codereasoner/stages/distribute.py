"""Work that an engine distributes: drafting ranges of programs, and executing in pools that every process has."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Protocol, TypeAlias, runtime_checkable

from codereasoner.execution.pool import Limits, Pool
from codereasoner.extend import Rejected, Source
from codereasoner.records import Job, Program, Run
from codereasoner.stages.engine import Engine

Found: TypeAlias = object
"""A draft of a program for one key; only the source that made it reads it."""


@runtime_checkable
class KeyedSource(Protocol):
    """A source whose programs have keys, so that ranges of them can be drafted anywhere, in any order."""

    def ranges(self) -> Iterator[range]: ...

    def candidates(self, split: str, keys: range) -> Sequence[Found]: ...

    def chosen(self, split: str, count: int, found: Iterable[Sequence[Found]]) -> Iterator[Program]: ...


class DistributedSource(Source):
    """A source whose ranges of keys an engine drafts; its programs and their order are those of the source itself."""

    name = "distributed"

    def __init__(self, source: KeyedSource, engine: Engine) -> None:
        self._source = source
        self._engine = engine

    def programs(self, split: str, count: int) -> Iterator[Program | Rejected]:
        found = self._engine.map(partial(self._source.candidates, split), self._source.ranges())
        return self._source.chosen(split, count, found)


def distributed(source: Source, engine: Engine) -> Source:
    """Return the source, drafted by an engine if it has ranges; one that asks an endpoint stays in this process."""
    return DistributedSource(source, engine) if isinstance(source, KeyedSource) else source


@dataclass(frozen=True)
class PerProcessPool:
    """A pool of one worker in each process that uses it: unlike a Pool, it travels with the work of an engine."""

    hash_seed: int = 0
    allow_weak_isolation: bool = False
    limits: Limits = field(default_factory=Limits)

    def run(self, jobs: Sequence[Job]) -> list[Run]:
        """Return the runs of these jobs, in order."""
        return _opened(self).run(jobs)

    def stream(self, jobs: Iterable[Job]) -> Iterator[Run]:
        """Yield the runs of these jobs, in order."""
        return _opened(self).stream(jobs)


@cache
def _opened(pool: PerProcessPool) -> Pool:
    return Pool(1, pool.limits, allow_weak_isolation=pool.allow_weak_isolation, hash_seed=pool.hash_seed)
