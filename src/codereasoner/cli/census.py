"""census: which constructs programs use, or what their calls look like, beside CRUXEval or other programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from rich.table import Table

from codereasoner.cli.option_types import SHARE
from codereasoner.cli.options import Stage, console, json_option, print_json
from codereasoner.curation.call_profile import calls_of_cruxeval, census_of_calls, is_quantile
from codereasoner.curation.construct_profile import GROUPS, census, distance, of_cruxeval
from codereasoner.errors import DataError
from codereasoner.ledger import read_records
from codereasoner.records import Program, Run

_PATH = click.Path(path_type=Path)


@click.command("census", cls=Stage)
@click.argument("programs", type=_PATH)
@click.option("--beside", type=_PATH, help="Other programs to compare with, a JSONL; CRUXEval's by default.")
@click.option(
    "--least", type=SHARE, default=0.02, show_default=True, help="The share from which on a construct is shown."
)
@click.option("--calls", is_flag=True, help="The calls in place of the constructs: kinds, lengths, quotes, ...")
@click.option("--runs", type=_PATH, help="The traced runs of the programs: with --calls, also what they return.")
@json_option
def census_command(
    programs: Path, beside: Path | None, least: float, calls: bool, runs: Path | None, as_json: bool
) -> None:
    """Print the share of programs that use each construct, in two columns."""
    if calls:
        _show_calls(programs, beside, least, runs, as_json)
        return
    if runs:
        raise click.UsageError("--runs goes with --calls")
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


def _show_calls(programs: Path, beside: Path | None, least: float, runs: Path | None, as_json: bool) -> None:
    ours = _census_of_calls(programs, runs)
    theirs = _census_of_calls(beside, None) if beside else calls_of_cruxeval()
    if as_json:
        print_json({"calls": ours, "beside": theirs})
        return
    name = beside.stem if beside else "CRUXEval"
    shared = [each for each in {**theirs, **ours} if runs or not each.startswith("results")]
    shares = [each for each in shared if not is_quantile(each)]
    shown = [each for each in shares if max(theirs.get(each, 0.0), ours.get(each, 0.0)) >= least]
    console.print(_table("share", shown, ours, theirs, programs.stem, name))
    table = Table("quantile", programs.stem, name, box=None)
    for each in filter(is_quantile, shared):
        table.add_row(each, *(f"{found[each]:,.0f}" if each in found else "-" for found in (ours, theirs)))
    console.print(table)


def _census_of_calls(path: Path, runs: Path | None) -> dict[str, float]:
    results = (run.value for run in read_records(runs, Run) if run.value is not None) if runs else ()
    try:
        found = census_of_calls(((each.source, each.calls) for each in read_records(path, Program)), results)
    except SyntaxError as error:
        raise DataError(f"{path}: a call does not parse ({error})") from None
    if not found:
        raise DataError(f"{path} holds no calls")
    return found


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
