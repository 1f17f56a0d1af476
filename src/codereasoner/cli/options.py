"""What every command shares: YAML configs with the words of the options, progress, pools, and where output goes."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib.util
import json
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import yaml
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from codereasoner import configs, extend
from codereasoner.benchmarks.loading import pool_for
from codereasoner.cli.command_files import check_outputs, fresh_option
from codereasoner.cli.console import Screen, styled
from codereasoner.cli.option_types import ABOVE_ZERO, COUNT, JSON_OBJECT, NOT_NEGATIVE, NUMBER, SHARE, range_of
from codereasoner.errors import ConfigError
from codereasoner.execution.pool import Limits, Pool
from codereasoner.execution.routing import Split
from codereasoner.execution.supervisor import MEANING
from codereasoner.extend import Benchmark, Progress
from codereasoner.interfaces import Effort, Thinking
from codereasoner.ledger import write_whole
from codereasoner.renamed import current_name

LARGE_SECONDS, LARGE_BYTES = 5.0, 4 << 30  # CPU time and memory of a program that works with a large library
Function = TypeVar("Function", bound=Callable[..., Any])

console = Screen(stderr=True)
"""Where people look. Standard output is for results only, so that `--json` gives one JSON object and nothing else."""


WITH_PRESETS = ("build", "sft", "grpo", "rft", "ablate")
"""The commands that the package brings configurations of."""


class Stage(click.Command):
    """A command whose options can also stand in a YAML file, under the same words; options given as flags win."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        names = {parameter.name for parameter in self.params}
        if "out" in names and "fresh" not in names:
            self.params.append(fresh_option())
        if self.name in WITH_PRESETS:
            self.params.append(
                click.Option(
                    ["--preset"],
                    is_eager=True,
                    expose_value=False,
                    callback=_read_preset,
                    help="A configuration that the package brings (`codereasoner list`); --config and flags win.",
                )
            )
        self.params.append(
            click.Option(
                ["--config"],
                type=click.Path(path_type=Path),
                is_eager=True,
                expose_value=False,
                callback=_read_config,
                help="A YAML file with these options; flags win.",
            )
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; an option that was renamed is read under its old name too."""
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(ctx, [*(self._current(each) for each in args[:end]), *args[end:]])

    def _current(self, argument: str) -> str:
        if not argument.startswith("--"):
            return argument
        word, equals, value = argument.removeprefix("--").partition("=")
        known = {each.removeprefix("--") for parameter in self.params for each in parameter.opts}
        return f"--{current_name('option', word, known)}{equals}{value}"

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, unless an output of it is also an input."""
        check_outputs(ctx.params)
        return super().invoke(ctx)


def presets(command: click.Command) -> list[str]:
    """Return the names of the presets whose keys are all options of this command."""
    words = set(_words(command))
    return [name for name in configs.names() if words >= set(_values(configs.path_of(name)))]


def _read_preset(context: click.Context, parameter: click.Parameter, name: str | None) -> None:
    if name is not None:
        values = _defaults(context, configs.path_of(name, presets(context.command)))
        context.default_map = {**values, **(context.default_map or {})}


def _read_config(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    if path is not None:
        context.default_map = {**(context.default_map or {}), **_defaults(context, path)}


def _values(path: Path) -> dict[str, Any]:
    """Return what a YAML file of options holds."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
    except OSError as error:
        raise ConfigError(f"the config {path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"the config {path} is no YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ConfigError(f"the config {path} is nested too deeply") from None
    if not isinstance(values, dict):
        raise ConfigError(f"the config {path} must be a mapping of options, not {type(values).__name__}")
    return values


def _defaults(context: click.Context, path: Path) -> dict[str, Any]:
    """Return the values of a file by the names of the command's parameters."""
    names = _words(context.command)
    values = {current_name("option", str(key), names): value for key, value in _values(path).items()}
    for key in values:
        if key not in names:
            there_are = ", ".join(sorted(names))
            raise ConfigError(f"{path}: '{key}' is no option of {context.command.name}; there are: {there_are}")
    return {names[key]: value for key, value in values.items()}


def _words(command: click.Command) -> dict[str, str]:
    """The word of each option, as it is written on the command line, and the name of its parameter."""
    words = {}
    for parameter in command.params:
        word = parameter.opts[0].removeprefix("--") if isinstance(parameter, click.Option) else parameter.name
        if word and parameter.name and parameter.expose_value:
            words[word] = parameter.name
    return words


def save_config(folder: Path) -> None:
    """Write the resolved options of the running command beside its output; the file can be given as --config."""
    name = click.get_current_context().command.name
    values = {word: value for word, value in given_options().items() if word != "fresh"}
    write_whole(folder / "config.yaml", f"# codereasoner {name}\n{yaml.safe_dump(values)}")


def given_options() -> dict[str, Any]:
    """Return the resolved options of the running command, by the words of its command line, as YAML holds them."""
    context = click.get_current_context()
    return {word: _yaml_value(context.params[name]) for word, name in sorted(_words(context.command).items())}


def words_of(config: type, without: Sequence[str] = ()) -> list[str]:
    """Return the words of the options that are made from a config dataclass."""
    names = [field.name for field in dataclasses.fields(config) if field.name not in without]
    return [name.replace("_", "-") for name in names]


def _yaml_value(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_yaml_value(item) for item in value]
    return str(value) if isinstance(value, Path) else value


# ---- options made from the fields of a frozen dataclass


def options_of(config: type) -> Callable[[Function], Function]:
    """One option for each field of a config dataclass; a field's metadata holds its "help"."""
    hints = typing.get_type_hints(config)

    def decorate(function: Function) -> Function:
        for field in reversed(dataclasses.fields(config)):
            function = _option(config.__name__, field, hints[field.name])(function)
        return function

    return decorate


def config_from(config: type, values: Mapping[str, Any]) -> Any:
    """The config dataclass made from a command's values."""
    names = [field.name for field in dataclasses.fields(config)]
    return config(**{name: values[name] for name in names if name in values})


def _option(config: str, field: Any, hint: Any) -> Callable[[Function], Function]:
    word = "--" + field.name.replace("_", "-")
    default = None if field.default is dataclasses.MISSING else field.default
    shown = {"help": field.metadata.get("help", ""), "default": default, "show_default": default is not None}
    if hint is bool:
        return click.option(f"{word}/--no-{word[2:]}", **shown)
    if typing.get_origin(hint) is typing.Literal:
        return click.option(word, type=click.Choice(typing.get_args(hint)), **shown)
    if isinstance(hint, types.UnionType):
        hint = next(each for each in typing.get_args(hint) if each is not type(None))
    if typing.get_origin(hint) is tuple:
        return click.option(word, type=typing.get_args(hint)[0], multiple=True, **shown)
    return click.option(word, type=range_of(config, field.name, hint), **shown)


# ---- what commands print


@contextlib.contextmanager
def bar(title: str) -> Iterator[Progress]:
    """A progress bar on standard error, fed by the callable it gives."""
    columns = (
        TextColumn("{task.description}", style="bold", markup=False),
        BarColumn(bar_width=28),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}", style="dim", markup=False),
    )
    with Bars(*columns, console=console) as bars:
        task = bars.add_task(title, total=1.0, words="")
        yield lambda share, text: bars.update(task, completed=share, words=text)
        bars.update(task, completed=1.0)


def print_json(result: Mapping[str, Any]) -> None:
    """Print the one JSON object of `--json`."""
    click.echo(json.dumps(result))


# ---- what several commands take

workers_option = click.option("--workers", type=COUNT, help="Worker processes for execution; all cores by default.")
weak_option = click.option(
    "--allow-weak-isolation", is_flag=True, help="Go on where the kernel refuses a layer of isolation."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="The benchmark's data, a file or a folder; else $CODEREASONER_DATA, else the Hub.",
)

_ENDPOINT = {
    "base_url": click.option(
        "--base-url", help="Address of the server of an openai: model [default: $OPENAI_BASE_URL]."
    ),
    "concurrency": click.option("--concurrency", type=COUNT, help="Requests under way at once [default: 32]."),
    "requests_per_minute": click.option(
        "--requests-per-minute", type=ABOVE_ZERO, help="Maximum rate of requests [default: no limit]."
    ),
    "price_in": click.option("--price-in", type=NOT_NEGATIVE, help="Dollars for a million tokens of prompts."),
    "price_out": click.option("--price-out", type=NOT_NEGATIVE, help="Dollars for a million tokens of completions."),
}
_CONTROL = {
    "thinking": click.option(
        "--thinking", type=click.Choice(typing.get_args(Thinking)), help="Whether the model thinks [default: its own]."
    ),
    "thinking_budget": click.option("--thinking-budget", type=NUMBER, help="Maximum tokens of a thought."),
    "effort": click.option(
        "--effort",
        type=click.Choice(typing.get_args(Effort)),
        help="How hard the model thinks, where it knows the word.",
    ),
    "top_k": click.option("--top-k", type=NUMBER, help="Sample from the K likeliest tokens only (0: from all)."),
    "min_p": click.option("--min-p", type=SHARE, help="Least probability of a token, relative to the likeliest one."),
    "template_args": click.option(
        "--template-args", type=JSON_OBJECT, metavar="JSON", help="Arguments of the chat template, as a JSON object."
    ),
    "extra_body": click.option(
        "--extra-body", type=JSON_OBJECT, metavar="JSON", help="Fields added to each request, as a JSON object."
    ),
}


def _gathered(name: str, options: Mapping[str, Callable[[Any], Any]]) -> Callable[[Function], Function]:
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
"""What a served model can be told, as the dict `endpoint`."""
control_options = _gathered("control", _CONTROL)
"""How a model is sampled and how much it thinks, beyond temperature and length: the dict `control`, for Sampling."""


@contextlib.contextmanager
def open_pool(
    workers: int | None, allow_weak_isolation: bool, benchmark: str = "", own_programs: bool = False
) -> Iterator[Pool]:
    """A pool of workers, told of as `told` does, and closed at the end.

    Where a benchmark is named, what its programs import is preloaded, and they have the time that it gives them.
    own_programs: see Pool.
    """
    with told(pool_for(benchmark, workers, allow_weak_isolation, own_programs)) as pool:
        yield pool


@contextlib.contextmanager
def told(pool: Pool) -> Iterator[Pool]:
    """Close a pool at the end; say once when isolation is weaker than level A."""
    with pool:
        if pool.level != "A":
            said = f": {MEANING[pool.level]}; `codereasoner doctor` says what is missing"
            console.print(styled("yellow", f"isolation level {pool.level}", said))
        yield pool


def split_off_large(pool: Pool, benchmark: str, allow_weak_isolation: bool, own_programs: bool = False) -> Split:
    """The runner for a benchmark: programs that import what is large run in one worker that has it, with more time."""
    found: Benchmark = extend.find("benchmark", benchmark)
    large = [name for name in found.large if importlib.util.find_spec(name) is not None]
    limits = Limits(cpu_seconds=LARGE_SECONDS, memory_bytes=LARGE_BYTES)

    def second() -> Pool:
        preload = [*found.preload(), *large]
        return Pool(1, limits, preload, allow_weak_isolation=allow_weak_isolation, own_programs=own_programs)

    return Split(pool, large, second)
