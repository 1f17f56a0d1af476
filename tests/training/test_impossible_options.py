"""No option of a training takes a number that cannot be meant, on the command line or in a config file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from codereasoner.cli import app

MAY_BE_ZERO = {
    "seed", "weight-decay", "warmup", "adam-beta2", "lora", "checks", "readers", "step-weight", "beta", "epsilon",
    "epsilon-high", "format-bonus", "format-penalty", "overlong", "select", "dynamic-sampling", "consistency",
    "brevity",
}  # fmt: skip
"""The options of which zero turns something off, or is the first of all seeds; every other one must be more."""


def command(name: str) -> click.Command:
    found = app.get_command(click.Context(app), name)
    assert found is not None
    return found


def numbers(name: str) -> Iterator[tuple[str, str, bool]]:
    """Each option of a command that takes a number, and whether it is a whole one."""
    for each in command(name).params:
        if isinstance(each.type, click.types.IntParamType | click.types.FloatParamType):
            yield name, each.opts[0].removeprefix("--"), isinstance(each.type, click.types.IntParamType)


OPTIONS = [each for name in ("sft", "grpo", "rft") for each in numbers(name)]


def refuses(name: str, values: dict[str, str] | None, *words: str) -> str:
    """The message with which a command refuses these words, or values of a config file."""
    context: dict[str, Any] = {"default_map": values} if values else {}
    with pytest.raises(click.BadParameter) as refused:
        command(name).make_context(name, ["rows", "--model", "m", *words], **context)
    message = refused.value.format_message()
    assert "\n" not in message
    return message


@pytest.mark.parametrize(("name", "option", "whole"), OPTIONS)
def test_an_option_refuses_every_number_that_cannot_be_meant(name: str, option: str, whole: bool) -> None:
    impossible = [
        "nan",
        "inf",
        "-inf",
        "1e999",
        "-1",
        "-0.5",
        "x",
        "",
        *(["0.5", "9" * 30, "9" * 5000] if whole else []),
    ]
    impossible += [] if option in MAY_BE_ZERO else ["0"]
    for value in impossible:
        assert f"'--{option}'" in refuses(name, None, f"--{option}={value}"), value
        field = next(each.name for each in command(name).params if f"--{option}" in each.opts)
        assert refuses(name, {str(field): value})


@pytest.mark.parametrize(("name", "option", "whole"), [each for each in OPTIONS if each[1] in MAY_BE_ZERO])
def test_an_option_that_zero_turns_off_takes_zero(name: str, option: str, whole: bool) -> None:
    made = command(name).make_context(name, ["rows", "--model", "m", f"--{option}", "0"])
    assert 0 in made.params.values()


@pytest.mark.parametrize(
    ("name", "words", "reason"),
    [
        ("grpo", "--select 1", "give 0 or at least 2"),
        ("grpo", "--num-generations 1", "2<=x"),
        ("grpo", "--threads 100000", "1<=x<=1024"),
        ("sft", "--readers 100000", "0<=x<=1024"),
        ("sft", "--adam-beta2 1", "0<=x<1"),
        ("sft", "--warmup 1", "0<=x<1"),
        ("sft", "--seed 4294967296", "0<=x<=4294967295"),
        ("rft", "--share 1", "0<x<1"),
    ],
)
def test_a_number_that_something_else_makes_impossible_is_refused(name: str, words: str, reason: str) -> None:
    assert reason in refuses(name, None, *words.split())


def test_the_table_of_zeros_names_options_only() -> None:
    assert {option for _, option, _ in OPTIONS} >= MAY_BE_ZERO
    assert not Path("rows").exists()
