"""Read the limits of this machine or container: cores, processes, memory. cgroups(7), setrlimit(2)."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PROCESSES = 6  # that one worker and what it forks are at most
OTHERS = 4  # processes and threads beside the workers: ours, a shell
_FILES = {"pids": ("pids.max", "pids.max"), "memory": ("memory.max", "memory.limit_in_bytes")}  # of versions 2 and 1


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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


def _user_limit() -> int | None:
    soft = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def _cgroup_limit(controller: str) -> int | None:
    """Return the least limit of the control groups that this process is in, of either version of them."""
    found = []
    for file in _limit_files(controller):
        try:
            text = file.read_text().strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < 1 << 60:  # version 1 writes a huge number for none
            found.append(int(text))
    return min(found) if found else None


def _limit_files(controller: str) -> Iterator[Path]:
    """Return the files that may hold a limit, from the process's own group up to the root that it sees."""
    newer, older = _FILES[controller]
    try:
        lines = Path("/proc/self/cgroup").read_text().strip("\n").split("\n")
    except OSError:
        lines = []
    for line in [*lines, "0::/", f"0:{controller}:/"]:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root, name = (CGROUPS / controller, older) if controllers else (CGROUPS, newer)
        folder = root / path.lstrip("/")
        yield from (place / name for place in (folder, *folder.parents) if place.is_relative_to(root))
