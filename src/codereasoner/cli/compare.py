"""compare: is one model better than another, on the same questions?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from codereasoner.cli.console import styled
from codereasoner.cli.look import trace_all
from codereasoner.cli.option_types import NUMBER
from codereasoner.cli.options import Stage, console, json_option, print_json, weak_option, workers_option
from codereasoner.errors import ConfigError
from codereasoner.extend import task_order
from codereasoner.reports.comparison import compare, write_comparison
from codereasoner.reports.evaluation_rows import floors_of
from codereasoner.reports.run_folder import chosen_evaluations
from codereasoner.reports.text_table import accuracy

_PATH = click.Path(path_type=Path)


@click.command("compare", cls=Stage)
@click.argument("evaluations", nargs=-1, required=True, type=_PATH)
@click.option("--report", "report", type=_PATH, help="Write the comparison as a page, such as comparison.html.")
@click.option("--by", multiple=True, metavar="FEATURE", help="Show only these features; repeat it.  [default: all]")
@click.option(
    "--show", type=NUMBER, default=10, show_default=True, help="Rows shown: flipped questions, bins of features."
)
@workers_option
@weak_option
@json_option
def compare_command(
    evaluations: tuple[Path, ...],
    report: Path | None,
    by: tuple[str, ...],
    show: int,
    workers: int | None,
    allow_weak_isolation: bool,
    as_json: bool,
) -> None:
    """Compare evaluations, or all evaluations of a run, with the first of them on the questions they share.

    \b
    codereasoner compare runs/demo/evaluations/test@sft runs/demo/evaluations/test@grpo
    codereasoner compare runs/demo --report comparison.html
    """
    if report is not None:
        trace_all(chosen_evaluations(evaluations), workers, allow_weak_isolation)
    if len(chosen_evaluations(evaluations)) < 2:
        raise ConfigError(f"{evaluations[0]} is one evaluation: name a second one to compare it with")
    found, _ = compare(evaluations)
    for sentence in found["warnings"]:
        console.print(styled("bold red", "careful", f" {sentence}"), highlight=False)
    for name in dict.fromkeys(row["questions"] for row in found["results"]):
        _show_results(name, [row for row in found["results"] if row["questions"] == name])
        rows = [row for row in found["comparisons"] if row["list"] == name]
        if rows:
            _show_differences(rows)
        if len(rows) > 1 and not by:
            console.print(
                styled("dim", "flipped questions and features: compare two evaluations, or give --report or --json")
            )
            continue
        for row in rows:
            _show_flips(row, show)
            _show_features(row, by, show)
    if report is not None:
        console.print(f"page: {write_comparison(evaluations, report)}")
    if as_json:
        print_json(found)


def _show_results(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    tasks = sorted({part["task"] for row in rows for part in row["tasks"]}, key=task_order)
    counts = {f"{row['n_questions']:,}" for row in rows if row["n_questions"] is not None}
    asked = f", {counts.pop()} questions" if len(counts) == 1 else ""
    table = Table(
        title=f"{name}{asked}: pass@1 with its 95 % interval", title_justify="left", title_style="bold", box=None
    )
    table.add_column("model", overflow="fold")
    for heading in [*tasks, *(["all"] if len(tasks) > 1 else [])]:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        parts = {part["task"]: part for part in row["tasks"]} | {"all": row}
        shown = [accuracy(parts.get(str(column.header), {})) for column in table.columns[1:]]
        table.add_row(Text(row["model"]), *shown)
    console.print(table)
    for floor, value in floors_of(rows).items():
        console.print(styled("dim", f" no model: {floor} {value:.1f} %"), highlight=False)
    outcomes = Table(title="outcomes of all answers", title_justify="left", title_style="bold", box=None)
    outcomes.add_column("model", overflow="fold")
    for verdict in rows[0]["outcomes"]:
        outcomes.add_column(verdict.replace("_", " "), justify="right")
    for row in rows:
        outcomes.add_row(Text(row["model"]), *(f"{count:,}" for count in row["outcomes"].values()))
    console.print(outcomes)


def _show_differences(rows: Sequence[Mapping[str, Any]]) -> None:
    title = Text(f"differences from {rows[0]['first']}, in points")
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    table.add_column("model", overflow="fold")
    table.add_column("task", no_wrap=True)
    for heading in ("n", "difference [95 %]", "gained", "lost", "McNemar p"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        for task, part in row["tasks"].items():
            counts = (f"{part['gained']:,}", f"{part['lost']:,}")
            table.add_row(
                Text(row["second"]), task, f"{part['questions']:,}", difference(part), *counts, f"{part['p']:.2g}"
            )
    console.print(table)


def difference(part: Mapping[str, Any]) -> Text:
    """`+8.2 [+3.1, +13.3]`, bold where the interval leaves out zero."""
    interval = part["interval"]
    text = f"{part['difference']:+.1f}" + (f" [{interval[0]:+.1f}, {interval[1]:+.1f}]" if interval else "")
    sure = bool(interval) and (interval[0] > 0 or interval[1] < 0)
    return Text(text, style=("bold green" if part["difference"] > 0 else "bold red") if sure else "")


def _show_flips(row: Mapping[str, Any], show: int) -> None:
    for word, colour in (("gained", "green"), ("lost", "red")):
        flipped = row[word]
        if not flipped:
            continue
        table = Table(title=f"{word} by {row['second']}: {len(flipped):,}", title_justify="left", box=None)
        shown = [(item["task"], item["id"].removeprefix(f"{row['list']}/")) for item in flipped[:show]]
        for place, column in enumerate(("task", "id")):
            table.add_column(column, no_wrap=True, min_width=max((len(each[place]) for each in shown), default=0))
        table.add_column("question", overflow="ellipsis", no_wrap=True)
        for (task, name), item in zip(shown, flipped, strict=False):
            table.add_row(Text(task, style=colour), Text(name), Text(item["question"]))
        console.print(table)
        if len(flipped) > show:
            console.print(styled("dim", f"and {len(flipped) - show:,} more: --show {len(flipped)}, or --json"))


def _show_features(row: Mapping[str, Any], by: Sequence[str], show: int) -> None:
    chosen = [each for each in row["by_feature"] if not by or each["feature"] in by]
    bins = [(each["feature"], part) for each in chosen for part in each["bins"]]
    if not bins:
        return
    table = Table(title=f"{row['second']} - {row['first']} by feature", title_justify="left", box=None)
    table.add_column("feature")
    table.add_column("value")
    for heading in ("questions", "first", "second", "difference [95 %]"):
        table.add_column(heading, justify="right", no_wrap=True)
    limit = len(bins) if by else max(show, 0)
    for feature, part in bins[:limit]:
        shares = (f"{part['first']:.1f} %", f"{part['second']:.1f} %")
        table.add_row(Text(feature), Text(part["label"]), f"{part['questions']:,}", *shares, difference(part))
    console.print(table)
    if len(bins) > limit:
        rest = ", ".join(dict.fromkeys(feature for feature, _ in bins[limit:]))
        console.print(styled("dim", f"and {len(bins) - limit} more rows: --by FEATURE, one of: {rest}"))
