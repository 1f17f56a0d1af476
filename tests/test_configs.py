"""The configurations that come with the package, and the option that takes them."""

from __future__ import annotations

import itertools
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from codereasoner import configs
from codereasoner.cli import app
from codereasoner.cli.config_command import WITH_PRESETS, presets
from codereasoner.errors import ConfigError


def command(name: str) -> click.Command:
    found = app.get_command(click.Context(app), name)
    assert found is not None
    return found


def values(*words: str) -> dict[str, object]:
    """The parameters of `codereasoner sft rows` with these words."""
    return command("sft").make_context("sft", ["rows", "--model", "m", *words]).params


def test_every_preset_is_one_of_a_command_and_every_such_command_has_some() -> None:
    fitting = {name: presets(command(name)) for name in WITH_PRESETS}
    assert all(fitting.values())
    assert sorted({name for names in fitting.values() for name in names}) == configs.names()
    assert all(name in fitting[name.partition("-")[0]] for name in configs.names() if name.startswith(WITH_PRESETS))


def test_flags_win_over_a_config_and_a_config_over_a_preset(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("batch: 3\naccumulate: 5\n")
    for words in (
        ["--preset", "sft-scratch", "--config", str(config)],
        ["--config", str(config), "--preset", "sft-scratch"],
    ):
        found = values(*words, "--accumulate", "7")
        assert (found["optimizer"], found["batch"], found["accumulate"]) == ("muon", 3, 7)


def test_a_preset_that_is_not_there_or_of_another_command_names_those_that_fit() -> None:
    with pytest.raises(
        ConfigError, match=r"no preset 'sft-papr' here; did you mean 'sft-paper'\? There are: gpu, pocket"
    ):
        values("--preset", "sft-papr")
    with pytest.raises(ConfigError, match="no preset 'pocket-prompts' here"):
        values("--preset", "pocket-prompts")


def test_the_path_of_a_configuration_is_printed() -> None:
    found = CliRunner().invoke(app, ["list", "--path", "accelerate/fsdp-8-gpus"])
    assert Path(found.stdout.strip()) == configs.FOLDER / "accelerate" / "fsdp-8-gpus.yaml"
    assert Path(found.stdout.strip()).is_file()


@pytest.mark.parametrize("name", ["../../pyproject", "/etc/passwd", "", "configs/sft-paper"])
def test_only_what_the_package_brings_is_a_configuration(name: str) -> None:
    with pytest.raises(ConfigError, match="there is no preset"):
        configs.path_of(name)


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in itertools.pairwise("abcdefghi")
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "out: &a [*a]",
        "seed: 2026-13-45",
        "seed: !!int abc",
        "seed: !!bool abc",
        "seed: !!timestamp abc",
        "seed: 1" + "0" * 5000,
        "[" * 1000,
        "seed: !!python/object/apply:os.getcwd []",
        "seed: 1\nout: a\nseed: 1",
        "set: {a: [{b: 1, 'b': 2}]}",
        "limit: 1\0",
        "limit: 1:30",
        "mix: [1:1:1.5]",
        "limit: 010",
    ],
    ids=[
        *("laughs", "endless", "date", "int", "bool", "time", "digits", "deep", "python", "twice", "inner"),
        *("nul", "base-60", "base-60-float", "base-8"),
    ],
)
def test_yaml_that_cannot_be_read_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        configs.read_yaml(text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_aliases_of_yaml_stand_for_what_they_name() -> None:
    assert configs.read_yaml("base: &b {x: 1}\nmore: {<<: *b, y: 2}\n") == {"base": {"x": 1}, "more": {"x": 1, "y": 2}}
    assert configs.read_yaml("") is None
    assert configs.read_yaml("[0, 0.5, -07.5, 0x1f, 1_000, '010', '1:30', 08]") == [
        0,
        0.5,
        -7.5,
        31,
        1000,
        "010",
        "1:30",
        "08",
    ]
    assert configs.read_yaml("{1: a, '1': b, 1.0: c}") == {1: "c", "1": "b"}


@pytest.mark.parametrize("words", [["build", "--config"], ["experiment"]])
def test_a_file_of_aliases_for_billions_ends_no_command_with_a_traceback(words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "laughs.yaml"
    path.write_text(LAUGHS)
    result = CliRunner().invoke(app, [*words, str(path)])
    assert isinstance(result.exception, ConfigError)
    assert "aliases" in str(result.exception)


def test_a_config_extends_a_preset_and_only_one_that_there_is(tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("extends: sft-24gb\nbatch: 3\n")
    found = values("--config", str(config))
    assert (found["batch"], found["lora"], found["max_length"]) == (3, 32, 2048)
    config.write_text("extends: sft-24\n")
    with pytest.raises(ConfigError, match="there is no preset 'sft-24' here"):
        values("--config", str(config))
