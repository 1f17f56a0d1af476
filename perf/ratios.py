"""Ratios of ways that take turns: the median of the turns, and their spread."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

ROUNDS = 5
"""Turns of each way, at least: other load comes and goes between two of them."""


class Ratio(TypedDict):
    """How many times as fast one way is as another, over the turns."""

    median: float
    low: float
    high: float
    rounds: int


def alternate(ways: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Return what each way measures in each turn; in a turn every way is measured once."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
    return found


def ratio(above: Sequence[float], below: Sequence[float]) -> Ratio:
    """Return the ratio of two ways, turn by turn."""
    ratios = [one / other for one, other in zip(above, below, strict=True)]
    median, low, high = (round(each, 3) for each in (statistics.median(ratios), min(ratios), max(ratios)))
    return {"median": median, "low": low, "high": high, "rounds": len(ratios)}
