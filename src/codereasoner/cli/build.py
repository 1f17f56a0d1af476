"""build: a whole data set with one command."""

from pathlib import Path

import click

from codereasoner.cli.command_files import prepare_outputs, refuse_other_options
from codereasoner.cli.config_command import ConfigCommand, given_options, save_config, words_of
from codereasoner.cli.option_types import OWN_FOLDER, OneOf
from codereasoner.cli.options import config_options, out_option, pool_options
from codereasoner.cli.pools import PoolOptions
from codereasoner.stages.stage_options import BuildConfig

_NEUTRAL = ("concurrency", "requests_per_minute", "price_in", "price_out")
"""Fields that do not change what is built."""


@click.command("build", cls=ConfigCommand)
@out_option("set", "Folder of the data set.", OWN_FOLDER)
@config_options(BuildConfig)
@click.option(
    "--engine",
    type=OneOf(("local", "ray")),
    default="local",
    help="Run the stages on this machine, or on a Ray cluster.",
)
@click.option("--ray-address", help="Address of a running Ray cluster (default: start Ray on this machine).")
@click.option("--push", "repository", metavar="OWNER/NAME", help="Upload the finished set to this Hub repository.")
@click.option("--public", is_flag=True, help="With --push: make the repository public.")
@click.option("--dry-run", is_flag=True, help="With --push: list the files, and upload nothing.")
@pool_options
def build_command(
    out: Path,
    config: BuildConfig,
    engine: str,
    ray_address: str | None,
    repository: str | None,
    public: bool,
    dry_run: bool,
    pools: PoolOptions,
) -> None:
    """Build a data set: programs, traces, questions, balanced sets, chains, training rows, and a card.

    Writes the file of each stage, with its manifest, into one folder; sft.parquet and grpo.parquet are for trainers.
    The same command continues where it was stopped.

    Example:

    \b
        codereasoner build --train 20 --rl 10 --out set
    """
    from codereasoner.cli.console import bar, console
    from codereasoner.cli.row_counts import check_rows, show_counts
    from codereasoner.errors import check_extra
    from codereasoner.reports.cards import write_cards
    from codereasoner.reports.hub import check_name
    from codereasoner.stages.build_dataset import Paths, build, check_options
    from codereasoner.stages.engine import make_engine
    from codereasoner.stages.stage_clock import StageClock
    from codereasoner.stages.write_chains import find_teacher

    if repository is not None:
        check_name(repository)
    if config.near:
        check_extra("datasketch", "data")
    check_options(out, config)
    teacher = find_teacher(config)
    paths = Paths(out)
    begun = any(any(out.glob(f"{path.name}*")) for path in vars(paths).values())
    refuse_other_options(out, begun, given_options(), words_of(BuildConfig, _NEUTRAL))
    with make_engine(engine, pools.workers, ray_address) as made:
        here = PoolOptions(1 if made.remote else pools.workers, pools.allow_weak_isolation)
        with here.open() as pool:
            prepare_outputs(out)
            save_config(out)
            clock = StageClock(out, bar)
            build(out, config, pool, made, clock, teacher, pools.allow_weak_isolation)
    with clock("card"):
        write_cards(out)
    for path in vars(paths).values():
        if path.is_file():
            show_counts(path, needed=False, hint="--direct asks for none")
    for path, programs in ((paths.sft, config.train), (paths.grpo, config.rl)):
        if programs:
            check_rows(path)
    console.print(f"the card: {out / 'README.md'}")
    if repository is not None:
        _push(out, repository, public, dry_run)


def _push(out: Path, repository: str, public: bool, dry_run: bool) -> None:
    from codereasoner.cli.console import console, result_screen, waiting
    from codereasoner.reports.hub import files_to_push, push

    if not dry_run:
        with waiting(f"the upload to {repository}"):
            address = push(out, repository, public)
        console.print(f"pushed: {address}")
        return
    screen = result_screen()
    screen.print(f"--dry-run: {repository}, a {'public' if public else 'private'} data set, would get")
    for path in files_to_push(out):
        screen.print(f"  {path.stat().st_size:>12,}  {path.relative_to(out)}")
