"""select: the questions of the difficulties that are wanted, in the order that is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from codereasoner import extend, stages
from codereasoner.cli.command_files import set_aside_if_fresh
from codereasoner.cli.data import say
from codereasoner.cli.option_types import COUNT, NOT_NEGATIVE, NUMBER, TOP_P
from codereasoner.cli.options import (
    Stage,
    bar,
    control_options,
    endpoint_options,
    open_pool,
    weak_option,
    workers_option,
)
from codereasoner.cli.style_options import style_option, system_option
from codereasoner.curation.difficulty import Band
from codereasoner.extend import Model, Sampling
from codereasoner.styles import find_style

_PATH = click.Path(path_type=Path)
FEATURES = "features"


@click.command("select", cls=Stage)
@click.argument("questions", type=_PATH)
@click.option("--by", default=FEATURES, show_default=True, help="features, or a model: openai:NAME, a path, ...")
@endpoint_options
@control_options
@click.option("--samples", type=COUNT, default=10, show_default=True, help="Answers of the model to each question.")
@click.option("--temperature", type=NOT_NEGATIVE, default=1.0, show_default=True)
@click.option("--top-p", type=TOP_P, default=1.0, show_default=True)
@click.option("--max-tokens", type=COUNT, default=2048, show_default=True)
@style_option()
@system_option
@click.option("--low", type=NUMBER, default=0, show_default=True, help="The least right answers, or least difficulty.")
@click.option("--high", type=NUMBER, help="The most right answers, or the highest difficulty.")
@click.option("--per-level", type=NUMBER, default=0, help="The most questions of a task, split and level; 0: all.")
@click.option("--order", type=click.Choice(("given", "curriculum")), default="given", show_default=True)
@click.option("--out", type=_PATH, default=Path("selected.jsonl"), show_default=True)
@workers_option
@weak_option
def select_command(
    questions: Path,
    by: str,
    endpoint: dict[str, Any],
    control: dict[str, Any],
    samples: int,
    temperature: float,
    top_p: float,
    max_tokens: int,
    style: str | None,
    system: str | None,
    low: int,
    high: int | None,
    per_level: int,
    order: Any,
    out: Path,
    workers: int | None,
    allow_weak_isolation: bool,
) -> None:
    """Keep the questions of chosen difficulties: by how often a model is right, or by the programs' features."""
    choice = stages.Choice(Band(low, high), per_level, order)
    set_aside_if_fresh(out, out.with_name(f"{out.name}.passes.jsonl"))
    passes = None
    if by != FEATURES:
        model: Model = extend.find("model", by, **endpoint)
        passes = out.with_name(f"{out.name}.passes.jsonl")
        put = find_style(style or model.style or "reasoning").with_system(system)
        with open_pool(workers, allow_weak_isolation) as pool, bar("rate") as progress:
            sampling = Sampling(temperature, top_p, max_tokens, **control)
            stages.rate_questions(questions, passes, model, put, samples, sampling, pool.run, progress)
        say(passes)
    with bar("select") as progress:
        stages.select_questions(questions, out, choice, passes, progress)
    say(out)
