"""Each class of mistakes, shown by programs that are really run and chains that go wrong on purpose."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codereasoner import extend
from codereasoner.evaluation.error_analysis import mistake
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run
from codereasoner.styles import STYLES
from codereasoner.task import Question

SUM = """\
def f(xs, limit):
    total = 0
    for x in xs:
        if x > limit:
            total += x
        else:
            total -= 1
    result = total * 2
    return result
"""
TEXT = """\
def f(s, n):
    t = s.replace('a', 'o')
    k = t.find('n')
    part = t[k:n]
    return part.upper()
"""
EARLY = """\
def f(x):
    if x % 2 == 0:
        return 'even'
    y = x + 1
    return y
"""

PAIRS = """\
def f(xs):
    '''Count the rises.'''
    total = 0
    for x, y in zip(xs, xs[1:]):
        if x < y:
            total += 1
    return total
"""

Wrong = Callable[..., tuple[str, int]]


@pytest.fixture
def wrong(pool: Pool) -> Wrong:
    """The class and the line of a wrong answer to `what does f(call) return`, with its chain."""

    def classify(source: str, call: str, answer: str, chain: str = "") -> tuple[str, int]:
        [run] = pool.run([Job(source, "f", call, record="trace")])
        question = Question("output", {"source": source, "entry": "f", "call": call}, (run.value or "",), run=run.id)
        return classified(question, answer, chain, run, pool)

    return classify


def classified(question: Question, answer: str, chain: str, run: Run | None, pool: Pool) -> tuple[str, int]:
    task, style = extend.task(question.task), STYLES["terse"]
    text = f"{chain}\n={answer}"
    grade = task.grade(question, text, style, pool.run)
    assert grade.outcome == "wrong"
    found = mistake(question, grade.outcome, grade.answer, grade.reason, text, run)
    assert found is not None
    assert found.why
    return found.kind, found.line


@pytest.mark.parametrize(
    ("chain", "kind", "line"),
    [
        ("total = 0\nx = 1, total = 1", "wrong_branch", 4),  # 1 > 2 is false
        ("total = 0\nx = 1\nif True, total = 1", "wrong_branch", 4),
        ("total = 0\nx = 1\nif False\ntotal = -1\nfor end", "loop_count", 3),
        ("total = 0\nx = 1, total = -1\nx = 5, total = 4\nx = 3, total = 7\nx = 9", "loop_count", 3),
        ("total = 0\nx = 1, total = -1\nx = 5, total = 4\nx = 3, total = 7\nresult = 8", "loop_count", 3),
        ("total = 0\nx = 1, total = -1\nx = 5, total = 5", "stale_value", 5),  # 0 + 5: the step before is forgotten
        ("total = 0\nx = 1, total = -1\nx = 5, total = '4'", "type_confusion", 5),
        ("total = 0\nx = 1, total = -1\nx = 5, total = 123", "other", 5),
    ],
)
def test_the_first_false_claim_of_the_chain_decides(wrong: Wrong, chain: str, kind: str, line: int) -> None:
    assert wrong(SUM, "[1, 5, 3], 2", "99", chain) == (kind, line)


@pytest.mark.parametrize(
    ("source", "call", "answer", "kind", "line"),
    [
        (SUM, "[1, 5, 3], 2", "18", "wrong_branch", 4),  # 1 counted too
        (SUM, "[1, 5, 3], 2", "8", "loop_count", 3),  # the last item left out
        (SUM, "[1, 5, 3], 2", "7", "other", 9),
        (SUM, "[1, 5, 3], 2", "'14'", "type_confusion", 9),
        (SUM, "[1, 5, 3], 2", "fourteen", "format", 0),
        (EARLY, "3", "'even'", "wrong_branch", 2),
        (EARLY, "3", "4.0", "type_confusion", 5),
        (PAIRS, "[1, 3, 2, 5]", "3", "wrong_branch", 5),
        ("def f(n):\n    t = 1\n    for i in range(n):\n        t *= 2\n    return t", "3", "16", "loop_count", 3),
        ("def f(n):\n    while n > 1:\n        n -= 3\n    return n", "7", "-2", "loop_count", 2),
        ("def f(x):\n    y = x\n    y = y * 10\n    z = y + 1\n    return z", "4", "5", "stale_value", 3),
        ("def f(xs):\n    n = xs[0]\n    n = n + 5\n    return [n, n]", "[1]", "[1, 1]", "stale_value", 3),
        ("def f(s):\n    return s[1:4]", "'python'", "'pyth'", "string_index", 2),
        ("def f(s):\n    return s.find('h')", "'python'", "4", "string_index", 2),
        ("def f(xs):\n    return xs[1:3]", "[7, 8, 9]", "[7, 8]", "other", 2),
        ("def f(xs):\n    return xs[1:3]", "[7, 8, 9]", "(8, 9)", "type_confusion", 2),
        ("def f(x):\n    return 'a' if x else 'b'", "1", "'b'", "wrong_branch", 2),
        ("def f(xs):\n    return [str(x) for x in xs]", "[1, 2]", "[1, 2]", "type_confusion", 2),
    ],
)
def test_without_a_false_claim_the_answer_decides(
    wrong: Wrong, source: str, call: str, answer: str, kind: str, line: int
) -> None:
    assert wrong(source, call, answer) == (kind, line)


@pytest.mark.parametrize(
    ("chain", "kind", "line"),
    [
        ("t = 'bonono'\nk = 3", "string_index", 3),
        ("t = 'bonono'\nk = 2\npart = 'no'", "string_index", 4),
    ],
)
def test_a_position_in_a_string(wrong: Wrong, chain: str, kind: str, line: int) -> None:
    assert wrong(TEXT, "'banana', 5", "'X'", chain) == (kind, line)


def test_the_words_of_the_narrators_sentences_are_read_too(wrong: Wrong) -> None:
    chain = "f is called with x = 3.\nLine 2, `if x % 2 == 0:`: true, the body runs."
    assert wrong(EARLY, "3", "'even'", chain) == ("wrong_branch", 2)


@pytest.mark.parametrize(
    ("task", "facts", "gold", "answer", "kind", "line"),
    [
        ("coverage", {"line": 3}, "no", "yes", "wrong_branch", 2),
        ("coverage", {"line": 4}, "yes", "no", "wrong_branch", 2),
        ("path", {"line": 2, "time": 1}, "4", "3", "wrong_branch", 2),
        ("state", {"line": 4, "variable": "y", "time": 1}, "4; int", "'4'; str", "type_confusion", 4),
        ("state", {"line": 4, "variable": "y", "time": 1}, "4; int", "4; str", "type_confusion", 4),
    ],
)
def test_tasks_about_the_way_are_classified_by_the_line_they_ask_about(
    pool: Pool, task: str, facts: dict[str, object], gold: str, answer: str, kind: str, line: int
) -> None:
    [run] = pool.run([Job(EARLY, "f", "3", record="trace")])
    question = Question(task, {"source": EARLY, "entry": "f", "call": "3", **facts}, (gold,), run=run.id)
    assert classified(question, answer, "", run, pool) == (kind, line)


def test_a_predicted_call_is_classified_by_what_it_really_returns(pool: Pool) -> None:
    question = Question("input", {"source": EARLY, "entry": "f", "value": "'even'"}, ("f(2)",))
    [run] = pool.run([Job(EARLY, "f", "5", record="trace")])
    assert classified(question, "f(5)", "x = 5", run, pool) == ("wrong_branch", 2)


def test_a_right_answer_and_one_that_was_cut_off_have_no_class() -> None:
    question = Question("output", {"source": EARLY, "entry": "f", "call": "3"}, ("4",))
    assert mistake(question, "correct", "4", "", "=4", None) is None
    assert mistake(question, "truncated", None, "cut off before an answer", "y =", None) is None


def test_a_completion_without_an_answer_is_a_mistake_of_form() -> None:
    question = Question("output", {"source": EARLY, "entry": "f", "call": "3"}, ("4",))
    found = mistake(question, "no_answer", None, "no complete answer", "I do not know", None)
    assert found is not None
    assert found.kind == "format"
