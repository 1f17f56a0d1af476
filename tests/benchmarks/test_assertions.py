"""`assert EXPECTED == TEXT`: the same verdict as executing it, whichever way it is found."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from codereasoner.benchmarks.assertions import Assertion, passes
from codereasoner.errors import InfrastructureError
from codereasoner.records import Run
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
    ("2", "2, missing", True),
    ("2", "2, await missing", False),
    ("2", "2, f(x=1, x=2)", False),
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
    with pytest.raises(InfrastructureError, match="no runner"):
        passes([Assertion(CODE, "f", "2", "f(1)")], None)


def answering(value: str | None) -> Runner:
    """A runner whose runs all return this text; every statement passes."""
    return lambda jobs: [Run(job.source, job.entry, job.call, "ok", value) for job in jobs]


@pytest.mark.parametrize(
    "text",
    [
        "[" + "0," * 1_000_000 + "]",
        "f([" + "0," * 1_000_000 + "])",
        "{" + ",".join(hex(number * (2**61 - 1)) for number in range(1, 4_000)) + "}",
        "f({" + ",".join(hex(number * (2**61 - 1)) for number in range(1, 4_000)) + "})",
        "f'" + "{a}" * 30_000 + "'",
        "0x" + "f" * 99_000,
        "9" * 2_000_000,
    ],
)
def test_no_text_costs_the_official_check_more_than_50_milliseconds_and_50_megabytes(text: str) -> None:
    assertion = Assertion(CODE, "f", "5", text)
    tracemalloc.start()
    passes([assertion], answering("5"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    began = time.process_time()
    passes([assertion], answering("5"))
    assert (time.process_time() - began < 0.05, peak < 50e6) == (True, True)


@pytest.mark.parametrize(
    ("expected", "text", "verdict"),
    [
        ("5", "f(0x" + "f" * 3_900 + ") or 5", True),
        (str(list(range(8_000))), str(list(range(8_000))), True),
        (str(list(range(8_000))), str(list(range(8_001))), False),
        ("{2}", "{2, " + ", ".join(["2"] * 99) + "}", True),
        ("(1 << 15_600) + 1", "f(0x1" + "0" * 3_900 + ")", True),
        ("[1]", "f(" + "[" * 150 + "]" * 150 + ") or [1]", False),
    ],
)
def test_what_is_too_large_to_be_read_here_is_executed(expected: str, text: str, verdict: bool, runner: Runner) -> None:
    assert passes([Assertion(CODE, "f", expected, text)], runner) == [verdict]


@pytest.mark.parametrize("forged", ["", "not a literal", "[" * 90_000, "9" * 2_000_000, "dict([range(1000000000)])"])
def test_a_value_that_a_program_forges_is_no_failure_of_the_official_check(forged: str) -> None:
    assert passes([Assertion(CODE, "f", "5", "f(1)")], answering(forged)) == [True]  # the statement itself decides
