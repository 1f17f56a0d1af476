"""Accuracy on CRUXEval-O by kind of value and by executed lines, next to published verdicts on another model.

    python -m perf.by_value EVALUATION SCORED

EVALUATION is a folder that `codereasoner evaluate cruxeval-o` made, SCORED a file that CRUXEval's scorer wrote. Counted
are the questions of the evaluation.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections import defaultdict
from pathlib import Path

from codereasoner import extend, literals
from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_rows
from codereasoner.records import Job, Run
from codereasoner.task import Question

LINES = (3, 8, 20)  # the most lines of each group but the last


def main() -> None:
    """Print a row for each kind of value, then for each group of executed lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("scored", type=Path)
    options = parser.parse_args()
    questions = list(extend.read_questions(options.evaluation / "questions.jsonl"))
    ours = defaultdict(list)
    for row in read_rows(options.evaluation / "grades.jsonl"):
        ours[row["question"]].append(row["outcome"] == "correct")
    theirs = json.loads(options.scored.read_text())["raw_scored_generations"]
    facts = [each.facts for each in questions]
    jobs = [Job(each["source"], each["entry"], each["call"], record="trace") for each in facts]
    with Pool(allow_weak_isolation=True) as pool:
        runs = pool.run(jobs)
    groups: dict[str, list[str]] = defaultdict(list)
    for each, run in zip(questions, runs, strict=True):
        groups[kind_of(each)].append(each.id)
        groups[lines_of(run)].append(each.id)
    for name, ids in sorted(groups.items()):
        shares = [sum(sum(verdicts[id]) / len(verdicts[id]) for id in ids) / len(ids) for verdicts in (ours, theirs)]
        print(f"{name:<22}{len(ids):>5}" + "".join(f"{share:>8.1%}" for share in shares))


def kind_of(question: Question) -> str:
    """Return which kind of value is asked for: one of the arguments as it is, or another of its type."""
    value = literals.read(question.gold[0])
    arguments = [ast.unparse(node) for _, node in literals.parse_arguments(question.facts["call"])]
    if literals.write(value) in arguments:
        return "an argument"
    if isinstance(value, bool | None):
        return "a truth value or None"
    return "an empty value" if value in ("", [], (), {}) else f"another {type(value).__name__}"


def lines_of(run: Run) -> str:
    """Return the group of the number of lines that a run executes."""
    lines = sum(step.event == "line" for step in run.steps)
    return next((f"up to {most:>2} lines" for most in LINES if lines <= most), f"more than {LINES[-1]} lines")


if __name__ == "__main__":
    main()
