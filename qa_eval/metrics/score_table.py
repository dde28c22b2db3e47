"""The items' scores of one track as columns of numbers. Metrics and intervals are computed from them.

Items are added fact by fact and not kept. Only a few numbers for each item and metric stay in memory.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.parts import Counted, Metric, abstained, in_words
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.source_preferences import SourcePreferences, Sources
from qa_eval.records import TRACKS, Question, Track
from qa_eval.stats.intervals import Term

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

Cluster = Literal["fact", "context"]
"""Unit of resampling: facts over the same articles, or the contexts of a public data set with their
questions."""
NO_SOURCES: Mapping[str, Sources] = {}
WHOLE = ""
"""The slice of all items."""


class ScoreTable:
    """The scores of one track's items for all metrics or the named ones, added fact by fact.

    Only canonical questions count, except in the metrics of wordings. With `cluster="context"` there are no
    slices by article, because the contexts are the sample.
    """

    def __init__(
        self, track: Track, cluster: Cluster = "fact", metrics: Collection[str] = METRICS.keys()
    ) -> None:
        self.track = track
        self.cluster = cluster
        self.counts: Counter[str] = Counter()
        """items, answered, in_words, abstained, missing, errors, truncated, leakable."""
        self.preferences = SourcePreferences()
        """Of the facts that were added with their questions, on the pooled track."""
        self._names: dict[str, int] = {}
        """Cluster -> its number, in the order of first items."""
        self._places: IntArray = np.empty(0, dtype=np.intp)
        self._units: dict[Counted, _Units] = {unit: _Units() for unit in ("item", "fact", "wordings")}
        self._rankings: dict[str, _Ranked] = defaultdict(_Ranked)
        self._met: dict[str, set[str]] = defaultdict(set)
        self._metrics = [m for m in METRICS.values() if track in m.tracks and m.id in metrics]

    def add(
        self, fact: Sequence[ItemScore], question: Question | None = None, sources: Sources | None = None
    ) -> None:
        """Adds the scores of all items of one fact, in the order of their ids; never the same fact twice.

        `question`, with the fact's claims, and `sources` are needed for the preferences alone.
        """
        canonical = [s for s in fact if s.paraphrase == 0]
        for score in canonical:
            self._count(score)
            if question is not None and self.track == "pooled" and score.scores:
                self.preferences.add(question, score.matched_claim, sources)
            self._add("item", [score], slices_of(score, self.cluster))
        if canonical:
            # A fact is what its answerable items are, and cannot be cut by article: what is left would be
            # another metric under the same name.
            names = {name for s in canonical if s.answerable for name in slices_of(s, self.cluster)}
            self._add("fact", canonical, {name for name in names if not name.startswith("article:")})
        for _, group in groupby(fact, key=lambda s: s.article):
            wordings = list(group)
            if len(wordings) > 1:
                self._add("wordings", wordings, {n for s in wordings for n in slices_of(s, self.cluster)})

    @property
    def clusters(self) -> tuple[str, ...]:
        """The names of what is resampled, sorted."""
        return tuple(sorted(self._names))

    def slices(self) -> list[str]:
        """The names of the slices that have items."""
        order = ("settled", "contested", "silent", "abstractive", "relation", "category", "article")
        return sorted(
            self._units["item"].slices.keys() - {WHOLE},
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
        if not definition.shares or (
            definition.needs is not None and metric not in self._met.get(slice_name, ())
        ):
            return None
        places = units.places(slice_name)
        terms = []
        for number, share in enumerate(definition.shares):
            numerator, denominator = units.column(metric, number, places)
            terms.append(Term(weight=share.weight, numerator=numerator, denominator=denominator))
        return terms, self._order()[np.array(units.cluster, dtype=np.intp)[places]]

    def unmet(self, metric: str) -> bool:
        """Whether a ratio of sums is absent here only because its `needs` are not met."""
        definition = METRICS[metric]
        if definition.needs is None or not definition.shares or metric in self._met.get(WHOLE, ()):
            return False
        units = self._units[definition.counted]
        places = units.places(WHOLE)
        return all(units.column(metric, number, places)[1].any() for number in range(len(definition.shares)))

    def ranked(self, metric: str) -> tuple[FloatArray, NDArray[np.bool_], IntArray] | None:
        """Score, label and cluster of each item that takes part in a metric that ranks items.

        None where no item does, or where the metric's `needs` are not met.
        """
        found = self._rankings.get(metric)
        if found is None or (METRICS[metric].needs is not None and metric not in self._met.get(WHOLE, ())):
            return None
        cluster = self._order()[np.array(found.cluster, dtype=np.intp)]
        return np.array(found.score), np.array(found.positive, dtype=np.bool_), cluster

    def _count(self, score: ItemScore) -> None:
        flags = {
            "items": True,
            "answered": score.answered,
            "in_words": in_words(score),
            "abstained": abstained(score),
            "missing": score.missing,
            "errors": score.error is not None,
            "truncated": score.truncated,
            "leakable": "leak_leakable" in score.scores,
        }
        self.counts.update({name: int(flag) for name, flag in flags.items()})

    def _add(self, unit: Counted, scores: Sequence[ItemScore], slices: Iterable[str]) -> None:
        name = cluster_of(scores[0].fact, scores[0].article, self.cluster)
        cluster = self._names.setdefault(name, len(self._names))
        units = self._units[unit]
        units.add(cluster, slices)
        for metric in self._metrics:
            if metric.counted == unit:
                units.fill(metric, scores)
                if unit == "item":
                    self._rank_and_meet(metric, scores[0], cluster, slices)

    def _rank_and_meet(self, metric: Metric, score: ItemScore, cluster: int, slices: Iterable[str]) -> None:
        if metric.needs is not None and metric.needs(score):
            for name in slices:
                self._met[name].add(metric.id)
        if metric.ranking is not None and (value := metric.ranking.score(score)) is not None:
            self._rankings[metric.id].add(value, metric.ranking.positive(score), cluster)

    def _order(self) -> IntArray:
        """Of each cluster in the order of its first item, its place among the sorted names."""
        if len(self._places) != len(self._names):
            self._places = np.empty(len(self._names), dtype=np.intp)
            self._places[[self._names[name] for name in self.clusters]] = np.arange(len(self._names))
        return self._places

    def _by_cluster(self, cluster: IntArray, values: FloatArray) -> FloatArray:
        return np.bincount(cluster, values, len(self._names)).astype(np.float64)


def cluster_of(fact: str, article: str, cluster: Cluster) -> str:
    """The name of the cluster of an item."""
    return fact if cluster == "fact" else article


def slices_of(score: ItemScore, cluster: Cluster = "fact") -> set[str]:
    """The slices of an item, including the one of all items."""
    kind = "silent" if not score.answerable else "contested" if score.contested else "settled"
    names = {WHOLE, kind}
    names |= {f"relation:{score.relation}"} if score.relation is not None else set()
    names |= {f"category:{score.category}"} if score.category else set()
    if score.marks is not None:
        names.update(score.marks)
    elif score.track == "reading" and cluster == "fact":
        names.add(f"article:{score.article}")
    return names


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
        ordered = sorted(by_track.get(track, ()), key=lambda s: (s.fact, s.article, s.paraphrase))
        if ordered and track not in tables:
            tables[track] = ScoreTable(track, cluster, metrics)
        for name, fact in groupby(ordered, key=lambda s: s.fact):
            tables[track].add(list(fact), asked.get(name), sources.get(name))


# ------------------------------------------------------------------------------------------ inside


class _Units:
    """What is counted, one after the other: the cluster of each, its slices, and each metric's columns."""

    def __init__(self) -> None:
        self.cluster = array("q")
        self.slices: dict[str, array[int]] = {}
        """Slice -> places of its units."""
        self._columns: dict[tuple[str, int], tuple[array[float], array[float]]] = {}
        """Metric id and number of its share -> numerators and denominators, from the first unit that counts;
        one that does not count has 0 and 0.
        """

    def add(self, cluster: int, slices: Iterable[str]) -> None:
        """Begins a unit."""
        for name in slices:
            self.slices.setdefault(name, array("q")).append(len(self.cluster))
        self.cluster.append(cluster)

    def fill(self, metric: Metric, scores: Sequence[ItemScore]) -> None:
        """A metric's values of the unit that was begun last."""
        for number, share in enumerate(metric.shares):
            value = share.numerator(scores)
            weight = 1.0 if share.denominator is None else share.denominator(scores)
            counts = value is not None and weight is not None
            column = self._columns.get((metric.id, number))
            if column is None and counts:
                before = bytes(8 * (len(self.cluster) - 1))
                column = array("d", before), array("d", before)
                self._columns[metric.id, number] = column
            if column is not None:
                column[0].append(value if counts and value is not None else 0.0)
                column[1].append(weight if counts and weight is not None else 0.0)

    def column(self, metric: str, share: int, places: IntArray) -> tuple[FloatArray, FloatArray]:
        """Numerators and denominators of the units at these places."""
        column = self._columns.get((metric, share))
        if column is None:
            return np.zeros(len(places)), np.zeros(len(places))
        return np.frombuffer(column[0])[places], np.frombuffer(column[1])[places]

    def places(self, slice_name: str) -> IntArray:
        """The indices of the units of a slice."""
        return np.array(self.slices.get(slice_name, ()), dtype=np.intp)


class _Ranked:
    """Items that take part in a metric that ranks them."""

    def __init__(self) -> None:
        self.score = array("d")
        self.positive = array("b")
        self.cluster = array("q")

    def add(self, score: float, positive: bool, cluster: int) -> None:
        self.score.append(score)
        self.positive.append(positive)
        self.cluster.append(cluster)
