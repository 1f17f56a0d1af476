"""pass@k and intervals: closed formulas in pure Python, so that every score has its interval without any extra.

Statistics beyond that, McNemar's exact test and the logistic model, come from scipy and numpy (the `eval` extra).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

Z95 = 1.959963984540054  # the 97.5 % quantile of the normal distribution


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """Return the chance that at least one of `k` answers is right, estimated without bias from `samples` answers.

    Source: Chen et al. 2021 (arXiv:2107.03374), equation 1, as a running product. With fewer than `k` wrong answers
    it is 1, also where there are fewer than `k` answers, as in the published scorers.
    """
    if samples - correct < k:
        return 1.0
    missed = 1.0
    for count in range(samples - correct + 1, samples + 1):
        missed *= 1.0 - k / count
    return 1.0 - missed


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean; of nothing it is 0. Python's `sum` rounds in another way before 3.12 than after."""
    return math.fsum(values) / len(values) if values else 0.0


def percent(share: float, digits: int = 12) -> float:
    """Return a share in percent as decimal arithmetic gives it: 719 of 2,000 are 35.95, not 35.949999999999996."""
    return round(100 * share, digits)


def wilson_interval(successes: float, trials: int) -> tuple[float, float]:
    """Return the Wilson score interval of a share, 0 to 1; of no trials it is everything.

    Source: Wilson 1927, JASA 22. It stays inside 0 and 1 and is sound for few trials and for shares near the ends.
    """
    if trials <= 0:
        return 0.0, 1.0
    return _wilson(successes / trials, trials)


def clustered_error(scores: Iterable[tuple[str, float]]) -> float:
    """Return the standard error of a mean of (cluster, score), where scores of one cluster may be correlated.

    Source: Miller 2024 (arXiv:2411.00640), section 2.2; with the small-sample factor G / (G - 1) for G clusters.
    """
    pairs = list(scores)
    centre = mean([score for _, score in pairs])
    sums: dict[str, float] = defaultdict(float)
    for cluster, score in pairs:
        sums[cluster] += score - centre
    if len(sums) < 2:
        return 0.0
    correction = len(sums) / (len(sums) - 1)
    return math.sqrt(correction * math.fsum(value * value for value in sums.values())) / len(pairs)


def clustered_interval(scores: Iterable[tuple[str, float]]) -> tuple[float, float]:
    """Return the 95 % interval of the mean of (cluster, score in 0 to 1); the questions of a program are a cluster.

    It is the Wilson interval at the effective number of trials, which is the number of independent ones that would give
    the clustered standard error. Where the scores do not vary at all, every cluster counts as one trial.
    """
    pairs = list(scores)
    if not pairs:
        return 0.0, 1.0
    share = mean([score for _, score in pairs])
    error = clustered_error(pairs)
    clusters = len({cluster for cluster, _ in pairs})
    if error == 0 or not 0 < share < 1:
        return wilson_interval(share * clusters, clusters)
    effective = share * (1 - share) / (error * error)
    return _wilson(share, effective)


def _wilson(share: float, trials: float) -> tuple[float, float]:
    spread = Z95 * math.sqrt(share * (1 - share) / trials + Z95**2 / (4 * trials * trials))
    centre = share + Z95**2 / (2 * trials)
    scale = 1 + Z95**2 / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
