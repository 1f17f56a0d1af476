"""Commands whose options can also be given in a YAML file, under the same words; options given as flags win."""

import json
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from codereasoner.cli.command_files import check_outputs, fresh_option
from codereasoner.cli.option_types import JsonObject
from codereasoner.errors import ConfigError, EndpointError, did_you_mean
from codereasoner.outputs import published, without_secrets
from codereasoner.renamed import current_name

WITH_PRESETS = ("build", "sft", "grpo", "rft")
"""The commands that the package brings configurations of."""
_ARGUMENTS = "codereasoner.arguments"
_HOME = re.compile(r"((?:[\w.-]+=)*)~(?=/)")  # a bare ~ is null in YAML


class PresetName(click.types.StringParamType):
    """The name of a preset of the command, which the shell completes."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in presets(ctx.command) if name.startswith(incomplete)]


class ConfigCommand(click.Command):
    """A command with `--config` and, where it has an output or presets, `--fresh` and `--preset`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        names = {parameter.name for parameter in self.params}
        if names & {"out", "sft_out"} and "fresh" not in names:
            self.params.append(fresh_option())
        if self.name in WITH_PRESETS:
            words = "Configuration that comes with the package (`codereasoner list`); --config and flags win."
            self.params.append(_reader("--preset", PresetName(), _read_preset, words))
        words = "YAML file with these options, under the same words; flags win."
        self.params.append(_reader("--config", click.Path(path_type=Path), _read_config, words))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments: an option that was renamed also under its old name, and `~` as the home folder."""
        ctx.meta[_ARGUMENTS] = tuple(args)
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(ctx, [*(_at_home(self._current(each)) for each in args[:end]), *args[end:]])

    def _current(self, argument: str) -> str:
        if not argument.startswith("--"):
            return argument
        word, equals, value = argument.removeprefix("--").partition("=")
        known = {each.removeprefix("--") for parameter in self.params for each in parameter.opts}
        return f"--{current_name('option', word, known)}{equals}{value}"

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, unless an output of it is also an input; what keeps answers in an output can go on."""
        check_outputs(ctx)
        try:
            return super().invoke(ctx)
        except EndpointError as error:
            if "fresh" in {parameter.name for parameter in self.params}:
                raise EndpointError(f"{error}; the same command continues where it was") from None
            raise


def _reader(word: str, kind: click.ParamType[Any], callback: Callable[..., None], words: str) -> click.Option:
    return click.Option([word], type=kind, is_eager=True, expose_value=False, callback=callback, help=words)


def presets(command: click.Command) -> list[str]:
    """Return the names of the presets whose keys are all options of this command."""
    from codereasoner import configs

    words = set(_words(command))
    return [name for name in configs.names() if words >= set(configs.options_of(configs.path_of(name)))]


def _read_preset(context: click.Context, parameter: click.Parameter, name: str | None) -> None:
    from codereasoner import configs

    if name is not None:
        values = _defaults(context, configs.path_of(name, presets(context.command)))
        context.default_map = configs.extended(values, context.default_map or {})


def _read_config(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    from codereasoner import configs

    if path is not None:
        context.default_map = configs.extended(context.default_map or {}, _defaults(context, path))


def _defaults(context: click.Context, path: Path) -> dict[str, object]:
    """Return the values of a file by the names of the command's parameters."""
    from codereasoner import configs

    names = _words(context.command)
    values = {current_name("option", str(key), names): value for key, value in configs.options_of(path).items()}
    for key in values:
        if key not in names:
            near, known = did_you_mean(key, names), ", ".join(sorted(names))
            raise ConfigError(f"{path}: '{key}' is not an option of {context.command.name}{near}; there are: {known}")
    options = {each.name: each for each in context.command.params}
    for key, value in values.items():
        option = options[names[key]]
        if value is None and (option.required or isinstance(option.default, str | int | float | Path)):
            raise ConfigError(f"{path}: '{key}' has no value: give one, or leave the line out for the default")
    for key, value in values.items():
        option = options[names[key]]
        if isinstance(value, list | dict) and not (_takes_several(option) or isinstance(option.type, JsonObject)):
            raise ConfigError(f"{path}: '{key}' is {_json(value):.60}, and takes one value: give it without brackets")
    return {names[key]: _as_given(value, options[names[key]]) for key, value in values.items()}


def _takes_several(option: click.Parameter) -> bool:
    return option.nargs != 1 or bool(getattr(option, "multiple", False))


def _as_given(value: object, option: click.Parameter) -> object:
    """Return a value of YAML as text, as the command line has it, so that the same is refused: 1.5 for a whole number.

    An option of several values takes one value or a list; a mapping is a list of KEY=VALUE, each VALUE written as JSON.
    """
    if _takes_several(option):
        if isinstance(value, Mapping):
            return [f"{key}={_json(each)}" for key, each in value.items()]
        return None if value is None else [_text(each) for each in (value if isinstance(value, list) else [value])]
    if isinstance(value, bool) and getattr(option, "is_flag", False):
        return value
    if isinstance(value, bool) and isinstance(option.type, click.Choice):  # YAML reads off, no and false alike
        words = ("on", "yes", "true") if value else ("off", "no", "false")
        return next((word for word in words if word in option.type.choices), _text(value))
    return None if value is None else _text(value)


def _at_home(text: str) -> str:
    """Return a path below `~` with the home folder, which a shell leaves as it is in --out=~/here, and YAML always."""
    found = _HOME.match(text)
    return f"{found[1]}{os.path.expanduser('~')}{text[found.end() :]}" if found else text


def _text(value: object) -> str:
    if isinstance(value, str):
        return _at_home(value)
    return _json(value) if value is None or isinstance(value, bool | int | float | list | dict) else str(value)


def _json(value: object) -> str:
    """Write a value as JSON, or as Python does if it has a key that JSON cannot have."""
    try:
        return json.dumps(value, default=str)
    except TypeError:
        return str(value)


def _words(command: click.Command) -> dict[str, str]:
    """Return the names of the parameters by their words on the command line."""
    words = {}
    for parameter in command.params:
        word = parameter.opts[0].removeprefix("--") if isinstance(parameter, click.Option) else parameter.name
        if word and parameter.name and parameter.expose_value:
            words[word] = parameter.name
    return words


def save_config(folder: Path) -> None:
    """Write the resolved options of the running command into its folder; the file can be given as --config."""
    import yaml

    from codereasoner.ledger import write_whole

    context = click.get_current_context()
    command = shlex.join(map(_without_secrets, [str(context.command.name), *context.meta.get(_ARGUMENTS, ())]))
    values = {word: value for word, value in given_options().items() if word != "fresh"}
    line = " ".join(command.split()).encode(errors="backslashreplace").decode()  # a name of a file may be no text
    write_whole(folder / "config.yaml", f"# codereasoner {line}\n{yaml.safe_dump(values)}")


def _without_secrets(argument: str) -> str:
    """Return an argument without the secrets of addresses in it, which JSON may write with escapes."""
    word, text = re.fullmatch(r"(--[\w-]+=)?(.*)", argument, re.DOTALL).groups("")  # type: ignore[union-attr]
    try:
        found = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        found = None
    return without_secrets(argument) if found is None else word + json.dumps(published(found), ensure_ascii=False)


def given_options() -> dict[str, object]:
    """Return the resolved options of the running command, by the words of its command line, as YAML holds them.

    Addresses are without passwords and queries.
    """
    context = click.get_current_context()
    return {word: _yaml_value(context.params[name]) for word, name in sorted(_words(context.command).items())}


def words_of(config: type, without: Sequence[str] = ()) -> list[str]:
    """Return the words of the options that are made from a config dataclass."""
    return [field.name.replace("_", "-") for field in fields(config) if field.name not in without]


def _yaml_value(value: object) -> object:
    if isinstance(value, tuple | list):
        return [_yaml_value(item) for item in value]
    return str(value) if isinstance(value, Path) else published(value)
