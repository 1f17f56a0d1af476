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
from codereasoner.chains.narrator import DETAILS, LIMIT
from codereasoner.cli.command_files import beside, file_of, set_aside_if_fresh
from codereasoner.cli.console import styled
from codereasoner.cli.option_types import ABOVE_ZERO, COUNT, NOT_NEGATIVE, NUMBER, SHARE, TOP_P
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
from codereasoner.cli.style_options import style_option, system_option
from codereasoner.cli.trace_view import modules_of, show_trace
from codereasoner.curation.filters import Sizes
from codereasoner.curation.static_filters import Screen
from codereasoner.errors import ConfigError, Shortfall
from codereasoner.execution.pool import Pool
from codereasoner.extend import Sampling
from codereasoner.ledger import read_manifest
from codereasoner.stages.excluded_benchmarks import read_against
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
    set_aside_if_fresh(out)
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
@click.option("--cpu-seconds", type=ABOVE_ZERO, help="With a call: CPU time that it may take [default: 1].")
@click.option(
    "--with",
    "modules",
    multiple=True,
    metavar="NAME,./FILE.py",
    help="With a call: modules that the code may import; they are imported before it is shut in, and trusted.",
)
@click.option("--out", type=_PATH, default=Path("runs.parquet"), show_default=True)
@workers_option
@weak_option
@json_option
def trace_command(
    programs: Path,
    call: str | None,
    whole_file: bool,
    cpu_seconds: float | None,
    modules: tuple[str, ...],
    calls: int,
    second_run: bool,
    sizes: tuple[str, ...],
    out: Path,
    workers: int | None,
    allow_weak_isolation: bool,
    as_json: bool,
) -> None:
    """Run and trace a file of programs, or show what each line of one call did.

    \b
    codereasoner trace FILE.py "f(3)"
    codereasoner trace FILE.py "Account('bob', 3).deposit(4)"
    codereasoner trace programs.jsonl --out runs.parquet
    """
    if call is not None:
        show_trace(programs, call, as_json, whole_file, cpu_seconds, modules_of(modules), allow_weak_isolation)
        return
    if programs.suffix == ".py":
        raise ConfigError(f"{programs} is Python source: give a call, as in `codereasoner trace {programs} 'f(3)'`")
    if modules or cpu_seconds is not None:
        raise ConfigError("--with and --cpu-seconds are for one call: codereasoner trace FILE.py 'f(3)'")
    keep = stages.Keep(calls, _sizes(sizes))
    own = stages.own_programs(programs)
    with open_pool(workers, allow_weak_isolation, own_programs=own) as pool:
        set_aside_if_fresh(out)
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
    set_aside_if_fresh(out)
    with bar("ask") as progress:
        stages.ask_questions(runs, out, tasks, progress)
    say(out)


@click.command("chain", cls=Stage)
@click.argument("questions", type=_PATH)
@click.option("--runs", type=_PATH, help="For the narrator [default: runs.parquet beside the questions].")
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
@click.option("--limit", type=COUNT, help="Try a teacher on the first N questions; the rest is projected.")
@click.option("--out", type=_PATH, help="Where they go [default: chains.jsonl; of a trial chains-first-N.jsonl].")
@workers_option
@weak_option
def chain_command(
    questions: Path,
    runs: Path | None,
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
    limit: int | None,
    out: Path | None,
    workers: int | None,
    allow_weak_isolation: bool,
) -> None:
    """Write the reasoning chains: from the trace, or by a teacher whose answers are verified."""
    questions = file_of(questions, "chosen.jsonl", "questions.jsonl")
    runs = runs or beside(questions, "runs.parquet")
    if limit and by == "narrator":
        raise ConfigError("--limit tries a teacher: give --by MODEL; the narrator asks nobody and costs nothing")
    out = out or Path(f"chains-first-{limit}.jsonl" if limit else "chains.jsonl")
    set_aside_if_fresh(out)
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
                stages.teach_chains(
                    questions, out, tasks, teacher, put, tries, sampling, pool, progress, first=limit or 0
                )
    if trial := (read_manifest(out) or {}).get("trial"):
        console.print(stages.projected(trial))
    say(out)


@click.command("rows", cls=Stage)
@click.argument("questions", type=_PATH)
@click.option("--chains", type=_PATH, help="The chains [default: chains.jsonl beside the questions].")
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
    chains: Path | None,
    direct: tuple[str, ...],
    rl_tasks: tuple[str, ...],
    style: str,
    system: str | None,
    sft_out: Path,
    grpo_out: Path,
) -> None:
    """Write the training rows: sft.parquet from the train split, grpo.parquet from the rl split."""
    questions = file_of(questions, "chosen.jsonl", "questions.jsonl")
    chains = chains or beside(questions, "chains.jsonl")
    set_aside_if_fresh(sft_out, grpo_out)
    put = find_style(style).with_system(system)
    stages.write_sft_rows(questions, chains, sft_out, put, direct)
    stages.write_grpo_rows(questions, grpo_out, put, rl_tasks, direct=direct)
    made = sum(stages.counts(out).get("kept", 0) for out in (sft_out, grpo_out))
    say(sft_out, needed=not made)
    say(grpo_out, needed=False)


def say(out: Path, needed: bool = True) -> None:
    """Say what lies where, why rows were dropped, and what was left out; no rows are no success where some are needed.

    Raises:
        Shortfall: some are needed, and there is none.
    """
    counts = stages.counts(out)
    kept = counts.get("kept", 0)
    console.print(f"{out}: {kept:,} kept, {counts.get('dropped', 0):,} dropped")
    for reason, count in counts["drops"].items():
        console.print(f"  {count:>8,}  {reason}")
    manifest = read_manifest(out) or {}
    if others := manifest.get("not_told"):
        told = ", ".join(f"{count:,} of the task '{name}'" for name, count in others.items())
        console.print(styled("yellow", "  without a chain", f": {told} (--task NAME tells them too)"))
    if lengths := manifest.get("characters"):
        told = ", ".join(f"{name} {count:,}" for name, count in lengths.items())
        console.print(f"  characters of a chain: {told}")
    branches = manifest.get("branches", {})
    if branches.get("possible"):
        shown = f"{branches['covered']:,} of {branches['possible']:,} jumps taken ({branches['share']:.1%})"
        console.print(f"  {shown}; every one in {branches['whole']:,} of {branches['programs']:,} programs")
    if needed:
        check_rows(out)


def check_rows(out: Path) -> None:
    """Refuse to call an output without rows a success.

    Raises:
        Shortfall: it has none; the message says why.
    """
    counts = stages.counts(out)
    if not counts.get("kept"):
        reasons = "; ".join(f"{count:,} dropped: {reason}" for reason, count in counts["drops"].items())
        raise Shortfall(f"{out} has no rows ({reasons or 'the input gave none for these options'})")
