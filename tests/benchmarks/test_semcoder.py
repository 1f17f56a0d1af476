"""SemCoder: where its script finds an answer, quirks included, and what its grader makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from codereasoner import extend
from codereasoner.benchmarks.semcoder import answer_in
from codereasoner.execution.pool import Pool

ROW = {"code": "def f(s):\n    return s + 'a'", "input": "'x'", "output": "'xa'", "id": "sample_0"}


@pytest.mark.parametrize(
    ("raw", "wanted", "answer"),
    [
        ("[MONOLOGUE] ...\n[ANSWER]assert f('x') == \"xa\"[/ANSWER]", "o", "'xa'"),
        ("[ANSWER]1[/ANSWER] or [ANSWER]2[/ANSWER]", "o", "2"),
        ("[ANSWER]assert f('x') == 'xa'", "i", "f('x')"),
        ("[ANSWER]a == b == c[/ANSWER]", "o", "b"),
        ("so\nANSWER]'xa'[/ANS", "o", "'xa'"),
        ("no mark: 'xa'", "o", ": 'xa'"),
    ],
)
def test_the_answer_in_a_monologue(raw: str, wanted: str, answer: str) -> None:
    assert answer_in(raw, wanted) == answer  # type: ignore[arg-type] # a parameter of pytest is a str


def test_the_official_grade_takes_quotes_for_the_same_and_the_strict_one_reads_the_value() -> None:
    benchmark: Any = extend.find("benchmark", "semcoder-cruxeval-o")
    question = benchmark.question(ROW)
    texts = ['[ANSWER]assert f("x") == "xa"[/ANSWER]', "[ANSWER]'xb'[/ANSWER]", '[ANSWER]"x" + "a"[/ANSWER]']
    with Pool(1, allow_weak_isolation=True) as pool:
        assert benchmark.grade_officially([question], {"sample_0": texts}, pool.run) == {
            "sample_0": [True, False, True]
        }
    assert [benchmark.parse_generation(question, text) for text in texts] == ["'xa'", "'xb'", '"x" + "a"']


def test_the_official_grade_of_an_input() -> None:
    benchmark: Any = extend.find("benchmark", "semcoder-cruxeval-i")
    question = benchmark.question(ROW)
    texts = ['[ANSWER]assert f("x") == "xa"[/ANSWER]', "[ANSWER]f('y')[/ANSWER]"]
    with Pool(1, allow_weak_isolation=True) as pool:
        assert benchmark.grade_officially([question], {"sample_0": texts}, pool.run) == {"sample_0": [True, False]}
