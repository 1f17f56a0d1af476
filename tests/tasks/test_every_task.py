"""What holds for every task there is, and for each one that is added."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.evaluation.gold_check import gold_check
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run
from codereasoner.steps.visits import visits
from codereasoner.styles import STYLES, Style
from codereasoner.task import Question, Task

TASKS = {name: extend.task(name) for name in extend.available("task")}
RUN_TASKS = [name for name, task in TASKS.items() if type(task).ask is not Task.ask]
BRANCH = """
def f(x):
    y = x + 1
    if y > 1:
        x = y * 2
    else:
        x = 0
    return [y, x]
"""
LOOP = """
def f(s, k=2):
    n = 0
    for c in s:
        if c in 'aeiou':
            n += k
        else:
            continue
    return {s: n}
"""
HELPER = """
def g(x):
    return x - 1
def f(n):
    t = []
    while n > 0:
        t.append(n)
        n = g(n)
    return t
"""
HANDLER = """
def f(a):
    try:
        b = 1 / a
    except ZeroDivisionError:
        b = None
    return b, {a}
"""
PROGRAMS = [(BRANCH, "3"), (LOOP, "'banana', k=3"), (HELPER, "3"), (HANDLER, "0"), (BRANCH, "None")]
OUTCOMES = ("raised", "timeout", "memory", "exited", "crashed", "refused", "output", "error")


@pytest.fixture(scope="module")
def runs(pool: Pool) -> list[Run]:
    return pool.run([Job(source, "f", call, record="trace") for source, call in PROGRAMS])


@pytest.fixture(scope="module")
def asked(runs: list[Run], pool: Pool) -> dict[str, list[list[Question]]]:
    """The questions of each task about each run; some tasks run other programs to find theirs."""
    return {name: [TASKS[name].collect(run, pool.run).questions for run in runs] for name in RUN_TASKS}


@pytest.fixture(scope="module")
def cruxeval(pool: Pool, shared_data: Path) -> list[Run]:
    rows = map(json.loads, (shared_data / "cruxeval" / "cruxeval.jsonl").read_text().splitlines())
    return pool.run([Job(row["code"], "f", row["input"], record="trace") for row in rows])


def test_the_tasks_are_there() -> None:
    assert {"output", "input", "coverage", "state", "path", "whitebox", "anchors"} <= set(RUN_TASKS)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_task_says_what_it_wants_and_shows_two_examples(task: Task) -> None:
    assert task.request.endswith(".")
    assert (task.__doc__ or "").strip()
    if task.name in RUN_TASKS:
        assert len(task.worked_examples()) == 2


@pytest.mark.parametrize("name", RUN_TASKS)
@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_perfect_answer_to_every_question_is_correct_in_every_style(
    name: str, style: Style, asked: dict[str, list[list[Question]]], pool: Pool
) -> None:
    questions = [question for some in asked[name] for question in some]
    assert questions
    report = gold_check(questions, style, pool.run)
    assert report["rejected"] == []
    assert report["gold_accepted"] == len(questions)


@pytest.mark.parametrize("name", RUN_TASKS)
def test_the_worked_examples_are_true(name: str, pool: Pool) -> None:
    """Each example's answer is right about a real run, by the task's own verifier."""
    task = TASKS[name]
    for facts, answer, _ in task.worked_examples():
        question = Question(name, facts, (answer,))
        grade = task.grade(question, task.render(question, STYLES["direct"]), STYLES["direct"], pool.run)
        assert grade.outcome == "correct"
        if "call" not in facts:
            continue
        [run] = pool.run([Job(facts["source"], facts["entry"], facts["call"], record="trace")])
        lines = answer.split("\n")
        if name in ("output", "whitebox"):
            assert run.value == lines[0]
        if name in ("anchors", "lines", "call-graph", "raises", "trace", "trace-compact"):
            [asked] = task.collect(run).questions
            assert asked.gold == (answer,)
        if name == "halts":
            assert (len(visits(run)) <= facts["limit"]) == (answer == "yes")
        if name == "coverage":
            assert (facts["line"] in run.lines) == (answer == "yes")


@pytest.mark.parametrize("name", RUN_TASKS)
def test_asking_is_the_same_on_every_machine_and_knows_its_run(
    name: str, runs: list[Run], asked: dict[str, list[list[Question]]], pool: Pool
) -> None:
    for run, questions in zip(runs, asked[name], strict=True):
        assert questions == TASKS[name].collect(Run.from_json(run.to_json()), pool.run).questions
        assert len({question.id for question in questions}) == len(questions)
        assert all(question.run == run.id and question.task == name for question in questions)
        assert all(Question.from_json(json.loads(json.dumps(each.to_json()))) == each for each in questions)


@pytest.mark.parametrize("name", RUN_TASKS)
def test_the_statement_holds_the_program_and_never_the_answer_alone(
    name: str, runs: list[Run], asked: dict[str, list[list[Question]]]
) -> None:
    task = TASKS[name]
    for run, questions in zip(runs, asked[name], strict=True):
        for question in questions:
            statement = task.statement(question)
            assert "return" in statement
            assert statement.count("\n") >= run.source.count("\n")
            assert question.gold[0] not in statement.split("\n")[-1] or name in (*CLOSED, "path", "input")


@pytest.mark.parametrize(
    ("name", "outcome"), [(name, each) for name in RUN_TASKS for each in OUTCOMES if each not in TASKS[name].outcomes]
)
def test_a_run_that_ended_as_no_question_wants_asks_nothing_and_says_so(name: str, outcome: str) -> None:
    run = Run(BRANCH, "f", "3", outcome)  # type: ignore[arg-type]
    questions, skipped = TASKS[name].collect(run)
    assert not questions
    assert skipped == {f"the call {outcome}": 1}


@pytest.mark.parametrize("name", RUN_TASKS)
def test_a_program_that_depends_on_chance_asks_nothing(name: str, pool: Pool) -> None:
    source = "import random\ndef f(x):\n    y = random.random()\n    return x if y < 2 else y\n"
    [run] = pool.run([Job(source, "f", "1", record="trace")])
    assert TASKS[name].collect(run).questions == []
    assert any("chance" in reason for reason in TASKS[name].collect(run).skipped)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN_TASKS)
def test_every_question_about_cruxevals_programs_accepts_its_gold(name: str, cruxeval: list[Run], pool: Pool) -> None:
    task = TASKS[name]
    asked: list[Question] = []
    skipped: Counter[str] = Counter()
    for run in cruxeval[:100] if task.executes else cruxeval:  # several runs for each
        questions, reasons = task.collect(run, pool.run)
        assert questions or reasons
        asked += questions
        skipped += reasons
    report = gold_check(asked, STYLES["reasoning"], pool.run, guess=name != "input")  # 4,000 runs, some without end
    assert report["rejected"] == []
    assert all(rate <= LIMITS.get(name, 25.0) for rate in report["guess_rates"].get(name, {}).values())
    if name in ("output", "input"):
        assert len(asked) == 800


CLOSED = ("coverage", "halts", "raises", "equivalent")  # tasks whose prompt names what may be answered
LIMITS = {"path": 50.0, **dict.fromkeys(CLOSED, 51.0)} | {
    "raises": 100.0,  # CRUXEval's programs never raise
    "call-graph": 50.0,  # of four questions, as few of them call a function of their own
}  # percent, of an answer without thought
