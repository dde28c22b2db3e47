"""Numbers as text for people: percentages, points, intervals, sizes and durations. Scores are fractions."""

from __future__ import annotations

from collections.abc import Sequence


def percent(value: float) -> str:
    """A fraction as a percentage with one decimal and without the percent sign.

    >>> percent(0.6339), percent(-0.2), percent(-0.0001)
    ('63.4', '−20.0', '0.0')
    """
    text = f"{100 * value:.1f}"
    return "0.0" if text == "-0.0" else text.replace("-", "−")


_FEW = 20
"""Number of clusters below which the smallest difference is marked as approximate."""


def smallest_difference(value: float | None, clusters: int, metric: str, between: str = "") -> str:
    """The sentence on the smallest difference that a comparison could have shown.

    `value` is None if the comparison could have shown no difference. `between` names the pair of models, if
    there are several.

    >>> smallest_difference(0.123, 36, "F1")
    'The smallest difference in F1 that could be shown is about 12.3 points (80 % power)'
    >>> smallest_difference(None, 10, "F1", "between the first two of 10 ranked models")
    'No difference in F1 between the first two of 10 ranked models could be shown with 80 % power'
    """
    pair = f" {between}" if between else ""
    if value is None:
        return f"No difference in {metric}{pair} could be shown with 80 % power"
    few = f"; approximate on {clusters} clusters" if clusters < _FEW else ""
    return (
        f"The smallest difference in {metric}{pair} that could be shown is about {percent(value)} points "
        f"(80 % power{few})"
    )


def no_interval(clusters: int, unit: str, names: Sequence[str] = ()) -> str:
    """The words that say why there is no interval. `names` are the columns without one, if others have one.

    >>> no_interval(5, "fact"), no_interval(3, "fact", ["coverage@3", "acknowledged"])[-26:]
    ('too few facts for an interval: 5, and 8 are needed', '(coverage@3, acknowledged)')
    """
    from qa_eval.stats.small_samples import FEWEST_CLUSTERS

    of = f" ({', '.join(names)})" if names else ""
    return f"too few {unit}s for an interval: {clusters}, and {FEWEST_CLUSTERS} are needed{of}"


def signed(value: float) -> str:
    """A difference in points with its sign.

    >>> signed(-0.0519), signed(0.0)
    ('−5.2', '0.0')
    """
    text = f"{100 * value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def interval_text(low: float | None, high: float | None) -> str:
    """Both bounds as percentages; empty if there is no interval.

    >>> interval_text(0.571, 0.698), interval_text(-0.2, 0.1), interval_text(None, None)
    ('57.1–69.8', '−20.0 to 10.0', '')
    """
    if low is None or high is None:
        return ""
    return f"{percent(low)} to {percent(high)}" if low < 0 else f"{percent(low)}–{percent(high)}"


def size_text(count: int) -> str:
    """A number of bytes with its unit.

    >>> size_text(999), size_text(2_500_000)
    ('999 B', '2.5 MB')
    """
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{count} B" if unit == "B" else f"{size:,.1f} {unit}"


def duration_text(seconds: float) -> str:
    """A duration with its unit.

    >>> [duration_text(s) for s in (0.44, 90, 5400, 100_000, 1e6)]
    ['0.4 s', '90 s', '90 min', '28 h', '12 days']
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    for unit, size, below in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < below:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:,.0f} days"
