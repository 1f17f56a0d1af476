"""Reading the lines of a program off a trace."""

from __future__ import annotations

import ast
import sys
import tracemalloc
from dataclasses import replace
from textwrap import dedent

import pytest

from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run, Step
from codereasoner.steps.chance import chance
from codereasoner.steps.marks import attributes, items, kind
from codereasoner.steps.source import bound_by, numbered, statements, walk
from codereasoner.steps.visits import visits


def trace(pool: Pool, source: str, call: str, entry: str = "f") -> Run:
    [run] = pool.run([Job(dedent(source).lstrip("\n"), entry, call, record="trace")])
    assert run.outcome == "ok", run.reason or run.exception
    return run


def test_a_visit_knows_the_locals_before_and_after_its_line_and_the_line_that_follows(pool: Pool) -> None:
    run = trace(
        pool,
        """
        def f(n):
            t = 0
            for i in range(n):
                t += i
            return t
        """,
        "2",
    )
    found = visits(run)
    assert [visit.line for visit in found] == [2, 3, 4, 3, 4, 3, 5]
    assert [visit.nth for visit in found if visit.line == 4] == [1, 2]
    assert found[4].before == {"n": "2", "t": "0", "i": "1"}
    assert found[4].after == {"n": "2", "t": "1", "i": "1"}
    assert found[1].changes == {"i": "0"}
    assert [visit.following for visit in found] == [3, 4, 3, 4, 3, 5, None]
    assert not any(visit.unclear for visit in found)


def test_mutation_in_place_and_deletion_are_changes(pool: Pool) -> None:
    run = trace(
        pool,
        """
        def f(a):
            b = a
            a.append(1)
            del b
            return a
        """,
        "[]",
    )
    second, third = visits(run)[1:3]
    assert second.changes == {"a": "[1]", "b": "[1]"}
    assert third.after == {"a": "[1]"}


@pytest.mark.parametrize(
    ("body", "line", "reason"),
    [
        ("x = g(x)\n    return x", 4, "the line calls another function"),
        ("return g(x)", 4, "the line calls another function"),
        ("x = sorted([x], key=g)\n    return x", 4, "the line calls another function"),
        ("while x < 9: x += 1\n    return x", 4, "the line runs again within itself"),
    ],
)
def test_after_a_line_has_two_readings_where_other_lines_run_within_it(
    pool: Pool, body: str, line: int, reason: str
) -> None:
    run = trace(pool, f"def g(y):\n    return y + 1\ndef f(x):\n    {body}\n", "1")
    first = next(visit for visit in visits(run) if visit.line == line)
    assert first.unclear == reason


def test_a_helpers_return_leads_to_two_places(pool: Pool) -> None:
    run = trace(pool, "def g(y):\n    return y + 1\ndef f(x):\n    x = g(x)\n    return x\n", "1")
    assert {visit.line: visit.unclear for visit in visits(run)} == {
        4: "the line calls another function",
        2: "the function returns there",
        5: "",
    }


@pytest.mark.parametrize(
    "expression", ["[i * 2 for i in x]", "{i for i in x}", "sum(i for i in x)", "max(x, key=lambda i: -i)"]
)
def test_comprehensions_and_lambdas_on_their_own_line_are_a_part_of_it(pool: Pool, expression: str) -> None:
    if sys.version_info >= (3, 12) and expression[0] in "[{":
        pytest.skip("from Python 3.12 on such lines count once for each item, and are left out of the questions")
    run = trace(pool, f"def f(x):\n    y = {expression}\n    return y\n", "[1, 2]")
    found = [(visit.line, visit.unclear, visit.following) for visit in visits(run)]
    assert found == [(2, "", 3), (3, "", None)]


def test_a_generator_that_is_consumed_elsewhere_is_not_a_part_of_its_line(pool: Pool) -> None:
    run = trace(pool, "def f(x):\n    y = (i for i in x)\n    z = list(y)\n    return z\n", "[1, 2]")
    assert [visit.unclear for visit in visits(run) if visit.line == 3] == ["the line calls another function"]


def test_a_handled_exception_leads_to_its_handler_and_an_unhandled_one_leaves(pool: Pool) -> None:
    run = trace(
        pool,
        """
        def g(x):
            return 1 // x
        def f(x):
            try:
                y = 1 // x
            except ZeroDivisionError:
                y = 0
            try:
                y = g(x)
            except ZeroDivisionError:
                y = 1
            return y
        """,
        "0",
    )
    found = {visit.line: visit for visit in visits(run)}
    assert (found[5].raised, found[5].unclear, found[5].following) == (True, "", 6)
    assert found[2].unclear == "an exception leaves the function there"
    assert found[9].unclear == "the line calls another function"


def test_plain_lines_hold_one_whole_statement_of_a_function() -> None:
    source = dedent(
        '''
        import math
        LIMIT = 3
        def f(x):
            """Say nothing."""
            global LIMIT
            a = 1; b = 2
            if x: return 1
            y = (x +
                 1)
            try:
                z = 1
            except ValueError:
                z = 2
            while True:
                break
            with open(x) as file:
                pass
            for i in y:
                z += i
            def g(n):
                return n
            @g
            def h(n): return n
            return z
        '''
    ).lstrip("\n")
    assert list(statements(source)) == [11, 12, 13, 15, 17, 18, 19, 20, 21, 24]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(a, *b, c=d): pass", "f a b c"),
        ("import x.y, u as v", "x v"),
        ("for a, (b, c[d]) in e: del g", "a b g"),
        ("try: pass\nexcept E as e: f = lambda h: (i := 1)", "e f h i"),
        ("match a:\n    case [b, *c] | {'k': d, **e} as g: pass", "b c d e g"),
    ],
)
def test_every_way_to_bind_a_name_is_known(source: str, names: str) -> None:
    assert {name for node in walk(ast.parse(source)) for name in bound_by(node)} == set(names.split())


def test_source_that_does_not_parse_has_no_plain_lines() -> None:
    assert not statements("def f(:")
    assert chance("def f(:") is None


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import random\ndef f(): return 1", ""),
        ("import random\ndef f(): return random.choice", "random"),
        ("from random import *\ndef f(): return 1", "random"),
        ("from time import time\ndef f(): return time()", "time"),
        ("def f(x): return id(x)", "id"),
        ("def id(x): return x\ndef f(x): return id(x)", ""),
        ("import math\ndef f(x): return x.time", ""),
    ],
)
def test_chance_is_found_in_the_text(source: str, name: str) -> None:
    assert getattr(chance(source, "f"), "name", "") == name


def test_lines_are_counted_as_python_counts_them() -> None:
    assert numbered("a\x0c = 1\r\nb\u2028c\n\n") == "1\ta\x0c = 1\n2\tb\u2028c"


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("<P x=1, y='<, '>", "P", {"x": "1", "y": "'<, '"}),
        ("<P x=<Q y=[1, 2]>, z=(1, 2)>", "P", {"x": "<Q y=[1, 2]>", "z": "(1, 2)"}),
        ("<deque [1, 2]>", "deque", {}),
        ("[1]", "", {}),
        ("<P>", "P", {}),
        ("<", "", {}),
    ],
)
def test_marks_are_read_as_text(text: str, name: str, found: dict[str, str]) -> None:
    assert kind(text) == name
    assert attributes(text) == found


@pytest.mark.parametrize(
    ("text", "index", "found"),
    [
        ("[1, 2]", "1", "2"),
        ("{'a': 1}", "'a'", "1"),
        ("[1]", "5", None),
        ("3", "0", None),
        ("<list [1, <P x=1>]>", "1", "<P x=1>"),
        ("<dict {'a': <P>, 2: 3}>", "2", "3"),
        ("<deque [1]>", "7", None),
        ("<P x=1>", "0", None),
        ("<list of 9000 items>", "0", None),
    ],
)
def test_items_are_found_in_literals_and_marks(text: str, index: str, found: str | None) -> None:
    assert items(text).get(index) == found


def test_the_states_of_a_function_with_thousands_of_locals_do_not_hold_all_of_them_each() -> None:
    told = [Step("call", 0, 1, {"x": "1"}, value="f")]
    told += [Step("line", 0, number, {f"y{number}": str(number)}) for number in range(2, 2002)]
    told[500] = replace(told[500], removed=("y7", "y8"))
    run = Run("", "f", "1", "ok", steps=tuple(told))
    tracemalloc.start()
    found = visits(run)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert size < 15_000_000  # 75 million where each state is a dict of its own
    state = {"x": "1"}
    for visit, step in zip(found, told[1:], strict=True):
        assert list(visit.before.items()) == list(state.items())
        state = {name: text for name, text in state.items() if name not in step.removed} | dict(step.changes)
        assert dict(visit.after) == state
