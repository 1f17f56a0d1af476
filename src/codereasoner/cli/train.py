"""sft, grpo and rft: training through TRL, the same command for the embedded model and for a 7 B one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial, reduce
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from codereasoner.cli.command_files import set_aside_if_fresh
from codereasoner.cli.console import styled
from codereasoner.cli.options import (
    Stage,
    bar,
    config_from,
    console,
    open_pool,
    options_of,
    save_config,
    weak_option,
    workers_option,
)
from codereasoner.extend import Progress, silent
from codereasoner.ledger import read_manifest
from codereasoner.models.gguf_files import folder_of
from codereasoner.training.budget import LIMITS, budget_of
from codereasoner.training.distributed import first_process_first, place
from codereasoner.training.grpo import GrpoConfig, grpo
from codereasoner.training.rft import RftConfig, rft
from codereasoner.training.scratch import is_scratch_name, make_scratch_model
from codereasoner.training.sft import SftConfig, sft
from codereasoner.training.tokens import Seen

_PATH = click.Path(path_type=Path)


def _training(name: str, config: type) -> Callable[[Callable[..., None]], click.Command]:
    """A command that trains a model on rows: its own settings, and what every training takes."""
    new = "A path or Hub name, gguf:FILE, smollm2; scratch:SIZE makes a new model (0.3m, 1m, 3m, ...)."
    options: tuple[Callable[[Any], Any], ...] = (
        click.argument("rows", type=_PATH),
        click.option("--model", required=True, help=new),
        click.option("--out", type=_PATH, default=Path(name), show_default=True, help="The checkpoint's folder."),
        options_of(config),
        workers_option,
        weak_option,
    )

    def made(function: Callable[..., None]) -> click.Command:
        return click.command(name, cls=Stage)(
            reduce(lambda so_far, option: option(so_far), reversed(options), function)
        )

    return made


@_training("sft", SftConfig)
def sft_command(
    rows: Path, model: str, out: Path, workers: int | None, allow_weak_isolation: bool, **values: Any
) -> None:
    """Instruction tuning on verified chains: the rows of sft.parquet."""
    config: SftConfig = _config(SftConfig, values)
    _fresh(out)
    with ExitStack() as stack:
        pool = stack.enter_context(open_pool(workers, allow_weak_isolation)) if config.held_out else None
        runner = pool.run if pool else None
        progress = stack.enter_context(_bar("sft"))
        sft(_file(rows, "sft"), _made(model, out, config.seed), out, config, progress, runner, _save(out), _notice)
    _tell(out)


@_training("grpo", GrpoConfig)
def grpo_command(
    rows: Path, model: str, out: Path, workers: int | None, allow_weak_isolation: bool, **values: Any
) -> None:
    """Reinforcement learning with a verified reward: the prompts of grpo.parquet."""
    config: GrpoConfig = _config(GrpoConfig, values)
    _fresh(out)
    with open_pool(workers, allow_weak_isolation) as pool, _bar("grpo") as progress:
        grpo(_file(rows, "grpo"), _made(model, out, config.seed), out, config, pool.run, progress, _save(out))
    _tell(out)


@_training("rft", RftConfig)
def rft_command(
    rows: Path, model: str, out: Path, workers: int | None, allow_weak_isolation: bool, **values: Any
) -> None:
    """Rejection-sampling fine-tuning, the control of grpo: tune on the model's own right answers to grpo.parquet."""
    config: RftConfig = _config(RftConfig, values)
    _fresh(out)
    with open_pool(workers, allow_weak_isolation) as pool, _bar("rft") as progress:
        rft(_file(rows, "grpo"), _made(model, out, config.seed), out, config, pool.run, progress, _save(out))
    _tell(out)


def _config(kind: type, values: Mapping[str, Any]) -> Any:
    """Return the config of a training; a budget on the command line replaces one of another unit in the config file."""
    context = click.get_current_context()
    flags = {name for name in LIMITS if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if flags:
        context.params.update({name: None for name in LIMITS if name not in flags})
    config = config_from(kind, {name: context.params[name] for name in values})
    budget_of(config)  # two budgets are refused before any work
    return config


def _file(rows: Path, name: str) -> Path:
    """Return the rows; in the folder of a data set, the file of that name."""
    inside = rows / f"{name}.parquet"
    return inside if inside.is_file() else rows


def _fresh(out: Path) -> None:
    with first_process_first():
        if place()[0] == 0:
            set_aside_if_fresh(out)


def _notice(words: str) -> None:
    """Show, once, what a training left out."""
    if place()[0] == 0:
        console.print(styled("yellow", "left out", f": {words}"))


def _save(out: Path) -> Callable[[], None]:
    """Return what keeps the options beside the model, as soon as the training begins."""
    return partial(save_config, out)


@contextmanager
def _bar(name: str) -> Iterator[Progress]:
    """The progress that the first process shows; the others of one training are silent."""
    if place()[0]:
        yield silent
        return
    with bar(name) as progress:
        yield progress


def _tell(out: Path) -> None:
    """Where the model is, and how fast it learnt: said by the first process."""
    if place()[0]:
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
    """The model to start from; a new one is written beside the output first."""
    if not is_scratch_name(model):
        return folder_of(model)
    with first_process_first():
        return str(make_scratch_model(out.with_name(out.name + "-base"), seed, model))
