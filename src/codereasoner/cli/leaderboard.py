"""leaderboard: published results next to your own."""

from __future__ import annotations

from pathlib import Path

import click

from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import PATH
from codereasoner.cli.options import json_option
from codereasoner.errors import ConfigError


@click.command("leaderboard", cls=ConfigCommand)
@click.argument("evaluations", nargs=-1, type=PATH)
@click.option("--benchmark", "names", multiple=True, help="Show only this benchmark; repeat it (default: all).")
@click.option("--out", "outs", type=PATH, multiple=True, help="Also write NAME.md or NAME.html; repeat it.")
@click.option("--eval-results", type=PATH, help="Write MODEL/.eval_results/*.yaml for the Hub into this folder.")
@click.option("--source-url", default="", help="With --eval-results: address at which your answers can be read.")
@json_option
def leaderboard_command(
    evaluations: tuple[Path, ...],
    names: tuple[str, ...],
    outs: tuple[Path, ...],
    eval_results: Path | None,
    source_url: str,
    as_json: bool,
) -> None:
    """Show published results, with their settings and source, in one table with your own.

    Reads the folders of evaluations, or of a run; without any, shows published results only.

    \b
    Examples:
      codereasoner leaderboard evaluations --out leaderboard.html --out leaderboard.md
      codereasoner leaderboard --benchmark livecodebench-exec
    """
    from codereasoner.cli.console import console, print_json, styled
    from codereasoner.cli.result_tables import show_boards
    from codereasoner.ledger import write_whole
    from codereasoner.reports.leaderboard_table import board_markdown, failed, leaderboard
    from codereasoner.reports.run_folder import chosen_evaluations

    if wrong := [out for out in outs if out.suffix not in (".md", ".html")]:
        raise ConfigError(f"--out takes a name that ends in .md or .html, not '{wrong[0]}'")
    for each in filter(failed, chosen_evaluations(evaluations) if evaluations else []):
        console.print(styled("yellow", "left out", f" {each.folder}: every answer is an error"))
    boards = leaderboard(evaluations, names)
    for out in outs:
        from codereasoner.reports.leaderboard_table import leaderboard_page

        page = leaderboard_page(boards) if out.suffix == ".html" else "\n".join(map(board_markdown, boards))
        write_whole(out, page)
        console.print(f"written: {out}")
    if eval_results is not None:
        from codereasoner.reports.hub import write_eval_results

        for path in write_eval_results(evaluations, eval_results, source_url):
            console.print(f"written: {path}")
    if as_json:
        print_json({"boards": [board.to_json() for board in boards]})
    else:
        show_boards(boards)
