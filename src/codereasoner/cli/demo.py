"""demo: the whole method on this machine, from nothing, in minutes.

    base -> programs -> trace -> ask -> chain -> rows -> sft -> grpo | control -> evaluate -> report

A transformer of a third of a million parameters learns the narrowest rung of programs: forward with chains of true
states, backward with a direct answer. GRPO and its control, which is more SFT, start from the same checkpoint and spend
the same operations, generation included. Budgets are tokens, so the result does not depend on the machine's speed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.table import Table
from rich.text import Text

from codereasoner import extend
from codereasoner.cli.child_processes import history
from codereasoner.cli.command_files import refuse_other_options
from codereasoner.cli.config_command import ConfigCommand, given_options, save_config, words_of
from codereasoner.cli.console import Screen, console, styled
from codereasoner.cli.demo_config import MODELS, DemoConfig
from codereasoner.cli.demo_data import BACKWARD, FORWARD, stage, stage_seconds
from codereasoner.cli.demo_pace import fitted, said
from codereasoner.cli.demo_run import SETS, Summaries, begin, run_demo
from codereasoner.cli.options import config_from, options_of, weak_option, workers_option
from codereasoner.cli.pools import open_pool
from codereasoner.cli.result_tables import percent
from codereasoner.evaluation.metrics import mean
from codereasoner.ledger import read_manifest, read_records, read_rows
from codereasoner.outputs import set_aside
from codereasoner.reports.answer_traces import trace_answers
from codereasoner.reports.cards import write_cards
from codereasoner.reports.report_page import write_report
from codereasoner.reports.run_folder import evaluations
from codereasoner.task import Question


@click.command("demo", cls=ConfigCommand)
@click.option("--name", default="demo", show_default=True, help="The run's name; it lies in runs/NAME.")
@click.option("--fresh", is_flag=True, help="Begin anew: the run of that name is renamed to NAME.old.")
@options_of(DemoConfig)
@workers_option
@weak_option
def demo_command(name: str, fresh: bool, workers: int | None, allow_weak_isolation: bool, **values: Any) -> None:
    """Run the whole method on this machine: data, SFT, GRPO, evaluation, report.

    Writes everything into runs/NAME, and prints a table of accuracies with intervals.

    \b
    Example:
      codereasoner demo --minutes 5
    """
    folder = Path("runs") / name
    if fresh:
        set_aside(folder)
    config: DemoConfig = config_from(DemoConfig, values)
    refuse_other_options(folder, folder.is_dir(), given_options(), words_of(DemoConfig))
    save_config(folder)
    with open_pool(workers, allow_weak_isolation) as pool:
        pace = begin(folder, config)
        config, share = fitted(config, pace)
        console.print(said(config, pace))
        summaries = run_demo(folder, config, pool)
        with stage(folder, "traces of answers") as progress:
            trace_answers(evaluations(folder), pool.run, progress)
    with stage(folder, "report"):
        report = write_report(folder)
        write_cards(folder)
    _show(folder, summaries, share)
    click.echo(f"report: {report}")


def _show(folder: Path, summaries: Summaries, share: float) -> None:
    screen = Screen()
    screen.print(_accuracy_table(summaries))
    if share != 1.0:
        screen.print(
            f"--minutes: trained on {100 * share:.0f} % of the demo's tokens, so this is no table of `make demo`"
        )
    for name in ("sft", "grpo", "control"):
        screen.print(_spent_line(folder / name))
    if "cruxeval-o" in summaries:
        screen.print(_cruxeval_line(summaries["cruxeval-o"]["grpo"]))
    screen.print(_samples(folder))
    screen.print(_grpo_line(list(history(folder / "grpo"))))
    seconds = stage_seconds(folder)
    words = ", ".join(f"{name} {value:.0f}" for name, value in seconds.items() if value >= 0.5)
    screen.print(f"seconds: {words}; {sum(seconds.values()):.0f} in all")
    screen.print(f"the run: {folder}")


def _accuracy_table(summaries: Summaries) -> Table:
    """One row for each model; a column for each direction and each set of held-out programs."""
    columns = [(name, task) for name in SETS for task in (FORWARD, BACKWARD)]
    title = "Accuracy on programs never seen, greedy, with its 95 % interval"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, caption_justify="left")
    table.caption = "forward: predict the output; backward: find an input; a step is a statement of the program"
    table.add_column("", no_wrap=True)
    for name, task in columns:
        low, high = SETS[name]
        words = f"{low}-{high} steps" if low < high else f"{low} steps"
        table.add_column(f"{'forward' if task == FORWARD else 'backward'}\n{words}", justify="right", no_wrap=True)
    for model, label in MODELS.items():
        table.add_row(label, *(_cell(summaries[name][model]["by_task"][task]) for name, task in columns))
    table.add_row("best guess", *(_floor(summaries, *column) for column in columns), style="dim")
    counts = (str(summaries[name]["base"]["by_task"][task]["n_questions"]) for name, task in columns)
    table.add_row("questions", *(f"{count}" for count in counts), style="dim")
    return table


def _cell(part: Mapping[str, Any]) -> Text:
    """`68.7 %` with its interval in the line below."""
    value, _, interval = percent(part).partition(" [")
    return styled("bold", value, f"\n{interval.removesuffix(']').replace(', ', ' to ')}")


def _floor(summaries: Summaries, name: str, task: str) -> str:
    rates = [rate for words, rate in summaries[name]["base"]["floors"].items() if words.startswith(f"{task}:")]
    return f"{max(rates):.1f} %" if rates else ""


def _cruxeval_line(summary: Mapping[str, Any]) -> str:
    floors = ", ".join(f"{name} {rate:.1f} %" for name, rate in summary["floors"].items())
    return f"CRUXEval-O, the real {summary['n_questions']}, after GRPO: {percent(summary)}; without a model: {floors}"


def _spent_line(folder: Path) -> str:
    counts = (read_manifest(folder) or {})["counts"]
    return (
        f"{MODELS[folder.name]}: {counts['tokens']:,} tokens, {counts['operations']:.3g} operations, "
        f"{counts['seconds']:.0f} seconds"
    )


def _grpo_line(rows: list[dict[str, Any]]) -> str:
    """What GRPO's steps were like: the reward as it began and ended, what taught nothing, and what grading took."""
    steps = [row for row in rows if "step_seconds" in row]
    fifth = max(1, len(steps) // 5)
    first, last = (mean([row["reward"] for row in part]) for part in (steps[:fifth], steps[-fifth:]))
    idle, cut = (100 * mean([row[name] for row in steps]) for name in ("zero_variance", "truncated"))
    grading = 100 * sum(row["reward_seconds"] for row in steps) / sum(row["step_seconds"] for row in steps)
    return (
        f"GRPO: {len(steps)} updates, mean reward {first:.2f} in the first fifth and {last:.2f} in the last; "
        f"{idle:.0f} % of the groups had no variance, {cut:.1f} % of the completions were cut off; "
        f"grading took {grading:.1f} % of the time"
    )


def _samples(folder: Path) -> Table:
    """One question of each direction, with the trained model's whole answer."""
    questions = {question.id: question for question in read_records(folder / "questions.jsonl", Question)}
    evaluation = folder / "evaluations" / "held-out@grpo"
    answers = {row["id"]: row["text"] for row in read_rows(evaluation / "answers.jsonl")}
    table = Table(title="Sample answers after GRPO", title_justify="left", title_style="bold", show_lines=True)
    for column in ("question", "answer", "grade"):
        table.add_column(column, overflow="fold")
    for task in (FORWARD, BACKWARD):
        row = next(row for row in read_rows(evaluation / "grades.jsonl") if row["task"] == task)
        question = questions[row["question"]]
        table.add_row(extend.task(task).statement(question), answers[row["id"]], row["outcome"])
    return table
