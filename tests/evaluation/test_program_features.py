"""CodeGlance's features, equal to the published ones, and what they say of accuracy."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random

import pytest

from codereasoner.evaluation.logistic import logistic
from codereasoner.evaluation.program_features import accuracy_table, features, static_features
from codereasoner.evaluation.score import Verdicts, by_feature
from codereasoner.execution.pool import Pool
from codereasoner.task import Question


def test_the_published_features_of_cruxeval_are_reproduced(shared_data: Path) -> None:
    lines = (shared_data / "cruxeval/cruxeval.jsonl").read_text().splitlines()
    records = {row["id"]: row for row in map(json.loads, lines)}
    published = json.loads((shared_data / "codeglance/cruxeval_features.json").read_text())
    programs = [(records[row["id"]]["code"], f"f({records[row['id']]['input']})") for row in published]
    with Pool(workers=2, preload=["inspect"], allow_weak_isolation=True) as pool:
        found = features(programs, pool.run)
    wrong = {
        name: sum(ours[name] != theirs[name] for ours, theirs in zip(found, published, strict=True))
        for name in ("code_lines", "cyclomatic_complexity", "execution_trace_length")
    }
    assert len(published) == 551
    assert wrong["code_lines"] == wrong["cyclomatic_complexity"] == 0
    # From Python 3.13 on the last pass of a comprehension over several lines ends on another line.
    assert wrong["execution_trace_length"] <= (2 if sys.version_info >= (3, 13) else 1)


def test_a_comprehension_counts_as_in_a_frame_of_its_own(pool: Pool) -> None:
    calls = {"[y for y in x]": 7, "{y: [z for z in x] for y in x}": 19, "sorted({y for y in x})": 7}
    for expression, lines in calls.items():
        found = features([(f"def f(x):\n    return {expression}", "f([1, 2, 3])")], pool.run)[0]
        assert found["execution_trace_length"] == lines, expression


def test_calls_of_libraries_are_counted_with_their_arguments() -> None:
    source = "import math\ndef g(x):\n    return len(x)\ndef f(x):\n    return math.log(g(x), 2) + math.sqrt(4)"
    found = static_features(source)
    assert (found["common_api_count"], found["specified_api_parameters"]) == (2, 3)
    assert found["unseen_function_count"] == 0


def test_functions_of_a_library_that_does_not_exist_are_unseen() -> None:
    source = "import monkey_that_is_not_there as mk\ndef f(x):\n    return mk.nonull(x).nonull().ending(1)"
    assert static_features(source)["unseen_function_count"] == 2


def test_a_program_that_does_not_parse_has_lines_only() -> None:
    found = static_features("def f(:\n\n    pass")
    assert found["code_lines"] == 2
    assert found["cyclomatic_complexity"] is None


def test_libraries_are_measured_where_programs_are_run(pool: Pool) -> None:
    source = "import string\ndef f(x):\n    return string.capwords(x)"
    found = features([(source, "f('a b')")], pool.run)[0]
    assert (found["execution_trace_length"], found["total_api_parameters"]) == (4, 2)
    assert (found["encapsulated_trace_length"] or 0) >= 1
    assert (found["encapsulated_code_lines"] or 0) > 5


def test_bins_never_split_equal_values_and_have_intervals() -> None:
    rows = [(f"p{n}", {"code_lines": n // 5}, float(n < 10)) for n in range(20)]
    table = accuracy_table(rows, ["code_lines"])
    assert [(row["low"], row["high"]) for row in table] == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert [row["accuracy"] for row in table] == [100, 100, 0, 0]
    assert all(row["interval"][0] <= row["accuracy"] <= row["interval"][1] for row in table)


def test_the_logistic_model_finds_the_feature_that_matters() -> None:
    random = Random("logistic")
    rows = []
    for _ in range(800):
        long, noise = random.gauss(0, 1), random.gauss(0, 1)
        chance = 1 / (1 + 2.718281828 ** (1.0 * long))
        rows.append(({"long": long, "noise": noise, "constant": 1}, float(random.random() < chance)))
    effects = {effect["feature"]: effect for effect in logistic(rows, ["long", "noise", "constant"])}
    assert set(effects) == {"long", "noise"}
    assert effects["long"]["odds"] == pytest.approx(2.718281828**-1, rel=0.3)
    assert effects["long"]["p_value"] < 1e-6 < effects["noise"]["p_value"]


def test_without_numpy_a_score_has_its_intervals_and_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    questions = [
        Question("output", {"source": "def f(x):\n    return x" + "\n" * n}, ("1",), {"code_lines": n}, id=f"{n}")
        for n in range(9)
    ]
    verdicts = Verdicts({}, {question.id: [True] for question in questions})
    found = by_feature(questions, verdicts, ["code_lines"])
    assert all(row["interval"][0] > 0 for row in found["accuracy"])
    assert found["logistic"] == []
    assert "the logistic model: " in found["left_out"]
    assert "[eval]" in found["left_out"]
