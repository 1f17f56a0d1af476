"""score: grade a file of answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import BENCHMARK, OUT_FILE, PATH, OneOf
from codereasoner.cli.options import data_option, json_option, pool_options
from codereasoner.cli.pools import PoolOptions
from codereasoner.errors import ConfigError

if TYPE_CHECKING:
    from codereasoner.evaluation.results import Grader


@click.command("score", cls=ConfigCommand)
@click.argument("benchmark", type=BENCHMARK)
@data_option
@click.option(
    "--generations", type=PATH, required=True, help="Answers: a file {id: [texts]}, .json or .json.gz, or a folder."
)
@click.option(
    "--grader",
    type=OneOf(("strict", "official")),
    default="strict",
    help="Grader of the headline number; both are shown.",
)
@click.option("--plots", type=OUT_FILE, help="With CodeGlance: write a page with accuracy by feature to this file.")
@pool_options
@json_option
def score_command(
    benchmark: str,
    data: Path | None,
    generations: Path,
    grader: Grader,
    plots: Path | None,
    pools: PoolOptions,
    as_json: bool,
) -> None:
    """Grade a file of answers to a benchmark, collected by any program.

    Reads a file of answers by question. Prints pass@k with its interval, by the strict grader and by the published
    scorer's rules, and the answers on which the two differ.

    Example:

    \b
        codereasoner score cruxeval-o --data cruxeval.jsonl --generations generations.json
    """
    from codereasoner.cli.console import console, print_json, result_screen, waiting
    from codereasoner.cli.result_tables import show_score
    from codereasoner.evaluation.score import score_file
    from codereasoner.extend import find
    from codereasoner.reports.accuracy_by_feature import write_feature_page
    from codereasoner.reports.page import check_view

    if Path(benchmark).is_file():
        raise ConfigError(
            f"{benchmark} is a file, and score takes the name of a benchmark: answers to questions of a file are "
            "graded by cr.grade_many in Python, or asked for by evaluate"
        )
    if plots is not None:
        check_view(plots)
        if not find("benchmark", benchmark).features:
            raise ConfigError(
                f"--plots shows accuracy by CodeGlance's features, and {benchmark} has none: leave it out"
            )
    with pools.open(benchmark, own_programs=True) as pool, waiting(f"the answers to {benchmark} to be graded"):
        result = score_file(benchmark, generations, data, grader, pool.run)
    show_score(result, result_screen(as_json))
    if plots is not None:
        write_feature_page(result, plots)
        console.print(f"accuracy by feature: {plots}")
    if as_json:
        print_json(result)
