"""leaderboard: published results next to your own."""

from pathlib import Path

import click

from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import OUT_FILE, OUT_FOLDER, PATH
from codereasoner.cli.options import json_option
from codereasoner.errors import ConfigError


@click.command("leaderboard", cls=ConfigCommand)
@click.argument("evaluations", nargs=-1, type=PATH)
@click.option("--benchmark", "names", multiple=True, help="Show only this benchmark; repeat it (default: all).")
@click.option("--out", "outs", type=OUT_FILE, multiple=True, help="Also write NAME.md, .html or .json; repeat it.")
@click.option(
    "--site", type=OUT_FOLDER, help="Write a static site, a page with filters and its data, into this folder."
)
@click.option("--eval-results", type=OUT_FOLDER, help="Write MODEL/.eval_results/*.yaml for the Hub into this folder.")
@click.option("--source-url", help="With --eval-results: address at which your answers can be read.")
@json_option
def leaderboard_command(
    evaluations: tuple[Path, ...],
    names: tuple[str, ...],
    outs: tuple[Path, ...],
    site: Path | None,
    eval_results: Path | None,
    source_url: str | None,
    as_json: bool,
) -> None:
    """Show published results, with their settings and source, in one table with your own.

    Reads the folders of evaluations, or of a run; without any, shows published results only.

    The evidence of a published number says how far it was checked; for your own results it is the grader's version.

    Example:

    \b
        codereasoner leaderboard evaluations --site site
        codereasoner leaderboard evaluations --out leaderboard.html --out leaderboard.md
        codereasoner leaderboard --benchmark livecodebench-exec
    """
    from codereasoner.cli.console import console, print_json, styled
    from codereasoner.cli.result_tables import show_boards
    from codereasoner.reports.leaderboard_table import failed, leaderboard, leaderboard_text, write_site
    from codereasoner.reports.page import check_view, write_view
    from codereasoner.reports.run_folder import chosen_evaluations

    if wrong := [out for out in outs if out.suffix not in (".md", ".html", ".json")]:
        raise ConfigError(f"--out takes a name that ends in .md, .html or .json, not '{wrong[0]}'")
    for out in outs:
        check_view(out)
    for each in filter(failed, chosen_evaluations(evaluations) if evaluations else []):
        console.print(styled("yellow", "left out", f" {each.folder}: every answer is an error"))
    boards = leaderboard(evaluations, names)
    for out in outs:
        write_view(out, leaderboard_text(boards, out.suffix))
    for path in [*outs, *(write_site(boards, site) if site is not None else ())]:
        console.print(f"written: {path}")
    if eval_results is not None:
        from codereasoner.reports.hub import write_eval_results

        for path in write_eval_results(evaluations, eval_results, source_url or ""):
            console.print(f"written: {path}")
    if as_json:
        print_json({"boards": [board.to_json() for board in boards]})
    else:
        show_boards(boards)
