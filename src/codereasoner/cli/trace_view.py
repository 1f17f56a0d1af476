"""`codereasoner trace FILE.py "f(3)"`: the source with what each line did, at a terminal or as JSON."""

from __future__ import annotations

import ast
from pathlib import Path

from rich.text import Text

from codereasoner.cli.annotate import annotated, result
from codereasoner.cli.options import print_json
from codereasoner.cli.screen import Screen, styled
from codereasoner.errors import ConfigError, Shortfall
from codereasoner.execution.pool import Pool
from codereasoner.records import Job
from codereasoner.steps import read_source


def show_trace(path: Path, call: str, pool: Pool, as_json: bool, whole: bool = False) -> None:
    """Run one call of a file's function and show what every line did.

    Raises:
        DataError: the file cannot be read. ConfigError: the call is no call of a name.
        Shortfall: the call did not return.
    """
    entry, arguments = split_call(call)
    [run] = pool.run([Job(read_source(path), entry, arguments, record="trace")])
    if as_json:
        print_json(run.to_json())
    else:
        out = Screen()
        out.print(annotated(run, whole=whole))
        if run.stdout:
            out.print(Text("printed: ", style="dim") + Text(run.stdout.rstrip()))
        if run.cut:
            out.print(styled("yellow", "the trace ends early:", f" its budget of {run.cut} was used up"))
        out.print(result(run))
    if run.outcome != "ok":
        raise Shortfall(run.reason or f"the call {run.outcome}")


def split_call(call: str) -> tuple[str, str]:
    """The name that is called and the source of the arguments.

    Raises:
        ConfigError: it is something else than one call of a name.
    """
    try:
        node = ast.parse(call.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        node = None
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        raise ConfigError(f"a call such as 'f(3)' is wanted, not '{call}'")
    arguments = [ast.unparse(argument) for argument in node.args]
    arguments += [f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in node.keywords]
    return node.func.id, ", ".join(arguments)
