"""Tasks describe themselves: the other stages know none by its name, so that a plug-in is treated as a built-in one."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.chains.input_search import search_calls
from codereasoner.chains.narrator import narrate, narrate_search
from codereasoner.evaluation.error_analysis import mistake
from codereasoner.evaluation.quiz_questions import stable_tasks
from codereasoner.evaluation.rerun_programs import rerun, unreadable_golds
from codereasoner.evaluation.results import Numbers
from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_records, write_records
from codereasoner.records import Job, Run
from codereasoner.reports.cards import accuracy_table
from codereasoner.reports.result_rows import results
from codereasoner.reports.run_folder import Evaluation
from codereasoner.stages.balance_sets import AXES, Choice, choose_questions
from codereasoner.task import Misreading, Question, Task

PACKAGE = Path(__file__).parents[2] / "src" / "codereasoner"
SOURCE = "def f(n):\n    if n > 2:\n        n = n * 2\n    return n\n"


class Doubled(Task):
    """What is the variable n when the call ends?"""

    name = "last-n"
    request = "Give the value of n at the end."
    short = "at the end"
    observes = "value"
    answers = "literal"

    def ask(self, run: Run) -> Iterator[Question]:
        yield self.question(run, {"source": run.source, "entry": run.entry, "call": run.call}, [run.value or ""])

    def statement(self, question: Question) -> str:
        return f"{question.facts['source']}\nf({question.facts['call']}); n == ??"

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        return answer == question.gold[0]

    def conclude_at(self, question: Question, state: Mapping[str, str], following: int | None) -> str:
        return f"At the end n = {state['n']}."

    def locate_error(self, question: Question, answer: str, run: Run | None) -> Misreading:
        return Misreading("result", answer, question.gold[0])

    def rerun_job(self, question: Question) -> tuple[Job, str]:
        facts = question.facts
        return Job(facts["source"], facts["entry"], facts["call"]), question.gold[0]


class Call(Doubled):
    """Which call gives this value?"""

    name = "some-call"
    direction = "backward"

    def ask(self, run: Run) -> Iterator[Question]:
        facts = {"source": run.source, "entry": run.entry, "value": run.value}
        yield self.question(run, facts, [run.expression])


@pytest.fixture
def run(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(extend, "_registered", {})
    extend.register(Doubled)
    extend.register(Call)
    return pool.run([Job(SOURCE, "f", "4", record="trace")])[0]


def asked(name: str, run: Run) -> Question:
    return extend.task(name).collect(run).questions[0]


def test_no_stage_compares_a_questions_task_with_a_name() -> None:
    names = set(extend.available("task"))
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] in ("tasks", "benchmarks"):  # a benchmark makes its own questions
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Compare(left=ast.Attribute(attr="task") | ast.Name(id="task"), comparators=[right]):
                    texts = {each.value for each in ast.walk(right) if isinstance(each, ast.Constant)}
                    found += [f"{path.name}:{node.lineno}"] if texts & names else []
    assert found == []


def test_a_plug_ins_questions_are_balanced_in_its_direction(run: Run, tmp_path: Path) -> None:
    write_records(tmp_path / "questions.jsonl", [asked(name, run) for name in ("last-n", "some-call", "output")], {})
    choose_questions(Choice(tmp_path / "questions.jsonl", {"": 2}), tmp_path / "chosen.jsonl")
    assert AXES[0] == "direction"
    chosen = [each.task for each in read_records(tmp_path / "chosen.jsonl", Question)]
    assert len(chosen) == 2
    assert "some-call" in chosen


def test_a_plug_ins_chain_ends_with_its_own_conclusion_and_a_backward_one_searches(run: Run, pool: Pool) -> None:
    assert narrate(asked("last-n", run), run).text.endswith("At the end n = 8.")
    call = asked("some-call", run)
    assert narrate_search(call, search_calls([call], pool.run)[0]).text.startswith("Wanted: 8\n")


def test_a_plug_ins_wrong_answers_have_a_class(run: Run) -> None:
    found = mistake(asked("last-n", run), "wrong", "4", "another value", "", run)
    assert found is not None
    assert found.kind == "wrong_branch"


def test_a_plug_ins_recorded_answers_are_run_again_and_read(run: Run, pool: Pool) -> None:
    question = asked("last-n", run)
    wrong = Question(question.task, question.facts, ("nan()",), id="wrong")
    result = rerun([question, wrong], pool.run)
    assert (result["agree"], [row["id"] for row in result["ill_posed"]]) == (1, ["wrong"])
    assert [row["id"] for row in unreadable_golds([question, wrong])] == ["wrong"]


def test_a_plug_in_has_its_short_name_in_tables(run: Run) -> None:
    by_task: dict[str, Numbers] = {
        name: {"pass@1": 50.0} for name in ("state", "some-call", "output", "gone", "last-n")
    }
    assert accuracy_table(results([Evaluation(Path(), "test", "m", {"by_task": by_task})]))[0] == [
        *("model", "at the end (last-n)", "forward (output)", "at the end (some-call)", "gone", "state", "all"),
    ]


def test_a_plug_in_says_whether_the_hash_seed_can_change_its_answers(pool: Pool) -> None:
    source = "def f(n):\n    for each in {'a', 'b', 'c', 'd'}:\n        last = each\n    return n\n"
    run = pool.run([Job(source, "f", "1", record="trace")])[0]
    extend.register(Doubled)
    with Pool(workers=1, hash_seed=1) as again:
        tasks, warning = stable_tasks(run, ("output", "state", "last-n"), again.run)
    assert tasks == ("output", "last-n") or not warning
