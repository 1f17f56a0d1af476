"""export: training rows in the format of another trainer."""

from __future__ import annotations

from pathlib import Path

import click

from codereasoner import stages
from codereasoner.cli.command_files import file_of, set_aside_if_fresh
from codereasoner.cli.option_types import SHARE
from codereasoner.cli.options import Stage, bar, console, json_option, print_json
from codereasoner.exports.formats import FORMATS
from codereasoner.exports.write_files import export
from codereasoner.ledger import manifest_path


@click.command("export", cls=Stage)
@click.argument("rows", type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Choice(sorted(FORMATS)), help="Whose format.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("exports"), show_default=True, help="The folder.")
@click.option(
    "--held-out",
    type=SHARE,
    default=0.0,
    show_default=True,
    help="Share of the programs whose rows go to NAME-held-out, for validation.",
)
@json_option
def export_command(rows: Path, to: str, out: Path, held_out: float, as_json: bool) -> None:
    """Write sft.parquet or grpo.parquet, or of a folder the first there, for TRL, verl, LLaMA-Factory, OpenRLHF."""
    rows = file_of(rows, "sft.parquet", "grpo.parquet")
    suffix = FORMATS[to].suffix
    set_aside_if_fresh(out / f"{rows.stem}{suffix}", out / f"{rows.stem}-held-out{suffix}")
    with bar("export") as progress:
        files = export(rows, to, out, held_out, progress)
    written = {str(path): stages.counts(path).get("kept", 0) for path in files if manifest_path(path).is_file()}
    for path, count in written.items():
        console.print(f"{path}: {count:,} rows")
    if as_json:
        print_json({"files": [str(path) for path in files], "rows": written})
