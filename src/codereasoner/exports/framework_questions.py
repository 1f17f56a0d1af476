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
from codereasoner.benchmarks.benchmark_pool import pool_for
from codereasoner.errors import ConfigError
from codereasoner.evaluation.load_questions import is_file, questions_of
from codereasoner.execution.pool import Pool
from codereasoner.styles import Style, chosen_style, find_style
from codereasoner.task import Grade, Question

WEAK = "CODEREASONER_ALLOW_WEAK_ISOLATION"
"""Set to 1, it lets the pool start where the kernel refuses a layer of isolation."""
WORKERS = "CODEREASONER_WORKERS"
"""The worker processes of each process's pool; all cores by default."""


def questions_here(name: str, data: str | None = None, split: str = "test", limit: int | None = None) -> list[Question]:
    """The questions of a benchmark or a file, as `evaluation.asked` finds them, by the process's pool."""
    runner = pool_of_process("" if is_file(name) else name).run
    return questions_of(name, Path(data) if data else None, split, runner)[:limit]


def asked_style(style: str, system: str | None = None) -> Style:
    """Return the style that the user of another framework names, with a system message."""
    return chosen_style(style).with_system(system)


async def grade_one(question: Question, completion: str, style: str, truncated: bool, benchmark: str = "") -> Grade:
    """Return the grade of one completion of a question of that benchmark, without blocking the event loop."""
    task, finish = extend.task_of(question), "length" if truncated else "stop"
    return await asyncio.to_thread(
        lambda: task.grade(question, completion, find_style(style), pool_of_process(benchmark).run, finish)
    )


def pool_of_process(benchmark: str = "") -> Pool:
    """The pool of this process, made on first use and closed at its exit; a forked child makes its own.

    A named benchmark gives it what to preload and how long its programs may run.
    """
    return _pool(os.getpid(), benchmark)


@cache
def _pool(process: int, benchmark: str) -> Pool:
    pool = pool_for(benchmark, _workers(), os.environ.get(WEAK) == "1")
    atexit.register(pool.close)
    return pool


def _workers() -> int | None:
    text = os.environ.get(WORKERS, "")
    if text and not text.isdecimal():
        raise ConfigError(f"{WORKERS} must be a number of processes, not '{text}'")
    return int(text) if text else None
