"""What each part of the extension in C is worth: the same work with all of it, and with one part in Python instead.

    make bench-switches [PROGRAMS=600] [ROUNDS=7]

The work is the execution of a build (programs of the grammar, every call traced under two hash seeds, the runs filtered
and written) and the rewards of a GRPO step (64 questions about inputs, 16 answers to each). Figures are CPU seconds of
this process and of its workers, which have been started before. The ways take turns; the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import ast
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from unittest.mock import patch

from perf.cpu_time import spent

from codereasoner import extend
from codereasoner.execution import decode, final_filter, tracer_choice, worker_handle
from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_records
from codereasoner.records import Job, Program
from codereasoner.stages.make_programs import write_programs
from codereasoner.stages.trace_calls import trace_programs
from codereasoner.styles import STYLES
from codereasoner.task import Item, grade_all

QUESTIONS, ANSWERS, STEPS = 64, 16, 6
OUTSIDE = "\nimport sys\n"  # which no allowlist has: each call gets a fork of its own
PARTS = ["alone.c", "job.c", "arguments.c", "answers.c", "all four"]
CALLS = {  # of a part in C: the file that it is called from, what stands there, and what leaves it out
    "alone.c": (final_filter, 'getattr(extension, "fork_job", None)', "None"),
    "job.c": (tracer_choice, "job=extension.run_job", ""),
    "arguments.c": (tracer_choice, "arguments=extension.read_arguments", ""),
}

Work = Callable[[], float]


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=600, help="programs that are traced")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each way; the median counts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="switches-") as name:
        for title, work in works(Path(name), options.programs).items():
            print(f"{title:56} {'CPU s':>7} {'slower':>8}", file=sys.stderr)
            result[title] = seconds = measure(work, options.rounds)
            for part, spent in seconds.items():
                slower = f"{spent / seconds['nothing'] - 1:+8.1%}"
                print(f"  without {part:46} {spent:7.2f} {slower}", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps(result))


def works(folder: Path, count: int) -> dict[str, Work]:
    """What is measured, by its name."""
    ours, strangers, runs = folder / "ours.jsonl", folder / "strangers.jsonl", folder / "runs.parquet"
    write_programs(ours, [("train", count, extend.find("source", "procedural"))], {})
    with strangers.open("w") as file:
        for program in islice(read_records(ours, Program), count // 5):
            outside = replace(program, source=program.source + OUTSIDE, origin="files")
            file.write(json.dumps(outside.to_json()) + "\n")
    answered = items(ours)
    return {
        f"build: {count} programs of the grammar, traced twice": lambda: trace(ours, runs),
        f"build: {count // 5} programs outside the allowlist, traced twice": lambda: trace(strangers, runs),
        f"{STEPS} GRPO steps: rewards of {QUESTIONS} x {ANSWERS} inputs": lambda: reward(answered),
    }


def trace(programs: Path, out: Path) -> float:
    """Run the tracing stage of a build."""
    for file in out.parent.glob(out.stem + "*"):
        file.unlink()
    with started(0) as pool, started(1) as again:
        return spent(lambda: trace_programs(programs, out, pool, again=again))


def reward(answered: Sequence[Item]) -> float:
    """Grade these completions."""
    with started(0) as pool:
        return spent(lambda: [grade_all(answered, STYLES["reasoning"], pool.run) for _ in range(STEPS)])


def items(programs: Path) -> list[Item]:
    """Questions about inputs, and answers to them: calls of programs that take arguments of the same types."""
    task, style, random = extend.task("input"), STYLES["reasoning"], Random("switches")
    alike: dict[str, list[str]] = {}
    listed = list(read_records(programs, Program))
    for program in listed:
        for call in program.calls:
            alike.setdefault(types(call), []).append(call)
    found: list[Item] = []
    with started(0) as pool:
        for program in listed:
            calls = random.sample(alike[types(program.calls[0])], min(ANSWERS, len(alike[types(program.calls[0])])))
            runs = pool.run([Job(program.source, program.entry, call) for call in [program.calls[0], *calls]])
            if len(calls) < ANSWERS or any(run.outcome == "timeout" for run in runs):
                continue
            for question in task.collect(replace(runs[0], program=program.id)).questions[:1]:
                found += [(task, question, style.render("", f"{program.entry}({a})", "So."), "stop") for a in calls]
            if len(found) >= QUESTIONS * ANSWERS:
                break
    return found


def types(call: str) -> str:
    """The types of a call's arguments."""
    parsed = ast.parse(f"f({call})", mode="eval").body
    assert isinstance(parsed, ast.Call)
    return " ".join(type(ast.literal_eval(argument)).__name__ for argument in parsed.args)


def started(seed: int) -> Pool:
    """Start a pool of one worker, which has run a program when this returns."""
    pool = Pool(workers=1, allow_weak_isolation=True, hash_seed=seed)
    pool.run([Job("def f():\n    return 1", "f", "", origin=origin) for origin in ("", "procedural")])
    return pool


def measure(work: Work, rounds: int) -> dict[str, float]:
    """The median CPU seconds of this work with each part left out."""
    ways = ["nothing", *PARTS]
    found: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(rounds + 1):
        for way in ways:
            with without(way):
                seconds = work()
            if turn:  # in the first turn files are read and caches filled
                found[way].append(seconds)
    return {way: statistics.median(times) for way, times in found.items()}


@contextmanager
def without(part: str) -> Iterator[None]:
    """Leave one part of the extension out, in this process or in the workers that are started meanwhile."""
    with ExitStack() as stack:
        codes = dict(worker_handle._codes())
        for name in CALLS.keys() & ({part} if part != "all four" else CALLS.keys()):
            file, call, instead = CALLS[name]
            path = Path(str(file.__file__))
            assert call in path.read_text(), "nothing was left out"
            codes[file.__name__] = compile(path.read_text().replace(call, instead), str(path), "exec", 0, True)
        stack.enter_context(patch.object(worker_handle, "_codes", lambda: list(codes.items())))
        if part in ("answers.c", "all four"):
            stack.enter_context(patch.object(decode, "read_natively", None))
            stack.enter_context(patch.object(decode, "make", decode._make))
        yield


if __name__ == "__main__":
    main()
