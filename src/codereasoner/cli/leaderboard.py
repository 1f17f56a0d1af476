"""leaderboard: published results beside one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from codereasoner.cli.console import Screen, styled
from codereasoner.cli.options import Stage, console, json_option, print_json
from codereasoner.errors import ConfigError
from codereasoner.ledger import write_whole
from codereasoner.reports.hub_results import write_eval_results
from codereasoner.reports.leaderboard_page import leaderboard_page
from codereasoner.reports.leaderboard_table import Board, board_markdown, failed, interval_text, leaderboard
from codereasoner.reports.run_folder import chosen_evaluations

_PATH = click.Path(path_type=Path)
_STYLES = {"own": "bold green", "floor": "dim", "published": ""}


@click.command("leaderboard", cls=Stage)
@click.argument("evaluations", nargs=-1, type=_PATH)
@click.option("--benchmark", "names", multiple=True, help="Show this benchmark; repeat it.")
@click.option("--out", "outs", type=_PATH, multiple=True, help="Also write it: NAME.md or NAME.html; repeat it.")
@click.option("--eval-results", type=_PATH, help="Write MODEL/.eval_results/*.yaml for the Hub into this folder.")
@click.option("--source-url", default="", help="Where your answers can be read, for --eval-results.")
@json_option
def leaderboard_command(
    evaluations: tuple[Path, ...],
    names: tuple[str, ...],
    outs: tuple[Path, ...],
    eval_results: Path | None,
    source_url: str,
    as_json: bool,
) -> None:
    """Show published results, with their settings and source, beside your own in one table.

    \b
    codereasoner leaderboard runs/mine --out leaderboard.html --out leaderboard.md
    codereasoner leaderboard --benchmark livecodebench-exec
    """
    if wrong := [out for out in outs if out.suffix not in (".md", ".html")]:
        raise ConfigError(f"--out takes a name that ends in .md or .html, not '{wrong[0]}'")
    for each in filter(failed, chosen_evaluations(evaluations) if evaluations else []):
        console.print(styled("yellow", "left out", f" {each.folder}: every answer is an error"))
    boards = leaderboard(evaluations, names)
    for out in outs:
        page = leaderboard_page(boards) if out.suffix == ".html" else "\n".join(map(board_markdown, boards))
        write_whole(out, page)
        console.print(f"written: {out}")
    if eval_results is not None:
        for path in write_eval_results(evaluations, eval_results, source_url):
            console.print(f"written: {path}")
    if as_json:
        print_json({"boards": [board.to_json() for board in boards]})
    else:
        _show(boards)


def _show(boards: Sequence[Board]) -> None:
    out = Screen()
    for board in boards:
        table = Table(title=board.title, title_justify="left", title_style="bold", box=None)
        table.add_column("model")
        table.add_column("pass@1", justify="right", no_wrap=True)
        table.add_column("95 % interval", no_wrap=True)
        table.add_column("settings")
        table.add_column("source", overflow="fold")
        for each in board.entries:
            words = (each.model, f"{each.value:.1f} %", interval_text(each), each.settings, each.source)
            table.add_row(*map(Text, words), style=_STYLES[each.kind])
        out.print(table)
