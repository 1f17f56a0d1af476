"""How plugins are found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.errors import DataError, UnknownName, UserError
from codereasoner.evaluation.score import score_file
from codereasoner.extend import Completion, Prompt, Question, Sampling
from codereasoner.records import Run
from codereasoner.styles import find_style
from codereasoner.task import grade_answers

PLUGIN = """
from codereasoner.task import Task

class Always(Task):
    name = "always"
    request = "Say yes."
    def ask(self, run):
        return [self.question(run, {"source": run.source}, ["yes"])]
    def statement(self, question):
        return question.facts["source"]
    def verify(self, question, answer, run=None):
        return answer == "yes"
"""


def test_a_task_is_found_by_name() -> None:
    assert extend.find("task", "output").name == "output"


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(UnknownName, match=r"'outpt' is unknown, did you mean 'output'\?; there are: .*input.*output"):
        extend.find("task", "outpt")


def test_a_task_in_a_file_is_found_by_path_and_class_name(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN)
    assert extend.find("task", f"{tmp_path}/mine.py:Always").name == "always"


def test_a_file_without_that_class_lists_those_it_has(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN)
    with pytest.raises(DataError, match=r"has no task class 'Allways'; it has: Always"):
        extend.find("task", f"{tmp_path}/mine.py:Allways")


@pytest.mark.parametrize("ends", ["raise ConfigError('no')", "raise SystemExit('no')", "raise KeyError('no')"])
def test_a_file_that_ends_before_its_end_is_no_plugin_however_often_it_is_named(tmp_path: Path, ends: str) -> None:
    (tmp_path / "mine.py").write_text(f"{PLUGIN}\nfrom codereasoner.errors import ConfigError\n{ends}\n")
    for _ in range(2):
        with pytest.raises(UserError, match="no"):
            extend.find("task", f"{tmp_path}/mine.py:Always")


def test_a_missing_plugin_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no file .*gone\.py"):
        extend.find("task", f"{tmp_path}/gone.py:Always")


QUESTION = 'self.question(run, {"source": run.source, "entry": run.entry, "call": run.call}, '


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("ask = Task.ask", "none: this task asks nothing about runs"),
        ("def ask(self, run): yield 'x'", "none: `ask` yields what is no question: 'x'"),
        ("verify = Task.verify", "the task odd has no verify"),
        ("statement = Task.statement", "the task odd has no statement"),
        ("request = None", "the task odd has no request"),
        ("del request", "the task odd has no request"),
        ("outcomes = ('ok', 'rased')", "Odd.outcomes must be a list or tuple, each one of 'ok', 'raised', 'exited'"),
        ("guesses = ('0',)", "Odd.guesses is a value; write a method: def guesses(self, question"),
        ("direction = 'back'", "Odd.direction must be one of 'forward', 'backward', not 'back'"),
        ("def guesses(self, question): return ['0']", "Odd.guesses must return answers by name"),
        ("def __init__(self): 1 / 0", "odd.py:Odd, line 9: ZeroDivisionError: division by zero"),
        ("def ask(self, run): return None", "odd.py:Odd.ask: TypeError: 'NoneType' object is not iterable"),
        ("def ask(self, run): raise KeyError(3)", "odd.py:Odd.ask, line 9: KeyError: 3"),
        (f"def ask(self, run): yield {QUESTION}'12')", "the gold of odd is a list of right answers, not the text '12'"),
        (f"def ask(self, run): yield {QUESTION}[1])", "a right answer is a text, not 1"),
        (f"def ask(self, run): yield {QUESTION}[])", "has no right answer"),
        ("def ask(self, run): yield self.question(run, {'run': run}, ['1'])", "line 9: TypeError: Object of type Run"),
        ("def statement(self, question): return None", "Odd.statement must return a text, not None"),
        ("def statement(self, question): raise RuntimeError('r')", "odd.py:Odd.statement, line 9: RuntimeError: r"),
        ("def guesses(self, question): 1 / 0", "odd.py:Odd.guesses, line 9: ZeroDivisionError: division by zero"),
        ("def statement(self, question): return question.facts['x']", "odd.py:Odd, line 9: KeyError: 'x'"),
    ],
)
def test_a_task_of_a_file_that_is_not_whole_is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, told: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(extend, "_registered", {})
    lines = ["from codereasoner.task import Task", "class Odd(Task):", "    name, request = 'odd', 'Say 1.'"]
    lines += [f"    def ask(self, run): yield {QUESTION}['1'])", "    def statement(self, question): return 'x'"]
    lines += ["    def verify(self, question, answer, run=None): return answer == '1'", "", "", f"    {method}", ""]
    (tmp_path / "odd.py").write_text("\n".join(lines))
    run = Run("def f(): return 1", "f", "", "ok", value="1")
    if told.startswith("none: "):
        assert extend.task(f"{tmp_path}/odd.py:Odd").collect(run) == ([], {told.removeprefix("none: "): 1})
        return
    with pytest.raises(UserError, match=re.escape(told)):
        extend.task(f"{tmp_path}/odd.py:Odd").collect(run)


def test_an_error_in_any_method_of_a_task_of_a_file_names_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    lines = ["from codereasoner.task import Task", "class Odd(Task):", "    name, request = 'odd2', 'Say 1.'"]
    lines += [f"    def ask(self, run): yield {QUESTION}['1'])", "    def statement(self, question): return 'x'"]
    lines += ["    def verify(self, question, answer, run=None): return answer == '1'"]
    lines += ["    def conclude(self, question): return 1 / 0", "    def locate_error(self, *about): return about[7]"]
    lines += ["    def conclude_at(self, *about): return 3", "    def prompt(self, question): return []"]
    lines += ["    def job(self, question, answer): return 'f()' if answer == '1' else answer.gone"]
    lines += ["    def parse(self, question, text, style): return int(text)"]
    (tmp_path / "odd.py").write_text("\n".join(lines))
    task = extend.task(f"{tmp_path}/odd.py:Odd")
    [question] = task.collect(Run("def f(): return 1", "f", "", "ok", value="1")).questions
    with pytest.raises(UserError, match=r"odd.py:Odd.conclude, line 7: ZeroDivisionError"):
        task.conclude(question)
    with pytest.raises(UserError, match=r"odd.py:Odd.locate_error, line 8: IndexError"):
        task.locate_error(question, "2", None)
    with pytest.raises(UserError, match=r"odd.py:Odd.conclude_at must return a text, not 3"):
        task.conclude_at(question, {}, None)
    with pytest.raises(UserError, match=r"odd.py:Odd.prompt: TypeError: Odd.prompt\(\) takes 2"):
        task.prompt(question, find_style("reasoning"))
    assert "'f()' is neither a Job, which `job` returns" in grade_answers([(task, question, "1")])[0].reason
    told = f"the verifier failed: {tmp_path}/odd.py:Odd, line 11: AttributeError: 'str' object has no attribute 'gone'"
    assert grade_answers([(task, question, "2")])[0].reason == told
    assert "odd.py:Odd, line 12: ValueError: invalid" in task.grade(question, "one", find_style("direct")).reason


def test_an_unknown_model_lists_the_schemes() -> None:
    with pytest.raises(UnknownName, match=r"model 'gpt' is unknown; there are: .*openai:NAME"):
        extend.find("model", "gpt")


@pytest.mark.parametrize("kind", ["task", "source", "model", "benchmark"])
def test_every_plugin_says_in_a_sentence_what_it_is(kind: extend.Kind) -> None:
    for name, plugin in extend.available(kind).items():
        assert (plugin.__doc__ or "").strip(), name


def test_a_plugin_of_another_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = "from codereasoner.extend import Model\nclass Alone(Model):\n    name, alone = 'alone', True\n"
    (tmp_path / "other_package.py").write_text(PLUGIN + model)
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit()\n")
    metadata = tmp_path / "other_package-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: other-package\nVersion: 1.0\n")
    entries = ["[codereasoner.tasks]", "always = other_package:Always", "gone = other_package.gone:Always"]
    entries += [
        "leaves = leaving:Always",
        "text = other_package:__name__",
        "[codereasoner.models]",
        "alone = other_package:Alone",
    ]
    (metadata / "entry_points.txt").write_text("\n".join(entries))
    monkeypatch.syspath_prepend(str(tmp_path))
    extend.available.cache_clear()
    try:
        assert extend.find("task", "always").name == "always"
        assert extend.find("model", "alone", base_url=None).target == ""
        assert "gone" not in extend.available("task")
        told = "\n".join(record.getMessage() for record in caplog.records)
        assert "the task 'gone' is left out: other_package.gone:Always: ModuleNotFoundError: " in told
        assert "the task 'leaves' is left out: leaving:Always: SystemExit" in told
        assert "the task 'text' is left out: it is no task class" in told
    finally:
        extend.available.cache_clear()


def test_entry_points_that_cannot_be_read_end_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "other_package.py").write_text(PLUGIN)
    for name, text in (
        ("bad", "[console_scripts]\nfoo\n"),
        ("good", "[codereasoner.tasks]\nw = other_package:Always\n"),
    ):
        metadata = tmp_path / f"{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    extend.available.cache_clear()
    try:
        assert {"w", "output"} <= set(extend.available("task"))
        assert "codereasoner: the entry_points.txt of bad is left out: " in caplog.text
    finally:
        extend.available.cache_clear()


SOURCE = """
from codereasoner.extend import Program, Rejected, Source
P = Program("def f(x): return x", "f", ("1",))
class Odd(Source):
    name = "odd"
    def programs(self, split, count):
        yield P
        yield Rejected("g", "no call")
"""


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("programs = Source.programs", "Odd.programs is not written, and is needed here"),
        ("def programs(self, split, count): raise OSError('o')", "Odd.programs, line 9: OSError: o"),
        ("def programs(self, split, count): yield P.gone", "Odd.programs, line 9: AttributeError: "),
        ("def programs(self, split, count): return ['def f(): ...']", "must yield programs, not 'def f(): ...'"),
        ("def programs(self, split, count): return None", "Odd.programs: TypeError: 'NoneType' object is not iterable"),
        (
            "def programs(self, split, count): yield Program('', 'f', '12')",
            "Odd.programs: Program.calls must be a list, not str: '12'",
        ),
        (
            "def programs(self, split, count): yield Program('', 3, ())",
            "Odd.programs: Program.entry must be a string, not int: 3",
        ),
        (
            "def programs(self, split, count): yield Program('', 'f', (), features=None)",
            "Odd.programs: Program.features must be an object",
        ),
        ("def programs(self, split, count): yield Program('', 'f', (), license=3)", "Program.license must be a string"),
        ("def programs(self, split, count): yield Program('', 'f', (), split='rl')", "asked for the split 'train'"),
        ("name = None", "odd.py: Odd has no name: set `name = ...` in its class"),
    ],
)
def test_a_mistake_in_a_source_of_a_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, told: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "odd.py").write_text(f"{SOURCE}    {method}\n")
    with pytest.raises(UserError, match=re.escape(told)):
        list(extend.find("source", f"{tmp_path}/odd.py:Odd").programs("train", 1))


def test_a_program_of_a_source_of_a_file_has_line_feeds_as_one_of_a_file_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    method = "def programs(self, split, count): yield Program('def f(x):\\r\\n    return x\\r\\n', 'f', ('1',))"
    (tmp_path / "odd.py").write_text(f"{SOURCE}    {method}\n")
    [program] = extend.find("source", f"{tmp_path}/odd.py:Odd").programs("train", 1)
    assert program.source == "def f(x):\n    return x\n"


MODEL = """
from codereasoner.extend import Completion, Model
C = Completion("yes")
class Odd(Model):
    name = "odd"
    def complete(self, prompts, sampling): yield 0, C
"""


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("complete = Model.complete", "Odd.complete is not written, and is needed here"),
        ("def complete(self, prompts, sampling): raise OSError('o')", "Odd.complete, line 7: OSError: o"),
        ("def complete(self, prompts, sampling): return ['yes']", "Odd.complete must yield pairs of the index"),
        ("def complete(self, prompts, sampling): yield C", "Odd.complete must yield pairs of the index"),
        ("def complete(self, prompts, sampling): yield 1, C", "Odd.complete must yield pairs of the index"),
        ("def complete(self, prompts, sampling): return 3", "Odd.complete: TypeError: 'int' object is not iterable"),
        (
            "def complete(self, prompts, sampling): yield 0, Completion(None)",
            "Odd.complete, line 7: TypeError: Completion.text must be str, not None",
        ),
        (
            "def complete(self, prompts, sampling): yield 0, Completion('a', 'eos')",
            "ValueError: Completion.finish must be one of stop, length, error, not 'eos'",
        ),
        (
            "def complete(self, prompts, sampling): yield 0, Completion('a', prompt_tokens=None)",
            "TypeError: Completion.prompt_tokens must be int, not None",
        ),
        ("name = None", "odd.py: Odd has no name: set `name = ...` in its class"),
    ],
)
def test_a_mistake_in_a_model_of_a_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, told: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "odd.py").write_text(f"{MODEL}    {method}\n")
    prompt = Prompt(Question("output", {}, ("1",)), [{"role": "user", "content": "?"}])
    with pytest.raises(UserError, match=re.escape(told)):
        list(extend.find("model", f"{tmp_path}/odd.py:Odd").complete([prompt], Sampling()))


def test_the_source_and_the_model_that_the_docs_show_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for page, name in (("data", "squares.py"), ("models", "echo.py")):
        text = Path(__file__).parents[1].joinpath("docs", f"{page}.md").read_text()
        (tmp_path / name).write_text(text.partition(f'```python title="{name}"\n')[2].partition("```")[0])
    source = extend.find("source", f"{tmp_path}/squares.py:Squares", power=3)
    program, other = source.programs("rl", 2)
    assert (program.split, program.origin, "x ** 3" in program.source) == ("rl", "squares", True)
    assert program.source != other.source
    model = extend.find("model", f"{tmp_path}/echo.py:Echo")
    prompt = Prompt(Question("output", {}, ("1",)), [{"role": "user", "content": "hello"}])
    assert list(model.complete([prompt], Sampling(max_tokens=2))) == [(0, Completion("he"))]
    assert model.identity == "echo"


BENCHMARK = """
from codereasoner.extend import Benchmark, Question
FACTS = {"source": "def f(): return 1", "entry": "f", "call": ""}
Q = Question("output", FACTS, ("1",), id="a")
class Odd(Benchmark):
    name = title = "odd"
    def load(self, data, runner=None): return [Q]
    def parse_generation(self, question, text): return text
    def grade_officially(self, questions, texts, runner): return {"a": [text == "1" for text in texts["a"]]}
"""


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("def load(self, data, runner=None): return data.gone", "Odd.load, line 10: AttributeError: "),
        ("def load(self, data, runner=None): return [{'x': 1}]", "Odd.load must return questions, not {'x': 1}"),
        ("def load(self, data, runner=None): return []", "odd has no questions: its data is empty"),
        ("def load(self, data, runner=None): return None", "Odd.load: TypeError: 'NoneType' object is not iterable"),
        ("def load(self, data, runner=None): yield Q.gone", "Odd.load, line 10: AttributeError: "),
        ("load = Benchmark.load", "Odd.load is not written, and is needed here"),
        (
            "def load(self, data, runner=None): return [Question('output', FACTS, '12')]",
            "Odd.load: Question.gold must be a list, not str: '12'",
        ),
        (
            "def load(self, data, runner=None): return [Question('output', FACTS, (1,))]",
            "each item of Question.gold must be a string",
        ),
        ("def load(self, data, runner=None): return [Question('output', {}, ('1',))]", "lacks the fact"),
        ("def load(self, data, runner=None): return [Q, Q]", "Odd.load gives 2 questions the id 'a'"),
        ("def parse_generation(self, question, text): 1 / 0", "Odd.parse_generation, line 10: ZeroDivisionError"),
        (
            "def parse_generation(self, question, text): return 3",
            "Odd.parse_generation must return a text or None, not 3",
        ),
        (
            "def grade_officially(self, *given): return {}",
            "Odd.grade_officially must give a verdict on each text of 'a'",
        ),
        ("def grade_officially(self, *given): return {'a': None}", "must give a verdict on each text of 'a'"),
        ("def grade_officially(self, *given): return None", "must return verdicts by id, not None"),
        ("def grade_officially(self, *given): raise OSError('o')", "Odd.grade_officially, line 10: OSError: o"),
        ("def metrics(self, *given): raise KeyError('m')", "Odd.metrics, line 10: KeyError: 'm'"),
        ("def metrics(self, *given): return None", "Odd.metrics must return numbers by name, not None"),
        ("def metrics(self, *given): return {'x': 'high'}", "must return numbers by name, not {'x': 'high'}"),
        ("def metrics(self, *given): return {'x': {'y': 3}}", ""),
        ("def features(self): return []", "Odd.features must be a list or tuple, not <function Odd.features"),
        ("features = 'depth'", "Odd.features must be a list or tuple, not 'depth'"),
        ("reruns = 'no'", "Odd.reruns must be True or False, not 'no'"),
        ("cpu_seconds = '1'", "Odd.cpu_seconds must be a number, not '1'"),
        ("version = '2'", ""),
        ("def load(self, data, runner=None): yield Q", ""),
    ],
)
def test_a_mistake_in_a_benchmark_of_a_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, told: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "odd.py").write_text(f"{BENCHMARK}    {method}\n")
    (tmp_path / "gen.json").write_text('{"a": ["1", "2"]}')
    given: Any = f"{tmp_path}/odd.py:Odd", tmp_path / "gen.json", tmp_path / "odd.py", "strict", list
    if not told:
        assert score_file(*given)["reasons"] == {"another value": 1}  # type: ignore[typeddict-item]
        return
    with pytest.raises(UserError, match=re.escape(told)):
        score_file(*given)
