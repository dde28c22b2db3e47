"""A small stored run, made by hand: what the tests of the terminal's output show."""

from __future__ import annotations

from typing import Any

from qa_eval.records import Difference, Estimate, ModelInfo
from qa_eval.runs.schema import CountsRow, DataRow, ItemsRow, Leaderboard, Row

VALUES: dict[str, tuple[float, ...]] = {
    "embedded": (0.634, 0.512, 0.583, 0.561, 0.622, 0.441, 0.208),
    "baseline:sliding-window": (0.283, 0.124, 0.231, 0.151, 0.262, 0.302, 0.0),
    "baseline:first-of-type": (0.254, 0.101, 0.187, 0.13, 0.211, 0.255, 0.042),
    "baseline:abstain": (0.5, 0.312, 0.312, 0.312, 0.312, 0.0, 0.0),
    "baseline:random-span": (0.021, 0.0, 0.034, 0.002, 0.041, 0.011, 0.0),
    "reference:oracle": (1.0,) * 7,
    "reference:majority-claim": (0.91, 0.82, 0.87, 1.0, 1.0, 0.51, 0.33),
}
METRICS = ("balanced_f1", "em", "f1", "em_any", "f1_any", "coverage_at_3", "contrast_consistency")
RANKS = {"embedded": (1, 1, 1), "baseline:sliding-window": (2, 2, 3), "baseline:first-of-type": (2, 2, 3)}


def estimate(value: float, n: int = 310) -> Estimate:
    """An estimate with a plausible interval."""
    low, high = max(0.0, value - 0.061), min(1.0, value + 0.057)
    return Estimate(value=value, low=low, high=high, method="bca", n=n, clusters=62)


def row(spec: str, values: tuple[float, ...], **changes: Any) -> Row:
    """A leaderboard row; its metrics are the headline ones, in order."""
    reading = {m: estimate(v) for m, v in zip(METRICS, values, strict=True) if m != "coverage_at_3"}
    reading["no_answer_recall"] = estimate(values[0], n=97)
    rank = RANKS.get(spec)
    fields: dict[str, Any] = {
        "rank": rank[0] if rank else None,
        "rank_interval": rank[1:] if rank else None,
        "model": ModelInfo(spec=spec, kind=spec.partition(":")[0], name=spec),
        "metrics": {"reading": reading, "pooled": {"coverage_at_3": estimate(values[5], n=24)}},
        "slices": {"contested": {"em": estimate(values[1] / 2, n=120), "f1": estimate(values[2] / 2, n=120)}},
        "counts": CountsRow(items=310, answered=212, abstained=98, cached=310),
    }
    if rank and rank[0] > 1:
        value = values[0] - VALUES["embedded"][0]
        fields["versus_first"] = Difference(
            value=value, low=value - 0.07, high=value + 0.07, p=0.0001, clusters=62
        )
    return Row(**(fields | changes))


def leaderboard(name: str = "example", *more: Row, **changes: Any) -> Leaderboard:
    """A leaderboard of the rows above, and more."""
    fields: dict[str, Any] = {
        "run_id": "0" * 64,
        "name": name,
        "created_at": "2025-01-02T03:04:05Z",
        "status": "complete",
        "data": DataRow(
            questions_sha256="a" * 64,
            articles_sha256="b" * 64,
            item_hashes_sha256="c" * 64,
            facts=62,
            contested=24,
            items=ItemsRow(reading=310, pooled=62),
        ),
        "rules": "squad-v2.0",
        "scorer_version": "1",
        "minimum_detectable_difference": 0.083,
        "rows": [*(row(spec, values) for spec, values in VALUES.items()), *more],
    }
    return Leaderboard(**(fields | changes))
