"""profile: the constructs that programs use, or the form of their calls, compared with CRUXEval or other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from codereasoner.cli.command_files import rows_file
from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import PATH, SHARE
from codereasoner.cli.options import json_option
from codereasoner.errors import DataError

Shares = Mapping[str, float]


@click.command("profile", cls=ConfigCommand)
@click.argument("programs", type=PATH)
@click.option("--reference", type=PATH, help="Programs to compare with, a JSONL file (default: CRUXEval's).")
@click.option(
    "--min-share", type=SHARE, default=0.02, show_default=True, help="Minimum share of programs of a row that is shown."
)
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
    from codereasoner.cli.console import console, print_json
    from codereasoner.curation.profiles import GROUPS, cruxeval_profile, distance, is_quantile

    if runs and not calls:
        raise click.UsageError("--runs goes with --calls")
    programs = rows_file(programs, "programs.jsonl")
    ours = _profile_calls(programs, runs) if calls else _profile(programs)
    if reference:
        theirs = _profile_calls(reference, None) if calls else _profile(reference)
    else:
        theirs = cruxeval_profile("calls" if calls else "constructs")
    if as_json:
        own = {"calls": ours} if calls else {"programs": ours, "distance": distance(ours, theirs)}
        print_json({**own, "reference": theirs})
        return
    names = (programs.stem, reference.stem if reference else "CRUXEval")

    def common(name: str) -> bool:
        return max(theirs.get(name, 0.0), ours.get(name, 0.0)) >= min_share

    if calls:
        every = [each for each in {**theirs, **ours} if runs or not each.startswith("results")]
        shares = [each for each in every if not is_quantile(each) and common(each)]
        _show("share", shares, "{:.1%}", ours, theirs, names)
        _show("quantile", [each for each in every if is_quantile(each)], "{:,.0f}", ours, theirs, names)
        return
    _show("group", list(GROUPS), "{:.1%}", ours, theirs, names)
    _show(
        "construct",
        [each for each in {**theirs, **ours} if each not in GROUPS and common(each)],
        "{:.1%}",
        ours,
        theirs,
        names,
    )
    console.print(f"mean difference of the groups: {distance(ours, theirs):.1%}")


def _profile(path: Path) -> Shares:
    from codereasoner.curation.profiles import construct_profile
    from codereasoner.ledger import read_records
    from codereasoner.records import Program

    try:
        found = construct_profile(program.source for program in read_records(path, Program))
    except SyntaxError as error:
        raise DataError(f"{path}: a program does not parse ({error})") from None
    if not found:
        raise DataError(f"{path} holds no programs")
    return found


def _profile_calls(path: Path, runs: Path | None) -> Shares:
    from codereasoner.curation.profiles import call_profile
    from codereasoner.ledger import read_records
    from codereasoner.literals import LiteralError
    from codereasoner.records import Program, Run

    results = (run.value for run in read_records(runs, Run) if run.value is not None) if runs else ()
    try:
        found = call_profile(((each.source, each.calls) for each in read_records(path, Program)), results)
    except LiteralError as error:
        raise DataError(f"{path}: a call does not parse ({error})") from None
    if not found:
        raise DataError(f"{path} holds no calls")
    return found


def _show(title: str, rows: Sequence[str], form: str, ours: Shares, theirs: Shares, names: tuple[str, str]) -> None:
    from codereasoner.cli.console import console, make_table

    table = make_table(None, title, *names)
    absent = "-" if title == "quantile" else form.format(0)
    for row in rows:
        table.add_row(row, *(form.format(found[row]) if row in found else absent for found in (ours, theirs)))
    console.print(table)
