"""The results of evaluations: accuracies with intervals, outcomes, true claims, classes of mistakes, warnings."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TypedDict

from codereasoner.errors import counted
from codereasoner.evaluation.error_rules import KINDS
from codereasoner.evaluation.metrics import clustered_interval, mean, percent
from codereasoner.evaluation.results import Numbers, Summary
from codereasoner.extend import commonest, task_order
from codereasoner.reports.question_records import MISTAKES, NOT_AUDITED, Gathered
from codereasoner.reports.run_folder import Evaluation, labels
from codereasoner.task import VERDICTS, Verdict

TRUNCATED_LIMIT = 0.05  # above these shares an accuracy says more about the format than about reasoning
NO_ANSWER_LIMIT = 0.20

Figures = TypedDict(
    "Figures",
    {
        "n_questions": int | None,
        "pass@1": float | None,
        "interval": Sequence[float] | None,
        "more": Sequence[tuple[str, float]],  # pass@k for other k
        "outcomes": Mapping[Verdict, int],
    },
)
"""The figures of one evaluation, or of one of its tasks, in percent."""


class TaskFigures(Figures):
    """The figures of one task."""

    task: str


class Steps(TypedDict):
    """The mean share of true claims over the answers with claims, in percent, with its clustered 95 % interval."""

    share: float
    interval: Sequence[float]
    answers: int


class Result(Figures):
    """One evaluation: a model on a list of questions."""

    questions: str
    model: str  # the label
    identity: str
    grader: str
    style: str
    n_answers: int | None
    errors: Mapping[str, int]  # how often each reason left an answer out
    tokens: float | None  # of an answer on average, with its reasoning
    right_per_1000_tokens: float | None
    tasks: Sequence[TaskFigures]
    baselines: Mapping[str, float]
    metrics: Sequence[tuple[str, float]]  # what a benchmark measures beyond pass@k
    steps: Steps | None


class MistakeCounts(TypedDict):
    """Counts of a model's wrong answers to a list of questions, by error class."""

    list: str
    model: str
    answers: int
    audited: int  # the answers that were looked at: a sample where there are very many
    counts: Mapping[str, int]


def results(evaluations: Sequence[Evaluation], found: Gathered | None = None) -> list[Result]:
    """Return a row for each evaluation with a summary; with the questions, each row has its share of true claims."""
    steps = _step_accuracy(found) if found is not None else {}
    chosen = [each for each in evaluations if each.summary]
    return [
        _result(each, label, steps.get((each.questions, label)))
        for each, label in zip(chosen, labels(chosen), strict=True)
    ]


def baselines_of(rows: Sequence[Result]) -> dict[str, float]:
    """Return the baselines, results of answers without a model, by name, in percent."""
    return {name: value for row in rows for name, value in row["baselines"].items()}


def warnings(rows: Sequence[Result]) -> list[str]:
    """Return a sentence for each evaluation with too many truncated or unreadable answers, or with any that failed."""
    found: list[str] = []
    for row in rows:
        name = f"{row['model']} on {row['questions']}"
        found += format_warnings(name, row["outcomes"])
        if failed := row["outcomes"].get("error"):
            found.append(f"{name}: {counted(failed, 'error')} in requests or checks ({commonest(row['errors'])}).")
    return found


def format_warnings(name: str, outcomes: Mapping[Verdict, int]) -> list[str]:
    """Return the warnings of one evaluation, of that name."""
    total, found = sum(outcomes.values()), []
    truncated, unread = outcomes.get("truncated", 0), outcomes.get("no_answer", 0)
    if truncated > TRUNCATED_LIMIT * total:
        found.append(
            f"{name}: {100 * truncated / total:.1f} % of the answers were cut off. "
            "Raise --max-tokens before reading this accuracy."
        )
    if unread > NO_ANSWER_LIMIT * total:
        found.append(
            f"{name}: no answer was found in {100 * unread / total:.1f} % of the completions. "
            "The accuracy measures the format more than the reasoning."
        )
    return found


def mistake_counts(found: Gathered) -> list[MistakeCounts]:
    """Count the classes of mistakes of each model on each list of questions."""
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for item in found.shown.values():
        for name in item.lists:
            for model, codes in item.mistakes.items():
                counts[name, model].update(codes)
    models = list(found.models)
    return [
        {
            "list": name,
            "model": model,
            "answers": codes.total(),
            "audited": codes.total() - codes[NOT_AUDITED],
            "counts": {kind: codes[MISTAKES[kind]] for kind in KINDS},
        }
        for (name, model), codes in sorted(counts.items(), key=lambda each: (each[0][0], models.index(each[0][1])))
    ]


def _step_accuracy(found: Gathered) -> dict[tuple[str, str], Steps]:
    """Return the shares of true claims by list and model; answers about one program are one cluster."""
    shares: defaultdict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    for item in found.shown.values():
        for name in item.lists:
            for model, values in item.steps.items():
                shares[name, model] += [(item.cluster, value) for value in values]
    return {
        key: {
            "share": percent(mean([value for _, value in pairs])),
            "interval": [percent(bound) for bound in clustered_interval(pairs)],
            "answers": len(pairs),
        }
        for key, pairs in shares.items()
    }


def _result(evaluation: Evaluation, label: str, steps: Steps | None) -> Result:
    summary = evaluation.summary
    written, answers = summary.get("completion_tokens"), summary.get("n_answers")
    right = summary.get("outcomes", {}).get("correct", 0)
    by_task = sorted(summary.get("by_task", {}).items(), key=lambda part: task_order(part[0]))
    return {
        **_figures(summary),
        "questions": evaluation.questions,
        "model": label,
        "identity": str(summary.get("model", evaluation.model)),
        "grader": summary.get("grader", ""),
        "style": summary.get("style", ""),
        "n_answers": answers,
        "errors": summary.get("errors", {}),
        "tokens": round(written / answers, 1) if written and answers else None,
        "right_per_1000_tokens": round(1000 * right / written, 3) if written and answers else None,
        "tasks": [{**_figures(part), "task": name} for name, part in by_task],
        "baselines": dict(summary.get("baselines", {})),
        "metrics": _metrics(summary),
        "steps": steps,
    }


def _figures(part: Numbers) -> Figures:
    outcomes = part.get("outcomes", {})
    more = [(name, value) for name, value in part.items() if name.startswith("pass@") and name != "pass@1"]
    return {
        "n_questions": part.get("n_questions"),
        "pass@1": part.get("pass@1"),
        "interval": part.get("interval"),
        "more": [(name, value) for name, value in more if isinstance(value, int | float)],
        "outcomes": {verdict: outcomes.get(verdict, 0) for verdict in VERDICTS},
    }


def _metrics(summary: Summary) -> list[tuple[str, float]]:
    """Flatten a benchmark's own numbers: `coverage f1`, `consistency`."""
    found: list[tuple[str, float]] = []
    for name, value in summary.get("metrics", {}).items():
        if isinstance(value, Mapping):
            found += [(f"{name} {part}", number) for part, number in value.items()]
        elif name != "pass@1":
            found.append((name, value))
    return found
