"""profile: the constructs that programs use, or the form of their calls, compared with CRUXEval or other programs."""

from collections.abc import Mapping
from pathlib import Path

import click

from codereasoner.cli.command_files import rows_file
from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import PATH, SHARE
from codereasoner.cli.options import json_option
from codereasoner.errors import DataError


@click.command("profile", cls=ConfigCommand)
@click.argument("programs", type=PATH)
@click.option("--reference", type=PATH, help="Programs to compare with, a JSONL file (default: CRUXEval's).")
@click.option("--min-share", type=SHARE, default=0.02, help="Minimum share of programs of a row that is shown.")
@click.option("--calls", is_flag=True, help="Profile the calls instead: kinds, lengths and quotes of arguments.")
@click.option("--runs", type=PATH, help="With --calls: runs of the programs, whose return values are profiled too.")
@json_option
def profile_command(
    programs: Path, reference: Path | None, min_share: float, calls: bool, runs: Path | None, as_json: bool
) -> None:
    """Print the share of programs that use each construct, next to that of CRUXEval or of other programs.

    Reads programs.jsonl of `programs`, or any JSONL with the same columns.

    Example:

    \b
        codereasoner profile programs.jsonl
    """
    from codereasoner.cli.console import make_table, print_json, result_screen
    from codereasoner.curation.profiles import GROUPS, cruxeval_profile, distance, is_quantile

    if runs and not calls:
        raise click.UsageError("--runs goes with --calls")
    programs = rows_file(programs, "programs.jsonl")
    ours = _profile(programs, calls, runs)
    theirs = _profile(reference, calls) if reference else cruxeval_profile("calls" if calls else "constructs")
    if as_json:
        own = {"calls": ours} if calls else {"programs": ours, "distance": distance(ours, theirs)}
        print_json({**own, "reference": theirs})
        return
    shown = [each for each in {**theirs, **ours} if runs or not each.startswith("results")]
    common = [each for each in shown if max(theirs.get(each, 0.0), ours.get(each, 0.0)) >= min_share]
    if calls:
        sections = {"share": [each for each in common if not is_quantile(each)]}
        sections["quantile"] = [each for each in shown if is_quantile(each)]
    else:
        sections = {"group": list(GROUPS), "construct": [each for each in common if each not in GROUPS]}
    out = result_screen()
    for title, rows in sections.items():
        absent, form = "-" if calls else "0.0%", "{:,.0f}" if title == "quantile" else "{:.1%}"
        table = make_table(None, title, programs.stem, reference.stem if reference else "CRUXEval")
        for row in rows:
            table.add_row(row, *(form.format(found[row]) if row in found else absent for found in (ours, theirs)))
        out.print(table)
    if not calls:
        out.print(f"mean difference of the groups: {distance(ours, theirs):.1%}")


def _profile(path: Path, calls: bool, runs: Path | None = None) -> Mapping[str, float]:
    """Return the profile of the programs in a file, or of their calls and the values that these return in `runs`."""
    from codereasoner.curation.profiles import call_profile, construct_profile
    from codereasoner.ledger import read_records
    from codereasoner.literals import LiteralError
    from codereasoner.records import Program, Run

    what, programs = "call" if calls else "program", read_records(path, Program)
    results = (run.value for run in read_records(runs, Run) if run.value is not None) if runs else ()
    try:
        if calls:
            return call_profile(((each.source, each.calls) for each in programs), results)
        return construct_profile(each.source for each in programs)
    except (LiteralError, SyntaxError) as error:
        raise DataError(f"{path}: a {what} does not parse ({error})") from None
