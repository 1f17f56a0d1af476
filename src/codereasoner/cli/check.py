"""check: prove that the graders accept what is right, and measure what a guess without thought earns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from codereasoner import extend
from codereasoner.cli.options import (
    Stage,
    data_option,
    json_option,
    open_pool,
    print_json,
    split_off_large,
    weak_option,
    workers_option,
)
from codereasoner.cli.result_tables import show_check
from codereasoner.cli.style_options import style_option
from codereasoner.errors import ConfigError, Shortfall
from codereasoner.evaluation.gold_check import check_benchmark, gold_check
from codereasoner.styles import find_style
from codereasoner.task import Runner

_PATH = click.Path(path_type=Path)


@click.command("check", cls=Stage)
@click.argument("questions", type=_PATH, required=False)
@click.option("--benchmark", help="Check this benchmark's questions instead of a file's.")
@data_option
@click.option("--truth", type=_PATH, help="For reval: derive the ground truth and compare it with this file.")
@style_option("direct")
@workers_option
@weak_option
@json_option
def check_command(
    questions: Path | None,
    benchmark: str | None,
    data: Path | None,
    truth: Path | None,
    style: str,
    workers: int | None,
    allow_weak_isolation: bool,
    as_json: bool,
) -> None:
    """Prove that the graders accept every right answer, and show what a guess without thought earns."""
    if (questions is None) == (benchmark is None):
        raise ConfigError("give either a questions file or --benchmark NAME")
    own = benchmark is not None
    with open_pool(workers, allow_weak_isolation, benchmark or "", own) as pool:
        if benchmark is not None:
            with split_off_large(pool, benchmark, allow_weak_isolation, own) as split:
                result = check_benchmark(benchmark, data, _own_text(split.run), truth)
        else:
            found = list(extend.read_questions(Path(str(questions))))
            result = gold_check(found, find_style(style), pool.run)
    show_check(result)
    if as_json:
        print_json(result)
    if result.get("rejected") or result.get("differing"):
        raise Shortfall("not every right answer is accepted: see `rejected` or `differing`")


def _own_text(runner: Runner) -> Runner:
    """Return a runner for the right answers of a benchmark, which no model has written."""
    return lambda jobs: runner([replace(job, model_text=False) for job in jobs])
