from __future__ import annotations

from codereasoner.curation.branch_coverage import Covered, distribute, jumps, path, taken
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run

SOURCE = """def f(xs):
    for x in xs:
        if x > 2:
            return x
        elif x < 0:
            x = 0
    while xs and xs[0]:
        xs = xs[1:]
    return xs"""


def runs(*calls: str, source: str = SOURCE) -> list[Run]:
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        return pool.run([Job(source, "f", call, "trace") for call in calls])


def test_a_header_can_be_left_two_ways_and_a_constant_test_one_way_only() -> None:
    assert jumps(SOURCE) == {(line, into) for line in (2, 3, 5, 7) for into in (True, False)}
    assert jumps("def f(x):\n    while True:\n        break\n    if x: return 1\n    return 2") == frozenset()
    assert jumps("def f(:") == frozenset()


def test_a_run_takes_the_jumps_of_its_trace() -> None:
    empty, large, mixed = runs("[]", "[3]", "[-1, 1, 1]")
    assert taken(empty) == {(2, False), (7, False)}
    assert taken(large) == {(2, True), (3, True)}
    assert taken(mixed) == jumps(SOURCE) - {(3, True)}


def test_a_test_that_raises_takes_no_jump() -> None:
    (run,) = runs("[None]")
    assert run.outcome == "raised"
    assert taken(run) == {(2, True)}


def test_frames_of_a_recursion_are_kept_apart() -> None:
    source = "def f(n):\n    if n > 0:\n        return n + f(n - 1)\n    return 0"
    (run,) = runs("1", source=source)
    assert taken(run) == {(2, True), (2, False)}
    assert path(run) == {(2, 3), (3, 0), (2, 4), (4, 0)}


def test_the_calls_that_show_the_most_are_chosen_and_stay_in_order() -> None:
    found = runs("[]", "[0]", "[1]", "[-1, 3]")
    assert [run.call for run in distribute(found, 1)] == ["[1]"]
    assert [run.call for run in distribute(found, 2)] == ["[1]", "[-1, 3]"]
    assert distribute(found, 9) == found


def test_coverage_is_counted_over_the_calls_of_a_program_together() -> None:
    covered = Covered()
    covered.add(SOURCE, map(taken, runs("[]", "[3]")))
    covered.add("def f(x):\n    return x", [])
    assert covered.facts() == {"programs": 2, "whole": 1, "possible": 8, "covered": 4, "share": 0.5}
