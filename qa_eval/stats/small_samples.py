"""Corrections for what a bootstrap cannot see: few clusters, and clusters that all agree."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
FEWEST_CLUSTERS = 8
"""Least number of clusters for which intervals are computed and models are ranked. With fewer, resampling
would promise too much."""


def wilson(successes: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion. It is (0, 1) if n is 0, since nothing was observed.

    The number of successes may be fractional. The low end is exactly 0 if there are no successes, and the
    high end is exactly 1 if all succeed. Raises ValueError unless 0 <= successes <= n.

    Source: Wilson (1927).

    >>> low, high = wilson(8, 8)
    >>> round(low, 4), high
    (0.6756, 1.0)
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}")
    if n == 0:
        return 0.0, 1.0
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def unseen_share(clusters: int, confidence: float) -> float:
    """An upper bound on the share of clusters unlike the observed ones, if all observed clusters agree.

    It is the high end of Wilson's interval for 0 successes. Call it u, and let c be the common value. If the
    other clusters may have any value in [lower, upper], the mean is between (1 - u) c + u lower and (1 - u) c
    + u upper. For c = 0 or c = 1 in [0, 1] this is Wilson's interval.
    """
    return wilson(0, clusters, confidence)[1]


@lru_cache(maxsize=1024)
def widened_z(clusters: int, confidence: float) -> float:
    """The normal quantile of a two-sided bootstrap interval, widened for few clusters.

    A bootstrap takes the observed spread, with divisor Q in place of Q - 1, for the true spread of the Q
    clusters. So the quantile is that of Student's t with Q - 1 degrees of freedom, times sqrt(Q / (Q - 1)).
    From 1000 clusters on it is the plain normal quantile. `clusters` is at least 2.

    Source: Hesterberg, What Teachers Should Know About the Bootstrap (2015), expanded percentile intervals.

    >>> round(widened_z(10, 0.95), 3), round(widened_z(80, 0.95), 3), round(widened_z(5000, 0.95), 3)
    (2.385, 2.003, 1.96)
    """
    if clusters >= 1000:
        return _NORMAL.inv_cdf((1 + confidence) / 2)
    low, high = 0.0, math.pi / 2
    # Bisection over the angle of `_inside`, to the last bit.
    for _ in range(64):
        middle = (low + high) / 2
        low, high = (middle, high) if _inside(middle, clusters - 1) < confidence else (low, middle)
    return math.tan(low) * math.sqrt(clusters)


def _inside(angle: float, freedom: int) -> float:
    """P(|T| <= sqrt(freedom) tan(angle)) of Student's t, by its finite series for whole `freedom`."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for k in range(1 + odd, freedom, 2):
        total += term
        term *= cosine * cosine * k / (k + 1)
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def student_quantile(freedom: int, confidence: float) -> float:
    """The two-sided quantile of Student's t.

    >>> round(student_quantile(10, 0.95), 3)
    2.228
    """
    return widened_z(freedom + 1, confidence) * math.sqrt(freedom / (freedom + 1))


def noncentral_shift(critical: float, freedom: int, power: float) -> float:
    """The noncentrality at which a noncentral t exceeds `critical` with probability `power`.

    The result is approximate: from 7 degrees of freedom on the power is right to .005.

    Source: Abramowitz and Stegun, 26.7.10.

    >>> round(noncentral_shift(2.228, 10, 0.8), 2)
    3.11
    """
    spread = math.sqrt(1 + critical * critical / (2 * freedom))
    return critical * (1 - 1 / (4 * freedom)) + _NORMAL.inv_cdf(power) * spread
