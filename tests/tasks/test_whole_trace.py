"""Whole traces are graded frame by frame, and the first wrong frame says what went wrong."""

from __future__ import annotations

import pytest

from codereasoner import extend
from codereasoner.evaluation.error_analysis import mistake
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run
from codereasoner.styles import STYLES
from codereasoner.task import Grade, Question

SOURCE = "def f(n):\n    t = 0\n    while n > 0:\n        t += n\n        n -= 2\n    return [t]\n"
COMPACT = ["call 1 n=3", "2", "3 t=0", "4", "5 t=3", "3 n=1", "4", "5 t=4", "3 n=-1", "6", "return 6 [4]"]


@pytest.fixture(scope="module")
def run(pool: Pool) -> Run:
    return pool.run([Job(SOURCE, "f", "3", record="trace")])[0]


def asked(name: str, run: Run) -> Question:
    [question] = extend.task(name).collect(run).questions
    return question


def graded(name: str, run: Run, answer: str) -> Grade:
    return extend.task(name).grade(asked(name, run), f"<answer>{answer}</answer>", STYLES["direct"])


def test_the_compact_trace_has_a_line_for_each_frame_and_names_what_changed(run: Run) -> None:
    assert asked("trace-compact", run).gold == ("\n".join(COMPACT),)


@pytest.mark.parametrize(
    ("changed", "share", "before", "final"),
    [
        ({3: "2"}, 10 / 11, 3 / 11, 1.0),
        ({10: "return 6 [5]"}, 10 / 11, 10 / 11, 0.0),
        ({2: "3 t=1", 4: "what?"}, 9 / 11, 2 / 11, 1.0),
        ({10: ""}, 10 / 11, 10 / 11, 0.0),
        ({10: "return 6 [4]\n6"}, 11 / 12, 11 / 12, 0.0),
        ({10: "raise 6 KeyError"}, 10 / 11, 10 / 11, 0.0),
    ],
)
def test_a_wrong_frame_counts_as_one(
    run: Run, changed: dict[int, str], share: float, before: float, final: float
) -> None:
    answer = "\n".join(changed.get(place, line) for place, line in enumerate(COMPACT)).rstrip("\n")
    grade = graded("trace-compact", run, answer)
    assert (grade.outcome, grade.reason) == ("wrong", "a step is wrong")
    assert grade.parts == {"frames": share, "frames before the first wrong one": before, "final": final}


def test_a_value_may_be_spelt_in_another_way_and_written_out_where_it_has_not_changed(run: Run) -> None:
    compact = "\n".join([*COMPACT[:5], "3 n=0x1, t=3", *COMPACT[6:-1], "return 6 [ 4, ]"])
    assert graded("trace-compact", run, compact).outcome == "correct"
    text = asked("trace", run).gold[0].replace('{"n": "..", "t": "0"}', '{"t":"0", "n":"3"}')
    assert text != asked("trace", run).gold[0]
    assert graded("trace", run, text.replace("\n<|", "<|")).outcome == "correct"


@pytest.mark.parametrize(
    ("name", "right", "wrong", "kind"),
    [
        ("trace-compact", "4\n5 t=3", "6\n5 t=3", "loop_count"),
        ("trace-compact", "5 t=4", "5 t=1", "stale_value"),
        ("trace-compact", "return 6 [4]", "return 6 (4,)", "type_confusion"),
        ("trace", '"t": "4"', '"t": "1"', "stale_value"),
        ("trace", '"[4]"', "\"['4']\"", "type_confusion"),
    ],
)
def test_the_first_wrong_frame_decides_the_class_of_the_error(
    run: Run, name: str, right: str, wrong: str, kind: str
) -> None:
    question = asked(name, run)
    answer = question.gold[0].replace(right, wrong, 1)
    assert answer != question.gold[0]
    grade = graded(name, run, answer)
    found = mistake(question, grade.outcome, grade.answer, grade.reason, "", run)
    assert found is not None
    assert found.kind == kind


def test_a_call_that_raises_has_a_trace_whose_exception_counts_by_its_class(pool: Pool) -> None:
    [run] = pool.run([Job("def f(x):\n    return 1 // x\n", "f", "0", record="trace")])
    gold = asked("trace", run).gold[0]
    assert gold.endswith(' by zero"<|frame_sep|>')  # the words before it differ between versions of Python
    assert graded("trace", run, gold.replace(" by zero", "")).outcome == "correct"
    assert graded("trace", run, gold.replace("ZeroDivisionError", "ArithmeticError")).parts["final"] == 0.0
