"""experiment: arms of equal compute compared in one table, and the rows and figures of a curriculum."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from codereasoner import configs
from codereasoner.cli.command_files import prepare_outputs, refuse_other_options
from codereasoner.cli.config_command import ConfigCommand, given_options, save_config
from codereasoner.cli.option_types import COUNT, FOLDER_NAME, OWN_FOLDER, PATH, PROCESSES
from codereasoner.cli.options import Decorator, config_options, data_option, json_option, pool_options, together
from codereasoner.cli.pools import PoolOptions
from codereasoner.errors import check_extra, did_you_mean
from codereasoner.experiments.run_options import (
    FOLDER,
    Settings,
    decisive_words,
    must_be_whole,
    names,
    read_facts,
    read_settings,
)
from codereasoner.outputs import set_aside

if TYPE_CHECKING:
    from codereasoner.experiments.arm_results import Results
    from codereasoner.experiments.plan import Experiment
    from codereasoner.experiments.run import Summaries


JOBS = "Arms that are trained and evaluated at the same time, each in processes of its own; several GPUs are dealt out."


class FinishedRun(NamedTuple):
    """A finished run: its folder and page, the first seed's summaries, and the share of its tokens that it took."""

    folder: Path
    summaries: Summaries
    share: float
    page: Path


def run_experiment(
    plan: Experiment,
    settings: Settings,
    name: str,
    fresh: bool,
    pools: PoolOptions,
    decisive: Sequence[str],
    data: Path | None = None,
    jobs: int = 1,
) -> FinishedRun:
    """Do or continue a run in runs/NAME."""
    from codereasoner.cli.console import bar, console
    from codereasoner.experiments.materials import check_materials
    from codereasoner.experiments.pace import fit_minutes
    from codereasoner.experiments.plan import check_arms
    from codereasoner.experiments.run import ExperimentRun
    from codereasoner.stages.stage_clock import StageClock

    check_arms(plan, settings)
    check_materials(plan, settings, data)
    check_extra("trl", "train")
    folder = Path("runs") / name
    refuse_other_options(folder, folder.is_dir() and not fresh, given_options(), decisive)
    with pools.open() as pool:
        if fresh:
            set_aside(folder)
        save_config(folder)
        clock = StageClock(folder, bar)
        pace = ExperimentRun(plan, settings, folder, pool, clock).pace()
        settings, share = fit_minutes(plan, settings, pace)
        shared = "; less with --jobs, if the cores or GPUs are not busy" if jobs > 1 else ""
        console.print(pace.announce(plan, settings) + shared)
        run = ExperimentRun(plan, settings, folder, pool, clock, data, pools.workers)
        return FinishedRun(folder, run.run(jobs), share, run.report())


def run_options(name: str) -> Decorator:
    """Return the options that every run takes in addition to its sizes."""
    words = "The run's name; its folder is runs/NAME."
    return together(
        click.option("--name", type=FOLDER_NAME, default=name, help=words),
        click.option("--fresh", is_flag=True, help="Start over; the existing run is renamed to NAME.old."),
        pool_options,
    )


def _command_of(file: str) -> click.Command:
    facts, stem = read_facts(file), Path(file).stem
    with must_be_whole(file):
        title, settings = str(facts["title"]), read_settings(facts)

    @click.command(stem, cls=ConfigCommand, help=title)
    @run_options(stem)
    @click.option("--jobs", type=PROCESSES, default=1, help=JOBS)
    @config_options(Settings)
    @json_option
    def command(
        name: str, fresh: bool, jobs: int, pools: PoolOptions, config: Settings, as_json: bool, data: Path | None = None
    ) -> None:
        from codereasoner.experiments.plan import read_experiment

        ran = run_experiment(read_experiment(file), config, name, fresh, pools, decisive_words(), data, jobs)
        found: Results = json.loads((ran.folder / "results.json").read_text(encoding="utf-8"))
        if as_json:
            from codereasoner.cli.console import print_json

            print_json(found)
        else:
            from codereasoner.cli.experiment_tables import show_results

            show_results(found, config.seeds)
            click.echo(f"report: {ran.page}")

    if facts.get("benchmarks"):
        words = "Folder of the benchmarks' data (default: $CODEREASONER_DATA; without either they are left out)."
        click.option("--data", type=PATH, help=words)(command)
    for parameter in command.params:
        if parameter.name and hasattr(settings, parameter.name):
            parameter.default = getattr(settings, parameter.name)
            setattr(parameter, "show_default", parameter.default != "")  # noqa: B010 - only options have it
    return command


class _Experiments(click.Group):
    """A command for each experiment of the package, or YAML file like one, and those that are written below."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*names(), *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        written = super().get_command(ctx, cmd_name)
        if written is not None or not (cmd_name in names() or cmd_name.endswith(".yaml")):
            return written
        return _command_of(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, configs.about(f"{FOLDER}/{name}")) for name in names()]  # no plan is read for a page of help
        rows += [(name, command.get_short_help_str(200)) for name, command in sorted(self.commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in known and not args[0].endswith(".yaml"):
            near = did_you_mean(args[0], known) or "; `codereasoner experiment --list` names them"
            raise click.UsageError(f"there is no experiment '{args[0]}'{near}", ctx)
        return super().resolve_command(ctx, args)


@click.group("experiment", cls=_Experiments, invoke_without_command=True)
@click.option("--list", "listed", is_flag=True, help="List the experiments and curricula that the package brings.")
@click.pass_context
def experiment_command(context: click.Context, listed: bool) -> None:
    """Compare trainings of equal compute, with several seeds; or make the rows of a curriculum.

    Reads an experiment of the package (--list), or a YAML file like one. Writes everything into runs/NAME.

    Example:

    \b
        codereasoner experiment show grpo
        codereasoner experiment grpo --seeds 3
    """
    if context.invoked_subcommand is None:
        for name in names():
            click.echo(f"{name:12} {configs.about(f'{FOLDER}/{name}')}")
        for name in configs.names("curriculum"):
            click.echo(f"{name.partition('/')[2]:12} {configs.about(name)}")


@experiment_command.command("show")
@click.argument("name")
def show_command(name: str) -> None:
    """Show the arms of an experiment: what each is trained on, from which other one, and for how much compute."""
    from codereasoner.cli.experiment_tables import show_arms
    from codereasoner.experiments.plan import read_experiment

    show_arms(read_experiment(name))


@experiment_command.command("rows", cls=ConfigCommand)
@click.argument("curriculum")
@click.option("--out", type=OWN_FOLDER, required=True, help="Folder of the shards and the held-out questions.")
@click.option("--workers", type=PROCESSES, default=1, help="Processes that make shards, one core each.")
@click.option("--shards", type=COUNT, help="Number of shards (default: the curriculum's).")
def rows_command(curriculum: str, out: Path, workers: int, shards: int | None) -> None:
    """Make the rows of a CURRICULUM, by name or YAML file, shard by shard; a training can follow the folder."""
    from codereasoner.cli.console import print_json
    from codereasoner.experiments.curriculum import read_curriculum
    from codereasoner.experiments.curriculum_rows import make_rows

    prepare_outputs(out)
    found = read_curriculum(curriculum, shards)
    print_json(make_rows(found, out, workers, lambda line: click.echo(line, err=True)))


@experiment_command.command("clean")
@click.argument("rows", type=PATH)
@data_option
def clean_command(rows: Path, data: Path | None) -> None:
    """Compare the programs of a curriculum's ROWS with those of the benchmarks; exits with 1 where one is the same."""
    from codereasoner.experiments import analysis

    found = analysis.contamination(rows, data)
    click.echo(json.dumps(found, indent=1))
    if found["same"] or not found["compared_with"]:
        raise SystemExit(1)


@experiment_command.command("levels")
@click.argument("held_out", type=PATH)
@click.argument("evaluations", type=PATH, nargs=-1, required=True)
@click.option("--min-questions", type=COUNT, default=20, help="Hide rarer constructs.")
def levels_command(held_out: Path, evaluations: Sequence[Path], min_questions: int) -> None:
    """Show the accuracy of EVALUATIONS on a curriculum's HELD_OUT questions, by level and by construct."""
    from codereasoner.evaluation.metrics import wilson_interval
    from codereasoner.experiments import analysis

    for evaluation in evaluations:
        click.echo(evaluation)
        for kind, found in analysis.accuracy_by_level(held_out, evaluation).items():
            for name, (right, asked) in found.items():
                if kind == "level" or asked >= min_questions:
                    low, high = (100 * end for end in wilson_interval(right, asked))
                    share = f"{100 * right / asked:5.1f} % [{low:.1f}, {high:.1f}]"
                    click.echo(f"  {kind:9} {name:24} {right:5} of {asked:5}  {share}")


@experiment_command.command("failures")
@click.argument("evaluation", type=PATH)
@click.option("--count", type=COUNT, default=20, help="Number of wrong answers to draw.")
@pool_options
def failures_command(evaluation: Path, count: int, pools: PoolOptions) -> None:
    """Show wrong answers of an EVALUATION, drawn at random, with the class of each error and its first false claim."""
    from codereasoner.experiments import analysis

    with pools.open() as pool:
        found = list(analysis.failures(evaluation, count, pool.run))
    for each in found:
        click.echo(each.text())
    click.echo(json.dumps(dict(Counter(each.kind for each in found).most_common())))


@experiment_command.command("curve")
@click.argument("trainings", type=PATH, nargs=-1, required=True)
@click.option("--every", type=COUNT, default=500_000, help="Tokens between two lines.")
def curve_command(trainings: Sequence[Path], every: int) -> None:
    """Show loss and accuracy by tokens of TRAININGS that continue one another, as a table."""
    from codereasoner.experiments import analysis

    click.echo(analysis.curve(trainings, every))


@experiment_command.command("means")
@click.argument("training", type=PATH)
def means_command(training: Path) -> None:
    """Show the means over the rows of a TRAINING's history, and the share of its time that grading took."""
    from codereasoner.experiments import analysis

    for name, value in analysis.means(training).items():
        click.echo(f"{name:20} {value:12,.4f}")


@click.command("ablate", hidden=True, add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def ablate_command(context: click.Context, words: Sequence[str]) -> None:
    """Run `experiment grpo` or, with --preset ablate-method, `experiment method`, in runs/ablate."""
    given = [part for word in words for part in (word.split("=", 1) if word.startswith("--preset=") else [word])]
    name = "grpo"
    if "--preset" in given:
        at = given.index("--preset")
        name = {"ablate-method": "method"}.get("".join(given[at + 1 : at + 2]), "grpo")
        del given[at : at + 2]
    click.echo(
        f"codereasoner: the command ablate is now experiment {name}; the old name goes with the next version", err=True
    )
    with experiment_command.make_context("experiment", [name, "--name", "ablate", *given], parent=context) as inner:
        experiment_command.invoke(inner)
