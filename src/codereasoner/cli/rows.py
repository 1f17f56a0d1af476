"""rows: the rows that trainers read."""

from pathlib import Path

import click

from codereasoner.cli.command_files import file_next_to, prepare_outputs, rows_file
from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import OUT_FILE, PATH
from codereasoner.cli.options import config_options
from codereasoner.stages.stage_options import RowOptions


@click.command("rows", cls=ConfigCommand)
@click.argument("questions", type=PATH)
@click.option("--chains", type=PATH, help="File of the chains (default: chains.jsonl next to the questions).")
@click.option(
    "--rl-task",
    "rl_tasks",
    multiple=True,
    default=("output", "input"),
    help="Task of the RL rows, with or without difficulties, such as input@3-5; repeat it.",
)
@config_options(RowOptions)
@click.option("--sft-out", type=OUT_FILE, default=Path("sft.parquet"), help="File of SFT rows.")
@click.option("--grpo-out", type=OUT_FILE, default=Path("grpo.parquet"), help="File of GRPO rows.")
def rows_command(
    questions: Path, chains: Path | None, rl_tasks: tuple[str, ...], config: RowOptions, sft_out: Path, grpo_out: Path
) -> None:
    """Write training rows: sft.parquet from the train split, grpo.parquet from the rl split.

    Reads questions.jsonl, or a folder with it, and chains.jsonl. A row for SFT is a prompt and its completion; a row
    for GRPO is a prompt and the question that grades its completions.

    Example:

    \b
        codereasoner rows questions.jsonl --chains chains.jsonl
    """
    from codereasoner.cli.row_counts import kept_in, show_counts
    from codereasoner.stages.write_rows import write_rows
    from codereasoner.task import Question

    questions = rows_file(questions, "chosen.jsonl", "questions.jsonl", kind=Question)
    prepare_outputs(sft_out, grpo_out)
    write_rows(questions, chains or file_next_to(questions, "chains.jsonl"), sft_out, grpo_out, config, rl_tasks)
    show_counts(sft_out, needed=not (kept_in(sft_out) or kept_in(grpo_out)))
    show_counts(grpo_out, needed=False)
