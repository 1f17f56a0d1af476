"""The page of CodeGlance's analysis by feature holds every number of the score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.reports.folders import blocks

from codereasoner.errors import ConfigError
from codereasoner.reports.accuracy_by_feature import write_feature_page

ACCURACY = [
    {"feature": "code_lines", "low": 2, "high": 4, "questions": 30, "accuracy": 75.0, "interval": [60.0, 85.5]},
    {"feature": "code_lines", "low": 5, "high": 5, "questions": 12, "accuracy": 50.0, "interval": [25.0, 75.0]},
]
EFFECT = {"feature": "code_lines", "odds": 0.5, "interval": [0.25, 1.0], "p_value": 0.0499, "deviation": 1.25}
BY_FEATURE = {"accuracy": ACCURACY, "logistic": [EFFECT]}


def test_each_model_has_its_part_and_names_are_no_markup(tmp_path: Path) -> None:
    models = {"<b>one</b>": {"by_feature": BY_FEATURE}, "two": {"by_feature": {**BY_FEATURE, "logistic": []}}}
    score: dict[str, Any] = {"benchmark": "b", "grader": "strict", "models": models}
    write_feature_page(score, tmp_path / "plots.html")
    found = blocks(tmp_path / "plots.html")["summary"]["scores"]
    assert found == [
        {"model": "<b>one</b>", **BY_FEATURE},
        {"model": "two", "accuracy": ACCURACY, "logistic": []},
    ]
    assert "<b>one" not in (tmp_path / "plots.html").read_text()


def test_a_score_without_the_analysis_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no analysis by feature"):
        write_feature_page({"benchmark": "b", "grader": "strict"}, tmp_path / "plots.html")
    assert not (tmp_path / "plots.html").exists()
