"""Compare evaluations on the questions they share: in all, by task, by feature, and question by question.

An evaluation on hard questions is also compared with that on their originals: what the rewrites cost a model.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import TypedDict, cast

from codereasoner.errors import DataError
from codereasoner.evaluation.metrics import mean
from codereasoner.evaluation.paired_comparison import Pair, PairedDifference, mcnemar, paired
from codereasoner.evaluation.results import GradeRow, Summary, count_grades
from codereasoner.extend import task_order
from codereasoner.reports.accuracy_by_feature import (
    FeatureAccuracy,
    Features,
    accuracy_by_feature,
    binned,
    question_features,
)
from codereasoner.reports.page import assemble, write_view
from codereasoner.reports.question_browser import browser, label_of
from codereasoner.reports.question_records import LIMIT, Gathered, Shown, gather, item_of
from codereasoner.reports.result_rows import MistakeCounts, Result, mistake_counts, results, warnings
from codereasoner.reports.run_folder import Evaluation, chosen_evaluations, collector_at_rest, labels
from codereasoner.task import Question

EVERYTHING = 10**9
FEWEST = 2  # questions that a difference needs to have an interval


class FeatureDifference(TypedDict):
    """The differences by one feature."""

    feature: str
    bins: Sequence[PairedDifference]


class Flipped(TypedDict):
    """A question that one model got right more often than the other."""

    id: str
    task: str
    question: str


class PairDifference(TypedDict):
    """Two models on one list of questions."""

    list: str
    first: str
    second: str
    tasks: Mapping[str, PairedDifference]  # by task, and "all" where there are several


class PairComparison(PairDifference):
    """The same with everything that `compare` shows."""

    by_feature: Sequence[FeatureDifference]
    gained: Sequence[Flipped]
    lost: Sequence[Flipped]
    not_shared: tuple[int, int]  # questions that only the first, only the second model was asked


class Comparison(TypedDict):
    """Several evaluations, each compared with the first of its list of questions."""

    results: Sequence[Result]
    comparisons: Sequence[PairComparison]
    warnings: Sequence[str]
    features: Sequence[FeatureAccuracy]
    mistakes: Sequence[MistakeCounts]


@collector_at_rest()
def compare(paths: Sequence[Path], details: bool = False) -> tuple[Comparison, Gathered]:
    """Compare the evaluations at the paths; return the comparison and its questions, with answers if `details`.

    Where the evaluations of a list were asked different questions, `results` counts those that all of them share. Hard
    questions are compared with their originals, where one model was asked both.

    Raises:
        DataError: a path is no evaluation, or no two of them were asked the same questions.
        MissingExtra: scipy, which the test needs, is not installed.
    """
    found = chosen_evaluations(paths)
    folders = list(dict.fromkeys(each.run for each in found))
    gathered = gather(folders, found, EVERYTHING, only_asked=True, details=details)
    features = question_features(folders, gathered)
    rows = [*_comparisons(gathered, features), *_hardened_pairs(found, gathered)]
    if not rows:
        asked = ", ".join(f"{each.model} was asked {each.questions}" for each in found)
        raise DataError(f"no two of these evaluations share {FEWEST} questions, so nothing can be compared: {asked}")
    made = results(_on_shared_questions(found, gathered), gathered)
    unshared = [
        f"{row['second']} and {row['first']} on {row['list']}: only shared questions are compared and counted; "
        f"{row['not_shared'][0]:,} were put to {row['first']} alone, {row['not_shared'][1]:,} to {row['second']} alone."
        for row in rows
        if any(row["not_shared"])
    ]
    compared: Comparison = {
        "results": made,
        "comparisons": rows,
        "warnings": warnings(made) + unshared,
        "features": accuracy_by_feature(gathered, features),
        "mistakes": mistake_counts(gathered),
    }
    return compared, gathered


@collector_at_rest()
def write_comparison(paths: Sequence[Path], out: Path, compared: Comparison, gathered: Gathered) -> Path:
    """Write the page of a comparison that was made with `details`; it counts all questions, and shows LIMIT of them."""
    found = chosen_evaluations(paths)
    names = labels(found)
    title = " and ".join(dict.fromkeys(names)) if len(found) < 4 else f"{len(found)} evaluations"
    without = {"gained", "lost"}  # the page finds flipped questions by its own filters
    summary = {
        "name": title,
        "facts": [(f"{name} on {each.questions}", _place(each)) for name, each in zip(names, found, strict=True)],
        "results": compared["results"],
        "warnings": compared["warnings"],
        "features": compared["features"],
        "mistakes": compared["mistakes"],
        "differences": [{k: v for k, v in row.items() if k not in without} for row in compared["comparisons"]],
    }
    shown = replace(gathered, shown=dict(islice(gathered.shown.items(), LIMIT)))
    write_view(out, assemble(title, {"summary": summary} | browser(shown)))
    return out


def _place(evaluation: Evaluation) -> str:
    """Return the last folders of a path: a page that is passed on does not tell whose machine it was."""
    return "/".join(evaluation.folder.parts[-3:])


def differences(found: Gathered) -> list[PairDifference]:
    """Compare each model with the one before it (untrained, SFT, control, GRPO), and GRPO with SFT."""
    rows = []
    for name in found.lists:
        models = _models(found, name)
        pairs = list(pairwise(models))
        if {"sft", "grpo"} <= set(models) and ("sft", "grpo") not in pairs:
            pairs.append(("sft", "grpo"))
        for first, second in pairs:
            both = _both(found, name, first, second)
            if len(both) >= FEWEST:
                rows.append(_difference(name, both, first, second))
    return rows


def _comparisons(found: Gathered, features: Features) -> Iterator[PairComparison]:
    """Compare every model with the first one of its list."""
    for name in found.lists:
        first, *others = _models(found, name)
        known: dict[str, Flipped] = {}  # a question that flips for several models is described once
        items = [item for item in found.shown.values() if name in item.lists]
        for second in others:
            pair = first, second
            both = _both(found, name, first, second)
            if len(both) < FEWEST:
                continue
            row = _difference(name, both, first, second)
            flips = [(item.share(second) - item.share(first), item) for item in both]
            yield {
                **row,
                "tasks": _tested(row["tasks"]),
                "by_feature": [
                    {
                        "feature": feature,
                        "bins": [
                            {**paired([_pair(item, *pair) for item in part]), "label": label} for label, part in bins
                        ],
                    }
                    for feature, bins in binned(both, features).items()
                ],
                "gained": [_flipped(item, known) for change, item in flips if change > 0],
                "lost": [_flipped(item, known) for change, item in flips if change < 0],
                "not_shared": (
                    sum(first in item.outcomes for item in items) - len(both),
                    sum(second in item.outcomes for item in items) - len(both),
                ),
            }


def _on_shared_questions(found: Sequence[Evaluation], gathered: Gathered) -> list[Evaluation]:
    """Return each evaluation with a summary of the questions that every evaluation of its list was asked."""
    asked = [frozenset(row["question"] for row in rows) for rows in gathered.grades]
    counted = []
    for each, rows in zip(found, gathered.grades, strict=True):
        of_list = [ids for other, ids in zip(found, asked, strict=True) if other.questions == each.questions]
        shared = frozenset.intersection(*of_list)
        summary = each.summary
        if shared and any(ids != shared for ids in of_list):
            items = (item_of(gathered.shown, each, name) for name in sorted(shared))
            questions = [item.question for item in items if item is not None]
            known = {question.id for question in questions}
            part = count_grades(questions, [row for row in rows if row["question"] in known])
            summary = cast(
                Summary, {**summary, **part, "baselines": {}, "completion_tokens": 0}
            )  # those of all questions
        counted.append(replace(each, summary=summary))
    return counted


def _models(found: Gathered, name: str) -> list[str]:
    items = [item for item in found.shown.values() if name in item.lists]
    return [model for model in found.models if any(model in item.outcomes for item in items)]


def _both(found: Gathered, name: str, first: str, second: str) -> list[Shown]:
    items = (item for item in found.shown.values() if name in item.lists)
    return [item for item in items if first in item.outcomes and second in item.outcomes]


def _difference(name: str, items: Sequence[Shown], first: str, second: str) -> PairDifference:
    tasks = _by_task((item.question.task, _pair(item, first, second)) for item in items)
    return {"list": name, "first": first, "second": second, "tasks": tasks}


def _pair(item: Shown, first: str, second: str) -> Pair:
    return Pair(item.cluster, item.share(first), item.share(second))


def _by_task(pairs: Iterable[tuple[str, Pair]]) -> dict[str, PairedDifference]:
    """Compare the pairs of each task, and all of them where there are several tasks."""
    parts: defaultdict[str, list[Pair]] = defaultdict(list)
    for task, pair in pairs:
        parts[task].append(pair)
    found = dict(sorted(parts.items(), key=lambda item: task_order(item[0])))
    if len(found) > 1:
        found["all"] = [pair for part in parts.values() for pair in part]
    return {task: paired(part) for task, part in found.items() if len(part) >= FEWEST}


def _tested(tasks: Mapping[str, PairedDifference]) -> dict[str, PairedDifference]:
    return {task: {**part, "p": mcnemar(part["gained"], part["lost"])} for task, part in tasks.items()}


def _flipped(item: Shown, known: dict[str, Flipped]) -> Flipped:
    if item.name not in known:
        known[item.name] = _described(item.name, item.question)
    return known[item.name]


def _described(name: str, question: Question) -> Flipped:
    return {"id": name, "task": question.task, "question": label_of(question)}


def _hardened_pairs(found: Sequence[Evaluation], gathered: Gathered) -> Iterator[PairComparison]:
    """Yield what the rewrites cost each model that was asked hard questions and, in the same style, their originals.

    Questions that were not rewritten do not count.
    """
    known = [(each, _shares(each, rows, gathered)) for each, rows in zip(found, gathered.grades, strict=True)]
    for hard, asked in known:
        new_of = {str(question.features.get("original", "")): (question, share) for question, share in asked.values()}
        for other, originals in known:
            scored = [
                (originals[name][0], question, originals[name][1], share)
                for name, (question, share) in new_of.items()
                if name in originals
            ]
            if len(scored) >= FEWEST and _asked(hard) == _asked(other):
                yield _cost(hard, scored, len(originals), len(asked))


def _shares(
    evaluation: Evaluation, grades: Sequence[GradeRow], gathered: Gathered
) -> dict[str, tuple[Question, float]]:
    """Return the questions of an evaluation that have an answer, by id, each with the share of right ones."""
    right: defaultdict[str, list[float]] = defaultdict(list)
    for row in grades:
        right[row["question"]].append(row["outcome"] == "correct")
    items = ((name, item_of(gathered.shown, evaluation, name)) for name in right)
    return {name: (item.question, mean(right[name])) for name, item in items if item is not None}


def _asked(evaluation: Evaluation) -> tuple[object, ...]:
    """Return the model of an evaluation and the way it was asked."""
    summary = evaluation.summary
    return evaluation.model, summary.get("identity"), summary.get("style"), summary.get("grader")


def _cost(
    hard: Evaluation, scored: Sequence[tuple[Question, Question, float, float]], originals: int, all_hard: int
) -> PairComparison:
    pairs = ((old.task, Pair(old.program or old.id, first, second)) for old, _, first, second in scored)
    return {
        "list": hard.questions,
        "first": f"{hard.model}, original questions",
        "second": f"{hard.model}, hard questions",
        "tasks": _tested(_by_task(pairs)),
        "by_feature": [],
        "gained": [_described(new.id, new) for _, new, first, second in scored if second > first],
        "lost": [_described(new.id, new) for _, new, first, second in scored if second < first],
        "not_shared": (originals - len(scored), all_hard - len(scored)),
    }
