"""programs, trace, ask, chain, rows: the stages that build data."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import yaml

from codereasoner import extend, stages
from codereasoner.chains.narrate import DETAILS, LIMIT
from codereasoner.cli.options import (
    Stage,
    bar,
    console,
    control_options,
    endpoint_options,
    json_option,
    open_pool,
    weak_option,
    workers_option,
)
from codereasoner.cli.ranges import COUNT, NOT_NEGATIVE, NUMBER, SHARE, TOP_P
from codereasoner.cli.style_options import style_option, system_option
from codereasoner.cli.trace_view import show_trace
from codereasoner.errors import ConfigError
from codereasoner.execution.pool import Pool
from codereasoner.extend import Sampling
from codereasoner.ledger import read_manifest
from codereasoner.programs.filters import Sizes
from codereasoner.programs.screen import Screen
from codereasoner.stages.against import read_against
from codereasoner.styles import find_style

_PATH = click.Path(path_type=Path)
_SIZES = "source, call, value (characters), steps (of a trace)"
_EXPONENT = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")
_FEW = 2000  # programs, which one process has written before others have started


@click.command("programs", cls=Stage)
@click.option("--source", default="procedural", show_default=True, help="A source's name, or file.py:Class.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="An option of the source; repeat it.")
@click.option("--train", type=NUMBER, default=1000, show_default=True, help="Programs for instruction tuning.")
@click.option("--rl", type=NUMBER, default=0, show_default=True, help="Programs for reinforcement learning.")
@click.option("--test", type=NUMBER, default=0, show_default=True, help="Programs held out.")
@click.option(
    "--mutations", type=NUMBER, default=0, show_default=True, help="More calls a program, of other arguments."
)
@click.option("--near", type=SHARE, default=0.0, help="Similarity, 0 to 1, of a near duplicate; 0.9 is a good one.")
@click.option(
    "--against",
    multiple=True,
    metavar="NAME[=PATH]",
    help="A benchmark that no program may be of, with its data, else from the Hub; 'all' for each at hand; repeat it.",
)
@click.option("--out", type=_PATH, default=Path("programs.jsonl"), show_default=True)
@click.option("--workers", type=COUNT, help="Processes that write programs; all cores by default.")
def programs_command(
    source: str,
    settings: tuple[str, ...],
    train: int,
    rl: int,
    test: int,
    mutations: int,
    near: float,
    against: tuple[str, ...],
    out: Path,
    workers: int | None,
) -> None:
    """Write programs: source code, an entry and its calls."""
    options = dict(setting(text) for text in settings)
    known = read_against(against)
    config = {"source": source, **options, "near": near, "against": known.facts()}
    few = train + rl + test < _FEW
    with stages.make_engine("local", workers or (1 if few else None)) as engine, bar("programs") as progress:
        found = stages.spread(stages.source_for(out, source, options), engine)
        parts = [(split, count, found) for split, count in (("train", train), ("rl", rl), ("test", test)) if count]
        stages.write_programs(out, parts, config, progress, partial(Screen, near, known.reason), mutations)
    say(out)


def setting(text: str) -> tuple[str, Any]:
    """Return the name and the value of KEY=VALUE; the value is read as YAML, as in a configuration file.

    Raises:
        ConfigError: there is no =, or the value is no YAML.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set takes KEY=VALUE, not '{text}'")
    try:
        read = yaml.safe_load(value) if value else ""
    except yaml.YAMLError:
        raise ConfigError(f"--set {key}: '{value}' is no YAML value; put it in quotes to take it as text") from None
    if read == value and _EXPONENT.fullmatch(value):  # which YAML 1.1 takes for a text unless it has a point and a sign
        read = float(value)
    return key.replace("-", "_"), read


@click.command("trace", cls=Stage)
@click.argument("programs", type=_PATH)
@click.argument("call", required=False)
@click.option(
    "--calls", type=NUMBER, default=0, help="The most calls to keep of a program: those of other paths first."
)
@click.option("--second-run/--no-second-run", default=True, show_default=True, help="Again, under another hash seed.")
@click.option("--size", "sizes", multiple=True, metavar="NAME=N", help=f"The most of {_SIZES}; repeat it.")
@click.option("--whole-file", is_flag=True, help="With a call: show every line, also of functions that did not run.")
@click.option("--out", type=_PATH, default=Path("runs.parquet"), show_default=True)
@workers_option
@weak_option
@json_option
def trace_command(
    programs: Path,
    call: str | None,
    whole_file: bool,
    calls: int,
    second_run: bool,
    sizes: tuple[str, ...],
    out: Path,
    workers: int | None,
    allow_weak_isolation: bool,
    as_json: bool,
) -> None:
    """Run and trace programs, or show one call: codereasoner trace FILE.py "f(3)"."""
    keep = stages.Keep(calls, _sizes(sizes))
    own = call is not None or stages.own_programs(programs)
    with open_pool(1 if call else workers, allow_weak_isolation, own_programs=own) as pool:
        if call is not None:
            show_trace(programs, call, pool, as_json, whole_file)
            return
        with bar("trace") as progress, second_pool(second_run, workers, allow_weak_isolation, own) as again:
            stages.trace_programs(programs, out, pool, progress, again, keep)
    say(out)


@contextlib.contextmanager
def second_pool(
    wanted: bool, workers: int | None, allow_weak_isolation: bool, own_programs: bool = False
) -> Iterator[Pool | None]:
    if not wanted:
        yield None
        return
    with Pool(
        workers=workers, allow_weak_isolation=allow_weak_isolation, hash_seed=1, own_programs=own_programs
    ) as again:
        yield again


def _sizes(texts: tuple[str, ...]) -> Sizes:
    given = dict(setting(text) for text in texts)
    if wrong := [name for name, most in given.items() if name not in vars(Sizes()) or not isinstance(most, int)]:
        raise ConfigError(f"--size takes NAME=N with one of {_SIZES}, not '{wrong[0]}={given[wrong[0]]}'")
    return Sizes(**given)


@click.command("ask", cls=Stage)
@click.argument("runs", type=_PATH)
@click.option("--task", "tasks", multiple=True, default=("output", "input"), show_default=True)
@click.option("--out", type=_PATH, default=Path("questions.jsonl"), show_default=True)
def ask_command(runs: Path, tasks: tuple[str, ...], out: Path) -> None:
    """Ask the tasks' questions about each run."""
    with bar("ask") as progress:
        stages.ask_questions(runs, out, tasks, progress)
    say(out)


@click.command("chain", cls=Stage)
@click.argument("questions", type=_PATH)
@click.option("--runs", type=_PATH, default=Path("runs.parquet"), show_default=True, help="For the narrator.")
@click.option("--task", "tasks", multiple=True, default=("output",), show_default=True)
@click.option("--by", default="narrator", show_default=True, help="narrator, or a model: openai:NAME, a path, ...")
@click.option("--detail", type=click.Choice(DETAILS), default="steps", show_default=True)
@click.option(
    "--attempts",
    type=NUMBER,
    default=3,
    show_default=True,
    help="Most calls the narrator tries before the right one.",
)
@click.option(
    "--max-characters",
    type=NUMBER,
    default=LIMIT,
    show_default=True,
    help="Fold the passes of loops in longer chains of the narrator (0: no limit).",
)
@endpoint_options
@control_options
@click.option("--tries", type=COUNT, default=4, show_default=True, help="Samples a question before it is given up.")
@click.option("--temperature", type=NOT_NEGATIVE, default=0.6, show_default=True)
@click.option("--top-p", type=TOP_P, default=0.9, show_default=True)
@click.option("--max-tokens", type=COUNT, default=4096, show_default=True)
@style_option("reasoning")
@system_option
@click.option("--out", type=_PATH, default=Path("chains.jsonl"), show_default=True)
@workers_option
@weak_option
def chain_command(
    questions: Path,
    runs: Path,
    tasks: tuple[str, ...],
    by: str,
    detail: Any,
    attempts: int,
    max_characters: int,
    endpoint: dict[str, Any],
    control: dict[str, Any],
    tries: int,
    temperature: float,
    top_p: float,
    max_tokens: int,
    style: str,
    system: str | None,
    out: Path,
    workers: int | None,
    allow_weak_isolation: bool,
) -> None:
    """Write the reasoning chains: from the trace, or by a teacher whose answers are verified."""
    with bar("chain") as progress:
        if by == "narrator":
            stages.narrate_chains(
                questions, runs, out, tasks, detail, progress, attempts=attempts, limit=max_characters
            )
        else:
            teacher = extend.find("model", by, **endpoint)
            sampling = Sampling(temperature, top_p, max_tokens, **control)
            with open_pool(workers, allow_weak_isolation) as pool:
                put = find_style(style).with_system(system)
                stages.teach_chains(questions, out, tasks, teacher, put, tries, sampling, pool, progress)
    say(out)


@click.command("rows", cls=Stage)
@click.argument("questions", type=_PATH)
@click.option("--chains", type=_PATH, default=Path("chains.jsonl"), show_default=True)
@click.option("--direct", multiple=True, help="A task that is answered without a chain; repeat it.")
@click.option(
    "--rl-task",
    "rl_tasks",
    multiple=True,
    default=("output", "input"),
    show_default=True,
    help="A task of the RL rows, also with its difficulties: input@3-5; repeat it.",
)
@style_option("reasoning")
@system_option
@click.option("--sft-out", type=_PATH, default=Path("sft.parquet"), show_default=True)
@click.option("--grpo-out", type=_PATH, default=Path("grpo.parquet"), show_default=True)
def rows_command(
    questions: Path,
    chains: Path,
    direct: tuple[str, ...],
    rl_tasks: tuple[str, ...],
    style: str,
    system: str | None,
    sft_out: Path,
    grpo_out: Path,
) -> None:
    """Write the training rows: sft.parquet from the train split, grpo.parquet from the rl split."""
    put = find_style(style).with_system(system)
    stages.write_sft_rows(questions, chains, sft_out, put, direct)
    stages.write_grpo_rows(questions, grpo_out, put, rl_tasks, direct=direct)
    say(sft_out)
    say(grpo_out)


def say(out: Path) -> None:
    """One line on what lies where, and each reason why rows were dropped."""
    counts = stages.counts(out)
    console.print(f"{out}: {counts.get('kept', 0):,} kept, {counts.get('dropped', 0):,} dropped")
    for reason, count in counts["drops"].items():
        console.print(f"  {count:>8,}  {reason}")
    manifest = read_manifest(out) or {}
    if lengths := manifest.get("characters"):
        told = ", ".join(f"{name} {count:,}" for name, count in lengths.items())
        console.print(f"  characters of a chain: {told}")
    if branches := manifest.get("branches"):
        shown = f"{branches['covered']:,} of {branches['possible']:,} jumps taken ({branches['share']:.1%})"
        console.print(f"  {shown}; every one in {branches['whole']:,} of {branches['programs']:,} programs")
