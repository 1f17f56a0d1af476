"""check: verify that the graders accept every right answer, and measure constant guesses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from codereasoner.cli.command_files import rows_file
from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import BENCHMARK, PATH
from codereasoner.cli.options import data_option, json_option, pool_options, style_option
from codereasoner.cli.pools import PoolOptions
from codereasoner.errors import ConfigError, Shortfall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codereasoner.task import Runner


@click.command("check", cls=ConfigCommand)
@click.argument("questions", type=PATH, required=False)
@click.option("--benchmark", type=BENCHMARK, help="Check the questions of this benchmark instead of a file's.")
@data_option
@click.option("--truth", type=PATH, help="With reval: derive the ground truth and compare it with this file.")
@style_option
@pool_options
@json_option
def check_command(
    questions: Path | None,
    benchmark: str | None,
    data: Path | None,
    truth: Path | None,
    style: str,
    pools: PoolOptions,
    as_json: bool,
) -> None:
    """Verify that the graders accept every right answer, and show the accuracy of constant guesses.

    Reads questions.jsonl, or a benchmark. Prints the number of questions and of accepted right answers, and each right
    answer that is rejected (there should be none).

    Example:

    \b
        codereasoner check questions.jsonl
    """
    from codereasoner.cli.console import print_json, result_screen, waiting
    from codereasoner.cli.result_tables import show_check
    from codereasoner.evaluation.gold_check import check_benchmark, compare_truth, gold_check
    from codereasoner.extend import read_questions
    from codereasoner.styles import find_style

    if (questions is None) == (benchmark is None):
        raise ConfigError("give either a questions file or --benchmark NAME")
    own = benchmark is not None
    with pools.open(benchmark or "", own) as pool, waiting("the right answers to be graded"):
        result: Mapping[str, object]
        if questions is not None:
            result = gold_check(
                list(read_questions(rows_file(questions, "questions.jsonl"))), find_style(style), pool.run
            )
        elif benchmark is not None:
            with pools.split_off_large(pool, benchmark, own) as split:
                runner = _own_text(split.run)
                if truth is not None:
                    result = compare_truth(benchmark, data, truth, runner)
                else:
                    result = check_benchmark(benchmark, data, runner, style)
    show_check(result, result_screen(as_json))
    if as_json:
        print_json(result)
    if result.get("rejected") or result.get("differing"):
        raise Shortfall("not every right answer is accepted: see `rejected` or `differing`")


def _own_text(runner: Runner) -> Runner:
    """Return a runner for the right answers of a benchmark, which no model has written."""
    from dataclasses import replace

    return lambda jobs: runner([replace(job, model_text=False) for job in jobs])
