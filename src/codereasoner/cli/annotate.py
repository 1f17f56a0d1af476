"""A traced run at a terminal: the source with what each line did, loops folded."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from codereasoner.chains.story import tell
from codereasoner.errors import DataError
from codereasoner.records import Run, Step

SHOWN = 4  # values of one variable on one line that are shown before the rest is folded
LONGEST = 60  # characters of one value
FEW = 6  # outcomes of a test that are told one by one

Notes = Mapping[int, str]


def annotated(run: Run, notes: Notes | None = None) -> Table:
    """One row for each line: its number, how often it ran, the code, and what it did; `notes` marks lines in red."""
    visits = _by_line(run)
    values, tests = _told(run)
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_header=False, expand=False)
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=None)
    table.add_column(overflow="fold")
    for number, code in enumerate(_coloured(run.source), start=1):
        steps = visits.get(number, [])
        count = sum(step.event == "line" for step in steps)
        if not steps:
            code.stylize("dim")
        note = (notes or {}).get(number)
        did = Text("\n").join(_what_happened(steps, values.get(number, {}), tests.get(number, [])))
        if note:
            code.stylize("bold red")
            did = Text.assemble(did, "\n" if did else "", (f"◀ {note}", "bold red"))
        table.add_row(str(number), f"×{count}" if count > 1 else "", code, did)
    return table


def result(run: Run) -> Text:
    """`f(3) → 4`, or how else the call ended."""
    if run.outcome == "ok":
        value, style = (run.value if run.value is not None else "a value without a literal"), "bold green"
    else:
        value, style = run.exception or f"{run.outcome}: {run.reason}", "bold red"
    return Text.assemble((run.expression, "bold"), " → ", (value, style))


def _coloured(source: str) -> list[Text]:
    syntax = Syntax("", "python", theme="ansi_dark", background_color="default", tab_size=4)
    return list(syntax.highlight(source.rstrip()).split("\n", allow_blank=False))


def _by_line(run: Run) -> dict[int, list[Step]]:
    """The steps of each line; what a comprehension or a lambda does inside of its line is left out."""
    inner = {step.frame for step in run.steps if step.event == "call" and step.value.startswith("<")}
    found: defaultdict[int, list[Step]] = defaultdict(list)
    for step in run.steps:
        if step.frame not in inner:
            found[step.line].append(step)
    return found


Values = dict[str, list[str]]  # of a variable, in the order of the run


def _told(run: Run) -> tuple[dict[int, Values], dict[int, list[bool]]]:
    """By line: the values that it set, also to what they were, and what its test came to."""
    values: defaultdict[int, Values] = defaultdict(dict)
    tests: defaultdict[int, list[bool]] = defaultdict(list)
    try:
        moments = tell(run)
    except DataError:  # the trace is not whole, or there is none: what changed is known all the same
        for step in run.steps:
            _add(values[step.line], step.changes)
        return values, tests
    for moment in moments:
        _add(values[moment.line], moment.values)
        if moment.taken is not None and isinstance(moment.node, ast.If | ast.While):
            tests[moment.line].append(moment.taken)
    return values, tests


def _add(values: Values, found: Mapping[str, str]) -> None:
    for name, value in found.items():
        values.setdefault(name, []).append(value)


def _what_happened(steps: Sequence[Step], values: Values, tests: Sequence[bool]) -> Iterator[Text]:
    for name, found in values.items():
        yield Text.assemble((f"{name} = ", "cyan"), _folded(found))
    if removed := dict.fromkeys(name for step in steps for name in step.removed):
        yield Text(f"deletes {', '.join(removed)}", style="cyan")
    if tests:
        yield Text(_outcomes(tests), style="yellow")
    for event, word, style in _ENDS:
        if ended := [step.value for step in steps if step.event == event]:
            yield Text.assemble((word, style), _folded(ended))


_ENDS = (("yield", "yields ", "green"), ("return", "returns ", "green"), ("exception", "raises ", "red"))


def _folded(values: Sequence[str]) -> Text:
    shown = [_short(value) for value in values]
    if len(shown) > SHOWN:
        shown = [*shown[: SHOWN - 1], "…", shown[-1]]
    return Text(" → ".join(shown))


def _outcomes(tests: Sequence[bool]) -> str:
    """`true`, `false ×3, true`; where they change often, only how often each came."""
    groups = [(taken, len(list(group))) for taken, group in groupby(tests)]
    if len(groups) > FEW:
        groups = [(taken, tests.count(taken)) for taken in (True, False)]
    return ", ".join(f"{str(taken).lower()}{f' ×{count}' if count > 1 else ''}" for taken, count in groups)


def _short(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
