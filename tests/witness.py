"""Compare events and sentences with the second witness over many programs; print the disagreements and their number.

`make witness RUNS=20000` runs this: random nested programs and programs of the grammar, each in three layouts, and
those of CRUXEval and REval where $CODEREASONER_DATA has them. Ctrl-C ends it with the counts so far. Exit status 1 if
there is a disagreement.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import count, islice
from pathlib import Path
from typing import TypeAlias

from tests.chains.nested import program
from tests.chains.test_witness import LAYOUTS, disagreements, in_sentences, reported, witnessed
from tests.chains.witness import rewritten

from codereasoner import extend
from codereasoner.benchmarks.reval_files import read_pairs
from codereasoner.chains.events import read_events
from codereasoner.chains.narrator import narrate
from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_rows
from codereasoner.records import Job, Run
from codereasoner.sources.procedural import Procedural

Call: TypeAlias = tuple[str, str, str, str]
"""Where a program comes from, its source, entry and arguments."""

BATCH = 100
NESTED = 3  # parts of four that are nested programs; the grammar's are simpler


def calls(first: int) -> Iterator[Call]:
    """Yield a call of each program, without end: of benchmarks, then of nested programs and the grammar by turns."""
    yield from _of_benchmarks()
    grammar = (each for level in count() for each in Procedural("full", 1 + level % 5).programs("train", 10_000))
    for seed in count(first):
        for layout, change in LAYOUTS.items():
            if seed % (NESTED + 1) < NESTED:
                yield f"nested {seed} {layout}", change(program(seed)), "f", "4"
            else:
                drawn = next(grammar)
                yield f"{drawn.origin} {layout}", change(drawn.source), drawn.entry, drawn.calls[0]


def _of_benchmarks() -> Iterator[Call]:
    data = Path(os.environ.get("CODEREASONER_DATA", ""))
    if (data / "cruxeval" / "cruxeval.jsonl").is_file():
        for row in read_rows(data / "cruxeval" / "cruxeval.jsonl"):
            for layout, change in LAYOUTS.items():
                yield f"CRUXEval {layout}", change(row["code"]), "f", row["input"]
    if (data / "reval").is_dir():
        for pair in read_pairs(data / "reval"):
            if not pair.test:
                yield pair.id, pair.code, pair.entry, pair.call


def faults(pool: Pool, some: Iterable[Call]) -> Iterator[tuple[str, list[str]]]:
    """Yield, for each call that both could run whole, where it comes from and where the two witnesses disagree."""
    batch = list(some)
    jobs = [Job(source, entry, call, record="trace") for _, source, entry, call in batch]
    seen = [Job(rewritten(source, entry), "_watched", call) for _, source, entry, call in batch]
    for (name, *_), run, witness in zip(batch, pool.run(jobs), pool.run(seen), strict=True):
        if run.outcome in ("ok", "raised") and witness.outcome in ("ok", "raised") and run.steps and not run.cut:
            yield name, list(_faults(run, witness))


def _faults(run: Run, witness: Run) -> Iterator[str]:
    if (run.outcome, run.value) != (witness.outcome, witness.value):
        yield f"the run {run.outcome} {run.value}, the witness {witness.outcome} {witness.value}"
        return
    found = witnessed(witness)
    yield from disagreements(run.source, reported(read_events(run)), found)
    for question in extend.task("output").collect(run).questions:
        said = in_sentences(narrate(question, run, "steps").text)
        yield from (f"sentences: {each}" for each in disagreements(run.source, said | {"set": []}, found | {"set": []}))


def main() -> None:
    """Compare as many runs as are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000, help="Number of runs that are compared.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the first nested program.")
    options = parser.parse_args()
    compared: Counter[str] = Counter()
    wrong = 0
    source = calls(options.seed)
    with suppress(KeyboardInterrupt), Pool(1, allow_weak_isolation=True, own_programs=True) as pool:
        while compared.total() < options.runs:
            for name, found in islice(faults(pool, islice(source, BATCH)), options.runs - compared.total()):
                compared[name.split()[0].partition("/")[0]] += 1
                wrong += bool(found)
                for each in found:
                    print(f"{name}: {each}", flush=True)
    kinds = ", ".join(f"{number:,} {name}" for name, number in compared.most_common())
    print(f"{compared.total():,} runs compared ({kinds}): {wrong:,} disagreements")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
