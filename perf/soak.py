"""A soak: many runs through one pool, one in fifty hostile; nothing may grow, slow down, or be left behind.

    make soak [RUNS=200000]

Prints one row for each tenth of the runs: runs a second, resident memory of the parent and of all workers, open
descriptors, processes. Exits with 1 where an attack is not contained, a neighbour is harmed, memory or descriptors
have grown by more than a tenth after the first tenth, or the last tenth is slower than half of the first.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codereasoner.execution.hostile_programs import LIMITS, Attack, attacks, neighbour, neighbour_fault
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run

TENTHS = 10
EVERY = 50  # one run in so many is hostile


@dataclass(frozen=True)
class Row:
    """What stood after one tenth of the runs."""

    speed: float  # runs a second
    parent_kb: int
    workers_kb: int
    descriptors: int
    processes: int


def main() -> int:
    """Run, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print(f"{'runs':>8} {'a second':>9} {'parent kB':>10} {'workers kB':>11} {'descriptors':>12} {'processes':>10}")
    rows, faults = soak(options.runs, options.workers)
    faults += judge(rows)
    print("\n".join(f"FAULT {fault}" for fault in faults[:20]) or "nothing grew, nothing was left behind")
    return int(bool(faults))


def soak(runs: int, workers: int) -> tuple[list[Row], list[str]]:
    """A row for each tenth of the runs, and what was not contained."""
    chosen = [attack for attack in attacks() if "timeout" not in attack.outcomes]
    rows, faults = [], []
    with Pool(workers=workers, limits=LIMITS, level="A") as pool:
        for tenth in range(TENTHS):
            began, count = time.perf_counter(), 0
            work = list(jobs(chosen, tenth * runs // TENTHS, (tenth + 1) * runs // TENTHS))
            for (attack, _), run in zip(work, pool.stream(job for _, job in work), strict=True):
                count += 1
                if fault := attack.fault(run) if attack else _unharmed(run):
                    faults.append(fault)
            rows.append(measure(count / (time.perf_counter() - began)))
            row = rows[-1]
            print(
                f"{(tenth + 1) * runs // TENTHS:8} {row.speed:9.0f} {row.parent_kb:10} {row.workers_kb:11} "
                f"{row.descriptors:12} {row.processes:10}",
                flush=True,
            )
    return rows, faults


def jobs(chosen: list[Attack], start: int, end: int) -> Iterator[tuple[Attack | None, Job]]:
    """Ordinary programs, and at every fiftieth place the next attack."""
    for number in range(start, end):
        if number % EVERY == EVERY - 1:
            attack = chosen[number // EVERY % len(chosen)]
            yield attack, attack.job
        else:
            yield None, neighbour(number)


def _unharmed(run: Run) -> str:
    return neighbour_fault(Attack("an ordinary program", (), Job("", "f", ""), (), ""), run)


def measure(speed: float) -> Row:
    """What there is now: this process, and all that it has started."""
    children = descendants()
    return Row(
        speed, resident(os.getpid()), sum(map(resident, children)), len(os.listdir("/proc/self/fd")), len(children)
    )


def resident(process: int) -> int:
    """Kilobytes; 0 where the process has gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS")), 0)


def descendants() -> list[int]:
    """The processes that this one has started, and those that they have."""
    found: list[int] = []
    fresh = [os.getpid()]
    while fresh:
        try:
            text = Path(f"/proc/{fresh[0]}/task/{fresh[0]}/children").read_text()
        except OSError:
            text = ""
        del fresh[0]
        fresh += map(int, text.split())
        found += map(int, text.split())
    return found


def judge(rows: list[Row]) -> list[str]:
    """What has grown or slowed down between the second tenth and the last."""
    first, last = rows[1], rows[-1]
    found = []
    for name in ("parent_kb", "workers_kb"):
        before, after = getattr(first, name), getattr(last, name)
        if after > before * 1.1 + 4_000:
            found.append(f"{name} grew from {before} to {after}")
    if last.descriptors > first.descriptors or last.processes > first.processes + 4:
        found.append(f"descriptors or processes were left: {first} {last}")
    if last.speed < first.speed / 2:
        found.append(f"the speed fell from {first.speed:.0f} to {last.speed:.0f} runs a second")
    return found


if __name__ == "__main__":
    sys.exit(main())
