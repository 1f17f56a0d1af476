"""YAML configs with the words of the options; options made from dataclasses."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import click
import pytest
import yaml
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from tests.cli.conftest import Command

from codereasoner import renamed
from codereasoner.cli import app
from codereasoner.cli.config_command import ConfigCommand, save_config
from codereasoner.cli.options import config_options
from codereasoner.errors import ConfigError
from codereasoner.stages.stage_options import parse_setting


@dataclass(frozen=True)
class Config:
    """One field of each kind."""

    count: int = field(default=3, metadata={"help": "How many."})
    rate: float | None = None
    lora: bool = False
    mode: Literal["fast", "slow"] = "fast"
    tasks: tuple[str, ...] = ("output",)


SEEN: list[Config] = []


@click.command("some", cls=ConfigCommand)
@config_options(Config)
def some(config: Config) -> None:
    SEEN.append(config)
    save_config(Path())


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def config(runner: CliRunner, *words: str) -> Config:
    result = runner.invoke(some, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return SEEN[-1]


def test_every_field_is_an_option(run: CliRunner) -> None:
    made = config(run, "--count", "5", "--rate", "0.5", "--lora", "--mode", "slow", "--tasks", "a", "--tasks", "b")
    assert made == Config(5, 0.5, True, "slow", ("a", "b"))


def test_without_options_the_defaults_stand(run: CliRunner) -> None:
    assert config(run) == Config()


def test_a_config_file_has_the_same_words_and_flags_win(run: CliRunner) -> None:
    Path("c.yaml").write_text("count: 7\nlora: true\nmode: slow\ntasks: [input]\n")
    assert config(run, "--config", "c.yaml", "--mode", "fast") == Config(7, None, True, "fast", ("input",))


@pytest.mark.parametrize("value", ["[fast]", "{fast: 1}", "[]"])
def test_an_option_of_one_value_is_no_list_in_a_config_file(run: CliRunner, value: str) -> None:
    Path("c.yaml").write_text(f"mode: {value}")
    found = run.invoke(some, ["--config", "c.yaml"])
    assert isinstance(found.exception, ConfigError)
    assert "c.yaml: 'mode' is" in str(found.exception)
    assert "takes one value" in str(found.exception)


def test_the_resolved_config_can_be_given_again(run: CliRunner) -> None:
    made = config(run, "--count", "9", "--lora", "--tasks", "x")
    assert yaml.safe_load(Path("config.yaml").read_text())["count"] == 9
    assert config(run, "--config", "config.yaml") == made


def test_an_option_and_a_word_of_a_config_file_are_read_under_their_old_name(
    run: CliRunner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(renamed, "NEW_NAMES", {"option": {"number": "count"}})
    Path("c.yaml").write_text("number: 7\n")
    assert config(run, "--number", "5", "--tasks", "x").count == 5
    assert config(run, "--number=6").count == 6
    assert config(run, "--config", "c.yaml").count == 7


def test_the_saved_config_names_the_whole_command_line(run: CliRunner) -> None:
    config(run, "--count", "9", "--tasks", "a b")
    assert Path("config.yaml").read_text().startswith("# codereasoner some --count 9 --tasks 'a b'\n")


def test_a_path_below_the_home_folder_is_found_where_no_shell_writes_it_out(
    run: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    Path("c.yaml").write_text("tasks: [~/a, path=~/b, c~/d, '~e', difficulty=~]\n")
    assert config(run, "--config", "c.yaml").tasks == ("/home/me/a", "path=/home/me/b", "c~/d", "~e", "difficulty=~")
    given = config(run, "--tasks=~/a", "--tasks", "path=~/b", "--tasks=path=~/c").tasks
    assert given == ("/home/me/a", "path=/home/me/b", "path=/home/me/c")


TEXT = "See https://me:you@example.org/a?b=c#d, or 'https://example.org?e=f' alone"


@pytest.mark.parametrize("text", [TEXT, f"words={TEXT}", "https://example.org/?a=b is a page", "a? https://b.org/?c"])
def test_an_address_in_a_text_is_written_as_it_is(run: CliRunner, text: str) -> None:
    made = config(run, "--tasks", text)
    first = Path("config.yaml").read_text().splitlines()[0]
    assert shlex.split(first)[-1] == text
    assert config(run, "--config", "config.yaml") == made


@pytest.mark.parametrize(
    "value", ["{}", "url={}", "a.base-url={}", "url='{}'", 'set={"url": "{}"}', "set={n: 1, url: {}}", "set=[1, {}]"]
)
@pytest.mark.parametrize("after", ["", "#there"])
def test_the_address_of_a_server_is_written_without_secrets(run: CliRunner, value: str, after: str) -> None:
    config(run, f"--tasks={value.replace('{}', f'HTTPS://me:SECRET@host:8/v1?key=SECRET{after}')}")
    assert "SECRET" not in Path("config.yaml").read_text()
    assert Path("config.yaml").read_text().count("HTTPS://host:8/v1") == 2


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["evaluate", "cruxe"], {"cruxeval-i", "cruxeval-o"}),
        (["evaluate", "set/q"], {"set/q"}),
        (["ask", "--task", "out"], {"output"}),
        (["sft", "--preset", "sft-sc"], {"sft-scratch"}),
    ],
)
def test_the_shell_completes_names_of_benchmarks_tasks_and_presets_and_files(
    words: list[str], wanted: set[str]
) -> None:
    shell = ShellComplete(app, {}, "codereasoner", "_CODEREASONER_COMPLETE")
    found = shell.get_completions(words[:-1], words[-1])
    assert {each.value for each in found} == wanted
    assert {each.type for each in found} == {"file" if "/" in words[-1] else "plain"}


def test_a_mapping_in_a_config_file_is_a_list_of_settings_with_values_of_any_kind(run: CliRunner) -> None:
    Path("c.yaml").write_text("tasks: {a: {x: [1, null]}, b: text, c: 1.5}\n")
    assert config(run, "--config", "c.yaml").tasks == ('a={"x": [1, null]}', 'b="text"', "c=1.5")
    assert [parse_setting(text)[1] for text in SEEN[-1].tasks] == [{"x": [1, None]}, "text", 1.5]


def test_json_that_is_nested_too_deeply_to_be_written_is_refused(command: Command) -> None:
    for depth, told in ((60, "is nested more than 50 deep"), (900, "Invalid value for '--extra-body'")):
        body = '{"a":' * depth + "1" + "}" * depth
        code, _, err = command("evaluate", "q.jsonl", "--model", "openai:m", "--extra-body", body)
        assert code == 2
        assert told in err
