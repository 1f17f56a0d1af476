"""`codereasoner trace FILE.py "f(3)"`: the annotated source at a terminal, or the run as JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.text import Text

from codereasoner.cli.annotated_source import annotated, result
from codereasoner.cli.console import Screen, console, print_json, styled
from codereasoner.cli.pools import closing
from codereasoner.cli.trace_target import Target
from codereasoner.errors import Shortfall
from codereasoner.execution.pool import Limits, Pool
from codereasoner.records import Job, Run
from codereasoner.steps import refuse_unknown

_NO_FILE = re.compile(r"FileNotFoundError: .*: '(.+)'$")
FIRST_STEPS = 300  # of a run that a limit ended: enough to see a loop turn, too few to fill a screen for long
WALL = 4  # times the CPU seconds: a machine under load gives a program less than a core


def show_trace(
    target: Target,
    as_json: bool = False,
    whole: bool = False,
    cpu_seconds: float | None = None,
    given: tuple[str, ...] = (),
    allow_weak_isolation: bool = False,
) -> None:
    """Run a target and show the values of every line of its file.

    given: modules that the program may import, which are imported before it is shut in.

    Raises:
        ConfigError: the run could not begin. UnknownName: the file has no function of that name. Shortfall: the call
        did not return.
    """
    seconds = cpu_seconds or Limits().cpu_seconds
    limits = Limits(cpu_seconds=seconds, wall_seconds=max(Limits().wall_seconds, WALL * seconds), globals=True)
    preload = tuple(dict.fromkeys((*target.preload, *given)))
    job, weak = target.job, allow_weak_isolation
    with closing(Pool(1, limits, preload, tracer="python", allow_weak_isolation=weak, own_programs=True)) as pool:
        [run] = pool.run([job])
    if run.outcome in ("timeout", "memory", "output") and not run.steps:
        first = _first_steps(job, limits, preload, allow_weak_isolation)
        run = replace(first, outcome=run.outcome, reason=run.reason, value=None)
    run = target.as_written(run)
    if not job.harness:
        refuse_unknown(run)
    if as_json:
        print_json(run.to_json())
    else:
        _show(run, whole, target.written)
    if run.outcome == "ok" and "sys.stdin" in target.source:
        console.print(styled("yellow", "note", " a traced program has no standard input: what it reads there is empty"))
    if run.outcome != "ok":
        raise Shortfall((run.reason or f"the call {run.outcome}") + _hint(run, target, cpu_seconds, given))


def _show(run: Run, whole: bool, written: str) -> None:
    out = Screen()
    if run.steps or run.lines or not written:
        out.print(annotated(run, whole=whole))
    else:
        out.print(styled("yellow", "no line of this file ran"))
    if run.stdout:
        out.print(Text("printed: ", style="dim") + Text(run.stdout.rstrip()))
    if run.cut and run.outcome == "ok":
        out.print(styled("yellow", "the trace ends early:", f" its budget of {run.cut} was used up"))
    elif run.cut:
        out.print(styled("yellow", "the trace ends early:", f" these are the first {len(run.steps):,} steps"))
    out.print(result(run, written))


def _first_steps(job: Job, limits: Limits, preload: tuple[str, ...], allow_weak_isolation: bool) -> Run:
    """Run a call again that a limit ended, up to its first steps: what it did before is lost with its process."""
    few = replace(limits, steps=FIRST_STEPS, stop_at_steps=True)
    weak = allow_weak_isolation
    with Pool(1, few, preload, tracer="python", allow_weak_isolation=weak, own_programs=True) as again:
        [run] = again.run([job])
    return replace(run, exception="")


def _hint(run: Run, target: Target, cpu_seconds: float | None, given: Sequence[str]) -> str:
    """Say which option helps a call that did not return."""
    if run.outcome == "timeout" and cpu_seconds is None:
        return "; --cpu-seconds N gives it more"
    if (gone := _NO_FILE.search(run.exception)) and Path(gone[1]).exists():
        return "; programs run in an empty world without files: pass its text, or read it in a module of --with"
    if run.exception.startswith("EOFError"):
        return "; a traced program has no standard input"
    if not run.exception.startswith(("ModuleNotFoundError: ", "ImportError: ")):
        return ""
    if wanted := target.missing(run, (*target.preload, *given)):
        return f"; programs run in an empty world: --with {','.join([*given, wanted])} imports it before"
    return "; its folder cannot be read by the user under whom programs run: chmod o+rx it" if given else ""
