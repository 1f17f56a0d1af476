"""The cost of rewrites for a model: its evaluation on hard questions, compared in pairs with their originals."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from codereasoner.evaluation.metrics import mean
from codereasoner.evaluation.paired_comparison import Pair, mcnemar, paired
from codereasoner.evaluation.results import GradeRow
from codereasoner.extend import task_order
from codereasoner.reports.comparison_rows import FEWEST, Flipped, PairComparison
from codereasoner.reports.question_browser import label_of
from codereasoner.reports.question_records import Gathered, item_of
from codereasoner.reports.run_folder import Evaluation
from codereasoner.task import Question


def hardened_pairs(found: Sequence[Evaluation], gathered: Gathered) -> Iterator[PairComparison]:
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
                yield _comparison(hard, scored, len(originals), len(asked))


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


def _comparison(
    hard: Evaluation, scored: Sequence[tuple[Question, Question, float, float]], originals: int, all_hard: int
) -> PairComparison:
    by_task: defaultdict[str, list[Pair]] = defaultdict(list)
    for old, _, first, second in scored:
        by_task[old.task].append(Pair(old.program or old.id, first, second))
    parts = dict(sorted(by_task.items(), key=lambda item: task_order(item[0])))
    if len(parts) > 1:
        parts["all"] = [pair for each in by_task.values() for pair in each]
    found = {task: paired(pairs) for task, pairs in parts.items() if len(pairs) >= FEWEST}
    return {
        "list": hard.questions,
        "first": f"{hard.model}, original questions",
        "second": f"{hard.model}, hard questions",
        "tasks": {task: {**part, "p": mcnemar(part["gained"], part["lost"])} for task, part in found.items()},
        "by_feature": [],
        "gained": [_flipped(new) for _, new, first, second in scored if second > first],
        "lost": [_flipped(new) for _, new, first, second in scored if second < first],
        "not_shared": (originals - len(scored), all_hard - len(scored)),
    }


def _flipped(question: Question) -> Flipped:
    return {"id": question.id, "task": question.task, "question": label_of(question)}
