"""`--fail-on-regression`: decides whether the new side is so much worse that a check must fail."""

from __future__ import annotations

from collections.abc import Iterator

from qa_eval.comparisons.differences import Comparison, Gate, MetricDifference, Pair
from qa_eval.metrics.listings import label
from qa_eval.records import ItemId
from qa_eval.text.figures import signed
from qa_eval.text.phrases import count

_ROUNDING = 1e-12


def regression_gate(
    comparison: Comparison, tolerance: float | None = None, *, allow_missing: bool = False
) -> Gate:
    """Fails if a primary metric of some model dropped significantly or, with a tolerance, by more than that.

    It also fails if the new side lacks items of the base, unless `allow_missing`. Items of a track that the
    new side was not asked do not count. `tolerance` is a fraction: 0.01 is one point. If lower is better, a
    rise counts as a drop.
    """
    judged = [] if allow_missing else list(_missing(comparison))
    judged += _judged(comparison, tolerance)
    reasons = [sentence for failed, sentence in judged if failed] or [sentence for _, sentence in judged]
    return Gate(
        failed=any(failed for failed, _ in judged),
        rule="significant" if tolerance is None else "tolerance",
        tolerance=tolerance,
        reasons=tuple(reasons),
    )


def _missing(comparison: Comparison) -> Iterator[tuple[bool, str]]:
    for pair in comparison.pairs:
        missing = [item for item in pair.removed if ItemId.parse(item).track in pair.items]
        if missing:
            yield (
                True,
                f"{pair.new.model}: {count(len(missing), 'item')} of the base not in the new run, such as "
                f"{missing[0]} (--allow-missing compares the others)",
            )


def _judged(comparison: Comparison, tolerance: float | None) -> Iterator[tuple[bool, str]]:
    for pair in comparison.pairs:
        for difference in pair.primary:
            yield _decision(pair, difference, tolerance)


def _decision(pair: Pair, d: MetricDifference, tolerance: float | None) -> tuple[bool, str]:
    what = f"{pair.new.model}: {label(d.metric)} {signed(d.difference)} points"
    if tolerance is not None:
        failed = -d.gain > tolerance + _ROUNDING
        relation = "more than" if failed else "within"
        return failed, f"{what}, {relation} the tolerance of {100 * tolerance:g}"
    if d.verdict == "worse":
        return True, f"{what}, significantly worse (p = {d.p_adjusted:.3g})"
    p = "" if d.p_adjusted is None else f" (p = {d.p_adjusted:.3g})"
    return False, f"{what}, not significantly worse{p}"
