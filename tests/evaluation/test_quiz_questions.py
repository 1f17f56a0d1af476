"""A quiz about one call."""

from __future__ import annotations

import pytest

from codereasoner.errors import ConfigError, Shortfall
from codereasoner.evaluation.quiz_questions import TASKS, questions_about, quiz, trace_for_quiz
from codereasoner.execution.pool import Pool
from codereasoner.extend import Sampling, find
from codereasoner.styles import STYLES

SOURCE = """\
def f(xs):
    total = 0
    for x in xs:
        if x > 2:
            total += x
    if total > 100:
        total = 0
    return total
"""


@pytest.mark.parametrize(("script", "right"), [("gold", True), ("wrong", False), ("silent", False)])
def test_every_task_is_asked_and_graded(pool: Pool, script: str, right: bool) -> None:
    run = trace_for_quiz(SOURCE, "f", "[1, 5, 3]", pool.run)
    questions = questions_about(run)
    assert {question.task for question in questions} == set(TASKS)
    replies = quiz(run, questions, find("model", f"scripted:{script}"), STYLES["reasoning"], Sampling(), pool.run)
    assert [reply.grade.outcome == "correct" for reply in replies] == [right] * len(questions)
    assert all((reply.mistake is None) == right for reply in replies)


def test_a_call_that_raises_is_refused_with_its_exception(pool: Pool) -> None:
    with pytest.raises(Shortfall, match=r"f\(3\) raised, so nothing can be asked about it: TypeError"):
        trace_for_quiz(SOURCE, "f", "3", pool.run)


def test_a_call_that_raises_is_asked_about_by_the_tasks_that_do(pool: Pool) -> None:
    run = trace_for_quiz("def f(x):\n    return x[0]", "f", "[]", pool.run, ["output", "raises"])
    [question] = questions_about(run, ["output", "raises"], pool.run)
    assert (question.task, question.gold) == ("raises", ("IndexError",))


def test_a_task_with_nothing_to_ask_says_why(pool: Pool) -> None:
    run = trace_for_quiz("def f(x):\n    return x", "f", "1", pool.run)
    with pytest.raises(ConfigError, match=r"nothing to ask about f\(1\): every line is executed"):
        questions_about(run, ["coverage"])
