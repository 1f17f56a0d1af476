"""Options that several commands share, and options made from the fields of a dataclass."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click

from codereasoner.cli.option_types import (
    ABOVE_ZERO,
    COUNT,
    JSON_OBJECT,
    NOT_NEGATIVE,
    NUMBER,
    PATH,
    SHARE,
    STYLE_NAME,
    TOP_P,
    range_of,
)
from codereasoner.cli.pools import PoolOptions
from codereasoner.stages.stage_options import StyleOptions
from codereasoner.thoughts import Effort, Thinking

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator: TypeAlias = Callable[[Any], Any]
Given: TypeAlias = dict[str, Any]
"""The options of a group that were given, by name: keyword arguments of a model or of its Sampling."""


# ---- options made from the fields of a frozen dataclass


def options_of(config: type) -> Callable[[Function], Function]:
    """Add one option for each field of a config dataclass; the field's metadata holds the help text."""
    hints = typing.get_type_hints(config)

    def decorate(function: Function) -> Function:
        for field in reversed(dataclasses.fields(config)):
            function = _option(config.__name__, field, hints[field.name])(function)
        return function

    return decorate


def config_options(config: type, name: str = "config") -> Callable[[Function], Function]:
    """Add the options of a config dataclass to a command, which gets the dataclass as one argument."""
    names = [field.name for field in dataclasses.fields(config)]

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def command(**values: Any) -> Any:
            made = config(**{each: values.pop(each) for each in names})
            return function(**values, **{name: made})

        return options_of(config)(typing.cast(Function, command))

    return decorate


def config_from(config: type, values: Mapping[str, Any]) -> Any:
    """Make the config dataclass from a command's values."""
    names = [field.name for field in dataclasses.fields(config)]
    return config(**{name: values[name] for name in names if name in values})


def _option(config: str, field: dataclasses.Field[Any], hint: Any) -> Decorator:
    word = "--" + field.name.replace("_", "-")
    default = None if field.default is dataclasses.MISSING else field.default
    shown = {"help": field.metadata.get("help", ""), "default": default, "show_default": default not in (None, ())}
    if metavar := field.metadata.get("metavar"):
        shown["metavar"] = metavar
    if field.metadata.get("is_flag"):
        return click.option(word, is_flag=True, help=field.metadata["help"])
    if hint is bool:
        return click.option(f"{word}/--no-{word[2:]}", **shown)
    if typing.get_origin(hint) is typing.Literal:
        return click.option(word, type=click.Choice(typing.get_args(hint)), **shown)
    if isinstance(hint, types.UnionType):
        hint = next(each for each in typing.get_args(hint) if each is not type(None))
    if typing.get_origin(hint) is tuple:
        return click.option(word, type=typing.get_args(hint)[0], multiple=True, **shown)
    return click.option(word, type=range_of(config, field.name, hint), **shown)


# ---- options that several commands share

pool_options = config_options(PoolOptions, "pools")
weak_option = _option("", PoolOptions.__dataclass_fields__["allow_weak_isolation"], bool)
workers_option = _option("", PoolOptions.__dataclass_fields__["workers"], int | None)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
data_option = click.option(
    "--data",
    type=PATH,
    help="Benchmark data, a file or a folder (default: the folder $CODEREASONER_DATA, else the Hub).",
)
model_option = click.option(
    "--model", required=True, help="Model: a path or Hub name, openai:NAME, gguf:FILE, smollm2, scripted:gold."
)


def out_option(default: str | None, words: str) -> Decorator:
    """Make the option --out of a command's output."""
    path = Path(default) if default else None
    return click.option("--out", type=PATH, default=path, show_default=path is not None, help=words)


def task_option(*default: str) -> Decorator:
    """Make the option --task, for several tasks."""
    words = "Kind of question (`codereasoner list`), or file.py:CLASS; repeat it."
    return click.option("--task", "tasks", multiple=True, default=default, show_default=True, help=words)


def temperature_option(default: float) -> Decorator:
    """Make the option --temperature."""
    words = "Sampling temperature (0 is greedy)."
    return click.option("--temperature", type=NOT_NEGATIVE, default=default, show_default=True, help=words)


def max_tokens_option(default: int | None = None) -> Decorator:
    """Make the option --max-tokens; without a default, the model's own limit holds."""
    otherwise = "" if default else " (default: the model's limit, else 2048)"
    words = f"Maximum tokens per answer{otherwise}."
    return click.option("--max-tokens", type=COUNT, default=default, show_default=default is not None, help=words)


top_p_option = click.option(
    "--top-p", type=TOP_P, default=1.0, show_default=True, help="Sample from this share of the likeliest tokens."
)


seed_option = click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed of sampling; sample N takes seed + N."
)


def style_option(default: str | None = None) -> Decorator:
    """Make the option --style; without a default, the command asks a model in the style that it was trained with."""
    words = StyleOptions.__dataclass_fields__["style"].metadata["help"]
    if default is None:
        words = words.removesuffix(".") + " (default: the style the model was trained with, else reasoning)."
    return click.option("--style", type=STYLE_NAME, default=default, show_default=default is not None, help=words)


system_option = _option("", StyleOptions.__dataclass_fields__["system"], str | None)

_ENDPOINT = {
    "base_url": click.option(
        "--base-url", help="Address of the server of an openai: model (default: $OPENAI_BASE_URL)."
    ),
    "concurrency": click.option("--concurrency", type=COUNT, help="Maximum number of open requests (default: 32)."),
    "requests_per_minute": click.option(
        "--requests-per-minute", type=ABOVE_ZERO, help="Maximum rate of requests (default: no limit)."
    ),
    "price_in": click.option("--price-in", type=NOT_NEGATIVE, help="Dollars per million prompt tokens."),
    "price_out": click.option("--price-out", type=NOT_NEGATIVE, help="Dollars per million completion tokens."),
}
_CONTROL = {
    "thinking": click.option(
        "--thinking",
        type=click.Choice(typing.get_args(Thinking)),
        help="Turn the model's thoughts on or off (default: the model's own choice).",
    ),
    "thinking_budget": click.option("--thinking-budget", type=NUMBER, help="Maximum tokens of the thoughts."),
    "effort": click.option(
        "--effort", type=click.Choice(typing.get_args(Effort)), help="Reasoning effort, for models that have one."
    ),
    "top_k": click.option("--top-k", type=NUMBER, help="Sample from the K likeliest tokens only (0: from all)."),
    "min_p": click.option("--min-p", type=SHARE, help="Minimum probability of a token, relative to the likeliest one."),
    "template_args": click.option(
        "--template-args", type=JSON_OBJECT, metavar="JSON", help="Arguments of the chat template, a JSON object."
    ),
    "extra_body": click.option(
        "--extra-body", type=JSON_OBJECT, metavar="JSON", help="Fields added to each request, a JSON object."
    ),
}


def _gathered(name: str, options: Mapping[str, Decorator]) -> Callable[[Function], Function]:
    """Add options to a command, which gets those that were given as one dict of that name."""

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def command(**values: Any) -> Any:
            given = {option: values.pop(option) for option in options}
            return function(**values, **{name: {key: value for key, value in given.items() if value is not None}})

        for option in reversed([*options.values()]):
            command = option(command)
        return typing.cast(Function, command)

    return decorate


endpoint_options = _gathered("endpoint", _ENDPOINT)
"""Options of a served model, as the dict `endpoint`."""
control_options = _gathered("control", _CONTROL)
"""Options of sampling and thinking beyond temperature and length, as the dict `control` for Sampling."""

MODEL_WORDS = ("base-url", *(name.replace("_", "-") for name in _CONTROL))
"""Words of the options of these groups that decide what a model writes."""
