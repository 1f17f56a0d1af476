"""ask: the tasks' questions about traced runs."""

from contextlib import nullcontext
from pathlib import Path

import click

from codereasoner.cli.command_files import prepare_outputs, rows_file
from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import PATH
from codereasoner.cli.options import out_option, pool_options, task_option
from codereasoner.cli.pools import PoolOptions


@click.command("ask", cls=ConfigCommand)
@click.argument("runs", type=PATH)
@task_option("output", "input")
@out_option("questions.jsonl", "File of the questions.")
@pool_options
def ask_command(runs: Path, tasks: tuple[str, ...], out: Path, pools: PoolOptions) -> None:
    """Ask each task's questions about each run.

    Reads runs.parquet of `trace`. Writes one question with its right answer per row to questions.jsonl.

    Example:

    \b
        codereasoner ask runs.parquet --task output --task input
    """
    from codereasoner.cli.console import bar
    from codereasoner.cli.row_counts import show_counts
    from codereasoner.extend import task
    from codereasoner.records import Run
    from codereasoner.stages.ask_questions import ask_questions

    executes = any(task(name).executes for name in tasks)
    runs = rows_file(runs, "runs.parquet", kind=Run)
    prepare_outputs(out)
    with pools.open() if executes else nullcontext() as pool, bar("ask") as progress:
        ask_questions(runs, out, tasks, progress, runner=pool.run if pool else None)
    show_counts(out)
