"""What functions of installed packages give: programs, calls, drops by reason, and constructs compared with CRUXEval's.

    pip install --no-deps --target people toolz more-itertools
    PYTHONPATH=people python -m perf.packages stdlib toolz more-itertools

It does what `codereasoner programs --source packages` and `codereasoner trace` do, in all splits, and prints tables.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from codereasoner.curation.profiles import GROUPS, construct_profile, cruxeval_profile, distance
from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_records, read_rows
from codereasoner.records import Program
from codereasoner.sources.packages import Packages
from codereasoner.stages.make_programs import write_programs
from codereasoner.stages.trace_calls import trace_programs

MOST = 100_000  # programs of a split; more than the packages have


def main() -> None:
    """Print a row for each package, the drops by reason, and the shares of constructs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", help="Packages, modules of the standard library, or stdlib for all of it.")
    names = parser.parse_args().names
    source = Packages(names)
    with tempfile.TemporaryDirectory() as folder:
        programs, runs = Path(folder, "programs.jsonl"), Path(folder, "runs.parquet")
        write_programs(programs, [(split, MOST, source) for split in ("train", "rl", "test")], {})
        with Pool(1, allow_weak_isolation=True) as pool, Pool(1, allow_weak_isolation=True, hash_seed=1) as again:
            trace_programs(programs, runs, pool, again=again)
        _show(source, programs, runs)


def _show(source: Packages, written: Path, traced: Path) -> None:
    programs = list(read_records(written, Program))
    package = {each.id: _package(each.origin) for each in programs}
    dropped = [(_package(row["origin"]), row["reason"]) for row in read_rows(Path(f"{written}.dropped.jsonl"))]
    ended = [(package[row["program"]], row["reason"]) for row in read_rows(Path(f"{traced}.dropped.jsonl"))]
    licenses = {_package(each.origin): each.license for each in programs}
    columns = (
        Counter(name for name, _ in dropped),
        Counter(package.values()),
        Counter(package[each.id] for each in programs for _ in each.calls),
        Counter(name for name, _ in ended),
    )
    print(f"{date.today().isoformat()}\n")
    print("| package | licence | functions and examples dropped | programs | calls | calls kept |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, version in source.facts()["packages"].items():
        drops, kept, calls, lost = (each[name] for each in columns)
        print(f"| {name} {version} | {licenses.get(name, '-')} | {drops:,} | {kept:,} | {calls:,} | {calls - lost:,} |")
    drops, kept, calls, lost = (each.total() for each in columns)
    print(f"| **all** | | {drops:,} | {kept:,} | {calls:,} | {calls - lost:,} |")
    _show_reasons("a function or an example is dropped because", Counter(reason for _, reason in dropped))
    _show_reasons("a call is dropped because", Counter(reason for _, reason in ended))
    _show_profile(construct_profile(each.source for each in programs))


def _show_reasons(title: str, reasons: Counter[str]) -> None:
    print(f"\n| {title} | |\n| --- | --- |")
    for reason, count in reasons.most_common():
        print(f"| {reason} | {count:,} |")


def _show_profile(ours: Mapping[str, float]) -> None:
    theirs = cruxeval_profile("constructs")
    print("\n| programs with a | of packages | of CRUXEval |\n| --- | --- | --- |")
    for name in GROUPS:
        print(f"| {name} | {ours.get(name, 0):.1%} | {theirs.get(name, 0):.1%} |")
    print(f"\nmean difference of the groups: {distance(ours, theirs):.1%}")


def _package(origin: str) -> str:
    return origin.split("/")[1]


if __name__ == "__main__":
    main()
