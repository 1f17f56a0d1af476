"""Why no call is found for a value: the questions of a benchmark without a backward chain, by reason.

python -m perf.backward_reasons cruxeval.jsonl     # each row has `code`, whose function is `f`, and `input`
"""

from __future__ import annotations

import argparse
import ast
from collections import Counter, defaultdict
from pathlib import Path

from codereasoner import extend, literals
from codereasoner.chains.input_search import search_calls
from codereasoner.chains.inversion import undone
from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_rows
from codereasoner.records import Job
from codereasoner.steps.source import parse_source
from codereasoner.task import Question

LEAST = 3  # questions of a reason that gets a row of its own
SHOWN = 2  # statements of a reason that are quoted, the commonest first


def main() -> None:
    """Print a row for each reason: how many questions have it, and statements at which the inversion stops."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path, help="JSON lines with `code` and `input`.")
    parser.add_argument("--every", type=int, default=1, help="Take every N-th row only.")
    options = parser.parse_args()
    rows = list(read_rows(options.rows))[:: options.every]
    jobs = [Job(row["code"], "f", row["input"], record="trace") for row in rows]
    task = extend.task("input")
    reasons: Counter[str] = Counter()
    quoted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    with Pool(1, allow_weak_isolation=True) as pool:
        questions = [each for run in pool.run(jobs) for each in task.collect(run).questions]
        found = search_calls(questions, pool.run)
    for question, tries in zip(questions, found, strict=True):
        if not tries:
            reason, code = reason_of(question)
            reasons[reason] += 1
            quoted[reason][code] += 1
    print(f"{len(rows):,} rows, {len(questions):,} questions, {len(questions) - reasons.total():,} with a chain\n")
    print("| the inversion stops at | questions | such as |\n| --- | --- | --- |")
    for reason, count in reasons.most_common():
        if count >= LEAST:
            codes = [f"`{code}`" for code, _ in quoted[reason].most_common(SHOWN) if code]
            print(f"| {reason} | {count} | {', '.join(codes)} |")
    rare = [count for count in reasons.values() if count < LEAST]
    print(f"| {len(rare)} others | {sum(rare)} | |")


def reason_of(question: Question) -> tuple[str, str]:
    """Return why no call was found for a question, and the code at which the inversion of its program stops."""
    tree = parse_source(question.facts["source"])
    functions = [each for each in (tree.body if tree else []) if isinstance(each, ast.FunctionDef)]
    if not functions or functions[-1].decorator_list:
        return "no plain function", ""
    value = literals.read(question.facts["value"])
    ends = list(undone(question.facts["source"], functions[-1], value))
    stops = [each for each in ends if isinstance(each, ast.stmt)]
    if len(stops) < len(ends):
        return "nothing: the calls that it leads to give other values", ""
    open_ = [each for each in stops if not _returns_constant(each)]
    if open_:
        return _kind(open_[0]), ast.unparse(open_[0]).split("\n")[0]
    return "a `return` of a constant, which is reached by its tests alone", ""


def _returns_constant(stop: ast.stmt) -> bool:
    return isinstance(stop, ast.Return) and not any(isinstance(each, ast.Name) for each in ast.walk(stop))


def _kind(stop: ast.stmt) -> str:
    match stop:
        case ast.Return(value=value) | ast.Assign(value=value) | ast.Expr(value=value):
            if not isinstance(value, ast.Call):
                return f"an expression ({type(value).__name__})"
            name = value.func.attr if isinstance(value.func, ast.Attribute) else ast.unparse(value.func)
            return f"a call of `{name}`"
        case ast.For():
            inner = {type(each) for each in ast.walk(stop) if each is not stop}
            if inner & {ast.For, ast.While}:
                return "a `for` with another loop in it"
            if inner & {ast.Break, ast.Continue, ast.Return}:
                return "a `for` with a jump"
            changes = [each for each in ast.walk(stop) if isinstance(each, ast.Assign | ast.AugAssign | ast.Expr)]
            return f"a `for` with {'one change' if len(changes) == 1 else 'several changes'}"
    return f"a `{type(stop).__name__.lower()}`"


if __name__ == "__main__":
    main()
