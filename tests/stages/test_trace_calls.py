"""Runs in a file of JSON lines and in one of parquet."""

from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_records, read_rows, write_records
from codereasoner.records import Program, Run
from codereasoner.stages.trace_calls import trace_programs


@pytest.mark.parametrize("name", ["runs.jsonl", "runs.parquet"])
def test_the_steps_of_a_run_are_a_list_in_every_kind_of_file(name: str, tmp_path: Path, pool: Pool) -> None:
    programs, out = tmp_path / "programs.jsonl", tmp_path / name
    write_records(programs, [Program("def f(x):\n    y = x + [1]\n    return y * 2\n", "f", ("[4]",))], {})
    trace_programs(programs, out, pool)
    assert all(isinstance(row["steps"], list) for row in read_rows(out))
    assert [len(run.steps) for run in read_records(out, Run)] == [4]
