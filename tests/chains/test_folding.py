"""Chains over a limit are folded, and what is said of the fold is true."""

from __future__ import annotations

import pytest

from codereasoner import extend
from codereasoner.chains.claim_audit import audit
from codereasoner.chains.narrator import DETAILS, Detail, narrate
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run

SUM = """\
def f(n):
    total = 0
    for i in range(n):
        total += 3
    return total
"""
MIXED = """\
def f(n):
    out = []
    while n > 0:
        if n % 7 == 0:
            for k in range(2):
                out.append(n)
        n -= 1
    return len(out)
"""
DEEP = "def f(n):\n    if n == 0:\n        return 0\n    return 1 + f(n - 1)\n"


def trace(pool: Pool, source: str, call: str) -> Run:
    return pool.run([Job(source, "f", call, record="trace")])[0]


def text_of(run: Run, detail: Detail, limit: int) -> str:
    return narrate(extend.task("output").collect(run).questions[0], run, detail, limit=limit).text


def test_passes_that_go_the_same_way_are_told_together(pool: Pool) -> None:
    text = text_of(trace(pool, SUM, "97"), "steps", 1500)
    assert (
        "Passes 3 to 97 of the loop in line 3 go the same way: total grows by 3 each, i grows by 1 each. "
        "After pass 97: total = 291, i = 96." in text
    )
    assert "Line 3, `for i in range(n):`: pass 2, i = 1." in text
    assert "nothing is left, the loop ends" in text


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(("source", "call"), [(SUM, "97"), (MIXED, "60"), (DEEP, "70")])
def test_a_folded_chain_is_below_its_limit_and_true(pool: Pool, source: str, call: str, detail: Detail) -> None:
    run = trace(pool, source, call)
    whole = text_of(run, detail, 0)
    for limit in (400, 1000, 2000):
        text = text_of(run, detail, limit)
        assert len(text) <= limit or text == whole
        assert audit(text, run).first_false is None, text


def test_a_chain_below_its_limit_is_told_whole(pool: Pool) -> None:
    run = trace(pool, SUM, "5")
    assert text_of(run, "steps", 8000) == text_of(run, "steps", 0)
