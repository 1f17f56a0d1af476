"""The Python interface: three lines for a researcher, and one sentence where something cannot be done."""

from __future__ import annotations

import asyncio
import doctest
import enum
import json
import math
import pickle
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest

import codereasoner as cr
from codereasoner import api, extend
from codereasoner.errors import ConfigError, DataError, Shortfall, UnknownName, UserError
from codereasoner.models.function import FunctionModel
from codereasoner.records import Run
from codereasoner.sources.program_files import Files
from codereasoner.task import Question, Task

SOURCE = "def f(x):\n    return x[::-1]\n"
FACTOR = 2
SPLITS: tuple[Literal["train", "rl", "test"], ...] = ("train", "rl", "test")


class Switch(enum.Enum):
    ON = 1


def scaled(values: list[int]) -> list[int]:
    return [value * FACTOR for value in values]


def total(values: list[int], start: int = 0) -> float:
    for value in scaled(values):
        start += value
    return math.floor(start)


@pytest.fixture(scope="module")
def run() -> Run:
    return cr.trace(SOURCE, "f([1, 2])")


def test_the_examples_of_the_docstrings_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets")
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(api)
    assert found.attempted >= 15
    assert found.failed == 0


def test_importing_the_package_imports_nothing_else_of_it_and_no_library() -> None:
    code = "import sys; before = set(sys.modules); import codereasoner; print(sorted(set(sys.modules) - before))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['codereasoner']"


def test_every_name_of_the_interface_is_there_and_no_other() -> None:
    assert all(callable(getattr(cr, name)) for name in cr.__all__)
    assert set(cr.__all__) <= set(dir(cr))
    with pytest.raises(AttributeError, match=r"has no attribute 'evalute'; it has: ask, .*evaluate"):
        cr.evalute  # noqa: B018


def test_a_function_is_traced_with_the_helpers_constants_and_imports_that_it_uses() -> None:
    run = cr.trace(total, [1, 2], start=3)
    assert (run.outcome, run.value) == ("ok", "9")
    assert "import math" in run.source
    assert "FACTOR = 2" in run.source
    assert run.source.index("def scaled") < run.source.index("def total")


def test_a_run_shows_its_annotated_source_as_text_and_in_a_notebook(run: Run) -> None:
    assert re.search(r"2 +×1 +return x\[::-1\] +returns \[2, 1\]", str(run))
    page = run._repr_html_()
    assert page.startswith("<pre")
    assert "returns [2, 1]" in re.sub(r"<[^>]*>", "", page)


def test_a_notebook_shows_questions_and_grades_as_tables_without_markup_of_theirs(run: Run) -> None:
    page = Question("output", {"source": "def f(): return '<b>'", "call": ""}, ("'<b>'", "1"), id="7")._repr_html_()
    assert "<th>task</th><td><pre>output</pre>" in page
    assert "<th>source</th><td><pre>def f(): return &#x27;&lt;b&gt;&#x27;</pre>" in page
    assert "<th>gold</th><td><pre>&#x27;&lt;b&gt;&#x27;\n1</pre>" in page
    assert "split" not in page
    [question] = cr.ask(run, "output")
    assert "<th>outcome</th><td><pre>correct</pre>" in cr.grade(question, "<answer>[2, 1]</answer>")._repr_html_()


def test_a_notebook_shows_a_run_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    shown: list[object] = []
    monkeypatch.setattr("rich.jupyter.display", lambda *parts: shown.append(parts))
    assert "returns [2, 1]" in str(run)
    assert "returns" in run._repr_html_()
    assert shown == []


def test_a_call_of_a_mistyped_function_names_those_there_are() -> None:
    with pytest.raises(UnknownName, match="function 'totl' is unknown, did you mean 'total'\\?; there are: total"):
        cr.trace("def total(values):\n    return sum(values)", "totl([1])")


def test_questions_prompts_grades_and_chains_of_a_run(run: Run) -> None:
    [question] = cr.ask(run, "output")
    assert {each.task for each in cr.ask(cr.trace(total, [1, 2]))} >= {"output", "input", "state", "path"}
    assert "assert f([1, 2]) == ??" in cr.prompt(question, style="direct")[-1]["content"]
    grade = cr.grade(question, "<answer>[2, 1]</answer>")
    assert (grade.outcome, grade.reward) == ("correct", 1.0)
    assert cr.grade(question, "<answer>[2, 1", finish="length").outcome == "truncated"
    backward = cr.ask(run, "input")[0]
    both = cr.grade_many(iter([question, backward]), iter(["<answer>[1, 2]</answer>", "<answer>f([1, 2])</answer>"]))
    assert [each.outcome for each in both] == ["wrong", "correct"]
    assert cr.explain(question, run).text.endswith("So f([1, 2]) returns [2, 1].")


def test_a_question_may_come_as_a_row_or_as_the_text_of_a_column(run: Run) -> None:
    [question] = cr.ask(run, "output")
    for form in (question, question.to_json(), json.dumps(question.to_json())):
        assert cr.grade(form, "<answer>[2, 1]</answer>").reward == 1.0


class Reversed(Task):
    """Is the returned list the argument reversed?"""

    name = "reversed-here"
    request = "Say yes or no."

    def ask(self, run: Run) -> list[Question]:
        return [self.question(run, {"source": run.source}, ["yes"])]

    def statement(self, question: Question) -> str:
        return str(question.facts["source"])

    def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
        return answer == "yes"


def test_a_task_may_be_handed_over_as_a_class(run: Run) -> None:
    [question] = cr.ask(run, Reversed)
    assert question.task == "reversed-here"
    assert cr.grade(question, "<answer>yes</answer>").reward == 1.0


def test_a_task_of_the_registry_is_handed_over_as_itself_or_as_its_class(run: Run) -> None:
    task = extend.task("output")
    assert cr.ask(run, task) == cr.ask(run, type(task)) == cr.ask(run, "output")


def test_an_evaluation_has_its_accuracy_interval_and_a_table(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    result = cr.evaluate(cr.ask(run, "output", "input"), "scripted:gold", out=tmp_path / "gold")
    assert result.pass_at_1 == 100.0
    assert result.interval[0] < 100.0
    assert list(result.to_pandas()["outcome"]) == ["correct", "correct"]
    assert "scripted:gold on questions: 100.0 %" in repr(result)


def test_an_evaluation_of_something_else_is_kept_until_one_begins_anew(run: Run, tmp_path: Path) -> None:
    questions = cr.ask(run, "output")
    cr.evaluate(questions, "scripted:gold", out=tmp_path / "kept")
    with pytest.raises(ConfigError, match=r"kept holds a finished result of other options \(style: .*") as told:
        cr.evaluate(questions, "scripted:gold", style="direct", out=tmp_path / "kept")
    assert "give fresh=True to start over" in str(told.value)
    assert str(told.value).endswith("or another out=")
    assert cr.evaluate(questions, "scripted:wrong", out=tmp_path / "kept", fresh=True).pass_at_1 == 0.0
    assert "100.0" in (tmp_path / "kept.old" / "summary.json").read_text()


def test_an_error_names_arguments_of_python_and_not_options(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ConfigError, match="or give base_url= of a local server"):
        cr.evaluate(cr.ask(run, "output"), "openai:NAME", out=tmp_path / "none")
    with pytest.raises(DataError, match="give data= the file or folder of cruxeval-o"):
        cr.load("cruxeval-o", tmp_path / "none.jsonl")
    with pytest.raises(DataError, match=r"none--data\.jsonl"):
        cr.load("cruxeval-o", tmp_path / "none--data.jsonl")
    with pytest.raises(ConfigError, match=r"^((?!--).)*$"):
        cr.programs(1, source="dataset")


def test_python_and_the_command_line_keep_an_evaluation_in_the_same_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cr.evaluate(cr.ask(run, "output"), "scripted:gold").folder == Path("evaluations/questions@scripted-gold")


def test_an_evaluation_without_any_verdict_is_no_accuracy(run: Run, tmp_path: Path) -> None:
    class Fails(Task):
        name, request = "fails", "Give a number."

        def ask(self, run: Run) -> Any:
            yield self.question(run, {"source": run.source, "entry": run.entry, "call": run.call}, ["1"])

        def statement(self, question: Question) -> str:
            return "?? == 1"

        def verify(self, question: Question, answer: str, run: Run | None = None) -> bool:
            return int(answer) == 1

    with pytest.raises(Shortfall, match="no answer could be graded: 1 x the verifier failed: ValueError: invalid"):
        cr.evaluate(cr.ask(run, Fails), lambda messages: "<answer>one</answer>", out=tmp_path / "none")


def test_an_evaluation_without_any_answer_is_no_accuracy(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Shortfall, match="no request was answered: "):
        cr.evaluate(
            cr.ask(run, "output"), "openai:NAME", base_url="http://127.0.0.1:9/v1", out=tmp_path / "none", retries=0
        )


def test_the_reward_is_pickled_and_is_the_same_from_async_code(run: Run) -> None:
    [question] = cr.ask(run, "output")
    text = json.dumps(question.to_json())
    reward = pickle.loads(pickle.dumps(cr.reward()))
    completions = ["<answer>[2, 1]</answer>", "=[2, 1]"]
    columns = {"question": [text, text], "style": ["reasoning", "terse"]}
    assert reward(["", ""], completions, **columns) == [1.0, 1.0]
    assert asyncio.run(reward.score(["", ""], completions, **columns)) == [1.0, 1.0]


def test_a_function_answers_as_a_model_and_another_one_of_its_name_is_another_model(run: Run, tmp_path: Path) -> None:
    question = cr.ask(run, "output")[0]
    asked: list[str] = []

    def right(messages: Any) -> str:
        asked.append(messages[-1]["content"])
        return "<answer>[2, 1]</answer>"

    for _ in range(2):
        assert cr.evaluate(question, right, out=tmp_path / "right").pass_at_1 == 100.0
    [prompt] = asked
    assert "f([1, 2])" in prompt
    with pytest.raises(ConfigError, match="holds a finished result of other options"):
        cr.evaluate(question, lambda messages: "<answer>2</answer>", out=tmp_path / "right")
    with pytest.raises(UnknownName):
        cr.evaluate(question, "function:right")

    def says(text: str) -> Any:
        return lambda messages: text

    class Client:
        def ask(self, messages: Any, text: str = "") -> str:
            return text

    def first(messages: Any) -> str:
        return second(messages)

    def second(messages: Any) -> str:
        return first(messages)

    alike = [first, second, says("1"), says("2"), Client().ask, Client().ask]
    alike += [partial(Client().ask, text="1"), partial(says, "1"), partial(says, "2")]
    assert len({FunctionModel(each).identity for each in alike}) == len(alike)
    with pytest.raises(ConfigError, match="lambda returned NoneType, and must return a text"):
        cr.evaluate(question, lambda messages: None, out=tmp_path / "none")  # type: ignore[arg-type, return-value]


def test_the_reward_reads_questions_as_objects_and_says_where_they_are_missing(run: Run) -> None:
    question = cr.ask(run, "output")[0].to_json()
    assert cr.reward()(["", ""], ["<answer>[2, 1]</answer>", "2"], question=[question, question]) == [1.0, 0.0]
    with pytest.raises(DataError, match="the rows need the column `question`"):
        cr.reward()([""], ["<answer>[2, 1]</answer>"])


@pytest.mark.parametrize(
    ("program", "arguments", "sentence"),
    [
        (lambda x: x, ([1],), "a lambda has no name to call it by: define it with def"),
        (len, ([1],), "<built-in function len> is not a function defined with def"),
        (total, (object(),), "an argument cannot be written down: a value of type object has no literal"),
        (total, (Switch.ON,), "an argument cannot be written down: a value of type Switch has no literal"),
        (SOURCE, ([1, 2],), "a program as text takes its call as text"),
        (SOURCE, ("f",), "a call such as"),
    ],
)
def test_what_cannot_be_traced_is_said_in_one_sentence(
    program: object, arguments: tuple[object, ...], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        cr.trace(program, *arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"temperature": 0.8}, "temperature belongs to the sampling: sampling=codereasoner.extend.Sampling("),
        ({"concurency": 3}, "the model has no option 'concurency', did you mean 'concurrency'?; it has: base_url"),
    ],
)
def test_an_option_that_no_model_reads_is_not_passed_over(
    run: Run, tmp_path: Path, options: dict[str, Any], sentence: str
) -> None:
    pytest.importorskip("httpx2")
    [question] = cr.ask(run, "output")
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        cr.evaluate(question, "openai:m", base_url="http://127.0.0.1:9/v1", out=tmp_path / "e", **options)
    for model in ("scripted:gold", lambda messages: ""):
        with pytest.raises(ConfigError, match=r"belongs to the sampling|the model has no option 'concurency'"):
            cr.evaluate(question, model, out=tmp_path / "e", **options)
    assert not (tmp_path / "e").exists()


def test_what_is_no_question_is_refused_in_one_sentence(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"a question is wanted, .* not int: cr\.ask makes them"):
        cr.evaluate([*cr.ask(run, "output"), 3], "scripted:gold", out=tmp_path)  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("cr.trace('digits.py', 'f(1)')", "'digits.py' is the name of a file: give its text, Path('digits.py').read"),
        ("cr.ask(run, ['output', 'state'])", "a task is a name or a Task, not list"),
        ("cr.prompt(question, None)", "style must be a style or its name, not None"),
        ("cr.grade(question, '1', 5)", "style must be a style or its name, not 5"),
        ("cr.reward(5)", "style must be a style or its name, not 5"),
        ("cr.grade('f(1)', '1')", "a question is wanted, as the column `question` has it, not 'f(1)': not JSON"),
        ("cr.grade_many([question], '1')", "a list of questions and a list of completions are wanted"),
        ("cr.grade_many(question, ['1'])", "a list of questions and a list of completions are wanted"),
        ("cr.grade_many([question], None)", "a list of questions and a list of completions are wanted"),
        ("cr.grade_many([question] * 4, ['1'] * 4, finishes='stop')", "a list of questions and a list of completions"),
        ("cr.explain(None, run)", "question must be a question of cr.ask, not None"),
        ("cr.explain(question, None)", "run must be a run of cr.trace, not None"),
        ("cr.dataset(5)", "path must be a path, not 5"),
        ("cr.load(5)", "benchmark must be the name of a benchmark, not 5"),
        ("cr.load('cruxeval-o', 5)", "data must be a path, not 5"),
        ("cr.programs(2, source=None)", "source must be a source or its name, not None"),
        ("cr.pool(workers='2').__enter__()", "workers must be a whole number, not '2'"),
        ("cr.pool(limits=5).__enter__()", "limits must be codereasoner.execution.pool.Limits, not 5"),
        ("cr.pool(preload='json').__enter__()", "preload is a list of modules: preload=['json']"),
        ("cr.evaluate(None, 'scripted:gold')", "a question is wanted, or its row or JSON text, not NoneType"),
        ("cr.evaluate(question, None)", "a model is a name, a Model, or a function of messages, not None"),
        ("cr.evaluate(question, lambda: '')", "lambda must take the messages of a prompt: too many positional"),
        ("cr.evaluate(question, answer_later)", "answer_later is async, and must return a text: lambda messages: asy"),
        ("cr.evaluate(question, 'scripted:gold', limit='3')", "limit must be a whole number, not '3'"),
        ("cr.evaluate(question, 'scripted:gold', samples=True)", "samples must be a whole number, not True"),
        ("cr.evaluate(question, 'scripted:gold', style=5)", "style must be a style or its name, not 5"),
        ("cr.evaluate(question, 'scripted:gold', out=5)", "out must be a path, not 5"),
        ("cr.evaluate(question, 'scripted:gold', out='/proc/e')", "out= /proc/e: nothing can be written in /proc ("),
        ("cr.evaluate(question, 'scripted:gold', sampling={})", "sampling must be codereasoner.extend.Sampling("),
        ("cr.evaluate(question, 'openai:m', base_url=5)", "the address of a server begins with http:// or https://"),
        ("extend.Sampling(temperature='1')", "temperature is '1', and must be a number"),
        ("extend.Sampling(max_tokens=2.5)", "max_tokens is 2.5, and must be a whole number"),
    ],
)
def test_an_argument_of_another_type_is_said_in_one_sentence(run: Run, words: str, sentence: str) -> None:
    async def answer_later(messages: object) -> str:
        return ""

    [question] = cr.ask(run, "output")
    if "openai:" in words:
        pytest.importorskip("httpx2")
    with pytest.raises(UserError, match=re.escape(sentence)):
        eval(words, {**globals(), "extend": extend, "run": run, "question": question, "answer_later": answer_later})


def test_a_row_of_a_file_of_questions_is_a_question(run: Run, tmp_path: Path) -> None:
    [question] = cr.ask(run, "output")
    assert cr.evaluate(question.to_json(), "scripted:gold", out=tmp_path / "e").pass_at_1 == 100
    assert cr.grade(json.dumps(question.to_json()), "<answer>[2, 1]</answer>").outcome == "correct"


def test_a_function_made_by_exec_is_refused_in_one_sentence() -> None:
    made: dict[str, Any] = {}
    exec("def made(x): return x", made)
    with pytest.raises(ConfigError, match="made has no source at hand"):
        cr.trace(made["made"], 1)


def test_what_is_no_run_no_completion_and_not_the_run_of_a_question_is_refused_in_one_sentence(run: Run) -> None:
    [question] = cr.ask(run, "output")
    with pytest.raises(ConfigError, match=r"a run is wanted, not str: cr\.trace makes one"):
        cr.ask("f([1, 2])", "output")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="a completion is the text that a model wrote, not NoneType"):
        cr.grade(question, None)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"the question was not asked about f\(\[3\]\): give the run"):
        cr.explain(question, cr.trace(SOURCE, "f([3])"))


def test_a_question_of_a_task_that_is_not_at_hand_is_said_in_one_sentence(run: Run) -> None:
    with pytest.raises(UnknownName, match="task 'no-such' is unknown"):
        cr.grade(Question("no-such", {}, ("1",)), "1")
    with pytest.raises(DataError, match=r"the task of question .* is not at hand: there is no file /nowhere/gone\.py"):
        cr.grade(Question("gone", {}, ("1",), plugin="/nowhere/gone.py:Gone"), "1")
    with pytest.raises(ConfigError, match=r"a question is wanted, .* not TracedRun"):
        cr.grade(run, "1")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="2 questions have 1 completions"):
        cr.grade_many(cr.ask(run, "output", "input"), ["1"])


def test_programs_come_from_the_grammar_from_a_source_by_name_and_from_a_source_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f(x):\n    return x\nprint(f(3))\n")
    assert {each.features["difficulty"] for each in cr.programs(3, difficulty=3)} == {3}
    assert cr.programs(3) == cr.programs(5)[:3]
    assert {each.split for each in cr.programs(2, split="test")} == {"test"}
    found = [each for split in SPLITS for each in cr.programs(9, source=Files(tmp_path), split=split)]
    assert [each.calls for each in found] == [("3",)]


@pytest.mark.parametrize(
    ("count", "settings", "why"),
    [
        (0, {}, "count is 0, and must be a whole number of at least 1"),
        (True, {}, "count is True"),
        (2.5, {}, "count is 2.5"),
        (1, {"difficulty": 9}, "difficulty must be 0 to 5 or None, not 9"),
        (1, {"difficulty": True}, "difficulty must be 0 to 5 or None, not True"),
        (1, {"calls": "many"}, "calls must be a whole number of at least 1, not 'many'"),
        (1, {"split": "dev"}, "split 'dev' is unknown; there are: train, rl, test"),
        (1, {"source": "packages", "difficulty": 2}, "source 'packages' has no option 'difficulty'"),
        (1, {"source": Files("."), "difficulty": 2}, "the source is made already: give difficulty to it"),
    ],
)
def test_programs_that_cannot_be_given_are_refused_in_one_sentence(
    count: int, settings: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(why)):
        cr.programs(count, **settings)


def test_ask_warns_why_there_is_no_question() -> None:
    run = cr.trace("def f(x):\n    return 1 // x", "f(0)")
    with pytest.warns(UserWarning, match=r"nothing to ask about f\(0\): the call raised$"):
        assert cr.ask(run, "output", "path") == []
    assert cr.ask(run, "output", "raises")


def test_what_another_function_uses_is_no_chance_and_what_this_one_does_is_said_once_with_its_line() -> None:
    source = "import random\n\ndef g(x):\n    return random.random()\n\ndef f(x):\n    return x\n"
    assert len(cr.ask(cr.trace(source, "f(1)"), "output", "input")) == 2
    with pytest.warns(UserWarning, match=r"about g\(1\): the program depends on chance.*\(random\) on line 4$"):
        assert cr.ask(cr.trace(source, "g(1)"), "output", "input") == []
