"""Whatever a program is, watching it changes nothing: not its value, its output, its exception, nor its lines."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codereasoner.execution.pool import Limits, Pool, Tracing
from codereasoner.records import Job, Run

NAMES = st.sampled_from(["a", "b", "items", "text", "table"])
SIMPLE = st.sampled_from(
    [
        "a += 1",
        "a, b = b, a",
        "b = a * 3 - b",
        "b //= a",
        "items.append(a)",
        "items.sort(reverse=True)",
        "items[0] = items",
        "items = items + [b, text]",
        "items.pop()",
        "del items[:1]",
        "text = text + chr(97 + a % 26)",
        "text = text[::-1]",
        "table[a] = text",
        "table.setdefault(b, []).append(a)",
        "table = {key: value for value, key in enumerate(items) if type(key) is int}",
        "print(a, text, end='')",
        "b = sum(x for x in range(a % 5))",
        "a = [x * y for x in range(2) for y in (a, b)][-1]",
        "a = (lambda x: x - b)(a)",
        "a = helper(a % 7)",
        "b = Box(b).grow(a).size",
        "text = '-'.join(map(str, walk(a % 4)))",
        "raise ValueError(text)",
        "assert a < 50, items",
        "return a, b, text",
        "return items",
        "global seen; seen = seen + 1",
        "nothing = None; del nothing",
    ]
)
HEADS = st.sampled_from(
    [
        "if a > b:",
        "if not items:",
        "for b in range(a % 6):",
        "for item in list(items)[:5]:",
        "while a > 0 and len(text) < 9:\n    a -= 3",
        "for letter in text[:4]:",
        "with Guard():",
    ]
)
PRELUDE = """
seen = 0

class Box:
    def __init__(self, size):
        self.size = size
        self.past = []

    def grow(self, by):
        self.past.append(self.size)
        self.size += by
        return self

    def __repr__(self):
        return 1 / 0

class Guard:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        return kind is ValueError

def helper(n):
    return 1 if n < 2 else helper(n - 1) + helper(n - 2)

def walk(n):
    try:
        for step in range(n):
            got = yield step
    finally:
        n = None

def depth(n=0):
    try:
        return depth(n + 1)
    except RecursionError:
        return n

"""


def indented(lines: list[str]) -> list[str]:
    """A block, one level deeper."""
    return ["    " + part for line in lines for part in line.split("\n")]


BLOCKS = st.recursive(
    st.lists(SIMPLE, min_size=1, max_size=3),
    lambda inner: st.one_of(
        st.builds(lambda head, body: [*head.split("\n"), *indented(body)], HEADS, inner),
        st.builds(
            lambda body, caught: [
                "try:",
                *indented(body),
                "except (ValueError, IndexError) as error:",
                *indented(caught),
            ],
            inner,
            inner,
        ),
        st.builds(lambda body, last: ["try:", *indented(body), "finally:", *indented(last)], inner, inner),
        st.builds(lambda first, second: [*first, *second], inner, inner),
    ),
    max_leaves=5,
)
ARGUMENTS = st.tuples(
    st.integers(-3, 12),
    st.integers(-3, 12),
    st.lists(st.integers(0, 9), max_size=4),
    st.text("abc", max_size=4),
    st.dictionaries(st.integers(0, 3), st.text("xyz", max_size=2), max_size=2),
)


def seen_outside(run: Run) -> tuple[object, ...]:
    """What of a run must not depend on whether it is watched."""
    return run.outcome, run.value, run.exception, run.stdout


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BLOCKS, ARGUMENTS)
def test_a_traced_run_returns_what_an_untraced_run_returns(
    pool: Pool, block: list[str], arguments: tuple[object, ...]
) -> None:
    source = PRELUDE + "\n".join(["def f(a, b, items, text, table):", *indented(block), "    return a, seen, table"])
    call = repr(arguments)[1:-1]
    value, coverage, trace = pool.run([Job(source, "f", call, record) for record in ("value", "coverage", "trace")])
    assert seen_outside(trace) == seen_outside(value) == seen_outside(coverage)
    assert trace.cut in ("", "steps")
    assert trace.lines == coverage.lines or trace.cut  # a trace that is cut knows the lines until there


@pytest.mark.parametrize("tracer", ["auto", "python"])
def test_a_program_that_measures_its_own_depth_is_as_deep_when_it_is_traced_but_for_two_frames(tracer: Tracing) -> None:
    """The frames that are ours below a program are not the same in each way of running it, by one or two."""
    jobs = [
        Job(PRELUDE + end, "depth", "", record)
        for end in ("", "import sys")
        for record in ("value", "coverage", "trace")
    ]
    with Pool(workers=1, allow_weak_isolation=True, tracer=tracer) as pool:
        for _ in range(20):
            depths = [int(run.value or "0") for run in pool.run(jobs)]
            assert max(depths) - min(depths) <= 2
            assert 990 < min(depths) <= max(depths) <= 1000


def test_a_program_that_removes_the_tracer_is_told_by_its_cut(pool: Pool) -> None:
    source = "import sys\ndef f():\n    sys.settrace(None)\n    return 1\n"
    (run,) = pool.run([Job(source, "f", "", "trace")])
    assert (run.value, run.cut) == ("1", "tracer removed")


def test_a_loop_longer_than_the_budget_is_cut_and_still_returns(pool: Pool) -> None:
    source = "def f(n):\n    x = 0\n    for i in range(n):\n        x += i\n    return x\n"
    (run,) = pool.run([Job(source, "f", "20_000", "trace")])
    assert (run.value, run.cut) == ("199990000", "steps")
    assert run.lines[:3] == (2, 3, 4)
    assert len(run.steps) == Limits().steps


def test_the_states_rebuilt_from_the_changes_are_those_of_a_plain_recorder(pool: Pool) -> None:
    """The changes lose nothing: replayed, they give the locals that a recorder of everything sees at each line."""
    source = (
        "def f(n):\n    rows = []\n    for i in range(n):\n        row = [i] * i\n        rows.append(row)\n"
        "        row.append(-1)\n        if i == 2:\n            del row\n    return rows\n"
    )
    recorder = (
        "import sys\ndef record(n):\n    seen = []\n    def local(frame, event, argument):\n"
        "        seen.append({k: repr(v) for k, v in sorted(frame.f_locals.items())})\n        return local\n"
        "    def enter(frame, event, argument):\n        return local if frame.f_code is f.__code__ else None\n"
        "    sys.settrace(enter)\n    f(n)\n    sys.settrace(None)\n    return seen\n"
    )
    (trace,) = pool.run([Job(source, "f", "4", "trace")])
    (plain,) = pool.run([Job(source, "record", "4", harness=recorder)])
    state: dict[str, str] = {}
    states = []
    for step in trace.steps:
        if step.event == "call":
            state.update(step.changes)
            continue
        states.append(repr(dict(sorted(state.items()))))
        state.update(step.changes)
        for name in step.removed:
            del state[name]
    assert plain.value is not None
    assert "[" + ", ".join(states) + "]" == plain.value
