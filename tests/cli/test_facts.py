"""A question without the facts that its task needs is refused in one sentence, with its place in the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import codereasoner as cr
from codereasoner import extend
from codereasoner.errors import DataError
from codereasoner.execution.pool import Pool
from codereasoner.records import Job
from codereasoner.task import Question, Task
from codereasoner.training.training_rows import read_question

SOURCE = """
def plus(t, n):
    return t + n

def f(n):
    t = 0
    while n > 0:
        if n == 9:
            t = 5
        t = plus(t, n)
        n -= 1
    return t
"""
OTHERS = [
    Question("assertion-completion", {"source": "x = 1", "test": "assert x == ??"}, ("1",)),
    Question("code-question", {"source": "x = 1", "question": "What is x?"}, ("1",)),
    Question("code-generation", {"specification": "One.", "entry": "f", "tests": "assert f() == 1"}, ("def f(): ...",)),
]


@pytest.fixture(scope="module")
def questions(pool: Pool) -> dict[str, Question]:
    """One question of every task there is."""
    [run] = pool.run([Job(SOURCE, "f", "4", record="trace")])
    asked = [
        each for name in extend.available("task") for each in extend.task(name).collect(run, pool.run).questions[:1]
    ]
    found = {each.task: each for each in [*asked, *OTHERS]}
    assert set(found) == set(extend.available("task"))
    return found


@pytest.mark.parametrize("name", extend.available("task"))
def test_every_fact_that_a_task_declares_is_missed_by_name(name: str, questions: dict[str, Question]) -> None:
    question, task = questions[name], extend.task(name)
    task.check(question)
    assert task.facts is not None
    for fact in task.facts.__required_keys__:  # type: ignore[attr-defined]
        less = {key: value for key, value in question.facts.items() if key != fact}
        with pytest.raises(DataError, match=f"question '1' of the task '{name}' lacks the fact '{fact}'"):
            task.check(Question(name, less, question.gold, id="1"))
        with pytest.raises(DataError, match=f"the fact '{fact}' must be (str|int|list), not 1.5"):
            task.check(Question(name, {**question.facts, fact: 1.5}, question.gold))


def test_a_question_without_a_right_answer_is_refused(questions: dict[str, Question]) -> None:
    with pytest.raises(DataError, match="has no right answer: `gold` is empty"):
        extend.checked(Question("output", questions["output"].facts, ()))


@pytest.mark.parametrize("name", extend.available("task"))
@pytest.mark.parametrize("gold", ["", " \n"])
def test_a_question_with_a_blank_right_answer_is_refused(name: str, gold: str, questions: dict[str, Question]) -> None:
    with pytest.raises(DataError, match=r"question '1' of the task .* has no right answer: .* one in it is blank"):
        extend.checked(Question(name, questions[name].facts, (gold,), id="1"))


@pytest.mark.parametrize(
    ("name", "facts", "gold"),
    [("anchors", {}, "10"), ("whitebox", {}, "10"), ("whitebox", {}, "1\n" * 9), ("whitebox", {"questions": []}, "10")],
)
def test_a_right_answer_of_another_number_of_lines_than_its_question_is_refused(
    name: str, facts: dict[str, object], gold: str, questions: dict[str, Question]
) -> None:
    with pytest.raises(DataError, match=r"question '1' of the task .*: `gold` must have"):
        extend.checked(Question(name, {**questions[name].facts, **facts}, (gold,), id="1"))


def test_a_question_whose_facts_make_no_prompt_is_refused(questions: dict[str, Question]) -> None:
    facts = {**questions["anchors"].facts, "anchors": [[99, ["n"]]]}
    with pytest.raises(DataError, match="cannot be asked: its facts give IndexError"):
        extend.checked(Question("anchors", facts, ("1",)))


class Undeclared(Task):
    """Nothing declared."""

    name = "undeclared"
    request = "Say it."

    def statement(self, question: Question) -> str:
        return str(question.facts["text"])


def test_a_task_that_declares_nothing_refuses_what_its_statement_lacks() -> None:
    with pytest.raises(DataError, match="cannot be asked: its facts give KeyError: 'text'"):
        Undeclared().check(Question("undeclared", {"txt": "a"}, ("1",)))


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "bad.jsonl", "--model", "scripted:gold", "--split", "train"),
        ("rows", "bad.jsonl", "--direct", "output"),
        ("check", "bad.jsonl"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_names_the_row_of_a_question_that_lacks_a_fact(
    words: tuple[str, ...], command: Callable[..., tuple[int, str, str]], questions: dict[str, Question], tmp_path: Path
) -> None:
    good = questions["output"].to_json() | {"split": "train"}
    bad: dict[str, Any] = good | {"id": "bad", "facts": {"source": SOURCE, "entry": "f"}}
    (tmp_path / "bad.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in (good, bad)))
    (tmp_path / "chains.jsonl").write_text("")
    code, _, err = command(*words)
    assert code == 2, err
    assert "bad.jsonl, row 2: question 'bad' of the task 'output' lacks the fact 'call'" in " ".join(err.split())


def test_python_refuses_it_too() -> None:
    bad = Question("output", {"source": SOURCE}, ("1",), id="bad")
    for refused in (
        lambda: cr.grade(bad, "<answer>1</answer>"),
        lambda: cr.prompt(bad),
        lambda: read_question(json.dumps(bad.to_json())),
    ):
        with pytest.raises(DataError, match="question 'bad' of the task 'output' lacks the fact 'call'"):
            refused()
