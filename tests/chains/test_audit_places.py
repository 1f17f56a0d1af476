"""Where an audit finds its claims."""

from __future__ import annotations

from codereasoner.chains.claim_audit import audit
from codereasoner.records import Run, Step

RUN = Run(
    "def f(n):\n    x = n\n    return x",
    "f",
    "3",
    "ok",
    "3",
    steps=(
        Step("call", 0, 1, {"n": "3"}, value="f"),
        Step("line", 0, 2, {"x": "3"}),
        Step("line", 0, 3),
        Step("return", 0, 3, value="3"),
    ),
)


def test_a_claim_ends_with_its_line() -> None:
    for next_line in ("for end", "if True", "[1]", "-1", "not so"):
        assert audit(f"x = 3\n{next_line}", RUN).checked == 1


def test_the_first_false_claim_is_found_where_it_stands() -> None:
    chain = "n = 3\n```\nx = 9\n```\nx = 4, x = 5"
    found = audit(chain, RUN)
    assert found.first_false_at is not None
    start, end = found.first_false_at
    assert chain[start:end] == found.first_false == "x = 4"
    assert chain.rindex("x = 4") == start
