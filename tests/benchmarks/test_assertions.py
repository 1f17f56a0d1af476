"""`assert EXPECTED == TEXT`: the same verdict as executing it, whichever way it is found."""

from __future__ import annotations

import pytest

from codereasoner.benchmarks.assertions import Assertion, passes
from codereasoner.errors import MachineryError
from codereasoner.task import Runner

CODE = "def f(x):\n    return x + 1"

LITERALS = [
    ("2", "2", True),
    ("2", "2.0", True),
    ("1", "True", True),
    ("{'b': 2, 'a': 1}", "{'a': 1, 'b': 2}", True),
    ("[1, 2]", "(1, 2)", False),
    ("(1, 2)", "1, 2", False),
    ("2", "", False),
    ("2", "2)", False),
    ("2", "２", False),
    ("-1", "-1", True),
    ("{1}", "{[]}", False),
]
EXECUTED = [
    ("2", "3 or 1", True),
    ("2", "3 or print()", False),
    ("2", "2, 'message'", True),
    ("2", "f(1)", True),
    ("2", "f(x=1)", True),
    ("2", "f(1), f(2)", True),
    ("2", "f(1).bit_length()", True),
    ("2", "2 # f(", True),
    ("2", "2\nassert False", False),
    ("2", "exit()", False),
    ("2", "__import__('os')._exit(0)", False),
    ("2", "(y := 2)", True),
    ("float('nan')", "float('nan')", False),
]


@pytest.mark.parametrize(("expected", "text", "verdict"), LITERALS)
def test_literals_are_compared_without_running_anything(expected: str, text: str, verdict: bool) -> None:
    assert passes([Assertion(CODE, "f", expected, text)], None) == [verdict]


@pytest.mark.parametrize(("expected", "text", "verdict"), EXECUTED)
def test_the_rest_is_executed_in_isolation(expected: str, text: str, verdict: bool, runner: Runner) -> None:
    assert passes([Assertion(CODE, "f", expected, text)], runner) == [verdict]


def test_a_value_without_a_literal_may_still_be_equal(runner: Runner) -> None:
    code = "from collections import Counter\ndef f(x):\n    return Counter(x)"
    assert passes([Assertion(code, "f", "{'a': 2}", "f('aa')")], runner) == [True]


def test_a_set_is_built_in_the_order_in_which_it_was_written(runner: Runner) -> None:
    code = "def f(x):\n    return list(x)"  # 0 and 8 share a slot, so the order of a set shows how it was built
    first, second = Assertion(code, "f", "[8, 0]", "f({8, 0})"), Assertion(code, "f", "[8, 0]", "f({0, 8})")
    assert passes([first, second], runner) == [True, False]


def test_what_must_run_is_not_judged_without_a_runner() -> None:
    with pytest.raises(MachineryError, match="no runner"):
        passes([Assertion(CODE, "f", "2", "f(1)")], None)
