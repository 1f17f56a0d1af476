"""A trace as REval reads it, quirks included."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from codereasoner.benchmarks.reval_states import is_covered, next_lines, states_of, values_after
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run


def trace(pool: Pool, source: str, call: str) -> Run:
    [run] = pool.run([Job(dedent(source).lstrip("\n"), "f", call, record="trace")])
    assert run.outcome == "ok", run.reason or run.exception
    return run


HELPER = """
def g(x):
    return x + 1
def f(n):
    z = g(n)
    w = z
    return w
"""


def test_reval_finds_nil_after_a_call_of_a_traced_function(pool: Pool) -> None:
    run = trace(pool, HELPER, "1")
    assert [state.line for state in states_of(run)] == [4, 2, 5, 6]
    assert values_after(states_of(run), 4, "z") is None
    assert values_after(states_of(run), 5, "w") == ["2"]
    assert values_after(states_of(run), 2, "x") is None
    assert values_after(states_of(run), 1, "x") is None


def test_reval_follows_lines_into_whatever_function_and_ends_with_minus_one(pool: Pool) -> None:
    run = trace(pool, HELPER, "1")
    assert next_lines(states_of(run), 4) == {2}
    assert next_lines(states_of(run), 2) == {5}
    assert next_lines(states_of(run), 6) == {-1}
    assert next_lines(states_of(run), 1) == {-1}
    assert is_covered(states_of(run), 2)
    assert not is_covered(states_of(run), 3)


def test_reval_merges_the_iterations_of_a_loop_on_one_line(pool: Pool) -> None:
    run = trace(pool, "def f(x):\n    while x < 5: x += 1\n    return x\n", "1")
    assert [state.line for state in states_of(run)] == [2, 3]
    assert values_after(states_of(run), 2, "x") == ["5"]


def test_reval_combines_all_values_of_the_parts_of_an_expression(pool: Pool) -> None:
    run = trace(pool, "def f(a):\n    for i in range(2):\n        a[i] += 1\n    return a\n", "[5, 6]")
    assert values_after(states_of(run), 3, "a[i]") == ["6", "6", "6", "7"]
    assert values_after(states_of(run), 3, "(i, i)") == ["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"]
    assert values_after(states_of(run), 3, "a[-1]") is None
    assert values_after(states_of(run), 3, "a[9]") is None


def test_reval_reads_attributes_of_objects(pool: Pool) -> None:
    source = """
    class P:
        def __init__(self, x):
            self.x = [x, 'a, b>']
            self.y = 1
    def f(x):
        p = P(x)
        q = p
        return 1
    """
    run = trace(pool, source, "3")
    assert values_after(states_of(run), 7, "q.x") == ["[3, 'a, b>']"]
    assert values_after(states_of(run), 7, "q.x[1]") == ["'a, b>'"]
    assert values_after(states_of(run), 7, "q.z") is None


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the truth is that of Python 3.11: 3.12 has fewer frames")
def test_reval_agrees_with_its_published_ground_truth_on_every_humaneval_point(pool: Pool, shared_data: Path) -> None:
    folder = shared_data / "reval"
    programs = [json.loads(line) for line in (folder / "DREval_data.jsonl").read_text().strip().split("\n")]
    points = [json.loads(line) for line in (folder / "ground_truth_py3.11.jsonl").read_text().strip().split("\n")]
    points = [point for point in points if point["idx"] < 85]
    pairs = sorted({(point["idx"], point["input_idx"]) for point in points})
    jobs = [
        Job(programs[idx]["code"], programs[idx]["entry_point"], programs[idx]["inputs"][place].strip()[1:-1], "trace")
        for idx, place in pairs
    ]
    runs = dict(zip(pairs, map(states_of, pool.run(jobs)), strict=True))
    for point in points:
        states, line = runs[point["idx"], point["input_idx"]], point["lineno"]
        assert is_covered(states, line) == point["covered"], point
        assert next_lines(states, line) == set(point["next_lines"]), point
        values = values_after(states, line, point["var"])
        assert (values is None) == (point["state"] is None), point
        assert {text for _, text in point["state"] or ()} <= set(values or ()), point
