"""compare: say whether one model is better than another, on the same questions."""

from pathlib import Path

import click

from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import NUMBER, OUT_FILE, PATH
from codereasoner.cli.options import json_option, pool_options
from codereasoner.cli.pools import PoolOptions
from codereasoner.errors import ConfigError


@click.command("compare", cls=ConfigCommand)
@click.argument("evaluations", nargs=-1, required=True, type=PATH)
@click.option("--report", type=OUT_FILE, help="Write the comparison as a page, such as comparison.html.")
@click.option(
    "--by", multiple=True, metavar="FEATURE", help="Show only this feature of programs; repeat it (default: all)."
)
@click.option("--show", type=NUMBER, default=10, help="Maximum rows of flipped questions, and of features.")
@pool_options
@json_option
def compare_command(
    evaluations: tuple[Path, ...],
    report: Path | None,
    by: tuple[str, ...],
    show: int,
    pools: PoolOptions,
    as_json: bool,
) -> None:
    """Compare each evaluation with the first one, question by question, on the questions that they share.

    Reads the folders of evaluations, or of a run. Prints accuracy with intervals, differences with McNemar's test, the
    questions that flipped, and accuracy by features of the programs.

    Example:

    \b
        codereasoner compare evaluations/first evaluations/second
        codereasoner compare evaluations --report comparison.html
    """
    from codereasoner.cli.comparison_tables import show_comparison
    from codereasoner.cli.console import console, print_json, result_screen, waiting
    from codereasoner.cli.report import trace_all
    from codereasoner.reports.comparison import compare, write_comparison
    from codereasoner.reports.page import check_view
    from codereasoner.reports.run_folder import chosen_evaluations

    if report is not None:
        check_view(report)
        trace_all(chosen_evaluations(evaluations), pools)
    if len(chosen_evaluations(evaluations)) < 2:
        raise ConfigError(f"{evaluations[0]} is one evaluation: name a second one to compare it with")
    with waiting("the comparison"):
        found, questions = compare(evaluations, details=report is not None)
    show_comparison(found, by, show, result_screen(as_json))
    if report is not None:
        console.print(f"page: {write_comparison(evaluations, report, found, questions)}")
    if as_json:
        print_json(found)
