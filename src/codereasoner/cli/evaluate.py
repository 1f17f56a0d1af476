"""evaluate: ask a model, and count what it knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from codereasoner.cli.command_files import prepare_outputs, rows_file
from codereasoner.cli.config_command import ConfigCommand, save_config
from codereasoner.cli.option_types import BENCHMARK, COUNT, OWN_FOLDER, PATH, SAMPLES, OneOf
from codereasoner.cli.options import config_options, data_option, json_option, model_option, out_option, pool_options
from codereasoner.cli.pools import PoolOptions
from codereasoner.errors import ConfigError
from codereasoner.stages.stage_options import ModelOptions

if TYPE_CHECKING:
    from codereasoner.evaluation.augment import Name


@click.command("evaluate", cls=ConfigCommand)
@click.argument("questions", type=BENCHMARK)
@model_option
@data_option
@config_options(ModelOptions)
@click.option("--official-prompts", type=PATH, help="Ask with the benchmark's own prompts, from this checkout of it.")
@click.option(
    "--augment",
    type=OneOf(("none", "cot", "api-docs", "code-search", "think-and-execute", "program-of-thought")),
    default="none",
    help="Extra context added to the prompt, or another way to reason.",
)
@click.option(
    "--augment-from",
    type=PATH,
    help="Source of --augment: a file of CodeGlance's API documents, a folder of code, or a pseudocode.jsonl.",
)
@click.option("--samples", type=SAMPLES, default=1, help="Answers per question.")
@click.option("--limit", type=COUNT, help="Evaluate only the first N questions.")
@click.option("--split", default="test", help="Split of a questions file that is evaluated.")
@out_option(None, "Folder of the evaluation (default: evaluations/QUESTIONS@MODEL).", OWN_FOLDER)
@pool_options
@json_option
def evaluate_command(
    questions: str,
    model: str,
    data: Path | None,
    config: ModelOptions,
    official_prompts: Path | None,
    augment: Name,
    augment_from: Path | None,
    samples: int,
    limit: int | None,
    split: str,
    out: Path | None,
    pools: PoolOptions,
    as_json: bool,
) -> None:
    """Ask a model the questions of a benchmark, or of a questions.jsonl, and grade its answers.

    QUESTIONS is the name of a benchmark (`codereasoner list`) or a file. Writes prompts, answers, grades and
    summary.json into one folder. The same command continues where it was stopped, and asks failed requests again.

    Example:

    \b
        codereasoner evaluate questions.jsonl --model scripted:gold --split train
        codereasoner evaluate questions.jsonl --model scripted:gold --split rl --augment think-and-execute --out other
    """
    from codereasoner.cli.console import bar, console, print_json, result_screen
    from codereasoner.cli.result_tables import show_summary
    from codereasoner.evaluation.augment import make_augmentation
    from codereasoner.evaluation.load_questions import is_file, load_questions
    from codereasoner.evaluation.run_evaluation import Asking, evaluate, refuse_other, refuse_unanswered
    from codereasoner.evaluation.think_and_execute import Thinker
    from codereasoner.extend import Benchmark, find
    from codereasoner.reports.run_folder import short_name

    answering, own_style, sampling = config.find(model)
    named = questions
    if is_file(questions):
        named, questions = "", str(rows_file(Path(questions), "questions.jsonl"))
    if official_prompts is not None and (not named or config.style or config.system):
        raise ConfigError("--official-prompts are those of a benchmark: leave out --style and --system")
    benchmark: Benchmark | None = find("benchmark", named) if named else None
    name = benchmark.name if benchmark else Path(questions).stem
    if benchmark is not None and official_prompts is not None:
        own_style = benchmark.official_style(official_prompts, reasons=augment == "cot")
    folder = out or Path("evaluations") / f"{name}@{short_name(model)}"
    first = f"the questions, or the first answer of {model}"
    with pools.open(named) as pool, bar(f"{name} {model}", first) as progress:
        found = load_questions(questions, data, split, pool.run, limit)
        asked, baselines = found.questions, found.baselines(pool.run)
        prepare_outputs(folder)
        thinker = Thinker(answering, sampling, folder)
        augmentation = make_augmentation(augment, augment_from, asked, pool.run, found.benchmark, thinker)
        asking = Asking(augmentation.style(own_style), sampling, samples, augmentation)
        refuse_other(folder, found.name, asked, answering, asking)
        save_config(folder)
        words = (found.name, asked, answering, asking, folder, pool.run, baselines)
        summary = evaluate(*words, label=model, progress=progress, metrics=found.metrics)
    show_summary(summary, result_screen(as_json))
    console.print(f"answers, grades and summary: {folder}")
    if as_json:
        print_json(summary)
    refuse_unanswered(summary)
