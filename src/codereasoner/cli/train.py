"""sft, grpo and rft: training through TRL, the same command for the embedded model and for a 7 B one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from click.core import ParameterSource

from codereasoner.cli.command_files import prepare_outputs, rows_file
from codereasoner.cli.config_command import ConfigCommand, save_config
from codereasoner.cli.option_types import OWN_FOLDER, PATH
from codereasoner.cli.options import Decorator, config_options, out_option, pool_options, together
from codereasoner.cli.pools import PoolOptions
from codereasoner.errors import DataError, check_extra, counted, no_rows_in
from codereasoner.training.distributed import main_process_first, rank_and_size
from codereasoner.training.training_config import GrpoConfig, RftConfig, SftConfig

if TYPE_CHECKING:
    from codereasoner.extend import Progress

Config = TypeVar("Config", SftConfig, GrpoConfig, RftConfig)


def _training(name: str, config: type) -> Decorator:
    """Make a command that trains a model on rows, with the options of its config."""
    model = (
        "Model to start from: a path or Hub name, gguf:FILE, smollm2; scratch:SIZE (0.3m, 1m, 3m, ...) makes one in "
        f"OUT-base, for --preset {'sft' if name == 'rft' else name}-scratch."
    )
    return together(
        click.command(name, cls=ConfigCommand),
        click.argument("rows", type=PATH),
        click.option("--model", required=True, help=model),
        out_option(name, "Folder of the trained model.", OWN_FOLDER),
        config_options(config),
        pool_options,
    )


@_training("sft", SftConfig)
def sft_command(rows: Path, model: str, out: Path, config: SftConfig, pools: PoolOptions) -> None:
    """Fine-tune a model on verified chains (SFT).

    Reads sft.parquet, or a folder with it or with shards of such rows. Writes the model, its history and its card into
    one folder. The same command continues where it was stopped.

    Example:

    \b
        codereasoner sft set --preset sft-scratch --model scratch:0.3m --max-steps 2 --out sft
    """
    from codereasoner.training.sft import sft

    _train(sft, "sft", rows, model, out, config, pools if config.held_out else None)


@_training("grpo", GrpoConfig)
def grpo_command(rows: Path, model: str, out: Path, config: GrpoConfig, pools: PoolOptions) -> None:
    """Train a model by reinforcement learning with a verified reward (GRPO).

    Reads grpo.parquet, or a folder with it. Writes the model, its history and its card into one folder. The same
    command continues where it was stopped.

    Example:

    \b
        codereasoner grpo set --model sft --max-steps 1 --max-tokens 32 --out grpo
    """
    from codereasoner.training.grpo import grpo

    _train(grpo, "grpo", rows, model, out, config, pools)


@_training("rft", RftConfig)
def rft_command(rows: Path, model: str, out: Path, config: RftConfig, pools: PoolOptions) -> None:
    """Fine-tune a model on its own right answers (rejection sampling), the control of grpo.

    Reads grpo.parquet, or a folder with it. Writes the sampled rows, the model, its history and its card into one
    folder. The same command continues where it was stopped.

    Example:

    \b
        codereasoner rft set --model sft --max-steps 1 --max-tokens 32 --out rft
    """
    from codereasoner.training.rft import rft

    _train(rft, "rft", rows, model, out, config, pools)


def _train(
    train: Callable[..., Path], name: str, rows: Path, model: str, out: Path, config: Config, pools: PoolOptions | None
) -> None:
    """Train, with a pool where something is graded; the options are written next to the model when it begins."""
    from codereasoner.extend import available, check_model_folder
    from codereasoner.models.checkpoint import check_reachable
    from codereasoner.training.evaluation_callback import check_held_out
    from codereasoner.training.scratch import check_size, is_scratch_name
    from codereasoner.training.shards import check_folder, is_folder
    from codereasoner.training.training_rows import check_first
    from codereasoner.training.training_run import check_before

    config = _one_budget(config)
    check_extra("trl", "train")
    check_before(config)
    if is_scratch_name(model):
        check_size(model)
    elif model.partition(":")[0] not in available("model"):
        check_model_folder(model, ["scratch:SIZE"])
        check_reachable(model)
    if config.held_out:
        config = replace(config, held_out=str(rows_file(Path(config.held_out), "questions.jsonl")))
        check_held_out(str(config.held_out))
    inside = rows / ("sft.parquet" if name == "sft" else "grpo.parquet")
    file = inside if inside.is_file() else rows
    if rows.is_dir() and name != "sft" and file is rows:
        raise DataError(no_rows_in(rows, "grpo.parquet"))
    if is_folder(file):
        check_folder(file, name == "sft" and getattr(config, "order", "") == "file")
    else:
        check_first(file, "completion" if name == "sft" else "question")
    with main_process_first():
        if rank_and_size()[0] == 0:
            prepare_outputs(out)
    with pools.open() if pools else nullcontext() as pool, _bar(name, model) as progress:
        start, runner = _made(model, out, config.seed), pool.run if pool else None
        train(file, start, out, config, runner, progress, partial(save_config, out), _notice)
    _report(out)


def _one_budget(config: Config) -> Config:
    """Return the config in which a length on the command line replaces one of another unit in the config file."""

    from codereasoner.training.budget import LIMITS, budget_of

    context = click.get_current_context()
    lengths: set[str] = {*LIMITS, "max_steps"}
    flags = {name for name in (*lengths, "epochs") if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if flags:
        others = dict.fromkeys(lengths - flags)
        context.params.update(others)
        config = replace(config, **others)  # type: ignore[arg-type]  # a budget may be None
    budget_of(config)  # two budgets are refused before any work
    return config


def _notice(words: str) -> None:
    """Print what a user should know before the first step, in the first process only."""
    from codereasoner.cli.console import console, styled

    if rank_and_size()[0] == 0:
        console.print(styled("yellow", "note", f" {words}"))


@contextmanager
def _bar(name: str, model: str) -> Iterator[Progress]:
    """Show the progress of the first process; the others of one training are silent."""
    from codereasoner.cli.console import bar
    from codereasoner.extend import silent

    if rank_and_size()[0]:
        yield silent
        return
    with bar(name, f"the libraries and the weights of {model}") as progress:
        yield progress


def _report(out: Path) -> None:
    """Print where the model is and how fast it learnt, in the first process only."""
    from codereasoner.cli.console import console, styled
    from codereasoner.ledger import read_manifest
    from codereasoner.training.tokens import Seen

    if rank_and_size()[0]:
        return
    manifest = read_manifest(out) or {}
    counts = manifest.get("counts", {})
    said = [counted(counts["steps"], "step")] if "steps" in counts else []
    said += [f"{counts[name]:{form}} {words}" for name, (form, words) in _COUNTS.items() if name in counts]
    if "matrix_share" in counts:
        said.append(f"{100 * counts['matrix_share']:.1f} % of the matrix rate")
    console.print(f"the model: {out} ({', '.join(said)})")
    seen = Seen(counts.get("examples", 0), counts.get("too_long", 0))
    if seen.share > MANY:
        console.print(styled("bold red", "warning", f" {seen.words('--max-length, or than the model reads')}"))


MANY = 0.05  # a share of the rows whose loss changes what is learnt: the longest chains are those of long runs
_COUNTS = {
    "tokens": (",", "tokens"),
    "operations": (".3g", "operations"),
    "seconds": (",.0f", "s"),
    "tokens_per_second": (",", "tokens/s"),
    "waited": (",", "s of waiting for rows"),
}


def _made(model: str, out: Path, seed: int) -> str:
    """Return the model to start from; a new one is first written next to the output."""
    from codereasoner.models.gguf_files import folder_of
    from codereasoner.training.scratch import is_scratch_name, make_scratch_model

    if not is_scratch_name(model):
        return folder_of(model)
    with main_process_first():
        return str(make_scratch_model(out.with_name(out.name + "-base"), seed, model))
