"""All metrics of one model on one data set, with their intervals: the items' scores summed by fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from qa_eval.records import TRACKS, Estimate, ItemScore, Summary, Track
from qa_eval.scoring.metric_parts import Metric, Share, Unit, abstained
from qa_eval.scoring.metric_table import METRICS
from qa_eval.stats import Term, linear_contributions, ratio_estimates, rowwise_estimate

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def summarize(
    scores: Sequence[ItemScore], *, seed: int = 0, resamples: int = 9999, intervals: bool = True
) -> Summary:
    """Every metric of `METRICS` that is defined on these items, overall and by slice.

    Canonical questions only, but for the paraphrase metrics. The clusters that are resampled are the facts;
    rank metrics (of which there are no slices) take at most 999 resamples. Slices are of the reading track if
    any of its items are present, else of the pooled one: `settled` and `contested` are the answerable items
    of such facts, `silent` the silent items, `relation:R`, `category:C` and `article:A` all items of these.
    The order of `scores` does not matter. Without `intervals` only values are computed: low and high are
    None.
    """
    tables = {track: _Table.of([s for s in scores if s.item.track == track], track) for track in TRACKS}
    tables = {track: table for track, table in tables.items() if table.facts}
    requests: list[_Request] = []
    for track, table in tables.items():
        requests += table.requests(track, "")
    main = next(iter(tables.values()), None)
    if main is not None:
        for name in main.slices():
            requests += main.requests("slice", name)
    estimates = _estimates(requests, seed=seed, resamples=resamples, intervals=intervals)
    found: dict[tuple[str, str], dict[str, Estimate]] = {}
    for request, estimate in zip(requests, estimates, strict=True):
        found.setdefault((request.part, request.slice), {})[request.metric] = estimate
    for track, table in tables.items():
        found.setdefault((track, ""), {}).update(
            table.rankings(seed=seed, resamples=min(resamples, 999), intervals=intervals)
        )
    return Summary(
        metrics={track: _in_order(found[track, ""]) for track in tables},
        slices={name: _in_order(values) for (part, name), values in found.items() if part == "slice"},
        source_preference=_source_preference(tables["pooled"].items) if "pooled" in tables else {},
        counts=_counts(main.items if main is not None else ()),
    )


def metric_terms(
    scores: Sequence[ItemScore], metric: str = "balanced_f1", track: Track | None = None
) -> tuple[tuple[str, ...], list[Term]]:
    """The facts, sorted, and the metric's ratios of sums per fact: what paired comparisons are made of.

    Of the reading track, unless told otherwise, for metrics that both tracks have. Raises KeyError for an
    unknown metric and ValueError for one that ranks items or is undefined on these scores.
    """
    asked = track if track is not None else METRICS[metric].tracks[0]
    table = _Table.of([s for s in scores if s.item.track == asked], asked)
    request = next((r for r in table.requests(asked, "") if r.metric == metric), None)
    if request is None:
        raise ValueError(f"{metric} is not a ratio of sums on these {len(table.items)} {asked} items")
    return table.facts, list(request.terms)


def headline_contributions(
    scores: Sequence[ItemScore], metric: str = "balanced_f1", track: Track | None = None
) -> tuple[tuple[str, ...], FloatArray]:
    """The facts, sorted, and what each adds to the metric; the sum is its value. Raises as `metric_terms`."""
    facts, terms = metric_terms(scores, metric, track)
    return facts, linear_contributions(terms)


# ------------------------------------------------------------------------------------------ inside


@dataclass(frozen=True, slots=True)
class _Request:
    """One estimate to be made."""

    part: str
    """A track, or `slice`."""
    slice: str
    metric: str
    terms: tuple[Term, ...]
    n: int


@dataclass(frozen=True, slots=True)
class _Column:
    """One share of one metric, for every unit; a unit that does not count has 0 and 0."""

    weight: float
    numerator: FloatArray
    denominator: FloatArray


@dataclass(frozen=True, slots=True)
class _Units:
    """What is counted, each with its fact and its scores."""

    scores: tuple[tuple[ItemScore, ...], ...]
    facts: NDArray[np.intp]

    def column(self, share: Share) -> _Column:
        size = len(self.scores)
        numerator, denominator = np.zeros(size), np.zeros(size)
        for i, unit in enumerate(self.scores):
            value = share.numerator(unit)
            weight = 1.0 if share.denominator is None else share.denominator(unit)
            if value is not None and weight is not None:
                numerator[i], denominator[i] = value, weight
        return _Column(share.weight, numerator, denominator)


@dataclass(frozen=True, slots=True)
class _Table:
    """The scores of one track, arranged by unit, with every metric's columns computed once."""

    items: tuple[ItemScore, ...]
    """Canonical, in the order of their ids."""
    facts: tuple[str, ...]
    """Sorted."""
    units: Mapping[Unit, _Units]
    columns: Mapping[str, tuple[_Column, ...]]
    """By metric id; ranking metrics have none."""

    @classmethod
    def of(cls, scores: Sequence[ItemScore], track: Track) -> _Table:
        ordered = sorted(scores, key=lambda s: s.item)
        items = tuple(s for s in ordered if s.item.paraphrase == 0)
        facts = tuple(dict.fromkeys(s.item.fact for s in ordered))
        variants = (u for u in _grouped(ordered, lambda s: (s.item.fact, s.item.article)) if len(u) > 1)
        grouped: dict[Unit, Iterable[tuple[ItemScore, ...]]] = {
            "item": ((s,) for s in items),
            "fact": _grouped(items, lambda s: s.item.fact),
            "wordings": variants,
        }
        index = {fact: i for i, fact in enumerate(facts)}
        units: dict[Unit, _Units] = {}
        for unit, groups in grouped.items():
            members = tuple(groups)
            units[unit] = _Units(members, np.array([index[m[0].item.fact] for m in members], dtype=np.intp))
        columns = {
            m.id: tuple(units[m.unit].column(share) for share in m.shares)
            for m in METRICS.values()
            if track in m.tracks
        }
        return cls(items, facts, units, columns)

    def slices(self) -> list[str]:
        """The names of the slices that have items."""
        relations = {f"relation:{s.relation}" for s in self.items if s.relation is not None}
        categories = {f"category:{s.category}" for s in self.items}
        articles = {f"article:{s.item.article}" for s in self.items if s.item.track == "reading"}
        kinds = [k for k in ("settled", "contested", "silent") if any(_KINDS[k](s) for s in self.items)]
        return [*kinds, *sorted(relations), *sorted(categories), *sorted(articles)]

    def requests(self, part: str, slice_name: str) -> list[_Request]:
        """The estimates of one slice, or of everything for the empty name; undefined ones are left out."""
        member = _member_of(slice_name)
        items = [s for s in self.items if member(s)]
        masks = {unit: self._mask(unit, slice_name, member) for unit in self.units}
        found = []
        for id, columns in self.columns.items():
            metric = METRICS[id]
            if columns and (metric.needs is None or metric.needs(items)):
                request = self._request(part, slice_name, metric, masks[metric.unit])
                found += [request] if request is not None else []
        return found

    def _mask(self, unit: Unit, slice_name: str, member: Callable[[ItemScore], bool]) -> BoolArray:
        # A fact is what its answerable items are, and cannot be cut by article: what is left would be another
        # metric under the same name.
        whole = unit == "fact"
        if whole and slice_name.startswith("article:"):
            return np.zeros(len(self.units[unit].scores), dtype=np.bool_)
        groups = self.units[unit].scores
        return np.array(
            [any(member(s) for s in group if s.answerable or not whole) for group in groups], dtype=np.bool_
        )

    def _request(self, part: str, slice_name: str, metric: Metric, mask: BoolArray) -> _Request | None:
        place = self.units[metric.unit].facts[mask]
        terms = []
        counted = np.zeros(int(mask.sum()), dtype=np.bool_)
        for column in self.columns[metric.id]:
            numerator, denominator = column.numerator[mask], column.denominator[mask]
            counted |= denominator > 0
            term = Term(
                weight=column.weight,
                numerator=self._by_fact(place, numerator),
                denominator=self._by_fact(place, denominator),
            )
            if not term.denominator.any():
                return None
            terms.append(term)
        n = int(counted.sum())
        return _Request(part, slice_name, metric.id, tuple(terms), n) if n >= metric.minimum else None

    def _by_fact(self, place: NDArray[np.intp], values: FloatArray) -> FloatArray:
        sums: FloatArray = np.zeros(len(self.facts))
        np.add.at(sums, place, values)
        return sums

    def rankings(self, *, seed: int, resamples: int, intervals: bool) -> dict[str, Estimate]:
        """The metrics that rank items, over all items."""
        found: dict[str, Estimate] = {}
        for metric in METRICS.values():
            if metric.ranking is not None and metric.id in self.columns:
                estimate = self._ranking(metric, seed=seed, resamples=resamples, intervals=intervals)
                found |= {metric.id: estimate} if estimate is not None else {}
        return found

    def _ranking(self, metric: Metric, *, seed: int, resamples: int, intervals: bool) -> Estimate | None:
        ranking = metric.ranking
        assert ranking is not None
        ranked = [(s, v) for s in self.items if (v := ranking.score(s)) is not None]
        score = np.array([v for _, v in ranked], dtype=np.float64)
        positive = np.array([ranking.positive(s) for s, _ in ranked], dtype=np.bool_)
        facts = np.array([self.facts.index(s.item.fact) for s, _ in ranked], dtype=np.intp)
        value = ranking.statistic(score, positive)
        if value is None:
            return None
        if not intervals:
            return _bare(value, len(ranked), len(set(facts.tolist())))
        return rowwise_estimate(
            lambda weights: ranking.rows(score, positive, weights),
            value,
            facts,
            len(ranked),
            resamples=resamples,
            seed=seed,
        )


_KINDS: Mapping[str, Callable[[ItemScore], bool]] = {
    "settled": lambda s: s.answerable and not s.contested,
    "contested": lambda s: s.answerable and s.contested,
    "silent": lambda s: not s.answerable,
}


def _member_of(slice_name: str) -> Callable[[ItemScore], bool]:
    kind, _, name = slice_name.partition(":")
    members: dict[str, Callable[[ItemScore], bool]] = {
        "": lambda s: True,
        "relation": lambda s: s.relation == name,
        "category": lambda s: s.category == name,
        "article": lambda s: s.item.article == name,
        **_KINDS,
    }
    return members[kind]


def _grouped(
    scores: Sequence[ItemScore], key: Callable[[ItemScore], object]
) -> Iterable[tuple[ItemScore, ...]]:
    # `sorted` by item id puts a fact's articles together, and an article's wordings.
    return (tuple(group) for _, group in groupby(scores, key=key))


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
    return {id: found[id] for id in METRICS if id in found}


def _source_preference(items: Sequence[ItemScore]) -> dict[str, dict[str, float]]:
    """Over contested facts whose top answer makes a claim that some article states, by answering article.

    wins: the article states that claim; n: such facts that the article answers; rate = wins / n; chance: what
    rate would be if each fact's claim were drawn evenly.
    """
    tallies: dict[str, list[tuple[bool, float]]] = {}
    for score in items:
        for article, outcome in score.sources.items():
            tallies.setdefault(article, []).append(outcome)
    return {
        article: {
            "wins": sum(won for won, _ in outcomes),
            "n": len(outcomes),
            "rate": sum(won for won, _ in outcomes) / len(outcomes),
            "chance": sum(chance for _, chance in outcomes) / len(outcomes),
        }
        for article, outcomes in sorted(tallies.items())
    }


def _counts(items: Sequence[ItemScore]) -> dict[str, int]:
    return {
        "items": len(items),
        "answered": sum(s.answered for s in items),
        "abstained": sum(abstained(s) for s in items),
        "missing": sum(s.missing for s in items),
        "errors": sum(s.error for s in items),
        "truncated": sum(s.truncated for s in items),
    }
