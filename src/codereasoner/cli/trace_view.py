"""`codereasoner trace FILE.py "f(3)"`: the annotated source at a terminal, or the run as JSON."""

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from rich.text import Text

from codereasoner.cli.annotated_source import Annotated, result
from codereasoner.cli.console import console, print_json, result_screen, styled
from codereasoner.cli.pools import closing
from codereasoner.cli.trace_target import Target
from codereasoner.errors import Shortfall
from codereasoner.execution.pool import Limits, Pool
from codereasoner.records import Run
from codereasoner.steps.source import refuse_unknown

_NO_FILE = re.compile(r"FileNotFoundError: .*: '(.+)'$")
_NO_MODULE = re.compile(r"ModuleNotFoundError: No module named '(\w+)")
_LOOKS = re.compile(r"\b(glob|listdir|scandir)\(|(?<!\bast)\.(iterdir|rglob|walk|exists|is_file|is_dir|isfile|isdir)\(")
"""Calls that look for files, and say nothing where there are none."""
_SHUT_IN = re.compile(
    "Read-only file system|No usable temporary|Operation not permitted|start new thread|^URLError|^OperationalError"
    "|No such file or directory$"  # of no file: a semaphore of `multiprocessing`
)
"""What the isolation of programs answers to writing, processes, threads and the network."""
FIRST_STEPS = 300  # of a run that a limit ended: enough to see a loop turn, too few to fill a screen for long
MOST_OUTPUT = 5_000_000  # bytes: the user's own script may print a long report
MOST_PRINTED = 4_000  # characters of it that are shown, so that the annotated source stays in sight
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
    """
    seconds = cpu_seconds or Limits().cpu_seconds
    wall = max(Limits().wall_seconds, WALL * seconds)
    limits = Limits(cpu_seconds=seconds, wall_seconds=wall, output_bytes=MOST_OUTPUT, globals=True)
    preload = tuple(dict.fromkeys((*target.preload, *given)))
    job = target.job

    def once(limits: Limits) -> Run:
        weak, files = allow_weak_isolation, target.files
        with closing(Pool(1, limits, preload, "auto", weak, 0, "python", own_programs=True, files=files)) as pool:
            return pool.run([job])[0]

    run = once(limits)
    if run.outcome in ("timeout", "memory", "output") and not run.steps:
        # what it did before is lost with its process: its first steps are those of a second run, which ends after them
        first = once(replace(limits, steps=FIRST_STEPS, stop_at_steps=True))
        run = replace(first, outcome=run.outcome, reason=run.reason, value=None, exception="")
    run = target.as_written(run)
    if not job.harness:
        refuse_unknown(run)
    if as_json:
        print_json(run.to_json())
    else:
        _show(run, whole, target.written)
    if run.outcome == "ok" and target.reads_terminal:
        console.print(
            styled("yellow", "note", " a traced program reads what is piped to this command, not the terminal")
        )
    if run.outcome == "ok" and not target.files and _LOOKS.search(target.source):
        console.print(styled("yellow", "note", " a traced program sees no files but those of --file"))
    if run.outcome != "ok":
        raise Shortfall((run.reason or f"the call {run.outcome}") + _hint(run, target, cpu_seconds, given))


def _show(run: Run, whole: bool, written: str) -> None:
    out = result_screen()
    out.print(Annotated(run, whole=whole))
    if run.stdout:
        out.print(Text("printed: ", style="dim") + Text(_printed(run.stdout.rstrip())))
    if run.cut and run.outcome == "ok":
        out.print(styled("yellow", "the trace ends early:", f" its budget of {run.cut} was used up"))
    elif run.cut:
        out.print(styled("yellow", "the trace ends early:", f" these are the first {len(run.steps):,} steps"))
    out.print(result(run, written))


def _printed(text: str) -> str:
    """Return the output, or its beginning and its end where it is long."""
    left = len(text) - MOST_PRINTED
    if left <= 0:
        return text
    half = MOST_PRINTED // 2
    return f"{text[:half]}\n… {left:,} characters more: --json has them all …\n{text[-half:]}"


def _hint(run: Run, target: Target, cpu_seconds: float | None, given: Sequence[str]) -> str:
    """Say which option helps a call that did not return."""
    if run.outcome == "timeout" and cpu_seconds is None:
        return "; --cpu-seconds N gives it more"
    if (gone := _NO_FILE.search(run.exception)) and Path(gone[1]).exists():
        return f"; programs run in an empty world: --file {gone[1]} lets it read that"
    if run.exception.startswith("EOFError"):
        return "; a traced program reads what is piped to `codereasoner trace`"
    if run.exception.startswith("PermissionError: [Errno 13]"):
        return "; the user under whom programs run cannot read it: chmod o+r"
    if _SHUT_IN.search(run.exception) or (run.exception.startswith("KeyError") and "environ" in target.source):
        lacks = "writes no files and has no network, process, thread or environment"
        return f"; a traced program {lacks}: trace a function of it"
    if not run.exception.startswith(("ModuleNotFoundError: ", "ImportError: ")):
        return ""
    if wanted := target.missing(run, (*target.preload, *given)):
        return f"; programs run in an empty world: --with {','.join([*given, wanted])} imports it before"
    if (gone := _NO_MODULE.match(run.exception)) and not find_spec(gone[1]):
        return f"; it is not installed where codereasoner is: {sys.prefix}"
    return "; its folder cannot be read by the user under whom programs run: chmod o+rx it" if given else ""
