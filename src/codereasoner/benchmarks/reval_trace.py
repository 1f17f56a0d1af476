"""REval's ground truth from our own trace: each pair is one traced run, which reval_states.py reads as REval does.

Covered lines, next lines, Nil and the number of visits are the trace's for every point. A value without a literal (an
array, a date, a deque, a class) has a mark in a trace, and not the `repr` that REval records: such a point, and every
point of a run whose trace was cut, is taken from the probe (reval_truth.py). So is, from Python 3.12 on, every point of
a program with a comprehension, which REval saw in a frame of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from codereasoner import literals
from codereasoner.benchmarks.probes import probe_text
from codereasoner.benchmarks.reval_files import Pair
from codereasoner.benchmarks.reval_states import States, is_covered, next_lines, states_of, values_after
from codereasoner.benchmarks.reval_truth import LIBRARIES, PointTruth, Truths
from codereasoner.errors import DataError
from codereasoner.extend import TruthComparison
from codereasoner.ledger import read_rows
from codereasoner.records import Job, Json
from codereasoner.steps import has_inlined_loops
from codereasoner.steps.marks import is_mark
from codereasoner.task import Runner

_TEST = "run_the_test"
_CASE = f"""
import unittest as _unittest

def _method(test, entry, index):
    names = globals()
    exec(compile(test, "<reval test>", "exec"), names)
    cases = [
        each
        for name, each in list(names.items())
        if isinstance(each, type) and name.startswith(entry + "Test") and issubclass(each, _unittest.TestCase)
    ]
    instance = cases[index]()
    instance.setUp()
    return getattr(instance, next(name for name in vars(cases[index]) if name.startswith("test")))

{_TEST} = _method(%r, %r, %d)
"""


def derive_by_trace(
    pairs: Sequence[Pair], runner: Runner, by_probe: Mapping[str, list[PointTruth] | str]
) -> tuple[dict[str, list[PointTruth] | str], int]:
    """The truth of each pair's points by pair id, and how many points the trace alone decides.

    `by_probe` has the truth of the points that a trace cannot tell, and the reasons of pairs that cannot be run here.
    """
    found: dict[str, list[PointTruth] | str] = {}
    traced = 0
    for pair, run in zip(pairs, runner([traced_job(pair) for pair in pairs]), strict=True):
        known = by_probe[pair.id]
        if isinstance(known, str):
            found[pair.id] = known
            continue
        whole = run.outcome == "ok" and not run.cut and not has_inlined_loops(pair.code)
        states = states_of(run) if whole else []
        truths = [_point(states, line, expression) if whole else None for line, expression in pair.points]
        traced += sum(truth is not None for truth in truths)
        found[pair.id] = [truth or other for truth, other in zip(truths, known, strict=True)]
    return found, traced


def traced_job(pair: Pair) -> Job:
    """The call of a function, or the test of a class after its set-up, which is not traced."""
    source = _prepared(pair.code)
    if not pair.test:
        return Job(source, pair.entry, pair.given[1:-2], "trace")
    return Job(source, _TEST, "", "trace", _CASE % (pair.test, pair.entry, pair.input_idx))


def _point(states: States, line: int, expression: str) -> PointTruth | None:
    """The truth of a point, or None: a value in it has no literal, or a part of such a value was looked for in vain."""
    values = values_after(states, line, expression)
    if values is not None and any(map(is_mark, values)):
        return None
    if not expression.isidentifier() and _holds_less(states, line, expression, values or ()):
        return None
    covered, lines = is_covered(states, line), tuple(sorted(next_lines(states, line)))
    if values is None:
        return PointTruth(covered, lines, None, 0)
    distinct = tuple(dict.fromkeys(values))
    return PointTruth(covered, lines, tuple((_kind(text), text) for text in distinct), len(values))


def _holds_less(states: States, line: int, expression: str, values: Sequence[str]) -> bool:
    """Tell whether a variable of the expression has a mark in more visits than the expression has values."""
    try:
        names = {node.id for node in ast.walk(literals.parse(expression)) if isinstance(node, ast.Name)}
    except literals.LiteralError:
        return True
    marks = [sum(map(is_mark, values_after(states, line, name) or ())) for name in names]
    return any(count > len(values) for count in marks)


def _kind(text: str) -> str:
    return type(literals.read(text)).__name__


def _prepared(code: str) -> str:
    """Return the program with its libraries made ready in front of its first line: no line has another number."""
    if "numpy" not in code and "gensim" not in code:
        return code
    before = f"_ready = {{}}; exec({probe_text(LIBRARIES)!r}, _ready); _ready['prepare']({code!r}); del _ready; "
    try:
        ast.parse(before + code)
    except SyntaxError:  # its first line cannot stand behind another statement
        return code
    return before + code


# ---- the comparison with a file of ground truth

_KEY = ("idx", "input_idx", "lineno", "var")
_FIELDS = ("covered", "next_lines", "state", "state_visits")
_MOST_VALUES = 25  # a file's list of values ends after so many
_SHOWN = 200  # differing points that are listed

Row: TypeAlias = Mapping[str, Json]


def read_truth(path: Path) -> list[Row]:
    """Return the rows of a file of ground truth.

    Raises:
        DataError: a row lacks a field.
    """
    rows: list[Row] = list(read_rows(path))
    for number, row in enumerate(rows, start=1):
        if missing := [field for field in (*_KEY, *_FIELDS) if field not in row]:
            raise DataError(f"{path}, line {number}: the field '{missing[0]}' is missing")
    return rows


def compare_truth(
    pairs: Sequence[Pair], by_probe: Mapping[str, Truths], rows: Sequence[Row], runner: Runner
) -> TruthComparison:
    """Compare the truth of our trace with that of a file: covered, next lines, and the values with their types.

    `by_trace` counts the points that the trace decides alone, without the probe.
    """
    wanted = {(row["idx"], row["input_idx"]) for row in rows}
    asked = [pair for pair in pairs if (pair.idx, pair.input_idx) in wanted]
    truths, traced = derive_by_trace(asked, runner, by_probe)
    here = {key: found for pair in asked for key, found in _rows_of(pair, truths[pair.id])}
    differing = [found for row in rows if (found := _difference(row, here.get(tuple(row[name] for name in _KEY))))]
    equal = len(rows) - len(differing)
    return {"points": len(rows), "equal": equal, "by_trace": traced, "differing": differing[:_SHOWN]}


def _rows_of(pair: Pair, truths: Truths) -> Iterator[tuple[tuple[Json, ...], Row]]:
    """Yield each point's key with its truth as the file has it, or with the reason why there is none."""
    for place, (line, variable) in enumerate(pair.points):
        key = (pair.idx, pair.input_idx, line, variable)
        if isinstance(truths, str):
            yield key, {"error": truths}
            continue
        truth = truths[place]
        state: Json = None if truth.state is None else [list(each) for each in truth.state]
        yield (
            key,
            {
                "covered": truth.covered,
                "next_lines": [*sorted(truth.next_lines)],
                "state": state,
                "state_visits": truth.visits,
            },
        )


def _difference(there: Row, here: Row | None) -> dict[str, Json] | None:
    """Return the first field in which a point differs."""
    key = {name: there[name] for name in _KEY}
    if here is None or "error" in here:
        return key | {"field": "point", "here": here["error"] if here else "no such point", "there": "a point"}
    for name in _FIELDS:
        mine, theirs = here[name], there[name]
        if name == "next_lines" and isinstance(theirs, list):
            theirs = sorted(theirs, key=str)
            mine = sorted(mine, key=str) if isinstance(mine, list) else mine
        if name == "state" and isinstance(mine, list) and isinstance(theirs, list) and len(theirs) >= _MOST_VALUES:
            mine = mine[: len(theirs)]
        if mine != theirs:
            return key | {"field": name, "here": mine, "there": theirs}
    return None
