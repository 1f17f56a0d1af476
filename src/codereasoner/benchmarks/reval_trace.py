"""REval's ground truth from our own trace: each pair is one traced run, which steps/reval.py reads as REval does.

Covered lines, next lines, Nil and the number of visits are the trace's for every point. A value without a literal (an
array, a date, a deque, a class) has a mark in a trace, and not the `repr` that REval records: such a point, and every
point of a run whose trace was cut, is taken from the probe (reval_truth.py). So is, from Python 3.12 on, every point of
a program with a comprehension, which REval saw in a frame of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from codereasoner import literals
from codereasoner.benchmarks.probes import probe_text
from codereasoner.benchmarks.reval_data import Pair
from codereasoner.benchmarks.reval_truth import LIBRARIES, PointTruth
from codereasoner.records import Job
from codereasoner.steps import (
    RevalState,
    has_inlined_loops,
    reval_covered,
    reval_next_lines,
    reval_states,
    reval_values,
)
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
        states = reval_states(run) if whole else []
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


def _point(states: Sequence[RevalState], line: int, expression: str) -> PointTruth | None:
    """The truth of a point, or None: a value in it has no literal, or a part of such a value was looked for in vain."""
    values = reval_values(states, line, expression)
    if values is not None and any(map(is_mark, values)):
        return None
    if not expression.isidentifier() and _holds_less(states, line, expression, values or ()):
        return None
    covered, lines = reval_covered(states, line), tuple(sorted(reval_next_lines(states, line)))
    if values is None:
        return PointTruth(covered, lines, None, 0)
    distinct = tuple(dict.fromkeys(values))
    return PointTruth(covered, lines, tuple((_kind(text), text) for text in distinct), len(values))


def _holds_less(states: Sequence[RevalState], line: int, expression: str, values: Sequence[str]) -> bool:
    """Has a variable of the expression a mark in more visits than the expression has values?"""
    try:
        names = {node.id for node in ast.walk(literals.parse(expression)) if isinstance(node, ast.Name)}
    except literals.LiteralError:
        return True
    marks = [sum(map(is_mark, reval_values(states, line, name) or ())) for name in names]
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
