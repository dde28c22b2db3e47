"""Agreement of annotators beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Coincidences:
    """The pairs of values that annotators gave to the same units."""

    same: float
    """Values paired with an equal one, each unit's pairs weighted by 1 / (its values - 1)."""
    counts: Counter[Hashable]
    """How often each value occurs in units of two values or more."""

    @property
    def pairable(self) -> int:
        """Values that have a partner: the sum of `counts`."""
        return self.counts.total()

    @property
    def observed(self) -> float:
        """Pairs of unlike values, in the weights of `same`."""
        return self.pairable - self.same

    @property
    def expected(self) -> float:
        """What `observed` would be if the values were dealt to the units at random."""
        n = self.pairable
        unlike = n * n - sum(count * count for count in self.counts.values())
        return unlike / (n - 1) if n > 1 else 0.0


def coincidences(units: Iterable[Sequence[Hashable | None]]) -> Coincidences:
    """Counts the coincidences: a unit is the values that the annotators gave it, None where one gave none.

    A unit with fewer than two values says nothing about agreement and is left out.
    """
    same, counts = 0.0, Counter[Hashable]()
    for unit in units:
        values = Counter(value for value in unit if value is not None)
        if (size := values.total()) > 1:
            same += sum(count * (count - 1) for count in values.values()) / (size - 1)
            counts += values
    return Coincidences(same=same, counts=counts)


def krippendorff_alpha(units: Iterable[Sequence[Hashable | None]]) -> float | None:
    """Krippendorff's alpha of nominal values: 1 - observed / expected disagreement.

    1 is perfect agreement, 0 that of values dealt at random, below 0 systematic disagreement. Any number of
    annotators; None is a missing value. None where it is not defined: no unit has two values, or all values
    are alike, so that no disagreement could have been expected.

    Source: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), sections A to C.

    >>> krippendorff_alpha([("a", "a"), ("b", "b"), ("a", "b"), ("a", None)])
    0.4444444444444444
    """
    found = coincidences(units)
    return 1 - found.observed / found.expected if found.expected else None
