"""What a worker sends is read strictly: whatever it is, it is the outcome of its own job."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz import JOB, LIMITS, fuzz, read_both

from codereasoner.execution import decode
from codereasoner.execution.decode import failed, read_answer
from codereasoner.execution.encode import answer, steps_text
from codereasoner.execution.pool import Limits
from codereasoner.records import Run, Step

needs_extension = pytest.mark.skipif(decode.read_natively is None, reason="the extension is not built")
VALUE = replace(JOB, record="value")
STEPS = ["cl", [0, 0], [1, 2], ["f"], [{}, {"x": "1"}], [[1, ["a"]]]]
GOOD: list[object] = ["ok", "1", "", "", STEPS, [1], "", "", 0.5]


def changed(place: int, value: object) -> bytes:
    return json.dumps([*GOOD[:place], value, *GOOD[place + 1 :]]).encode()


def without_steps(place: int, value: object) -> bytes:
    return json.dumps([*GOOD[:place], value, *GOOD[place + 1 :]]).replace(json.dumps(STEPS), "[]").encode()


def test_a_good_answer_is_read() -> None:
    run = read_answer(json.dumps(GOOD).encode(), JOB, "A", LIMITS)
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
    run = read_both(body)
    assert run.outcome == "crashed"
    assert "malformed" in run.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (without_steps(1, "1" * (LIMITS["result_chars"] + 1)), "longer than the limit"),
        (without_steps(3, "1" * (LIMITS["output_bytes"] + 1)), "longer than the limit"),
        (without_steps(7, "x" * 4_000_000), "more than its limits allow"),
        (changed(1, "1"), "more than the limit of 0"),
    ],
)
def test_a_forged_answer_has_no_more_than_its_limits_allow(body: bytes, reason: str) -> None:
    run = read_both(body, VALUE)
    assert (run.outcome, run.value, reason in run.reason) == ("crashed", None, True)


def test_a_forged_trace_has_no_more_steps_than_a_tracer_records() -> None:
    for count, outcome in ((LIMITS["steps"], "ok"), (LIMITS["steps"] + 1, "crashed")):
        columns = ["l" * count, [0] * count, [1] * count, [], [{}] * count, []]
        assert read_both(changed(4, columns)).outcome == outcome


def forged(steps: bytes = b"[]", lines: bytes = b"[]", reason: bytes = b"") -> bytes:
    return b'["ok", "1", "", "", %b, %b, "", "%b", 0.5]' % (steps, lines, reason)


@pytest.mark.parametrize(
    "body",
    [
        forged(b"[" + b"[]," * 5_000_000 + b"[]]"),
        forged(b"[" + b",".join([b"[" * 900 + b"]" * 900] * 8_000) + b"]"),
        forged(b"[" + b",".join([b'{"":' * 200 + b"1" + b"}" * 200] * 14_000) + b"]"),
        forged(b"[" + b'"\\",' * 3_000_000 + b"[]]"),
        forged(b'["cr", [0, 0], [1, 1], ["f", "1"], [{}, {}], [' + b'[1,["a"]],' * 1_500_000 + b'[1,["a"]]]]'),
        forged(lines=b"[" + b"1, " * 5_000_000 + b"1]"),
        forged(lines=b"[1" + b", 1" * 1000 + b"]"),
        forged(reason=b"x" * 2_000_000),
        forged(reason=b"x" * 15_000_000),
    ],
)
def test_a_forged_trace_takes_no_more_memory_than_a_large_one(body: bytes) -> None:
    tracemalloc.start()
    try:
        run = read_answer(body, JOB, "A", LIMITS)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (run.outcome, "malformed" in run.reason, most < 70 << 20) == ("crashed", True, True)


def test_a_trace_that_is_larger_than_its_run_is_read() -> None:
    count = LIMITS["steps"]
    texts = [f'"{number}, {{[' + "x" * 500 for number in range(count)]
    columns = ["c" + "r" * (count - 1), [0] * count, [1] * count, texts, [{"x": text} for text in texts], []]
    run = read_both(changed(4, columns))
    assert (run.outcome, len(run.steps), run.steps[-1].value) == ("ok", count, texts[-1])


@pytest.mark.parametrize(
    ("events", "frames"),
    [("ll", [0, 0]), ("cl", [1, 1]), ("cl", [0, 1]), ("cc", [0, 2]), ("cl", [0, (1 << 31) - 1]), ("rc", [0, 0])],
)
def test_a_frame_of_a_trace_begins_with_a_call_when_all_before_it_have_begun(events: str, frames: list[int]) -> None:
    values = ["1" for event in events if event != "l"]
    run = read_both(changed(4, [events, frames, [1, 1], values, [{}, {}], []]))
    assert (run.outcome, run.value, run.steps, run.cut) == ("ok", "1", (), "tracer removed")


def test_a_line_that_the_program_does_not_have_is_line_0() -> None:
    run = read_both(changed(4, ["cl", [0, 0], [1, 10**6], ["f"], [{}, {}], []]))
    assert [step.line for step in run.steps] == [1, 0]
    assert read_both(changed(5, [2, 10**6, 10**7])).lines == (0, 2)
    assert read_both(changed(5, [10])).lines == (10,)


def test_a_program_can_not_claim_an_infrastructure_error() -> None:
    assert read_answer(changed(1, None).replace(b'"ok"', b'"error"'), JOB, "A", LIMITS).outcome == "crashed"


def test_a_run_that_is_read_has_what_a_run_that_is_made_has() -> None:
    run, made = read_answer(json.dumps(GOOD).encode(), JOB, "A", LIMITS), failed(JOB, "A", "crashed", "")
    assert list(vars(run)) == list(vars(made))
    assert run == Run.from_json(run.to_json())


@pytest.mark.parametrize(
    ("source", "name", "shown"),
    [
        ("class _A:\n def f(self, __x): pass", "_A__x", "__x"),
        ("class _A:\n def f(self, __x): _A__x = 1", "_A__x", "_A__x"),
        ("class A:\n def f(self, __x__): pass", "_A__x__", "_A__x__"),
        ("class A:\n def f(self, __x): pass", "_B__x", "_B__x"),
        ("class A__b:\n def f(self, __x__y): pass", "_A__b__x__y", "__x__y"),
        ("class _:\n def f(self, __x): pass", "___x", "___x"),
        ("class A:\n def f(self, __x): pass", "_A" + "_" * 1_000_000 + "x", "_A" + "_" * 1_000_000 + "x"),
    ],
)
def test_a_private_variable_of_a_class_has_the_name_that_the_text_gives_it(source: str, name: str, shown: str) -> None:
    body = written([["call", 0, 1, "f", [], [f"{json.dumps(name)}: {json.dumps('1')}"]]], "1", [1])
    job = replace(JOB, source=source, record="trace")
    assert list(read_answer(body, job, "A", Limits(trace_bytes=2_000_000).as_dict()).steps[0].changes) == [shown]


def written(steps: list[list[object]], value: str, lines: list[int]) -> bytes:
    """An answer as a worker writes it."""
    return answer("ok", value, "", value, steps_text(steps), lines, "steps", value, 0.25)


TEXTS = st.text(max_size=6) | st.sampled_from(["x", "\ud83d\ude00", "\ude00\ud83d", "\x7f\x00", '"\\/\b\f\n\r\t'])
CHANGES = st.dictionaries(TEXTS, TEXTS, max_size=3).map(
    lambda changes: [f"{json.dumps(name)}: {json.dumps(text)}" for name, text in changes.items()]
)
TRACES = st.lists(
    st.tuples(
        st.sampled_from(["call", "line", "return", "yield", "exception"]),
        st.integers(0, 1000),
        st.integers(0, (1 << 31) - 1),
        TEXTS,
        st.lists(TEXTS, max_size=2),
        CHANGES,
    ).map(list),
    max_size=6,
)


def as_traced(steps: list[list[Any]]) -> list[list[object]]:
    """The steps with frames that begin with a call, one after the other, and lines that the program has."""
    begun = 0
    for step in steps:
        if (step[0] == "call" and step[1] >= begun) or begun == 0:
            step[:2] = "call", begun
            begun += 1
        step[1:3] = min(step[1], begun - 1), step[2] % 11
    return steps


@needs_extension
@given(steps=TRACES, value=TEXTS, lines=st.lists(st.integers(0, 10), max_size=4))
def test_what_a_worker_writes_is_read_in_c_as_in_python(
    steps: list[list[object]], value: str, lines: list[int]
) -> None:
    body = written(as_traced(steps), value, lines)
    assert decode.read_natively is not None
    assert decode.read_natively(body, Step, 10, 10) is not None
    run = read_both(body)
    assert (run.value, run.lines, len(run.steps)) == (json.loads(json.dumps(value)), tuple(lines), len(steps))


SNIPPETS = [
    b"",
    b'"',
    b"\\",
    b"\\u",
    b"\\ud83d",
    b"[",
    b"]",
    b"{",
    b"}",
    b", ",
    b",",
    b" ",
    b"0",
    b"-1",
    b"1.",
    b"null",
    b"\x7f",
]


@needs_extension
@settings(max_examples=300)
@given(
    steps=TRACES,
    value=TEXTS,
    place=st.integers(0, 400),
    cut=st.integers(0, 8),
    new=st.sampled_from(SNIPPETS) | st.binary(max_size=3),
)
def test_what_was_tampered_with_is_read_in_c_as_in_python_or_left_to_it(
    steps: list[list[object]], value: str, place: int, cut: int, new: bytes
) -> None:
    body = written(steps, value, [1, 2])
    read_both(body[: place % len(body)] + new + body[place % len(body) + cut :])


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_no_answer_whatever_raises(body: bytes) -> None:
    assert read_answer(body, JOB, "A", LIMITS).outcome in ("crashed", "ok")


@needs_extension
def test_the_readers_of_bytes_from_workers_agree_on_mutated_ones_however_they_arrive() -> None:
    count, _ = fuzz(0.5)
    assert count > 100
