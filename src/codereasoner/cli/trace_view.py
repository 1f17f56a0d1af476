"""`codereasoner trace FILE.py "f(3)"`: the annotated source at a terminal, or the run as JSON."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.text import Text

from codereasoner.cli.annotated_source import annotated, result
from codereasoner.cli.console import Screen, print_json, styled
from codereasoner.cli.pools import closing
from codereasoner.errors import ConfigError, Shortfall
from codereasoner.execution.pool import Limits, Pool
from codereasoner.records import Job, Run
from codereasoner.steps import read_source, refuse_unknown

ENTRY = "codereasoner_traced_call"
"""The function by which a call is made that is more than a name and its arguments."""
FIRST_STEPS = 300  # of a run that a limit ended: enough to see a loop turn, too few to fill a screen for long
WALL = 4  # times the CPU seconds: a machine under load gives a program less than a core
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")


def show_trace(
    path: Path,
    call: str,
    as_json: bool = False,
    whole: bool = False,
    cpu_seconds: float | None = None,
    preload: tuple[str, ...] = (),
    allow_weak_isolation: bool = False,
) -> None:
    """Run one call of a file's function and show the values of every line.

    preload: modules that the program may import, which are imported before it is shut in.

    Raises:
        DataError: the file cannot be read. ConfigError: the call is no call, or a module cannot be imported.
        UnknownName: the file has no function of that name. Shortfall: the call did not return.
    """
    make = job_of(call)
    job = make(read_source(path))
    seconds = cpu_seconds or Limits().cpu_seconds
    limits = Limits(cpu_seconds=seconds, wall_seconds=max(Limits().wall_seconds, WALL * seconds))
    with closing(Pool(1, limits, preload, allow_weak_isolation=allow_weak_isolation, own_programs=True)) as pool:
        [run] = pool.run([job])
    if run.outcome in ("timeout", "memory", "output") and not run.steps:
        first = _first_steps(job, limits, preload, allow_weak_isolation)
        run = replace(first, outcome=run.outcome, reason=run.reason, value=None)
    if job.harness:
        run = _as_written(run, call)
    else:
        refuse_unknown(run)
    if as_json:
        print_json(run.to_json())
    else:
        _show(run, whole)
    if run.outcome != "ok":
        raise Shortfall((run.reason or f"the call {run.outcome}") + _hint(run, cpu_seconds, preload))


def _show(run: Run, whole: bool) -> None:
    out = Screen()
    out.print(annotated(run, whole=whole))
    if run.stdout:
        out.print(Text("printed: ", style="dim") + Text(run.stdout.rstrip()))
    if run.cut and run.outcome == "ok":
        out.print(styled("yellow", "the trace ends early:", f" its budget of {run.cut} was used up"))
    elif run.cut:
        out.print(styled("yellow", "the trace ends early:", f" these are the first {len(run.steps):,} steps"))
    out.print(result(run))


def _first_steps(job: Job, limits: Limits, preload: tuple[str, ...], allow_weak_isolation: bool) -> Run:
    """Run a call again that a limit ended, up to its first steps: what it did before is lost with its process."""
    few = replace(limits, steps=FIRST_STEPS, stop_at_steps=True)
    weak = allow_weak_isolation
    with Pool(1, few, preload, tracer="python", allow_weak_isolation=weak, own_programs=True) as again:
        [run] = again.run([job])
    return replace(run, exception="")


def _hint(run: Run, cpu_seconds: float | None, preload: tuple[str, ...]) -> str:
    """Say which option helps a call that did not return."""
    if run.outcome == "timeout" and cpu_seconds is None:
        return "; --cpu-seconds N gives it more"
    if found := _MISSING.match(run.exception):
        name = found[1].partition(".")[0]
        if name in preload:
            return "; its folder cannot be read by the user under whom programs run: chmod o+rx it"
        return f"; programs run in an empty world: --with {','.join([*preload, name])} imports it before"
    return ""


def job_of(call: str) -> Callable[[str], Job]:
    """Return what makes the job of a call from a source: a call of a function, or any other, which then is its code.

    Raises:
        ConfigError: the text is no call.
    """
    node = _parse(call)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        harness = f"def {ENTRY}():\n    return ({call.strip()})\n"
        return partial(Job, entry=ENTRY, call="", record="trace", harness=harness)
    entry, arguments = split_call(call)
    return partial(Job, entry=entry, call=arguments, record="trace")


def _as_written(run: Run, call: str) -> Run:
    """Return the run under the call that the user wrote."""
    node = _parse(call)
    assert isinstance(node, ast.Call)  # job_of has seen to it
    function = ast.unparse(node.func)
    return replace(run, entry=function, call=ast.unparse(node)[len(function) + 1 : -1])


def modules_of(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of modules in `numpy,./mymodule.py`; the folder of a file becomes one to import from.

    Raises:
        ConfigError: there is no such file, or no such module.
    """
    names = []
    for text in (part.strip() for given in texts for part in given.split(",")):
        path = Path(text)
        if "/" in text or path.suffix == ".py":
            place = path if path.suffix == ".py" or path.is_dir() else path.with_suffix(".py")
            if not place.exists():
                raise ConfigError(f"--with {text}: there is no file {place}")
            folder = str(place.resolve().parent)
            if folder not in sys.path:
                sys.path.insert(0, folder)
                importlib.invalidate_caches()
            text = place.stem
        if not text or importlib.util.find_spec(text.partition(".")[0]) is None:
            raise ConfigError(f"--with {text}: there is no module of that name here; a file of your own is ./{text}.py")
        names.append(text)
    return tuple(names)


def _parse(call: str) -> ast.expr | None:
    try:
        return ast.parse(call.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None


def split_call(call: str) -> tuple[str, str]:
    """Return the name that is called and the source of the arguments.

    Raises:
        ConfigError: it is something else than one call of a name.
    """
    node = _parse(call)
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        raise ConfigError(f"a call such as 'f(3)' is wanted, not '{call}'")
    arguments = [ast.unparse(argument) for argument in node.args]
    arguments += [f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in node.keywords]
    return node.func.id, ", ".join(arguments)
