"""Files of commands: inputs found in a folder or next to another, outputs that are no input, and `--fresh`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from codereasoner.errors import ConfigError, DataError
from codereasoner.outputs import refuse_others, set_aside

OUTPUTS = ("out", "sft_out", "grpo_out", "kept", "plots")
"""Parameters of commands that name outputs."""
_FRESH = "codereasoner.fresh"


def file_of(path: Path, *names: str) -> Path:
    """Return the path, or, where it is a folder, the first of these files that is in it.

    Raises:
        DataError: the folder has none of them.
    """
    if not path.is_dir():
        return path
    found = next((path / name for name in names if (path / name).is_file()), None)
    if found is None:
        raise DataError(f"the folder {path} has no {' and no '.join(names)}: give the path of a file")
    return found


def beside(path: Path, name: str) -> Path:
    """Return the file of that name next to another one, or in the current folder where only that has it."""
    near, here = path.with_name(name), Path(name)
    return here if here.is_file() and not near.is_file() else near


def fresh_option() -> click.Option:
    """Return the option `--fresh`, which `set_aside_if_fresh` reads."""
    return click.Option(
        ["--fresh"],
        is_flag=True,
        expose_value=False,
        callback=_note,
        help="Begin anew; an existing output is renamed to NAME.old.",
    )


def _note(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    context.meta[_FRESH] = given


def set_aside_if_fresh(*paths: Path) -> None:
    """Rename outputs to NAME.old where the running command was given `--fresh`."""
    if _is_fresh():
        for path in paths:
            set_aside(path)


def _is_fresh() -> bool:
    return bool(click.get_current_context().meta.get(_FRESH))


def check_outputs(parameters: Mapping[str, object]) -> None:
    """Refuse an output that is also an input, or another output.

    Raises:
        ConfigError: two parameters name one file.
    """
    outputs = {name: path for name, path in parameters.items() if name in OUTPUTS and isinstance(path, Path)}
    others = {name: path for name, path in parameters.items() if isinstance(path, Path | str)}
    for name, path in outputs.items():
        for other, value in others.items():
            if other != name and value and path.exists() and Path(value).resolve() == path.resolve():
                raise ConfigError(
                    f"--{name.replace('_', '-')} {path} is also {other.replace('_', '-').upper()}, which it would "
                    "replace: give another path"
                )


def refuse_other_options(folder: Path, begun: bool, options: Mapping[str, object], decisive: Iterable[str]) -> None:
    """Refuse to go on in a folder that was `begun` with other values of the decisive options, as config.yaml has them.

    Nothing is refused where the running command was given `--fresh`.

    Raises:
        ConfigError: the values differ; the message names the differences.
    """
    note = folder / "config.yaml"
    if not begun or _is_fresh() or not note.is_file():
        return
    from codereasoner import configs

    old = configs.options_of(note)
    names = [name for name in decisive if name in old]
    for name in names:  # an option that has become a list holds one value in files of before
        if isinstance(options[name], list) and isinstance(old[name], str):
            old[name] = [old[name]]
    refuse_others(folder, {name: old[name] for name in names}, {name: options[name] for name in names}, "begun")
