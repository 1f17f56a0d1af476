"""Counts of a finished output, from its manifest."""

from pathlib import Path

from codereasoner.cli.console import console, styled
from codereasoner.errors import Shortfall
from codereasoner.ledger import read_manifest
from codereasoner.stages.progress import counts


def kept_in(out: Path) -> int:
    """Return the number of rows of an output."""
    return int(counts(out).get("kept", 0))


def show_counts(out: Path, needed: bool = True, hint: str = "--task NAME adds a task") -> None:
    """Print the counts of rows, the reasons of drops, and what was left out.

    hint: how chains for the other tasks are asked for.
    """
    found = counts(out)
    console.print(f"{out}: {kept_in(out):,} kept, {found.get('dropped', 0):,} dropped")
    for reason, count in found["drops"].items():
        console.print(f"  {count:>8,}  {reason}")
    manifest = read_manifest(out) or {}
    for reason, count in ({} if kept_in(out) else manifest.get("left_out", {})).items():
        console.print(f"  {count:>8,}  not asked: {reason}")
    if others := manifest.get("not_told"):
        listed = ", ".join(f"{count:,} of the task '{name}'" for name, count in others.items())
        console.print(styled("yellow", "  without a chain", f": {listed} ({hint})"))
    if lengths := manifest.get("characters"):
        listed = ", ".join(f"{name} {count:,}" for name, count in lengths.items())
        console.print(f"  characters of a chain: {listed}")
    branches = manifest.get("branches", {})
    if branches.get("possible"):
        shown = f"{branches['covered']:,} of {branches['possible']:,} jumps taken ({branches['share']:.1%})"
        console.print(f"  {shown}; every one in {branches['whole']:,} of {branches['programs']:,} programs")
    if needed:
        check_rows(out)


def check_rows(out: Path) -> None:
    """Raise Shortfall, with the reasons, where an output has no rows."""
    if not kept_in(out):
        lost = {"dropped": counts(out)["drops"], "not asked": (read_manifest(out) or {}).get("left_out", {})}
        reasons = "; ".join(
            f"{count:,} {what}: {reason}" for what, found in lost.items() for reason, count in found.items()
        )
        raise Shortfall(f"{out} has no rows ({reasons or 'the input gave none for these options'})")
