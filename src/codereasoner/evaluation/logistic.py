"""A logistic model of right answers by features: which feature matters when the others are held?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from codereasoner.errors import import_extra
from codereasoner.evaluation.metrics import Z95
from codereasoner.evaluation.results import FeatureEffect

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[float64]

Features: TypeAlias = Mapping[str, float | None]

ROUNDS = 50  # Newton's method converges in under ten where it converges at all
RIDGE = 1e-6  # keeps the system solvable where features are copies of one another
MOST = 700.0  # exp() of more overflows


def logistic(rows: Sequence[tuple[Features, float]], names: Sequence[str]) -> list[FeatureEffect]:
    """Fit rows of (features, share of right answers); features that are missing or do not vary are left out.

    Newton's method on the likelihood of a Bernoulli share, features standardised (McCullagh and Nelder 1989, 4.4).

    Raises:
        MissingExtra: numpy or scipy is not installed.
    """
    held = [name for name in names if any(features.get(name) is not None for features, _ in rows)]
    kept = [(features, share) for features, share in rows if all(features.get(name) is not None for name in held)]
    used = [name for name in held if len({features[name] for features, _ in kept}) > 1]
    if not used or len(kept) <= len(used) + 1:
        return []
    numpy, norm = import_extra("numpy", "eval"), import_extra("scipy.stats", "eval").norm
    table = numpy.array([[features[name] for name in used] for features, _ in kept], float)
    deviations = table.std(axis=0)
    design = numpy.column_stack([numpy.ones(len(kept)), (table - table.mean(axis=0)) / deviations])
    weights, covariance = _fit(design, numpy.array([share for _, share in kept], float))
    errors = numpy.sqrt(covariance.diagonal().clip(1e-24))
    bounds = numpy.exp((weights + Z95 * errors * numpy.array([[-1], [1]])).clip(-MOST, MOST))
    p_values = 2 * norm.sf(abs(weights) / errors)
    return [
        {
            "feature": name,
            "odds": float(numpy.exp(weights[place].clip(-MOST, MOST))),
            "interval": (float(bounds[0, place]), float(bounds[1, place])),
            "p_value": float(p_values[place]),
            "deviation": float(deviations[place - 1]),
        }
        for place, name in enumerate(used, start=1)
    ]


def _fit(design: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Return the weights and their covariance."""
    numpy = import_extra("numpy", "eval")
    weights = numpy.zeros(design.shape[1])
    for _ in range(ROUNDS):
        chances = 1 / (1 + numpy.exp((-design @ weights).clip(-MOST, MOST)))
        information = (design.T * (chances * (1 - chances))) @ design + RIDGE * numpy.eye(len(weights))
        step = numpy.linalg.solve(information, design.T @ (shares - chances) - RIDGE * weights)
        weights = weights + step
        if abs(step).max() < 1e-9:
            break
    return weights, numpy.linalg.inv(information)
