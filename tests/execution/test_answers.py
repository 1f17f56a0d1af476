"""What a worker sends is read strictly: whatever it is, it is the outcome of its own job."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codereasoner.execution.answers import read_answer
from codereasoner.records import Job

JOB = Job("def f(): pass", "f", "")
STEPS = ["cl", [0, 0], [1, 2], ["f"], [{}, {"x": "1"}], [[1, ["a"]]]]
GOOD: list[object] = ["ok", "1", "", "", STEPS, [1], "", "", 0.5]


def changed(place: int, value: object) -> bytes:
    return json.dumps([*GOOD[:place], value, *GOOD[place + 1 :]]).encode()


def test_a_good_answer_is_read() -> None:
    run = read_answer(json.dumps(GOOD).encode(), JOB, "A")
    assert (run.outcome, run.value, run.lines, run.isolation, run.cpu_ms) == ("ok", "1", (1,), "A", 0.5)
    assert (run.steps[1].changes, run.steps[1].removed) == ({"x": "1"}, ("a",))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"null",
        b"[" * 100_000,
        b"1" * 10_000,
        b'["ok"]',
        changed(0, "fine"),
        changed(0, []),
        changed(0, "raised"),
        changed(1, 1),
        changed(2, None),
        changed(3, {"a": 1}),
        changed(4, "steps"),
        changed(4, [[]]),
        *(
            changed(4, [*STEPS[:place], value, *STEPS[place + 1 :]])
            for place, value in [
                (0, "c"),
                (0, "cx"),
                (0, ["c", "l"]),
                (1, [0]),
                (1, [0, -1]),
                (1, [0, True]),
                (1, [0, 1 << 31]),
                (2, [1, "2"]),
                (2, {}),
                (3, []),
                (3, [1]),
                (3, ["f", "g"]),
                (4, [{}]),
                (4, [{}, ["x", "1"]]),
                (4, [{}, {"x": 1}]),
                (4, {}),
                (5, {"1": ["a"]}),
                (5, [[1]]),
                (5, [["1", ["a"]]]),
                (5, [[1, [2]]]),
                (5, [[1, "a"]]),
            ]
        ),
        changed(5, [1.5]),
        changed(5, [10**30]),
        changed(6, "no budget"),
        changed(6, {}),
        changed(7, 7),
        changed(8, -1.0),
        changed(8, float("nan")),
        changed(8, "soon"),
        json.dumps(GOOD).encode() + b" []",
    ],
)
def test_a_malformed_answer_is_the_outcome_of_its_job(body: bytes) -> None:
    run = read_answer(body, JOB, "A")
    assert run.outcome == "crashed"
    assert "malformed" in run.reason


def test_a_program_can_not_claim_that_our_machinery_failed() -> None:
    assert read_answer(changed(1, None).replace(b'"ok"', b'"error"'), JOB, "A").outcome == "crashed"


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_no_answer_whatever_raises(body: bytes) -> None:
    assert read_answer(body, JOB, "A").outcome in ("crashed", "ok")
