"""ablate: what each part of the method is worth, as trainings of equal compute on the embedded model, in one table.

    data -> for each seed: SFT -> for each arm: what follows -> evaluate -> results.json, table.md

Compute is counted in floating-point operations, generation included, so a machine changes how long it takes, not what
is compared. Arms that share their SFT share its checkpoint.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.table import Table

from codereasoner.cli.ablate_arms import AblateConfig
from codereasoner.cli.ablate_run import run_ablation
from codereasoner.cli.ablate_table import cell, markdown, results
from codereasoner.cli.command_files import refuse_other_options
from codereasoner.cli.config_command import ConfigCommand, given_options, save_config, words_of
from codereasoner.cli.console import Screen, print_json
from codereasoner.cli.options import config_from, json_option, options_of, weak_option, workers_option
from codereasoner.cli.pools import open_pool
from codereasoner.ledger import write_whole
from codereasoner.outputs import set_aside


@click.command("ablate", cls=ConfigCommand)
@click.option("--name", default="ablate", show_default=True, help="The run's name; it lies in runs/NAME.")
@click.option("--fresh", is_flag=True, help="Begin anew: the run of that name is renamed to NAME.old.")
@options_of(AblateConfig)
@workers_option
@weak_option
@json_option
def ablate_command(
    name: str, fresh: bool, workers: int | None, allow_weak_isolation: bool, as_json: bool, **values: Any
) -> None:
    """Compare parts of the method at equal compute, with several seeds: one table with intervals.

    Writes everything into runs/NAME.

    \b
    Example:
      codereasoner ablate --seeds 2
    """
    folder = Path("runs") / name
    if fresh:
        set_aside(folder)
    config: AblateConfig = config_from(AblateConfig, values)
    more = ("seeds", "arms")  # of which a run may get more, or show fewer
    refuse_other_options(folder, folder.is_dir(), given_options(), words_of(AblateConfig, more))
    save_config(folder)

    def keep(seeds: int) -> None:
        found = results(folder, config)
        write_whole(folder / "results.json", json.dumps(found, indent=1) + "\n")
        write_whole(folder / "table.md", markdown(found))

    with open_pool(workers, allow_weak_isolation) as pool:
        run_ablation(folder, config, pool, keep)
    found = results(folder, config)
    if as_json:
        print_json(found)
    else:
        _show(found, config)


def _show(found: dict[str, Any], config: AblateConfig) -> None:
    title = f"Accuracy on programs never seen, greedy, percent; mean of {config.seeds} seeds with its 95 % interval"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, caption_justify="left")
    first = found["arms"][found["first"]]["label"]
    table.caption = f"below each: the difference to '{first}', question by question"
    table.add_column("", overflow="fold")
    for column in found["columns"]:
        table.add_column(column, justify="right", no_wrap=True)
    for arm in found["arms"].values():
        table.add_row(arm["label"], *(cell(arm, column, "\n") for column in found["columns"]))
    Screen().print(table)
