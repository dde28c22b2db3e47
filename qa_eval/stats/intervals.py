"""Interval estimates by resampling clusters.

A score over questions is a ratio of sums, or a weighted sum of such ratios. The answers to one question over
several articles are not independent. So whole clusters are drawn with replacement, and the ratio is computed
over the draw. Intervals are BCa (Efron, 1987), corrected for bias and skewness, with the quantiles widened
for few clusters. Both corrections matter. The table shows how often a 95 % interval covers the true score, in
simulations of clustered right and wrong answers:

| true score | clusters | plain percentile | this module |
|------------|----------|------------------|-------------|
| 0.5, 0.8   | 5 to 20  | 85 to 95 %       | 92 to 96 %  |
| 0.95       | 40, 80   | 88 to 93 %       | 94 to 96 %  |

If most clusters agree exactly on a part of a score (all are right, for example, or all but one are wrong),
the draws hide how often clusters unlike them occur. There the interval reaches at least as far as if all
clusters agreed, by the share of clusters that may have gone unseen. The parts of such a score are then
combined as the root of the sum of their squares (MOVER, Zou and Donner, 2008). With fewer than
`FEWEST_CLUSTERS` clusters there is no interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qa_eval.records import Estimate
from qa_eval.stats.draws import FloatArray, cluster_counts
from qa_eval.stats.small_samples import FEWEST_CLUSTERS, unseen_share, widened_z

_NORMAL = NormalDist()
_ZERO_WIDTH = 1e-9
"""Width below which an interval counts as having none. Smaller widths are rounding errors."""
_TIE = 1e-10
"""Distance from the value within which a draw counts as equal to it. Only `summable`'s rounding is that
small."""
_BATCH = 64
"""Number of estimates that are resampled together: enough for fast matrix products, few enough for memory."""
_ENTRIES = 1 << 20
"""Number of item weights that are in memory at a time (8 MB)."""
_ALONE = 1 << 18
"""Number of multiplications in a matrix product that OpenBLAS leaves to one thread. It divides a larger one
among threads, and these wait for each other longer than they multiply."""
_FEWEST_ROWS = 4
"""Number of resamples below which products of that size are too narrow to be fast."""
_JACKKNIFED = 2000
"""Largest number of clusters for which a statistic of rows is jackknifed to correct its interval for
skewness. With more clusters the jackknife costs more than the resamples and corrects almost nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One weighted ratio of sums over clusters: weight * sum(numerator) / sum(denominator)."""

    weight: float
    numerator: FloatArray
    """Sums of the items' values, one for each cluster."""
    denominator: FloatArray
    """Numbers (or weights) of the items, one for each cluster. None is negative, and not all are zero."""


def ratio_estimate(
    terms: Sequence[Term],
    *,
    n: int,
    resamples: int = 9999,
    seed: int = 0,
    confidence: float = 0.95,
    lower: float = 0.0,
    upper: float = 1.0,
) -> Estimate:
    """The sum of weighted ratios with its cluster-bootstrap interval.

    Clusters whose denominators are all zero carry no information and are left out. Resamples that leave a
    term without a denominator are ignored. If resampling cannot move the value (all right, all wrong), the
    interval is Wilson's; the field `method` says so. On fewer than `FEWEST_CLUSTERS` clusters both ends are
    None and the method is `too-few`.

    Args:
        terms: The weighted ratios, all over the same clusters.
        n: Number of items that the estimate reports.
        resamples: Number of bootstrap resamples.
        seed: Seed of the draws.
        confidence: Level of the interval, between 0 and 1.
        lower: Least value that the ratio of a term can have.
        upper: Greatest value that the ratio of a term can have.

    Raises:
        ValueError: There are no terms, lengths differ, a value is not finite, a denominator is negative, or
            all denominators of a term are zero. The caller decides whether such a score exists.

    >>> right = np.array([2.0, 0.0, 1.0, 2.0, 2.0, 0.0, 1.0, 2.0])
    >>> e = ratio_estimate([Term(weight=1.0, numerator=right, denominator=np.full(8, 2.0))], n=16)
    >>> e.value, e.method, e.n, e.clusters
    (0.625, 'bca', 16, 8)
    """
    return ratio_estimates(
        [(terms, n)], resamples=resamples, seed=seed, confidence=confidence, lower=lower, upper=upper
    )[0]


def ratio_estimates(
    requests: Sequence[tuple[Sequence[Term], int]],
    *,
    resamples: int = 9999,
    seed: int = 0,
    confidence: float = 0.95,
    lower: float = 0.0,
    upper: float = 1.0,
) -> list[Estimate]:
    """`ratio_estimate` of each (terms, n), in order. It gives the same results several times faster."""
    problems = [_Ratios.of(terms) for terms, _ in requests]
    by_clusters: dict[int, list[int]] = {}
    found: dict[int, Estimate] = {}

    def estimate(i: int, sums: FloatArray) -> None:
        found[i] = problems[i].estimate(sums, requests[i][1], confidence=confidence, lower=lower, upper=upper)

    for index, problem in enumerate(problems):
        if problem.is_fixed:
            estimate(index, problem.columns.sum(axis=1, keepdims=True))
        else:
            by_clusters.setdefault(problem.clusters, []).append(index)
    for members in by_clusters.values():
        for start in range(0, len(members), _BATCH):
            batch = members[start : start + _BATCH]
            # Many estimates have columns in common, such as the numbers of items.
            columns = {column.tobytes(): column for i in batch for column in problems[i].columns}
            resampled = _resampled(np.array([*columns.values()]), resamples, seed)
            sums = dict(zip(columns, resampled, strict=True))
            for i in batch:
                estimate(i, np.array([sums[column.tobytes()] for column in problems[i].columns]))
    return [found[i] for i in range(len(requests))]


def _resampled(columns: FloatArray, resamples: int, seed: int) -> FloatArray:
    """The sums of these columns of clusters over each resample: (columns, resamples)."""
    clusters = columns.shape[1]
    rows = _ALONE // columns.size
    if rows < _FEWEST_ROWS:
        rows = max(1, _ENTRIES // clusters)
    sums, done = np.empty((len(columns), resamples)), 0
    for block in cluster_counts(clusters, resamples, seed):
        for at in range(0, len(block), rows):
            counts = block[at : at + rows].astype(np.float64)
            np.matmul(columns, counts.T, out=sums[:, done : done + len(counts)])
            done += len(counts)
    return sums


def linear_contributions(terms: Sequence[Term]) -> FloatArray:
    """Contributions to the score, one for each cluster: sum over terms of weight * numerator / total
    denominator.

    They add up to the score. Sign flips act on the differences of two models' contributions. Raises
    ValueError as `ratio_estimate` does.
    """
    _checked(terms)
    parts = [t.weight * np.asarray(t.numerator) / np.sum(t.denominator) for t in terms]
    total: FloatArray = np.sum(parts, axis=0)
    return total


def weighted_estimate(
    statistic: Callable[[FloatArray], float | None],
    value: float,
    clusters: ArrayLike,
    n: int,
    *,
    resamples: int = 999,
    seed: int = 0,
    confidence: float = 0.95,
    lower: float = 0.0,
    upper: float = 1.0,
) -> Estimate:
    """A cluster-bootstrap interval for any statistic of weighted items, such as a ranking metric.

    `rowwise_estimate` does the same faster.

    Args:
        statistic: Takes one weight for each item. Resamples for which it returns None are ignored.
        value: The statistic under equal weights.
        clusters: The cluster of each item. A resample weights an item by how often its cluster was drawn.
        n: Number of items that the estimate reports.
        resamples: Number of bootstrap resamples.
        seed: Seed of the draws.
        confidence: Level of the interval, between 0 and 1.
        lower: Least value that the statistic can have.
        upper: Greatest value that the statistic can have.
    """

    def rows(weights: FloatArray) -> FloatArray:
        values = [statistic(row) for row in weights]
        return np.array([v for v in values if v is not None], dtype=np.float64)

    return rowwise_estimate(
        rows,
        value,
        clusters,
        n,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
        lower=lower,
        upper=upper,
    )


def rowwise_estimate(
    statistic: Callable[[FloatArray], FloatArray],
    value: float,
    clusters: ArrayLike,
    n: int,
    *,
    resamples: int = 999,
    seed: int = 0,
    confidence: float = 0.95,
    lower: float = 0.0,
    upper: float = 1.0,
) -> Estimate:
    """`weighted_estimate` for a statistic that takes a matrix of weights (resamples, items) and returns its
    values.

    The statistic returns no value for rows where it is undefined. Raises ValueError if there are no items.
    """
    _, place = np.unique(np.asarray(clusters), return_inverse=True)
    if not place.size:
        raise ValueError("no items, so no estimate")
    step = max(1, _ENTRIES // place.size)

    def values(counts: NDArray[Any]) -> FloatArray:
        parts = [counts[at : at + step].astype(np.float64) for at in range(0, len(counts), step)]
        return np.concatenate([statistic(part.take(place, axis=1)) for part in parts])

    return counted_estimate(
        values,
        value,
        int(place.max()) + 1,
        n,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
        lower=lower,
        upper=upper,
    )


def counted_estimate(
    statistic: Callable[[NDArray[np.integer[Any]]], FloatArray],
    value: float,
    clusters: int,
    n: int,
    *,
    fixed: bool = False,
    resamples: int = 999,
    seed: int = 0,
    confidence: float = 0.95,
    lower: float = 0.0,
    upper: float = 1.0,
) -> Estimate:
    """A cluster-bootstrap interval for a statistic that takes a matrix of counts (resamples, clusters), which
    say how often each cluster occurs, and returns its values.

    The statistic returns no value for rows where it is undefined. If `fixed`, the statistic has this value
    for all rows, and is not computed. With more than 2,000 clusters the interval is a percentile interval. On
    fewer than `FEWEST_CLUSTERS` clusters there is none. The other arguments are those of `weighted_estimate`.
    """
    if clusters < FEWEST_CLUSTERS:
        return _estimate(value, (None, None), "too-few", n=n, clusters=clusters)
    draws, jackknife = np.array([value]), np.empty(0)
    if not fixed:
        blocks = cluster_counts(clusters, resamples, seed)
        draws = np.concatenate([statistic(block) for block in blocks])
        if clusters <= _JACKKNIFED:
            jackknife = statistic(1 - np.eye(clusters, dtype=np.uint8))
    slack = unseen_share(clusters, confidence)
    wide = ((1 - slack) * value + slack * lower, (1 - slack) * value + slack * upper)
    low, high, method = _interval(
        draws, value, jackknife, clusters=clusters, confidence=confidence, unmoved=wide
    )
    return _estimate(value, (low, high), method, n=n, clusters=clusters)


# ------------------------------------------------------------------------------------------ inside


@dataclass(frozen=True, slots=True)
class _Ratios:
    """Terms that passed the checks, without the clusters that carry no information."""

    weights: FloatArray
    columns: FloatArray
    """Numerators, then denominators: (2 * terms, clusters)."""
    value: float
    """Sum of the weighted ratios, computed before the columns were made summable."""

    @classmethod
    def of(cls, terms: Sequence[Term]) -> _Ratios:
        numerators, denominators = _checked(terms)
        weights = np.array([t.weight for t in terms], dtype=np.float64)
        speaking = np.any(denominators > 0, axis=0)
        columns = np.concatenate([numerators, denominators])[:, speaking]
        ratios = columns[: len(terms)].sum(axis=1) / columns[len(terms) :].sum(axis=1)
        return cls(weights, summable(columns), float((weights * ratios).sum()))

    @property
    def clusters(self) -> int:
        return int(self.columns.shape[1])

    @property
    def is_fixed(self) -> bool:
        """Whether every resample has the same value, because the ratio of each term is 0 or 1 everywhere. One
        draw then tells as much as thousands.
        """
        half = len(self.weights)
        numerators, denominators = self.columns[:half], self.columns[half:]
        return all(
            not numerator.any() or np.array_equal(numerator, denominator)
            for numerator, denominator in zip(numerators, denominators, strict=True)
        )

    def values(self, sums: FloatArray) -> FloatArray:
        """The value for each column of `sums` (2 * terms, resamples). Columns where it is undefined are left
        out.
        """
        half = len(self.weights)
        # Rounding may leave a jackknifed denominator slightly above zero.
        floor = 1e-12 * self.columns[half:].sum(axis=1)
        defined = np.all(sums[half:] > floor[:, None], axis=0)
        if not defined.all():
            sums = sums[:, defined]
        # Term by term, because a product of matrices may round differently on another machine.
        result: FloatArray = np.zeros(sums.shape[1])
        for weight, numerator, denominator in zip(self.weights, sums[:half], sums[half:], strict=True):
            result += weight * (numerator / denominator)
        return result

    def estimate(
        self, sums: FloatArray, n: int, *, confidence: float, lower: float, upper: float
    ) -> Estimate:
        low: float | None = None
        high: float | None = None
        method = "too-few"
        if self.clusters >= FEWEST_CLUSTERS:
            low, high, method = self._interval(sums, confidence)
            below, above = self._reach(sums, confidence, lower, upper, stuck=method == "wilson")
            least, most = self._range(lower, upper)
            low, high = max(least, min(low, self.value - below)), min(most, max(high, self.value + above))
        return _estimate(self.value, (low, high), method, n=n, clusters=self.clusters)

    def _interval(self, sums: FloatArray, confidence: float) -> tuple[float, float, str]:
        """The interval of the whole score, with its method.

        If resampling cannot move the score, the interval has zero width and its method is `wilson`.
        """
        total = self.columns.sum(axis=1, keepdims=True)
        return _interval(
            self.values(sums),
            self.value,
            self.values(total - self.columns),
            clusters=self.clusters,
            confidence=confidence,
            unmoved=(self.value, self.value),
        )

    def _range(self, lower: float, upper: float) -> tuple[float, float]:
        """The least and the greatest value that the score can have."""
        ends = [sorted((weight * lower, weight * upper)) for weight in self.weights.tolist()]
        return sum(end for end, _ in ends), sum(end for _, end in ends)

    def _reach(
        self, sums: FloatArray, confidence: float, lower: float, upper: float, *, stuck: bool
    ) -> tuple[float, float]:
        """How far below and above the value the terms reach, combined as if they were independent.

        Both are 0 if there is no term on which most clusters agree. With `stuck`, all terms count as such.
        """
        half = len(self.weights)
        agreed = [stuck or _most_agree(self.columns[i], self.columns[half + i]) for i in range(half)]
        if not any(agreed):
            return 0.0, 0.0
        ends = []
        for number, weight in enumerate(self.weights):
            numerator, denominator = self.columns[number], self.columns[half + number]
            ratio = float(numerator.sum() / denominator.sum())
            alone = _Ratios(np.ones(1), self.columns[[number, half + number]], ratio)
            low, high, _ = alone._interval(sums[[number, half + number]], confidence)
            if agreed[number]:
                slack = unseen_share(int(np.count_nonzero(denominator)), confidence) * (upper - lower)
                low = min(low, max(lower, ratio - slack))
                high = max(high, min(upper, ratio + slack))
            ends.append(sorted((weight * (low - ratio), weight * (high - ratio))))
        return math.hypot(*(end for end, _ in ends)), math.hypot(*(end for _, end in ends))


def _most_agree(numerator: FloatArray, denominator: FloatArray) -> bool:
    """Whether more than half of the clusters have exactly the same ratio."""
    counted = denominator > 0
    ratios = np.round(numerator[counted] / denominator[counted], 9)
    _, sizes = np.unique(ratios, return_counts=True)
    return bool(2 * sizes.max() > ratios.size)


def _estimate(
    value: float, ends: tuple[float | None, float | None], method: str, *, n: int, clusters: int
) -> Estimate:
    """The estimate. Its interval holds its value, whatever the rounding."""
    low, high = ends
    return Estimate(
        value=value,
        low=None if low is None else min(low, value),
        high=None if high is None else max(high, value),
        method=method,
        n=n,
        clusters=clusters,
    )


def _checked(terms: Sequence[Term]) -> tuple[FloatArray, FloatArray]:
    if not terms:
        raise ValueError("no terms, so no estimate")
    if len({np.shape(a) for t in terms for a in (t.numerator, t.denominator)}) != 1:
        raise ValueError("the terms are not over the same clusters")
    numerators = np.array([t.numerator for t in terms], dtype=np.float64)
    denominators = np.array([t.denominator for t in terms], dtype=np.float64)
    if not (np.isfinite(numerators).all() and np.isfinite(denominators).all()):
        raise ValueError("a numerator or denominator is not finite")
    if np.any(denominators < 0) or not np.all(denominators.sum(axis=1) > 0):
        raise ValueError("a term's denominators must not be negative and not all be zero")
    return numerators, denominators


def summable(columns: FloatArray) -> FloatArray:
    """The columns with each row rounded to a binary fraction so coarse that the sum of a resample is exact.

    Whole numbers do not change. Other values change by less than 1e-11 in a thousand clusters. The sums do
    not depend on the order of addition, so equal seeds give equal intervals on any machine and with any
    number of threads.
    """
    if not columns.size:
        return columns
    largest = columns.shape[1] * np.abs(columns).max(axis=1, keepdims=True)
    spare = 52 - np.frexp(largest)[1]
    result: FloatArray = np.ldexp(np.rint(np.ldexp(columns, spare)), -spare)
    return result


def _interval(
    draws: FloatArray,
    value: float,
    jackknife: FloatArray,
    *,
    clusters: int,
    confidence: float,
    unmoved: tuple[float, float],
) -> tuple[float, float, str]:
    """The low end, the high end and the method. The ends are `unmoved` if the draws do not vary."""
    draws = np.sort(draws)
    if draws.size and draws[-1] - draws[0] > _ZERO_WIDTH:
        z = widened_z(clusters, confidence)
        levels = _bca_levels(draws, value, jackknife, z)
        method = "percentile" if levels is None else "bca"
        low, high = (_quantile(draws, level) for level in levels or (_NORMAL.cdf(-z), _NORMAL.cdf(z)))
        # The width is still zero if all the spread is in the tails that are cut off.
        if high - low > _ZERO_WIDTH:
            # BCa can produce an interval without its own estimate, which would mislead.
            return min(low, value), max(high, value), method
    return *unmoved, "wilson"


def _bca_levels(
    draws: FloatArray, value: float, jackknife: FloatArray, z: float
) -> tuple[float, float] | None:
    """The quantiles of the sorted draws that bound a BCa interval; None if it is undefined."""
    around = jackknife.mean() - jackknife if jackknife.size else jackknife
    spread = float((around**2).sum())
    if spread <= _ZERO_WIDTH**2:
        return None
    acceleration = float((around**3).sum()) / (6 * spread**1.5)
    # Rounding must not decide which draws equal the value; ties count half.
    edge = _TIE * max(1.0, abs(value))
    below = np.searchsorted(draws, value - edge) + np.searchsorted(draws, value + edge, side="right")
    share = min(max(below / (2 * draws.size), 0.5 / draws.size), 1 - 0.5 / draws.size)
    bias = _NORMAL.inv_cdf(share)
    levels = []
    for shifted in (bias - z, bias + z):
        stretch = 1 - acceleration * shifted
        if stretch <= 0:
            return None
        levels.append(_NORMAL.cdf(bias + shifted / stretch))
    return levels[0], levels[1]


def _quantile(ordered: FloatArray, level: float) -> float:
    """Linear interpolation between order statistics, as `numpy.quantile` does by default."""
    position = level * (ordered.size - 1)
    at = int(position)
    upper = ordered[min(at + 1, ordered.size - 1)]
    return float(ordered[at] + (position - at) * (upper - ordered[at]))
