"""A traced run at a terminal: the source annotated with the values of each line, loops folded."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from codereasoner.chains.events import Event, read_events
from codereasoner.chains.statement_lines import (
    LOOPS,
    MODULE,
    Owner,
    Scope,
    Statement,
    Unit,
    body_lines,
    first_line,
    is_short_loop,
    line_of,
    own,
    scopes,
)
from codereasoner.errors import DataError
from codereasoner.records import Run
from codereasoner.steps.marks import attributes, items, shown
from codereasoner.steps.source import bound_by, split_lines

SHOWN = 4  # values of one variable per line, before the rest is folded
LONGEST = 60  # characters of one value
LONGEST_RESULT = 2_000  # characters of the value of a call, which is shown once
NARROW = 50  # columns of a terminal, below which source and values side by side are both too short to read
FEW = 6  # outcomes of a test that are listed one by one

Notes = Mapping[int, str]
Values = dict[str, list[str]]  # of a variable, in the order of the run


@dataclass(frozen=True)
class Annotated:
    """Source lines next to their values, one row each; `notes` marks lines in red.

    Functions that did not run are left out unless `whole` is set. The source is clipped before a value is.
    """

    run: Run
    notes: Notes = field(default_factory=dict)
    whole: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = list(self._rows())
        if not rows:
            yield Text("no line of this file ran", style="yellow")
            return
        if options.max_width < NARROW:
            yield _stacked(rows)
            return
        fixed = max((len(number) for number, _, _, _ in rows), default=0) + 2
        counts = max((len(count) for _, count, _, _ in rows), default=0) + 2
        width = options.max_width - fixed - counts - 3
        values = max((line.cell_len for _, _, _, did in rows for line in did.split("\n")), default=0)
        source = min(max((code.cell_len for _, _, code, _ in rows), default=0), max(width - values, width * 2 // 5))
        table = Table(box=None, pad_edge=False, padding=(0, 1), show_header=False)
        table.add_column(justify="right", style="dim", no_wrap=True)
        table.add_column(justify="right", style="dim", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", width=source)
        table.add_column(overflow="fold", width=max(min(values, width - source), 1))
        for row in rows:
            table.add_row(*row)
        yield table

    def _rows(self) -> Iterator[tuple[str, str, Text, Text]]:
        told = _tell(self.run)
        shown = _lines_shown(self.run, told, self.whole) | set(self.notes)
        gap = False
        for number, code in enumerate(_coloured(self.run.source), start=1):
            if number not in shown:
                gap = True
                continue
            if gap:
                yield "", "", Text("…", style="dim"), Text("")
                gap = False
            line = told.get(number, _Line())
            if not line.count and number not in self.run.lines:
                code.stylize("dim")
            did = Text("\n").join(_what_happened(line))
            if note := self.notes.get(number):
                code.stylize("bold red")
                did = Text.assemble(did, "\n" if did else "", (f"◀ {note}", "bold red"))
            yield str(number), f"×{line.count}" if line.count else "", code, did


def _stacked(rows: Sequence[tuple[str, str, Text, Text]]) -> Table:
    """Return the table for a terminal too narrow for two columns of text: the values of a line stand below it."""
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", style="dim", min_width=max((len(number) for number, _, _, _ in rows), default=0))
    table.add_column(overflow="fold")
    for number, count, code, did in rows:
        code.no_wrap, code.overflow = True, "ellipsis"
        table.add_row(number, Group(code, *[Text.assemble((f"{count} ", "dim"), did)] if count or did else []))
    return table


def result(run: Run, written: str = "") -> Text:
    """Return `f(3) → 4`, or how else the call ended; written: a test, a script, or another expression."""
    if run.outcome == "ok" and (written.startswith("python ") or ".py::" in written):
        value, style = "passes" if ".py::" in written else "ends", "bold green"
    elif run.outcome == "ok":
        value, style = _clipped(run.value) if run.value is not None else _without_literal(run), "bold green"
    else:
        value, style = run.exception or f"{run.outcome}: {run.reason}", "bold red"
    return Text.assemble((written or run.expression, "bold"), " → ", (value, style))


def _clipped(value: str) -> str:
    if len(value) <= LONGEST_RESULT:
        return value
    return f"{value[:LONGEST_RESULT]}… ({len(value):,} characters; --json has them all)"


def _without_literal(run: Run) -> str:
    """Describe a value that has no literal."""
    if not any(step.event == "call" for step in run.steps):
        entry = next((scope.node for (name, _), scope in _scopes(run).items() if name == run.entry), None)
        yields = entry is not None and any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(entry))
        is_async = isinstance(entry, ast.AsyncFunctionDef)
        if yields:
            whole = f"[each async for each in {run.expression}]" if is_async else f"list({run.expression})"
            return f"a generator, which was never run: trace '{whole}'"
        if is_async:
            return f"a coroutine, which was never run: trace 'await {run.expression}'"
    _, begin, mark = run.reason.partition(": <")
    return shown(begin[2:] + mark) if mark else "a value without a literal"


def _scopes(run: Run) -> Mapping[tuple[str, int], Scope]:
    try:
        return scopes(run.source)
    except (SyntaxError, ValueError):
        return {}


def _units(run: Run) -> Mapping[Owner | None, Mapping[int, Unit]]:
    return {scope.node: scope.units for scope in _scopes(run).values()}


def _lines_shown(run: Run, told: Mapping[int, _Line], whole: bool) -> set[int]:
    """Return the lines of the functions that ran, the headers of the classes around them, and lambdas outside that ran.

    Of a script these are all lines but the bodies of functions that did not run.
    """
    owners = [scope.node for scope in _scopes(run).values() if not isinstance(scope.node, ast.Module)]
    functions = [node for node in owners if not isinstance(node, ast.ClassDef)]
    ran = {line for line in told if told[line].count} | set(run.lines)
    every = set(range(1, len(split_lines(run.source.rstrip())) + 1))
    if whole or (ran and not owners):
        return every
    called = [node for node in functions if ran.intersection(body_lines(node)) or (not ran and node.name == run.entry)]
    is_script = any(step.event == "call" and step.value == MODULE[0] for step in run.steps[:1])
    if is_script:
        return every.difference(*(body_lines(node) for node in functions if node not in called))
    shown = set(ran)
    for node in called:
        shown.update(range(first_line(node), (node.end_lineno or node.lineno) + 1))
        shown.update(each.lineno for each in owners if isinstance(each, ast.ClassDef) and node in each.body)
    return shown


def _coloured(source: str) -> list[Text]:
    syntax = Syntax("", "python", theme="ansi_dark", background_color="default", tab_size=4)
    return list(syntax.highlight(source.rstrip()).split("\n", allow_blank=False))


@dataclass
class _Line:
    """Effects of the statement that begins on a line, over the whole run."""

    count: int = 0
    values: Values = field(default_factory=dict)
    removed: dict[str, None] = field(default_factory=dict)
    tests: list[bool] = field(default_factory=list)
    cases: list[bool] = field(default_factory=list)
    ends: dict[str, list[str]] = field(default_factory=dict)  # by kind: yield, return, exception


def _tell(run: Run) -> dict[int, _Line]:
    found: defaultdict[int, _Line] = defaultdict(_Line)
    try:
        events = read_events(run)
    except DataError:  # the trace is incomplete or absent: the changes are known all the same
        for step in run.steps:
            line = found[step.line]
            line.count += step.event == "line"
            _add(line.values, step.changes)
        return found
    units = _units(run)
    shared = frozenset(name for scope in _scopes(run).values() for name in scope.shared)
    for event in events:
        unit = units.get(event.scope, {}).get(event.line)
        statements = (event.node,) if event.node or not unit else unit.statements
        _hear(found[event.line], event, shared.union(*map(_binds, statements)))
    _count(found, run, events)
    _hear_lambdas(found, run)
    return found


def _hear_lambdas(found: defaultdict[int, _Line], run: Run) -> None:
    """Add the calls of lambdas on lines of which no event tells, since no function around them ran."""
    begun = {step.frame: step.line for step in run.steps if (step.event, step.value) == ("call", "<lambda>")}
    outside = {frame for frame, line in begun.items() if line not in found}
    for step in run.steps:
        if step.frame in outside:
            line = found[begun[step.frame]]
            line.count += step.event == "call"
            _add(line.values, step.changes if step.event == "call" else {})
            if step.event in ("return", "exception"):
                line.ends.setdefault(step.event, []).append(step.value)


def _count(found: Mapping[int, _Line], run: Run, events: Sequence[Event]) -> None:
    """Count how often each statement of a line ran, and how often a function was called at its `def`.

    Of a line that several statements share the runs are counted, or the tests of its loop; what is open is left out.
    """
    units = _units(run)
    counts: defaultdict[int, Counter[object]] = defaultdict(Counter)
    unclear: set[int] = set()
    last: dict[int, Unit | None] = {}  # the unit of the last statement, by frame
    suspended: dict[int, Event] = {}
    for event in events:
        suspended.pop(event.frame, None)
        if event.kind == "call":
            counts[event.line][event.function] += 1
        elif event.kind in ("yield", "wait"):
            suspended[event.frame] = event
        if event.kind != "line":
            continue
        unit = units.get(event.scope, {}).get(event.line)
        before, last[event.frame] = last.get(event.frame), unit
        if unit is None or len(unit.statements) < 2:
            counts[event.line][event.node] += not _is_exit(event, before)
            continue
        head = unit.statements[0]
        line, is_head, is_loop = line_of(head), event.node is head, isinstance(head, LOOPS)
        counts[line][head] += is_head if is_loop else event.begins
        if event.begins and before is unit and isinstance(head, ast.With | ast.AsyncWith):
            unclear.add(line)  # it may be left here
        if (event.begins or is_head) and (event.taken is None or not is_head):
            found[line].tests, found[line].cases = [], []
            if is_loop and not (is_head and _is_exact(head) and is_short_loop(unit)):
                unclear.add(line)
    for frame, event in suspended.items():  # the statement that it waits in has begun, and no event tells of it
        unit = units.get(event.scope, {}).get(event.line)
        if unit and (len(unit.statements) == 1 or last.get(frame) is not unit):
            head = unit.statements[0]
            counts[line_of(head)][head] += 1
            if isinstance(head, LOOPS):
                unclear.add(line_of(head))
    for number, nodes in counts.items():
        found[number].count = max(nodes.values()) if number not in unclear else 0


def _is_exit(event: Event, before: Unit | None) -> bool:
    """Return whether a `with` was left; before: the statements of its frame that came before it."""
    if not isinstance(event.node, ast.With | ast.AsyncWith):
        return False
    is_of_body = before is not None and line_of(before.statements[0]) in body_lines(event.node)
    return event.taken is False or (event.raised and is_of_body)


def _is_exact(loop: Statement) -> bool:
    """Return whether no test can follow the last pass of a short loop without a step."""
    return isinstance(loop, ast.For) or (isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant))


@lru_cache(maxsize=8192)
def _binds(node: ast.AST | None) -> frozenset[str]:
    """Return the names that a statement gives to another object; `+=` mostly changes the one that is there."""
    parts = (node, *own(node)) if node and not isinstance(node, ast.AugAssign) else ()
    return frozenset(name for part in parts for name in bound_by(part))


def _hear(line: _Line, event: Event, bound: Set[str]) -> None:
    match event.kind:
        case "line" if isinstance(event.scope, ast.ClassDef | ast.Module) and isinstance(event.node, _DEFINE):
            return
        case "line" | "call":
            known = {name: value for name, value in event.values.items() if not value.startswith("<module ")}
            for name, value in known.items():
                before = event.before.get(name, "")
                _add(line.values, {name: value} if name in bound else _changed(name, before, value))
            line.removed |= dict.fromkeys(event.removed)
        case "return" if isinstance(event.scope, ast.ClassDef) or (event.node is None and event.value == "None"):
            return
        case "return" | "yield" | "exception":
            line.ends.setdefault(event.kind, []).append(event.value)
    if event.kind == "line" and event.taken is not None and isinstance(event.node, ast.If | ast.While):
        line.tests.append(event.taken)
    elif event.kind == "line" and event.taken is not None and isinstance(event.node, ast.match_case):
        line.cases.append(event.taken)


_DEFINE = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom


def _changed(name: str, before: str, after: str) -> Mapping[str, str]:
    """Return the attributes of an instance that changed, or the items of a long container; else the whole value."""
    parts = [(attributes(text), ".{}") for text in (before, after)]
    if len(after) > LONGEST and not all(found for found, _ in parts):
        parts = [(items(text), "[{}]") for text in (before, after)]
    (known, _), (found, form) = parts
    changed = {name + form.format(key): text for key, text in found.items() if known.get(key) != text}
    return changed if known and known.keys() <= found.keys() and 0 < len(changed) <= SHOWN else {name: after}


def _add(values: Values, found: Mapping[str, str]) -> None:
    for name, value in found.items():
        values.setdefault(name, []).append(value)


def _what_happened(line: _Line) -> Iterator[Text]:
    changed = [name for name in line.values if name.endswith("]")]
    for name, found in line.values.items():
        if name in changed[SHOWN - 1 : -1]:
            if name == changed[SHOWN - 1]:
                yield Text("…")
            continue
        yield Text.assemble((f"{name} = ", "cyan"), _folded(found))
    if line.removed:
        yield Text(f"deletes {', '.join(line.removed)}", style="cyan")
    if line.tests:
        yield Text(_outcomes(line.tests, ("true", "false")), style="yellow")
    if line.cases:
        yield Text(_outcomes(line.cases, ("matches", "does not match")), style="yellow")
    for event, word, style in _ENDS:
        if ended := line.ends.get(event):
            yield Text.assemble((word, style), _folded(ended))


_ENDS = (("yield", "yields ", "green"), ("return", "returns ", "green"), ("exception", "raises ", "red"))


def _folded(values: Sequence[str]) -> Text:
    texts = [_short(shown(value)) for value in values]
    if len(texts) > SHOWN:
        texts = [*texts[: SHOWN - 1], "…", texts[-1]]
    return Text(" → ".join(texts))


def _outcomes(tests: Sequence[bool], words: tuple[str, str]) -> str:
    """Return `true`, or `false ×3, true`; where they change often, only how often each came."""
    groups = [(taken, len(list(group))) for taken, group in groupby(tests)]
    if len(groups) > FEW:
        groups = [(taken, tests.count(taken)) for taken in (True, False)]
    return ", ".join(f"{words[not taken]}{f' ×{count}' if count > 1 else ''}" for taken, count in groups)


def _short(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
