"""No attack is accepted by any verifier, none makes one fail, and each costs its reader little CPU."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hostile.answers_attacks import CHANGES, COMPLETIONS, GENERIC, HUGE, OTHER_COMPLETIONS, SPECIFIC

from codereasoner import extend
from codereasoner.execution.pool import Limits, Pool
from codereasoner.literals import LiteralError, read_arguments
from codereasoner.styles import STYLES, Style
from codereasoner.task import Grade, Question, Runner, Wrong, grade_all, grade_answers

SOURCE = """\
def f(x):
    y = x + 1
    if y > 1:
        x = y - 1
    else:
        x = 0
    return [y, x]
"""
ENDS = {"calls": ["1"], "values": ["[2, 1]"], "returned": ["[2, 1]"]}
CALLED = {"source": SOURCE, "entry": "f", "call": "1"}
WHITEBOX = [{"kind": "state", "line": 2, "variable": "y", "time": 1}, {"kind": "path", "line": 3, "time": 1}]
ANCHORS = [[2, ["y"]], [4, ["x"]], [6, ["x"]]]
PAIRED = "def g(x):\n    return x + 1\ndef f(x):\n    return [g(x), g(x)]\n"
PLAIN = "def f(x):\n    y = x + 1\n    return [y, x]\n"
TRACE = (
    '<|call_sep|>{"x": "1"}<|action_sep|>def f(x):\n<|frame_sep|>'
    '<|line_sep|>{"x": ".."}<|action_sep|>    y = x + 1\n<|frame_sep|>'
    '<|line_sep|>{"x": "..", "y": "2"}<|action_sep|>    return [y, x]\n<|frame_sep|>'
    '<|return_sep|><|action_sep|>    return [y, x]\n<|arg_sep|>"[2, 1]"<|frame_sep|>'
)
TESTS = "assert f(1) == [2, 1]\nassert f(7) == [8, 7]"
QUESTIONS = {
    "output": Question("output", CALLED, ("[2, 1]",)),
    "input": Question("input", {"source": SOURCE, "entry": "f", "value": "[2, 1]"}, ("f(1)",)),
    "coverage": Question("coverage", CALLED | {"line": 6}, ("no",)),
    "state": Question("state", CALLED | {"line": 2, "variable": "y", "time": 1}, ("2; int",)),
    "path": Question("path", CALLED | {"line": 3, "time": 1}, ("4",)),
    "whitebox": Question("whitebox", CALLED | {"questions": WHITEBOX}, ("[2, 1]\n2; int\n4",)),
    "assertion-completion": Question(
        "assertion-completion", {"source": SOURCE, "test": "assert f(1) == ??"}, ("assert f(1) == [2, 1]",)
    ),
    "anchors": Question("anchors", CALLED | {"anchors": ANCHORS}, ("y = 2\nx = 1\n[2, 1]",)),
    "raises": Question("raises", CALLED, ("ValueError",)),
    "halts": Question("halts", CALLED | {"limit": 3}, ("no",)),
    "lines": Question("lines", CALLED, ("2, 3, 4, 7",)),
    "call-graph": Question("call-graph", CALLED | {"source": PAIRED}, ("f -> g: 2",)),
    "debugger": Question("debugger", CALLED | {"line": 3, "time": 1, "move": "step", "to": 0}, ("4\nx = 1\ny = 2",)),
    "equivalent": Question(
        "equivalent",
        CALLED | {"other": SOURCE.replace(">", ">=")} | ENDS,
        ("no",),
    ),
    "trace": Question("trace", CALLED | {"source": PLAIN}, (TRACE,)),
    "trace-compact": Question("trace-compact", CALLED | {"source": PLAIN}, ("call 1 x=1\n2\n3 y=2\nreturn 3 [2, 1]",)),
    "code-question": Question("code-question", {"source": SOURCE, "question": "What does f(1) return?"}, ("[2, 1]",)),
    "code-generation": Question(
        "code-generation",
        {"specification": "The next number, and the number.", "entry": "f", "tests": TESTS},
        (SOURCE.strip(),),
    ),
}
WRONG = {"input": "f(7)", "coverage": "yes", "state": "3; int", "path": "5"} | {
    "raises": "KeyError",
    "halts": "yes",
    "equivalent": "yes",
    "lines": "2, 3, 6, 7",
    "call-graph": "f -> g: 3",
    "debugger": "6\nx = 1\ny = 2",
    "trace": TRACE.replace('"2"', '"3"'),
    "trace-compact": "call 1 x=1\n2\n3 y=3\nreturn 3 [2, 1]",
}
ANSWER_FORMATS = {
    style.format.name: style
    for style in (STYLES[name] for name in ("direct", "assertion", "block", "boxed", "terse", "bare"))
}
RUN = ("input", "code-generation")  # whose answers are executed
SECONDS = 0.05  # of CPU of this process, which other load does not change


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Pool(workers=1, limits=Limits(cpu_seconds=0.2), allow_weak_isolation=True) as pool:
        yield pool.run


def attacks(task: str, generic: Sequence[str] = GENERIC) -> list[str]:
    """The answers that attack a task, each once."""
    return list(dict.fromkeys(fill(text, task) for text in [*generic, *SPECIFIC[task]]))


def few_where_each_is_a_process(task: str) -> list[str]:
    """The attacks on a task; of those on code, which each cost a process, the ones written for it and the huge ones."""
    return attacks(task, HUGE if task == "code-generation" else GENERIC)


def fill(text: str, task: str) -> str:
    question = QUESTIONS[task]
    call = "f(2)" if task == "input" else "f(1)"
    gold = (
        "[2, 1]" if task == "code-generation" else question.gold[0]
    )  # code that is right stays right beside other code
    return text.format(call=call, gold=gold, wrong=WRONG.get(task, "[3, 2]"), entry="f", line=3)


def accepted(grade: Grade) -> bool:
    """Anchors count a right value as correct whatever the steps are: there an attack must also get the steps."""
    return grade.outcome == "correct" and grade.parts.get("steps", 1.0) == 1.0


def check(texts: list[str], task: str, style: Style, runner: Runner) -> None:
    question, verifier = QUESTIONS[task], extend.task(task)
    grades = grade_all([(verifier, question, text, "stop") for text in texts], style, runner)
    assert [text[:80] for text, grade in zip(texts, grades, strict=True) if accepted(grade)] == []
    assert [grade for grade in grades if grade.outcome == "error"] == []
    assert all(grade.reason and len(grade.reason) < 300 for grade in grades if grade.outcome != "correct")


@pytest.mark.parametrize("task", QUESTIONS)
def test_the_right_answer_is_accepted_in_every_form(task: str, runner: Runner) -> None:
    question, verifier = QUESTIONS[task], extend.task(task)
    for style in STYLES.values():
        grade = verifier.grade(question, verifier.render(question, style, "Because."), style, runner)
        assert grade.outcome == "correct"
        assert all(part == 1.0 for part in grade.parts.values())


@pytest.mark.parametrize("task", QUESTIONS)
def test_there_are_at_least_150_attacks_on_each_verifier(task: str) -> None:
    assert len(attacks(task)) >= 150


@pytest.mark.parametrize(
    "task", [pytest.param(each, marks=[pytest.mark.slow] * (each == "code-generation")) for each in QUESTIONS]
)
def test_no_hostile_answer_is_accepted(task: str, runner: Runner) -> None:
    answers = [(extend.task(task), QUESTIONS[task], text) for text in attacks(task)]
    grades = grade_answers(answers, runner)
    assert [text[:80] for (_, _, text), grade in zip(answers, grades, strict=True) if accepted(grade)] == []
    assert [grade for grade in grades if grade.outcome == "error"] == []


@pytest.mark.parametrize("task", [name for name in QUESTIONS if name not in RUN])
def test_no_changed_answer_is_accepted_in_any_answer_format(task: str, runner: Runner) -> None:
    right = QUESTIONS[task].gold[0]
    changed = dict.fromkeys(re.sub(old, new, right) for old, new in CHANGES)
    texts = [text for text in changed if text != right and "\nassert" not in text]  # the last assertion is the answer
    assert len(texts) > 10
    for style in ANSWER_FORMATS.values():
        check([style.render("", text) for text in texts], task, style, runner)


@pytest.mark.parametrize("answer_format", ANSWER_FORMATS)
@pytest.mark.parametrize("task", QUESTIONS)
def test_no_hostile_answer_is_accepted_in_any_answer_format(task: str, answer_format: str, runner: Runner) -> None:
    style = ANSWER_FORMATS[answer_format]
    texts = [text for text in few_where_each_is_a_process(task) if len(text) < 5000]
    if answer_format == "fenced":
        texts = [text for text in texts if "\nassert" not in text]  # the last assertion in a block is the answer
    check([style.render("", text) for text in texts], task, style, runner)


@pytest.mark.parametrize("task", QUESTIONS)
def test_no_hostile_completion_is_accepted(task: str, runner: Runner) -> None:
    check([fill(text, task) for text in COMPLETIONS], task, STYLES["reasoning"], runner)


@pytest.mark.parametrize("style", OTHER_COMPLETIONS)
@pytest.mark.parametrize("task", QUESTIONS)
def test_no_hostile_completion_is_accepted_in_any_other_style(task: str, style: str, runner: Runner) -> None:
    check([fill(text, task) for text in OTHER_COMPLETIONS[style]], task, STYLES[style], runner)


@pytest.mark.parametrize("answer_format", ANSWER_FORMATS)
def test_every_completion_is_parsed_quickly(answer_format: str) -> None:
    others = [text for texts in OTHER_COMPLETIONS.values() for text in texts]
    for text in [*COMPLETIONS, *others, *attacks("path")]:
        began = time.process_time()
        ANSWER_FORMATS[answer_format].parse(text)
        if time.process_time() - began >= SECONDS:
            assert _quickest(lambda: ANSWER_FORMATS[answer_format].parse(text)) < SECONDS  # noqa: B023


@pytest.mark.parametrize("task", QUESTIONS)
def test_every_attack_is_refused_quickly(task: str, runner: Runner) -> None:
    question, verifier = QUESTIONS[task], extend.task(task)
    verifier.grade(question, "<answer>1</answer>", STYLES["reasoning"], runner)
    for text in few_where_each_is_a_process(task):
        began = time.process_time()
        grade_answers([(verifier, question, text)], runner)
        if time.process_time() - began > SECONDS:
            assert _quickest(lambda: grade_answers([(verifier, question, text)], runner)) < SECONDS, text[:80]  # noqa: B023


PIECES = [
    "assert ", "f(1)", "f(", " == ", "[2, 1]", "[", "]", "(", ")", "{", "}", ",", ";", " int", "'", '"', "\\", "\n",
    "=", "-", "+", "1", "2", "4", "no", "yes", "y = 2", "Nil", "nan", "set()", "list(", "range(9)", "??", "lambda: ",
    " or ", "\x00", "\ud800", "ｆ", "\u200b", "# ", "return ", "line ", "<answer>", "</answer>", "```", "\\boxed{",
    "[ANSWER]", "\t", "\r", "1e999", ", ", "f -> g: ", "x = 1", "raises ", "Error",
    "<|frame_sep|>", "<|line_sep|>{", "<|action_sep|>", "<|arg_sep|>", '{"x": ".."}', "call 1 ",
    "9" * 4400, "0x" + "f" * 4400, "*", "**",
]  # fmt: skip


@pytest.mark.parametrize("task", [name for name in QUESTIONS if name not in RUN])
@settings(deadline=None, max_examples=150)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12), answer_format=st.sampled_from(sorted(ANSWER_FORMATS)))
def test_no_completion_makes_a_verifier_fail(task: str, pieces: list[str], answer_format: str) -> None:
    question, verifier = QUESTIONS[task], extend.task(task)
    text = "".join(pieces)
    style = ANSWER_FORMATS[answer_format]
    for completion in (text, style.render("", text)):
        grade = verifier.grade(question, completion, style)
        assert grade.outcome != "error", grade.reason
        grade.reason.encode()


@settings(deadline=None, max_examples=300)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
def test_no_answer_makes_the_input_tasks_job_fail(pieces: list[str]) -> None:
    with contextlib.suppress(Wrong, LiteralError):
        job = extend.task("input").job(QUESTIONS["input"], "".join(pieces))
        assert job is not None
        assert read_arguments(job.call) == job.call


def _quickest(work: object) -> float:
    times = []
    for _ in range(5):
        began = time.process_time()
        work()  # type: ignore[operator]
        times.append(time.process_time() - began)
    return min(times)
