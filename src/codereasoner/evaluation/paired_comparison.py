"""Paired comparison of two models on the same questions: which is better, and on which questions.

    difference   mean over the questions of (share of right answers of the second - of the first)
    interval     +- 1.96 standard errors of it, questions about one program being one cluster
    gained       questions on which the second model has a larger share of right answers; lost: a smaller one
    p            McNemar's exact test of gained against lost

Sources: Miller 2024 (arXiv:2411.00640), sections 2.2 and 4.2; McNemar 1947, Psychometrika 12. A comparison of pairs is
sharper than two intervals side by side: what makes a question hard for both models cancels. McNemar's test takes the
questions as independent and the interval does not, so where programs have several questions, believe the interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from codereasoner.errors import import_extra
from codereasoner.evaluation.metrics import Z95, clustered_error, mean, percent


@dataclass(frozen=True)
class Pair:
    """One question that both models answered."""

    cluster: str  # the program
    first: float  # the share of the first model's answers that are right, 0 to 1
    second: float


class PairedDifference(TypedDict):
    """The difference of two models on the same questions; shares in percent."""

    questions: int
    first: float
    second: float
    difference: float
    interval: list[float] | None  # None with fewer than two clusters
    gained: int
    lost: int
    p: NotRequired[float]  # McNemar's, of all questions
    label: NotRequired[str]  # of a bin, where the questions are those with a like feature


def paired(pairs: Sequence[Pair]) -> PairedDifference:
    """Compare two models question by question."""
    scores = [(pair.cluster, pair.second - pair.first) for pair in pairs]
    centre, error = mean([score for _, score in scores]), clustered_error(scores)
    several = len({cluster for cluster, _ in scores}) > 1
    bounds = [percent(max(-1.0, min(1.0, centre + sign * Z95 * error)), 3) for sign in (-1, 1)]
    return {
        "questions": len(pairs),
        "first": percent(mean([pair.first for pair in pairs]), 3),
        "second": percent(mean([pair.second for pair in pairs]), 3),
        "difference": percent(centre, 3),
        "interval": bounds if several else None,
        "gained": sum(score > 0 for _, score in scores),
        "lost": sum(score < 0 for _, score in scores),
    }


def mcnemar(gained: int, lost: int) -> float:
    """Return the two-sided p of McNemar's exact test: how likely so uneven a split is where neither model is better.

    Questions on which both do equally well say nothing about which is better and do not enter. With several samples
    of each question it is the sign test of the questions' shares, which is the same for one sample.

    Raises:
        MissingExtra: scipy is not installed.
    """
    if gained + lost == 0:
        return 1.0
    stats = import_extra("scipy.stats", "eval")
    return float(stats.binomtest(gained, gained + lost, 0.5).pvalue)
