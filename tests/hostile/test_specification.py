"""Code that answers a description is judged by its values: nothing that it writes, raises or pretends is right."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from tests.hostile.specification_answers import DEAR, FORGERIES, HONEST, TESTS

from codereasoner import extend
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run
from codereasoner.styles import STYLES
from codereasoner.task import Grade, Question, grade_answers

THOROUGH = bool(os.environ.get("CODEREASONER_THOROUGH"))
TASK = extend.task("code-generation")


BEFORE = """\
from itertools import count
count = count(1)
async def later(xs):
    return up(xs)
async def stream(xs):
    for x in range(up(xs)):
        yield x
"""


def asked(tests: str, specification: str = "The next whole number.", entry: str = "up") -> Question:
    facts = {"specification": specification, "entry": entry, "tests": tests}
    return Question("code-generation", facts, ("def up(x):\n    return x + 1\n",))


def graded(answer: str, place: int, step: int, pool: Pool) -> dict[str, Grade]:
    """The grade by every `step`-th kind of tests, all of them where the tests are told to be thorough."""
    names = list(TESTS)[0 if THOROUGH else place % step :: 1 if THOROUGH else step]
    grades = grade_answers([(TASK, asked(TESTS[name]), answer) for name in names], pool.run)
    return dict(zip(names, grades, strict=True))


def test_there_are_at_least_60_forgeries_and_30_honest_answers() -> None:
    assert (len(FORGERIES) >= 60, len(HONEST) >= 30) == (True, True)


@pytest.mark.parametrize(("place", "name"), list(enumerate(FORGERIES)), ids=FORGERIES)
def test_a_forgery_is_wrong_by_any_kind_of_tests(place: int, name: str, pool: Pool) -> None:
    grades = graded(FORGERIES[name], place, len(TESTS) if name in DEAR else 4, pool)
    assert {kind: grade.outcome for kind, grade in grades.items()} == dict.fromkeys(grades, "wrong")
    assert all(0 < len(grade.reason) < 300 for grade in grades.values())


@pytest.mark.parametrize(("place", "name"), list(enumerate(HONEST)), ids=HONEST)
def test_right_code_of_any_form_is_correct_by_any_kind_of_tests(place: int, name: str, pool: Pool) -> None:
    grades = graded(HONEST[name], place, 4, pool)
    assert {kind: grade.reason for kind, grade in grades.items() if grade.outcome != "correct"} == {}


@pytest.mark.parametrize(
    ("tests", "code"),
    [
        ("assert list(up(3)) == [0, 1, 2]", "def up(n):\n    yield from range(n)\n"),
        ("assert sorted(up(3)) == [0, 1, 2]", "def up(n):\n    return {i: i for i in range(n)}.keys()\n"),
        ("assert set(up(2)) == {(0, 0), (1, 1)}", "def up(n):\n    return {i: i for i in range(n)}.items()\n"),
        ("assert up('aab') == {'a': 2, 'b': 1}", "from collections import Counter\nup = Counter\n"),
        ("assert up(1) == (1, 2)", "from collections import namedtuple\nP = namedtuple('P', 'a b')\n"
         "def up(x):\n    return P(x, 2)\n"),
        ("assert up(1) == 2", "from enum import IntEnum\nclass E(IntEnum):\n    B = 2\ndef up(x):\n    return E.B\n"),
        ("assert up([Pair(1, 2)]) == 1", "class Pair:\n    def __init__(self, a, b):\n        self.a = a\n"
         "def up(pairs):\n    return pairs[0].a\n"),
        ("assert up(1) is True", "def up(x):\n    return x == 1\n"),
        ("import math\nassert up(math.inf) == math.inf", "def up(x):\n    return x\n"),
        ("def check(candidate):\n    xs = [3, 1]\n    assert candidate(xs) == [1, 3]\n    assert xs == [3, 1]",
         "def up(xs):\n    return sorted(xs)\n"),
        ("assert up({2, 1}) == 2 and up(x=frozenset()) == 0", "def up(x):\n    return len(x)\n"),
    ],
)  # fmt: skip
def test_values_of_other_kinds_are_judged_as_python_would(tests: str, code: str, pool: Pool) -> None:
    [grade] = grade_answers([(TASK, asked(tests), code)], pool.run)
    assert (grade.outcome, grade.reason) == ("correct", "")


def test_tests_may_use_what_the_description_defines(pool: Pool) -> None:
    head = 'def encode(s):\n    return s[::-1]\n\ndef up(s):\n    """Decode."""\n'
    tests = "def check(candidate):\n    for s in ('ab', 'c'):\n        assert candidate(encode(s)) == s\n"
    items = [
        (TASK, asked(tests, head), code) for code in ("def up(s):\n    return s[::-1]", "def up(s):\n    return s")
    ]
    assert [grade.outcome for grade in grade_answers(items, pool.run)] == ["correct", "wrong"]


@pytest.mark.parametrize(
    ("tests", "right", "wrong"),
    [
        ("xs = [3, 1]\nassert up(xs) == [1, 3]\nassert xs == [3, 1]", "return sorted(xs)", "xs.sort()\n    return xs"),
        ("xs = [[3, 1]]\nup(xs)\nassert xs == [[1, 3]]", "xs[0].sort()", "xs = [[1, 3]]"),
        ("d, s = {1: 2}, {3}\nup(d, by=s)\nassert (d, s) == ({}, {3, 4})", "xs.clear()\n    by.add(4)", "return by"),
        ("xs = [1]\nassert up(xs) == xs and up(xs) is not xs", "return xs[:]", "return xs"),
        ("xs = [1]\nassert up(xs) is xs and xs == [1, 2]", "xs.append(2)\n    return xs", "return xs + [2]"),
        ("try:\n    up(1)\n    assert False\nexcept ValueError:\n    pass", "raise type('E', (ValueError,), {})",
         "raise type('ValueError', (Exception,), {})"),
        ("def test_it():\n    assert up(1) == 2\n\ndef test_b():\n    assert up(2) == 3", "return xs + 1", "return 2"),
        ("row = [0]\nxs = [row]\nup(xs)\nassert row == [5] and xs[0] is row", "xs[0][0] = 5", "xs[0] = [5]"),
        ("a, b = [1], [2]\nxs = [a, b]\nup(xs)\nassert xs == [b, a] and (a, b) == ([1], [2])", "xs.reverse()",
         "xs[0][0], xs[1][0] = 2, 1"),
        ("row = [0]\nxs = [row] * 3\nup(xs)\nassert xs == [[1]] * 3", "xs[0][0] += 1", "[x.append(1) for x in xs]"),
        ("d = {'a': {'b': [1]}}\nlast = d['a']['b']\nup(d)\nassert last == [1, 2]", "xs['a']['b'].append(2)",
         "xs['a']['b'] = [1, 2]"),
        ("s = {1}\nup([(s, 0)])\nassert s == {2}", "xs[0][0].add(2)\n    xs[0][0].remove(1)", "xs[0] = ({2}, 0)"),
        ("xs = bytearray(b'ab')\nup(xs)\nassert xs == b'ba'", "xs.reverse()", "xs = xs[::-1]"),
        ("from collections import deque\nxs = deque([1])\nassert up(xs) == deque([0]) and xs == deque([1, 2])",
         "xs.append(2)\n    return type(xs)([0])", "return [0]"),
        ("from collections import Counter\nc = Counter('aab')\nup(c)\nassert c.most_common(1) == [('b', 5)]",
         "xs['b'] = 5", "return xs"),
        ("xs = [[1], [2]]\nassert up(xs) is xs[1]", "return xs[1]", "return [2]"),
        ("nan = float('nan')\nxs, ys = [nan], []\nup(xs, ys)\nassert xs == [nan] and ys == [1]", "by.append(1)",
         "by.append(1.5)"),
        ("xs = []\nxs.append(xs)\nassert up(xs) is xs and len(xs) == 2", "xs.append(1)\n    return xs[0]", "return xs"),
        ("try:\n    up(-1)\n    assert False\nexcept ValueError as e:\n    assert str(e) == 'negative: -1'",
         "raise ValueError(f'negative: {xs}')", "raise ValueError"),
        ("try:\n    up(1)\n    assert False\nexcept ValueError as e:\n    assert str(e) == 'told 1'",
         "raise type('E', (ValueError,), {'__str__': lambda e: f'told {xs}'})", "raise ValueError(1)"),
        ("try:\n    up('k')\nexcept KeyError as e:\n    assert e.args == ('k',)\nelse:\n    assert False",
         "return {}[xs]", "raise KeyError"),
        ("try:\n    up(1)\nexcept KeyError as e:\n    assert (str(e), e.args) == ('(1, 2)', ((1, 2),))",
         "return {}[xs, 2]", "raise KeyError('(1, 2)')"),
        ("try:\n    up('f')\nexcept OSError as e:\n    assert (e.errno, e.filename) == (2, 'f') and \"'f'\" in str(e)",
         "raise FileNotFoundError(2, 'no', xs)", "raise FileNotFoundError(2, 'no')"),
        ("try:\n    up(1)\nexcept ValueError as e:\n    assert e.args == ([1], {2: b'x'}, 1j)",
         "raise type('E', (ValueError,), {})([xs], {2: b'x'}, 1j)", "raise ValueError(str([xs]))"),
        ("try:\n    up(1)\nexcept KeyError as e:\n    assert 'told' in str(e)",
         "raise type('E', (KeyError,), {'__str__': lambda e: 'told'})(object())", "raise KeyError"),
        ("try:\n    up(1)\n    assert False\nexcept ValueError:\n    assert len(str(up)) > 1",
         "raise type('E', (ValueError,), {'__str__': lambda e: 1})", "return xs"),
        ("from collections import OrderedDict\nd = OrderedDict(a=1, b=2, c=3)\nd.move_to_end('a')\nup(d)\n"
         "assert list(d.items()) == [('c', 3), ('a', 1), ('d', 4)] and d.popitem() == ('d', 4)",
         "del xs[next(iter(xs))]\n    xs['d'] = 4", "xs['d'] = 4"),
        ("class B(bytes):\n    pass\nassert up(B(b'ab')) == 97 and up(B(b'ba')) == 98", "return xs[0]", "return 97"),
        ("assert up(10**5000) == 10**5000 + 1 and up(10**6000) > 1", "return xs + 1", "return 1"),
        ("r = None\nr = up('x')\nif r is None:\n    up('y')\nassert up('z') == 2", "return next(count)", "return 1"),
        ("n = 0\nwhile n < 5:\n    n = up(n)\nassert n == 6", "return xs + 2", "return xs + 1"),
        ("assert [up(0), up(0), up(0)] == [1, 2, 3]", "return next(count)", "return 1"),
        ("up(1)\nassert up(0) == 2\nup(1)\nassert up(0) == 4", "return next(count)", "return xs + 2"),
        ("x = 0\nfor _ in range(12):\n    x = up(x)\nassert x == 12", "return xs + 1", "return xs"),
        ("import asyncio\nassert asyncio.run(later(1)) == 2", "return xs + 1", "return xs"),
        ("import asyncio\nasync def main():\n    return [await later(1), await later(2)]\n"
         "assert asyncio.run(main()) == [2, 3]", "return xs + 1", "return 2"),
        ("import asyncio\ntry:\n    asyncio.run(later(0))\n    assert False\nexcept ZeroDivisionError:\n    pass",
         "return 1 // xs", "return xs"),
        ("import asyncio\nasync def main():\n    return [x async for x in stream(2)]\n"
         "assert asyncio.run(main()) == [0, 1]", "return xs", "return 3"),
    ],
)  # fmt: skip
def test_what_code_does_to_its_arguments_and_which_object_or_error_it_gives_is_tested(
    tests: str, right: str, wrong: str, pool: Pool
) -> None:
    answers = [BEFORE + f"def up(xs, by=None):\n    {body}\n" for body in (right, wrong)]
    entry = next((name for name in ("later", "stream") if f"{name}(" in tests), "up")
    grades = grade_answers([(TASK, asked(tests, entry=entry), answer) for answer in answers], pool.run)
    assert [(grade.outcome, grade.reason) for grade in grades] == [("correct", ""), ("wrong", "the tests fail: raised")]


ITEMS = "class Items:\n    def __getitem__(self, i):\n        return up(i)\n    there = property(lambda self: up(0))\n"


@pytest.mark.parametrize(
    ("tests", "error"),
    [
        ("assert all(map(lambda i: up(i) == i + 1, range(3)))", "StopIteration"),
        ("for i, got in enumerate(map(up, range(3))):\n    assert got == i + 1", "StopIteration"),
        ("import asyncio\nclass Steps:\n    def __aiter__(self):\n        return self\n    async def __anext__(self):\n"
         "        return up(1)\nasync def main():\n    async for x in Steps():\n        assert x == 2\n        break\n"
         "asyncio.run(main())", "StopAsyncIteration"),
        ("for x in Items():\n    assert x == 1\n    break", "IndexError"),
        ("assert hasattr(Items(), 'there') is (getattr(Items(), 'there', 1) == 1)", "AttributeError"),
        ("try:\n    up(1)\nexcept RuntimeError:\n    pass\nelse:\n    up('no number')", "StopIteration"),
    ],
)  # fmt: skip
def test_an_error_that_python_takes_for_an_end_earns_nothing(tests: str, error: str, pool: Pool) -> None:
    code = f"def up(x):\n    raise {error}\n"
    right = "def up(x):\n    return x + 1\n" if "RuntimeError" not in tests else "def up(x):\n    raise RuntimeError\n"
    grades = grade_answers([(TASK, asked(ITEMS + tests), answer) for answer in (right, code)], pool.run)
    assert [(grade.outcome, grade.reason) for grade in grades] == [("correct", ""), ("wrong", "the tests fail: raised")]


@pytest.mark.parametrize(
    "tests",
    [
        "try:\n    up(())\n    assert False\nexcept (IndexError, StopIteration):\n    pass",
        "try:\n    up(())\n    assert False\nexcept LookupError:\n    assert up((1,)) == 1",
        "try:\n    up(())\nexcept Exception as error:\n    assert 'range' in str(error)\nelse:\n    assert False",
    ],
)
def test_an_error_that_tests_expect_is_right_though_it_may_be_an_end(tests: str, pool: Pool) -> None:
    [grade] = grade_answers([(TASK, asked(tests), "def up(x):\n    return x[0]\n")], pool.run)
    assert (grade.outcome, grade.reason) == ("correct", "")


def test_the_description_defines_what_tests_use_and_code_cannot_define_it_anew(pool: Pool) -> None:
    head = "def encode(s):\n    return s[::-1] + '!'\n\ndef up(s):\n    'Decode.'\n"
    question = asked("assert up(encode('ab')) == 'ab'", head)
    codes = ["def up(s):\n    return s[:-1][::-1]", "encode = up = lambda s: s", "def up(s):\n    return s"]
    grades = grade_answers([(TASK, question, code) for code in codes], pool.run)
    assert [grade.outcome for grade in grades] == ["correct", "wrong", "wrong"]


@pytest.mark.parametrize(
    "tests", ["def check(candidate):\n    pass", "class Test:\n    def test(self):\n        up(1)"]
)
def test_tests_that_call_nothing_prove_no_answer(tests: str, pool: Pool) -> None:
    [grade] = grade_answers([(TASK, asked(tests), "def up(x):\n    return 0\n")], pool.run)
    assert (grade.outcome, grade.reason.partition(",")[0]) == ("wrong", "the tests never call the function")


def test_tests_may_make_two_thousand_different_calls(pool: Pool) -> None:
    tests = "def check(candidate):\n    for i in range(2_000):\n        assert candidate(i) > i\n"
    items = [(TASK, asked(tests), f"def up(x):\n    return x + (x < {most})\n") for most in (2_000, 1_999)]
    assert [grade.outcome for grade in grade_answers(items, pool.run)] == ["correct", "wrong"]


def test_no_expected_value_is_sent_to_the_code(pool: Pool) -> None:
    jobs: list[Job] = []

    def noting(asked_for: Sequence[Job]) -> Sequence[Run]:
        jobs.extend(asked_for)
        return pool.run(asked_for)

    tests = "CASES = [(1, 777)]\ndef check(candidate):\n    for x, y in CASES:\n        assert candidate(x) != y\n"
    code = "def up(x):\n    return 0\n"
    [grade] = grade_answers([(TASK, asked(tests), code)], noting)
    assert grade.outcome == "correct"
    assert [("777" in job.source + job.harness, code in job.source) for job in jobs] == [
        (True, False), (False, True), (True, False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "value",
    ["5", "[]", "[1, 2]", "[('value', 2, None)]", "[('value', 2, None), ('value',)]", "[('value', 2), ('value', 6)]",
     "[('keys', 1, None), ('items', [1], None)]", "x", "None", "[('raised', 1, None), ('raised', [], None)]",
     "[['value', 2, None], ['value', 6, None]]", "[([], 2, None), ({}, 6, None)]",
     "[('argument', 0, None), ('argument', 0, None)]", "[('value', 2, 1), ('value', 6, 1)]", "9" * 2_000_000,
     "[" * 90_000, "{" + ", ".join(str(n * (2**61 - 1)) for n in range(4_000)) + "}", "", "\ud800"],
)  # fmt: skip
def test_outcomes_that_code_forges_are_wrong(value: str) -> None:
    def forging(jobs: Sequence[Job]) -> Sequence[Run]:
        return [Run(job.source, job.entry, job.call, "ok", value) for job in jobs]

    [grade] = grade_answers([(TASK, asked(TESTS["equalities"]), "code")], forging)
    assert grade.outcome == "wrong"


TABLE = "[0, 2]"
TWO = "[1, 1], [2]"  # the arguments of the first call


@pytest.mark.parametrize(
    "value",
    ["5", "[]", "[[], []]", "[[5], [0, 0]]", '[[["value", []]], [0, 0]]', f'[[["value", [{TABLE}]]], [0, 0]]',
     f'[[["value", [{TWO}, {TABLE}]]], [0, 1]]', f'[[["value", [{TWO}, {TABLE}]]], [0, -1]]',
     f'[[["value", [{TWO}, {TABLE}]]], [0]]', f'[[["value", [{TWO}, {TABLE}]]], [0, false]]',
     f'[[["print", [{TWO}, {TABLE}]]], [0, 0]]', f'[[["SystemExit", [{TWO}, {TABLE}]]], [0, 0]]',
     f'[[["async ", [{TWO}, {TABLE}]]], [0, 0]]', f'[[["ValueError", [{TWO}, {TABLE}]]], [0, 0]]',
     f'[[["value", [{TWO}, [0, [3]]]]], [0, 0]]', f'[[["value", [{TWO}, [0, [-1]]]]], [0, 0]]',
     f'[[["value", [{TWO}, [0, [true]]]]], [0, 0]]', f'[[["value", [{TWO}, [0, [2]]]]], [0, 0]]',
     f'[[["value", [{TWO}, [7, 2]]]], [0, 0]]', f'[[["value", [{TWO}, [true, 2]]]], [0, 0]]',
     f'[[["value", [{TWO}, []]]], [0, 0]]', f'[[["value", [{TWO}, "list"]]], [0, 0]]',
     f'[[["value", [{TWO}, [0, [3]], [1, [3]]]]], [0, 0]]', f'[[["keys", [{TWO}, [0, [3]], [0]]]], [0, 0]]',
     f'[[["items", [{TWO}, {TABLE}]]], [0, 0]]', f'[[["value", [[0, 1], [3], {TABLE}]]], [0, 0]]',
     f'[[["value", [{TWO}, [0, [3]], [5, "a"]]]], [0, 0]]', f'[[["value", [{TWO}, [0, [3]], [2, 1]]]], [0, 0]]',
     *[f'[[["value", [{TWO}, [0, {part}]]]], [0, 0]]'
       for part in ["{}", '{"bytes": [1]}', '{"bytes": ["\\u0100"]}', '{"range": [0, 1, 0]}', '{"print": []}',
                    '{"bytes": ["a"], "range": [0, 1, 1]}', '{"complex": [[0], 1.0]}', "1" * 90_000]],
     "[" * 90_000, "9" * 2_000_000, "\ud800", '{"ellipsis": []}' * 5_000],
)  # fmt: skip
def test_tables_that_code_forges_are_wrong(value: str, pool: Pool) -> None:
    def forging(jobs: Sequence[Job]) -> Sequence[Run]:
        own = [job for job in jobs if not job.model_text]
        return [*pool.run(own), *[Run(job.source, job.entry, job.call, "ok", repr(value)) for job in jobs[len(own) :]]]

    tests = "def check(candidate):\n    for i in (1, 2):\n        assert candidate(i) == i + 1\n"
    [grade] = grade_answers([(TASK, asked(tests), "code")], forging)
    assert grade.outcome == "wrong"


def test_assertions_of_the_code_itself_are_no_answer() -> None:
    code = "def up(x):\n    return x + 1\n\nassert up(1) == 2"
    completion = f"So:\n```python\n{code}\n```"
    assert TASK.parse(asked(TESTS["equalities"]), completion, STYLES["assertion"]) == code + "\n"
