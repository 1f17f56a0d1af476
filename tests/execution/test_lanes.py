"""The lanes of a worker: who is a neighbour of whom, and when what neighbours say is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.execution import neighbours, process
from codereasoner.execution.frames import DONE, FORK, LEFT, RESULT, SLOW, SPENT
from codereasoner.execution.lanes import Lane, Runner, _is_in_order
from codereasoner.execution.pool import Pool
from codereasoner.records import Job

NUMBERS = [4, 5, 6]


def job(number: int, source: str = "", origin: str = "") -> tuple[int, str, str, str, str, str, str]:
    return number, source, "f", "", "value", "", origin


@pytest.mark.parametrize(
    "said",
    [
        [],
        [(RESULT, 4)],
        [(RESULT, 4), (FORK, 5), (RESULT, 6), (DONE, 0)],
        [(RESULT, 4), (LEFT, 5)],
        [(RESULT, 4), (RESULT, 5), (SPENT, 5)],
    ],
)
def test_neighbours_that_speak_of_each_job_once_are_believed(said: list[tuple[int, int]]) -> None:
    assert _is_in_order([(kind, number, b"") for kind, number in said], NUMBERS)


@pytest.mark.parametrize(
    "said",
    [
        [(RESULT, 5)],
        [(RESULT, 4), (RESULT, 4)],
        [(RESULT, 4), (RESULT, 6)],
        [(RESULT, 4), (RESULT, 5), (RESULT, 6), (RESULT, 7)],
        [(RESULT, 4), (DONE, 0)],
        [(LEFT, 4), (RESULT, 5)],
        [(SPENT, 4)],
        [(RESULT, 4), (SPENT, 5)],
        [(RESULT, 4), (SLOW, 5)],
        [(DONE, 0), (RESULT, 4)],
        [(RESULT, 4), (FORK, 5), (RESULT, 6), (RESULT, 4), (DONE, 0)],
    ],
)
def test_neighbours_that_speak_of_another_job_are_not_believed(said: list[tuple[int, int]]) -> None:
    assert not _is_in_order([(kind, number, b"") for kind, number in said], NUMBERS)


def test_what_neighbours_say_is_held_until_the_last_is_done_and_void_where_one_has_forged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runner = object.__new__(Runner)
    runner.forks = runner.strange = runner.spent = False
    runner.jobs, runner.held = {number: job(number) for number in NUMBERS}, []
    said: list[list[tuple[int, int, bytes]]] = [
        [(RESULT, 4, b"")],
        [(RESULT, 5, b"forged"), (RESULT, 5, b""), (RESULT, 6, b"")],
    ]
    said.append([(DONE, 0, b"")])
    monkeypatch.setattr(Runner, "_read", lambda self: (said.pop(0), True))
    assert [runner.read(), runner.read(), runner.read()] == [([], True), ([], True), ([], False)]
    assert runner.strange


def test_jobs_of_one_origin_or_one_program_are_taken_together() -> None:
    lane = Lane(False)
    lane.waiting.extend(
        [job(0, "a"), job(1, "a", "x"), job(2, "b"), job(3, "a"), job(4, "b", "x"), job(5, "b", "y"), job(6, "b")]
    )
    taken = []
    while lane.waiting:
        taken.append([each[0] for each in lane.next()[1]])
    assert taken == [[0, 3], [1, 4], [2, 6], [5]]


FORGER = "def f():\n    raise SystemExit"


def test_a_forged_frame_costs_its_neighbours_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process is made to say more than it was to say, as if a program had reached its pipe."""
    text = "self._tell(pack(RESULT, number, bounded(answer(**facts))))"
    forged = text + '\n            if "SystemExit" in source: self._tell(pack(RESULT, number + 1, answer("ok", "7")))'
    source = Path(neighbours.__file__).read_text(encoding="utf-8")
    assert source.count(text) == 1
    code = compile(source.replace(text, forged), "neighbours.py", "exec", 0, True)
    codes = [(name, code if name == neighbours.__name__ else own) for name, own in process._codes()]
    monkeypatch.setattr(process, "_codes", lambda: codes)
    plain = [Job("def f(n):\n    return n", "f", str(n), origin="tests") for n in range(8)]
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        runs = pool.run([*plain[:4], Job(FORGER, "f", "", origin="tests"), *plain[4:]])
    assert [run.value for run in runs] == ["0", "1", "2", "3", None, "4", "5", "6", "7"]
    assert runs[4].outcome == "exited"
