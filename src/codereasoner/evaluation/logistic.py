"""A logistic model of right answers by features, in pure Python: which feature matters when the others are held."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codereasoner.evaluation.metrics import Z95, mean

ROUNDS = 50
RIDGE = 1e-6  # keeps the system solvable where features are copies of one another


@dataclass(frozen=True)
class Effect:
    """What one feature does: the odds of a right answer are multiplied by `odds` for each standard deviation."""

    feature: str
    odds: float
    interval: tuple[float, float]  # 95 %, of the odds
    p_value: float  # two-sided, of no effect
    deviation: float  # the standard deviation, in the feature's own unit


def logistic(rows: Sequence[tuple[Mapping[str, Any], float]], names: Sequence[str]) -> list[Effect]:
    """Fit rows of (features, share of right answers); features that are missing or do not vary are left out.

    Newton's method on the likelihood of a Bernoulli share, features standardised (McCullagh and Nelder 1989, 4.4).
    """
    used, kept = _usable(rows, names)
    if not used or len(kept) <= len(used) + 1:
        return []
    centres = {name: mean([float(features[name]) for features, _ in kept]) for name in used}
    spreads = {
        name: math.sqrt(mean([(float(features[name]) - centres[name]) ** 2 for features, _ in kept])) for name in used
    }
    table = [[1.0, *((float(row[name]) - centres[name]) / spreads[name] for name in used)] for row, _ in kept]
    weights, covariance = _fit(table, [share for _, share in kept])
    effects = []
    for place, name in enumerate(used, start=1):
        error = math.sqrt(max(covariance[place][place], 0.0))
        low, high = (_exp(weights[place] + sign * Z95 * error) for sign in (-1, 1))
        p_value = math.erfc(abs(weights[place]) / (error or 1e-12) / math.sqrt(2))
        effects.append(Effect(name, _exp(weights[place]), (low, high), p_value, spreads[name]))
    return effects


def _usable(
    rows: Sequence[tuple[Mapping[str, Any], float]], names: Sequence[str]
) -> tuple[list[str], list[tuple[Mapping[str, Any], float]]]:
    """The features that some row has and that vary, and the rows that have all of them."""
    held = [name for name in names if any(features.get(name) is not None for features, _ in rows)]
    kept = [(features, share) for features, share in rows if all(features.get(name) is not None for name in held)]
    return [name for name in held if len({features[name] for features, _ in kept}) > 1], kept


def _fit(table: Sequence[Sequence[float]], shares: Sequence[float]) -> tuple[list[float], list[list[float]]]:
    """The weights and their covariance."""
    size = len(table[0])
    weights = [0.0] * size
    information = [[0.0] * size for _ in range(size)]
    for _ in range(ROUNDS):
        gradient = [-RIDGE * weight for weight in weights]
        information = [[RIDGE * (row == column) for column in range(size)] for row in range(size)]
        for values, share in zip(table, shares, strict=True):
            chance = 1 / (1 + _exp(-sum(weight * value for weight, value in zip(weights, values, strict=True))))
            spread = chance * (1 - chance)
            for row in range(size):
                gradient[row] += (share - chance) * values[row]
                for column in range(size):
                    information[row][column] += spread * values[row] * values[column]
        step = [sum(a * b for a, b in zip(row, gradient, strict=True)) for row in _inverse(information)]
        weights = [weight + change for weight, change in zip(weights, step, strict=True)]
        if max(map(abs, step)) < 1e-9:
            break
    return weights, _inverse(information)


def _inverse(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """Gauss and Jordan, with the largest pivot."""
    size = len(matrix)
    rows = [[*map(float, row), *(float(place == column) for column in range(size))] for place, row in enumerate(matrix)]
    for place in range(size):
        pivot = max(range(place, size), key=lambda index: abs(rows[index][place]))
        rows[place], rows[pivot] = rows[pivot], rows[place]
        scale = rows[place][place] or RIDGE
        rows[place] = [value / scale for value in rows[place]]
        for other in range(size):
            if other != place and rows[other][place]:
                factor = rows[other][place]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[place], strict=True)]
    return [row[size:] for row in rows]


def _exp(value: float) -> float:
    return math.exp(max(-700.0, min(700.0, value)))
