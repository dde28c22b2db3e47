"""All metrics of one model on one data set, with intervals, from the items' scores summed by cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.parts import Metric
from qa_eval.metrics.score_table import WHOLE, ScoreTable, tables_of
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import Estimate, Question, Summary, Track
from qa_eval.stats.intervals import Term, counted_estimate, ratio_estimates

_COUNTS = ("items", "answered", "abstained", "missing", "errors", "truncated", "leakable")
_ROUNDING = 1e-9
"""Tolerance for rounding that depends on the order of a sum."""
_POOLED_SLICES = "relation:"
"""Slices that the pooled track has too, where the reading track is the main one."""


def summarize(
    scores: Sequence[ItemScore],
    *,
    seed: int = 0,
    resamples: int = 9999,
    intervals: bool = True,
    slices: bool = True,
    questions: Iterable[Question] = (),
) -> Summary:
    """`summarize_tables` of these scores, with facts as clusters; their order does not matter.

    `questions` are needed for the preferences alone.
    """
    tables = tables_of(scores, questions=questions)
    return summarize_tables(tables, seed=seed, resamples=resamples, intervals=intervals, slices=slices)


def summarize_tables(
    tables: Mapping[Track, ScoreTable],
    *,
    seed: int = 0,
    resamples: int = 9999,
    intervals: bool = True,
    slices: bool = True,
) -> Summary:
    """Every metric of `METRICS` that is defined on these items, overall and by slice.

    Only the paraphrase metrics use paraphrases; all others use canonical questions. The bootstrap resamples
    the tables' clusters. Rank metrics have no slices and use at most 999 resamples.

    The slices divide the reading track if it has items, else the pooled track. `settled` and `contested` are
    the answerable items of such facts, and `silent` the silent items. `relation:R`, `category:C` and
    `article:A` hold all items of a relation, category or article. If both tracks have items,
    `pooled:relation:R` are slices of the pooled track.

    Without `intervals`, each low and high is None. Without `slices`, the summary has no slices.
    """
    main = next(iter(tables.values()), None)
    parts: list[tuple[str, str, ScoreTable]] = [(track, WHOLE, table) for track, table in tables.items()]
    if main is not None and slices:
        parts += [("slice", name, main) for name in main.slices()]
    if slices and main is not tables.get("pooled", main):
        pooled = tables["pooled"]
        parts += [
            ("slice", f"pooled:{name}", pooled) for name in pooled.slices() if name.startswith(_POOLED_SLICES)
        ]
    requests = [
        _Request(part, name, metric, *terms)
        for part, name, table in parts
        for metric in METRICS
        if (terms := table.terms(metric, name.removeprefix("pooled:"))) is not None
    ]
    estimates = _estimates(requests, seed=seed, resamples=resamples, intervals=intervals)
    found: dict[tuple[str, str], dict[str, Estimate]] = {(part, name): {} for part, name, _ in parts}
    for request, estimate in zip(requests, estimates, strict=True):
        found[request.part, request.slice][request.metric] = estimate
    for track, table in tables.items():
        found[track, WHOLE] |= _rankings(table, seed=seed, resamples=min(resamples, 999), intervals=intervals)
    return Summary(
        metrics={track: _in_order(found[track, WHOLE]) for track in tables},
        slices={name: _in_order(values) for (part, name), values in found.items() if part == "slice"},
        source_preference=tables["pooled"].preferences.by_article() if "pooled" in tables else {},
        speaker_preference=tables["pooled"].preferences.by_speaker() if "pooled" in tables else {},
        counts=_counts(tables, scored=bool(found.get(("pooled", WHOLE)))),
    )


# ------------------------------------------------------------------------------------------ inside


def _counts(tables: Mapping[Track, ScoreTable], *, scored: bool) -> dict[str, int]:
    """Numbers of items. `scored` says whether pooled items have metrics."""
    main, *others = tables.values() or [None]
    counts = {name: main.counts[name] if main is not None else 0 for name in _COUNTS}
    # A model that makes no pooled answers has no pooled metrics, so it lacks none.
    beside = [table for table in others if table is not None and scored]
    counts["pooled_missing"] = sum(table.counts["missing"] for table in beside)
    counts["pooled_errors"] = sum(table.counts["errors"] for table in others if table is not None)
    counts["paraphrase_errors"] = sum(table.counts["paraphrase_errors"] for table in tables.values())
    counts["failed_prompts"] = len({id for table in tables.values() for id in table.failed_prompts})
    return counts


@dataclass(frozen=True, slots=True)
class _Request:
    """One estimate to be made."""

    part: str
    """A track, or `slice`."""
    slice: str
    metric: str
    terms: Sequence[Term]
    n: int


def _rankings(table: ScoreTable, *, seed: int, resamples: int, intervals: bool) -> dict[str, Estimate]:
    """The metrics that rank items, over all items."""
    found: dict[str, Estimate] = {}
    for metric in METRICS.values():
        estimate = _ranking(table, metric, seed=seed, resamples=resamples, intervals=intervals)
        found |= {metric.id: estimate} if estimate is not None else {}
    return found


def _ranking(
    table: ScoreTable, metric: Metric, *, seed: int, resamples: int, intervals: bool
) -> Estimate | None:
    ranking, ranked = metric.ranking, table.ranked(metric.id)
    if ranking is None or ranked is None:
        return None
    score, positive, cluster = ranked
    value = ranking.statistic(score, positive)
    if value is None:
        return None
    names, place = np.unique(cluster, return_inverse=True)
    if not intervals:
        return _bare(value, len(score), len(names))
    return counted_estimate(
        lambda counts: ranking.rows(score, positive, counts, place),
        value,
        len(names),
        len(score),
        fixed=ranking.fixed(score, positive),
        resamples=resamples,
        seed=seed,
    )


def _estimates(
    requests: Sequence[_Request], *, seed: int, resamples: int, intervals: bool
) -> Sequence[Estimate]:
    if intervals:
        return ratio_estimates([(r.terms, r.n) for r in requests], resamples=resamples, seed=seed)
    return [
        _bare(
            sum(t.weight * float(t.numerator.sum() / t.denominator.sum()) for t in r.terms),
            r.n,
            int(np.any([t.denominator > 0 for t in r.terms], axis=0).sum()),
        )
        for r in requests
    ]


def _bare(value: float, n: int, clusters: int) -> Estimate:
    return Estimate(value=value, low=None, high=None, method="none", n=n, clusters=clusters)


def _in_order(found: Mapping[str, Estimate]) -> dict[str, Estimate]:
    return {id: _within(found[id]) for id in METRICS if id in found}


def _within(estimate: Estimate) -> Estimate:
    """The estimate, with values put back into [0, 1] if they leave it only by the rounding of sums."""

    def within(end: float) -> float:
        return min(max(end, 0.0), 1.0) if -_ROUNDING < end < 1 + _ROUNDING else end

    low, high = (None if end is None else within(end) for end in (estimate.low, estimate.high))
    return replace(estimate, value=within(estimate.value), low=low, high=high)
