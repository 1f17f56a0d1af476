"""What another framework asks: the questions of a benchmark or a file, put in a style, and graded on one shared pool.

The frameworks grade one completion at a time, from many coroutines; the pool is started with the first of them.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from functools import cache
from pathlib import Path

from codereasoner import extend
from codereasoner.benchmarks.locate import locate
from codereasoner.errors import ConfigError
from codereasoner.execution.pool import Pool
from codereasoner.extend import Benchmark
from codereasoner.ledger import read_records
from codereasoner.styles import find_style
from codereasoner.task import Grade, Question

WEAK = "CODEREASONER_ALLOW_WEAK_ISOLATION"
"""Set to 1, it lets the pool start where the kernel refuses a layer of isolation."""
WORKERS = "CODEREASONER_WORKERS"
"""The worker processes of each process's pool; all cores by default."""


def questions_of(name: str, data: str | None = None, split: str = "test", limit: int | None = None) -> list[Question]:
    """The questions of the benchmark of that name, or those of a questions file's split.

    Raises:
        UserError: there is no such benchmark, data or split; the message says what there is.
    """
    if name.endswith((".jsonl", ".parquet")):
        found = [each for each in read_records(Path(name), Question) if each.split in ("", split)]
        if not found:
            raise ConfigError(f"{name} has no question of the split '{split}': name another one")
        return found[:limit]
    benchmark: Benchmark = extend.find("benchmark", name)
    where = locate(benchmark, Path(data) if data else None)
    return benchmark.load(where, pool_of_process(tuple(benchmark.preload())).run)[:limit]


def messages_of(question: Question, style: str) -> list[dict[str, str]]:
    """The chat messages that put the question, in the style of that name."""
    return extend.task(question.task).prompt(question, find_style(style))


async def grade_one(question: Question, completion: str, style: str, truncated: bool, preload: str = "") -> Grade:
    """The grade of one completion, without blocking the event loop; `preload` names the question's benchmark."""
    modules = tuple(extend.find("benchmark", preload).preload()) if preload else ()
    task, finish = extend.task(question.task), "length" if truncated else "stop"
    return await asyncio.to_thread(
        lambda: task.grade(question, completion, find_style(style), pool_of_process(modules).run, finish)
    )


def pool_of_process(preload: tuple[str, ...] = ()) -> Pool:
    """The pool of this process, made on first use and closed at its exit; a forked child makes its own."""
    return _pool(os.getpid(), preload)


@cache
def _pool(process: int, preload: tuple[str, ...]) -> Pool:
    pool = Pool(_workers(), preload=preload, allow_weak_isolation=os.environ.get(WEAK) == "1")
    atexit.register(pool.close)
    return pool


def _workers() -> int | None:
    text = os.environ.get(WORKERS, "")
    if text and not text.isdecimal():
        raise ConfigError(f"{WORKERS} must be a number of processes, not '{text}'")
    return int(text) if text else None
