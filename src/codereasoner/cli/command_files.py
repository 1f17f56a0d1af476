"""Files of commands: inputs found in a folder or next to another, outputs that are not inputs, and `--fresh`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from codereasoner.cli.option_types import Output
from codereasoner.errors import ConfigError, DataError, no_rows_in
from codereasoner.outputs import check_place, refuse_others, set_aside

if TYPE_CHECKING:
    from codereasoner.records import Plain

_FRESH = "codereasoner.fresh"


def rows_file(path: Path, *names: str, kind: type[Plain] | None = None) -> Path:
    """Return the file of rows at a path or, where it is a folder, the first of these files that is in it."""
    from codereasoner.ledger import read_rows

    found = path
    if path.is_dir():
        found = next((path / name for name in names if (path / name).is_file()), path)
        if found is path:
            raise DataError(no_rows_in(path, *names))
    first = next(read_rows(found, unpack=False), None)
    if first is None:
        raise DataError(f"{found} has no rows")
    if kind is not None:
        try:
            kind.check_names(first)
        except DataError as error:
            raise DataError(f"{found}, row 1: {error}") from None
    return found


def file_next_to(path: Path, name: str) -> Path:
    """Return the file of that name next to another one, or in the current folder where only that has it."""
    found = next((each for each in (path.with_name(name), Path(name)) if each.is_file()), None)
    if found is None:
        raise DataError(f"there is no {name} next to {path}: name its file with --{Path(name).stem}")
    return found


def fresh_option() -> click.Option:
    """Return the option `--fresh`, which `prepare_outputs` reads."""
    return click.Option(
        ["--fresh"],
        is_flag=True,
        expose_value=False,
        callback=_note,
        help="Start over; an existing output is renamed to NAME.old.",
    )


def _note(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    context.meta[_FRESH] = given


def prepare_outputs(*paths: Path) -> None:
    """Refuse outputs that cannot be written; with `--fresh` rename them to NAME.old, else refuse foreign ones.

    Called with all outputs of a command before it does any work.
    """
    from codereasoner.ledger import refuse_unmade

    for path in paths:
        check_place(path)
        if not _is_fresh():
            refuse_unmade(path)
    for path in paths if _is_fresh() else ():
        set_aside(path)


def _is_fresh() -> bool:
    return bool(click.get_current_context().meta.get(_FRESH))


def check_outputs(context: click.Context) -> None:
    """Refuse an output that is also an input or another output, or that cannot be written there."""
    given = [(parameter, path) for parameter in context.command.params for path in _paths(context, parameter)]
    for parameter, path in given:
        if not isinstance(parameter.type, Output):
            continue
        word = parameter.opts[0]
        for other, value in given:
            there = path.exists() or isinstance(other.type, Output)  # of two outputs none need be there yet
            if other is not parameter and value != Path() and there and value.resolve() == path.resolve():
                raise ConfigError(
                    f"{word} {path} is also {other.human_readable_name.upper()}, which it would replace: give "
                    "another path"
                )
        if context.get_parameter_source(str(parameter.name)) is not ParameterSource.DEFAULT:
            parameter.type.check(path, word)
            if parameter.type.own:
                refuse_foreign(path, str(context.command.name))


def _paths(context: click.Context, parameter: click.Parameter) -> list[Path]:
    """Return the values of a parameter that may be paths."""
    value = context.params.get(str(parameter.name))
    values = value if isinstance(value, tuple) else (value,)
    return [Path(each) for each in values if isinstance(each, Path | str)]


_SIGNS = {"evaluate": "answers.jsonl", "build": "programs.jsonl", "rows": "curriculum.json"}
"""The file that is in a folder of a command also where the Python interface, which writes no config.yaml, made it."""


def refuse_foreign(folder: Path, command: str) -> None:
    """Refuse a folder with files that this command did not make, among which its own would be put."""
    if _is_fresh() or not folder.is_dir():
        return
    names = {each.name for each in folder.iterdir()}
    others = sorted(each for each in names if not each.startswith(".") and not each.endswith(".part"))
    first = _first_line(folder / "config.yaml")
    if first.startswith(f"# codereasoner {command}") or _SIGNS.get(command, "history.jsonl") in names:
        return
    if others:
        raise ConfigError(
            f"{folder} holds {others[0]}, which `codereasoner {command}` did not make: give --out a folder of its own"
        )


def _first_line(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline()


def refuse_other_options(folder: Path, begun: bool, options: Mapping[str, object], decisive: Iterable[str]) -> None:
    """Refuse to go on in a folder that was `begun` with other values of the decisive options, as config.yaml has them.

    Nothing is refused where the running command was given `--fresh`.
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
