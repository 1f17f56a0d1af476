"""The shapes of grades.jsonl, summary.json and scores, and how graded answers are counted.

All shares are in percent. "interval" is the 95 % interval of pass@1, clustered by program; it is absent, and pass@k
too, where a question has fewer than one, or k, answers.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NotRequired, TypeAlias, TypedDict

from codereasoner.evaluation.metrics import clustered_interval, mean, pass_at_k, percent
from codereasoner.extend import Unjudged
from codereasoner.records import Json
from codereasoner.task import VERDICTS, Question, Verdict

Grader = Literal["strict", "official"]
PassName = Literal["pass@1", "pass@3", "pass@5", "pass@10"]
Metrics: TypeAlias = Mapping[str, float | Mapping[str, float]]
"""The numbers that a benchmark has in addition to pass@k, such as REval's consistency."""

PASS_AT: Mapping[PassName, int] = {"pass@1": 1, "pass@3": 3, "pass@5": 5, "pass@10": 10}

_Passes = TypedDict("_Passes", {"pass@1": float, "pass@3": float, "pass@5": float, "pass@10": float}, total=False)


class Numbers(_Passes, total=False):
    """Counts over a list of questions."""

    n_questions: int
    n_answers: int
    interval: list[float]
    outcomes: dict[Verdict, int]


class GradeRow(TypedDict):
    """A row of grades.jsonl: which answer it is of, and the fields of its Grade."""

    id: str
    question: str
    task: str
    sample: int
    outcome: Verdict
    answer: str | None
    reason: str
    parts: Mapping[str, float]
    credit: float | None


class Counted(Numbers, total=False):
    """The numbers of all questions, and those of each task."""

    by_task: dict[str, Numbers]


class Summary(Counted, total=False):
    """The content of summary.json; an earlier version, or another program, may have left fields out."""

    benchmark: str
    model: str  # the name the user gave it
    identity: str  # what distinguishes it from every model that can answer otherwise
    style: str
    sampling: dict[str, Json]
    grader: Grader
    prompt_tokens: int
    completion_tokens: int
    dollars: float
    errors: dict[str, int]  # how often each reason left an answer out
    seconds: float
    baselines: dict[str, float]
    metrics: Metrics


class Example(TypedDict):
    """One answer of a generations file."""

    id: str
    sample: int
    answer: str | None


class GraderDifference(TypedDict):
    """Answers on which the graders disagree for one reason."""

    official: str
    strict: str
    reason: str
    count: int
    example: Example


class FeatureBin(TypedDict):
    """The accuracy on the questions whose feature is between `low` and `high`."""

    feature: str
    low: float
    high: float
    questions: int
    accuracy: float
    interval: list[float]


class FeatureEffect(TypedDict):
    """The effect of one feature: each standard deviation multiplies the odds of a right answer by `odds`."""

    feature: str
    odds: float
    interval: tuple[float, float]  # of the odds
    p_value: float  # two-sided, of no effect
    deviation: float  # the standard deviation, in the feature's own unit


class ByFeature(TypedDict):
    """Accuracy by each feature, and a logistic model of all of them together."""

    accuracy: list[FeatureBin]
    logistic: list[FeatureEffect]
    left_out: NotRequired[str]  # why there is no logistic model


class UnjudgedAnswers(TypedDict):
    """The answers on which the published scorer cannot decide here."""

    count: int
    verdicts_taken_from_the_file: int
    answers: list[Unjudged]


class GraderNumbers(Numbers):
    """The numbers of one grader; those of the benchmark's own metrics are added to them."""

    grader: Grader


class Score(GraderNumbers):
    """The score of one file of generations."""

    benchmark: str
    reasons: dict[str, int]  # behind every outcome but correct
    by_feature: NotRequired[ByFeature]
    unavailable: NotRequired[dict[str, str]]  # records that cannot be asked here, by id, with the reason
    unjudged: NotRequired[UnjudgedAnswers]
    left_out: NotRequired[str]  # why the other grader has no numbers
    other: NotRequired[GraderNumbers]
    differences: NotRequired[list[GraderDifference]]


class ModelScores(TypedDict):
    """The scores of a folder with the generations of several models."""

    benchmark: str
    grader: Grader
    models: dict[str, Score]


def accuracy(part: Mapping[str, object], k: int = 1) -> str:
    """Return pass@k, for k = 1 with its 95 % interval, `62.5 % [57.6, 67.2]`; a dash where there is none."""
    value, interval = part.get(f"pass@{k}"), part.get("interval") if k == 1 else None
    if value is None:
        return "-"
    bounds = f" [{interval[0]:.1f}, {interval[1]:.1f}]" if isinstance(interval, Sequence) and interval else ""
    return f"{value:.1f} %{bounds}"


def count_answers(
    questions: Sequence[Question],
    outcomes: Mapping[str, Sequence[Verdict]],
    counted: Mapping[str, Sequence[bool]] | None = None,
) -> Numbers:
    """Count the outcomes of the answers by question id; `counted` are the verdicts that enter pass@k, if not all do."""
    right = counted or {name: [outcome == "correct" for outcome in row] for name, row in outcomes.items()}
    samples = min((len(outcomes.get(question.id, ())) for question in questions), default=0)
    ids = dict.fromkeys(question.id for question in questions)
    all_outcomes = Counter(outcome for name in ids for outcome in outcomes.get(name, ()))
    numbers: Numbers = {
        "n_questions": len(questions),
        "n_answers": all_outcomes.total(),
        "outcomes": {verdict: all_outcomes[verdict] for verdict in VERDICTS},
    }
    for name, k in PASS_AT.items():
        if k <= samples:
            chances = [pass_at_k(len(right[question.id]), sum(right[question.id]), k) for question in questions]
            numbers[name] = percent(mean(chances))
    if samples:
        shares = [(question.program or question.id, mean(right[question.id])) for question in questions]
        numbers["interval"] = [percent(bound) for bound in clustered_interval(shares)]
    return numbers


def count_grades(questions: Sequence[Question], grades: Iterable[GradeRow]) -> Counted:
    """Count the rows of grades.jsonl, in all and by task."""
    outcomes: dict[str, list[Verdict]] = defaultdict(list)
    for row in grades:
        outcomes[row["question"]].append(row["outcome"])
    tasks = sorted({question.task for question in questions})
    by_task = {task: count_answers([each for each in questions if each.task == task], outcomes) for task in tasks}
    return {**count_answers(questions, outcomes), "by_task": by_task}
