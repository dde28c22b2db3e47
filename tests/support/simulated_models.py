"""Made-up pairs of models whose true difference is known, and how often statistics are right about them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qa_eval.records import Difference, Estimate
from qa_eval.stats.intervals import Term, ratio_estimate
from qa_eval.stats.significance import (
    Comparisons,
    compare_all_pairs,
    max_t,
    mcnemar,
    paired_difference,
    paired_tests,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Several models on facts of one to five items; the first is better than the others by `difference`."""

    facts: int
    models: int
    difference: float = 0.0

    def draw(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Items by fact, and right answers by model and fact."""
        items = rng.integers(1, 6, self.facts)
        chances = rng.normal(0.3, 0.2, self.facts) + rng.normal(0, 0.2, (self.models, self.facts))
        chances[0] += self.difference
        right = rng.binomial(items, np.clip(chances, 0, 1))
        return items.astype(np.float64), right.astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoParts:
    """Facts of five items, of which three in eight are answerable; each kind has a rate of its own."""

    facts: int
    answerable: float
    silent: float
    together: float = 0.0
    """Correlation of the items of one kind of a fact."""

    def draw(self, rng: np.random.Generator) -> list[Term]:
        """The two halves of balanced F1."""
        answerable = rng.binomial(5, 0.373, self.facts)
        answerable[0], answerable[-1] = 5, 0
        halves = ((answerable, self.answerable), (5 - answerable, self.silent))
        return [_half(items, self._right(rng, items, rate)) for items, rate in halves]

    def _right(self, rng: np.random.Generator, items: NDArray[np.int64], rate: float) -> NDArray[np.int64]:
        if not self.together:
            return rng.binomial(items, rate)
        size = 1 / self.together - 1
        return rng.binomial(items, rng.beta(rate * size, (1 - rate) * size, self.facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unequal:
    """Facts whose numbers of items follow a power law: a few hold most of them."""

    number: int
    difference: float = 0.0

    def draw(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
        """As `Facts.draw`."""
        items = np.minimum(1 + rng.pareto(1.2, self.number), 400).astype(np.int64)
        lean = rng.normal(0, 0.2, self.number)
        a, b = (
            rng.binomial(items, np.clip(0.55 + sign * (self.difference / 2 + lean), 0, 1)) for sign in (1, -1)
        )
        return items.astype(np.float64), a.astype(np.float64), b.astype(np.float64)


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
    return lambda rng: _p(_difference(*world.draw(rng), resamples)) <= ALPHA


def covered(world: Facts | Unequal, truth: float, resamples: int) -> Callable[[np.random.Generator], bool]:
    """Whether the interval holds the true difference."""

    def holds(rng: np.random.Generator) -> bool:
        return _holds(_difference(*world.draw(rng), resamples), truth)

    return holds


def parts_covered(world: TwoParts, resamples: int) -> Callable[[np.random.Generator], bool]:
    """Whether the interval of balanced F1 holds the truth."""
    truth = (world.answerable + world.silent) / 2
    return lambda rng: _holds(ratio_estimate(world.draw(rng), n=1, resamples=resamples), truth)


def _p(found: Difference) -> float:
    assert found.p is not None
    return found.p


def _holds(found: Difference | Estimate, truth: float) -> bool:
    assert found.low is not None
    assert found.high is not None
    return found.low <= truth <= found.high


def first_is_shown(world: Models, resamples: int) -> Callable[[np.random.Generator], bool]:
    """Whether the first model is shown to be better than the second, among all."""

    def shown(rng: np.random.Generator) -> bool:
        found = _compared(world, rng, resamples).difference(0, 1)
        return found.low is not None and found.low > 0

    return shown


def detectable_of(world: Models, resamples: int, trials: int = 60) -> tuple[float, int]:
    """The smallest difference of the first two models as it is printed, on average, and how often it is."""
    rng = np.random.default_rng(5)
    found = [_compared(world, rng, resamples).detectable(0, 1) for _ in range(trials)]
    printed = [value for value in found if value is not None]
    return float(np.mean(printed)) if printed else math.nan, len(printed)


def models_at_detectable(facts: int, models: int, resamples: int) -> tuple[Models, float] | None:
    """A world whose true difference is what its tables print, and that difference.

    None where most of its tables print none, or one that chances cannot have.
    """
    world = Models(facts=facts, models=models, difference=0.15)
    smallest = math.nan
    for _ in range(4):
        smallest, printed = detectable_of(world, resamples)
        if printed < 30:
            return None
        low, high = 0.0, 1.5
        for _ in range(12):
            middle = (low + high) / 2
            reached = _lead(replace(world, facts=50_000, models=2, difference=middle)) >= smallest
            low, high = (low, middle) if reached else (middle, high)
        if high > 1.4:
            return None
        world = replace(world, difference=high)
    return world, smallest


def _lead(world: Models) -> float:
    items, right = world.draw(np.random.default_rng(7))
    return float((right[0] - right[1]).sum() / items.sum())


def _compared(world: Models, rng: np.random.Generator, resamples: int) -> Comparisons:
    items, right = world.draw(rng)
    return compare_all_pairs([_terms(items, row) for row in right], resamples=resamples)


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
    lost = smallest / true_difference(Facts(number=1, difference=smallest))
    return Facts(number=number, difference=smallest * lost), smallest


def true_difference(world: Facts | Unequal) -> float:
    """The difference that a world really has, on a million facts."""
    items, a, b = replace(world, number=1_000_000).draw(np.random.default_rng(7))
    return float((a - b).sum() / items.sum())


def _difference(items: FloatArray, a: FloatArray, b: FloatArray, resamples: int) -> Difference:
    ours, theirs = _terms(items, a), _terms(items, b)
    return paired_difference(ours, theirs, resamples=resamples)


def _detectable(items: FloatArray, a: FloatArray, b: FloatArray) -> float:
    (test,) = paired_tests([(_terms(items, a), _terms(items, b))], resamples=999)
    smallest = test.detectable
    assert smallest is not None
    return smallest


def _half(items: NDArray[np.int64], right: NDArray[np.int64]) -> Term:
    return Term(weight=0.5, numerator=right.astype(np.float64), denominator=items.astype(np.float64))


def _terms(items: FloatArray, right: FloatArray) -> list[Term]:
    return [Term(weight=1.0, numerator=right, denominator=items)]
