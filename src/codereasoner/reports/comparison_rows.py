"""The rows of a comparison: two models, or two versions of the questions, in pairs."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from codereasoner.evaluation.paired_comparison import PairedDifference

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
