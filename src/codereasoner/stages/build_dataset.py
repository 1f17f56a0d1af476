"""Build a whole data set, from programs to rows, in one folder.

    programs -> trace -> ask -> chain -> audit -> choose -> rows

The narrator's chains come before the choice, so that a question without one is replaced and the set keeps its size and
balance: no more are written than the choice takes, or all of them where an audit is to drop some. A teacher's, each of
which costs money, come after it. Each stage is the one that its own command runs. It
continues where it was killed and is skipped where it is done, so the same build in the same folder goes on, and ends
with the same files, however often it was stopped.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from codereasoner.execution.pool import Pool
from codereasoner.extend import Progress
from codereasoner.ledger import dropped_rows
from codereasoner.stages.ask_questions import ask_questions
from codereasoner.stages.audit_chains import audit_texts, keep_true
from codereasoner.stages.balance_sets import Choice, choose_questions
from codereasoner.stages.distribute import PerProcessPool
from codereasoner.stages.engine import Engine
from codereasoner.stages.excluded_benchmarks import read_against
from codereasoner.stages.make_programs import make_programs, sources_of
from codereasoner.stages.named_tasks import task_names
from codereasoner.stages.stage_options import BuildConfig
from codereasoner.stages.trace_calls import kept, trace_programs
from codereasoner.stages.write_chains import SEARCH_LIMITS, Teacher, narrate_chains, teach_chains
from codereasoner.stages.write_rows import write_rows

Watch: TypeAlias = Callable[[str], AbstractContextManager[Progress]]
"""Show the progress of the stage of that name while it works."""


def build(
    folder: Path,
    config: BuildConfig,
    pool: Pool,
    engine: Engine,
    watch: Watch,
    teacher: Teacher | None = None,
    allow_weak_isolation: bool = False,
) -> None:
    """Run every stage that is not done yet; the folder then holds a file for each, its drops and its manifest.

    pool: runs what this process needs; the processes of the engine have pools of their own.
    teacher: the author of the chains (default: the narrator).
    """
    paths, own = Paths(folder), PerProcessPool(0, allow_weak_isolation)
    config = replace(config, task=tuple(task_names(config.task)), direct=tuple(task_names(config.direct)))
    keep, known = kept(config, config.task), read_against(config.against)
    with watch("programs") as progress:
        make_programs(paths.programs, config, known, engine, progress)
    with watch("trace") as progress:
        again = PerProcessPool(1, allow_weak_isolation) if config.second_run else None
        trace_programs(paths.programs, paths.runs, own, progress, again, keep, engine)
    with watch("ask") as progress:
        ask_questions(paths.runs, paths.questions, config.task, progress, engine, own.run)
    sizes = {"train": config.sft_size, "rl": config.rl_size}
    tasks = [name for name in config.task if name not in config.direct]
    choice = Choice(paths.questions, sizes, tasks if teacher is None else (), engine)
    chains = paths.chains
    if teacher is not None:  # its chains cost money: no more are asked for than the set has
        with watch("choose") as progress:
            choose_questions(choice, paths.chosen, progress)
        with watch("chain") as progress:
            teach_chains(paths.chosen, chains, tasks, teacher, pool, progress, "train")
    else:
        with watch("chain") as progress:
            tries = PerProcessPool(0, allow_weak_isolation, SEARCH_LIMITS)
            words = (tasks, config.detail, progress, engine, config.attempts, "train", config.max_characters, tries.run)
            needed = choice if config.keep_above is None else None
            narrate_chains(paths.questions, paths.runs, chains, *words, needed)
    if config.keep_above is not None:
        chains = paths.true_chains
        with watch("audit") as progress:
            audit_texts(paths.chains, paths.questions, paths.audit, own.run, progress, engine, paths.runs)
            keep_true(paths.chains, paths.audit, chains, config.keep_above / 100)
    if teacher is None:
        with watch("choose") as progress:
            lacking = {row["question"] for path in {paths.chains, chains} for row in dropped_rows(path)}
            choose_questions(choice, paths.chosen, progress, chains, lacking)
    with watch("rows"):
        write_rows(paths.chosen, chains, paths.sft, paths.grpo, config, config.task, engine)


def check_options(folder: Path, config: BuildConfig) -> None:
    """Refuse names and numbers that a stage would refuse, before the first one works.

    Raises:
        UserError: the message is that of the stage.
    """
    kept(config, task_names(config.task))  # first: it registers the task of a file, which --direct names
    task_names(config.direct)
    sources_of(Paths(folder).programs, config)
    read_against(config.against)


class Paths:
    """Files of a build, in the order in which they are made without a teacher."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "programs.jsonl"
        self.runs = folder / "runs.parquet"
        self.questions = folder / "questions.jsonl"
        self.chains = folder / "chains.jsonl"
        self.audit = folder / "chains.audit.jsonl"
        self.true_chains = folder / "chains.true.jsonl"
        self.chosen = folder / "chosen.jsonl"
        self.sft = folder / "sft.parquet"
        self.grpo = folder / "grpo.parquet"
