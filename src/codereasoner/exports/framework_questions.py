"""Questions and grades for evaluation frameworks, which grade one completion at a time from many coroutines.

One pool per process executes what grading needs; it starts with the first completion.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from functools import cache
from pathlib import Path

from codereasoner import extend
from codereasoner.benchmarks.loading import pool_for
from codereasoner.errors import ConfigError
from codereasoner.evaluation.load_questions import is_file, load_questions
from codereasoner.execution.pool import Pool
from codereasoner.styles import find_style
from codereasoner.task import Grade, Question

WEAK = "CODEREASONER_ALLOW_WEAK_ISOLATION"
"""Set to 1, it lets the pool start where the kernel refuses a layer of isolation."""
WORKERS = "CODEREASONER_WORKERS"
"""Worker processes of each process's pool; all cores by default."""


def framework_questions(
    name: str, data: str | None = None, split: str = "test", limit: int | None = None
) -> list[Question]:
    """Return the first `limit` questions of a benchmark, or of a questions file's split, as `evaluate` finds them."""
    runner = pool_of_process("" if is_file(name) else name).run
    return load_questions(name, Path(data) if data else None, split, runner, limit).questions


async def grade_one(question: Question, completion: str, style: str, truncated: bool, benchmark: str = "") -> Grade:
    """Return the grade of one completion of a question of that benchmark, without blocking the event loop."""
    task, finish = extend.task_of(question), "length" if truncated else "stop"
    return await asyncio.to_thread(
        lambda: task.grade(question, completion, find_style(style), pool_of_process(benchmark).run, finish)
    )


def pool_of_process(benchmark: str = "") -> Pool:
    """Return the pool of this process, made on first use and closed at exit; a forked child makes its own.

    A benchmark decides what the pool preloads and how long its programs may run.
    """
    return _pool(os.getpid(), benchmark)


@cache
def _pool(process: int, benchmark: str) -> Pool:
    workers = os.environ.get(WORKERS, "")
    if workers and not workers.isdecimal():
        raise ConfigError(f"{WORKERS} must be a number of processes, not '{workers}'")
    pool = pool_for(benchmark, int(workers) if workers else None, os.environ.get(WEAK) == "1")
    atexit.register(pool.close)
    return pool
