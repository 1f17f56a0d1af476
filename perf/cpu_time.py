"""CPU time of this process and all its descendants: other work on the machine changes it little."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def spent(work: Callable[[], object]) -> float:
    """The CPU seconds that this takes, of this process and of all its descendants; see proc(5)."""
    before = seconds_of(os.getpid())
    work()
    return seconds_of(os.getpid()) - before


def seconds_of(process: int) -> float:
    """CPU seconds of a process, of its descendants, and of those that they have waited for."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # it has ended: its parent has its time
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") + sum(map(seconds_of, map(int, children)))
