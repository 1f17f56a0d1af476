"""What is read off the text of a program, whoever wrote it."""

from __future__ import annotations

import pytest

from codereasoner import extend
from codereasoner.chains.events import read_events
from codereasoner.errors import DataError
from codereasoner.execution.pool import Pool
from codereasoner.records import Job
from codereasoner.stages.write_chains import narrate_run
from codereasoner.steps.chance import chance
from codereasoner.steps.source import runs_text


@pytest.mark.parametrize(
    "expression", ["x" + " + 1" * 900, "x" + ".strip()" * 900, "x" + "[0]" * 900], ids=["sum", "methods", "indices"]
)
def test_a_program_nested_too_deeply_ends_no_stage(pool: Pool, expression: str) -> None:
    source = f"def f(x):\n    y = {expression}\n    return y\n"
    [run] = pool.run([Job(source, "f", "1" if "+" in expression else "'a'", record="trace")])
    assert run.outcome == "ok"
    for name in extend.available("task"):
        extend.task(name).collect(run)
    [question] = extend.task("output").collect(run).questions
    assert narrate_run(question, run, "steps", 0) == "the program is nested too deeply"
    with pytest.raises(DataError, match="nested too deeply"):
        read_events(run)


def test_a_slice_of_a_huge_range_is_not_listed_to_narrate_a_loop(pool: Pool) -> None:
    source = "def f(n):\n    x = range(n)\n    for i in x[::2]:\n        break\n    return 1.5 in x[:3]\n"
    [run] = pool.run([Job(source, "f", "10 ** 12", record="trace")])
    [question] = extend.task("output").collect(run).questions
    chain = narrate_run(question, run, "expressions", 0)
    assert not isinstance(chain, str)
    assert "left" not in chain.text


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("from datetime import date\ndef f(y):\n    return (date(y + 1, 1, 1) - date(y, 1, 1)).days\n", ""),
        ("import calendar\ndef f(y):\n    return calendar.monthrange(y, 2)[1]\n", ""),
        ("import datetime\ndef f(x):\n    return datetime.datetime.now().year + x\n", "datetime"),
        ("import datetime as d\ndef f(x):\n    return getattr(d.date, 'today')().year + x\n", "datetime"),
        ("import calendar\ndef f(x):\n    return calendar.datetime.date.today().year\n", "calendar"),
        ("from datetime import datetime\ndef f(x):\n    return datetime(2024, 1, x).timestamp()\n", "datetime"),
        ("def f(x):\n    return x.now\n", ""),
        ("class A:\n    def id(self): ...\ndef f(x):\n    return id(x) > x\n", "id"),
        ("def id(x):\n    return x\ndef f(x):\n    return id(x)\n", ""),
    ],
)
def test_what_a_program_asks_of_the_machine_is_chance_and_what_only_looks_so_is_not(source: str, name: str) -> None:
    assert getattr(chance(source, "f"), "name", "") == name


def test_a_program_nested_too_deeply_is_still_known_to_run_text_or_to_depend_on_chance() -> None:
    source = f"import random\ndef f(x):\n    return eval('x'){' + 1' * 900}\n"
    assert runs_text(source) == "eval"
    assert chance(source, "f") == ("random", 1)
