"""The page of CodeGlance's analysis holds every number of it, and nothing that a browser would fetch or run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codereasoner.errors import ConfigError
from codereasoner.reports.feature_plots import write_feature_plots


def by_feature() -> dict[str, Any]:
    accuracy = [
        {"feature": "code_lines", "low": 2, "high": 4, "questions": 30, "accuracy": 75.0, "interval": [60.0, 85.5]},
        {"feature": "code_lines", "low": 5, "high": 5, "questions": 12, "accuracy": 50.0, "interval": [25.0, 75.0]},
    ]
    effect = {"feature": "code_lines", "odds": 0.5, "interval": (0.25, 1.0), "p_value": 0.0499, "deviation": 1.25}
    return {"accuracy": accuracy, "logistic": [effect]}


def test_dots_and_whiskers_stand_where_the_numbers_are(tmp_path: Path) -> None:
    write_feature_plots({"benchmark": "b", "grader": "strict", "by_feature": by_feature()}, tmp_path / "plots.html")
    page = (tmp_path / "plots.html").read_text()
    assert '<circle cx="445.0" cy="30.0" r="4"/>' in page  # 75 % of the axis from 190 to 530
    assert '<line class="whisker" x1="394.0" x2="480.7" y1="30.0" y2="30.0"/>' in page
    assert ">2 to 4<" in page
    assert "75.0 %" in page
    assert "0.250 to 1.000" in page
    assert '<circle cx="275.0"' in page  # odds of 1/2, a quarter of the axis from 1/4 to 4
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_each_model_has_its_part_and_names_are_no_markup(tmp_path: Path) -> None:
    models = {"<b>one</b>": {"by_feature": by_feature()}, "two": {"by_feature": by_feature() | {"logistic": []}}}
    write_feature_plots({"benchmark": "b", "grader": "strict", "models": models}, tmp_path / "plots.html")
    page = (tmp_path / "plots.html").read_text()
    assert "<h2>&lt;b&gt;one&lt;/b&gt;</h2>" in page
    assert page.count("<figure>") == 3


def test_a_score_without_the_analysis_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no analysis by feature"):
        write_feature_plots({"benchmark": "b", "grader": "strict"}, tmp_path / "plots.html")
    assert not (tmp_path / "plots.html").exists()
