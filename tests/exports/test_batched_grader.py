"""Completions that come one at a time are graded together, and failures of ours end the training."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from time import sleep

import pytest

from codereasoner import extend
from codereasoner.errors import ConfigError, DataError, InfrastructureError
from codereasoner.exports.batched_grader import BatchedGrader, grader_of_process
from codereasoner.exports.formats import write_label
from codereasoner.records import Job, Run
from codereasoner.training.training_rows import question_text

RUN = Run("def f(x):\n    return x[1:]\n", "f", "[1, 2]", "ok", value="[2]")
LABEL = write_label(question_text(extend.task("input").collect(RUN).questions[0]), "direct")
FORWARD = write_label(question_text(extend.task("output").collect(RUN).questions[0]), "terse")


class Counting:
    """A runner that counts its batches, and fails for the first jobs."""

    def __init__(self, failing: int = 0) -> None:
        self.batches: list[int] = []
        self.failing = failing

    def __call__(self, jobs: Sequence[Job]) -> list[Run]:
        self.batches.append(len(jobs))
        return [self._run(job) for job in jobs]

    def _run(self, job: Job) -> Run:
        if self.failing:
            self.failing -= 1
            return Run(job.source, job.entry, job.call, "error", reason="the pool is gone")
        return Run(job.source, job.entry, job.call, "ok", value="[2]" if job.call.endswith(", 2]") else "[3]")


def answers(count: int) -> list[str]:
    return [f"<answer>f([{number}, {2 + number % 2}])</answer>" for number in range(count)]


def outcomes(count: int) -> list[str]:
    return ["wrong" if number % 2 else "correct" for number in range(count)]


def test_a_batch_comes_back_in_order() -> None:
    runner = Counting()
    grades = BatchedGrader(runner).grade([LABEL] * 6, answers(6))
    assert [grade.outcome for grade in grades] == outcomes(6)
    assert runner.batches == [6]


def test_what_many_coroutines_put_down_is_graded_in_one_batch() -> None:
    runner = Counting()
    grader = BatchedGrader(runner)

    async def all_of_them() -> list[str]:
        found = await asyncio.gather(*(grader.grade_async([LABEL], [text]) for text in answers(300)))
        return [grades[0].outcome for grades in found]

    assert asyncio.run(all_of_them()) == outcomes(300)
    assert runner.batches == [300]


def test_many_threads_get_each_their_own_grade() -> None:
    grader = BatchedGrader(Counting())
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda text: grader.grade([LABEL], [text])[0].outcome, answers(300)))
    assert found == outcomes(300)


def test_several_styles_in_one_batch_are_each_parsed_in_their_own() -> None:
    grades = BatchedGrader(Counting()).grade(
        [LABEL, FORWARD, FORWARD], [answers(1)[0], "=[2]", "=2"], ["stop", "stop", "length"]
    )
    assert [grade.outcome for grade in grades] == ["correct", "correct", "truncated"]


def test_a_failure_of_ours_is_graded_once_more() -> None:
    assert [grade.outcome for grade in BatchedGrader(Counting(failing=2)).grade([LABEL] * 4, answers(4))] == outcomes(4)


def test_more_than_one_failure_in_a_hundred_of_a_step_ends_the_training() -> None:
    grader = BatchedGrader(Counting(failing=4), window=100)
    assert grader.grade([LABEL], answers(1))[0].outcome == "error"
    with pytest.raises(
        InfrastructureError, match="2 of the latest 2 grades are failures of the grader, more than 1 % of 100"
    ):
        grader.grade([LABEL], answers(1))


def test_a_broken_runner_reaches_everybody_who_waits_and_nobody_waits_for_ever() -> None:
    def broken(jobs: Sequence[Job]) -> list[Run]:
        raise InfrastructureError("this pool is closed")

    def cut(jobs: Sequence[Job]) -> list[Run]:
        raise KeyboardInterrupt

    async def all_of_them() -> list[object]:
        grader = BatchedGrader(broken)
        return await asyncio.gather(
            *(grader.grade_async([LABEL], [text]) for text in answers(9)), return_exceptions=True
        )

    assert {str(each) for each in asyncio.run(all_of_them())} == {"this pool is closed"}
    grader = BatchedGrader(cut)
    with pytest.raises(KeyboardInterrupt):
        grader.grade([LABEL], answers(1))
    grader._runner = Counting()
    assert grader.grade([LABEL], answers(1))[0].outcome == "correct"


def test_a_label_that_is_none_is_refused_before_anything_is_graded() -> None:
    with pytest.raises(DataError):
        BatchedGrader(Counting()).grade(["[2]"], ["[2]"])


def _grade_in_child(queue: multiprocessing.Queue[tuple[int, list[str]]]) -> None:
    grades = grader_of_process().grade([LABEL] * 4, answers(4))
    queue.put((os.getpid(), [grade.outcome for grade in grades]))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_a_grader_and_a_pool_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEREASONER_ALLOW_WEAK_ISOLATION", "1")
    monkeypatch.setenv("CODEREASONER_WORKERS", "1")
    assert [grade.outcome for grade in grader_of_process().grade([LABEL] * 4, answers(4))] == outcomes(4)
    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    child = fork.Process(target=_grade_in_child, args=(queue,))
    child.start()
    process, found = queue.get(timeout=60)
    child.join()
    assert (process != os.getpid(), found, child.exitcode) == (True, outcomes(4), 0)
    assert [grade.outcome for grade in grader_of_process().grade([LABEL], answers(1))] == ["correct"]


def test_threads_that_ask_for_the_pool_at_once_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from codereasoner.exports import framework_questions

    def slow(*given: object) -> object:
        sleep(0.01)
        return object()

    monkeypatch.setattr(framework_questions, "_pool", cache(slow))
    with ThreadPoolExecutor(8) as threads:
        assert len({id(each) for each in threads.map(lambda _: framework_questions.pool_of_process(), range(8))}) == 1


def test_the_number_of_workers_must_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEREASONER_WORKERS", "many")
    from codereasoner.exports import framework_questions

    framework_questions._pool.cache_clear()
    with pytest.raises(ConfigError, match="CODEREASONER_WORKERS must be a number of processes, not 'many'"):
        framework_questions.pool_of_process("cruxeval-o")
