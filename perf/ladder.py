"""The ladder of "from nothing": rows of growing breadth for a small model, and its held-out accuracy by rung.

    python perf/ladder.py rows 5-whole --out runs/rows       shards of rows, held-out.jsonl
    python perf/ladder.py clean runs/rows --data DATA                            is any program CRUXEval's?
    python perf/ladder.py rungs runs/rows/held-out.jsonl EVALUATION...           accuracy by rung and construct
    python perf/ladder.py failures EVALUATION --count 20                         where wrong answers went wrong
    python perf/ladder.py curve runs/first runs/pocket                           loss and accuracy by tokens
    python perf/ladder.py means runs/pocket-grpo                                 means of a training's history
    python perf/ladder.py share --parameters 3e7 --rate 9e5 --peak 8e14          share of the matrix rate

A configuration is fixed: the same file gives the same programs, and so the same rows, on every machine, with any number
of workers. Rows stand in the order in which they are to be learnt (`order: file` of the training); `rows` can be
stopped at any moment, goes on when it is given again, and a training can follow the folder while it grows.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from ladder_rows import make_rows, program_paths, read_ladder

from codereasoner import configs
from codereasoner.chains.claim_audit import Audit, audit
from codereasoner.evaluation.contamination import contamination_report
from codereasoner.evaluation.error_analysis import Mistake, mistake
from codereasoner.evaluation.metrics import wilson_interval
from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_records, read_rows
from codereasoner.records import Answer, Job, Program
from codereasoner.task import Question
from codereasoner.training.mfu import share_of_peak


def ladder_file(name: str) -> Path:
    """The file itself, or that of the package's ladder of this name."""
    return Path(name) if name.endswith(".yaml") else configs.path_of(f"ladder/{name}")


def by_rung(held: Path, evaluation: Path) -> dict[str, dict[str, tuple[int, int]]]:
    """Right answers and questions of an evaluation, by rung, all together and by construct."""
    questions = {question.id: question for question in read_records(held, Question)}
    right: dict[str, Counter[str]] = {"rung": Counter(), "construct": Counter()}
    asked: dict[str, Counter[str]] = {"rung": Counter(), "construct": Counter()}
    for row in read_rows(evaluation / "grades.jsonl"):
        features = questions[row["question"]].features
        names = {"rung": [str(features["rung"]), "all"], "construct": [str(name) for name in features["constructs"]]}
        for kind, found in names.items():
            asked[kind].update(found)
            right[kind].update(found if row["outcome"] == "correct" else ())
    return {kind: {name: (right[kind][name], count) for name, count in asked[kind].most_common()} for kind in asked}


def failures(evaluation: Path, count: int) -> Iterator[tuple[Question, str, str, Audit, Mistake | None]]:
    """Wrong answers drawn by chance: the question, outcome, text, the audit of its claims, its mistake."""
    questions = {question.id: question for question in read_records(evaluation / "questions.jsonl", Question)}
    texts = {answer.id: answer.text for answer in read_records(evaluation / "answers.jsonl", Answer)}
    wrong = [row for row in read_rows(evaluation / "grades.jsonl") if row["outcome"] != "correct"]
    Random("ladder/failures").shuffle(wrong)
    chosen = wrong[:count]
    asked = [questions[row["question"]] for row in chosen]
    jobs = [Job(each.facts["source"], each.facts["entry"], each.facts["call"], record="trace") for each in asked]
    with Pool(workers=1) as pool:
        runs = pool.run(jobs)
    for row, question, run in zip(chosen, asked, runs, strict=True):
        text, outcome = texts[row["id"]], row["outcome"]
        found = mistake(question, outcome, row["answer"], row["reason"], text, run)
        yield question, outcome, text, audit(text, run), found


def learnt(folders: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """The rows of history of trainings that follow one another, with tokens and seconds from the first one's start."""
    tokens, seconds = 0, 0.0
    for folder in folders:
        rows = list(read_rows(folder / "history.jsonl"))
        for row in rows:
            yield row | {"tokens": tokens + row["tokens"], "seconds": seconds + row["seconds"]}
        tokens, seconds = tokens + rows[-1]["tokens"], seconds + rows[-1]["seconds"]


def means(folder: Path) -> dict[str, float]:
    """The means over the rows of a training's history, and the share of its time that grading took, where it was."""
    rows = list(read_rows(folder / "history.jsonl"))
    numbers = {name for row in rows for name, value in row.items() if isinstance(value, int | float)}
    columns = {name: [row[name] for row in rows if name in row] for name in numbers - {"step", "seconds", "tokens"}}
    found = {name: fmean(values) for name, values in sorted(columns.items())}
    if "reward_seconds" in found:
        found["reward_share"] = found["reward_seconds"] / found["step_seconds"]
    return {"updates": rows[-1]["step"], "seconds_an_update": rows[-1]["seconds"] / rows[-1]["step"], **found}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    rows = commands.add_parser("rows")
    rows.add_argument("ladder", type=ladder_file, help="a YAML file, or the name of a ladder of the package")
    rows.add_argument("--out", type=Path, required=True)
    rows.add_argument("--workers", type=int, default=1, help="processes that make shards; each keeps a core busy")
    rows.add_argument("--shards", type=int, help="how many shards, where it is not what the ladder says")
    clean = commands.add_parser("clean")
    clean.add_argument("out", type=Path)
    clean.add_argument("--data", type=Path)
    rungs = commands.add_parser("rungs")
    rungs.add_argument("held", type=Path)
    rungs.add_argument("evaluations", type=Path, nargs="+")
    rungs.add_argument("--least", type=int, default=20, help="questions that a construct must have to be shown")
    failed = commands.add_parser("failures")
    failed.add_argument("evaluation", type=Path)
    failed.add_argument("--count", type=int, default=20)
    curve = commands.add_parser("curve")
    curve.add_argument("folders", type=Path, nargs="+")
    curve.add_argument("--every", type=int, default=500_000, help="tokens between two lines")
    averaged = commands.add_parser("means")
    averaged.add_argument("folder", type=Path)
    share = commands.add_parser("share")
    for name in ("parameters", "rate", "peak"):
        share.add_argument(f"--{name}", type=float, required=True)
    return _COMMANDS[parser.parse_args().command](parser.parse_args())


def _rows(arguments: argparse.Namespace) -> int:
    print(json.dumps(make_rows(read_ladder(arguments.ladder, arguments.shards), arguments.out, arguments.workers)))
    return 0


def clean(arguments: argparse.Namespace) -> int:
    """Ends with 1 when a program of the ladder is one of a benchmark's, as text or as syntax under other names.

    Those that only share most of their tokens with one, as two programs of three lines may, are counted.
    """
    programs = {each.id: each for path in program_paths(arguments.out) for each in read_records(path, Program)}
    report = contamination_report(programs.values(), arguments.data)
    same = [each for each in report["overlaps"] if each["how"] != "n-grams"]
    shown = {name: report[name] for name in ("programs", "compared_with", "reasons")}
    print(json.dumps({**shown, "same": same}, indent=1))
    return 1 if same or not report["compared_with"] else 0


def _rungs(arguments: argparse.Namespace) -> int:
    for evaluation in arguments.evaluations:
        print(evaluation)
        for kind, found in by_rung(arguments.held, evaluation).items():
            for name, (right, asked) in found.items():
                if kind == "rung" or asked >= arguments.least:
                    low, high = wilson_interval(right, asked)
                    print(f"  {kind:9} {name:24} {right:5} of {asked:5}  {100 * right / asked:5.1f} % "
                          f"[{100 * low:.1f}, {100 * high:.1f}]")  # fmt: skip
    return 0


def _failures(arguments: argparse.Namespace) -> int:
    kinds: Counter[str] = Counter()
    for question, outcome, text, found, why in failures(arguments.evaluation, arguments.count):
        kind = why.kind if why else outcome
        kinds[kind] += 1
        facts = question.facts
        print(f"--- {question.id}: {kind}; {why.why if why else ''}\n{facts['source']}")
        print(f"{facts['call']} -> {question.gold[0]}")
        print(f"{text}\nclaims: {found.true} of {found.checked} true; first false: {found.first_false}")
    print(dict(kinds.most_common()))
    return 0


def _curve(arguments: argparse.Namespace) -> int:
    last = -1
    print("| tokens | seconds | loss | tokens right | held-out right |\n| --- | --- | --- | --- | --- |")
    rows = [row for row in learnt(arguments.folders) if row.get("loss") is not None]
    for row in rows:
        if row["tokens"] // arguments.every > last or "held_out" in row or row is rows[-1]:
            last = row["tokens"] // arguments.every
            held = f"{row['held_out']:.1f} %" if "held_out" in row else ""
            print(f"| {row['tokens']:,} | {row['seconds']:,.0f} | {row['loss']:.2f} | "
                  f"{100 * row['token_accuracy']:.1f} % | {held} |")  # fmt: skip
    return 0


def _means(arguments: argparse.Namespace) -> int:
    for name, value in means(arguments.folder).items():
        print(f"{name:20} {value:12,.4f}")
    return 0


def _share(arguments: argparse.Namespace) -> int:
    print(f"{100 * share_of_peak(arguments.parameters, arguments.rate, arguments.peak):.1f} % of the matrix rate")
    return 0


_COMMANDS = {
    "rows": _rows,
    "clean": clean,
    "rungs": _rungs,
    "failures": _failures,
    "curve": _curve,
    "means": _means,
    "share": _share,
}

if __name__ == "__main__":
    sys.exit(main())
