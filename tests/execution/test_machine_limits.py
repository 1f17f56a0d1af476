"""The limits of a user or a container that a pool heeds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from codereasoner.execution import machine_limits


@pytest.mark.parametrize(("limit", "workers"), [(8, 1), (10, 1), (10_000, None)])
def test_no_more_workers_start_than_the_user_may_have_processes_for(limit: int, workers: int | None) -> None:
    code = (
        "import resource, sys\n"
        "from codereasoner.execution.machine_limits import default_workers, process_limit\n"
        f"resource.setrlimit(resource.RLIMIT_NPROC, ({limit}, {limit}))\n"
        f"assert process_limit() <= {limit}\n"
        "print(default_workers())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == (workers or machine_limits.default_workers())


@pytest.mark.parametrize(
    ("file", "text", "limit"),
    [
        ("memory.max", "134217728\n", 1 << 27),
        ("memory.max", "max\n", None),
        ("memory/memory.limit_in_bytes", "134217728\n", 1 << 27),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", None),
        ("nothing.here", "1\n", None),
    ],
)
def test_the_memory_of_a_container_is_read_from_either_version_of_control_groups(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str, text: str, limit: int | None
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    monkeypatch.setattr(machine_limits, "CGROUPS", tmp_path)
    assert machine_limits.memory_limit() == limit
