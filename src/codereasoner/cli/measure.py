"""evaluate and score: asking models, and grading files of answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from codereasoner import extend
from codereasoner.cli.command_files import set_aside_if_fresh
from codereasoner.cli.option_types import COUNT, NOT_NEGATIVE, TOP_P
from codereasoner.cli.options import (
    Stage,
    bar,
    console,
    control_options,
    data_option,
    endpoint_options,
    json_option,
    open_pool,
    print_json,
    save_config,
    weak_option,
    workers_option,
)
from codereasoner.cli.result_tables import show_score, show_summary
from codereasoner.cli.style_options import style_option, system_option
from codereasoner.errors import ConfigError
from codereasoner.evaluation.augment import NAMES, Name, make_augmentation
from codereasoner.evaluation.load_questions import is_file, load_questions
from codereasoner.evaluation.run_evaluation import Asking, evaluate, refuse_other, refuse_unanswered
from codereasoner.evaluation.score import GRADERS, Grader, score_file
from codereasoner.extend import Benchmark, Model, Sampling
from codereasoner.reports.feature_plots import write_feature_plots
from codereasoner.reports.run_folder import short_name
from codereasoner.styles import find_style

_PATH = click.Path(path_type=Path)


@click.command("evaluate", cls=Stage)
@click.argument("questions")
@click.option("--model", required=True, help="A path or Hub name, openai:NAME, gguf:FILE, smollm2, scripted:gold.")
@data_option
@endpoint_options
@control_options
@style_option()
@system_option
@click.option("--official-prompts", type=_PATH, help="A checkout of the benchmark: ask with its own prompts.")
@click.option(
    "--augment", type=click.Choice(NAMES), default="none", show_default=True, help="Extra context added to the prompt."
)
@click.option("--augment-from", type=_PATH, help="A file of CodeGlance's API documents, or a folder of code.")
@click.option("--samples", type=COUNT, default=1, show_default=True, help="Answers to each question.")
@click.option(
    "--temperature", type=NOT_NEGATIVE, default=0.0, show_default=True, help="Sampling temperature; 0 is greedy."
)
@click.option(
    "--top-p", type=TOP_P, default=1.0, show_default=True, help="Sample from this share of the likeliest tokens."
)
@click.option("--max-tokens", type=COUNT, help="Maximum tokens per answer [default: the model's limit, else 2048].")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of sampling; sample N takes seed + N.")
@click.option("--limit", type=COUNT, help="Evaluate only the first N questions.")
@click.option("--split", default="test", show_default=True, help="Of a questions file: the split to ask.")
@click.option("--out", type=_PATH, help="The evaluation's folder; evaluations/QUESTIONS@MODEL by default.")
@workers_option
@weak_option
@json_option
def evaluate_command(
    questions: str,
    model: str,
    data: Path | None,
    endpoint: dict[str, Any],
    control: dict[str, Any],
    style: str | None,
    system: str | None,
    official_prompts: Path | None,
    augment: Name,
    augment_from: Path | None,
    samples: int,
    temperature: float,
    top_p: float,
    max_tokens: int | None,
    seed: int,
    limit: int | None,
    split: str,
    out: Path | None,
    workers: int | None,
    allow_weak_isolation: bool,
    as_json: bool,
) -> None:
    """Ask a model a benchmark's questions, or those of a questions.jsonl, and count what it knows."""
    answering: Model = extend.find("model", model, **endpoint)
    sampling = Sampling(temperature, top_p, max_tokens or answering.max_tokens or 2048, seed, **control)
    named = "" if is_file(questions) else questions
    benchmark: Benchmark | None = extend.find("benchmark", named) if named else None
    name = benchmark.name if benchmark else Path(questions).stem
    folder = out or Path("evaluations") / f"{name}@{short_name(model)}"
    set_aside_if_fresh(folder)
    with open_pool(workers, allow_weak_isolation, named) as pool, bar(f"{name} {model}") as progress:
        found = load_questions(questions, data, split, pool.run, limit)
        asked, floors = found.questions, found.floors(pool.run)
        if official_prompts is None:
            asked_style = find_style(style or answering.style or "reasoning").with_system(system)
        elif found.benchmark is None or style is not None or system is not None:
            raise ConfigError("--official-prompts are those of a benchmark: leave out --style and --system")
        else:
            asked_style = found.benchmark.official_style(official_prompts, reasons=augment == "cot")
        augmentation = make_augmentation(augment, augment_from, asked, pool.run, found.benchmark)
        asking = Asking(augmentation.style(asked_style), sampling, samples, augmentation)
        refuse_other(folder, found.name, asked, answering, asking)
        save_config(folder)
        summary = evaluate(
            found.name,
            asked,
            answering,
            asking,
            folder,
            pool.run,
            floors,
            label=model,
            progress=progress,
            metrics=found.metrics,
        )
    show_summary(summary)
    console.print(f"answers, grades and summary: {folder}")
    if as_json:
        print_json(summary)
    refuse_unanswered(summary)


@click.command("score", cls=Stage)
@click.argument("benchmark")
@data_option
@click.option("--generations", type=_PATH, required=True, help="A file {id: [texts]}, .json or .json.gz, or a folder.")
@click.option("--grader", type=click.Choice(GRADERS), default="strict", show_default=True)
@click.option("--plots", type=_PATH, help="For CodeGlance: write a page with accuracy by feature to this file.")
@workers_option
@weak_option
@json_option
def score_command(
    benchmark: str,
    data: Path | None,
    generations: Path,
    grader: Grader,
    plots: Path | None,
    workers: int | None,
    allow_weak_isolation: bool,
    as_json: bool,
) -> None:
    """Grade a file of answers on a benchmark: strictly, or exactly as its published scorer does."""
    with open_pool(workers, allow_weak_isolation, benchmark, own_programs=True) as pool:
        result = score_file(benchmark, generations, data, grader, pool.run)
    show_score(result)
    if plots is not None:
        write_feature_plots(result, plots)
        console.print(f"accuracy by feature: {plots}")
    if as_json:
        print_json(result)
