"""How often a line ran, as `codereasoner trace` counts it, in layouts where statements share a line."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import partial

import pytest
from tests.chains.layouts import compact
from tests.chains.test_witness import constructs

from codereasoner.chains.statement_lines import line_of
from codereasoner.cli.annotated_source import Annotated
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run

job = partial(Job, entry="f", record="trace", origin="counts")

G = "def g(k): return k\n\n"
LOOP = "def f(x):\n    n = 0\n    while x > 0: x -= g(1); n += 1\n    return n\n"
NEVER = "def f(x):\n    while x > 3: x -= g(1)\n    return x\n"
ENDLESS = (
    "def f(x):\n    try:\n        while True: x -= g(1); {1: 0, 2: 0}[x]\n    except KeyError:\n        return x\n"
)
DEF = "def m(x): y = g(x); return y\n\ndef f(x): return m(x) + m(1)\n"
AGAIN = "def f(x):\n    a = [0, 1, 1]\n    for i in a:\n        if g(i): a[0] = g(a[0]); continue\n    return a\n"
WITH = """class Bad:
    def __enter__(self): return 1
    def __exit__(self, *rest): raise ValueError("no")

def f(x):
    try:
        with Bad() as b:
            x += b
    except ValueError:
        return x
"""
LEFT = "def two():\n    yield 1; yield 2\n\ndef f(x):\n    g, h = two(), two()\n    return next(g), next(h), next(h)\n"
ALONE = "def two():\n    yield 1\n    yield 2\n\ndef f(x):\n    return next(two()), *two()\n"
OPEN = "def f(x):\n    for i in range(x): y = g(i); continue\n    while g(x): x -= 1\n    return x\n"


def told(run: Run) -> dict[int, tuple[int, str]]:
    """How often each line ran, as the table says (0: it does not say), and what happened on it."""
    rows = Annotated(run)._rows()
    return {int(number): (int(count[1:] or 0), did.plain) for number, count, _, did in rows if number}


@pytest.mark.parametrize(
    ("source", "line", "count", "what"),
    [
        (G + LOOP, 5, 4, "x = 2 → 1 → 0\nn = 1 → 2 → 3\ntrue ×3, false"),
        (G + NEVER, 4, 1, "false"),
        (G + ENDLESS, 5, 3, "x = 2 → 1 → 0\nraises KeyError: 0"),
        (G + DEF, 3, 2, "x = 3 → 1\ny = 3 → 1\nreturns 3 → 1"),
        (G + AGAIN, 6, 3, ""),
        (WITH, 7, 1, "b = 1\nraises ValueError: no"),
        (LEFT, 2, 2, "yields 1 → 1 → 2"),
        (ALONE, 2, 2, "yields 1 → 1"),
        (G + OPEN, 4, 0, "i = 2\ny = 2"),
        (G + OPEN, 5, 0, "x = 0"),
    ],
    ids=["loop", "never", "endless", "def", "again", "with", "suspended", "suspended alone", "jump", "test that calls"],
)
def test_a_line_is_counted_right_or_not_at_all(pool: Pool, source: str, line: int, count: int, what: str) -> None:
    run = pool.run([job(source, call="3")])[0]
    assert told(run)[line] == (count, what)


def test_statements_on_one_line_are_counted_as_on_lines_of_their_own(pool: Pool) -> None:
    layouts = [(call, compact(source)) for call, source in constructs()]
    both = [job(each, call=call) for call, source in layouts for each in (source, ast.unparse(ast.parse(source)))]
    runs = iter(pool.run(both))
    counted, open_ = 0, []
    for (_, source), run, alone in zip(layouts, runs, runs, strict=True):
        shared, single = told(run), told(alone)
        lines: defaultdict[int, list[int]] = defaultdict(list)
        for here, there in zip(statements(source), statements(alone.source), strict=True):
            lines[line_of(here)].append(single.get(line_of(there), (0, ""))[0])
        for line, counts in lines.items():
            count, _ = shared.get(line, (0, ""))
            counted += count > 0
            open_ += [source.split("\n")[line - 1]] * (max(counts) > count == 0)
            assert count in (0, max(counts)), source
    assert counted > 50 * len(open_), open_


def statements(source: str) -> list[ast.stmt | ast.ExceptHandler | ast.match_case]:
    """The statements of a source, in an order that its layout does not change."""
    nodes = ast.walk(ast.parse(source))
    return [each for each in nodes if isinstance(each, ast.stmt | ast.ExceptHandler | ast.match_case)]
