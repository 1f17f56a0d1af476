"""Work that an engine distributes: drafting ranges of programs, and tracing with a pool in each process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from typing import Any, Protocol, TypeAlias, runtime_checkable

from codereasoner.execution.pool import Pool
from codereasoner.extend import Rejected, Source
from codereasoner.records import Program
from codereasoner.stages.engine import Engine, batches_of
from codereasoner.stages.trace_calls import Judged, Keep, judged

TOGETHER = 64  # programs in one batch

Found: TypeAlias = Any
"""A draft of a program for one key; only the source that made it reads it."""


@runtime_checkable
class Ranged(Protocol):
    """A source whose programs have keys, so that ranges of them can be drafted anywhere, in any order."""

    def ranges(self) -> Iterator[range]: ...

    def candidates(self, split: str, keys: range) -> Sequence[Found]: ...

    def chosen(self, split: str, count: int, found: Iterable[Sequence[Found]]) -> Iterator[Program]: ...


class Spread(Source):
    """A source whose ranges of keys an engine drafts; its programs and their order are those of the source itself."""

    name = "spread"

    def __init__(self, source: Ranged, engine: Engine) -> None:
        self._source = source
        self._engine = engine

    def programs(self, split: str, count: int) -> Iterator[Program | Rejected]:
        found = self._engine.map(partial(self._source.candidates, split), self._source.ranges())
        return self._source.chosen(split, count, found)


def spread(source: Source, engine: Engine) -> Source:
    """Return the source, drafted by an engine if it has ranges; one that asks an endpoint stays in this process."""
    return Spread(source, engine) if isinstance(source, Ranged) else source


def judged_by(
    engine: Engine, keep: Keep, second_run: bool, allow_weak_isolation: bool
) -> Callable[[Iterable[Program]], Iterator[tuple[Program, list[Judged]]]]:
    """Return a function that works as `judged` does, on the machines of an engine with pools of their own."""

    def judge(programs: Iterable[Program]) -> Iterator[tuple[Program, list[Judged]]]:
        work = partial(judge_batch, keep, second_run, allow_weak_isolation)
        for results in engine.map(work, batches_of(programs, TOGETHER)):
            yield from results

    return judge


def judge_batch(
    keep: Keep, second_run: bool, allow_weak_isolation: bool, programs: Sequence[Program]
) -> list[tuple[Program, list[Judged]]]:
    """Return these programs with their runs, and why each run is dropped."""
    pool = _pool(0, allow_weak_isolation)
    again = _pool(1, allow_weak_isolation) if second_run else None
    return list(judged(programs, pool, again, keep))


@cache
def _pool(hash_seed: int, allow_weak_isolation: bool) -> Pool:
    """Return a pool of one worker, as an engine has many processes."""
    return Pool(workers=1, allow_weak_isolation=allow_weak_isolation, hash_seed=hash_seed)
