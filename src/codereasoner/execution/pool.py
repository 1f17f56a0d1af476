"""The pool: worker processes that run programs, in order, for every stage."""

from __future__ import annotations

import asyncio
import json
import marshal
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from codereasoner.errors import MachineryError
from codereasoner.execution.frames import JOBS, RESULT, Splitter, pack
from codereasoner.records import Job, Run, Step

Level = Literal["auto", "A", "B", "C", "D"]


@dataclass(frozen=True)
class Limits:
    """What one run may use; Run.reason names the limit that ended it."""

    cpu_seconds: float = 3.0
    wall_seconds: float = 10.0
    memory_bytes: int = 1 << 30
    output_bytes: int = 100_000
    result_chars: int = 100_000
    steps: int = 10_000
    trace_bytes: int = 1_000_000
    value_chars: int = 4_000


class Pool:
    """Worker processes that fork for each program."""

    def __init__(
        self,
        workers: int | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        preload: Sequence[str] = (),
        level: Level = "auto",
        allow_weak_isolation: bool = False,
    ) -> None:
        self.level = "D"
        self._count = workers or os.cpu_count() or 1
        settings = {"limits": asdict(limits), "level": "D", "preload": list(preload)}
        settings["paths"] = sys.path[1:] if preload else []
        self._workers = [_Worker(settings) for _ in range(self._count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def run(self, jobs: Sequence[Job]) -> list[Run]:
        """The runs of these jobs, in order."""
        return list(self.stream(jobs))

    def stream(self, jobs: Iterable[Job]) -> Iterator[Run]:
        """The runs of these jobs, in order, a bounded number of them in flight."""
        waiting: deque[tuple[Job, _Worker]] = deque()
        source = iter(jobs)
        turn = 0
        while True:
            for job in islice(source, 16 * self._count - len(waiting)):
                worker = self._workers[turn % self._count]
                turn += 1
                worker.send(job)
                waiting.append((job, worker))
            if not waiting:
                return
            job, worker = waiting.popleft()
            yield worker.receive(job, self.level)

    async def run_async(self, jobs: Sequence[Job]) -> list[Run]:
        """The runs of these jobs, in order, without blocking the event loop."""
        return await asyncio.to_thread(self.run, jobs)

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.close()


class _Worker:
    def __init__(self, settings: dict[str, Any]) -> None:
        start = Path(__file__).with_name("start.py")
        words = [sys.executable, "-S", "-B", "-s", "-P", str(start), marshal.dumps(settings).hex()]
        environment = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self._splitter = Splitter()
        self._ready: deque[list[Any]] = deque()

    def send(self, job: Job) -> None:
        body = marshal.dumps([(0, job.source, job.entry, job.call, job.record, job.harness)])
        assert self._process.stdin is not None
        self._process.stdin.write(pack(JOBS, 0, body))
        self._process.stdin.flush()

    def receive(self, job: Job, level: str) -> Run:
        assert self._process.stdout is not None
        while not self._ready:
            data = os.read(self._process.stdout.fileno(), 1 << 16)
            if not data:
                raise MachineryError("a worker died")
            for kind, _, body in self._splitter.feed(data):
                if kind == RESULT:
                    self._ready.append(json.loads(body))
        outcome, value, exception, stdout, steps, lines, cut, reason, cpu_ms = self._ready.popleft()
        return Run(
            job.source,
            job.entry,
            job.call,
            outcome,
            value,
            exception,
            stdout,
            tuple(_step(*step) for step in steps),
            tuple(lines),
            cut,
            reason,
            level,
            f"{sys.version_info.major}.{sys.version_info.minor}",
            cpu_ms,
        )

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def _step(event: Any, frame: int, line: int, value: str, removed: list[str], changes: list[str]) -> Step:
    return Step(event, frame, line, dict(zip(changes[::2], changes[1::2], strict=True)), tuple(removed), value)
