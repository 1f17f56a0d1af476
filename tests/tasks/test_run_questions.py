"""Questions on exceptions, on calls that do not end, and on moves of a debugger are true of other tools, too."""

from __future__ import annotations

import bdb
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import pytest

from codereasoner import extend
from codereasoner.chains.claim_audit import audit
from codereasoner.chains.narrator import narrate
from codereasoner.curation.determinism import second_job, second_reason
from codereasoner.execution.pool import Limits, Pool
from codereasoner.ledger import read_manifest, read_records, write_records
from codereasoner.records import Job, Program, Run
from codereasoner.stages.trace_calls import Keep, trace_programs
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.tasks.debugger import Debugger
from codereasoner.tasks.mutants import mutants

MOVED = """\
def h(x):
    y = x - 1
    return y
def g(x):
    if x > 1:
        return h(x) + g(h(x))
    return x
def f(n):
    t = []
    for x in range(n):
        t.append(g(x))
    return t
"""
ENDLESS = "def f(n):\n    while n:\n        n += 1\n    return n\n"
SLOW = "def f(n):\n    m = sum(range(n))\n    return m\n"


def asked(name: str, run: Run, pool: Pool | None = None) -> list[Question]:
    return extend.task(name).collect(run, pool.run if pool else None).questions


def test_a_call_that_raises_is_asked_about_and_one_that_a_limit_ends_is_not(pool: Pool) -> None:
    source = "def f(x):\n    return f(x) if x else 1 // x\n"
    raised, deep = pool.run([Job(source, "f", call, record="trace") for call in ("0", "1")])
    assert [question.gold for question in asked("raises", raised)] == [("ZeroDivisionError",)]
    assert extend.task("raises").collect(deep).skipped == {"the exception depends on a limit": 1}


@pytest.mark.parametrize(
    "name", ["returns", "KeyError: x", "a b", "raises It", "It.", "", "a\nb", "</answer>", "9", "É" * 101]
)
def test_an_exception_whose_name_is_no_answer_is_not_asked_about(pool: Pool, name: str) -> None:
    (run,) = pool.run([Job(f"def f(x):\n    raise type({name!r}, (Exception,), {{}})(x)\n", "f", "0")])
    assert extend.task("raises").collect(run).skipped == {"the name of the exception's class is no answer": 1}


@pytest.mark.parametrize("name", ["Überlauf", "Ошибка", "É" * 100, "raises", "Returns"])
def test_an_exception_may_have_any_name_that_python_takes(pool: Pool, name: str) -> None:
    (run,) = pool.run([Job(f"class {name}(Exception):\n    pass\ndef f(x):\n    raise {name}\n", "f", "0")])
    [question] = asked("raises", run)
    assert all(extend.task("raises").verify(question, answer) for answer in (name, f"raises {name}."))
    assert not extend.task("raises").verify(question, "returns")


@pytest.mark.parametrize(
    ("call", "right", "wrong"),
    [
        ("1", ["returns", "Returns", "returns."], ["raises returns", "Raise returns.", "`returns`", "1"]),
        ("0", ["Error", "raises Error", "Raises Error."], ["error", "returns Error", "returns", "`Error`"]),
    ],
)
def test_an_answer_to_raises_is_one_word_as_the_request_writes_it(
    pool: Pool, call: str, right: list[str], wrong: list[str]
) -> None:
    source = "class Error(Exception):\n    pass\ndef f(x):\n    if not x:\n        raise Error\n    return x\n"
    [run] = pool.run([Job(source, "f", call)])
    [question], style = asked("raises", run), find_style("direct")
    graded = [extend.task("raises").grade(question, f"<answer>{each}</answer>", style) for each in (*right, *wrong)]
    assert [each.outcome for each in graded] == ["correct"] * len(right) + ["wrong"] * len(wrong)


@pytest.fixture(scope="module")
def quick() -> Iterator[Pool]:
    with Pool(workers=1, limits=Limits(cpu_seconds=0.3), allow_weak_isolation=True) as pool:
        yield pool


def test_a_call_without_end_is_counted_and_one_that_one_line_keeps_busy_is_left_out(quick: Pool) -> None:
    jobs = [Job(ENDLESS, "f", "1", record="trace"), Job(SLOW, "f", "10**10", record="trace")]
    endless, slow = quick.run(jobs)
    assert (endless.outcome, slow.outcome) == ("timeout", "timeout")
    assert [question.gold for question in asked("halts", endless, quick)] == [("no",)]
    assert extend.task("halts").collect(slow, quick.run).skipped == {"a few lines take all of the time": 1}


def test_the_second_run_of_a_call_that_raises_must_raise_the_same(pool: Pool) -> None:
    sources = ["def f(x):\n    return [1][x]\n", "def f(x):\n    return {}[''.join(set('abcdefgh'))]\n"]
    with Pool(workers=1, allow_weak_isolation=True, hash_seed=1) as again:
        runs = pool.run([Job(source, "f", "1", record="trace") for source in sources])
        seconds = again.run([second_job(run) for run in runs])
    reasons = [second_reason(run, second) for run, second in zip(runs, seconds, strict=True)]
    assert reasons == [None, "not deterministic"]


def test_runs_that_raise_are_kept_where_they_are_wanted(pool: Pool, tmp_path: Path) -> None:
    program = Program("def f(x):\n    return [1, x][x]\n", "f", ("1", "2"))
    write_records(tmp_path / "programs.jsonl", [program], {})
    for outcomes in (("ok",), ("ok", "raised")):
        out = tmp_path / f"{len(outcomes)}.parquet"
        trace_programs(tmp_path / "programs.jsonl", out, pool, keep=Keep(outcomes=outcomes))
        assert {run.outcome for run in read_records(out, Run)} == set(outcomes)
    assert (read_manifest(tmp_path / "1.parquet") or {})["drops"] == {"raises IndexError": 1}


def test_two_programs_agree_where_the_right_answer_says_so_and_differ_in_one_place_or_form(pool: Pool) -> None:
    source = "def f(xs, k):\n    t = 0\n    for x in xs:\n        if x > k:\n            t += x * 2\n    return t\n"
    runs = pool.run([Job(source, "f", f"[3, 1, {n}], 2", record="trace") for n in range(8)])
    questions = [question for run in runs for question in asked("equivalent", run, pool)]
    assert len(questions) >= 8
    for question in questions:
        calls = question.facts["calls"]
        assert calls[0] == question.facts["call"]
        assert len(calls) in (2, 3)
        values = []
        for text in (source, question.facts["other"]):
            names: dict[str, object] = {}
            exec(text, names)
            values.append([repr(eval(f"f({call})", names)) for call in calls])
        assert (values[0] == values[1]) == (question.gold == ("yes",))
        assert [question.facts["values"], question.facts["returned"]] == values
        assert all(f"f({call})" in extend.task_of(question).statement(question) for call in calls)
    assert 2 * sum(question.gold == ("yes",) for question in questions) == len(questions)


def test_a_mutant_differs_in_one_operator_number_or_truth_value() -> None:
    source = "def f(é, x):\n    return é + 1 if x < 2 and True else é // 3\n"
    found = [each.split("return ")[1].strip() for each in mutants(source)]
    assert found == [
        "é - 1 if x < 2 and True else é // 3",
        "é + 2 if x < 2 and True else é // 3",
        "é + 1 if x <= 2 and True else é // 3",
        "é + 1 if x < 3 and True else é // 3",
        "é + 1 if x < 2 or True else é // 3",
        "é + 1 if x < 2 and False else é // 3",
        "é + 1 if x < 2 and True else é % 3",
        "é + 1 if x < 2 and True else é // 4",
    ]


# ---- a debugger of the standard library makes the same moves


@dataclass
class Stop:
    line: int
    seen: dict[str, str]


@dataclass
class Mover(bdb.Bdb):
    """Stands before the n-th run of a line, makes one move forward, and notes where it stops."""

    question: Question
    count: int = 0
    moved: bool = False
    found: Stop | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def user_line(self, frame: FrameType) -> None:
        if frame.f_code.co_filename != "moved" or frame.f_code.co_name == "<module>":
            self.set_step()
        elif self.moved and (not self.question.facts["to"] or frame.f_lineno == self.question.facts["to"]):
            self.found = self.found or Stop(frame.f_lineno, {name: repr(each) for name, each in frame.f_locals.items()})
            self.set_continue()
        elif not self.moved and frame.f_lineno == self.question.facts["line"] and self._is_there():
            self.moved = True
            self._go(frame.f_back if self.question.facts["move"] == "out" else frame)
        else:
            self.set_step()

    def user_return(self, frame: FrameType, value: object) -> None:
        self._go(frame.f_back)

    def _is_there(self) -> bool:
        self.count += 1
        return bool(self.count == self.question.facts["time"])

    def _go(self, frame: FrameType | None) -> None:
        if self.moved and frame is not None and self.question.facts["move"] in ("next", "out"):
            self.set_next(frame)
        else:
            self.set_step()


def test_a_debugger_of_the_standard_library_stops_where_the_right_answers_say(pool: Pool) -> None:
    calls = [str(n) for n in range(2, 6)]
    questions = [
        question
        for run in pool.run([Job(MOVED, "f", call, record="trace") for call in calls])
        for question in asked("debugger", run)
        if not question.facts["move"].startswith("back ")
    ]
    assert {question.facts["move"] for question in questions} >= {"next", "out", "to"}
    for question in questions:
        names: dict[str, object] = {}
        exec(compile(MOVED, "moved", "exec"), names)
        mover = Mover(question)
        mover.runeval(f"f({question.facts['call']})", names)
        line, *seen = question.gold[0].split("\n")
        if mover.found is None:
            assert line == "-1"
        else:
            assert (int(line), dict(each.split(" = ", 1) for each in seen)) == (mover.found.line, mover.found.seen)


class EveryMove(Debugger):
    """Asks about each move once."""

    limit = 8


def test_a_move_back_leads_to_where_the_same_move_forward_comes_from(pool: Pool) -> None:
    source = "def g(x):\n    return x\ndef f(n):\n    m = g(n)\n    return m\n"
    [run] = pool.run([Job(source, "f", "4", record="trace")])
    found = {question.facts["move"]: question.gold[0] for question in EveryMove().collect(run).questions}
    assert (found["out"], found["back out"], found["back next"]) == ("5\nn = 4\nm = 4", "4\nn = 4", "4\nn = 4")


@pytest.mark.parametrize("name", ["raises", "halts", "lines", "call-graph", "debugger", "equivalent"])
def test_every_claim_of_a_chain_to_the_answer_is_true(name: str, pool: Pool) -> None:
    [run] = pool.run([Job(MOVED, "f", "3", record="trace")])
    for question in asked(name, run, pool):
        report = audit(narrate(question, run, "steps").text, run)
        assert report.checked
        assert report.true == report.checked
