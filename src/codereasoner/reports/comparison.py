"""Several evaluations compared on the questions they share: as data for a terminal or JSON, and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codereasoner.errors import DataError
from codereasoner.ledger import write_whole
from codereasoner.reports.features import accuracy_by_feature, program_features
from codereasoner.reports.folder import Evaluation, chosen_evaluations
from codereasoner.reports.gather import Gathered, gather
from codereasoner.reports.mistakes import mistake_counts, with_steps
from codereasoner.reports.page import assemble
from codereasoner.reports.pairs import comparisons
from codereasoner.reports.questions import browser
from codereasoner.reports.results import labels, results, warnings

EVERYTHING = 10**9


def compare(paths: Sequence[Path], limit: int = EVERYTHING) -> tuple[dict[str, Any], Gathered]:
    """What the evaluations at the paths got, and each against the first of its list of questions.

    Returns ({"results", "comparisons", "warnings", "features"}, the questions): the rows of `results` and
    `comparisons` have one entry for each evaluation, and for each but the first of a list.

    Raises:
        DataError: a path is no evaluation, or no two of them were asked the same questions.
        MissingExtra: scipy, which the test needs, is not installed.
    """
    found = chosen_evaluations(paths)
    folders = list(dict.fromkeys(each.run for each in found))
    gathered = gather(folders, found, limit, only_asked=True)
    programs = program_features(folders, gathered)
    rows = comparisons(gathered, programs)
    if not rows:
        asked = ", ".join(f"{each.model} was asked {each.questions}" for each in found)
        raise DataError(f"no two of these evaluations share questions, so nothing can be compared: {asked}")
    made = with_steps(results(found), gathered)
    compared = {
        "results": made,
        "comparisons": rows,
        "warnings": warnings(made) + _unshared(rows),
        "features": accuracy_by_feature(gathered, programs),
        "mistakes": mistake_counts(gathered),
    }
    return compared, gathered


def write_comparison(paths: Sequence[Path], out: Path, limit: int = 10_000) -> Path:
    """Write the page that compares the evaluations at the paths.

    Raises:
        DataError, MissingExtra: as `compare`.
    """
    compared, gathered = compare(paths, limit)
    found = chosen_evaluations(paths)
    name = " and ".join(dict.fromkeys(labels(found))) if len(found) < 4 else f"{len(found)} evaluations"
    summary = {
        "name": name,
        "facts": [[label, str(each.folder)] for label, each in zip(_names(found), found, strict=True)],
        "config": "",
        "flow": [],
        "links": [],
        "stages": [],
        "curves": [],
        "unfinished": [],
        "results": compared["results"],
        "warnings": compared["warnings"],
        "features": compared["features"],
        "mistakes": compared["mistakes"],
        "differences": [_without_lists(row) for row in compared["comparisons"]],
    }
    write_whole(out, assemble(name, {"summary": summary} | browser(gathered)))
    return out


def _names(evaluations: Sequence[Evaluation]) -> list[str]:
    return [f"{label} on {each.questions}" for label, each in zip(labels(evaluations), evaluations, strict=True)]


def _unshared(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence for each pair whose questions are not the same: what is compared is then a part."""
    return [
        f"{row['second']} and {row['first']} on {row['list']}: only shared questions are compared; "
        f"{row['not_shared'][0]:,} were put to {row['first']} alone, {row['not_shared'][1]:,} to {row['second']} alone."
        for row in rows
        if any(row["not_shared"])
    ]


def _without_lists(row: dict[str, Any]) -> dict[str, Any]:
    """The page finds the flipped questions by its own filters."""
    return {name: value for name, value in row.items() if name not in ("gained", "lost")}
