"""report: one page about a run or an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import PATH
from codereasoner.cli.options import pool_options
from codereasoner.cli.pools import PoolOptions

if TYPE_CHECKING:
    from codereasoner.reports.run_folder import Evaluation


@click.command("report", cls=ConfigCommand)
@click.argument("run", type=PATH)
@click.option("--trace/--no-trace", default=True, help="Trace the calls of answers that have no trace yet.")
@pool_options
def report_command(run: Path, trace: bool, pools: PoolOptions) -> None:
    """Write report.html, one self-contained page, into the folder of a run or of an evaluation.

    Reads what is in the folder: manifests, histories of trainings, evaluations. Writes the page, and the cards of a
    run's data set and models, and prints their paths.

    Example:

    \b
        codereasoner report evaluations
    """
    from codereasoner.cli.console import waiting
    from codereasoner.reports.cards import write_cards
    from codereasoner.reports.report_page import write_report
    from codereasoner.reports.run_folder import chosen_evaluations, evaluations

    if trace:
        trace_all(chosen_evaluations([run]) if run.is_dir() and evaluations(run) else [], pools)
    with waiting("the page to be written"):
        page = write_report(run)
    click.echo(page)
    if not (run / "summary.json").is_file():
        for card in write_cards(run):
            click.echo(card)


def trace_all(found: Sequence[Evaluation], pools: PoolOptions) -> None:
    """Trace what a page would show without a trace; where nothing can be isolated, note it and go on without."""
    from codereasoner.cli.console import bar, console, styled
    from codereasoner.errors import IsolationError
    from codereasoner.reports.answer_traces import trace_answers, untraced

    if not untraced(found):
        return
    try:
        with pools.open() as pool, bar("traces", "the first trace") as progress:
            trace_answers(found, pool.run, progress)
    except IsolationError as error:
        console.print(styled("yellow", "no traces", f": {error}; --allow-weak-isolation traces all the same"))
