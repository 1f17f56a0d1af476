from __future__ import annotations

import pytest

from codereasoner.chains.audit import Audit, audit, claims
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run

SOURCE = "def f(x, n):\n    for i in range(n):\n        x = x + [i]\n    y = len(x)\n    return y"


@pytest.fixture(scope="module")
def run(pool: Pool) -> Run:
    return pool.run([Job(SOURCE, "f", "[7], 2", record="trace")])[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = [1, 2].", [("x", "[1, 2]")]),
        ("So `x = [1,2]` and y=3, z = -1.5;", [("x", "[1, 2]"), ("y", "3"), ("z", "-1.5")]),
        ("s = 'it''s', t = \"a'b = 3\"", [("t", '"a\'b = 3"')]),
        ("d = {'a': [1, (2,)]}\ne = set()", [("d", "{'a': [1, (2,)]}"), ("e", "set()")]),
        ("x = y + 1, z = [1] + y, w = 'a'.upper(), v = 3 if w else 4", []),
        ("x == 3, x >= 3, x != 3, d['x'] = 3, a.x = 3", []),
        ("x, y = 1, 2", []),
        ("f(x=1, y=[2], z=3) gives w=4 (n=5)", [("w", "4"), ("n", "5")]),
        ("x = [v for v in y], z = f(3), q = f'{x}'", []),
        ("```python\nx = 3\n```\nn = 4", [("n", "4")]),
        ("x = True and n = None", [("x", "True"), ("n", "None")]),
        ("x = [1, 2", []),
        ("s = 'now x = 3 or so', n = 1", [("s", "'now x = 3 or so'"), ("n", "1")]),
    ],
)
def test_only_a_name_with_a_whole_literal_is_a_claim(text: str, found: list[tuple[str, str]]) -> None:
    assert [(name, value) for name, _, value in claims(text)] == found


def test_true_claims_in_order_are_true(run: Run) -> None:
    text = "x = [7], n = 2\ni = 0, x = [7, 0]\ni = 1, x = [7, 0, 1]\ny = 3"
    assert audit(text, run) == Audit(7, 7)


def test_a_claim_may_skip_states_but_not_go_back(run: Run) -> None:
    assert audit("x = [7, 0, 1], n = 2, y = 3", run).true == 3
    found = audit("x = [7, 0, 1], x = [7], n = 2", run)
    assert (found.checked, found.true, found.first_false) == (3, 2, "x = [7]")


def test_a_false_claim_does_not_spoil_the_true_ones_after_it(run: Run) -> None:
    found = audit("x = [7], x = [9], x = [7, 0], y = 4, y = 3", run)
    assert (found.checked, found.true, found.first_false) == (5, 3, "x = [9]")
    assert found.share == 0.6


def test_types_count(run: Run) -> None:
    assert audit("n = 2.0, n = True", run).true == 0


def test_names_that_are_no_variables_are_not_counted(run: Run) -> None:
    found = audit("sorted(x, reverse=True) gives z = 3", run)
    assert found == Audit(0, 0)
    assert found.share is None
