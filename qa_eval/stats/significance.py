"""Tests of differences between models, corrections for many tests, and the ranks that follow from them.

The paired tests flip the sign of whole clusters: if two models are equally good, swapping their answers to
one fact changes nothing. The tests assume no distribution, and the answers to one fact may depend on each
other in any way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qa_eval.records import Difference
from qa_eval.stats.contrasts import Contrast, contrast, norm
from qa_eval.stats.draws import FloatArray, flips_are_exact, sign_flips
from qa_eval.stats.intervals import Term, linear_contributions, summable
from qa_eval.stats.small_samples import FEWEST_CLUSTERS

_ROUNDING = 1e-9
"""Relative difference within which two statistics count as equal: they are sums of the same numbers in
another order."""
_NOTHING = 1e-12
"""Largest difference of a cluster that counts as zero. Smaller values are rounding errors."""
_FEW = 512
"""Number of patterns of flips whose statistics are computed together: few enough for the processor's cache.
"""
_ALPHA = 0.05
"""Level of the ranks and of their intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """A paired difference with the smallest difference that its test could have detected."""

    difference: Difference
    """Difference, with p from sign flips of clusters. p is not corrected for other comparisons."""
    detectable: float | None
    """Smallest true difference that the test would detect with 80 % power. None if it could detect none."""


def paired_difference(
    terms_a: Sequence[Term],
    terms_b: Sequence[Term],
    *,
    resamples: int = 9999,
    seed: int = 0,
    confidence: float = 0.95,
) -> Difference:
    """The difference of two scores over the same clusters, with its interval and p from one test.

    If the models are equally good, their answers to a cluster can be swapped. p is the share of patterns of
    swaps whose difference is at least as large as the observed one. If both scores have equal denominators,
    this is `sign_flip`. Otherwise (as for precision) numerators and denominators are swapped together, and a
    swap that leaves a side without a denominator counts as a difference at least as large. The interval is
    that of `Contrast.interval`: it holds the differences that the same test would not reject.

    Raises ValueError as `ratio_estimate` does, and if the terms of the two scores differ in their weights or
    in their clusters.

    >>> den = np.ones(8)
    >>> a = [Term(weight=1.0, numerator=np.array([1.0, 1, 1, 1, 1, 1, 1, 0]), denominator=den)]
    >>> b = [Term(weight=1.0, numerator=np.array([1.0, 0, 0, 0, 0, 0, 0, 0]), denominator=den)]
    >>> found = paired_difference(a, b)
    >>> found.value, found.p, found.low > 0
    (0.75, 0.03125, True)
    """
    request = (terms_a, terms_b)
    return paired_tests([request], resamples=resamples, seed=seed, confidence=confidence)[0].difference


def paired_tests(
    requests: Sequence[tuple[Sequence[Term], Sequence[Term]]],
    *,
    resamples: int = 9999,
    seed: int = 0,
    confidence: float = 0.95,
    tests: int = 1,
) -> list[PairedTest]:
    """`paired_difference` of each pair, in order. It gives the same results several times faster.

    `tests` is the number of tests for which p will be corrected. It affects `detectable` alone.
    """
    contrasts = [contrast(terms_a, terms_b) for terms_a, terms_b in requests]
    swaps = [
        _Swaps.of(terms_a, terms_b, found.contributions)
        for (terms_a, terms_b), found in zip(requests, contrasts, strict=True)
    ]
    alpha = 1 - confidence
    tested = _swap_tests(swaps, resamples, seed, alphas=(alpha, alpha / tests))
    return [
        PairedTest(
            difference=_difference(found, p, critical, confidence), detectable=found.detectable(corrected)
        )
        for found, (p, (critical, corrected)) in zip(contrasts, tested, strict=True)
    ]


def _difference(found: Contrast, p: float, critical: float | None, confidence: float) -> Difference:
    low, high, method = found.interval(critical, significant=p <= 1 - confidence, confidence=confidence)
    return Difference(
        value=found.value,
        low=low,
        high=high,
        p=p,
        method=method,
        clusters=found.clusters,
    )


_Tested = tuple[float, list[float | None]]
"""p, and a critical value for each requested level."""


def sign_flip(differences: ArrayLike, *, resamples: int = 9999, seed: int = 0) -> float:
    """Two-sided p of the hypothesis that each cluster's difference could equally have had the other sign.

    p is the share of sign patterns whose absolute sum is at least the observed one. Clusters without a
    difference are no evidence. With up to 14 other clusters, p is exact. With more it is (1 + hits) /
    (resamples + 1) over random patterns, which keeps the test valid. p is 1.0 if no cluster differs. It is
    never 0.

    Source: Fisher's randomization test; the + 1 after Phipson and Smyth (2010).

    >>> sign_flip([1, 1, 1, 1, 1, 0])
    0.0625
    """
    values = np.asarray(differences, dtype=np.float64)
    test = _Swaps(values[None, :], lambda sums: sums[0], float(np.abs(values).sum()), values)
    return _swap_tests([test], resamples, seed, alphas=())[0][0]


@dataclass(frozen=True, slots=True)
class _Swaps:
    """One test by swapping clusters."""

    columns: FloatArray
    """Values whose sign a swapped cluster flips: (rows, clusters)."""
    statistic: Callable[[FloatArray], FloatArray]
    """Function from the columns' sums (rows, patterns) to one value for each pattern; infinite where it is
    undefined."""
    scale: float
    """Statistic if all clusters differed in the same direction."""
    contributions: FloatArray
    """Parts of the difference, one for each cluster."""

    @classmethod
    def of(cls, terms_a: Sequence[Term], terms_b: Sequence[Term], contributions: FloatArray) -> _Swaps:
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

        columns = np.array(numerators + denominators)
        exact = summable(contributions[None, :])[0]
        return cls(columns, statistic, float(np.abs(contributions).sum()), exact)


def _swap_tests(
    tests: Sequence[_Swaps], resamples: int, seed: int, *, alphas: Sequence[float]
) -> list[_Tested]:
    """The p of each test, and its critical value of |sum of the contributions| at each of `alphas`; see
    `_critical`.

    All patterns are tried if few clusters differ. Otherwise the patterns are random, and the tests share
    them.
    """
    found: list[_Tested] = [(1.0, [None] * len(alphas))] * len(tests)
    sampled: dict[int, list[int]] = {}
    for index, test in enumerate(tests):
        moved = np.any(np.abs(test.columns) > _NOTHING, axis=0)
        if flips_are_exact(int(moved.sum())):
            if moved.any():
                few = replace(test, columns=test.columns[:, moved], contributions=test.contributions[moved])
                found[index] = _patterns([few], resamples, seed, alphas)[0]
        else:
            sampled.setdefault(moved.size, []).append(index)
    for members in sampled.values():
        together = _patterns([tests[i] for i in members], resamples, seed, alphas)
        for index, result in zip(members, together, strict=True):
            found[index] = result
    return found


def _patterns(tests: Sequence[_Swaps], resamples: int, seed: int, alphas: Sequence[float]) -> list[_Tested]:
    """The p and the critical values of tests over the same number of clusters."""
    stacked = np.concatenate([np.vstack([test.columns, test.contributions]) for test in tests])
    clusters = stacked.shape[1]
    ends = np.cumsum([len(test.columns) + 1 for test in tests])
    targets = [
        abs(float(test.statistic(test.columns.sum(axis=1, keepdims=True))[0])) - _ROUNDING * test.scale
        for test in tests
    ]
    hits = np.zeros(len(tests), dtype=np.int64)
    totals: list[list[FloatArray]] = [[] for _ in tests]
    rows = 0
    for signs in sign_flips(clusters, resamples, seed):
        sums = np.ascontiguousarray((signs @ stacked.T).T)
        for index, (test, end, target) in enumerate(zip(tests, ends, targets, strict=True)):
            values = test.statistic(sums[end - len(test.columns) - 1 : end - 1])
            hits[index] += np.count_nonzero(np.abs(values) >= target)
            totals[index].append(np.abs(sums[end - 1]))
        rows += len(signs)
    exact = flips_are_exact(clusters)
    found: list[_Tested] = []
    for hit, parts in zip(hits, totals, strict=True):
        ordered = np.sort(np.concatenate(parts)) if alphas else np.empty(0)
        p = float(hit / rows if exact else (1 + hit) / (rows + 1))
        found.append((p, [_critical(ordered, exact, alpha) for alpha in alphas]))
    return found


def _critical(ordered: FloatArray, exact: bool, alpha: float) -> float | None:
    """The midpoint between the greatest value that is not rejected at `alpha` and the next value above it.

    None if no pattern is rejected: then no difference can be detected.
    """
    most = (
        math.floor(alpha * ordered.size + 1e-9)
        if exact
        else math.floor(alpha * (ordered.size + 1) - 1 + 1e-9)
    )
    if most < 1:
        return None
    kept = ordered[ordered.size - most - 1]
    refused = ordered[np.searchsorted(ordered, kept * (1 + _ROUNDING), side="right") :]
    return float((kept + refused[0]) / 2) if refused.size else None


def max_t(contributions: ArrayLike, *, resamples: int = 9999, seed: int = 0) -> FloatArray:
    """Adjusted p of all pairs of models: (models, models), symmetric, 1.0 on the diagonal.

    `contributions` is (models, clusters), as from `linear_contributions`. All pairs are flipped together, and
    each is studentized as |sum d| / sqrt(sum d^2). The p of a pair is the probability that the *largest*
    statistic of all pairs reaches the pair's own. This bounds the probability of any false difference
    (single-step maxT). It loses less power than Bonferroni's correction, because models with similar errors
    are correlated. Pairs that never differ have p = 1.

    Source: Westfall and Young (1993).
    """
    return _max_t(contributions, resamples, seed, alpha=0.05)[0]


def _max_t(
    contributions: ArrayLike, resamples: int, seed: int, *, alpha: float
) -> tuple[FloatArray, float | None]:
    """`max_t`, and the critical value of the studentized statistic; see `_critical`."""
    scores = np.atleast_2d(np.asarray(contributions, dtype=np.float64))
    models = len(scores)
    adjusted = np.ones((models, models))
    first, second = np.triu_indices(models, k=1)
    scale = np.array([norm(scores[i] - scores[j]) for i, j in zip(first, second, strict=True)])
    moved = scale > _NOTHING
    first, second, scale = first[moved], second[moved], scale[moved]
    if not scale.size:
        return adjusted, None
    # A cluster on which all models agree cannot move any pair.
    scores = summable(scores[:, np.ptp(scores, axis=0) > _NOTHING])
    target = np.abs((scores[first] - scores[second]).sum(axis=1)) / scale * (1 - _ROUNDING)
    statistics = np.concatenate(
        [
            _largest(np.ascontiguousarray((block @ scores.T).T), first, second, scale)
            for block in sign_flips(scores.shape[1], resamples, seed)
        ]
    )
    statistics.sort()
    exact = flips_are_exact(scores.shape[1])
    hits = statistics.size - np.searchsorted(statistics, target)  # the number that reach each target
    p = hits / statistics.size if exact else (1 + hits) / (statistics.size + 1)
    adjusted[first, second] = adjusted[second, first] = p
    return adjusted, _critical(statistics, exact, alpha)


def _largest(
    sums: FloatArray, first: NDArray[np.intp], second: NDArray[np.intp], scale: FloatArray
) -> FloatArray:
    """The largest studentized difference of any pair, for each pattern of flips.

    `sums` are the models' sums: (models, patterns). The arrays of pairs are sorted by the first model. The
    pairs of one first model and few patterns are taken at a time, so that they fit into the processor's
    cache.
    """
    found: FloatArray = np.zeros(sums.shape[1])
    models, starts = np.unique(first, return_index=True)
    ends = [*starts[1:].tolist(), len(first)]
    for at in range(0, sums.shape[1], _FEW):
        few, largest = sums[:, at : at + _FEW], found[at : at + _FEW]
        for model, start, end in zip(models.tolist(), starts.tolist(), ends, strict=True):
            differences = np.abs(few[second[start:end]] - few[model])
            np.maximum(largest, (differences / scale[start:end, None]).max(axis=0), out=largest)
    return found


@dataclass(frozen=True, slots=True)
class Comparisons:
    """All pairs of some models, compared by one test that is corrected for the number of pairs."""

    scores: Sequence[Sequence[Term]]
    p: FloatArray
    """Adjusted p: (models, models), as from `max_t`."""
    critical: float | None
    """Critical value of the studentized statistic, the same for all pairs. None if no difference can be
    detected."""

    @property
    def clusters(self) -> int:
        """Number of clusters on which the models are compared; 0 if there are no models."""
        return _clusters(self.scores[0]) if self.scores else 0

    def difference(self, first: int, second: int) -> Difference:
        """The first model's score minus the second's, with the interval of the corrected test."""
        found, critical = self._contrast(first, second)
        return _difference(found, float(self.p[first, second]), critical, 1 - _ALPHA)

    def detectable(self, first: int, second: int) -> float | None:
        """The smallest true difference of the two that the corrected test would detect with 80 % power.

        None if it could detect none.
        """
        found, critical = self._contrast(first, second)
        return found.detectable(critical)

    def _contrast(self, first: int, second: int) -> tuple[Contrast, float | None]:
        """The two models' contrast, and the critical value of its sum."""
        found = contrast(self.scores[first], self.scores[second])
        critical = None if self.critical is None else self.critical * norm(found.contributions)
        return found, critical

    def ranks(self, direction: int = 1) -> list[tuple[int, int, int]]:
        """(rank, low, high) of each model; see `rank_intervals`. `direction` is -1 for metrics where less is
        better.
        """
        values = [direction * float(linear_contributions(terms).sum()) for terms in self.scores]
        return rank_intervals(values, self.p, _ALPHA)


def _clusters(terms: Sequence[Term]) -> int:
    return int(np.any([np.asarray(t.denominator) > 0 for t in terms], axis=0).sum())


def compare_all_pairs(
    scores: Sequence[Sequence[Term]], *, resamples: int = 9999, seed: int = 0
) -> Comparisons:
    """All pairs of models, tested together by `max_t`. Each model is given as the terms of its score.

    On fewer than `FEWEST_CLUSTERS` clusters no pair is distinguished: p is 1. Raises ValueError as
    `linear_contributions` does, and if the scores are over different clusters.
    """
    contributions = np.array([linear_contributions(terms) for terms in scores])
    if not len(scores) or _clusters(scores[0]) < FEWEST_CLUSTERS:
        return Comparisons(scores, np.ones((len(scores), len(scores))), None)
    p, critical = _max_t(contributions, resamples, seed, alpha=_ALPHA)
    return Comparisons(scores, p, critical)


def rank_intervals(values: Sequence[float], p: ArrayLike, alpha: float = 0.05) -> list[tuple[int, int, int]]:
    """(rank, low, high) of each model, from the models' values and the p of each pair.

    `low` is 1 + the number of models shown to be better. `high` is the number of models minus the number
    shown to be worse. The rank is `low`, raised to the rank of any model with a higher value, so that ranks
    never decrease down a table sorted by value. Models of equal value share a rank, and models that share a
    rank form a group. If p is corrected family-wise, all intervals together hold the true ranks with
    probability 1 - alpha.

    Source: Mogstad et al., Inference for Ranks (2024), in its simplest form.

    >>> rank_intervals([0.9, 0.8, 0.5], [[1, 0.3, 0.01], [0.3, 1, 0.2], [0.01, 0.2, 1]])
    [(1, 1, 2), (1, 1, 3), (2, 2, 3)]
    >>> rank_intervals([0.9, 0.8, 0.5], [[1, 0.01, 0.3], [0.01, 1, 0.2], [0.3, 0.2, 1]])
    [(1, 1, 2), (2, 2, 3), (2, 1, 3)]
    """
    told_apart = np.asarray(p, dtype=np.float64) <= alpha
    score = np.asarray(values, dtype=np.float64)
    better = 1 + (told_apart & (score[None, :] > score[:, None])).sum(axis=1)
    worse = (told_apart & (score[None, :] < score[:, None])).sum(axis=1)
    ranks = [int(better[score >= own].max()) for own in score]
    return [
        (rank, int(low), len(score) - int(below))
        for rank, low, below in zip(ranks, better, worse, strict=True)
    ]


def holm(p: ArrayLike) -> FloatArray:
    """Adjusted p that bound the probability of any false finding under any dependence, in the order of `p`.

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
    """Adjusted p that bound the expected share of false findings, in the order of `p`.

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
    """Two-sided p from the numbers of the two kinds of discordant pairs. It needs one item for each cluster.

    The test is exact binomial. By default it is the mid-p variant, which is less conservative and in practice
    still keeps its level. p is 1.0 if the two numbers are equal. Raises ValueError for a negative number.

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
    # Whole numbers throughout, so that nothing is rounded for any number of pairs.
    return min(1.0, (2 * total - ways if mid_p else 2 * total) / (1 << pairs))
