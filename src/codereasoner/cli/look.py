"""report, list, doctor: looking at what is there."""

from __future__ import annotations

import inspect
import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import click
from rich.table import Table

from codereasoner import configs, extend
from codereasoner.cli.console import Screen, styled
from codereasoner.cli.options import (
    Stage,
    bar,
    console,
    json_option,
    open_pool,
    print_json,
    weak_option,
    workers_option,
)
from codereasoner.errors import IsolationError, Shortfall
from codereasoner.execution.doctor import examine
from codereasoner.reports.answer_traces import trace_answers, untraced
from codereasoner.reports.cards import write_cards
from codereasoner.reports.report_page import write_report
from codereasoner.reports.run_folder import Evaluation, chosen_evaluations, evaluations
from codereasoner.styles import STYLES

_PROGRAMS = ("codereasoner ", "accelerate ", "python ", "torchrun ", "trl ")  # what the commands in a preset start with


@click.command("report", cls=Stage)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--trace/--no-trace", default=True, help="Trace the calls of answers that came without a trace.")
@workers_option
@weak_option
def report_command(run: Path, trace: bool, workers: int | None, allow_weak_isolation: bool) -> None:
    """Write report.html, one self-contained page, into the folder of a run or of an evaluation, and a run's cards."""
    if trace:
        trace_all(chosen_evaluations([run]) if run.is_dir() and evaluations(run) else [], workers, allow_weak_isolation)
    click.echo(write_report(run))
    if not (run / "summary.json").is_file():
        for card in write_cards(run):
            click.echo(card)


def trace_all(found: Sequence[Evaluation], workers: int | None, allow_weak_isolation: bool) -> None:
    """Trace what a page would show without a trace; where nothing can be isolated, say so and go on without."""
    if not untraced(found):
        return
    try:
        with open_pool(workers, allow_weak_isolation) as pool, bar("traces") as progress:
            trace_answers(found, pool.run, progress)
    except IsolationError as error:
        console.print(styled("yellow", "no traces", f": {error}; --allow-weak-isolation traces all the same"))


@click.command("list", cls=Stage)
@click.option("--path", metavar="NAME", help="Print the path of one configuration, for accelerate, verl or an editor.")
@json_option
def list_command(path: str | None, as_json: bool) -> None:
    """List the tasks, sources, models, benchmarks, styles and presets there are."""
    if path is not None:
        click.echo(configs.path_of(path))
        return
    found: dict[str, dict[str, str]] = {
        f"{kind}s": {name: _sentence(plugin) for name, plugin in extend.available(kind).items()}
        for kind in get_args(extend.Kind)
    }
    found["styles"] = {
        name: f"answer format '{style.format.name}', {'with' if style.reasons else 'without'} reasoning"
        for name, style in STYLES.items()
    }
    found["presets"] = {name: _about(name) for name in configs.everything()}
    if as_json:
        print_json(found)
        return
    for kind, plugins in found.items():
        table = Table(title=kind, title_justify="left", title_style="bold", box=None, show_header=False)
        for name, sentence in plugins.items():
            table.add_row(f"  {name}", sentence)
        Screen().print(table)


def _about(preset: str) -> str:
    """Return the first sentence of a preset's comment, behind the commands that use it."""
    lines = configs.path_of(preset).read_text(encoding="utf-8").rstrip("\n").split("\n")
    comment = itertools.takewhile(lambda line: line.startswith("# "), lines)
    text = " ".join(line[2:] for line in comment if not line[2:].startswith(_PROGRAMS))
    return text.split(". ")[0].rstrip(".")


def _sentence(plugin: Any) -> str:
    """The first sentence of a class's docstring."""
    text = " ".join((inspect.getdoc(plugin) or "").split())
    return text.split(". ")[0].rstrip(".")


@click.command("doctor", cls=Stage)
@click.option("--no-hostile", is_flag=True, help="Leave out the list of hostile programs, which takes some seconds.")
@json_option
def doctor_command(no_hostile: bool, as_json: bool) -> None:
    """Say which layers of isolation this machine gives, and whether hostile programs are contained."""
    found = examine(hostile=not no_hostile)
    if as_json:
        print_json(found)
    else:
        _show_doctor(found)
    if not found["level"]:
        raise Shortfall(f"no worker starts here: {found['meaning']}")
    rows = found.get("hostile", [])
    if wrong := sum(row["state"] == "not held" for row in rows):
        raise Shortfall(f"{wrong} of {len(rows)} hostile programs were not held, though level {found['level']} should")


def _show_doctor(found: dict[str, Any]) -> None:
    out = Screen()
    out.print(f"Python {found['python']} on {found['platform']}, user {found['user']}")
    table = Table(box=None, show_header=False)
    for layer in found["layers"]:
        said = "" if layer["available"] else f"{layer['reason']}. Without it {layer['without']}."
        table.add_row(f"  {layer['name']}", styled("green", "yes") if layer["available"] else styled("red", "no"), said)
    out.print(table)
    if found["level"]:
        out.print(f"isolation level {found['level']}: {found['meaning']}")
        out.print(f"a worker starts in {found['start_ms']} ms and holds {found['worker_kb'] / 1024:.1f} MiB")
        out.print(f"the tracer is the one in {found['tracer']}")
    if "hostile" in found:
        _show_hostile(out, found["hostile"])


def _show_hostile(out: Screen, rows: Sequence[dict[str, str]]) -> None:
    """Count the hostile programs that were held, and name the others."""
    states = Counter(row["state"] for row in rows)
    run = len(rows) - states["not run"]
    out.print(f"{states['held']} of {run} hostile programs held")
    for needed in sorted({row["reason"] for row in rows if row["state"] == "not run"}):
        names = ", ".join(row["name"] for row in rows if row["reason"] == needed)
        out.print(f"  not run, {needed}: {names}")
    for row in rows:
        if row["state"] == "not held":
            out.print(f"  not held: {row['reason']}")
