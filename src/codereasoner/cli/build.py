"""build: a whole data set with one command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from codereasoner import stages
from codereasoner.cli.command_files import refuse_other_options, set_aside_if_fresh
from codereasoner.cli.data import check_rows, say, second_pool, setting
from codereasoner.cli.demo_data import stage
from codereasoner.cli.option_types import COUNT
from codereasoner.cli.options import (
    Stage,
    config_from,
    console,
    given_options,
    open_pool,
    options_of,
    save_config,
    weak_option,
    words_of,
)
from codereasoner.execution.pool import Pool
from codereasoner.extend import Progress
from codereasoner.reports.cards import write_cards
from codereasoner.reports.hub_push import check_name, files_to_push, push
from codereasoner.stages.build_dataset import Paths
from codereasoner.stages.engine import NAMES, Engine

_PATH = click.Path(path_type=Path)


@click.command("build", cls=Stage)
@click.option("--out", type=_PATH, default=Path("set"), show_default=True, help="The folder of the data set.")
@options_of(stages.BuildConfig)
@click.option("--engine", type=click.Choice(NAMES), default="local", show_default=True, help="Who does the work.")
@click.option("--ray-address", help="A running Ray cluster; without one Ray starts on this machine.")
@click.option("--push", "repository", metavar="OWNER/NAME", help="Upload the set to the Hub when it is built.")
@click.option("--public", is_flag=True, help="The pushed set can be seen by everyone; else by its owner.")
@click.option("--dry-run", is_flag=True, help="With --push: say what would be uploaded, and upload nothing.")
@click.option("--workers", type=COUNT, help="Processes of this machine, or of the Ray that is started on it.")
@weak_option
def build_command(
    out: Path,
    engine: str,
    ray_address: str | None,
    repository: str | None,
    public: bool,
    dry_run: bool,
    workers: int | None,
    allow_weak_isolation: bool,
    **values: Any,
) -> None:
    """Build a data set: programs, traces, questions, balanced sets, chains, rows, and its card.

    The same command goes on where it was stopped. `--config build.yaml` holds the options, under the same words.
    """
    if repository is not None:
        check_name(repository)
    config: stages.BuildConfig = config_from(stages.BuildConfig, values)
    set_aside_if_fresh(out)
    begun = any(any(out.glob(f"{path.name}*")) for path in vars(Paths(out)).values())
    refuse_other_options(out, begun, given_options(), words_of(stages.BuildConfig))
    save_config(out)
    with (
        stages.make_engine(engine, workers, ray_address) as doing,
        _pools(doing, config, workers, allow_weak_isolation) as (pool, again),
    ):
        stages.build(out, config, pool, again, doing, _watched(out), setting, allow_weak_isolation)
    with stage(out, "card"):
        write_cards(out)
    paths = Paths(out)
    for path in vars(paths).values():
        if path.is_file():
            say(path, needed=False)
    for path, programs in ((paths.sft, config.train), (paths.grpo, config.rl)):
        if programs:
            check_rows(path)
    console.print(f"the card: {out / 'README.md'}")
    if repository is not None:
        _push(out, repository, public, dry_run)


def _push(out: Path, repository: str, public: bool, dry_run: bool) -> None:
    if not dry_run:
        console.print(f"pushed: {push(out, repository, public)}")
        return
    console.print(f"--dry-run: {repository}, a {'public' if public else 'private'} data set, would get")
    for path in files_to_push(out):
        console.print(f"  {path.stat().st_size:>12,}  {path.relative_to(out)}")


@contextlib.contextmanager
def _pools(
    engine: Engine, config: stages.BuildConfig, workers: int | None, allow_weak_isolation: bool
) -> Iterator[tuple[Pool, Pool | None]]:
    """The pools of this machine; one worker is enough where an engine traces elsewhere."""
    here = 1 if engine.spread else workers
    with (
        open_pool(here, allow_weak_isolation) as pool,
        second_pool(config.second_run and not engine.spread, here, allow_weak_isolation) as again,
    ):
        yield pool, again


def _watched(folder: Path) -> stages.Watch:
    def watch(name: str) -> contextlib.AbstractContextManager[Progress]:
        return stage(folder, name)

    return watch
