"""Data construction, stage by stage: programs a second and core, and the memory of the whole.

    python perf/data.py --programs 2000

Beside tracing stands the way of ExecVerify's public pipeline (arXiv:2603.11226), which CodeReasoner's authors wrote
after it: a new Python process for every call, twice, and no trace. Both do the same first calls of the same programs.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from codereasoner import extend
from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_records
from codereasoner.records import Job, Program
from codereasoner.stages.ask_questions import ask_questions
from codereasoner.stages.balance_sets import choose_questions
from codereasoner.stages.make_programs import write_programs
from codereasoner.stages.trace_calls import trace_programs
from codereasoner.stages.write_chains import narrate_chains
from codereasoner.stages.write_rows import write_sft_rows
from codereasoner.styles import find_style

TASKS = ("output", "input")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--peer-calls", type=int, default=40, help="calls that the peer's way is timed on")
    parser.add_argument("--folder", type=Path, help="keep the files there; a temporary folder by default")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="bench-data-"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        _measure(folder, arguments.programs, arguments.peer_calls)
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder)


def _measure(folder: Path, count: int, peer_calls: int) -> None:
    paths = {name: folder / name for name in ("programs.jsonl", "runs.parquet", "questions.jsonl")}
    programs, runs, questions = paths.values()
    print(f"{count:,} procedural programs, one worker; a second is one of CPU, our processes and theirs together")
    print(f"{'stage':<34}{'programs/s/core':>16}{'seconds':>10}")
    source = extend.find("source", "procedural")
    with _timed("authored and screened", count):
        write_programs(programs, [("train", count, source)], {})
    first, second = ({"workers": 1, "allow_weak_isolation": True, "hash_seed": seed} for seed in (0, 1))
    jobs = [Job(each.source, each.entry, call) for each in read_records(programs, Program) for call in each.calls]
    with _timed("executed twice, compared", count) as filtered, Pool(**first) as pool, Pool(**second) as again:
        sum(one.value == two.value for one, two in zip(pool.stream(jobs), again.stream(jobs), strict=True))
    with _timed("traced, twice, filtered", count) as ours, Pool(**first) as pool, Pool(**second) as again:
        trace_programs(programs, runs, pool, again=again)
    with _timed(f"questioned: {', '.join(TASKS)}", count):
        ask_questions(runs, questions, TASKS)
    with _timed("balanced", count):
        choose_questions(questions, folder / "chosen.jsonl", {"train": count})
    for detail in ("states", "expressions", "steps"):
        chains = folder / f"chains-{detail}.jsonl"
        with _timed(f"narrated: {detail}", count), Pool(**first) as pool:
            narrate_chains(questions, runs, chains, TASKS, detail, runner=pool.run)  # type: ignore[arg-type]
    with _timed("rows", count):
        write_sft_rows(questions, chains, folder / "sft.parquet", find_style("reasoning"))
    peer = _peer(programs, peer_calls)
    own, traced = filtered[0] / len(jobs), ours[0] / len(jobs)
    print(
        f"\nexecution filter, CPU ms a call: {1000 * peer:.1f} in a new process each, twice, not isolated, not traced"
    )
    print(f"  ours, isolated, twice, the pools' start included: {1000 * own:.2f}, {peer / own:.0f} times (20 wanted)")
    print(
        f"  the tracing stage, with filters, branches and files: {1000 * traced:.2f}, {peer / traced:.0f} times as fast"
    )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory, at most: {memory:.0f} MiB of this process, which ran every stage; less than 1,024 wanted")


@contextmanager
def _timed(name: str, count: int) -> Iterator[list[float]]:
    """Prints the rate of what is done inside; the CPU seconds are the list's one item afterwards."""
    spent: list[float] = []
    before = _cpu()
    yield spent
    spent.append(_cpu() - before)
    print(f"{name:<34}{count / spent[0]:>16,.0f}{spent[0]:>10.2f}", flush=True)


def _cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(each.ru_utime + each.ru_stime for each in (own, children))


def _peer(programs: Path, count: int) -> float:
    """CPU seconds for one call in a new Python process, twice."""
    before = _cpu()
    done = 0
    for program in islice(read_records(programs, Program), count):
        script = f"{program.source}\nprint(repr({program.entry}({program.calls[0]})))\n"
        for _ in range(2):
            subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, timeout=60)
        done += 1
    return (_cpu() - before) / max(done, 1)


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"{time.monotonic() - began:.0f} s by the clock")
