"""demo: the whole method on this machine, from nothing, in minutes.

    programs -> trace -> ask -> chain -> rows -> base -> sft -> grpo | control -> evaluate -> report

Every stage is the one that its own command runs, on the narrowest rung of programs and a transformer of half a million
parameters. GRPO and its control, which is more SFT, start from the same checkpoint and train at the same time, one core
each, for the same seconds: equal compute by construction.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from codereasoner import extend, stages
from codereasoner.cli.demo_config import GRPO, MODELS, SFT, DemoConfig
from codereasoner.cli.numbers import percent
from codereasoner.cli.options import (
    Stage,
    bar,
    config_from,
    open_pool,
    options_of,
    save_config,
    weak_option,
    workers_option,
)
from codereasoner.cli.processes import Training, train_together
from codereasoner.evaluation.check import guess_rates
from codereasoner.evaluation.evaluate import Asking, evaluate
from codereasoner.execution.pool import Pool
from codereasoner.extend import Progress, Sampling
from codereasoner.ledger import read_records, read_rows, write_whole
from codereasoner.reports.page import write_report
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.training.scratch import make_scratch_model

STYLE = find_style("terse")
FORWARD, BACKWARD = "output", "input"


@click.command("demo", cls=Stage)
@click.option("--name", default="demo", show_default=True, help="The run's name; it lies in runs/NAME.")
@click.option("--fresh", is_flag=True, help="Begin anew instead of continuing the run of that name.")
@options_of(DemoConfig)
@workers_option
@weak_option
def demo_command(name: str, fresh: bool, workers: int | None, allow_weak_isolation: bool, **values: Any) -> None:
    """Do the whole method on this machine: data, SFT, GRPO, evaluation, report."""
    folder = Path("runs") / name
    if fresh and folder.exists():
        shutil.rmtree(folder)
    config: DemoConfig = config_from(DemoConfig, values)
    save_config(folder)
    with open_pool(workers, allow_weak_isolation) as pool:
        summaries = run_demo(folder, config, pool)
    with _stage(folder, "report"):
        report = write_report(folder)
    _show(folder, summaries)
    click.echo(f"report: {report}")


def run_demo(folder: Path, config: DemoConfig, pool: Pool) -> dict[str, dict[str, Any]]:
    """All stages in order, each skipped when its output is there; returns the summaries by model."""
    _build_data(folder, config, pool)
    _train(folder, config)
    questions = _held_out(folder, config.questions)
    with _stage(folder, "floors"):
        floors = _floors(questions, pool)
    return {model: _evaluate(folder, model, questions, floors, config, pool) for model in MODELS}


def _build_data(folder: Path, config: DemoConfig, pool: Pool) -> None:
    programs, runs, questions, chains = (
        folder / name for name in ("programs.jsonl", "runs.parquet", "questions.jsonl", "chains.jsonl")
    )
    splits = {"train": config.train, "rl": config.rl, "test": config.test}
    source = extend.find("source", "procedural", breadth=config.breadth)
    with _stage(folder, "programs") as progress:
        stages.write_programs(programs, source, splits, {"source": "procedural", "breadth": config.breadth}, progress)
    with _stage(folder, "trace") as progress:
        stages.trace_programs(programs, runs, pool, progress)
    with _stage(folder, "ask") as progress:
        stages.ask_questions(runs, questions, (FORWARD, BACKWARD), progress)
    with _stage(folder, "chain") as progress:
        stages.narrate_chains(questions, runs, chains, (FORWARD,), "states", progress)
    with _stage(folder, "rows"):
        stages.write_sft_rows(questions, chains, folder / "sft.parquet", STYLE, direct=(BACKWARD,))
        stages.write_grpo_rows(questions, folder / "grpo.parquet", STYLE, config.grpo_tasks)


def _train(folder: Path, config: DemoConfig) -> None:
    base, rows = folder / "base", str(folder / "sft.parquet")
    with _stage(folder, "base"):
        if not (base / "codereasoner.json").is_file():
            make_scratch_model(base, config.seed, config.size)
    sft = _training(folder / "sft", ["sft", rows, "--model", str(base), *SFT], config.sft_seconds, 1, config)
    with _stage(folder, "sft") as progress:
        train_together([sft], progress)
    start = ["--model", str(folder / "sft")]
    grpo = ["grpo", str(folder / "grpo.parquet"), *start, *GRPO]
    both = [
        _training(folder / "grpo", grpo, config.grpo_seconds, 1, config),
        _training(folder / "control", ["sft", rows, *start, *SFT], config.grpo_seconds, 1, config),
    ]
    with _stage(folder, "grpo and control") as progress:
        train_together(both, progress)


def _training(folder: Path, words: list[str], seconds: float, threads: int, config: DemoConfig) -> Training:
    common = ["--out", str(folder), "--seconds", str(seconds), "--seed", str(config.seed)]
    return Training(folder, [*words, *common], seconds, threads)


def _floors(questions: list[Question], pool: Pool) -> dict[str, float]:
    """The best that a guess without thought earns on each task."""
    best = {
        task: max(rates.items(), key=lambda pair: pair[1]) for task, rates in guess_rates(questions, pool.run).items()
    }
    return {f"{task}: always {guess}": rate for task, (guess, rate) in best.items()}


def _evaluate(
    folder: Path, model: str, questions: list[Question], floors: dict[str, float], config: DemoConfig, pool: Pool
) -> dict[str, Any]:
    asking = Asking(STYLE, Sampling(max_tokens=config.max_tokens))
    with _stage(folder, f"evaluate {model}") as progress:
        return evaluate(
            "held out",
            questions,
            extend.find("model", str(folder / model)),
            asking,
            folder / "evaluations" / f"held-out@{model}",
            pool.run,
            floors,
            MODELS[model],
            progress,
        )


def _held_out(folder: Path, count: int) -> list[Question]:
    """`count` questions of each direction from the test split."""
    questions = [q for q in read_records(folder / "questions.jsonl", Question) if q.split == "test"]
    forward = [question for question in questions if question.task == FORWARD]
    backward = [question for question in questions if question.task == BACKWARD]
    return forward[:count] + backward[:count]


@contextmanager
def _stage(folder: Path, name: str) -> Iterator[Progress]:
    """Show a stage's progress, and add its seconds to stages.json, also when it is stopped."""
    began = time.monotonic()
    try:
        with bar(name) as progress:
            yield progress
    finally:
        seconds = _seconds(folder)
        seconds[name] = round(seconds.get(name, 0.0) + time.monotonic() - began, 2)
        write_whole(folder / "stages.json", json.dumps(seconds, indent=1) + "\n")


def _seconds(folder: Path) -> dict[str, float]:
    path = folder / "stages.json"
    seconds: dict[str, float] = json.loads(path.read_text()) if path.is_file() else {}
    return seconds


def _show(folder: Path, summaries: dict[str, dict[str, Any]]) -> None:
    screen = Console()
    screen.print(_accuracy_table(summaries))
    screen.print(_samples(folder))
    seconds = _seconds(folder)
    words = ", ".join(f"{name} {value:.0f}" for name, value in seconds.items() if value >= 0.5)
    screen.print(f"seconds: {words}; {sum(seconds.values()):.0f} in all")
    screen.print(f"the run: {folder}")


def _accuracy_table(summaries: dict[str, dict[str, Any]]) -> Table:
    first = next(iter(summaries.values()))["by_task"]
    table = Table(title="accuracy on programs never seen, greedy, with its 95 % interval", title_justify="left")
    table.add_column("model")
    table.add_column(f"forward: predict the output ({first[FORWARD]['n_questions']})", justify="right")
    table.add_column(f"backward: find an input ({first[BACKWARD]['n_questions']})", justify="right")
    for model, summary in summaries.items():
        table.add_row(MODELS[model], *(percent(summary["by_task"][task]) for task in (FORWARD, BACKWARD)))
    for name, rate in next(iter(summaries.values()))["floors"].items():
        shown = f"[dim]{rate:.1f} %[/]"
        task, _, words = name.partition(": ")
        table.add_row(f"[dim]no model: {words}[/]", *((shown, "") if task == FORWARD else ("", shown)))
    return table


def _samples(folder: Path) -> Table:
    """One question of each direction, with the trained model's whole answer."""
    questions = {question.id: question for question in read_records(folder / "questions.jsonl", Question)}
    evaluation = folder / "evaluations" / "held-out@grpo"
    answers = {row["id"]: row["text"] for row in read_rows(evaluation / "answers.jsonl")}
    table = Table(title="sample answers after GRPO", title_justify="left", show_lines=True)
    for column in ("question", "answer", "grade"):
        table.add_column(column, overflow="fold")
    for task in (FORWARD, BACKWARD):
        row = next(row for row in read_rows(evaluation / "grades.jsonl") if row["task"] == task)
        question = questions[row["question"]]
        table.add_row(extend.task(task).statement(question), answers[row["id"]], row["outcome"])
    return table
