"""The tasks about a trace: what they ask, what they leave out, and how parts are graded."""

from __future__ import annotations

from collections import Counter

import pytest

from codereasoner import extend
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run
from codereasoner.task import Grade, Question, grade_answers

LOOP = """\
def f(words):
    found = []
    for w in words:
        if w in found:
            continue
        found.append(w)
        n = len(found)
    total = n * 2
    return found, total
"""
HELPER = """\
def g(a):
    b = a * 2
    return b
def f(x):
    y = g(x)
    z = y + 1
    if z > 5:
        z = g(z)
    else:
        z = 0
    return z
"""


def trace(pool: Pool, source: str, call: str) -> Run:
    [run] = pool.run([Job(source, "f", call, record="trace")])
    assert run.outcome == "ok", run.reason or run.exception
    return run


def graded(question: Question, answer: str) -> Grade:
    return grade_answers([(extend.task(question.task), question, answer)])[0]


def test_coverage_asks_for_as_many_executed_lines_as_missed_ones(pool: Pool) -> None:
    run = trace(pool, HELPER, "3")
    questions, skipped = extend.task("coverage").collect(run)
    assert Counter(question.gold[0] for question in questions) == {"yes": 1, "no": 1}
    assert {question.facts["line"]: question.gold[0] for question in questions} == {8: "yes", 10: "no"}
    assert not skipped


def test_coverage_has_nothing_to_ask_where_every_line_runs(pool: Pool) -> None:
    questions, skipped = extend.task("coverage").collect(trace(pool, "def f(x):\n    return x\n", "1"))
    assert (questions, skipped) == ([], {"every line is executed": 1})


def test_state_asks_about_what_a_line_changes_and_beyond_the_first_time(pool: Pool) -> None:
    run = trace(pool, LOOP, "['a', 'b', 'a']")
    questions, skipped = extend.task("state").collect(run)
    asked = {(q.facts["line"], q.facts["variable"], q.facts["time"]): q.gold[0] for q in questions}
    known = {
        (3, "w", 1): "'a'; str",
        (3, "w", 2): "'b'; str",
        (3, "w", 3): "'a'; str",
        (6, "found", 1): "['a']; list",
        (6, "found", 2): "['a', 'b']; list",
        (7, "n", 1): "1; int",
        (7, "n", 2): "2; int",
        (8, "total", 1): "4; int",
    }
    assert len(asked) == 4
    assert asked.items() <= known.items()
    assert sum(time > 1 for _, _, time in asked) >= 2
    assert skipped == {"the line names the value": 1}


def test_state_leaves_out_lines_that_call_and_values_without_a_literal(pool: Pool) -> None:
    questions, skipped = extend.task("state").collect(trace(pool, HELPER, "3"))
    assert {(q.facts["line"], q.facts["variable"]) for q in questions} == {(2, "b"), (6, "z")}
    assert skipped["the line calls another function"] == 2
    questions, skipped = extend.task("state").collect(trace(pool, "def f(x):\n    y = iter(x)\n    return x\n", "[1]"))
    assert (questions, skipped) == ([], {"the value has no literal": 1})


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("['a;b', 1]; list", True),
        ("['a;b', 1]", True),
        ("['a;b', 1];list", True),
        ("['a;b', 1]; List[str]", True),
        ("['a;b', 1]; list[str | int]", True),
        ("['a;b', 1.0]; list", False),
        ("['a;b', 1]; tuple", False),
        ("('a;b', 1); tuple", False),
        ("Nil", False),
        ("y; list", False),
        ("list", False),
    ],
)
def test_a_state_is_a_value_and_where_it_is_given_its_own_type(answer: str, right: bool) -> None:
    facts = {"source": LOOP, "entry": "f", "call": "[]", "line": 2, "variable": "y", "time": 1}
    question = Question("state", facts, ("['a;b', 1]; list",))
    assert (graded(question, answer).outcome == "correct") is right


def after_line(line: int, variable: str, *golds: str) -> Question:
    facts = {"source": LOOP, "entry": "f", "call": "", "line": line, "variable": variable, "time": 0}
    return Question("state", facts, golds)


@pytest.mark.parametrize("answer", ["1; int", "2; integer", "2"])
def test_at_any_time_every_value_is_right(answer: str) -> None:
    question = after_line(7, "n", "1; int", "2; int")
    assert graded(question, answer).outcome == "correct"
    assert graded(question, "3; int").outcome == "wrong"


@pytest.mark.parametrize("answer", ["Nil", "nil", "[Nil]", " NIL "])
def test_nil_is_right_where_a_variable_has_no_value(answer: str) -> None:
    question = Question(
        "state", {"source": LOOP, "entry": "f", "call": "", "line": 9, "variable": "n", "time": 0}, ("Nil",)
    )
    assert graded(question, answer).outcome == "correct"
    assert graded(question, "None; NoneType").outcome == "wrong"


def test_a_state_without_a_literal_is_right_in_its_very_text_only() -> None:
    question = after_line(9, "n", "<P x=1>; P")
    assert graded(question, "<P x=1>; P").outcome == "correct"
    assert graded(question, "<P x=1>").outcome == "wrong"


def test_path_asks_for_as_many_jumps_as_steps_down(pool: Pool) -> None:
    run = trace(pool, LOOP, "['a', 'b', 'a']")
    questions, skipped = extend.task("path").collect(run)
    assert Counter(bool(question.features["jumps"]) for question in questions) == {True: 2, False: 2}
    ways = {(q.facts["line"], q.facts["time"]): q.gold[0] for q in questions}
    known = {(3, 1): "4", (3, 2): "4", (3, 3): "4", (3, 4): "8", (4, 1): "6", (4, 2): "6", (4, 3): "5", (5, 1): "3",
             (2, 1): "3", (6, 1): "7", (6, 2): "7", (7, 1): "3", (7, 2): "3", (8, 1): "9"}  # fmt: skip
    assert ways.items() <= known.items()
    assert skipped == {"the line returns from the call": 1}


def test_path_leaves_out_what_leads_into_or_out_of_another_function(pool: Pool) -> None:
    questions, skipped = extend.task("path").collect(trace(pool, HELPER, "1"))
    [down, jump] = sorted(questions, key=lambda question: bool(question.features["jumps"]))
    assert down.facts["line"] in (2, 6, 10)
    assert (jump.facts["line"], jump.gold) == (7, ("10",))
    assert skipped["the line calls another function"] == 1
    assert skipped["the function returns there"] == 1


@pytest.mark.parametrize(
    ("answer", "right"),
    [("6", True), ("line 6", True), ("06", True), ("found.append(w)", True), ("6\tfound.append(w)", False),
     ("5", False),
     ("continue", False), ("6\t        found.append(w)", True), ("-1", False), ("return", False), ("found", False)],
)  # fmt: skip
def test_a_line_is_named_by_its_number_or_by_a_text_that_no_other_line_has(answer: str, right: bool) -> None:
    question = Question("path", {"source": LOOP, "entry": "f", "call": "['a']", "line": 4, "time": 1}, ("6",))
    assert (graded(question, answer).outcome == "correct") is right


def test_a_text_that_two_lines_have_names_none() -> None:
    source = "def f(x):\n    if x:\n        x += 1\n    else:\n        x += 1\n    return x\n"
    question = Question("path", {"source": source, "entry": "f", "call": "1", "line": 2, "time": 1}, ("3",))
    assert graded(question, "x += 1").reason == "several lines read so; a number is needed"


def whitebox(pool: Pool) -> Question:
    [question] = extend.task("whitebox").collect(trace(pool, LOOP, "['a', 'b', 'a']")).questions
    return question


def test_white_box_questions_come_in_the_order_of_the_run(pool: Pool) -> None:
    question = whitebox(pool)
    kinds = Counter(each["kind"] for each in question.facts["questions"])
    assert kinds["state"] in range(1, 6)
    assert kinds["path"] in range(1, 6)
    assert question.gold[0].split("\n")[0] == "(['a', 'b'], 4)"
    assert len(question.gold[0].split("\n")) == 1 + sum(kinds.values())


def test_white_box_pays_for_its_questions_only_where_the_output_is_right(pool: Pool) -> None:
    question = whitebox(pool)
    lines = question.gold[0].split("\n")
    count = len(lines) - 1
    whole = graded(question, question.gold[0])
    assert (whole.outcome, whole.reward, whole.parts["questions"]) == ("correct", 2.0, 1.0)
    one_less = graded(question, "\n".join([*lines[:-1], "?"]))
    assert one_less.outcome == "wrong"
    assert one_less.parts["output"] == 1.0
    assert one_less.reward == pytest.approx(2 * (0.5 + 0.5 * (count - 1) / count))
    only_output = graded(question, lines[0])
    assert (only_output.outcome, only_output.reward, only_output.reason) == ("wrong", 1.0, "answers are missing")
    unpaid = graded(question, "\n".join(["[]", *lines[1:]]))
    assert (unpaid.outcome, unpaid.reward, unpaid.parts["questions"]) == ("wrong", 0.0, 1.0)
    assert graded(question, "\n".join([*lines, "1"])).reward == 0.0


def test_white_box_answers_may_be_numbered(pool: Pool) -> None:
    question = whitebox(pool)
    numbered = "\n".join(f"{place}. {line}" for place, line in enumerate(question.gold[0].split("\n"), start=1))
    assert graded(question, numbered).outcome == "correct"


def test_a_literal_of_a_white_box_answer_may_go_on_over_several_lines(pool: Pool) -> None:
    question = whitebox(pool)
    output, *rest = question.gold[0].split("\n")
    assert output == "(['a', 'b'], 4)"
    for text in ("(\n  ['a',\n\n   'b'],  # two (of\n  4,\n)", '(["""a""", \'b\'],\n4)', "(['\\\na', 'b'], 4)"):
        assert graded(question, "\n".join([text, *rest])).outcome == "correct"
    assert (
        graded(question, "\n".join(["(['a', 'b'], 4", *rest])).parts == graded(question, "?\n" + "\n".join(rest)).parts
    )


ANCHORED = """\
def f(n):
    a, b = n, n + 1
    if b > 9:
        a = 0
    for i in range(b):
        a += i
    c = [a]
    return c
"""


def test_anchors_stand_after_assignments_outside_of_loops(pool: Pool) -> None:
    [question] = extend.task("anchors").collect(trace(pool, ANCHORED, "2")).questions
    assert question.facts["anchors"] == [[2, ["a", "b"]], [4, ["a"]], [7, ["c"]]]
    assert question.gold == ("a = 2\nb = 3\nc = [5]\n[5]",)
    assert "a, b = n, n + 1  # a? b?" in extend.task("anchors").statement(question)


def test_anchors_are_graded_step_by_step_with_the_final_value_apart(pool: Pool) -> None:
    [question] = extend.task("anchors").collect(trace(pool, ANCHORED, "2")).questions
    grade = graded(question, "a = 2\nb = 4\nc = [5]\nreturn [5]")
    assert grade.outcome == "correct"
    assert grade.parts == {"step 1": 1.0, "step 2": 0.0, "step 3": 1.0, "steps": pytest.approx(2 / 3), "final": 1.0}
    grade = graded(question, "a = 2\nb = 3\nc = [5]\n[6]")
    assert (grade.outcome, grade.reward, grade.parts["steps"], grade.parts["final"]) == ("wrong", 0.0, 1.0, 0.0)
    assert graded(question, "a = 2\nb = 3\nc = [5]\nd = 1\nd = 2\nd = 3\n[5]").parts["steps"] == 0.5
    assert graded(question, "[5]").parts["steps"] == 0.0
    assert graded(question, "a = 2\nb = 3\nc = [\n  5,\n]\nreturn [\n  5\n]").parts["steps"] == 1.0


def test_at_most_ten_anchors_are_placed(pool: Pool) -> None:
    source = "def f(x):\n" + "".join(f"    v{number} = x + {number}\n" for number in range(15)) + "    return x\n"
    [question] = extend.task("anchors").collect(trace(pool, source, "1")).questions
    assert len(question.facts["anchors"]) == 10
    assert question.gold[0].count("\n") == 10


def test_a_function_that_calls_itself_has_no_anchors(pool: Pool) -> None:
    run = trace(pool, "def f(n):\n    m = n - 1\n    return f(m) if n else 0\n", "2")
    assert extend.task("anchors").collect(run) == ([], {"the function calls itself": 1})
