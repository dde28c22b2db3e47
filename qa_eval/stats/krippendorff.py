"""Agreement of annotators, corrected for chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Coincidences:
    """The pairs of values that annotators gave to the same units."""

    same: float
    """Weighted number of pairs of equal values. Each pair of a unit weighs 1 / (the unit's values - 1)."""
    counts: Counter[Hashable]
    """Occurrences of each value in units that have two or more values."""

    @property
    def pairable(self) -> int:
        """Number of values that have a partner: the sum of `counts`."""
        return self.counts.total()

    @property
    def observed(self) -> float:
        """Weighted number of pairs of unequal values, with the weights of `same`."""
        return self.pairable - self.same

    @property
    def expected(self) -> float:
        """Expected value of `observed` if the values were assigned to the units at random."""
        n = self.pairable
        unlike = n * n - sum(count * count for count in self.counts.values())
        return unlike / (n - 1) if n > 1 else 0.0


def coincidences(units: Iterable[Sequence[Hashable | None]]) -> Coincidences:
    """Counts the coincidences. A unit is the values that the annotators gave it, with None for a missing
    value.

    A unit with fewer than two values carries no information about agreement and is left out.
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

    1 is perfect agreement, 0 is the agreement of values assigned at random, and negative values are
    systematic disagreement. There may be any number of annotators. The value None in a unit is a missing
    value. The result is None where alpha is undefined: no unit has two values, or all values are equal, so
    that no disagreement is expected.

    Source: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), sections A to C.

    >>> krippendorff_alpha([("a", "a"), ("b", "b"), ("a", "b"), ("a", None)])
    0.4444444444444444
    """
    found = coincidences(units)
    return 1 - found.observed / found.expected if found.expected else None
