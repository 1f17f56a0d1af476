"""Compare events and sentences with the second witness over many programs; print the disagreements and their number.

`make witness RUNS=20000` runs this: CRUXEval and REval where $CODEREASONER_DATA has them, functions of the standard
library and of some packages where they are installed, then random nested programs and programs of the grammar. All but
REval's and the packages' are in each layout. The counts are on stderr after each thousand; Ctrl-C ends it with the
counts so far. Exit status 1 if there is a disagreement.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from itertools import count, islice
from pathlib import Path
from textwrap import indent
from typing import TypeAlias

from tests.chains.nested import program
from tests.chains.test_witness import IN_SENTENCES, LAYOUTS, disagreements, in_sentences, reported, witnessed
from tests.chains.witness import rewritten

from codereasoner import extend
from codereasoner.benchmarks.reval_files import Pair, read_pairs
from codereasoner.chains.events import read_events
from codereasoner.chains.narrator import narrate
from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_rows
from codereasoner.records import Job, Program, Run
from codereasoner.sources.packages import Packages
from codereasoner.sources.procedural import Procedural
from codereasoner.steps.chance import chance

Call: TypeAlias = tuple[str, str, str, str]
"""Where a program comes from, its source, entry and arguments."""

BATCH = 100
NESTED = 3  # parts of four that are nested programs; the grammar's are simpler


def calls(first: int | None) -> Iterator[Call]:
    """Yield calls without end: of benchmarks and packages, unless a seed is given, then nested and of the grammar."""
    if first is None:
        yield from _of_benchmarks()
        yield from _of_packages()
    grammar = (each for level in count() for each in Procedural("full", 1 + level % 5).programs("train", 10_000))
    for seed in count(first or 0):
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
            yield pair.id, *((pair.code, pair.entry, pair.call) if not pair.test else (_of_class(pair), "f", ""))


def _of_class(pair: Pair) -> str:
    """A class with a function `f` that does what its test does; the assertions only take their arguments."""
    names = sorted(set(re.findall(r"\bassert[A-Z]\w*", pair.given)))
    checks = "".join(f"{name} = lambda *given, **named: given\n" for name in names)
    return f"{pair.code}\n{checks}\ndef f():\n{indent(pair.given, '    ')}\n    return 0\n"


def _of_packages() -> Iterator[Call]:
    """Functions of the standard library and of installed packages, with the calls of their docstrings."""
    names = [name for name in ("stdlib", "more-itertools", "toolz", "boltons", "sortedcontainers") if _is_there(name)]
    for split in ("train", "rl", "test"):
        for drawn in Packages(names).programs(split, 100_000):
            if isinstance(drawn, Program) and not chance(drawn.source, drawn.entry):
                for call in drawn.calls:
                    yield drawn.origin, drawn.source, drawn.entry, call


def _is_there(package: str) -> bool:
    with suppress(PackageNotFoundError):
        return package == "stdlib" or bool(version(package))
    return False


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
        yield from (f"sentences: {each}" for each in disagreements(run.source, said, found, IN_SENTENCES))


def main() -> None:
    """Compare as many runs as are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000, help="Number of runs that are compared.")
    parser.add_argument("--seed", type=int, help="Begin with the nested program of this seed, without the benchmarks.")
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
                if compared.total() % 1000 == 0:
                    print(f"{compared.total():,} runs, up to {name}: {wrong:,} disagreements", file=sys.stderr)
    kinds = ", ".join(f"{number:,} {name}" for name, number in compared.most_common())
    print(f"{compared.total():,} runs compared ({kinds}): {wrong:,} disagreements")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
