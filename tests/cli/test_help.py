"""The help pages: they read alone, their examples work, and they are there at once."""

from __future__ import annotations

import builtins
import contextlib
import inspect
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
from tests.cli.conftest import Command

from codereasoner.chains.narrator import DETAILS
from codereasoner.cli import app
from codereasoner.cli.commands import FILES, GROUPS
from codereasoner.evaluation.augment import NAMES as AUGMENTATIONS
from codereasoner.evaluation.quiz_questions import TASKS
from codereasoner.evaluation.score import GRADERS
from codereasoner.stages.engine import NAMES as ENGINES
from codereasoner.thoughts import Effort, Thinking

FOREIGN = ("Of ", "Beside ", "Again", "So many", "Where ")
LIBRARIES = {"asyncio", "datasets", "numpy", "pyarrow", "rich", "scipy", "sqlite3", "torch", "transformers", "yaml"}
PROGRAM = """\
def total(values, rate=1):
    found = 0
    for each in values:
        found += each * rate
    return found
"""
CODE = {"code": "def f(x):\n    return x + 1", "input": "3", "output": "4"}
QUESTIONS = [{"id": f"sample_{number}", **CODE} for number in range(3)]
NAMES = [name for group in GROUPS.values() for name in group]
LONG = ("demo", "experiment")
"""Commands whose example takes minutes; their own tests run them with smaller numbers."""
TRAINED = ("grpo", "rft")
"""Commands whose example needs a model that solves some questions; tests/training runs them."""


def command_of(name: str) -> click.Command:
    found = app.get_command(click.Context(app), name)
    assert found is not None
    return found


def options_of(name: str) -> Iterator[click.Option]:
    return (each for each in command_of(name).params if isinstance(each, click.Option))


def with_subcommands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield a command, and those below it where it is a group."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            inner = command.get_command(context, each)
            assert inner is not None
            yield from with_subcommands(f"{name} {each}", inner)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_has_a_help_text_that_reads_alone(name: str) -> None:
    for place, command in with_subcommands(name, command_of(name)):
        for option in (each for each in command.params if isinstance(each, click.Option)):
            words, shown = option.help or "", f"{place} {option.opts[0]}: {option.help}"
            assert words, f"{place} {option.opts[0]} has no help text"
            assert not words.startswith(FOREIGN), shown
            assert words[0].isupper() or words[0] in "\"'[{", shown
            assert words.rstrip().endswith((".", ")", "]")), shown
            record = option.get_help_record(click.Context(command))
            assert record is None or record[1].count("default: ") <= 1, f"{shown} It has two defaults."
            assert "Kind of question" not in words or "or file.py:CLASS; repeat it." in words, shown
        assert "None" not in command.get_help(click.Context(command)), f"{place}: a range without an end"


@pytest.mark.parametrize(
    ("command", "option", "values"),
    [
        ("chain", "detail", DETAILS),
        ("evaluate", "augment", AUGMENTATIONS),
        ("evaluate", "thinking", get_args(Thinking)),
        ("evaluate", "effort", get_args(Effort)),
        ("score", "grader", GRADERS),
        ("build", "engine", ENGINES),
    ],
)
def test_the_choices_of_an_option_are_those_of_the_library(command: str, option: str, values: tuple[str, ...]) -> None:
    [found] = [each.type for each in options_of(command) if each.name == option]
    assert isinstance(found, click.Choice)
    assert tuple(found.choices) == values


def test_the_tasks_of_a_quiz_are_those_of_the_library() -> None:
    [found] = [each.default for each in options_of("quiz") if each.name == "tasks"]
    assert found == TASKS


def examples_of(name: str) -> list[str]:
    """Return the command lines in a help page."""
    lines = map(str.strip, str(command_of(name).help).splitlines())
    return [line for line in lines if line.startswith("codereasoner ")]


@pytest.mark.parametrize("name", NAMES)
def test_every_help_page_has_an_example_of_its_command(name: str) -> None:
    examples = examples_of(name)
    assert "Example:\n\n\b\n    codereasoner " in inspect.cleandoc(str(command_of(name).help))  # code in Markdown, too
    for line in examples:
        first, second, *arguments = shlex.split(line)
        assert (first, second) == ("codereasoner", name)
        command_of(name).make_context(name, arguments, resilient_parsing=True)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the examples read: a file, a set, two evaluations, a small benchmark and answers to it."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "prices.py").write_text(PROGRAM)
    (folder / "cruxeval.jsonl").write_text("".join(json.dumps(row) + "\n" for row in QUESTIONS))
    (folder / "generations.json").write_text(json.dumps({str(row["id"]): ["4"] for row in QUESTIONS}))
    lines = [
        "build --train 20 --rl 10 --test 4 --workers 1 --out set",
        "evaluate set/questions.jsonl --model scripted:gold --out evaluations/first",
        "evaluate set/questions.jsonl --model scripted:copy --out evaluations/second",
        "evaluate set/questions.jsonl --model scripted:gold --out evaluations/questions@scripted-gold",
    ]
    with contextlib.chdir(folder):
        for line in lines:
            app.main([*line.split(), "--allow-weak-isolation"], standalone_mode=False)
    for name in ("programs.jsonl", "runs.parquet", "questions.jsonl", "chains.jsonl", "grpo.parquet"):
        shutil.copy(folder / "set" / name, folder / name)
    return folder


@pytest.mark.parametrize("name", [name for name in NAMES if name not in (*LONG, *TRAINED, "sft")])
def test_the_example_of_a_help_page_works(name: str, prepared: Path, command: Command, tmp_path: Path) -> None:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    [known, *_] = map(json.loads, Path("evaluations/questions@scripted-gold/prompts.jsonl").read_text().splitlines())
    for line in examples_of(name):
        words = [known["id"] if word == "ID" else word for word in shlex.split(line)[1:]]
        own = {each.opts[0] for each in options_of(name)}
        more = [each for each in ("--allow-weak-isolation", "--fresh") if each in own]
        code, _, err = command(*words, *more)
        assert code == 0, err


@pytest.mark.slow
def test_the_example_of_sft_works(prepared: Path, command: Command, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    [line] = examples_of("sft")
    code, _, err = command(*shlex.split(line)[1:])
    assert code == 0, err


IMPORTS = """
import json, os, sys
import click
from codereasoner.cli import app
from codereasoner.cli.commands import GROUPS

before = set(sys.modules)


def show(group, words, place=""):
    for name in words:
        if not os.fork():
            context = click.Context(group)
            command = group.get_command(context, name)
            command.get_help(context)
            print(json.dumps([place + name, sorted(set(sys.modules) - before)]), flush=True)
            if isinstance(command, click.Group):
                show(command, command.list_commands(context), f"{place}{name} ")
            os._exit(0)
        os.wait()


show(app, [name for group in GROUPS.values() for name in group])
"""


def test_a_help_page_imports_no_large_library_and_little_of_ours() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for name, _ in rows] == [name for top in NAMES for name, _ in with_subcommands(top, command_of(top))]
    for name, modules in rows:
        needed = {"yaml"} if name.startswith("experiment ") else set()
        assert LIBRARIES & {module.partition(".")[0] for module in modules} <= needed, name
        own = [module for module in modules if module.startswith("codereasoner.")]
        assert len(own) <= 25, (name, own)


def test_no_module_of_a_command_hides_a_built_in() -> None:
    assert not set(FILES.values()) & set(dir(builtins))
    code = (
        "import codereasoner.cli as cli; [cli.app.get_command(None, name) for name in cli.FILES]; cli.app(['--help'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "Usage:" in done.stdout, done.stderr
