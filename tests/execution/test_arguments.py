"""Arguments that are read without the compiler are what the compiler makes of them, or are left to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codereasoner.execution.compile_jobs import MOST_ARGUMENTS, Cache, compile_call
from codereasoner.execution.pool import Pool
from codereasoner.records import Job

_trace = pytest.importorskip("codereasoner.execution._trace", reason="the extension is not built")
read: Callable[[str], tuple[Any, ...] | None] = _trace.read_arguments


def compare(call: str) -> bool:
    """Whether the call was read; then the arguments must be those that the compiler makes."""
    found = read(call)
    if found is None:
        return False
    assert repr(found) == repr(eval(compile_call("f", call), {"f": lambda *arguments: arguments}))
    return True


READ = [
    "",
    "1",
    " 1 , 2 ,",
    "-0, -0.0, 0.0, 1.50, -123456789012345678",
    "1., 1e5, 2.5E-3, 1e999, 0.1, 123456789.123456789123456789, 01.5",
    "True, False, None",
    "'', \"\", 'a b', \"it's\", '\"', '~', '\t'",
    "[], [1], [1, 2], [1, 2, 3,], [[]], [1, [2]], [1000, 1000, 1000]",
    "(), (1,), (1), (1, 2), ((1, 2), (1, 2)), ([1],), ([1]), (1000, 1000), 1000",
    "{}, {1: 2}, {'a': [1], 'b': {}}, {1: 'a', True: 'b', 1.0: 'c'}, {(1, 2): 3,}",
    "[" + "[1], " * 40 + "]",
]
LEFT = [
    ",", "1,,2", "1 2", "01", "00", "1_0", ".5", "1e", "1e5_0", "1.5_5", "1j", "1.5j", "0x1", "1234567890123456789",
    "- 1", "--1", "-", "-'a'", "-True", "+1", "1.real", "1.5.real", "'a' 'b'", "'\\n'", "'''a'''", "''''''", "b'a'",
    "r'a'", "f'a'", "'é'", "'a", "a", "x=1", "*[1]", "True1", "TrueFalse", "[1", "[1)", "(1", "{1}", "{1: 2",
    "{[]: 1}", "{**{}}", "1\n", "\t1", "'a\n'", "'\r'", "1 # a", "1)", "1), f(2", "[" * 30 + "]" * 30,
    "1 if 1 else 2", "lambda: 1", "(,)", "[,]", "1\0", "'\0'", "\0", "{:}", "{1:}", "(1 2)", "[1 2]", "1or 2",
    "'a'.upper()", "[1][0]", "()()",
]  # fmt: skip


@pytest.mark.parametrize("call", READ)
def test_plain_literals_are_read_as_the_compiler_makes_them(call: str) -> None:
    assert compare(call)


@pytest.mark.parametrize("call", LEFT)
def test_everything_else_is_left_to_the_compiler(call: str) -> None:
    assert read(call) is None


ATOMS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)


def containers(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = ATOMS | st.tuples(ATOMS, ATOMS)
    return (
        st.lists(items, max_size=35) | st.lists(items, max_size=4).map(tuple) | st.dictionaries(keys, items, max_size=6)
    )


VALUES = ATOMS | containers(ATOMS | containers(ATOMS))


@given(st.lists(VALUES, max_size=4))
@example([[[0]] * 31, [0] * 31])
def test_whatever_is_read_is_what_the_compiler_makes(values: list[object]) -> None:
    compare(", ".join(map(repr, values)))


@given(st.text("[](){}'\"\\,:.-+ 01259eaTrueNone_\n\0", max_size=30))
def test_no_text_is_read_that_the_compiler_refuses(call: str) -> None:
    compare(call)


def test_nearly_all_calls_of_cruxeval_are_read(shared_data: Path) -> None:
    lines = (shared_data / "cruxeval/cruxeval.jsonl").read_text(encoding="utf-8").splitlines()
    calls = [json.loads(line)["input"] for line in lines]
    assert sum(map(compare, calls)) > 0.9 * len(calls)


SOURCE = "def f(*a, **k):\n    return a\nclass A:\n    def g(self, *x):\n        return x\n"


@pytest.mark.parametrize("call", ["", "1", "3, [2]", "(1, 2), {'a': 'b c'}, 'b c'"])
def test_a_plain_call_has_its_arguments_as_constants(call: str) -> None:
    code = Cache(read).compile(SOURCE, "f", call, "").call
    assert code is not None
    assert code.co_consts == read(call)
    assert Cache(read).compile(SOURCE, "A().g", call, "").call.co_consts == read(call)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("source", "entry", "call"),
    [
        (SOURCE, "f", "x=1"),
        (SOURCE, "f", "'a' 'b'"),
        (SOURCE, "f", "1, " * (MOST_ARGUMENTS + 1)),
        ("import sys\n" + SOURCE, "f", "1"),
        ("def f(x, y):\n    return x is y", "f", "1000, 1000"),
        ("def f(x):\n    def g(y):\n        return x is not y\n    return g(x)", "f", "1000"),
        ("from operator import is_\ndef f(x, y):\n    return is_(x, y)", "f", "1000, 1000"),
        ("import operator\ndef f(x, y):\n    return operator.is_not(x, y)", "f", "1000, 1000"),
    ],
)
def test_a_call_is_compiled_where_the_program_could_tell(source: str, entry: str, call: str) -> None:
    assert Cache(read).compile(source, entry, call, "").call == compile_call(entry, call)


def test_nothing_passes_the_allowlist_by_a_plain_call() -> None:
    cache = Cache(read)
    assert not cache.compile(SOURCE, "eval", "'1'", "").shares
    assert cache.compile(SOURCE, "f)(", "1", "").fault is not None
    program = cache.compile(SOURCE, "f", "1", "").program
    program.shares = False  # it has left a shared process
    assert not cache.compile(SOURCE, "f", "1", "").shares


def test_a_run_cannot_tell_who_has_read_its_arguments(pool: Pool) -> None:
    source = "def f(a, b=[], *c):\n    b.append(len(c))\n    return a, b, c, a == b, {k: 1 for k in c if k != a}"
    tests = [
        "a is b, b is c, a",
        "object.__repr__(a) == object.__repr__(b)",
        "a.__add__ == b.__add__",
        "{a.__add__: 1, b.__add__: 2}",
    ]
    sames = [f"def f(a, b=0, *c):\n    return len(c), {test}" for test in tests]
    calls = [
        "1, [2]",
        "1000, [], 1000",
        "'x', [1, 2, 3], 'x'",
        "",
        "[], [], 'a b', 'a b'",
        "(1, 2), [0], (1, 2)",
        "'é'",
        "'x y', 'x y'",
        "1000, 1000",
    ]
    jobs = [Job(text, "f", call, "trace", origin="test") for text in (source, *sames) for call in calls]
    plain = pool.run(jobs)
    compiled = pool.run([Job(job.source, "f", job.call + " # compiled", "trace", origin="test") for job in jobs])
    for one, other in zip(plain, compiled, strict=True):
        for field in ("outcome", "value", "exception", "steps", "lines", "cut"):
            assert getattr(one, field) == getattr(other, field)


def test_what_a_program_leaves_in_its_arguments_ends_before_the_next_program() -> None:
    leaves = (
        "def g():\n    try:\n        yield 1\n    finally:\n        print('late')\n"
        "def f(a):\n    a.append(g())\n    return next(a[-1])"
    )
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        runs = pool.run([Job(leaves, "f", "[0]", origin="test"), Job(SOURCE, "f", "[0]", origin="test")])
    assert [(run.value, run.stdout) for run in runs] == [("1", ""), ("([0],)", "")]
