"""`codereasoner trace FILE.py "f(3)"`: the source with what each line did, at a terminal or as JSON."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codereasoner.cli.options import print_json
from codereasoner.errors import ConfigError, DataError, Shortfall
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run, Step

SHOWN = 4  # visits of a line that are shown before the rest is folded


def show_trace(path: Path, call: str, pool: Pool, as_json: bool) -> None:
    """Run one call of a file's function and show what every line did.

    Raises:
        DataError: the file cannot be read. ConfigError: the call is no call of a name.
        Shortfall: the call did not return.
    """
    entry, arguments = split_call(call)
    [run] = pool.run([Job(_source(path), entry, arguments, record="trace")])
    if as_json:
        print_json(run.to_json())
    else:
        Console().print(_annotated(run))
        click.echo(f"{run.expression} -> {_result(run)}")
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


def _source(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as Python source: {error}") from None


def _result(run: Run) -> str:
    if run.outcome == "ok":
        return run.value if run.value is not None else "a value without a literal"
    return run.exception or run.outcome


def _annotated(run: Run) -> Table:
    visits: defaultdict[int, list[Step]] = defaultdict(list)
    for step in run.steps:
        visits[step.line].append(step)
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    table.add_column("", justify="right", style="dim")
    table.add_column("", overflow="fold")
    table.add_column("", overflow="fold", style="cyan")
    for number, line in enumerate(run.source.rstrip().splitlines(), start=1):
        executed = number in visits
        table.add_row(str(number), Text(line, style="" if executed else "dim"), Text(_what_happened(visits[number])))
    return table


def _what_happened(steps: list[Step]) -> str:
    words = [text for text in map(_words, steps) if text]
    count = sum(step.event == "line" for step in steps)
    shown = words if len(words) <= SHOWN else [*words[: SHOWN - 1], "…", words[-1]]
    return "   ".join(shown) + (f"   ({count} times)" if count > 1 else "")


def _words(step: Step) -> str:
    changes = ", ".join(f"{name} = {value}" for name, value in step.changes.items())
    match step.event:
        case "return":
            return f"returns {step.value}"
        case "yield":
            return f"yields {step.value}"
        case "exception":
            return f"raises {step.value}"
    return changes
