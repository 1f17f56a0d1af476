"""A program in a process of its own can write any trace in its own name: no task and no narrator fails for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.chains.input_search import searches
from codereasoner.chains.narrator import DETAILS, narrate
from codereasoner.errors import DataError
from codereasoner.execution.decode import read_answer
from codereasoner.execution.encode import answer, change, steps_text
from codereasoner.execution.pool import Limits, Pool
from codereasoner.records import Job, Run

SOURCE = """
def g(n):
    total = 0
    for i in range(n):
        total += i if i % 2 else -1
    return total

def f(xs, k):
    out = {}
    for x in xs:
        out[x] = g(x)
        while k > 3:
            k -= 1
    try:
        y = 10 // (k - 3)
    except ZeroDivisionError:
        y = -1
    return [sorted(out.items()), y]
"""
LAMBDA = "def g(x):\n    return x + 1\nf = lambda x: g(x) * 2\n"
JOB = Job(SOURCE, "f", "[1, 2, 3], 5", record="trace")
LIMITS = Limits().as_dict()
TASKS = {name: extend.task(name) for name in extend.available("task")}
TEXTS = ("", "1", "-", "(1,", "[", "<A x=1>", "\ud800", "\x00", "x" * 5000, "[" * 300, "9" * 5000, "nan", "f(", "é")
NAMES = ("", "x", "i", ".0", "\n", "a b", "__class__", "\ud800", "1", "=", "<")
NUMBERS = (0, 1, 2, 3, 7, 100, 10**6, 2**31 - 1)
EVENTS = ("call", "line", "return", "yield", "exception")
MUTANTS = 60


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(workers=1, allow_weak_isolation=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def real(pool: Pool) -> Run:
    (run,) = pool.run([JOB])
    assert run.value == "[[(1, -1), (2, 0), (3, -1)], -1]"
    return run


def forged(run: Run, random: Random) -> Run:
    """The run, as the pool reads it after a few changes to what its worker writes."""
    steps: list[list[Any]] = [
        [step.event, step.frame, step.line, step.value, step.removed, list(step.changes.items())] for step in run.steps
    ]
    for _ in range(random.randint(1, 6)):
        place, other = random.randrange(len(steps)), random.randrange(len(steps))
        step = list(steps[place])
        match random.randrange(8):
            case 0:
                step[random.choice((1, 2))] = random.choice(NUMBERS)
            case 1:
                step[0] = random.choice(EVENTS)
            case 2:
                step[3] = random.choice(TEXTS)
            case 3:
                step[5] = [*step[5], (random.choice(NAMES), random.choice(TEXTS))]
            case 4:
                step[4] = [random.choice(NAMES)]
            case 5:
                step = steps[other]
            case 6:
                steps = steps[: place + 1]
                continue
            case 7:
                step[5] = [(name, random.choice(TEXTS)) for name, _ in step[5]]
        steps[place] = step
    rows = [[*step[:5], [change(name, text) for name, text in step[5]]] for step in steps]
    value = random.choice((run.value, *TEXTS)) if random.random() < 0.3 else run.value
    lines = random.sample(NUMBERS, 3) if random.random() < 0.3 else run.lines
    return read_answer(answer("ok", value, "", "", steps_text(rows), lines), JOB, "A", LIMITS)


@pytest.mark.parametrize("seed", range(MUTANTS))
def test_a_forged_trace_costs_its_own_program_only(real: Run, seed: int) -> None:
    random = Random(f"forged/{seed}")
    run = forged(real, random)
    for task in TASKS.values():
        asked = task.collect(run, lambda jobs: [replace(run, source=job.source, call=job.call) for job in jobs])
        for question in asked.questions:
            if not searches(question):
                with suppress(DataError):
                    narrate(question, run, random.choice(DETAILS))


@pytest.mark.parametrize("name", TASKS)
def test_every_task_takes_a_run_that_begins_in_a_lambda(pool: Pool, name: str) -> None:
    (run,) = pool.run([Job(LAMBDA, "f", "3", record="trace")])
    assert run.value == "8"
    TASKS[name].collect(run, pool.run)
