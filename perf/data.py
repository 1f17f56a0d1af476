"""A whole build, stage by stage: CPU seconds, programs a second and core, bytes, and memory.

    make bench-data [PROGRAMS=2000] [WORKERS=1] [DATA=FOLDER]
    python -m perf.data --programs 100000 --workers 2

The build is that of the documentation: programs of the grammar with two calls each, near duplicates and programs of the
benchmarks dropped, questions about outputs and inputs, balanced sets, the narrator's chains, rows and the card. Next to
tracing stands the way of ExecVerify's public pipeline (arXiv:2603.11226), which CodeReasoner's authors wrote after it:
a new Python process for every call, twice, and no trace. Both do calls of the same programs, in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from perf.cpu_time import seconds_of, spent
from perf.ratios import ROUNDS, alternate, ratio

from codereasoner.benchmarks.loading import VARIABLE
from codereasoner.execution.pool import Pool
from codereasoner.extend import Progress, silent
from codereasoner.ledger import read_records
from codereasoner.records import Job, Program
from codereasoner.reports.cards import write_cards
from codereasoner.stages.build_dataset import Paths, build
from codereasoner.stages.engine import make_engine
from codereasoner.stages.stage_options import BuildConfig

PEER_CALLS = 20  # calls of a turn of the peer's way: each takes two processes
OUR_CALLS = 1_000  # calls of a turn of ours
MEMORY = 1024  # MiB of the process that writes, at most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--data", type=Path, help="benchmarks whose programs are dropped (default: $CODEREASONER_DATA)")
    parser.add_argument("--folder", type=Path, help="make the set there (default: a temporary folder)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.data:
        os.environ[VARIABLE] = str(options.data)
    with tempfile.TemporaryDirectory(prefix="bench-data-") as temporary:
        folder = options.folder or Path(temporary, "set")
        result = measure(folder, options.programs, options.workers)
        result["ratios"] = {"the execution filter: a new process for each call": compared(folder)}
    print(json.dumps(result) if options.json else table(result))


def measure(folder: Path, programs: int, workers: int) -> dict[str, Any]:
    """Build the set, and return what each stage took."""
    train = programs * 7 // 10
    against = ("all",) if os.environ.get(VARIABLE) else ()
    rl = programs - train
    config = BuildConfig(train=train, rl=rl, sft_size=train, rl_size=rl, near=0.9, against=against)
    stages: dict[str, dict[str, float]] = {}

    @contextmanager
    def watch(name: str) -> Iterator[Progress]:
        cpu, head, clock = seconds_of(os.getpid()), time.process_time(), time.monotonic()
        yield silent
        took = {"cpu": seconds_of(os.getpid()) - cpu, "head": time.process_time() - head}
        stages[name] = took | {"clock": time.monotonic() - clock}

    with make_engine(workers=workers) as engine, Pool(1, allow_weak_isolation=True) as pool:
        build(folder, config, pool, engine, watch, allow_weak_isolation=True)
    with watch("card"):
        write_cards(folder)
    return {
        "programs": programs,
        "workers": workers,
        "stages": stages,
        "bytes": {path.name: path.stat().st_size for path in vars(Paths(folder)).values() if path.is_file()},
        "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def compared(folder: Path) -> Any:
    """How many times as fast calls run twice in our pools as in new processes, by CPU time; nothing is traced."""
    programs = list(islice(read_records(folder / "programs.jsonl", Program), OUR_CALLS))
    jobs = [Job(each.source, each.entry, each.calls[0], origin="procedural") for each in programs]

    def ours() -> float:
        with Pool(1, allow_weak_isolation=True) as first, Pool(1, allow_weak_isolation=True, hash_seed=1) as second:
            return spent(lambda: [pool.run(jobs) for pool in (first, second)]) / len(jobs)

    def theirs() -> float:
        scripts = [f"{job.source}\nprint(repr({job.entry}({job.call})))\n" for job in jobs[:PEER_CALLS]]
        words = [[sys.executable, "-c", script] for script in scripts for _ in range(2)]
        run = lambda: [subprocess.run(each, capture_output=True, check=False, timeout=60) for each in words]  # noqa: E731
        return spent(run) / len(scripts)

    times = alternate({"ours": ours, "theirs": theirs}, ROUNDS)
    return ratio(times["theirs"], times["ours"])


def table(result: dict[str, Any]) -> str:
    """What was measured, by stage."""
    programs, stages = result["programs"], result["stages"]
    lines = [
        f"{programs:,} programs of the grammar, {result['workers']} workers; a second is one of CPU of all processes"
    ]
    lines.append(
        f"{'stage':<10}{'CPU s':>9}{'share':>8}{'ms a program':>14}{'programs/s/core':>17}{'head s':>8}{'clock s':>9}"
    )
    total = {name: sum(each[name] for each in stages.values()) for name in ("cpu", "head", "clock")}
    for name, took in [*stages.items(), ("all", total)]:
        cpu = max(took["cpu"], 0.01)
        rates = f"{cpu / total['cpu']:8.0%}{1000 * cpu / programs:14.2f}{programs / cpu:17,.0f}"
        lines.append(f"{name:<10}{cpu:9.2f}{rates}{took['head']:8.2f}{took['clock']:9.1f}")
    lines.append("head: the process that reads and writes the files, which the other processes work for")
    lines.append(f"bytes: {sum(result['bytes'].values()):,}; memory of the head: ")
    lines[-1] += f"{result['mebibytes']:.0f} MiB, less than {MEMORY:,} wanted"
    for what, found in result["ratios"].items():
        lines.append(f"{what}: {found['median']:.0f} times [{found['low']:.0f}, {found['high']:.0f}] (20 wanted)")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
