"""The whole construction of a data set, from programs to rows, in one folder.

    programs -> trace -> ask -> choose -> chain -> audit -> rows

Each stage is the one that its own command runs. It continues where it was killed and is skipped where it is done, so
the same build in the same folder goes on, and ends with the same files, however often it was stopped.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from codereasoner import extend
from codereasoner.chains.narrator import Detail
from codereasoner.curation.static_filters import Screen
from codereasoner.execution.pool import Pool
from codereasoner.extend import Progress, Sampling
from codereasoner.stages.ask_questions import ask_questions
from codereasoner.stages.audit_chains import audit_texts, keep_true
from codereasoner.stages.balance_sets import choose_questions
from codereasoner.stages.distribute import judged_by, spread
from codereasoner.stages.engine import Engine
from codereasoner.stages.excluded_benchmarks import read_against
from codereasoner.stages.make_programs import source_for, write_programs
from codereasoner.stages.named_tasks import task_names
from codereasoner.stages.trace_calls import Keep, trace_programs, write_runs
from codereasoner.stages.write_chains import narrate_chains, teach_chains
from codereasoner.stages.write_rows import write_grpo_rows, write_sft_rows
from codereasoner.styles import chosen_style

NARRATOR = "narrator"

Watch: TypeAlias = Callable[[str], AbstractContextManager[Progress]]
"""Shows the progress of the stage of that name while it works."""


def _option(default: Any, words: str) -> Any:
    return field(default=default, metadata={"help": words})


@dataclass(frozen=True)
class BuildConfig:
    """What a data set is built of; what is not about the machine is all that the bytes of its files depend on."""

    source: str = _option("procedural", "A source's name, or file.py:Class.")
    set: tuple[str, ...] = _option((), "An option of the source, KEY=VALUE; repeat it.")
    train: int = _option(1000, "Programs for instruction tuning.")
    rl: int = _option(500, "Programs for reinforcement learning.")
    test: int = _option(0, "Programs held out.")
    mutations: int = _option(0, "More calls a program, of other arguments.")
    near: float = _option(0.0, "Similarity, 0 to 1, of a near duplicate; 0.9 is a good one.")
    against: tuple[str, ...] = _option((), "A benchmark that no program may be of: NAME[=PATH], or all; repeat it.")
    calls: int = _option(0, "The most calls to keep of a program: those of other paths first; 0: all.")
    second_run: bool = _option(True, "Run every call again, under another hash seed.")
    task: tuple[str, ...] = _option(("output", "input"), "A kind of question; repeat it.")
    sft_size: int = _option(0, "Questions of the SFT set, balanced; 0: all there are.")
    rl_size: int = _option(0, "Questions of the RL set, balanced; 0: all there are.")
    by: str = _option(NARRATOR, "Who writes the chains: narrator, or a model: openai:NAME, a path, ...")
    detail: Detail = field(default="steps", metadata={"help": "How much the narrator tells."})
    attempts: int = _option(3, "Most calls that the narrator tries before the right one.")
    base_url: str = _option("", "The endpoint of an openai: model.")
    tries: int = _option(4, "Samples of a teacher for a question before it is given up.")
    temperature: float = _option(0.6, "Of a teacher.")
    top_p: float = _option(0.9, "Of a teacher.")
    max_tokens: int = _option(4096, "Of a teacher's answer.")
    keep_above: float = _option(0.0, "Keep only chains of which so many percent of the claims are true; 0: all.")
    direct: tuple[str, ...] = _option((), "A task that is answered without a chain; repeat it.")
    style: str = _option("reasoning", "How to ask, and the answer format: a style, or file.py:NAME.")
    system: str | None = _option(None, "A system message before each question: a text, or a file that holds it.")


def build(
    folder: Path,
    config: BuildConfig,
    pool: Pool,
    again: Pool | None,
    engine: Engine,
    watch: Watch,
    settings: Callable[[str], tuple[str, Any]],
    allow_weak_isolation: bool = False,
) -> None:
    """Do every stage that is not done yet; the folder then holds a file for each, its drops and its manifest.

    `again` is a pool of another hash seed where every call runs twice. An engine that works on other machines traces
    there, with pools of its own.
    """
    paths = Paths(folder)
    config = replace(config, task=tuple(task_names(config.task)), direct=tuple(task_names(config.direct)))
    with watch("programs") as progress:
        _write_programs(paths, config, engine, settings, progress)
    with watch("trace") as progress:
        if engine.spread:
            judge = judged_by(engine, Keep(config.calls), config.second_run, allow_weak_isolation)
            write_runs(paths.programs, paths.runs, judge, config.second_run, Keep(config.calls), progress)
        else:
            trace_programs(paths.programs, paths.runs, pool, progress, again, Keep(config.calls))
    with watch("ask") as progress:
        ask_questions(paths.runs, paths.questions, config.task, progress, engine)
    with watch("choose") as progress:
        choose_questions(paths.questions, paths.chosen, {"train": config.sft_size, "rl": config.rl_size}, progress)
    with watch("chain") as progress:
        _write_chains(paths, config, pool, engine, progress)
    chains = paths.chains
    if config.keep_above:
        chains = paths.true_chains
        with watch("audit") as progress:
            audit_texts(paths.chains, paths.chosen, paths.audit, pool.run, progress)
            keep_true(paths.chains, paths.audit, chains, config.keep_above / 100)
    with watch("rows"):
        style = chosen_style(config.style).with_system(config.system)
        write_sft_rows(paths.chosen, chains, paths.sft, style, config.direct)
        write_grpo_rows(paths.chosen, paths.grpo, style, config.task, direct=config.direct)


class Paths:
    """The files of a build, in the order in which they are made."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "programs.jsonl"
        self.runs = folder / "runs.parquet"
        self.questions = folder / "questions.jsonl"
        self.chosen = folder / "chosen.jsonl"
        self.chains = folder / "chains.jsonl"
        self.audit = folder / "chains.audit.jsonl"
        self.true_chains = folder / "chains.true.jsonl"
        self.sft = folder / "sft.parquet"
        self.grpo = folder / "grpo.parquet"


def _write_programs(
    paths: Paths, config: BuildConfig, engine: Engine, settings: Callable[[str], tuple[str, Any]], progress: Progress
) -> None:
    options = dict(map(settings, config.set))
    source = spread(source_for(paths.programs, config.source, options), engine)
    splits = {"train": config.train, "rl": config.rl, "test": config.test}
    known = read_against(config.against)
    facts = {"source": config.source, **options, "near": config.near, "against": known.facts()}
    parts = [(split, count, source) for split, count in splits.items() if count]
    screen = partial(Screen, config.near, known.reason)
    write_programs(paths.programs, parts, facts, progress, screen, config.mutations)


def _write_chains(paths: Paths, config: BuildConfig, pool: Pool, engine: Engine, progress: Progress) -> None:
    tasks = [name for name in config.task if name not in config.direct]
    if config.by == NARRATOR:
        narrate_chains(
            paths.chosen, paths.runs, paths.chains, tasks, config.detail, progress, engine, config.attempts, "train"
        )
        return
    teacher = extend.find("model", config.by, **({"base_url": config.base_url} if config.base_url else {}))
    sampling = Sampling(config.temperature, config.top_p, config.max_tokens)
    style = chosen_style(config.style).with_system(config.system)
    teach_chains(paths.chosen, paths.chains, tasks, teacher, style, config.tries, sampling, pool, progress, "train")


@contextlib.contextmanager
def unwatched(name: str) -> Iterator[Progress]:
    """The Watch of a build that nobody looks at."""
    yield extend.silent
