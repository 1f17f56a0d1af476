from __future__ import annotations

from dataclasses import replace

import pytest

from codereasoner.curation.filters import Sizes, drop_reason
from codereasoner.records import Program, Run, Step

SOURCE = "def f(x):\n    return x[::-1]"


def run(source: str = SOURCE, call: str = "[1, 2]", value: str | None = "[2, 1]", **changes: str) -> Run:
    return Run(source, "f", call, changes.pop("outcome", "ok"), value, **changes)  # type: ignore[arg-type]


def reason(source: str = SOURCE, **changes: str) -> str | None:
    return drop_reason(Program(source, "f", ("[1, 2]",)), run(source, **changes))


def test_a_good_run_is_kept() -> None:
    assert reason() is None


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def f(x) return x", "does not parse"),
        ("def g(x):\n    return x", "entry missing"),
        ("def f():\n    return 1", "no parameter"),
        ("def f(x, y=1):\n    return x", "default parameter"),
        ("def f(x):\n    return sorted(x, key=lambda a, b=1: a)", "default parameter"),
        ("def f(x):\n    return x  # as it is", "comment"),
        ("def f(x):\n    x.append(1)\n    return 3", "constant"),
        ("def f(x):\n    x.append(1)", "constant"),
        ("def f(x):\n    if x:\n        return True\n    return False", None),
        ("def f(x):\n    return x + ['# no comment']", None),
    ],
)
def test_a_program_that_breaks_a_hard_requirement_is_dropped(source: str, why: str | None) -> None:
    assert reason(source) == why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"outcome": "raised", "value": None, "exception": "KeyError: 'a'"}, "raises KeyError"),
        ({"outcome": "timeout", "value": None}, "limit: time"),
        ({"outcome": "memory", "value": None}, "limit: memory"),
        ({"outcome": "exited", "value": None}, "exited"),
        ({"outcome": "error", "value": None}, "infrastructure error"),
        ({"value": None}, "value has no literal"),
        ({"cut": "steps"}, "trace cut: steps"),
        ({"value": "[2,1]"}, "value does not read back"),
        ({"value": "<object>"}, "value does not read back"),
        ({"value": "[1, 2]"}, "copy of an argument"),
        ({"call": "3, y = [2,1]"}, "copy of an argument"),
        ({"call": "3", "value": "3"}, None),
        ({"value": "'" + "a" * 2000 + "'"}, "value too long"),
        ({"call": "'" + "a" * 2000 + "'"}, "call too long"),
    ],
)
def test_a_run_of_no_use_is_dropped(changes: dict[str, str], why: str | None) -> None:
    assert reason(**changes) == why


def test_a_program_that_python_does_not_compile_raises_nothing() -> None:
    made = run(
        "def f(x):\n    break\n    return x",
        value=None,
        outcome="raised",
        exception="SyntaxError: 'break' outside loop",
    )
    assert drop_reason(Program(made.source, "f", ("1",)), made, outcomes=("raised",)) == "does not compile"
    ran = replace(made, steps=(Step("call", 0, 1, value="f"),))
    assert drop_reason(Program(made.source, "f", ("1",)), ran, outcomes=("raised",)) is None


def test_the_sizes_can_be_chosen() -> None:
    assert drop_reason(Program(SOURCE, "f", ()), run(), sizes=Sizes(source=10)) == "source too long"
