"""Tests of differences between models, corrections for many of them, and the ranks that follow.

The paired tests flip the sign of whole clusters: if two models are equally good, swapping their answers
to one fact changes nothing. No distribution is assumed, and answers to one fact may depend on each other
in any way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qa_eval.stats.draws import flips_are_exact, sign_flips
from qa_eval.stats.intervals import Term, linear_contributions, ratio_estimates

FloatArray = NDArray[np.float64]

_ROUNDING = 1e-9
"""Two statistics closer than this, relatively, are equal: sums of the same numbers in another order."""
_NOTHING = 1e-12
"""A cluster's difference below this is what rounding leaves of none."""
_CHUNK = 1 << 20
"""Entries of a matrix of statistics held at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How much better one model is than another, on the same clusters."""

    value: float
    """First minus second, in [-1, 1]."""
    low: float
    high: float
    """95 % interval (or of the confidence asked for); never of zero width."""
    p: float
    """Two-sided, by sign flips of clusters; not corrected for other comparisons."""
    method: str
    """Of the interval: `bca`, `percentile` or `wilson`."""
    clusters: int


def paired_difference(
    terms_a: Sequence[Term],
    terms_b: Sequence[Term],
    *,
    resamples: int = 9999,
    seed: int = 0,
    confidence: float = 0.95,
) -> Difference:
    """The difference of two scores over the same clusters: interval from shared resamples, p by swaps.

    Under the hypothesis that the models are equally good, their answers to a cluster can be swapped; p is the
    share of patterns of swaps that give a difference at least as large as the one observed. With equal
    denominators this is `sign_flip`; where they differ (as those of a precision do), numerators and
    denominators are swapped together. A swap that leaves a side without denominator counts against the
    difference.

    Raises ValueError as `ratio_estimate`, and for terms of other weights or over other clusters.

    >>> den = np.ones(6)
    >>> a = [Term(weight=1.0, numerator=np.array([1.0, 1, 1, 1, 1, 1]), denominator=den)]
    >>> b = [Term(weight=1.0, numerator=np.array([1.0, 0, 0, 0, 0, 0]), denominator=den)]
    >>> found = paired_difference(a, b)
    >>> round(found.value, 4), found.p
    (0.8333, 0.0625)
    """
    return paired_differences([(terms_a, terms_b)], resamples=resamples, seed=seed, confidence=confidence)[0]


def paired_differences(
    requests: Sequence[tuple[Sequence[Term], Sequence[Term]]],
    *,
    resamples: int = 9999,
    seed: int = 0,
    confidence: float = 0.95,
) -> list[Difference]:
    """`paired_difference` of many pairs at once, in order: the same results, several times faster."""
    both = []
    for terms_a, terms_b in requests:
        if [t.weight for t in terms_a] != [t.weight for t in terms_b]:
            raise ValueError("the two scores are not the same metric: their terms have other weights")
        both.append(([*terms_a, *(replace(t, weight=-t.weight) for t in terms_b)], 0))
    found = ratio_estimates(both, resamples=resamples, seed=seed, confidence=confidence)
    swaps = [_Swaps.of(terms_a, terms_b) for terms_a, terms_b in requests]
    differences = []
    for estimate, p in zip(found, _swap_tests(swaps, resamples, seed), strict=True):
        assert estimate.low is not None
        assert estimate.high is not None
        differences.append(
            Difference(
                value=estimate.value,
                low=estimate.low,
                high=estimate.high,
                p=p,
                method=estimate.method,
                clusters=estimate.clusters,
            )
        )
    return differences


def sign_flip(differences: ArrayLike, *, resamples: int = 9999, seed: int = 0) -> float:
    """Two-sided p of the hypothesis that each cluster's difference could as well have had the other sign.

    The share of sign patterns whose absolute sum is at least that observed: exact up to 14 clusters that
    differ (clusters that do not are no evidence), otherwise (1 + hits) / (resamples + 1) over random
    patterns, which keeps the test valid. 1.0 where nothing differs. Never 0.

    Source: Fisher's randomization test; the + 1 after Phipson and Smyth (2010).

    >>> sign_flip([1, 1, 1, 1, 1, 0])
    0.0625
    """
    values = np.asarray(differences, dtype=np.float64)
    return _swap_tests(
        [_Swaps(values[None, :], lambda sums: sums[0], float(np.abs(values).sum()))], resamples, seed
    )[0]


@dataclass(frozen=True, slots=True)
class _Swaps:
    """One test by swapping clusters."""

    columns: FloatArray
    """What changes its sign with a cluster: (any number, clusters)."""
    statistic: Callable[[FloatArray], FloatArray]
    """Of the columns' sums (any number, patterns), for each pattern; infinite where it is undefined."""
    scale: float
    """Of the statistic: what it would be if all clusters pulled one way."""

    @classmethod
    def of(cls, terms_a: Sequence[Term], terms_b: Sequence[Term]) -> _Swaps:
        weights = np.array([t.weight for t in terms_a])[:, None]
        numerators, denominators, halves = [], [], []
        for a, b in zip(terms_a, terms_b, strict=True):
            numerators.append(np.asarray(a.numerator) - np.asarray(b.numerator))
            denominators.append(np.asarray(a.denominator) - np.asarray(b.denominator))
            halves.append(
                [np.sum(a.numerator) + np.sum(b.numerator), np.sum(a.denominator) + np.sum(b.denominator)]
            )
        of, by = np.array(halves).T[:, :, None]

        def statistic(sums: FloatArray) -> FloatArray:
            n, d = sums[: len(weights)], sums[len(weights) :]
            undefined = np.any(np.abs(d) >= by * (1 - _ROUNDING), axis=0)
            with np.errstate(divide="ignore", invalid="ignore"):
                values = (weights * ((of + n) / (by + d) - (of - n) / (by - d))).sum(axis=0)
            return np.where(undefined, np.inf, values)

        contributions = linear_contributions(terms_a) - linear_contributions(terms_b)
        return cls(np.array(numerators + denominators), statistic, float(np.abs(contributions).sum()))


def _swap_tests(tests: Sequence[_Swaps], resamples: int, seed: int) -> list[float]:
    """The p of each: by all patterns if few clusters differ, else by random ones that the tests share."""
    p = [1.0] * len(tests)
    sampled: dict[int, list[int]] = {}
    for index, test in enumerate(tests):
        moved = np.any(np.abs(test.columns) > _NOTHING, axis=0)
        if flips_are_exact(int(moved.sum())):
            few = replace(test, columns=test.columns[:, moved])
            p[index] = _patterns([few], resamples, seed)[0] if moved.any() else 1.0
        else:
            sampled.setdefault(moved.size, []).append(index)
    for members in sampled.values():
        for index, found in zip(
            members, _patterns([tests[i] for i in members], resamples, seed), strict=True
        ):
            p[index] = found
    return p


def _patterns(tests: Sequence[_Swaps], resamples: int, seed: int) -> list[float]:
    """The p of tests over equally many clusters."""
    stacked = np.concatenate([test.columns for test in tests])
    clusters = stacked.shape[1]
    ends = np.cumsum([len(test.columns) for test in tests])
    targets = [
        abs(float(test.statistic(test.columns.sum(axis=1, keepdims=True))[0])) - _ROUNDING * test.scale
        for test in tests
    ]
    hits = np.zeros(len(tests), dtype=np.int64)
    rows = 0
    for signs in sign_flips(clusters, resamples, seed):
        sums = np.ascontiguousarray((signs @ stacked.T).T)
        for index, (test, end, target) in enumerate(zip(tests, ends, targets, strict=True)):
            values = test.statistic(sums[end - len(test.columns) : end])
            hits[index] += np.count_nonzero(np.abs(values) >= target)
        rows += len(signs)
    exact = flips_are_exact(clusters)
    return [float(h / rows if exact else (1 + h) / (rows + 1)) for h in hits]


def max_t(contributions: ArrayLike, *, resamples: int = 9999, seed: int = 0) -> FloatArray:
    """Adjusted p of all pairs of models: (models, models), symmetric, 1.0 on the diagonal.

    `contributions` is (models, clusters), as from `linear_contributions`. All pairs are flipped together,
    each is studentized as |sum d| / sqrt(sum d^2), and each pair's p is the chance that the *largest*
    statistic reaches its own: the chance of any false difference is held (single-step maxT), and less is
    lost than by Bonferroni because models that err alike are correlated. Pairs that never differ have p =
    1.

    Source: Westfall and Young (1993).
    """
    scores = np.atleast_2d(np.asarray(contributions, dtype=np.float64))
    models = len(scores)
    adjusted = np.ones((models, models))
    first, second = np.triu_indices(models, k=1)
    scale = np.array([np.linalg.norm(scores[i] - scores[j]) for i, j in zip(first, second, strict=True)])
    moved = scale > _NOTHING
    first, second, scale = first[moved], second[moved], scale[moved]
    if not scale.size:
        return adjusted
    # A cluster on which all models agree cannot move any pair.
    scores = scores[:, np.ptp(scores, axis=0) > _NOTHING]
    target = np.abs((scores[first] - scores[second]).sum(axis=1)) / scale * (1 - _ROUNDING)
    hits = np.zeros(scale.size)
    rows = 0
    step = max(1, _CHUNK // scale.size)
    for block in sign_flips(scores.shape[1], resamples, seed):
        for start in range(0, len(block), step):
            sums = block[start : start + step] @ scores.T
            largest = (np.abs(sums[:, first] - sums[:, second]) / scale).max(axis=1)
            # How many of the largest reach each target.
            hits += len(largest) - np.searchsorted(np.sort(largest), target)
            rows += len(largest)
    p = hits / rows if flips_are_exact(scores.shape[1]) else (1 + hits) / (rows + 1)
    adjusted[first, second] = adjusted[second, first] = p
    return adjusted


def rank_intervals(values: Sequence[float], p: ArrayLike, alpha: float = 0.05) -> list[tuple[int, int, int]]:
    """(rank, low, high) of each model, from its values and the pairwise p.

    low = 1 + the number of significantly better models, high = models - the number of significantly worse
    ones; the rank is low, so models that nothing separates share one. With family-wise p, all intervals
    hold the true ranks together with probability 1 - alpha.

    Source: Mogstad et al., Inference for Ranks (2024), in its simplest form.

    >>> rank_intervals([0.9, 0.8, 0.5], [[1, 0.3, 0.01], [0.3, 1, 0.2], [0.01, 0.2, 1]])
    [(1, 1, 2), (1, 1, 3), (2, 2, 3)]
    """
    told_apart = np.asarray(p, dtype=np.float64) <= alpha
    score = np.asarray(values, dtype=np.float64)
    better = (told_apart & (score[None, :] > score[:, None])).sum(axis=1)
    worse = (told_apart & (score[None, :] < score[:, None])).sum(axis=1)
    return [
        (1 + int(above), 1 + int(above), len(score) - int(below))
        for above, below in zip(better, worse, strict=True)
    ]


def holm(p: ArrayLike) -> FloatArray:
    """Adjusted p that hold the chance of any false finding, under any dependence, in the order given.

    Source: Holm (1979).

    >>> [round(float(v), 6) for v in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    raw = np.asarray(p, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * np.arange(raw.size, 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def benjamini_hochberg(p: ArrayLike) -> FloatArray:
    """Adjusted p that hold the expected share of false findings, in the order given.

    Source: Benjamini and Hochberg (1995).

    >>> [round(float(v), 6) for v in benjamini_hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    raw = np.asarray(p, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    stepped = raw[order] * raw.size / np.arange(1, raw.size + 1)
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    return adjusted


def mcnemar(b: int, c: int, *, mid_p: bool = True) -> float:
    """Two-sided p from the two kinds of discordant pairs; only for one item per cluster.

    Exact binomial, or its mid-p variant, which is less conservative and still holds its level in
    practice. 1.0 where the two are equal. Raises ValueError for negative counts.

    Source: McNemar (1947); mid-p after Fagerland, Lydersen and Laake (2013).

    >>> mcnemar(1, 9, mid_p=False), mcnemar(1, 9)
    (0.021484375, 0.01171875)
    """
    if b < 0 or c < 0:
        raise ValueError(f"negative counts: {b}, {c}")
    if b == c:
        return 1.0
    fewer, pairs = min(b, c), b + c
    ways = total = 1
    for i in range(fewer):
        ways = ways * (pairs - i) // (i + 1)
        total += ways
    # Whole numbers throughout: no rounding, however many pairs there are.
    return min(1.0, (2 * total - ways if mid_p else 2 * total) / (1 << pairs))


def minimum_detectable_difference(
    contributions: ArrayLike, *, power: float = 0.8, alpha: float = 0.05
) -> float:
    """The smallest true difference that would be found with this power, in (0, 1].

    `contributions` are per cluster and add up to the score, or (better) are those of a difference of two
    models; its standard error is taken to be that of the sum. Where they do not vary, the least number of
    clusters that must differ for any sign-flip test to reach alpha is used in place of the variance: 6
    for 0.05.
    """
    values = np.asarray(contributions, dtype=np.float64)
    least = math.ceil(1 - math.log2(alpha))
    if values.size < least:
        return 1.0
    error = math.sqrt(values.size * float(np.var(values, ddof=1)))
    if error <= _ROUNDING:
        return least / values.size
    normal = NormalDist()
    return min(1.0, (normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)) * error)
