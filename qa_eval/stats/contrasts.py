"""The difference of two scores over the same clusters: its interval, and the smallest detectable difference.

Both follow from the test of the difference. The test flips the sign of whole clusters and studentizes their
sum: T = |sum d| / sqrt(sum d^2). It rejects "no difference" where T exceeds a critical value c. A true
difference of size delta would have added its share of delta to each cluster. The interval therefore holds
every delta for which T of d - delta * share is at most c. This interval has a closed form, and it can never
contradict the test.

In simulations of 10 to 135 clusters the interval covers the true difference in 94 to 99 % of the samples,
also where cluster sizes follow a power law. In that case a BCa bootstrap covers it in 84 to 93 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa_eval.stats.draws import FloatArray
from qa_eval.stats.intervals import Term, linear_contributions
from qa_eval.stats.small_samples import FEWEST_CLUSTERS, noncentral_shift, student_quantile, unseen_share

_NOTHING = 1e-12
"""Largest difference of a cluster that counts as zero. Smaller values are rounding errors."""
_LOST, _LOST_BY_FEW = 0.02, 0.7
"""Loss of power because the spread is estimated, from simulations. The loss is the first number, or the
second divided by the number of clusters if that is larger."""
_NARROW = 1e-9
"""Width below which an interval counts as having none."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """The difference of two scores over the same clusters. `contrast` makes it."""

    value: float
    """First score minus second score."""
    contributions: FloatArray
    """Parts of the difference, one for each cluster. They add up to `value`."""
    shares: FloatArray
    """Shares of the items, one for each cluster. They add up to 1."""
    widest: float
    """Largest possible difference: the sum of the absolute weights."""
    unseen: float
    """Bound on how far clusters unlike the observed ones could move the difference; see `unseen_share`."""
    possible: float
    """Largest possible difference of any score from one of these two."""

    @property
    def clusters(self) -> int:
        """Number of clusters that have items."""
        return int(np.count_nonzero(self.shares))

    def interval(
        self, critical: float | None, *, significant: bool, confidence: float = 0.95
    ) -> tuple[float | None, float | None, str]:
        """Returns the low end, the high end and the method.

        On fewer than `FEWEST_CLUSTERS` clusters both ends are None.

        Args:
            critical: Critical value of |sum d|. None if no pattern of flips could reject; then Student's t
                replaces it.
            significant: Whether the test rejected "no difference". If it did not, the interval holds 0.
            confidence: Level of the interval, between 0 and 1.
        """
        if self.clusters < FEWEST_CLUSTERS:
            return None, None, "too-few"
        if not np.any(np.abs(self.contributions) > _NOTHING):
            return self.value - self.unseen, self.value + self.unseen, "wilson"
        low, high = self._inverted(self._studentized(critical, confidence))
        if high - low <= _NARROW:
            # Every cluster shows the same difference. Unseen ones could show none, or all that is possible.
            rest = (1 - self.unseen / self.widest) * self.value
            low, high = (
                min(rest, rest + math.copysign(self.unseen, self.value)),
                max(rest, rest + math.copysign(self.unseen, self.value)),
            )
        low, high = max(min(low, self.value), -self.widest), min(max(high, self.value), self.widest)
        if not significant:
            low, high = min(low, 0.0), max(high, 0.0)
        return low, high, "sign-flip"

    def detectable(self, critical: float | None, *, power: float = 0.8) -> float | None:
        """The smallest true difference that the test detects with probability `power`; None if there is none.

        The clusters' deviations from their shares of the difference are assumed to vary as the observed ones
        do. The number of clusters enters through the noncentral t. `critical` is as for `interval`. The
        result is also None where it would exceed every difference that two scores of this size can have.
        """
        spread = self.contributions - self.value * self.shares
        count = self.clusters
        squares = _product(spread, spread)
        if count < FEWEST_CLUSTERS or critical is None or squares <= _NOTHING**2:
            return None
        limit = self._studentized(critical, 0.95)
        room = 1 - limit**2 * _product(self.shares, self.shares)
        if room <= _NARROW:
            return None
        threshold = limit * math.sqrt((count - 1) / count / room)
        sought = power + max(_LOST, _LOST_BY_FEW / count)
        error = math.sqrt(squares * count / (count - 1))
        found = noncentral_shift(threshold, count - 1, sought) * error
        return found if found <= self.possible else None

    def _studentized(self, critical: float | None, confidence: float) -> float:
        if critical is None:
            t = student_quantile(self.clusters - 1, confidence)
            return t * math.sqrt(self.clusters / (self.clusters - 1 + t * t))
        return critical / norm(self.contributions)

    def _inverted(self, limit: float) -> tuple[float, float]:
        """The ends of the set of differences that the test does not reject.

        They solve (value - x)^2 = limit^2 sum (d - x share)^2 for x.
        """
        d, share = self.contributions, self.shares
        square = 1 - limit**2 * _product(share, share)
        if square <= _NARROW:
            return -self.widest, self.widest
        middle = self.value - limit**2 * _product(d, share)
        rest = self.value**2 - limit**2 * _product(d, d)
        half = math.sqrt(max(middle**2 - square * rest, 0.0))
        return (middle - half) / square, (middle + half) / square


def contrast(terms_a: Sequence[Term], terms_b: Sequence[Term]) -> Contrast:
    """The first score minus the second, cluster by cluster.

    If both scores have equal denominators, a cluster's contribution is its contribution to the first score
    minus its contribution to the second. Otherwise it is the cluster's influence on the difference plus its
    share of the difference.

    Raises ValueError as `linear_contributions` does, and if the terms of the two scores differ in their
    weights or in their clusters.
    """
    if [t.weight for t in terms_a] != [t.weight for t in terms_b]:
        raise ValueError("the two scores are not the same metric: their terms have different weights")
    ours, theirs = linear_contributions(terms_a), linear_contributions(terms_b)
    if ours.shape != theirs.shape:
        raise ValueError("the two scores are not over the same clusters")
    scores = (_score(terms_a), _score(terms_b))
    value = scores[0] - scores[1]
    widest = sum(abs(t.weight) for t in terms_a)
    shares: FloatArray = np.zeros(ours.shape)
    unseen = 0.0
    equal = True
    influence: FloatArray = np.zeros(ours.shape)
    for a, b in zip(terms_a, terms_b, strict=True):
        sides = [_influence(a), _influence(b)]
        influence += a.weight * (sides[0][0] - sides[1][0])
        shares += abs(a.weight) / widest * (sides[0][1] + sides[1][1]) / 2
        equal = equal and np.array_equal(a.denominator, b.denominator)
        counted = int(np.count_nonzero((np.asarray(a.denominator) > 0) | (np.asarray(b.denominator) > 0)))
        unseen += abs(a.weight) * unseen_share(counted, 0.95)
    contributions = ours - theirs if equal else influence + value * shares
    possible = max(*scores, *(widest - score for score in scores))
    return Contrast(value, contributions, shares, widest, unseen, possible)


def norm(values: FloatArray) -> float:
    """The root of the sum of squares, equal to the last bit on every machine."""
    return math.sqrt(_product(values, values))


def _product(first: FloatArray, second: FloatArray) -> float:
    return math.fsum((first * second).tolist())


def _score(terms: Sequence[Term]) -> float:
    return math.fsum(t.weight * float(np.sum(t.numerator) / np.sum(t.denominator)) for t in terms)


def _influence(term: Term) -> tuple[FloatArray, FloatArray]:
    """Each cluster's influence on the term's ratio, and its share of the denominator.

    The influence is the numerator minus ratio * denominator, divided by the total of the denominators.
    """
    numerator, denominator = np.asarray(term.numerator, float), np.asarray(term.denominator, float)
    total = denominator.sum()
    ratio = numerator.sum() / total
    influence: FloatArray = (numerator - ratio * denominator) / total
    share: FloatArray = denominator / total
    return influence, share
