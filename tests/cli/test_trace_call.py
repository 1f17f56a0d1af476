"""`trace FILE CALL` for an engineer's own code: limits, imports, methods, generators."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Command

WEAK = "--allow-weak-isolation"
ACCOUNT = """class Account:
    def __init__(self, money):
        self.money = money

    def deposit(self, n):
        self.money += n
        return self.money


def twice(x):
    return 2 * x


def numbers(n):
    yield n
"""


@pytest.fixture
def trace(command: Command) -> Command:
    Path("code.py").write_text(ACCOUNT)

    def run(*words: str) -> tuple[int, str, str]:
        return command("trace", *words, WEAK)

    return run


def test_a_run_that_a_limit_ended_shows_its_first_steps(trace: Command) -> None:
    Path("loop.py").write_text("def f(n):\n    total = 0\n    while True:\n        total += n\n")
    code, out, err = trace("loop.py", "f(3)", "--cpu-seconds", "0.2")
    assert code == 1
    assert "total = 3 → 6 → 9" in out
    assert "the trace ends early: these are the first 300 steps" in out
    assert "more than 0.2 seconds of CPU" in err


def test_a_slow_call_is_given_more_time_and_the_hint_says_so(trace: Command) -> None:
    Path("slow.py").write_text("def f(n):\n    return sum(1 for _ in range(n)) + sum(range(50_000_000))\n")
    code, _, err = trace("slow.py", "f(3)", "--cpu-seconds", "30")
    assert (code, err) == (0, "")
    Path("endless.py").write_text("def f():\n    while True:\n        pass\n")
    assert "--cpu-seconds N gives it more" in trace("endless.py", "f()")[2]


def test_methods_of_objects_are_traced(trace: Command) -> None:
    code, out, _ = trace("code.py", "Account(3).deposit(twice(2))")
    assert code == 0
    assert "returns 7" in out
    assert "Account(3).deposit(twice(2)) → 7" in out
    _, out, _ = trace("code.py", "Account(3).deposit(4)", "--json")
    assert json.loads(out)["value"] == "7"


def test_a_generator_was_never_run(trace: Command) -> None:
    assert "numbers(3) → a generator, which was never run" in trace("code.py", "numbers(3)")[1]


def test_a_module_that_the_code_needs_is_named_and_brought_in(trace: Command) -> None:
    Path("helper.py").write_text("def g(x):\n    return x + 1\n")
    Path("own.py").write_text("import helper\n\n\ndef f(x):\n    return helper.g(x)\n")
    Path().chmod(0o755)  # programs of root run as the user nobody
    code, _, err = trace("own.py", "f(3)")
    assert code == 1
    assert "programs run in an empty world: --with helper imports it before" in err
    code, out, err = trace("own.py", "f(3)", "--with", "./helper.py")
    assert (code, err) == (0, "")
    assert "f(3) → 4" in out
    code, _, err = trace("own.py", "f(3)", "--with", "nowhere")
    assert code == 2
    assert "--with nowhere: there is no module of that name here" in err


def test_a_python_file_without_a_call_is_told_so(trace: Command) -> None:
    code, _, err = trace("code.py")
    assert code == 2
    assert "code.py is Python source: give a call" in err
