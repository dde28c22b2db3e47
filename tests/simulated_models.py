"""Made-up pairs of models whose true difference is known, and how often statistics are right about them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa_eval.stats import (
    Difference,
    Term,
    linear_contributions,
    max_t,
    mcnemar,
    minimum_detectable_difference,
    paired_difference,
)

FloatArray = NDArray[np.float64]
ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts of one to five items each; a fact favours one of two models on all of its items.

    Which one and how much is drawn anew for each fact, so that the items of a fact hang together and
    neither model is better than the other but for `difference`.
    """

    number: int
    difference: float = 0.0
    """True difference in the share of right answers, before chances are cut to [0, 1]."""
    lean: float = 0.3
    """Standard deviation of what a fact adds to one model's chance and takes from the other's."""

    def draw(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Items, right answers of the one model and of the other, by fact."""
        items = rng.integers(1, 6, self.number)
        lean = rng.normal(0, self.lean, self.number)
        a, b = (
            rng.binomial(items, np.clip(0.6 + sign * (self.difference / 2 + lean), 0, 1)) for sign in (1, -1)
        )
        return items.astype(np.float64), a.astype(np.float64), b.astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Facts of one item each, on a fifth of which just one of two models is right."""

    number: int
    difference: float = 0.0

    def draw(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
        """As `Facts.draw`."""
        one, other = (0.2 + self.difference) / 2, (0.2 - self.difference) / 2
        kind = rng.choice(4, self.number, p=[one, other, 0.5, 0.3])
        a, b = (np.isin(kind, right).astype(np.float64) for right in ((0, 2), (1, 2)))
        return np.ones_like(a), a, b


def share(trials: int, found: Callable[[np.random.Generator], bool], seed: int = 11) -> float:
    """How often something is found."""
    rng = np.random.default_rng(seed)
    return sum(found(rng) for _ in range(trials)) / trials


def error(expected: float, trials: int) -> float:
    """The standard error of a simulated share."""
    return math.sqrt(expected * (1 - expected) / trials)


# ------------------------------------------------------------------------------------------ the procedures


def clustered_p(world: Facts | Items, resamples: int) -> Callable[[np.random.Generator], bool]:
    """Whether the sign-flip of whole facts finds a difference."""
    return lambda rng: _difference(*world.draw(rng), resamples).p <= ALPHA


def covered(world: Facts, truth: float, resamples: int) -> Callable[[np.random.Generator], bool]:
    """Whether the interval holds the true difference."""

    def holds(rng: np.random.Generator) -> bool:
        found = _difference(*world.draw(rng), resamples)
        return found.low <= truth <= found.high

    return holds


def item_p(world: Facts | Items) -> Callable[[np.random.Generator], bool]:
    """Whether McNemar's exact test of the items finds one, as if those of a fact did not hang together."""

    def found(rng: np.random.Generator) -> bool:
        _, a, b = world.draw(rng)
        d = a - b
        # As many discordant items as the sums show at least.
        return mcnemar(int(d[d > 0].sum()), int(-d[d < 0].sum()), mid_p=False) <= ALPHA

    return found


def any_of_six(number: int, resamples: int) -> Callable[[np.random.Generator], bool]:
    """Whether maxT finds any difference among six equally good models."""

    def found(rng: np.random.Generator) -> bool:
        items = rng.integers(1, 6, number)
        hard = rng.normal(0.6, 0.2, number)
        chances = np.clip(hard + rng.normal(0, 0.2, (6, number)), 0, 1)
        right = rng.binomial(items, chances) / items.sum()
        p = max_t(right, resamples=resamples)
        return bool((p[np.triu_indices(6, 1)] <= ALPHA).any())

    return found


def mean_detectable(world: Facts | Items, trials: int = 50) -> float:
    """The smallest difference that such data can show, as it is printed beside a comparison, on average."""
    rng = np.random.default_rng(5)
    return float(np.mean([_detectable(*world.draw(rng)) for _ in range(trials)]))


def at_detectable(number: int) -> tuple[Facts, float]:
    """Facts whose true difference is the smallest that such data are said to show, and that difference."""
    smallest = mean_detectable(Facts(number=number, difference=0.15))
    # Chances that are cut to [0, 1] lose some of it: as much more goes in.
    lost = smallest / _true_difference(Facts(number=1_000_000, difference=smallest))
    return Facts(number=number, difference=smallest * lost), smallest


def _true_difference(world: Facts) -> float:
    items, a, b = world.draw(np.random.default_rng(7))
    return float((a - b).sum() / items.sum())


def _difference(items: FloatArray, a: FloatArray, b: FloatArray, resamples: int) -> Difference:
    ours, theirs = _terms(items, a), _terms(items, b)
    return paired_difference(ours, theirs, resamples=resamples)


def _detectable(items: FloatArray, a: FloatArray, b: FloatArray) -> float:
    contributions = linear_contributions(_terms(items, a)) - linear_contributions(_terms(items, b))
    return minimum_detectable_difference(contributions)


def _terms(items: FloatArray, right: FloatArray) -> list[Term]:
    return [Term(weight=1.0, numerator=right, denominator=items)]
