"""Arguments that are read without the compiler are what the compiler makes of them, or are left to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codereasoner.execution.compile_jobs import Cache, compile_call
from codereasoner.execution.pool import Pool
from codereasoner.records import Job

_trace = pytest.importorskip("codereasoner.execution._trace", reason="the extension is not built")
read: Callable[[str], dict[str, Any] | None] = _trace.read_arguments


def evaluated(call: str) -> tuple[Any, ...]:
    """The arguments as the compiler makes them."""
    return eval(compile_call("f", call), {"f": lambda *arguments: arguments})  # type: ignore[no-any-return]


def shape(value: object, numbers: dict[int, int]) -> object:
    """All that a program can see of a value without calling it: types, texts, room, and what is the same object."""
    number = numbers.setdefault(id(value), len(numbers))
    kind, size = type(value), value.__sizeof__()
    if isinstance(value, dict):
        return kind, size, number, [(shape(key, numbers), shape(item, numbers)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return kind, size, number, [shape(item, numbers) for item in value]
    return kind, size, number, repr(value)


def compare(call: str) -> bool:
    """Whether the call was read; then it must have been read as the compiler does."""
    found = read(call)
    if found is None:
        return False
    assert list(found) == [f".{number}" for number in range(len(found))]
    assert shape(tuple(found.values()), {}) == shape(evaluated(call), {})
    return True


READ = [
    "",
    "1",
    " 1 , 2 ,",
    "-0, -0.0, 0.0, 1.50, -12345678901234567",
    "True, False, None",
    "'', \"\", 'a b', \"it's\", 'a b', '~'",
    "[], [1], [1, 2], [1, 2, 3,], [[]], [1, [2]], [1000, 1000, 1000]",
    "(), (1,), (1), (1, 2), ((1, 2), (1, 2)), ([1],), (1000, 1000), 1000",
    "{}, {1: 2}, {'a': [1], 'b': {}}, {1: 'a', True: 'b', 1.0: 'c'}, {(1, 2): 3,}",
    "[" + "[1], " * 40 + "]",
    str(list(range(1000))),
    "[['a b', 1.5], ['a b', 1.5], (1.5, 'a b'), (1.5, 'a b')]",
]
LEFT = [
    ",", "1,,2", "1 2", "01", "1_0", "1.", ".5", "1e5", "1j", "0x1", "1234567890123456789", "- 1", "--1", "+1",
    "1.real", "1.5.real", "'a' 'b'", "'\\n'", "'''a'''", "''''''", "b'a'", "r'a'", "f'a'", "'é'", "'a", "a", "x=1",
    "*[1]", "True1", "[1", "[1)", "(1", "{1}", "{1: 2", "{1}", "{[]: 1}", "{**{}}", "1\n", "\t1", "1 # a", "1)",
    "[" * 30 + "]" * 30, "1 if 1 else 2", "lambda: 1", "(,)", "[,]", "1\0", "'\x7f'", "{:}", "{1:}", "(1 2)", "[1 2]",
    "1or 2",
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
    | st.sampled_from([1000, 1.5, "a b", "name", -7, ()])
)
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=35)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(ATOMS | st.tuples(ATOMS, ATOMS), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(st.lists(VALUES, max_size=4))
@example([[[0]] * 31, [0] * 31])
def test_whatever_is_read_is_what_the_compiler_makes(values: list[object]) -> None:
    compare(", ".join(map(repr, values)))


@given(st.text("[](){}'\"\\,:.-+ 01259aTrueNone_\n", max_size=30))
def test_no_text_is_read_that_the_compiler_refuses(call: str) -> None:
    compare(call)


def test_nearly_all_calls_of_cruxeval_are_read(shared_data: Path) -> None:
    lines = (shared_data / "cruxeval/cruxeval.jsonl").read_text(encoding="utf-8").splitlines()
    calls = [json.loads(line)["input"] for line in lines]
    assert sum(map(compare, calls)) > 0.9 * len(calls)


def test_the_code_of_a_plain_call_serves_all_of_its_kind_and_no_entry_passes_the_gate_by_it() -> None:
    cache = Cache(8, read)
    source = "def f(*a, **k):\n    return a\nclass A:\n    def g(self, x):\n        return x"
    one, other = cache.compile(source, "f", "1, [2]", ""), cache.compile(source, "f", "3, 'a'", "")
    assert one.call is other.call
    assert (one.arguments, other.arguments) == ({".0": 1, ".1": [2]}, {".0": 3, ".1": "a"})
    assert cache.compile(source, "A().g", "1", "").arguments == {".0": 1}
    assert cache.compile(source, "f", "x=1", "").arguments is None
    assert not cache.compile(source, "eval", "'1'", "").shares
    assert cache.compile(source, "f)(", "1", "").fault is not None
    assert cache.compile("import sys\n" + source, "f", "1", "").arguments is None


def test_a_run_can_not_tell_who_has_read_its_arguments(pool: Pool) -> None:
    source = "def f(a, b=[], *c):\n    b.append(len(c))\n    return a, b, c, a is b, (a is c[0]) if c else None"
    calls = ["1, [2]", "1000, [], 1000", "'x', [1, 2, 3], 'x'", "", "[], [], [], []", "(1, 2), [0], (1, 2)"]
    plain = pool.run([Job(source, "f", call, "trace") for call in calls])
    compiled = pool.run([Job(source, "f", call + " # left to the compiler", "trace") for call in calls])
    for one, other in zip(plain, compiled, strict=True):
        for field in ("outcome", "value", "exception", "steps", "lines", "cut"):
            assert getattr(one, field) == getattr(other, field)
