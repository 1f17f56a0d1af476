"""Options that several commands share, and options made from the fields of a dataclass."""

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click

from codereasoner.cli.option_types import JSON_OBJECT, OUT_FILE, PATH, STYLE_NAME, TASK, OneOf, Output, range_of
from codereasoner.cli.pools import PoolOptions
from codereasoner.stages.stage_options import StyleOptions

Function = TypeVar("Function", bound=Callable[..., object])
Decorator: TypeAlias = Callable[[Any], Any]


# ---- options made from the fields of a frozen dataclass


def config_options(config: type, name: str = "config") -> Callable[[Function], Function]:
    """Add an option for each field of a config dataclass to a command, which gets the dataclass as one argument.

    The field's metadata holds the help text.
    """
    hints = typing.get_type_hints(config)
    names = [field.name for field in dataclasses.fields(config)]

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def command(**values: Any) -> Any:
            made = config(**{each: values.pop(each) for each in names})
            return function(**values, **{name: made})

        for field in reversed(dataclasses.fields(config)):
            command = _option(config.__name__, field, hints[field.name])(command)
        return typing.cast(Function, command)

    return decorate


def _option(config: str, field: dataclasses.Field[Any], hint: Any) -> Decorator:
    word = "--" + field.name.replace("_", "-")
    default = None if field.default is dataclasses.MISSING else field.default
    shown = {"help": field.metadata.get("help", ""), "default": default, "show_default": default != ""}
    if metavar := field.metadata.get("metavar"):
        shown["metavar"] = metavar
    if field.metadata.get("is_flag"):
        return click.option(word, is_flag=True, help=field.metadata["help"])
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        hint = next(each for each in typing.get_args(hint) if each is not type(None))
    if hint is bool:
        return click.option(f"{word}/--no-{word[2:]}", **shown)
    if typing.get_origin(hint) is typing.Literal:
        return click.option(word, type=OneOf(typing.get_args(hint)), **shown)
    if typing.get_origin(hint) is dict:
        return click.option(word, type=JSON_OBJECT, **shown)
    if typing.get_origin(hint) is tuple:
        return click.option(word, type=range_of(config, field.name, typing.get_args(hint)[0]), multiple=True, **shown)
    return click.option(word, type=range_of(config, field.name, hint), **shown)


# ---- options that several commands share

pool_options = config_options(PoolOptions, "pools")
weak_option = _option("", PoolOptions.__dataclass_fields__["allow_weak_isolation"], bool)
with_option = click.option(
    "--with",
    "modules",
    multiple=True,
    metavar="NAME,./FILE.py",
    help="Modules that the code of FILE.py may import. They are trusted: their import is not isolated.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
data_option = click.option(
    "--data",
    type=PATH,
    help="Benchmark data, a file or a folder (default: the folder $CODEREASONER_DATA, else the Hub).",
)
model_option = click.option(
    "--model", required=True, help="Model: a path or Hub name, openai:NAME, gguf:FILE, smollm2, scripted:gold."
)
style_option = click.option(
    "--style", type=STYLE_NAME, default="direct", help=StyleOptions.__dataclass_fields__["style"].metadata["help"]
)


def together(*decorators: Decorator) -> Decorator:
    """Combine decorators into one, which applies them as if they were written one below the other."""
    return lambda function: functools.reduce(lambda made, decorate: decorate(made), reversed(decorators), function)


def out_option(default: str | None, words: str, kind: Output = OUT_FILE) -> Decorator:
    """Make the option --out of a command's output."""
    path = Path(default) if default else None
    return click.option("--out", type=kind, default=path, help=words)


def task_option(*default: str) -> Decorator:
    """Make the option --task, for several tasks."""
    words = "Kind of question (`codereasoner list`), or file.py:CLASS; repeat it."
    return click.option("--task", "tasks", type=TASK, multiple=True, default=default, help=words)
