"""export: the rows of a stage become the files of another trainer."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from codereasoner import extend
from codereasoner.cli import app
from codereasoner.ledger import read_rows, write_records
from codereasoner.records import Run
from codereasoner.styles import find_style
from codereasoner.training.training_rows import grpo_row


def test_export_writes_the_files_and_says_what_is_in_them(tmp_path: Path) -> None:
    run = Run("def f(x):\n    return x[1:]\n", "f", "[1, 2]", "ok", value="[2]")
    rows = tmp_path / "grpo.parquet"
    asked = [*extend.task("output").collect(run).questions, *extend.task("input").collect(run).questions]
    write_records(rows, [grpo_row(question, find_style("reasoning")) for question in asked], {})
    result = CliRunner().invoke(
        app, ["export", str(rows), "--to", "verl", "--out", str(tmp_path / "out"), "--json"], standalone_mode=False
    )
    assert result.exception is None
    assert "2 rows" in result.stderr.partition("\n")[0]  # of the bar
    path = tmp_path / "out" / "grpo.parquet"
    assert json.loads(result.stdout) == {"files": [str(path)], "rows": {str(path): 2}}
    assert [row["extra_info"]["index"] for row in read_rows(path)] == [0, 1]
