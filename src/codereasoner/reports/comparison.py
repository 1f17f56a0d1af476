"""Several evaluations compared on the questions they share: as data for a terminal or JSON, and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from codereasoner.errors import DataError
from codereasoner.evaluation.run_evaluation import count
from codereasoner.ledger import write_whole
from codereasoner.reports.accuracy_by_feature import accuracy_by_feature, program_features
from codereasoner.reports.error_counts import mistake_counts, with_steps
from codereasoner.reports.evaluation_rows import labels, results, warnings
from codereasoner.reports.model_pairs import comparisons
from codereasoner.reports.question_browser import browser
from codereasoner.reports.question_records import Gathered, gather, grades_of
from codereasoner.reports.report_page import assemble
from codereasoner.reports.run_folder import Evaluation, chosen_evaluations

EVERYTHING = 10**9


def compare(paths: Sequence[Path], limit: int = EVERYTHING) -> tuple[dict[str, Any], Gathered]:
    """What the evaluations at the paths got, and each against the first of its list of questions.

    Returns ({"results", "comparisons", "warnings", "features"}, the questions): the rows of `results` and
    `comparisons` have one entry for each evaluation, and for each but the first of a list. Where the evaluations of a
    list were asked different questions, `results` counts those that all of them share.

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
    shared = [_of_shared(each, _shared_by_all(found, each.questions), gathered) for each in found]
    made = with_steps(results(shared), gathered)
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


def _shared_by_all(found: Sequence[Evaluation], name: str) -> frozenset[str] | None:
    """The questions that every evaluation of a list was asked; None where these are all there are, or none."""
    asked = [frozenset(row["question"] for row in grades_of(each)) for each in found if each.questions == name]
    shared = frozenset.intersection(*asked)
    return shared if shared and any(each != shared for each in asked) else None


def _of_shared(evaluation: Evaluation, shared: frozenset[str] | None, gathered: Gathered) -> Evaluation:
    """The evaluation with a summary that counts the shared questions alone."""
    if shared is None:
        return evaluation
    questions = {item.question.id: item.question for item in gathered.shown.values() if item.question.id in shared}
    grades = [row for row in grades_of(evaluation) if row["question"] in questions]
    return replace(evaluation, summary={**evaluation.summary, **count([*questions.values()], grades), "floors": {}})


def _names(evaluations: Sequence[Evaluation]) -> list[str]:
    return [f"{label} on {each.questions}" for label, each in zip(labels(evaluations), evaluations, strict=True)]


def _unshared(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence for each pair whose questions are not the same: what is compared is then a part."""
    return [
        f"{row['second']} and {row['first']} on {row['list']}: only shared questions are compared and counted; "
        f"{row['not_shared'][0]:,} were put to {row['first']} alone, {row['not_shared'][1]:,} to {row['second']} alone."
        for row in rows
        if any(row["not_shared"])
    ]


def _without_lists(row: dict[str, Any]) -> dict[str, Any]:
    """The page finds the flipped questions by its own filters."""
    return {name: value for name, value in row.items() if name not in ("gained", "lost")}
