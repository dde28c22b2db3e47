"""The statistics of a comparison: every metric on every slice, for two tables of scores of the same items."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from qa_eval.comparisons.differences import ArticleDifference, MetricDifference, Test
from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.parts import Metric
from qa_eval.metrics.score_table import Cluster, ScoreTable, tables_of
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import Track
from qa_eval.stats.draws import FloatArray
from qa_eval.stats.intervals import Term, rowwise_estimate
from qa_eval.stats.significance import PairedTest, benjamini_hochberg, mcnemar, paired_tests

_Found = TypeVar("_Found")

Tables = Mapping[Track, ScoreTable]

RANK_RESAMPLES = 999
MOST_ARTICLES = 20
"""Most articles that are listed one by one. More articles are treated as a sample."""
_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class _Request:
    """One ratio metric on one slice, for both sides."""

    track: Track
    slice: str
    metric: str
    base: Sequence[Term]
    new: Sequence[Term]


def measure(
    base: Tables,
    new: Tables,
    *,
    only: Collection[tuple[Track, str]] | None = None,
    only_slice: str | None = None,
    resamples: int,
    seed: int,
    tests: int = 1,
) -> list[MetricDifference]:
    """Every metric that is defined for both sides, first on all items, then by slice; not corrected.

    Both tables must have the same items. `only_slice` restricts the result to one slice. `only` restricts it
    to these metrics on all items. `tests` is the number of tests that the primary metrics are corrected for.
    """
    requests = list(_requests(base, new, only, only_slice))
    terms = [(r.new, r.base) for r in requests]  # a difference is of the first to the second
    found = paired_tests(terms, resamples=resamples, seed=seed, tests=tests)
    measured = [
        _measured(request, test, base[request.track], new[request.track])
        for request, test in zip(requests, found, strict=True)
    ]
    if only_slice is None:
        measured += list(_rankings(base, new, only, resamples=min(resamples, RANK_RESAMPLES), seed=seed))
    main = next(iter(base.values()), None)
    slices = ["", *(main.slices() if main is not None else ())]
    order = {metric: number for number, metric in enumerate(METRICS)}
    return sorted(measured, key=lambda d: (slices.index(d.slice), d.track == "pooled", order[d.metric]))


def corrected(measured: Sequence[MetricDifference]) -> list[MetricDifference]:
    """The differences with their p corrected together, for the false discovery rate."""
    tested = [d.p for d in measured if d.p is not None]
    adjusted = iter(benjamini_hochberg(tested).tolist())
    return [
        d if d.p is None else replace(d, p_adjusted=next(adjusted), correction="benjamini-hochberg")
        for d in measured
    ]


def by_article(
    base: Sequence[ItemScore], new: Sequence[ItemScore], track: Track, metric: str, cluster: Cluster
) -> tuple[list[ArticleDifference], tuple[float, float] | None]:
    """The metric on each article's items where it is defined, and the range of its difference without each.

    The result is empty on the pooled track, where contexts are the sample, and for one article or more than
    `MOST_ARTICLES`.
    """
    names = sorted({s.article for s in base if s.track == "reading"})
    if track == "pooled" or cluster == "context" or not 1 < len(names) <= MOST_ARTICLES:
        return [], None
    found, without = [], []
    for name in names:
        here = [_value([s for s in side if s.article == name], metric) for side in (base, new)]
        elsewhere = [_value([s for s in side if s.article != name], metric) for side in (base, new)]
        if (values := _both(*here)) is not None:
            (base_value, _), (new_value, n) = values
            found.append(
                ArticleDifference(
                    article=name, base=base_value, new=new_value, difference=new_value - base_value, n=n
                )
            )
        if (values := _both(*elsewhere)) is not None:
            (base_value, _), (new_value, _) = values
            without.append(new_value - base_value)
    return found, (min(without), max(without)) if without else None


# ------------------------------------------------------------------------------------------ inside


def _both(base: _Found | None, new: _Found | None) -> tuple[_Found, _Found] | None:
    """The values of both sides. None if one side has no value."""
    return None if base is None or new is None else (base, new)


def _requests(
    base: Tables, new: Tables, only: Collection[tuple[Track, str]] | None, only_slice: str | None
) -> Iterable[_Request]:
    main = next(iter(base), None)
    for track in base:
        names = [only_slice] if only_slice is not None else [""]
        if only is None and only_slice is None and track == main:
            names += base[track].slices()
        elif only_slice is not None and (track != main or only_slice not in base[track].slices()):
            continue
        for name in names:
            for metric in _chosen(track, only):
                terms = _both(base[track].terms(metric, name), new[track].terms(metric, name))
                if terms is not None:
                    yield _Request(track, name, metric, base=terms[0][0], new=terms[1][0])


def _measured(request: _Request, tested: PairedTest, base: ScoreTable, new: ScoreTable) -> MetricDifference:
    metric = METRICS[request.metric]
    gains = _unit_gains(metric, request.slice, base, new)
    wins, losses = int(np.count_nonzero(gains > _TIE)), int(np.count_nonzero(gains < -_TIE))
    d = tested.difference
    p = d.p
    test: Test = "sign-flip"
    if request.track == "pooled" and _binary(request.base, request.new):
        p, test = mcnemar(wins, losses, mid_p=False), "mcnemar"
    return MetricDifference(
        track=request.track,
        slice=request.slice,
        metric=request.metric,
        higher_is_better=metric.higher_is_better,
        base=_ratio(request.base),
        new=_ratio(request.new),
        difference=d.value,
        low=d.low,
        high=d.high,
        method=d.method,
        p=p,
        p_adjusted=p,
        correction="none",
        test=test,
        wins=wins,
        ties=len(gains) - wins - losses,
        losses=losses,
        n=len(gains),
        clusters=d.clusters,
        minimum_detectable_difference=tested.detectable,
    )


def _unit_gains(metric: Metric, slice_name: str, base: ScoreTable, new: ScoreTable) -> FloatArray:
    """The contribution of each counted unit to the lead of the new side. Only its sign has meaning.

    If the sides count different units (as for a precision), a counted unit is compared with the mean ratio.
    """
    units = _both(base.units(metric.id, slice_name), new.units(metric.id, slice_name))
    assert units is not None
    (base_terms, number), (new_terms, _) = units
    gains: FloatArray = np.zeros(len(number))
    counted = np.zeros(len(number), dtype=np.bool_)
    for b, n in zip(base_terms, new_terms, strict=True):
        size = (n.denominator.sum() + b.denominator.sum()) / 2
        ratio = (n.numerator.sum() / n.denominator.sum() + b.numerator.sum() / b.denominator.sum()) / 2
        lead = (n.numerator - b.numerator) - ratio * (n.denominator - b.denominator)
        gains += n.weight * lead / size
        counted |= (n.denominator > 0) | (b.denominator > 0)
    return (gains if metric.higher_is_better else -gains)[counted]


def _binary(base: Sequence[Term], new: Sequence[Term]) -> bool:
    """Whether each cluster is one item, right or wrong, and both sides count the same."""
    if len(base) != 1 or not np.array_equal(base[0].denominator, new[0].denominator):
        return False
    columns = (base[0].denominator, base[0].numerator, new[0].numerator)
    return all(bool(np.isin(column, (0.0, 1.0)).all()) for column in columns)


def _ratio(terms: Sequence[Term]) -> float:
    return float(sum(t.weight * t.numerator.sum() / t.denominator.sum() for t in terms))


def _value(scores: Sequence[ItemScore], metric: str) -> tuple[float, int] | None:
    """The metric on these items of the reading track, and its number of units."""
    table = tables_of(scores, metrics=(metric,)).get("reading")
    found = table.terms(metric) if table is not None else None
    return None if found is None else (_ratio(found[0]), found[1])


def _chosen(track: Track, only: Collection[tuple[Track, str]] | None) -> list[str]:
    """The ids of the metrics to measure on a track, in the order of the catalog."""
    return [metric for metric in METRICS if only is None or (track, metric) in only]


def _rankings(
    base: Tables, new: Tables, only: Collection[tuple[Track, str]] | None, *, resamples: int, seed: int
) -> Iterable[MetricDifference]:
    for track in base:
        for metric in _chosen(track, only):
            found = _ranking(METRICS[metric], track, base[track], new[track], resamples=resamples, seed=seed)
            if found is not None:
                yield found


def _ranking(
    metric: Metric, track: Track, base: ScoreTable, new: ScoreTable, *, resamples: int, seed: int
) -> MetricDifference | None:
    """The items of both sides are resampled together, by cluster."""
    ranked = _both(base.ranked(metric.id), new.ranked(metric.id))
    if metric.ranking is None or ranked is None:
        return None
    values = _both(*(metric.ranking.statistic(score, positive) for score, positive, _ in ranked))
    if values is None:
        return None
    base_value, new_value = values
    size = len(ranked[0][0])

    def differences(weights: FloatArray) -> FloatArray:
        halves = zip(ranked, (weights[:, :size], weights[:, size:]), strict=True)
        base_rows, new_rows = (_each_row(metric, score, positive, w) for (score, positive, _), w in halves)
        found: FloatArray = new_rows - base_rows
        return found[np.isfinite(found)]

    estimate = rowwise_estimate(
        differences,
        new_value - base_value,
        np.concatenate([clusters for _, _, clusters in ranked]),
        size,
        resamples=resamples,
        seed=seed,
        lower=-1.0,
        upper=1.0,
    )
    return MetricDifference(
        track=track,
        slice="",
        metric=metric.id,
        higher_is_better=metric.higher_is_better,
        base=base_value,
        new=new_value,
        difference=new_value - base_value,
        low=estimate.low,
        high=estimate.high,
        method=estimate.method,
        p=None,
        p_adjusted=None,
        correction="none",
        test="none",
        wins=0,
        ties=0,
        losses=0,
        n=len(ranked[1][0]),
        clusters=estimate.clusters,
        minimum_detectable_difference=None,
    )


def _each_row(
    metric: Metric, score: FloatArray, positive: NDArray[np.bool_], weights: FloatArray
) -> FloatArray:
    """The statistic under each row of weights. NaN where it is undefined."""
    assert metric.ranking is not None
    values = metric.ranking.rows(score, positive, weights, None)
    if len(values) == len(weights):
        return values
    alone = (metric.ranking.rows(score, positive, row[None, :], None) for row in weights)
    return np.array([found[0] if len(found) else np.nan for found in alone])
