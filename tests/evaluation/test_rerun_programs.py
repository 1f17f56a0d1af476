"""Re-runs: what agrees, what is ill-posed, and what is unavailable here and so never counted as either."""

from __future__ import annotations

import platform

import pytest

from codereasoner.evaluation.rerun_programs import rerun, versions
from codereasoner.execution.pool import Pool
from codereasoner.task import Question


def question(name: str, source: str, gold: str) -> Question:
    return Question(
        "assertion-completion",
        {"source": source, "test": "assert x == <ground_truth>", "blank": "<ground_truth>"},
        (gold,),
        id=name,
    )


def test_each_record_is_one_of_three(pool: Pool) -> None:
    questions = [
        question("right", "x = 1", "1"),
        question("wrong", "x = 1", "2"),
        question("fails", "x = nan", "1"),
        question("lacks", "import no_such_library\nx = 1", "1"),
    ]
    result = rerun(questions, pool.run)
    assert result["agree"] == 1
    assert [row["id"] for row in result["ill_posed"]] == ["wrong", "fails"]
    assert result["unavailable"] == {"lacks": "it needs a package: No module named 'no_such_library'"}
    assert list(result["cannot_run"].values()) == [1]


def test_versions_are_told() -> None:
    pytest.importorskip("numpy")
    found = versions(("numpy", "no-such-library"))
    assert found["python"] == platform.python_version()
    assert found["no-such-library"] == "not installed"
    assert found["numpy"][0].isdigit()
