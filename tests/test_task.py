"""Grading: one outcome for every completion, whatever a model, a runner or a task does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.answer_formats import Block
from codereasoner.errors import InfrastructureError
from codereasoner.records import Job, Run
from codereasoner.styles import STYLES, official_style
from codereasoner.task import Grade, Question, Skip, Task, Wrong, grade_all, grade_answers

REASONING = STYLES["reasoning"]
OUTPUT = extend.task("output")
QUESTION = Question("output", {"source": "def f(x):\n    return x\n", "entry": "f", "call": "2"}, ("2",))


class Length(Task):
    """A task that says nothing of what it leaves out, in the smallest form."""

    name = "length"
    request = "How long is it?"
    shown = (({"text": "ab"}, "2", "a, b."), ({"text": ""}, "0", "Nothing."))

    def ask(self, run: Run) -> list[Question]:
        return [self.question(run, {"text": run.source}, [str(len(run.source))])] if run.source else []

    def statement(self, question: Question) -> str:
        return f"{question.facts['text']}?"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        if answer == "fail":
            raise RuntimeError("a bug of the verifier")
        if not answer.isdecimal():
            raise Wrong("no number")
        return answer == question.gold[0]


class Executed(Length):
    """The same, by execution."""

    def job(self, question: Question, answer: str) -> Job:
        return Job(answer, "f", "")

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        return run is not None and run.value == question.gold[0]


def ran(source: str, outcome: str = "ok") -> Run:
    return Run(source, "f", "", outcome, "2", reason="the worker died" if outcome == "error" else "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("completion", "finish", "outcome"),
    [
        ("<answer>2</answer>", "stop", "correct"),
        ("<answer>3</answer>", "stop", "wrong"),
        ("<answer>f(2)</answer>", "stop", "wrong"),
        ("<answer>x</answer>", "stop", "wrong"),
        ("2", "stop", "no_answer"),
        ("", "stop", "no_answer"),
        ("<answer>2", "length", "truncated"),
        ("<answer>2</answer> and", "length", "correct"),
        ("", "error", "error"),
        ("<answer>2</answer>", "error", "error"),
    ],
)
def test_every_completion_has_one_outcome(completion: str, finish: str, outcome: str) -> None:
    grade = OUTPUT.grade(QUESTION, completion, REASONING, finish=finish)
    assert grade.outcome == outcome
    assert bool(grade.reason) == (outcome != "correct")
    assert grade.reward == (None if outcome == "error" else float(outcome == "correct"))


@pytest.mark.parametrize("name", ["bare", "terse"])
def test_a_cut_off_completion_without_a_closing_mark_is_truncated(name: str) -> None:
    completion = STYLES[name].render("", "2")
    assert OUTPUT.grade(QUESTION, completion, STYLES[name], finish="length").outcome == "truncated"
    assert OUTPUT.grade(QUESTION, completion, STYLES[name]).outcome == "correct"


@pytest.mark.parametrize(
    ("name", "completion"),
    [
        ("reasoning", "<answer>2</answer> no: <answer>2"),
        ("block", "[ANSWER]2[/ANSWER] no: [ANSWER]2"),
        ("boxed", "\\boxed{2}, no: \\boxed{{2}"),
        ("assertion", "```python\n2\n```\nno:\n```python\n2\n"),
    ],
)
def test_a_completion_that_was_cut_off_inside_a_second_answer_is_truncated(name: str, completion: str) -> None:
    assert OUTPUT.grade(QUESTION, completion, STYLES[name]).outcome == "correct"
    assert OUTPUT.grade(QUESTION, completion, STYLES[name], finish="length").outcome == "truncated"


def test_a_bug_of_a_verifier_is_an_error_of_that_answer_alone() -> None:
    question = Question("length", {"text": "ab"}, ("2",))
    grades = grade_answers([(Length(), question, answer) for answer in ("fail", "2", "x")])
    assert [grade.outcome for grade in grades] == ["error", "correct", "wrong"]
    assert grades[0].reward is None


@pytest.mark.parametrize("verdict", [None, 0.5, float("nan"), "yes", [], SystemExit])
def test_a_verdict_that_is_neither_true_nor_false_is_a_bug_of_the_verifier(verdict: Any) -> None:
    class Odd(Length):
        def verify(self, question: Question, answer: str, run: Run | None = None) -> Any:
            if verdict is SystemExit:
                raise verdict(3)
            return verdict

    [grade] = grade_answers([(Odd(), Question("length", {"text": "ab"}, ("2",)), "2")])
    assert (grade.outcome, grade.reward) == ("error", None)
    assert ("SystemExit: 3" if verdict is SystemExit else "`verify` returned ") in grade.reason


def test_all_that_must_run_goes_to_the_runner_in_one_batch_in_order_and_once() -> None:
    batches: list[list[str]] = []

    def runner(jobs: Sequence[Job]) -> list[Run]:
        batches.append([job.source for job in jobs])
        return [ran(job.source, "error" if job.source == "b" else "ok") for job in jobs]

    question = Question("length", {"text": "ab"}, ("2",))
    items: list[tuple[Task, Question, str | Grade]] = [
        (Executed(), question, "a"),
        (OUTPUT, QUESTION, "2"),
        (Executed(), question, "b"),
        (Executed(), question, Grade("no_answer", None, "nothing")),
        (Executed(), question, "c"),
        (Executed(), question, "a"),
    ]
    grades = grade_answers(items, runner)
    assert batches == [["a", "b", "c"]]
    assert [grade.outcome for grade in grades] == ["correct", "correct", "error", "no_answer", "correct", "correct"]


def test_an_answer_that_must_run_without_a_runner_is_our_failure() -> None:
    with pytest.raises(InfrastructureError, match="no runner was given"):
        grade_answers([(Executed(), QUESTION, "a")])


def test_grades_come_in_the_order_of_the_completions() -> None:
    texts = [f"<answer>{number}</answer>" for number in range(5)]
    grades = grade_all([(OUTPUT, QUESTION, text, "stop") for text in texts], REASONING)
    assert [grade.outcome == "correct" for grade in grades] == [False, False, True, False, False]


def test_a_task_that_only_asks_still_counts_what_it_leaves_out() -> None:
    questions, skipped = Length().collect(ran("abc"))
    assert [question.gold for question in questions] == [("3",)]
    assert not skipped
    assert Length().collect(ran("")) == ([], {"no reason given": 1})


def test_a_run_that_is_unfit_is_counted_with_the_reason() -> None:
    run = Run("def f():\n    raise ValueError", "f", "", "raised")
    assert OUTPUT.collect(run) == ([], {"the call raised": 1})


def test_a_task_written_for_0_1_still_asks_and_grades() -> None:
    class Old(Length):
        def consider(self, run: Run) -> Iterator[Question | Skip]:
            yield from self.ask(run)
            yield Skip("one more")

        def score(self, question: Question, answer: str, run: Run | None = None) -> Grade:
            right = self.verify(question, answer, run)
            return Grade("correct" if right else "wrong", answer, "" if right else "no", {"part": 0.5}, 0.5)

    questions, skipped = Old().collect(ran("abc"))
    assert ([each.gold for each in questions], skipped) == ([("3",)], {"one more": 1})
    grades = grade_answers([(Old(), questions[0], answer) for answer in ("3", "4", "x")])
    assert [each.outcome for each in grades] == ["correct", "wrong", "wrong"]
    assert [each.reason for each in grades] == ["", "no", "no number"]
    assert grades[0].reward == 0.5


def test_an_answer_that_verify_refuses_without_a_reason_has_another_value() -> None:
    [grade] = grade_answers([(Length(), Question("length", {"text": "ab"}, ("2",)), "3")])
    assert (grade.outcome, grade.reason) == ("wrong", "another value")


@pytest.mark.parametrize("old", ["asked", "blanks", "specification"])
def test_a_task_and_its_questions_are_found_by_the_old_name(old: str, capsys: pytest.CaptureFixture[str]) -> None:
    row = Question(old, {"source": "x"}, ("1",), id="7").to_json()
    found = Question.from_json(row)
    assert (found.id, found.task) == ("7", extend.task(old).name)
    assert found.task in extend.available("task")
    assert old not in extend.available("task")
    assert Question.from_json(row | {"plugin": "mine.py:Mine"}).task == old


def test_few_shot_prompts_show_the_tasks_own_examples() -> None:
    turns = Length().prompt(Question("length", {"text": "abc"}, ("3",)), STYLES["direct-2shot"])
    assert [turn["content"] for turn in turns][1] == "<answer>2</answer>"
    assert "abc?" in turns[-1]["content"]


def test_an_official_style_asks_with_the_prompts_it_was_given() -> None:
    style = official_style("official", lambda question: f"official {question.id}", Block(), reasons=False, opened=True)
    assert OUTPUT.prompt(QUESTION, style) == [{"role": "user", "content": f"official {QUESTION.id}"}]


def test_a_question_survives_json() -> None:
    assert Question.from_json(QUESTION.to_json()) == QUESTION
