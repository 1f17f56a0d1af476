"""How many answers about inputs pass the wanted value itself as the first argument, and how many of them are right.

    python -m perf.passed_value EVALUATION...

EVALUATION is a folder that `codereasoner evaluate cruxeval-i` or an experiment made; several, as those of the seeds
of an arm, are counted together.
"""

from __future__ import annotations

import argparse
import ast
from collections import Counter
from pathlib import Path

from codereasoner import extend, literals
from codereasoner.ledger import read_rows


def main() -> None:
    """Print the counts of all answers, of those that pass the value, and of the right ones among both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaluations", type=Path, nargs="+")
    counts: Counter[str] = Counter()
    for folder in parser.parse_args().evaluations:
        wanted = {each.id: str(each.facts["value"]) for each in extend.read_questions(folder / "questions.jsonl")}
        for row in read_rows(folder / "grades.jsonl"):
            kind = "value passed" if _passes(str(row["answer"] or ""), wanted[row["question"]]) else "others"
            counts.update(["answers", kind] + [f"{kind}, right"] * (row["outcome"] == "correct"))
    for name in ("answers", "value passed", "value passed, right", "others, right"):
        print(f"{counts[name]:>6,}  {name}")


def _passes(answer: str, wanted: str) -> bool:
    try:
        node = ast.parse(answer.strip(), mode="eval").body
        first = node.args[0] if isinstance(node, ast.Call) and node.args else node
        first = first.elts[0] if isinstance(first, ast.Tuple) and first is node and first.elts else first
        return literals.equal(literals.read(ast.unparse(first)), literals.read(wanted))
    except (SyntaxError, ValueError, RecursionError, literals.LiteralError):
        return False


if __name__ == "__main__":
    main()
