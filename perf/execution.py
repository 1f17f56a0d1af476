"""How fast programs are run: this pool against bare exec, a new process per check and the peers' own scorers.

    make bench-execution [PEER="cruxeval=PATH livecodebench=PATH"] [DATA=PATH]
    python -m perf.execution --peer cruxeval=PATH --data cruxeval.jsonl --json

The work is the 800 checks of CRUXEval, `f(input) == output`, each to the same verdict, a traced one with all its steps
read; everything runs on one core, in turns, and the median of the turns counts. Figures are CPU time of all processes
of a way, so that other load changes little. PATH is a checkout of
github.com/facebookresearch/cruxeval or github.com/LiveCodeBench/LiveCodeBench. Only ratios mean anything.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from perf.cpu_time import spent
from perf.ratios import ROUNDS, Ratio, alternate, ratio

from codereasoner import literals
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run

Row = dict[str, str]

ALONE = "\nimport sys\n"  # which fails the allowlist: the program gets a fork of its own
ANSWERS = 16  # to each question of a GRPO batch
GROUP = ANSWERS * 50  # jobs of such a batch: 50 questions
LEAST, LEAST_FORKED = 8_000, 1_600  # jobs of a measurement, where programs share processes and where they do not
FEW = 60  # checks of those ways that need tens of milliseconds for each
TARGETS = {"a fork per program": 12, "allowlist": 100, "allowlist, full trace": 90, "GRPO batch": 250}
TARGETS |= {"allowlist, full trace in Python": 55}  # all as multiples of CRUXEval's speed
MOST_ISOLATION, LEAST_SECOND_WORKER = 1.05, 1.8

CRUXEVAL = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from utils_execute import check_correctness
work = json.load(sys.stdin)
began = sum(os.times()[:4])
passed = sum(check_correctness(text, timeout=3) for text in work)
json.dump([sum(os.times()[:4]) - began, passed], sys.stdout)
"""
LIVECODEBENCH = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from lcb_runner.evaluation.utils_execute import check_correctness
work = json.load(sys.stdin)
began = sum(os.times()[:4])
passed = sum(bool(check_correctness(text, timeout=3)) for text in work)
json.dump([sum(os.times()[:4]) - began, passed], sys.stdout)
"""
PEERS = {"cruxeval": (CRUXEVAL, "evaluation"), "livecodebench": (LIVECODEBENCH, "")}


def main() -> int:
    """Measure, print one table, and exit with 1 where a target is missed."""
    options = read_options()
    rows = [json.loads(line) for line in options.data.read_text().splitlines()]
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    ways = {**ours(rows), **others(rows, options.peer)}
    pin(cores[:1])
    times = alternate(ways, options.repeat)
    pin(cores)
    result = {"host": platform.platform(), "python": platform.python_version(), "cores": len(cores), **kind()}
    result |= {"ms": {name: statistics.median(seconds) * 1000 for name, seconds in times.items()}}
    result["ratios"] = ratios(times)
    if len(cores) > 1:
        result["two workers"] = two_workers(rows, options.repeat)
    missed = judge(result)
    result["missed"] = missed
    print(json.dumps(result) if options.json else table(result))
    return int(bool(missed))


def read_options() -> argparse.Namespace:
    """The command line; without --data, the data of a peer or of $CODEREASONER_DATA is taken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", default=[], help="cruxeval=PATH or livecodebench=PATH")
    parser.add_argument("--data", type=Path, help="cruxeval.jsonl")
    parser.add_argument("--repeat", type=int, default=ROUNDS, help="turns; the median counts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    peers = dict(each.partition("=")[::2] for each in options.peer)
    if unknown := sorted(set(peers) - set(PEERS)):
        parser.error(f"--peer takes {' or '.join(PEERS)}=PATH, not '{unknown[0]}'")
    for name, path in peers.items():
        if not Path(path, PEERS[name][1]).is_dir():
            parser.error(f"--peer {name}: there is no folder {Path(path, PEERS[name][1])}")
    options.peer = {name: Path(path) for name, path in peers.items()}
    folder = os.environ.get("CODEREASONER_DATA", "../shared/data")
    places = [options.data, *(path / "data" / "cruxeval.jsonl" for path in options.peer.values())]
    found = [place for place in [*places, Path(folder, "cruxeval/cruxeval.jsonl")] if place and place.is_file()]
    if not found:
        parser.error("no data: give --data cruxeval.jsonl")
    options.data = found[0]
    return options


def pin(cores: Sequence[int]) -> None:
    """Everything from here on, workers too, runs on these cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


# ---- the ways: each a function that gives the seconds of one check

Way = Callable[[], float]


def ours(rows: Sequence[Row]) -> dict[str, Way]:
    """This pool, in the ways in which the stages use it."""
    jobs = [Job(row["code"], "f", row["input"], origin="cruxeval") for row in rows]
    alone = [replace(job, source=job.source + ALONE) for job in jobs]
    traced = [replace(job, record="trace") for job in jobs]
    batch = [replace(job, call=job.call + " " * n) for job in jobs for n in range(ANSWERS)][: len(rows) // 50 * GROUP]
    private = [replace(job, origin="") for job in batch]
    outputs = [row["output"] for row in rows]
    return {
        "bare compile and exec": lambda: bare(rows),
        "allowlist": lambda: pooled(jobs, outputs),
        "a fork per program": lambda: pooled(alone, outputs),
        "allowlist, full trace": lambda: pooled(traced, outputs),
        "allowlist, full trace in Python": lambda: pooled(traced, outputs, tracer="python"),
        "GRPO batch": lambda: pooled(batch, [each for each in outputs for _ in range(ANSWERS)], GROUP),
        "GRPO batch, a process per program": lambda: pooled(
            private, [each for each in outputs for _ in range(ANSWERS)], GROUP
        ),
        "allowlist, no isolation": lambda: pooled(jobs, outputs, level="D"),
    }


def pooled(
    jobs: Sequence[Job],
    outputs: Sequence[str],
    size: int = 0,
    level: str = "auto",
    workers: int = 1,
    clock: Callable[[Callable[[], object]], float] = spent,
    **options: Any,
) -> float:
    """Run all jobs, in batches of that size, and compare the values here, outside; the workers are warm.

    All is done again until there are enough jobs for the kernel's coarse account of CPU time.
    """
    size = size or len(jobs)
    expected = [literals.read(text) for text in outputs[: len(jobs)]]
    rounds = -(-(LEAST_FORKED if jobs[0].source.endswith(ALONE) else LEAST) // len(jobs))
    wrong: list[Run] = []

    def check_all() -> None:
        for _ in range(rounds):
            for start in range(0, len(jobs), size):
                runs = pool.run(jobs[start : start + size])
                for run, value in zip(runs, expected[start : start + size], strict=True):
                    if run.value is None or not literals.equal(literals.read(run.value), value):
                        wrong.append(run)

    with Pool(workers=workers, level=level, allow_weak_isolation=True, **options) as pool:  # type: ignore[arg-type]
        warm = Job("def f(x):\n    return x", "f", "", origin=jobs[0].origin)
        pool.run([replace(warm, call=str(n)) for n in range(10 * workers)])
        seconds = clock(check_all)
    if wrong:
        raise SystemExit(f"{len(wrong)} checks came to another verdict: {wrong[0]}")
    return seconds / (rounds * len(jobs))


def elapsed(work: Callable[[], object]) -> float:
    """The seconds that this takes, by the clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def bare(rows: Sequence[Row]) -> float:
    """The limit: compile and exec in this process, without any protection."""
    texts = [check_text(row) for row in rows]
    began = time.process_time()
    for text in texts:
        exec(compile(text, "<check>", "exec"), {})
    return (time.process_time() - began) / len(texts)


def check_text(row: Row) -> str:
    """The program that CRUXEval's own scorer executes."""
    return f"{row['code']}\nassert {row['output']} == f({row['input']})"


def others(rows: Sequence[Row], peers: dict[str, Path]) -> dict[str, Way]:
    """A new process per check, and the peers' own scorers, on every nth check."""
    few = [check_text(row) for row in rows[:: max(1, len(rows) // FEW)]]
    found: dict[str, Way] = {"a new process per check": lambda: new_processes(few)}
    for name, path in peers.items():
        found[f"{name}'s own scorer"] = lambda name=name, path=path: peer(few, name, path)  # type: ignore[misc]
    return found


def new_processes(texts: Sequence[str]) -> float:
    """What most people do: a Python for every check."""
    words = [sys.executable, "-I", "-c"]
    return spent(lambda: [subprocess.run([*words, text], check=True, capture_output=True) for text in texts]) / len(
        texts
    )


def peer(texts: Sequence[str], name: str, path: Path) -> float:
    """The peer's own scorer, unchanged, in a process of its own."""
    program, folder = PEERS[name]
    words = [sys.executable, "-W", "ignore", "-c", program, str(path / folder)]
    done = subprocess.run(words, input=json.dumps(list(texts)), capture_output=True, text=True, check=True)
    seconds, passed = map(float, json.loads(done.stdout))
    if passed != len(texts):
        raise SystemExit(f"{name} passes {passed:.0f} of {len(texts)} right answers")
    return seconds / len(texts)


def two_workers(rows: Sequence[Row], repeat: int) -> float:
    """How many times as fast two workers are as one, where each program has a fork of its own."""
    jobs = [Job(row["code"] + ALONE, "f", row["input"]) for row in rows]
    outputs = [row["output"] for row in rows]
    ways = {str(n): partial(pooled, jobs, outputs, workers=n, clock=elapsed) for n in (1, 2)}
    times = alternate(ways, repeat)
    return ratio(times["1"], times["2"])["median"]


def kind() -> dict[str, str]:
    """The isolation level that this machine gives, and the tracer that was built."""
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        return {"level": pool.level, "tracer": pool.tracer}


# ---- the table


def ratios(times: dict[str, list[float]]) -> dict[str, Ratio]:
    """How many times as fast our ways are as CRUXEval's own scorer; without it, as a new process for each check."""
    slow = next(name for name in ("cruxeval's own scorer", "a new process per check") if name in times)
    told = {
        "allowlist": "a check",
        "allowlist, full trace": "a traced check",
        "a fork per program": "a check in a fork",
    }
    told["GRPO batch"] = "a check of a GRPO batch"
    return {f"{what}: {slow}": ratio(times[slow], times[name]) for name, what in told.items()}


def judge(result: dict[str, Any]) -> list[str]:
    """The targets that are missed, each as a sentence."""
    ms = result["ms"]
    missed = []
    official = ms.get("cruxeval's own scorer")
    for name, target in TARGETS.items() if official else ():
        if official / ms[name] < target:
            missed.append(f"{name}: {official / ms[name]:.0f} times CRUXEval's speed, to be {target}")
    isolation = ms["allowlist"] / ms["allowlist, no isolation"]
    if isolation > MOST_ISOLATION:
        missed.append(f"isolation costs {isolation - 1:.0%} of a check, to be 5%")
    if result.get("two workers", 2.0) < LEAST_SECOND_WORKER:
        missed.append(f"two workers are {result['two workers']:.2f} times one, to be {LEAST_SECOND_WORKER}")
    return missed


def table(result: dict[str, Any]) -> str:
    """What was measured, in ratios, the quickest first."""
    ms = result["ms"]
    official = ms.get("cruxeval's own scorer")
    place = f"isolation level {result['level']}, tracer in {result['tracer']}, Python {result['python']}, one core"
    lines = [f"{place}, 800 checks of CRUXEval", ""]
    lines.append(f"{'way':34} {'ms a check':>10} {'x bare':>8} {'x CRUXEval speed':>18}")
    for name, value in sorted(ms.items(), key=lambda pair: pair[1]):
        ratio = f"{official / value:18.1f}" if official else " " * 18
        lines.append(f"{name:34} {value:10.3f} {value / ms['bare compile and exec']:8.2f} {ratio}")
    lines += ["", f"isolation: {ms['allowlist'] / ms['allowlist, no isolation'] - 1:+.1%} of a check"]
    if "two workers" in result:
        lines.append(f"two workers: {result['two workers']:.2f} times one")
    lines += [f"MISSED {sentence}" for sentence in result["missed"]]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
