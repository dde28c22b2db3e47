"""The items' scores of one track as columns of numbers. Metrics and intervals are computed from them.

Items are added some facts at a time and not kept. Only a few numbers for each item and metric stay in memory.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import compress, groupby, islice, repeat
from operator import attrgetter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.parts import Condition, Counted, ItemValue, Metric, Share, Value, in_words
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.source_preferences import SourcePreferences, Sources
from qa_eval.records import TRACKS, Question, Track
from qa_eval.stats.draws import FloatArray
from qa_eval.stats.intervals import Term

IntArray = NDArray[np.intp]

Cluster = Literal["fact", "context"]
"""Unit of resampling: facts over the same articles, or the contexts of a public data set with their
questions."""
NO_QUESTIONS: Mapping[str, Question] = {}
NO_SOURCES: Mapping[str, Sources] = {}
WHOLE = ""
"""The slice of all items."""
_Slices = frozenset[str]
"""The slices that something is in, by name."""


class ScoreTable:
    """The scores of one track's items for all metrics or the named ones, added some facts at a time.

    Only canonical questions count, except in the metrics of wordings. With `cluster="context"` there are no
    slices by article, because the contexts are the sample.
    """

    def __init__(
        self, track: Track, cluster: Cluster = "fact", metrics: Collection[str] = METRICS.keys()
    ) -> None:
        self.track = track
        self.cluster = cluster
        self.counts: Counter[str] = Counter()
        """items, answered, in_words, abstained, missing, errors, truncated, leakable, paraphrase_errors."""
        self.failed_prompts: set[str] = set()
        """Ids of the further prompts that failed. Several items of a fact share the one without passages."""
        self.preferences = SourcePreferences()
        """Preferences on the facts that were added with their questions, on the pooled track."""
        self._names: dict[str, int] = {}
        """Cluster -> its number, in the order of first items."""
        self._places: IntArray = np.empty(0, dtype=np.intp)
        mine = [m for m in METRICS.values() if track in m.tracks and m.id in metrics]
        kinds: tuple[Counted, ...] = ("item", "fact", "wordings")
        self._units = {kind: _Units([m for m in mine if m.counted == kind]) for kind in kinds}
        self._rankings = {m.id: (m.ranking, _Ranked()) for m in mine if m.ranking is not None}
        self._met: dict[Condition, set[_Slices]] = {
            m.needs: set() for m in mine if m.needs is not None and m.counted == "item"
        }
        """Condition -> the slices of items that meet it."""

    def add(
        self,
        scores: Sequence[ItemScore],
        questions: Mapping[str, Question] = NO_QUESTIONS,
        sources: Mapping[str, Sources] = NO_SOURCES,
    ) -> None:
        """Adds the scores of all items of some facts, by fact, article and wording; never a fact twice.

        `questions`, with the facts' claims, and `sources` are by fact, and needed for the preferences alone.
        """
        items = [s for s in scores if s.paraphrase == 0]
        self._count(scores, items)
        slices = [slices_of(s, self.cluster) for s in items]
        clusters = self._clusters(items)
        self._units["item"].add(clusters, slices, [*zip(items, strict=True)])
        for condition, met in self._met.items():
            placed = zip(slices, items, strict=True)
            met.update(names for names, s in placed if names not in met and condition(s))
        self._rank(items, clusters)
        if self.track == "pooled" and questions:
            for s in items:
                if s.fact in questions and s.scores:
                    self.preferences.add(questions[s.fact], s.matched_claim, sources.get(s.fact))
        if self._units["fact"]:
            units = [list(fact) for _, fact in groupby(items, key=attrgetter("fact"))]
            self._add("fact", units, self._slices_of_facts(units, iter(slices)))
        if self._units["wordings"] and len(items) < len(scores):
            groups = (list(group) for _, group in groupby(scores, key=attrgetter("fact", "article")))
            units = [unit for unit in groups if len(unit) > 1]
            self._add("wordings", units, map(self._slices_of_wordings, units))

    @property
    def clusters(self) -> tuple[str, ...]:
        """The names of what is resampled, sorted."""
        return tuple(sorted(self._names))

    def slices(self) -> list[str]:
        """The names of the slices that have items."""
        order = ("settled", "contested", "silent", "abstractive", "relation", "category", "article")
        return sorted(
            self._units["item"].names() - {WHOLE},
            key=lambda name: (order.index(name.partition(":")[0]), name),
        )

    def terms(self, metric: str, slice_name: str = WHOLE) -> tuple[list[Term], int] | None:
        """The metric's ratios of sums by cluster (in the order of `clusters`), and the number of units in its
        denominator. None where it is undefined on these items or ranks items.
        """
        found = self.units(metric, slice_name)
        if found is None:
            return None
        units, cluster = found
        terms = []
        counted = np.zeros(len(cluster), dtype=np.bool_)
        for unit in units:
            counted |= unit.denominator > 0
            term = Term(
                weight=unit.weight,
                numerator=self._by_cluster(cluster, unit.numerator),
                denominator=self._by_cluster(cluster, unit.denominator),
            )
            if not term.denominator.any():
                return None
            terms.append(term)
        n = int(counted.sum())
        return (terms, n) if n >= METRICS[metric].minimum else None

    def units(self, metric: str, slice_name: str = WHOLE) -> tuple[list[Term], IntArray] | None:
        """As `terms`, but each unit for itself, in the order added, and the cluster of each.

        Units that do not count have 0 and 0. None where the metric ranks items or its `needs` are not met.
        """
        definition = METRICS[metric]
        units = self._units[definition.counted]
        if not definition.shares or not self._is_met(definition, slice_name):
            return None
        places = units.places(slice_name)
        terms = []
        for share in definition.shares:
            numerator, denominator = units.column(metric, share, places)
            terms.append(Term(weight=share.weight, numerator=numerator, denominator=denominator))
        return terms, self._order()[np.array(units.cluster, dtype=np.intp)[places]]

    def unmet(self, metric: str) -> bool:
        """Whether a ratio of sums is absent here only because its `needs` are not met."""
        definition = METRICS[metric]
        if not definition.shares or self._is_met(definition):
            return False
        units = self._units[definition.counted]
        places = units.places(WHOLE)
        return all(units.column(metric, share, places)[1].any() for share in definition.shares)

    def ranked(self, metric: str) -> tuple[FloatArray, NDArray[np.bool_], IntArray] | None:
        """Score, label and cluster of each item that takes part in a metric that ranks items.

        None where no item does, or where the metric's `needs` are not met.
        """
        _, found = self._rankings.get(metric, (None, _NO_ITEMS))
        if not found.score or not self._is_met(METRICS[metric]):
            return None
        cluster = self._order()[np.array(found.cluster, dtype=np.intp)]
        return np.array(found.score), np.array(found.positive, dtype=np.bool_), cluster

    def _is_met(self, metric: Metric, slice_name: str = WHOLE) -> bool:
        return metric.needs is None or any(slice_name in met for met in self._met.get(metric.needs, ()))

    def _count(self, scores: Sequence[ItemScore], items: Sequence[ItemScore]) -> None:
        """Counts the outcomes of all items, and of the canonical ones among them."""
        counts = self.counts
        errors = sum([s.error is not None for s in items])
        answered, failed = sum([s.answered for s in items]), sum([s.failed for s in items])
        counts["items"] += len(items)
        counts["answered"] += answered
        counts["in_words"] += sum(map(in_words, items))
        counts["abstained"] += len(items) - answered - failed
        counts["missing"] += sum([s.missing for s in items])
        counts["errors"] += errors
        counts["paraphrase_errors"] += sum([s.error is not None for s in scores]) - errors
        counts["truncated"] += sum([s.truncated for s in items])
        counts["leakable"] += sum(["leak_leakable" in s.scores for s in items])
        self.failed_prompts.update(id for s in scores for id in s.failed_prompts or ())

    def _rank(self, items: Sequence[ItemScore], clusters: Sequence[int]) -> None:
        """Adds items, with the numbers of their clusters, to the metrics that rank them."""
        rankings = self._rankings.values()
        scores = {score: [score(s) for s in items] for score in {ranking.score for ranking, _ in rankings}}
        meets = {right: [right(s) for s in items] for right in {ranking.positive for ranking, _ in rankings}}
        for ranking, ranked in rankings:
            ranked.add(scores[ranking.score], meets[ranking.positive], clusters)

    def _add(self, kind: Counted, units: Sequence[Sequence[ItemScore]], slices: Iterable[_Slices]) -> None:
        """Adds units, each with its slices."""
        self._units[kind].add(self._clusters([unit[0] for unit in units]), slices, units)

    def _clusters(self, items: Iterable[ItemScore]) -> list[int]:
        """The number of each item's cluster."""
        names = self._names
        return [names.setdefault(cluster_of(s.fact, s.article, self.cluster), len(names)) for s in items]

    def _slices_of_facts(
        self, units: Iterable[Sequence[ItemScore]], slices: Iterator[_Slices]
    ) -> Iterator[_Slices]:
        """The slices of facts, from those of all their items."""
        for unit in units:
            placed = zip(unit, islice(slices, len(unit)), strict=True)
            yield _without_articles(frozenset([names for s, names in placed if s.answerable]))

    def _slices_of_wordings(self, items: Sequence[ItemScore]) -> _Slices:
        return frozenset(name for s in items for name in slices_of(s, self.cluster))

    def _order(self) -> IntArray:
        """The place of each cluster among the sorted names, in the order of the clusters' first items."""
        if len(self._places) != len(self._names):
            self._places = np.empty(len(self._names), dtype=np.intp)
            self._places[[self._names[name] for name in self.clusters]] = np.arange(len(self._names))
        return self._places

    def _by_cluster(self, cluster: IntArray, values: FloatArray) -> FloatArray:
        return np.bincount(cluster, values, len(self._names)).astype(np.float64)


def cluster_of(fact: str, article: str, cluster: Cluster) -> str:
    """The name of the cluster of an item."""
    return fact if cluster == "fact" else article


def slices_of(score: ItemScore, cluster: Cluster = "fact") -> _Slices:
    """The slices of an item, including the one of all items."""
    kind = "silent" if not score.answerable else "contested" if score.contested else "settled"
    by_article = score.marks is None and score.track == "reading" and cluster == "fact"
    return _slices(kind, score.relation, score.category, score.marks, score.article if by_article else None)


def tables_of(
    scores: Iterable[ItemScore],
    cluster: Cluster = "fact",
    metrics: Collection[str] = METRICS.keys(),
    questions: Iterable[Question] = (),
) -> dict[Track, ScoreTable]:
    """The tables of the tracks that have items; the order of `scores` does not matter.

    `questions` are needed for the preferences alone.
    """
    tables: dict[Track, ScoreTable] = {}
    add_scores(tables, scores, cluster, metrics, questions)
    return tables


def add_scores(
    tables: dict[Track, ScoreTable],
    scores: Iterable[ItemScore],
    cluster: Cluster = "fact",
    metrics: Collection[str] = METRICS.keys(),
    questions: Iterable[Question] = (),
    *,
    sources: Mapping[str, Sources] = NO_SOURCES,
) -> None:
    """Adds the scores of whole facts to the tables of their tracks; their order does not matter.

    `sources`: of facts with their own passages, by fact.
    """
    asked = {question.id: question for question in questions}
    by_track: dict[Track, list[ItemScore]] = {}
    for score in scores:
        by_track.setdefault(score.track, []).append(score)
    for track in TRACKS:
        if track in by_track:
            ordered = sorted(by_track[track], key=attrgetter("fact", "article", "paraphrase"))
            if track not in tables:
                tables[track] = ScoreTable(track, cluster, metrics)
            tables[track].add(ordered, asked, sources)


# ------------------------------------------------------------------------------------------ inside


# Cached because the slices of most items are those of other items, and those of every model.
@lru_cache(maxsize=4096)
def _slices(
    kind: str, relation: str | None, category: str, marks: tuple[str, ...] | None, article: str | None
) -> _Slices:
    names = {WHOLE, kind, *(marks or ())}
    names |= {f"relation:{relation}"} if relation is not None else set()
    names |= {f"category:{category}"} if category else set()
    names |= {f"article:{article}"} if article is not None else set()
    return frozenset(names)


@lru_cache(maxsize=4096)
def _without_articles(answerable: frozenset[_Slices]) -> _Slices:
    """The slices of a fact, from those of its answerable items.

    A fact is what its answerable items are, and cannot be cut by article: what is left would be another
    metric under the same name.
    """
    return frozenset(name for name in frozenset[str]().union(*answerable) if not name.startswith("article:"))


class _Units:
    """What is counted, one after the other: the cluster of each, its slices, and its values for metrics."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        """Takes the metrics that count these units."""
        self.cluster = array("q")
        self._slices: dict[_Slices, int] = {}
        """Slices that some unit is in -> their number."""
        self._numbers = array("q")
        """Number of the slices of each unit."""
        self._places: dict[str, IntArray] = {}
        """The indices of the units of the slice that was asked for last."""
        self._metrics = {metric.id for metric in metrics}
        self._columns: dict[Value, array[float]] = {
            value: array("d")
            for metric in metrics
            for share in metric.shares
            for value in (share.numerator, share.denominator)
            if value is not None
        }
        """The value of each unit; NaN if there is none, as for the units after the last one of a column."""

    def __bool__(self) -> bool:
        return bool(self._columns)

    def add(
        self, clusters: Iterable[int], slices: Iterable[_Slices], units: Sequence[Sequence[ItemScore]]
    ) -> None:
        """Adds units, each given by the scores of its items, with their clusters and slices."""
        before = len(self.cluster)
        self.cluster.extend(clusters)
        self._numbers.extend([self._slices.setdefault(names, len(self._slices)) for names in slices])
        self._places.clear()
        firsts = [unit[0].scores for unit in units]
        named = set[str]().union(*firsts)
        for value, column in self._columns.items():
            if not isinstance(value, ItemValue):
                found = [_NONE if (v := value(unit)) is None else v for unit in units]
            elif (key := value.key) in named:
                found = [scores.get(key, _NONE) for scores in firsts]
            else:
                continue
            column.extend(repeat(_NONE, before - len(column)))
            column.fromlist(found)

    def column(self, metric: str, share: Share, places: IntArray) -> tuple[FloatArray, FloatArray]:
        """Numerators and denominators of the units at these places; 0 and 0 for one that does not count."""
        if metric not in self._metrics:
            return np.zeros(len(places)), np.zeros(len(places))
        numerator, denominator = self._values(share.numerator, places), np.ones(len(places))
        if share.denominator is not None:
            denominator = self._values(share.denominator, places)
        counts = ~(np.isnan(numerator) | np.isnan(denominator))
        return np.where(counts, numerator, 0.0), np.where(counts, denominator, 0.0)

    def names(self) -> frozenset[str]:
        """The names of all slices."""
        return frozenset[str]().union(*self._slices)

    def places(self, slice_name: str) -> IntArray:
        """The indices of the units of a slice."""
        if slice_name not in self._places:
            inside = np.array([slice_name in names for names in self._slices], dtype=np.bool_)
            self._places = {slice_name: np.flatnonzero(inside[np.array(self._numbers, dtype=np.intp)])}
        return self._places[slice_name]

    def _values(self, value: Value, places: IntArray) -> FloatArray:
        column = self._columns[value]
        column.extend(repeat(_NONE, len(self.cluster) - len(column)))
        values: FloatArray = np.array(column)[places]
        return values


class _Ranked:
    """Items that take part in a metric that ranks them."""

    def __init__(self) -> None:
        self.score = array("d")
        self.positive = array("b")
        self.cluster = array("q")

    def add(self, scores: Sequence[float | None], positive: Sequence[bool], clusters: Sequence[int]) -> None:
        """Adds items, given by three columns. An item whose score is None takes no part."""
        taking = [score is not None for score in scores]
        self.score.fromlist([score for score in scores if score is not None])
        self.positive.fromlist([*compress(positive, taking)])
        self.cluster.fromlist([*compress(clusters, taking)])


_NONE = math.nan
"""What a column has for a unit without a value."""
_NO_ITEMS = _Ranked()
