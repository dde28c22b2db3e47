"""How well a confidence tells right answers from wrong ones.

All functions take one value per item and return `None` where the quantity is undefined (no items, or items of
one class only). Items with equal scores are exchangeable: no value depends on the order in which they come.
An item of weight 2 counts like two equal items.

For resampling, `*_rows` compute many weightings at once. They take a matrix of weights with a row for each
weighting, and which column has the weight of each item (`place`; by default each item has its own). The items
of a cluster share a column, which says how often the cluster was drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qa_eval.stats.draws import FloatArray
from qa_eval.stats.intervals import summable

_ENTRIES = 1 << 17
"""Number of weights that are ranked together: few enough for the processor's cache."""
_SLACK = 1e-9
"""Relative tolerance of comparisons with a target, so that 4 of 5 reaches 0.8."""


# ------------------------------------------------------------------------------------------ probabilities


def brier(confidence: ArrayLike, correct: ArrayLike) -> float | None:
    """Mean squared distance of the confidence from the outcome (1 right, 0 wrong), in [0, 1]. 0 is best.

    None without items. Raises ValueError for confidences outside [0, 1] and for unequal lengths.

    Source: Brier (1950), in the two-outcome form.

    >>> brier([1.0, 0.5], [True, False])
    0.125
    """
    said, right = _probabilities(confidence, correct)
    return float(np.mean((said - right) ** 2)) if said.size else None


def ece(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> float | None:
    """Expected calibration error over bins of equal width, in [0, 1].

    Each bin's |mean confidence - accuracy|, weighted by its share of the items. A confidence on an inner edge
    belongs to the bin above it, and 1.0 belongs to the last. The value is biased upwards on few items, so
    compare it with `expected_ece`. None without items. Raises ValueError as `brier` does.

    Source: Guo et al., On Calibration of Modern Neural Networks (2017).

    >>> ece([0.95, 0.95, 0.05], [True, False, False])
    0.31666666666666665
    """
    said, right = _probabilities(confidence, correct)
    if not said.size:
        return None
    place = _bin_of(said, bins)
    gaps = np.bincount(place, weights=said - right, minlength=bins)
    return float(np.abs(gaps).sum() / said.size)


def expected_ece(confidence: ArrayLike, bins: int = 10) -> float | None:
    """The `ece` that a perfectly calibrated model with these confidences has on average.

    Exact: in each bin the number right is a sum of independent coins (Poisson-binomial), whose distribution
    is built coin by coin. None without items; raises ValueError for confidences outside [0, 1].

    >>> expected_ece([0.5, 0.5])
    0.25
    """
    said, _ = _probabilities(confidence, np.zeros(np.shape(confidence)))
    if not said.size:
        return None
    place = _bin_of(said, bins)
    return sum(_mean_absolute_deviation(said[place == b]) for b in np.unique(place)) / said.size


def _bin_of(said: FloatArray, bins: int) -> NDArray[np.intp]:
    return np.minimum((said * bins).astype(np.intp), bins - 1)


def _mean_absolute_deviation(chances: FloatArray) -> float:
    """E|S - E S| of the number S of successes of independent coins with these chances."""
    mass = np.ones(1)
    for chance in chances:
        mass = np.append(mass * (1 - chance), 0.0) + np.append(0.0, mass * chance)
    return float(mass @ np.abs(np.arange(mass.size) - chances.sum()))


def brier_skill(confidence: ArrayLike, correct: ArrayLike, weights: ArrayLike | None = None) -> float | None:
    """1 - Brier / (Brier of always predicting the share that is right), at most 1.

    0 is no better than that constant, and below 0 is worse. None where all items are right or all are wrong,
    since the constant is then perfect, and without weight. Raises ValueError as `brier` does.

    Source: the Brier skill score with the sample's base rate as reference (Murphy, 1973).

    >>> round(brier_skill([0.9, 0.6, 0.2, 0.1], [True, True, False, False]), 2)
    0.78
    """
    _probabilities(confidence, correct)
    return _single(brier_skill_rows(confidence, correct, _one_row(confidence, weights)))


def brier_skill_rows(
    confidence: ArrayLike, correct: ArrayLike, weights: ArrayLike, place: ArrayLike | None = None
) -> FloatArray:
    """`brier_skill` under each row of weights; rows for which it is undefined are left out."""
    said, right = _paired(confidence, correct)
    rows, column = _weighted(weights, place, said.size)
    # Sums by cluster that are exact in any order give equal bits on any machine.
    of_items = np.ones(said.size), right, (said - right) ** 2
    columns = summable(np.array([np.bincount(column, each, rows.shape[1]) for each in of_items]))
    total, hits, squares = np.einsum("rc,kc->kr", rows.astype(np.float64), columns)
    total, hits, squares = (sums[total > 0] for sums in (total, hits, squares))
    rate = hits / total
    constant = rate * (1 - rate)
    defined = constant > _SLACK
    values: FloatArray = 1 - (squares / total)[defined] / constant[defined]
    return values


# ------------------------------------------------------------------------------------------ rankings


def auroc(score: ArrayLike, positive: ArrayLike, weights: ArrayLike | None = None) -> float | None:
    """Chance that a positive item scores above a negative one, ties counting half; in [0, 1], 0.5 no skill.

    Infinite scores are allowed. None unless both classes carry weight. Raises ValueError for NaN scores,
    negative weights and unequal lengths.

    Source: the Mann-Whitney form of the area under the ROC curve (Hanley and McNeil, 1982).

    >>> auroc([0.9, 0.4, 0.4], [True, True, False])
    0.75
    """
    return _single(auroc_rows(score, positive, _one_row(score, weights)))


def aurc(confidence: ArrayLike, correct: ArrayLike, weights: ArrayLike | None = None) -> float | None:
    """Area under the risk-coverage curve, in [0, 1]: lower is better.

    For k from 1 to n, take the share of wrong answers among the k most confident ones. The value is the mean
    of these shares. Where confidences are equal, it is the exact expectation over all orders. An item of
    weight w counts as w answers, so weights must be whole numbers. The value is None if all weights are 0.
    Raises ValueError for fractional or negative weights, NaN and unequal lengths.

    Source: Geifman and El-Yaniv, Selective Classification (2017); the treatment of ties is derived here.

    >>> aurc([0.9, 0.8, 0.8], [True, True, False])
    0.19444444444444445
    """
    return _single(aurc_rows(confidence, correct, _one_row(confidence, weights)))


def coverage_at_accuracy(
    confidence: ArrayLike, correct: ArrayLike, accuracy: float = 0.8, weights: ArrayLike | None = None
) -> float | None:
    """The largest share of items that can be answered with at least this accuracy, in [0, 1].

    The items answered are all those at or above some confidence, so ties are accepted or refused together and
    the value can be reached by a threshold. Items of confidence -inf (abstentions) count among all items but
    are never accepted. 0.0 where no threshold reaches the accuracy; None without weight. Raises ValueError
    for negative weights, NaN and unequal lengths.

    >>> coverage_at_accuracy([0.9, 0.8, 0.7, 0.6], [True, True, False, False], accuracy=0.6)
    0.75
    """
    return _single(coverage_rows(confidence, correct, _one_row(confidence, weights), accuracy=accuracy))


def auroc_rows(
    score: ArrayLike, positive: ArrayLike, weights: ArrayLike, place: ArrayLike | None = None
) -> FloatArray:
    """`auroc` under each row of weights; rows for which it is undefined are left out."""
    falling, right, place, blocks = _ranked(score, positive, weights, place)
    hits, misses = np.flatnonzero(right == 1), np.flatnonzero(right == 0)
    # A positive item loses to the negatives of a higher score, and half to those of the same one.
    higher, as_high = (np.searchsorted(-falling[misses], -falling[hits], side) for side in ("left", "right"))
    tied = np.flatnonzero(higher != as_high)
    hits, misses = place[hits], place[misses]
    values = [np.empty(0)]
    for rows in blocks:
        above = rows.astype(np.float64).take(hits, axis=1)
        beaten = _sums(rows.take(misses, axis=1))
        # All sums are of whole numbers, which are exact in any order.
        losses = np.einsum("ri,ri->r", above, beaten.take(higher, axis=1).astype(np.float64))
        if tied.size:
            equals = beaten.take(as_high[tied], axis=1) - beaten.take(higher[tied], axis=1)
            losses += np.einsum("ri,ri->r", above.take(tied, axis=1), equals.astype(np.float64)) / 2
        pairs = above.sum(axis=1) * beaten[:, -1]
        defined = pairs > 0
        values.append(np.clip((pairs - losses)[defined] / pairs[defined], 0.0, 1.0))
    return np.concatenate(values)


def aurc_rows(
    confidence: ArrayLike, correct: ArrayLike, weights: ArrayLike, place: ArrayLike | None = None
) -> FloatArray:
    """`aurc` under each row of whole weights; rows without weight are left out."""
    falling, right, place, blocks = _ranked(confidence, correct, weights, place)
    groups, harmonic = _Groups.of(falling, right == 0, place), np.zeros(1)
    tied = groups.tied
    values = [np.empty(0)]
    for rows in blocks:
        if rows.dtype != np.int32:
            raise ValueError("weights of aurc must be whole numbers: how often each item occurs")
        size, wrong = groups.totals(rows)
        accepted, errors = _sums(size), _sums(wrong)
        # Inside a tie of m answers with e errors, after K accepted with E errors, the j-th accepted is
        # expected to bring the errors to E + j e/m. Summing (E + j e/m) / (K + j) over j = 1..m gives, with
        # harmonic numbers H, e + (E - K e/m) (H(K + m) - H(K)). One answer alone has e/m = 0 or 1.
        total = accepted[:, -1]
        if (most := int(total.max(initial=0))) >= len(harmonic):
            harmonic = np.append(0.0, np.cumsum(1.0 / np.arange(1, most + 1)))
        before = (errors[:, :-1] - accepted[:, :-1] * groups.marked).astype(np.float64)
        if tied.size:
            share = wrong[:, tied] / np.maximum(size[:, tied], 1)
            before[:, tied] = errors[:, tied] - accepted[:, tied] * share
        reached = harmonic.take(accepted)
        inner = reached[:, 1:] - reached[:, :-1]
        inner *= before
        inner += wrong
        defined = total > 0
        values.append(np.clip(inner.sum(axis=1)[defined] / total[defined], 0.0, 1.0))
    return np.concatenate(values)


def coverage_rows(
    confidence: ArrayLike,
    correct: ArrayLike,
    weights: ArrayLike,
    place: ArrayLike | None = None,
    accuracy: float = 0.8,
) -> FloatArray:
    """`coverage_at_accuracy` under each row of weights; rows without weight are left out."""
    falling, right, place, blocks = _ranked(confidence, correct, weights, place)
    # Nobody accepts a confidence of -inf.
    covered = falling > -np.inf
    groups = _Groups.of(falling[covered], right[covered] == 1, place[covered])
    items = np.bincount(place)
    values = [np.empty(0)]
    for rows in blocks:
        total = rows[:, : len(items)] @ items
        accepted, correctly = (np.cumsum(totals, axis=1, out=totals) for totals in groups.totals(rows))
        bar = accuracy * accepted
        bar -= _SLACK * total[:, None]
        # The last threshold that reaches the accuracy accepts most.
        most = (accepted * (correctly >= bar)).max(axis=1, initial=0)
        defined = total > 0
        values.append(np.clip(most[defined] / total[defined], 0.0, 1.0))
    return np.concatenate(values)


def auroc_is_fixed(score: FloatArray, positive: NDArray[np.bool_]) -> bool:
    """Whether `auroc` is the same under all weights: no item of one class scores above one of the other."""
    one, other = score[positive], score[~positive]
    return not (one.size and other.size) or bool(one.min() > other.max() or other.min() > one.max())


def aurc_is_fixed(confidence: FloatArray, correct: NDArray[np.bool_]) -> bool:
    """Whether `aurc` is the same under all weights: all answers are right, or all are wrong."""
    del confidence
    return bool(correct.all() or not correct.any())


def coverage_is_fixed(confidence: FloatArray, correct: NDArray[np.bool_]) -> bool:
    """Whether `coverage_at_accuracy` is the same under all weights: all are right, or all are wrong."""
    return not correct.any() or bool(correct.all() and (confidence > -np.inf).all())


# ------------------------------------------------------------------------------------------ input


def _ranked(
    score: ArrayLike, label: ArrayLike, weights: ArrayLike, place: ArrayLike | None
) -> tuple[FloatArray, FloatArray, NDArray[np.intp], Iterator[NDArray[Any]]]:
    """Scores, labels and places from the highest score down, and the rows of weights, some at a time.

    Weights that are whole numbers, such as those of resamples, are integers: these are summed much faster.
    """
    values, labels = _paired(score, label)
    rows, place = _weighted(weights, place, values.size)
    if rows.min(initial=0) < 0:
        raise ValueError("weights must not be negative")
    whole = rows.dtype.kind in "ui" or bool(np.all(rows == np.floor(rows)))
    kind = np.int32 if whole and _sums_fit(rows, place) else np.float64
    order = np.argsort(-values)
    step = max(1, _ENTRIES // max(values.size, 1))
    starts = range(0, len(rows) if values.size else 0, step)
    blocks = (rows[at : at + step].astype(kind, copy=False) for at in starts)
    return values[order], labels[order], place[order], blocks


def _weighted(
    weights: ArrayLike, place: ArrayLike | None, items: int
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The rows of weights, and which of a row's weights each item has."""
    rows = np.asarray(weights)
    if rows.ndim != 2 or (place is None and rows.shape[1] != items):
        raise ValueError(f"weights of shape {rows.shape} do not fit {items} items")
    return rows, np.arange(items) if place is None else np.asarray(place, dtype=np.intp)


def _sums_fit(rows: NDArray[Any], place: NDArray[np.intp]) -> bool:
    """Whether the items' weights of every row have a sum small enough for an integer of 32 bits."""
    limit = np.iinfo(np.int32).max
    bound = float(rows.max(initial=0)) * place.size
    return bound < limit or bool((rows @ np.bincount(place, minlength=rows.shape[1])).max(initial=0) < limit)


def _sums(rows: NDArray[Any]) -> NDArray[Any]:
    """The sum of the first k entries of each row, for each k from 0."""
    sums = np.zeros((len(rows), rows.shape[1] + 1), rows.dtype)
    np.cumsum(rows, axis=1, out=sums[:, 1:])
    return sums


@dataclass(frozen=True, slots=True)
class _Groups:
    """Groups of items of equal scores, from the highest score down."""

    first: NDArray[np.intp]
    """Place of the first item of each group."""
    marked: NDArray[np.int32]
    """1 for each group whose first item is marked, else 0. `totals` counts all items of larger groups."""
    tied: NDArray[np.intp]
    """Numbers of the groups of several items."""
    members: NDArray[np.intp]
    """Places of the items of these groups."""
    marks: NDArray[np.int32]
    """1 for each of these items that is marked, else 0."""
    ends: NDArray[np.intp]
    """Numbers of these items down to the end of each of these groups, from 0."""

    @classmethod
    def of(cls, falling: FloatArray, marked: NDArray[np.bool_], place: NDArray[np.intp]) -> _Groups:
        starts = np.flatnonzero(np.append(True, falling[1:] != falling[:-1])[: falling.size])
        sizes, marks = np.diff(np.append(starts, falling.size)), marked.astype(np.int32)
        tied = np.flatnonzero(sizes > 1)
        members = np.repeat(sizes > 1, sizes)
        ends = np.append(0, np.cumsum(sizes[tied]))
        return cls(place[starts], marks[starts], tied, place[members], marks[members], ends)

    def totals(self, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """The weight of each group, and of its marked items, under each row of weights."""
        weights = rows.take(self.first, axis=1)
        marked = weights * self.marked
        if self.tied.size:
            members = rows.take(self.members, axis=1)
            for totals, parts in ((weights, members), (marked, members * self.marks)):
                totals[:, self.tied] = np.diff(_sums(parts).take(self.ends, axis=1))
        return weights, marked


def _paired(score: ArrayLike, label: ArrayLike) -> tuple[FloatArray, FloatArray]:
    values = np.asarray(score, dtype=np.float64)
    labels = np.asarray(label, dtype=np.float64)
    if values.ndim != 1 or values.shape != labels.shape:
        raise ValueError(f"{values.shape} scores do not fit {labels.shape} labels")
    if np.any(np.isnan(values)):
        raise ValueError("a score is NaN")
    if np.any((labels != 0) & (labels != 1)):
        raise ValueError("a label is neither true nor false")
    return values, labels


def _probabilities(confidence: ArrayLike, correct: ArrayLike) -> tuple[FloatArray, FloatArray]:
    said, right = _paired(confidence, correct)
    if np.any((said < 0) | (said > 1)):
        raise ValueError("a confidence is outside [0, 1]")
    return said, right


def _one_row(score: ArrayLike, weights: ArrayLike | None) -> NDArray[Any]:
    if weights is None:
        return np.ones((1, np.size(score)))
    return np.asarray(weights, dtype=np.float64)[None]


def _single(values: FloatArray) -> float | None:
    return float(values[0]) if values.size else None
