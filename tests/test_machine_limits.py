"""The limits of a user or a container that a pool heeds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codereasoner import machine_limits


@pytest.mark.parametrize(("limit", "workers"), [(8, 1), (10, 1), (10_000, None)])
def test_no_more_workers_start_than_the_user_may_have_processes_for(limit: int, workers: int | None) -> None:
    code = (
        "import resource, sys\n"
        "from codereasoner.machine_limits import default_workers, process_limit\n"
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


@pytest.mark.parametrize(
    ("files", "most"),
    [
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "10000 100000\n"}, 1),
        ({"cpu.max": "max 100000\n"}, 64),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 64),
        ({"cpu/cpu.cfs_quota_us": "300000\n"}, 64),
        ({}, 64),
    ],
)
def test_a_container_has_the_cores_of_its_quota(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, str], most: int
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(machine_limits, "CGROUPS", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert machine_limits.cores() == most


@pytest.mark.parametrize(
    ("files", "room"),
    [
        ({"max": "1000\n", "current": "700\n", "stat": "anon 500\ninactive_file 150\n"}, 450),
        ({"max": "1000\n", "current": "1200\n", "stat": "anon 1200\n"}, 0),
        ({"max": "1000\n"}, 1000),
        ({"max": "1000\n", "current": "700\n", "stat": "an odd line\ninactive_file 150\n"}, 450),
        (
            {
                "limit_in_bytes": "1000\n",
                "usage_in_bytes": "700\n",
                "stat": "total_inactive_file 99\n",
            },
            399,
        ),
    ],
)
def test_what_a_container_may_still_use_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, str], room: int
) -> None:
    folder = tmp_path / "memory" if "usage_in_bytes" in files else tmp_path
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"memory.{name}").write_text(text)
    monkeypatch.setattr(machine_limits, "CGROUPS", tmp_path)
    assert machine_limits.free_memory() == room


def test_a_machine_without_limits_tells_what_is_free(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine_limits, "CGROUPS", tmp_path)
    found = machine_limits.free_memory()
    assert found is not None
    assert 1 << 24 < found < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("text", ["", "\n", "odd\n", "0::/a/b\n"])
def test_odd_lists_of_groups_end_nothing_and_the_strictest_group_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "cpu.max").write_text("100000 100000")
    (tmp_path / "a" / "b" / "cpu.max").write_text("300000 100000")
    read = Path.read_text
    monkeypatch.setattr(machine_limits, "CGROUPS", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(Path, "read_text", lambda path: text if str(path) == "/proc/self/cgroup" else read(path))
    assert machine_limits.cores() == (1 if "/a/b" in text else 64)
