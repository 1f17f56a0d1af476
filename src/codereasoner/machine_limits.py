"""Read the limits of this machine or container: cores, processes, memory. cgroups(7), setrlimit(2)."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PROCESSES = 6  # that one worker and what it forks are at most
OTHERS = 4  # processes and threads beside the workers: ours, a shell
_FILES = {
    "cpu": ("cpu.max", "cpu.cfs_quota_us"),
    "pids": ("pids.max", "pids.max"),
    "memory": ("memory.max", "memory.limit_in_bytes"),
}  # of versions 2 and 1
_USED = {
    "memory.max": ("memory.current", "inactive_file"),
    "memory.limit_in_bytes": ("memory.usage_in_bytes", "total_inactive_file"),
}
"""The file of what a control group uses, and what of it, in memory.stat, is given back when memory is short."""


def cores() -> int:
    """Return the number of cores for this process: those that it may run on or its container's quota, if that is less.

    A container's quota is time: `docker --cpus 2`, or a limit of 2 in Kubernetes, leaves all of the machine's in view.
    """
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([found, *(math.ceil(quota) for file in _limit_files("cpu") if (quota := _quota(file)))])


def default_workers() -> int:
    """Return the number of cores for this process, or fewer if its processes are limited."""
    most = process_limit()
    return cores() if most is None else max(1, min(cores(), (most - OTHERS) // PROCESSES))


def process_limit() -> int | None:
    """Return how many processes and threads this user or container may have; None if unlimited."""
    found = [limit for limit in (_cgroup_limit("pids"), _user_limit()) if limit is not None]
    return min(found) if found else None


def memory_limit() -> int | None:
    """Return the bytes that this container may use; None if unlimited."""
    return _cgroup_limit("memory")


def free_memory() -> int | None:
    """Return the bytes that are free on this machine, or in this container if these are fewer; None if unknown."""
    found = [room for file in _limit_files("memory") if (room := _room(file)) is not None]
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().split("\n") if line)
        found.append(1024 * int(lines["MemAvailable"].split()[0]))
    except (OSError, LookupError, ValueError):
        pass
    return min(found) if found else None


def _user_limit() -> int | None:
    soft = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def _quota(file: Path) -> float | None:
    """Return the cores that a quota is worth: `200000 100000`, or two files; None for no quota, `max` or -1."""
    try:
        quota, _, period = file.read_text().partition(" ")
        found = int(quota) / int(period or file.with_name("cpu.cfs_period_us").read_text())
    except (OSError, ValueError, ZeroDivisionError):
        return None
    return found if found > 0 else None


def _room(file: Path) -> int | None:
    """Return the bytes that a control group may still use; None if it has no limit."""
    limit = _limit(file)
    if limit is None:
        return None
    used, cache = _USED[file.name]
    try:
        given_back = next(
            (line for line in file.with_name("memory.stat").read_text().split("\n") if line.startswith(f"{cache} ")), ""
        )
        return max(0, limit - int(file.with_name(used).read_text()) + int(given_back.partition(" ")[2] or 0))
    except (OSError, ValueError):
        return limit


def _cgroup_limit(controller: str) -> int | None:
    """Return the least limit of the control groups that this process is in, of either version of them."""
    found = [limit for file in _limit_files(controller) if (limit := _limit(file)) is not None]
    return min(found) if found else None


def _limit(file: Path) -> int | None:
    """Return the limit in a file; None if there is none."""
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() and int(text) < 1 << 60 else None  # version 1 writes a huge number for none


def _limit_files(controller: str) -> Iterator[Path]:
    """Return the files that may hold a limit, from the process's own group up to the root that it sees."""
    newer, older = _FILES[controller]
    try:
        lines = Path("/proc/self/cgroup").read_text().strip("\n").split("\n")
    except OSError:
        lines = []
    for line in [*(each for each in lines if each.count(":") > 1), "0::/", f"0:{controller}:/"]:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root, name = (CGROUPS / controller, older) if controllers else (CGROUPS, newer)
        folder = root / path.lstrip("/")
        yield from (place / name for place in (folder, *folder.parents) if place.is_relative_to(root))
