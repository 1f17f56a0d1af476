"""sft, grpo and rft: training through TRL, the same command for the embedded model and for a 7 B one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import click
from click.core import ParameterSource

from codereasoner.cli.command_files import set_aside_if_fresh
from codereasoner.cli.config_command import ConfigCommand, save_config
from codereasoner.cli.option_types import PATH
from codereasoner.cli.options import Decorator, config_options, out_option, pool_options
from codereasoner.cli.pools import PoolOptions
from codereasoner.extend import Progress, silent
from codereasoner.models.gguf_files import folder_of
from codereasoner.training.budget import LIMITS, budget_of
from codereasoner.training.distributed import main_process_first, rank_and_size
from codereasoner.training.grpo import GrpoConfig, grpo
from codereasoner.training.rft import RftConfig, rft
from codereasoner.training.scratch import is_scratch_name, make_scratch_model
from codereasoner.training.sft import SftConfig, sft
from codereasoner.training.tokens import Seen

Config = TypeVar("Config", SftConfig, GrpoConfig, RftConfig)


def _training(name: str, config: type) -> Decorator:
    """Make a command that trains a model on rows, with the options of its config."""
    model = "Model to start from: a path or Hub name, gguf:FILE, smollm2; scratch:SIZE makes one (0.3m, 1m, 3m, ...)."
    options = (
        click.command(name, cls=ConfigCommand),
        click.argument("rows", type=PATH),
        click.option("--model", required=True, help=model),
        out_option(name, "Folder of the trained model."),
        config_options(config),
        pool_options,
    )

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@_training("sft", SftConfig)
def sft_command(rows: Path, model: str, out: Path, config: SftConfig, pools: PoolOptions) -> None:
    """Fine-tune a model on verified chains (SFT).

    Reads sft.parquet, or a folder with it or with shards of such rows. Writes the model, its history and its card into
    one folder. The same command continues where it was stopped.

    \b
    Example:
      codereasoner sft set --model scratch:0.3m --max-steps 2 --out sft
    """
    config = _one_budget(config)
    _fresh(out)
    opened = pools.open() if config.held_out else nullcontext()
    with opened as pool, _bar("sft", model) as progress:
        runner, start = pool.run if pool else None, _made(model, out, config.seed)
        sft(_file(rows, "sft"), start, out, config, progress, runner, _save(out), _notice)
    _report(out)


@_training("grpo", GrpoConfig)
def grpo_command(rows: Path, model: str, out: Path, config: GrpoConfig, pools: PoolOptions) -> None:
    """Train a model by reinforcement learning with a verified reward (GRPO).

    Reads grpo.parquet, or a folder with it. Writes the model, its history and its card into one folder. The same
    command continues where it was stopped.

    \b
    Example:
      codereasoner grpo set --model sft --max-steps 1 --max-tokens 32 --out grpo
    """
    config = _one_budget(config)
    _fresh(out)
    with pools.open() as pool, _bar("grpo", model) as progress:
        grpo(_file(rows, "grpo"), _made(model, out, config.seed), out, config, pool.run, progress, _save(out))
    _report(out)


@_training("rft", RftConfig)
def rft_command(rows: Path, model: str, out: Path, config: RftConfig, pools: PoolOptions) -> None:
    """Fine-tune a model on its own right answers (rejection sampling), the control of grpo.

    Reads grpo.parquet, or a folder with it. Writes the sampled rows, the model, its history and its card into one
    folder. The same command continues where it was stopped.

    \b
    Example:
      codereasoner rft set --model sft --max-steps 1 --max-tokens 32 --out rft
    """
    config = _one_budget(config)
    _fresh(out)
    with pools.open() as pool, _bar("rft", model) as progress:
        rft(_file(rows, "grpo"), _made(model, out, config.seed), out, config, pool.run, progress, _save(out))
    _report(out)


def _one_budget(config: Config) -> Config:
    """Return the config in which a budget on the command line replaces one of another unit in the config file."""
    context = click.get_current_context()
    flags = {name for name in LIMITS if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if flags:
        others = dict.fromkeys(set(LIMITS) - flags)
        context.params.update(others)
        config = replace(config, **others)  # type: ignore[arg-type]  # a budget may be None
    budget_of(config)  # two budgets are refused before any work
    return config


def _file(rows: Path, name: str) -> Path:
    """Return the rows; in the folder of a data set, the file of that name."""
    inside = rows / f"{name}.parquet"
    return inside if inside.is_file() else rows


def _fresh(out: Path) -> None:
    with main_process_first():
        if rank_and_size()[0] == 0:
            set_aside_if_fresh(out)


def _notice(words: str) -> None:
    """Print what a training left out, in the first process only."""
    from codereasoner.cli.console import console, styled

    if rank_and_size()[0] == 0:
        console.print(styled("yellow", "left out", f": {words}"))


def _save(out: Path) -> Callable[[], None]:
    """Return the callback that writes the options next to the model when the training begins."""
    return partial(save_config, out)


@contextmanager
def _bar(name: str, model: str) -> Iterator[Progress]:
    """Show the progress of the first process; the others of one training are silent."""
    from codereasoner.cli.console import bar

    if rank_and_size()[0]:
        yield silent
        return
    with bar(name, f"the libraries and the weights of {model}") as progress:
        yield progress


def _report(out: Path) -> None:
    """Print where the model is and how fast it learnt, in the first process only."""
    from codereasoner.cli.console import console, styled
    from codereasoner.ledger import read_manifest

    if rank_and_size()[0]:
        return
    manifest = read_manifest(out) or {}
    counts = manifest.get("counts", {})
    said = [f"{counts[name]:{form}} {words}" for name, (form, words) in _COUNTS.items() if name in counts]
    if "matrix_share" in counts:
        said.append(f"{100 * counts['matrix_share']:.1f} % of the matrix rate")
    console.print(f"the model: {out} ({', '.join(said)})")
    seen = Seen(counts.get("examples", 0), counts.get("too_long", 0))
    if seen.share > MANY:
        max_length = manifest["config"]["max_length"]
        words = f" {seen.words(max_length)}; a larger --max-length would keep them"
        console.print(styled("bold red", "warning", words))


MANY = 0.05  # a share of the rows whose loss changes what is learnt: the longest chains are those of long runs
_COUNTS = {
    "steps": (",", "steps"),
    "tokens": (",", "tokens"),
    "operations": (".3g", "operations"),
    "seconds": (",.0f", "s"),
    "tokens_per_second": (",", "tokens/s"),
    "waited": (",", "s of waiting for rows"),
}


def _made(model: str, out: Path, seed: int) -> str:
    """Return the model to start from; a new one is first written next to the output."""
    if not is_scratch_name(model):
        return folder_of(model)
    with main_process_first():
        return str(make_scratch_model(out.with_name(out.name + "-base"), seed, model))
