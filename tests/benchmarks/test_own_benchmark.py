"""The benchmark of one's own in docs/benchmarks.md, used as the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from codereasoner.evaluation.score import score_file
from codereasoner.task import Runner

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def test_the_benchmark_on_the_page_is_scored_by_both_graders(tmp_path: Path, runner: Runner) -> None:
    code = re.search(r"```python title=\"sums.py\"\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    (tmp_path / "sums.py").write_text(code[1])
    (tmp_path / "sums.txt").write_text("1, 2 = 3\n2, 2 = 4\n")
    (tmp_path / "texts.json").write_text(json.dumps({"1, 2": ["3", " 3", "4"], "2, 2": ["4", "4", ""]}))
    result: Any = score_file(f"{tmp_path}/sums.py:Sums", tmp_path / "texts.json", tmp_path, "official", runner)
    assert result["outcomes"]["correct"] == 3
    assert result["other"]["outcomes"] == {"correct": 4, "wrong": 1, "no_answer": 1, "truncated": 0, "error": 0}
