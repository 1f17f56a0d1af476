"""Questions and grades for evaluation frameworks, which grade one completion at a time from many coroutines.

One pool per process executes what grading needs; it starts with the first completion.
"""

import asyncio
import atexit
import os
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from threading import Lock

from codereasoner import extend
from codereasoner.benchmarks.loading import pool_for
from codereasoner.errors import ConfigError, InfrastructureError
from codereasoner.evaluation.load_questions import is_file, load_questions
from codereasoner.execution.pool import Pool
from codereasoner.exports.task_questions import task_named, task_questions
from codereasoner.styles import find_style
from codereasoner.task import Grade, Question, Task
from codereasoner.training.reward import completion_text

WEAK = "CODEREASONER_ALLOW_WEAK_ISOLATION"
"""Set to 1, it lets the pool start where the kernel refuses a layer of isolation."""
WORKERS = "CODEREASONER_WORKERS"
"""Worker processes of each process's pool; all cores by default."""
LIMIT = 100
"""Questions of a task where no limit is given: there is no end of them."""


def framework_questions(
    name: str,
    data: str | None = None,
    split: str = "test",
    limit: int | None = None,
    seed: int = 0,
    difficulty: int | None = None,
) -> list[Question]:
    """Return the first `limit` questions of a benchmark or of a questions file's split, as `evaluate` finds them.

    A task's name, or `file.py:Class`, gives its questions about programs of the grammar: 100 where there is no limit.

    Raises:
        UserError: there is no such benchmark, file, task, data or split, or the task asks nothing about programs.
    """
    if task := task_named(name):
        return list(islice(endless_questions(task, split, seed, difficulty), LIMIT if limit is None else limit))
    runner = pool_of_process(benchmark_of(name)).run
    return load_questions(name, Path(data) if data else None, split, runner, limit).questions


def endless_questions(task: Task, split: str, seed: int, difficulty: int | None) -> Iterator[Question]:
    """Yield the questions of a task about programs of the grammar; see `task_questions`."""
    return task_questions(task, (pool_of_process(), _second_pool(os.getpid())), split, seed, difficulty)


def benchmark_of(name: str) -> str:
    """Return the benchmark whose pool runs the programs of these questions; "" for a file and for a task."""
    return "" if task_named(name) or is_file(name) else name


async def grade_one(question: Question, completion: object, style: str, truncated: bool, benchmark: str = "") -> Grade:
    """Return the grade of one completion of a question of that benchmark, without blocking the event loop."""
    task, text, finish = extend.task_of(question), completion_text(completion), "length" if truncated else "stop"
    return await asyncio.to_thread(
        lambda: task.grade(question, text, find_style(style), pool_of_process(benchmark).run, finish)
    )


def share(question: Question, grade: Grade) -> float:
    """Return the reward of a grade as a share of what a right answer gets, 0 to 1, as frameworks want it.

    Raises:
        InfrastructureError: the grader failed, which says nothing about the answer.
    """
    if grade.reward is None:
        raise InfrastructureError(grade.reason)
    return grade.reward / extend.task_of(question).best


def pool_of_process(benchmark: str = "") -> Pool:
    """Return the pool of this process, made on first use and closed at exit; a forked child makes its own.

    A benchmark decides what the pool preloads and how long its programs may run.
    """
    with _LOCKS.setdefault(os.getpid(), Lock()):  # threads that ask for the first time at once share one pool
        return _pool(os.getpid(), benchmark)


_LOCKS: dict[int, Lock] = {}
"""A lock for each process: a child may be forked while a thread of its parent holds the parent's."""


@cache
def _pool(process: int, benchmark: str) -> Pool:
    workers = os.environ.get(WORKERS, "")
    if workers and not workers.isdecimal():
        raise ConfigError(f"{WORKERS} must be a number of processes, not '{workers}'")
    return _closed_at_exit(pool_for(benchmark, int(workers) if workers else None, os.environ.get(WEAK) == "1"))


@cache
def _second_pool(process: int) -> Pool:
    return _closed_at_exit(Pool(workers=1, allow_weak_isolation=os.environ.get(WEAK) == "1", hash_seed=1))


def _closed_at_exit(pool: Pool) -> Pool:
    atexit.register(pool.close)
    return pool
