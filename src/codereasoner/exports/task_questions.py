"""Questions of any task about programs of the grammar: an endless stream by seed, for frameworks that have no file."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from random import Random

from codereasoner import extend
from codereasoner.curation.determinism import second_job, second_reason
from codereasoner.curation.filters import drop_reason
from codereasoner.errors import ConfigError, DataError
from codereasoner.execution.pool import Pool
from codereasoner.grammar.draft import require_split
from codereasoner.plugin_files import is_reference
from codereasoner.records import Job, Program, Run
from codereasoner.rewrites.input_mutation import with_faults
from codereasoner.sources.procedural import RANGE, Procedural
from codereasoner.task import Question, Task

KEYS = 2**32  # of the grammar between two seeds: no data set comes that far
FAULTS = 3  # calls that may raise, of each program, for a task that asks about these: a quarter of all calls then do
PATIENCE = 1000  # runs without a question, after which a task is held to ask nothing about such runs


def task_named(name: str) -> Task | None:
    """Return the task of that name, or of `file.py:Class`; None: it is not a task, but a benchmark or a path."""
    if is_reference(name):
        with suppress(DataError):  # the class is a benchmark's, or the file is missing: the benchmark's message says so
            return extend.task(name)
        return None
    return extend.task(name) if name in extend.available("task") else None


def task_questions(
    task: Task, pools: tuple[Pool, Pool], split: str = "test", seed: int = 0, difficulty: int | None = None
) -> Iterator[Question]:
    """Yield a question of the task about each call of each program of the grammar, none of them twice.

    A seed always gives the same ones.

    pools: two that differ in their hash seed; a call that differs in them is left out.

    Raises:
        ConfigError: the split or the difficulty is unknown, or the task asks nothing about such runs.
    """
    require_split(split)
    asks = type(task).ask is not Task.ask or hasattr(task, "consider")  # `consider`: an ask that skips, in 0.1
    source, asked, looked_at = Procedural(difficulty=difficulty), set[str](), 0
    for start in count(seed * KEYS, RANGE):
        programs = [program for *_, program in source.candidates(split, range(start, start + RANGE))]
        if "raised" in task.outcomes:
            programs = [with_faults(program, FAULTS) for program in programs]
        for run in _runs(task, programs, pools):
            looked_at += 1
            if questions := [each for each in task.collect(run, pools[0].run).questions if each.id not in asked]:
                question = Random(f"question/{seed}/{run.id}").choice(questions)
                asked.add(question.id)
                yield question
            elif not asked and (looked_at == PATIENCE or not asks):
                raise ConfigError(
                    f"the task '{task.name}' asks nothing about runs of the grammar's programs"
                    + (
                        f" of difficulty {difficulty}: take a higher one, or none for a mix"
                        if asks and difficulty is not None
                        else ": name a benchmark, or a questions file, that has its questions"
                    )
                )


def _runs(task: Task, programs: list[Program], pools: tuple[Pool, Pool]) -> list[Run]:
    calls = [(program, call) for program in programs for call in program.calls]
    jobs = [Job(each.source, each.entry, call, record="trace", origin="procedural") for each, call in calls]
    kept = []
    for (program, _), run in zip(calls, pools[0].run(jobs), strict=True):
        difficulty = int(program.features.get("difficulty", 0))
        if drop_reason(program, run, outcomes=task.outcomes) is None:
            kept.append(replace(run, program=program.id, split=program.split, difficulty=difficulty, cpu_ms=0.0))
    again = pools[1].run([second_job(run) for run in kept])
    return [run for run, second in zip(kept, again, strict=True) if second_reason(run, second) is None]
