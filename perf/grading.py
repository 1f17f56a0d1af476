"""How fast answers are graded: ours against CRUXEval's own scorer and a bare exec, in one run on one machine.

    make bench-grading [PEER=cruxeval=PATH] [DATA=PATH]
    python -m perf.grading --peer cruxeval=PATH --data cruxeval.jsonl --json

The work is the same for all: 800 answers to CRUXEval-O and 800 to CRUXEval-I, every second one right, the others
another program's answer. Inputs are also graded with a fork for each program that the allowlist lets share one.
PATH is a checkout of github.com/facebookresearch/cruxeval. Only ratios mean anything.
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
from pathlib import Path

from perf.ratios import ROUNDS, Ratio, alternate, ratio

from codereasoner import extend
from codereasoner.execution.pool import Pool
from codereasoner.records import Run
from codereasoner.styles import STYLES
from codereasoner.task import Question, grade_all

TIMES = "times_as_fast_as_the_official_scorer"
TARGETS = {("output", TIMES): 500.0, ("input", TIMES): 100.0, ("input", f"{TIMES}_with_a_fork_each"): 12.0}
ALONE = "\nimport sys\n"  # which fails the allowlist: the program gets a fork of its own
PEER = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
from utils_general import evaluate_score
work = json.load(sys.stdin)
began = time.perf_counter()
verdicts = [evaluate_score(([text], tuple(reference), mode)) for text, reference, mode in work]
json.dump({"seconds": time.perf_counter() - began, "passed": sum(v == [True] for v in verdicts)}, sys.stdout)
"""


def main() -> int:
    """Measure, print, and exit with 1 where a target is missed."""
    options = read_options()
    rows = [json.loads(line) for line in options.data.read_text().splitlines()]
    result: dict[str, object] = {"host": platform.platform(), "cpus": os.cpu_count(), "answers": len(rows)}
    ratios: dict[str, Ratio] = {}
    result["ratios"] = ratios
    missed = False
    for mode in ("output", "input"):
        times = measure(rows, mode, options, ratios)
        result[mode] = times
        missed |= any(times.get(name, least) < least for (of, name), least in TARGETS.items() if of == mode)
        if not options.json:
            show(mode, times)
    if options.json:
        print(json.dumps(result))
    return int(missed)


def read_options() -> argparse.Namespace:
    """The command line; without --data, the data of the peer or of $CODEREASONER_DATA is taken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="cruxeval=PATH of a checkout")
    parser.add_argument("--data", type=Path, help="cruxeval.jsonl")
    parser.add_argument("--repeat", type=int, default=ROUNDS, help="turns; the median counts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    name, _, path = (options.peer or "").partition("=")
    if options.peer and (name != "cruxeval" or not Path(path, "evaluation").is_dir()):
        parser.error(f"--peer takes cruxeval=PATH, PATH a checkout with the folder evaluation/, not '{options.peer}'")
    options.peer = Path(path) if path else None
    folder = os.environ.get("CODEREASONER_DATA", "../shared/data")
    beside = options.peer / "data" / "cruxeval.jsonl" if options.peer else None
    places = [options.data, beside, Path(folder, "cruxeval/cruxeval.jsonl")]
    found = [place for place in places if place and place.is_file()]
    if not found:
        parser.error("no data: give --data cruxeval.jsonl")
    options.data = found[0]
    return options


def measure(
    rows: Sequence[dict[str, str]], mode: str, options: argparse.Namespace, ratios: dict[str, Ratio]
) -> dict[str, float]:
    """Microseconds per answer of each way, and how many times as fast ours is."""
    questions, answers = ask(rows, mode)
    alone = [replace(each, facts={**each.facts, "source": each.facts["source"] + ALONE}) for each in questions]
    passed = 0

    def judged() -> float:
        nonlocal passed
        seconds, passed = official(rows, answers, mode, options.peer)
        return seconds

    with Pool(workers=1, allow_weak_isolation=True) as pool:
        grading = grader(questions, answers, mode, pool)
        began = time.perf_counter()
        right = grading()
        first = (time.perf_counter() - began) / len(answers) * 1e6  # nothing is remembered then
        ways = {"ours": timed(grading), "bare_exec": timed(lambda: execute(rows, answers))}
        if mode == "input":
            ways["ours_with_a_fork_each"] = timed(grader(alone, answers, mode, pool))
        if options.peer:
            ways["official"] = judged
        turns = alternate(ways, options.repeat)
    times = {f"{name}_us": statistics.median(each) for name, each in turns.items()}
    times |= {"ours_first_time_us": first, "times_a_bare_exec": times["ours_us"] / times["bare_exec_us"]}
    times["right"] = float(right)
    if options.peer:
        times |= {"official_right": float(passed), TIMES: ratio(turns["official"], turns["ours"])["median"]}
        ratios[f"grading of CRUXEval-{mode[0].upper()}: CRUXEval's own scorer"] = ratio(
            turns["official"], turns["ours"]
        )
        if mode == "input":
            forked = ratio(turns["official"], turns["ours_with_a_fork_each"])
            times[f"{TIMES}_with_a_fork_each"] = forked["median"]
    return {name: round(value, 3) for name, value in times.items()}


def ask(rows: Sequence[dict[str, str]], mode: str) -> tuple[list[Question], list[str]]:
    """The questions, and an answer to each: its own and another's in turn."""
    runs = [Run(row["code"], "f", row["input"], "ok", value=row["output"]) for row in rows]
    task = extend.task(mode)
    questions = [task.collect(run).questions[0] for run in runs]
    golds = [question.gold[0] for question in questions]
    return questions, [golds[place - place % 2] for place in range(len(golds))]


def grader(questions: Sequence[Question], answers: Sequence[str], mode: str, pool: Pool) -> Callable[[], int]:
    """Grade whole completions, parsed and verified, with inputs executed in isolation; return the right answers."""
    task, style = extend.task(mode), STYLES["reasoning"]
    items = [
        (task, question, style.render("", answer, "Step by step."), "stop")
        for question, answer in zip(questions, answers, strict=True)
    ]
    return lambda: sum(each.outcome == "correct" for each in grade_all(items, style, pool.run))


def execute(rows: Sequence[dict[str, str]], answers: Sequence[str]) -> None:
    """Compile and execute each program with the assertion, with no protection at all: the least that a check costs."""
    for row, _ in zip(rows, answers, strict=True):
        exec(compile(f"{row['code']}\nassert f({row['input']}) == {row['output']}", "<check>", "exec"), {})


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """Return what gives the microseconds that this work takes for an answer of 800."""

    def clock() -> float:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) / 800 * 1e6

    return clock


def official(rows: Sequence[dict[str, str]], answers: Sequence[str], mode: str, peer: Path) -> tuple[float, int]:
    """The published scorer's own function on the same answers, one after the other, in a process of its own."""
    work = [
        (answer, (row["code"], row["input"], row["output"]), mode) for row, answer in zip(rows, answers, strict=True)
    ]
    command = [sys.executable, "-c", PEER, str(peer / "evaluation")]
    done = subprocess.run(command, input=json.dumps(work), capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return found["seconds"] / len(rows) * 1e6, found["passed"]


def show(mode: str, times: dict[str, float]) -> None:
    """One block of text."""
    print(f"CRUXEval-{mode[0].upper()}, 800 answers, microseconds each")
    for name, value in times.items():
        print(f"  {name.replace('_', ' '):58} {value:12,.1f}")


if __name__ == "__main__":
    sys.exit(main())
