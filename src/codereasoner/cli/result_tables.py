"""Scores, checks and summaries as tables on standard error; the JSON of a command goes to standard output alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from codereasoner.cli.console import styled
from codereasoner.cli.options import console
from codereasoner.extend import commonest
from codereasoner.reports.evaluation_rows import warnings
from codereasoner.styles import short_name
from codereasoner.task import VERDICTS

MOST = 12  # rows of a list of reasons


def percent(part: Mapping[str, Any], k: int = 1) -> str:
    """`35.9 % [33.0, 38.9]`, or a dash where there is no such number."""
    value = part.get(f"pass@{k}")
    if value is None:
        return "-"
    interval = part.get("interval") if k == 1 else None
    return f"{value:.1f} %" + (f" [{interval[0]:.1f}, {interval[1]:.1f}]" if interval else "")


def show_summary(summary: Mapping[str, Any]) -> None:
    """One row for the whole and one for each task, then what answers without a model get."""
    several = len(summary["by_task"]) > 1
    rows = {"all": summary, **(summary["by_task"] if several else {})}
    title = f"{summary['model']} on {summary['benchmark']}, style {short_name(str(summary['style']))}"
    table = _numbers_table(title, "", rows)
    for name, floor in summary["floors"].items():
        table.add_row(f"no model: {name}", "", f"{floor:.1f} %", style="dim")
    console.print(table)
    for line in _own_numbers(summary["metrics"]):
        console.print(line)
    tokens = f"{summary['prompt_tokens']:,} tokens of prompts, {summary['completion_tokens']:,} of completions"
    dollars = f", ${summary['dollars']:,.2f}" if summary["dollars"] else ""
    console.print(styled("dim", f"{tokens}{dollars}"))
    for sentence in warnings([{**summary, "questions": summary["benchmark"]}]):
        console.print(styled("bold red", "warning", f" {sentence}"))
    if failed := summary["outcomes"]["error"]:
        reasons = commonest(summary.get("errors", {}))
        said = f" {failed:,} requests or checks failed ({reasons}); the same command tries them again."
        console.print(styled("bold red", "warning", said))


def show_score(result: Mapping[str, Any]) -> None:
    """Both graders, one row each, the benchmark's own numbers, and the reasons why the graders differ."""
    for model, part in result.get("models", {}).items():
        console.print(styled("bold", model))
        show_score(part)
    if "models" in result:
        return
    graders = [result, result["other"]] if "other" in result else [result]
    console.print(_numbers_table(result["benchmark"], "grader", {part["grader"]: part for part in graders}))
    if left_out := result.get("left_out"):
        console.print(styled("yellow", "left out", f" {left_out}"))
    for part in graders:
        for line in _own_numbers(part):
            console.print(styled("dim", part["grader"], f" {line}"))
    if result.get("differences"):
        reasons = Table(title="where the graders differ", title_justify="left", box=None)
        for column in ("count", "official", "strict", "reason", "example"):
            reasons.add_column(column, overflow="fold")
        for row in result["differences"][:MOST]:
            example = row["example"]
            shown = f"{example['id']}: {str(example['answer'])[:60]}"
            reasons.add_row(f"{row['count']:,}", row["official"], row["strict"], row["reason"], shown)
        console.print(reasons)


def _own_numbers(part: Mapping[str, Any]) -> list[str]:
    """What a benchmark measures beside pass@k: `coverage: accuracy 81.06, precision 84.30, ...`."""
    lines = []
    for name, value in part.items():
        if isinstance(value, float) and "@" not in name:
            lines.append(f"{name}: {value:.2f}")
        elif isinstance(value, Mapping) and value and all(isinstance(number, float) for number in value.values()):
            lines.append(f"{name}: " + ", ".join(f"{key} {number:.2f}" for key, number in value.items()))
    return lines


def show_check(result: Mapping[str, Any]) -> None:
    """What was checked and what was rejected, with the reason."""
    wrong = result.get("rejected") or result.get("differing") or []
    for name, value in result.items():
        if name not in ("rejected", "differing") and not isinstance(value, list | dict):
            console.print(f"{name.replace('_', ' ')}: {value:,}" if isinstance(value, int) else f"{name}: {value}")
    for task, rates in (result.get("guess_rates") or {}).items():
        for guess, rate in rates.items():
            console.print(styled("dim", f"{task}, answered '{guess}' every time: {rate:.1f} %"))
    for row in wrong[:MOST]:
        console.print(styled("red", str(row)))


def _numbers_table(title: str, first: str, rows: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a row for each part; pass@5 is shown where somebody was asked five times."""
    table = Table(title=title, title_justify="left", box=None)
    table.add_column(first)
    shown = [k for k in (1, 5) if k == 1 or any(f"pass@{k}" in part for part in rows.values())]
    for column in ("n", *(f"pass@{k}{' [95 %]' if k == 1 else ''}" for k in shown)):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("outcomes")
    for name, part in rows.items():
        counted = [(part["outcomes"].get(verdict, 0), verdict.replace("_", " ")) for verdict in VERDICTS]
        outcomes = ", ".join(f"{count:,} {verdict}" for count, verdict in counted if count)
        table.add_row(name, f"{part['n_questions']:,}", *(percent(part, k) for k in shown), outcomes)
    return table
