"""census: which constructs programs use, beside those of CRUXEval or of other programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from rich.table import Table

from codereasoner.cli.options import Stage, console, json_option, print_json
from codereasoner.errors import DataError
from codereasoner.ledger import read_records
from codereasoner.programs.census import GROUPS, census, distance, of_cruxeval
from codereasoner.records import Program

_PATH = click.Path(path_type=Path)


@click.command("census", cls=Stage)
@click.argument("programs", type=_PATH)
@click.option("--beside", type=_PATH, help="Other programs to compare with, a JSONL; CRUXEval's by default.")
@click.option(
    "--least", type=float, default=0.02, show_default=True, help="The share from which on a construct is shown."
)
@json_option
def census_command(programs: Path, beside: Path | None, least: float, as_json: bool) -> None:
    """Print the share of programs that use each construct, in two columns."""
    ours = _census(programs)
    theirs = _census(beside) if beside else of_cruxeval()
    if as_json:
        print_json({"programs": ours, "beside": theirs, "distance": distance(ours, theirs)})
        return
    name = beside.stem if beside else "CRUXEval"
    console.print(_table("group", list(GROUPS), ours, theirs, programs.stem, name))
    shown = [each for each in theirs if each not in GROUPS and max(theirs[each], ours.get(each, 0.0)) >= least]
    shown += [each for each, share in ours.items() if each not in theirs and share >= least]
    console.print(_table("construct", shown, ours, theirs, programs.stem, name))
    console.print(f"mean difference of the groups: {distance(ours, theirs):.1%}")


def _census(path: Path) -> dict[str, float]:
    def sources() -> Iterator[str]:
        for program in read_records(path, Program):
            yield program.source

    try:
        found = census(sources())
    except SyntaxError as error:
        raise DataError(f"{path}: a program does not parse ({error})") from None
    if not found:
        raise DataError(f"{path} holds no programs")
    return found


def _table(
    title: str, names: list[str], ours: Mapping[str, float], theirs: Mapping[str, float], here: str, there: str
) -> Table:
    table = Table(title, here, there, box=None)
    for name in names:
        table.add_row(name, f"{ours.get(name, 0.0):.1%}", f"{theirs.get(name, 0.0):.1%}")
    return table
