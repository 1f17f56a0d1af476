"""why: what became of a program, run, question or answer in every file of a folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table

from codereasoner.cli.console import Screen, styled
from codereasoner.cli.options import Stage, json_option, print_json
from codereasoner.reports.provenance import Fate, provenance

_COLOURS: dict[Fate, str] = {"kept": "green", "dropped": "red", "absent": "dim"}


@click.command("why", cls=Stage)
@click.argument("identifier", metavar="ID")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("set"),
    show_default=True,
    help="Folder of a data set, a run or an evaluation.",
)
@json_option
def why_command(identifier: str, folder: Path, as_json: bool) -> None:
    """Show what became of a program, run, question or answer: kept, dropped and why, its chain, rows and grades.

    ID is the id of a row, or at least the first six characters of it.
    """
    found = provenance(folder, identifier)
    if as_json:
        print_json({"id": identifier, "rows": [asdict(each) for each in found]})
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for place, each in enumerate(found):
        again = place > 0 and found[place - 1].file == each.file
        table.add_row("" if again else each.file, each.id, styled(_COLOURS[each.fate], each.fate), each.words)
    Screen().print(table)
