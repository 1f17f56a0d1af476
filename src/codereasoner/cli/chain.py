"""chain: the reasoning that leads to the answers."""

from contextlib import nullcontext
from pathlib import Path

import click

from codereasoner.cli.command_files import file_next_to, prepare_outputs, rows_file
from codereasoner.cli.config_command import ConfigCommand
from codereasoner.cli.option_types import COUNT, PATH
from codereasoner.cli.options import config_options, out_option, pool_options, task_option
from codereasoner.cli.pools import PoolOptions
from codereasoner.errors import ConfigError
from codereasoner.stages.stage_options import ChainOptions


@click.command("chain", cls=ConfigCommand)
@click.argument("questions", type=PATH)
@click.option("--runs", type=PATH, help="Runs that the narrator reads (default: runs.parquet next to the questions).")
@task_option("output")
@config_options(ChainOptions)
@click.option("--limit", type=COUNT, help="Try a teacher on the first N questions, and project yield and cost.")
@out_option(None, "File of the chains (default: chains.jsonl; with --limit N, chains-first-N.jsonl).")
@pool_options
def chain_command(
    questions: Path,
    runs: Path | None,
    tasks: tuple[str, ...],
    config: ChainOptions,
    limit: int | None,
    out: Path | None,
    pools: PoolOptions,
) -> None:
    """Write reasoning chains: narrated from traces, or by a teacher model whose answers are verified.

    Reads questions.jsonl, or a folder with it, and for the narrator runs.parquet. Writes one chain per row to
    chains.jsonl; questions that a teacher does not solve, or for which the narrator finds no call, go to
    chains.jsonl.dropped.jsonl with the reason, and all answers of a teacher to chains.jsonl.answers.jsonl.

    Example:

    \b
        codereasoner chain questions.jsonl --task output --task input
    """
    from codereasoner import extend
    from codereasoner.cli.console import bar, console
    from codereasoner.cli.row_counts import show_counts
    from codereasoner.ledger import read_manifest
    from codereasoner.records import Run
    from codereasoner.sampling import answers_of
    from codereasoner.stages.distribute import PerProcessPool
    from codereasoner.stages.engine import make_engine
    from codereasoner.stages.named_tasks import task_names
    from codereasoner.stages.write_chains import SEARCH_LIMITS, find_teacher, narrate_chains, projected, teach_chains
    from codereasoner.task import Question

    questions = rows_file(questions, "chosen.jsonl", "questions.jsonl", kind=Question)
    teacher = find_teacher(config)
    if limit and teacher is None:
        raise ConfigError("--limit tries a teacher: give --by MODEL; the narrator needs no model and costs nothing")
    if teacher is None:
        runs = rows_file(runs or file_next_to(questions, "runs.parquet"), "runs.parquet", kind=Run)
    out = out or Path(f"chains-first-{limit}.jsonl" if limit else "chains.jsonl")
    prepare_outputs(out, answers_of(out))
    if teacher is None:
        assert runs is not None  # found above
        searches = any(extend.task(name).direction == "backward" for name in task_names(tasks, questions))
        isolation = pools.open() if searches else nullcontext()  # tells its level before anything is done
        with bar("chain") as progress, isolation, make_engine(workers=pools.workers) as engine:
            tries = PerProcessPool(0, pools.allow_weak_isolation, SEARCH_LIMITS)
            words = (tasks, config.detail, progress, engine, config.attempts, "", config.max_characters)
            narrate_chains(questions, runs, out, *words, tries.run)
    else:
        with bar("chain", f"the first answer of {config.by}") as progress, pools.open() as pool:
            teach_chains(questions, out, tasks, teacher, pool, progress, first=limit or 0)
    if trial := (read_manifest(out) or {}).get("trial"):
        console.print(projected(trial))
    show_counts(out)
