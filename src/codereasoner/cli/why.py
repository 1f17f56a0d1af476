"""why: what became of a program, run, question or answer in every file of a folder."""

from dataclasses import asdict
from pathlib import Path

import click

from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import PATH
from codereasoner.cli.options import json_option

_COLOURS = {"kept": "green", "dropped": "red", "absent": "dim"}


@click.command("why", cls=ConfigCommand)
@click.argument("identifier", metavar="ID")
@click.option("--folder", type=PATH, default=Path("set"), help="Folder of a data set, a run or an evaluation.")
@json_option
def why_command(identifier: str, folder: Path, as_json: bool) -> None:
    """Show what became of a program, run, question or answer: kept, dropped and why, its chain, rows and grades.

    ID is the id of a row, or at least the first six characters of it. Prints one line for each file of the folder.

    Example:

    \b
        codereasoner why ID --folder set
    """
    from codereasoner.cli.console import make_table, print_json, result_screen, styled
    from codereasoner.reports.provenance import provenance

    found = provenance(folder, identifier)
    if as_json:
        print_json({"id": identifier, "rows": [asdict(each) for each in found]})
        return
    table = make_table(None, "", "", "", "")
    table.show_header = table.pad_edge = False
    for place, each in enumerate(found):
        again = place > 0 and found[place - 1].file == each.file
        table.add_row("" if again else each.file, each.id, styled(_COLOURS[each.fate], each.fate), each.words)
    result_screen().print(table)
