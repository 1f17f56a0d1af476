"""export: training rows in the format of another trainer, and traces as text."""

from pathlib import Path

import click

from codereasoner.cli.command_files import prepare_outputs, rows_file
from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import OUT_FOLDER, PATH, SHARE, OneOf
from codereasoner.cli.options import json_option, out_option
from codereasoner.errors import counted
from codereasoner.exports.formats import FORMATS
from codereasoner.exports.traces import TRACES


@click.command("export", cls=ConfigCommand)
@click.argument("rows", type=PATH)
@click.option(
    "--to",
    required=True,
    type=OneOf(sorted([*FORMATS, *TRACES])),
    help="Trainer that reads the file, or trace language.",
)
@out_option("exports", "Folder of the files.", OUT_FOLDER)
@click.option(
    "--held-out", type=SHARE, default=0.0, help="Share of the programs whose rows go to NAME-held-out, for validation."
)
@json_option
def export_command(rows: Path, to: str, out: Path, held_out: float, as_json: bool) -> None:
    """Write training rows in the format of TRL, verl, LLaMA-Factory, OpenRLHF or NeMo Gym, or traces as text.

    Reads sft.parquet or grpo.parquet; in a folder, the first of them that is there. Writes one file, and what its
    trainer needs to read it. For cwm and compact-trace it reads runs.parquet, and writes the trace of each run as text.

    Example:

    \b
        codereasoner export grpo.parquet --to verl
        codereasoner export runs.parquet --to cwm
    """
    from codereasoner.cli.console import bar, console, print_json
    from codereasoner.cli.row_counts import kept_in
    from codereasoner.exports.write_files import export, suffix_of
    from codereasoner.ledger import manifest_path

    rows = rows_file(rows, *(("runs.parquet",) if to in TRACES else ("sft.parquet", "grpo.parquet")))
    suffix = suffix_of(to)
    prepare_outputs(out / f"{rows.stem}{suffix}", out / f"{rows.stem}-held-out{suffix}")
    with bar("export") as progress:
        files = export(rows, to, out, held_out, progress)
    written = {str(path): kept_in(path) for path in files if manifest_path(path).is_file()}
    for path, count in written.items():
        console.print(f"{path}: {counted(count, 'row')}")
    if as_json:
        print_json({"files": [str(path) for path in files], "rows": written})
