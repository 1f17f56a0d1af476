"""select: the questions of the wanted difficulties, in the wanted order."""

from dataclasses import dataclass
from pathlib import Path

import click

from codereasoner.cli.command_files import prepare_outputs, rows_file
from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import NUMBER, PATH, OneOf
from codereasoner.cli.options import config_options, out_option, pool_options
from codereasoner.cli.pools import PoolOptions
from codereasoner.config_fields import option, redeclared
from codereasoner.stages.stage_options import ModelOptions

FEATURES = "features"


@dataclass(frozen=True)
class RatingOptions(ModelOptions):
    """Rate questions by the answers of a model."""

    samples: int = option(10, "With --by MODEL: answers per question.")
    temperature: float = redeclared(ModelOptions, "temperature", 1.0)
    max_tokens: int | None = option(2048, "Maximum tokens per answer.")


@click.command("select", cls=ConfigCommand)
@click.argument("questions", type=PATH)
@click.option(
    "--by",
    default=FEATURES,
    help="Measure of difficulty: the programs' features, or the answers of a model (openai:NAME, a path, a Hub name).",
)
@config_options(RatingOptions)
@click.option(
    "--low",
    type=NUMBER,
    default=0,
    help="Minimum difficulty, 1 to 5; with --by MODEL: minimum number of right answers.",
)
@click.option("--high", type=NUMBER, help="Maximum, counted as for --low (default: no limit).")
@click.option(
    "--per-level", type=NUMBER, default=0, help="Maximum questions per task, split and difficulty (0: no limit)."
)
@click.option(
    "--order",
    type=OneOf(("given", "curriculum")),
    default="given",
    help="Order of the questions: as given, or from easy to hard.",
)
@out_option("selected.jsonl", "File of the selected questions.")
@pool_options
def select_command(
    questions: Path,
    by: str,
    config: RatingOptions,
    low: int,
    high: int | None,
    per_level: int,
    order: str,
    out: Path,
    pools: PoolOptions,
) -> None:
    """Select questions by difficulty: by the programs' features, or by how often a model is right.

    Reads questions.jsonl. Writes the selected questions to selected.jsonl, the others to selected.jsonl.dropped.jsonl
    with the reason, the ratings of a model to selected.jsonl.passes.jsonl, and its answers to
    selected.jsonl.passes.jsonl.answers.jsonl. The same command continues where it was stopped, and asks failed
    requests again.

    Example:

    \b
        codereasoner select questions.jsonl --low 2 --order curriculum
    """
    from codereasoner.cli.console import bar, console, styled
    from codereasoner.cli.row_counts import show_counts
    from codereasoner.curation.difficulty import Band
    from codereasoner.errors import counted
    from codereasoner.extend import commonest
    from codereasoner.sampling import answers_of
    from codereasoner.stages.rate_difficulty import Choice, rate_questions, refuse_other_selection, select_questions
    from codereasoner.task import Question

    questions = rows_file(questions, "questions.jsonl", kind=Question)
    choice = Choice(Band(low, high), per_level, "curriculum" if order == "curriculum" else "given")
    ratings = out.with_name(f"{out.name}.passes.jsonl")
    prepare_outputs(out, ratings, answers_of(ratings))
    if by != FEATURES:
        refuse_other_selection(questions, out, choice)
        model, style, sampling = config.find(by)
        with pools.open() as pool, bar("rate", f"the first answers of {by}") as progress:
            words = (model, style, config.samples, sampling, pool.run, progress)
            failed = rate_questions(questions, ratings, *words)
        if failed:
            said = f" {counted(failed.total(), 'request')} failed ({commonest(failed)}); the same command asks again."
            console.print(styled("bold red", "warning", said))
        show_counts(ratings)
    with bar("select") as progress:
        select_questions(questions, out, choice, ratings if by != FEATURES else None, progress)
    show_counts(out)
