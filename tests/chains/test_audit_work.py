"""The work of an audit is linear in the text: a model's completion may be made to take long."""

from __future__ import annotations

import time

import pytest

from codereasoner.chains.claim_audit import audit
from codereasoner.execution.pool import Pool
from codereasoner.records import Job

PROGRAM = "def f(x):\n    t = 0\n    for i in range(x):\n        if i > 1:\n            t += i\n    return t\n"
SIZE = 40_000  # characters; with quadratic work some of these take ten seconds
MOST, MOST_OF_A_LONG_RUN = 1.0, 10.0  # CPU seconds


@pytest.mark.parametrize(
    "part",
    [
        "x = (",
        "x = ",
        "x=- ",
        "- t = 1 = 1 = ",
        "'b x = ('c\n",
        'x = "\\',
        "x = ['\\",
        '"\\',
        "<A x=",
        "t = 1 = 1 = ",
        "returns 3",
        "f(4) returns ",
        "f(1) returns 2. ",
        "`f(4) ",
        "x takes the values [1, ",
        "x takes the values 1, 2. ",
        "a, b = 1, 2\n",
        "| t | i > 1 |\n|---|---|\n| 1 | True |\n",
        "pass 2 of ",
        "in the first iteration, ",
        "i > 1 is true, ",
        "Line 4: ",
        "if x = 3, ",
        "the loop ends ",
        "t is now ",
    ],
)
def test_a_part_said_again_and_again_is_audited_in_a_second(part: str, pool: Pool) -> None:
    (run,) = pool.run([Job(PROGRAM, "f", "4", record="trace")])
    began = time.process_time()
    audit(part * (SIZE // len(part)), run)
    assert time.process_time() - began < MOST


LONG = "def f(x):\n    d = [0]\n    for i in range(x):\n        d[0] = i % 7\n    return d[0]\n"


@pytest.mark.parametrize("part", ["d[0] is 9. ", "pass 9999 of "])
def test_claims_that_a_long_run_never_meets_have_a_budget(part: str, pool: Pool) -> None:
    (run,) = pool.run([Job(LONG, "f", "2500", record="trace")])
    began = time.process_time()
    audit(part * (SIZE // len(part)), run)
    assert time.process_time() - began < MOST_OF_A_LONG_RUN
