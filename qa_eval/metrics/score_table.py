"""The items' scores of one track as columns of numbers. Metrics and intervals are computed from them.

Items are added fact by fact and not kept. Only a few numbers for each item and metric stay in memory.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.parts import Condition, Counted, ItemValue, Metric, Share, abstained, in_words
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.source_preferences import SourcePreferences, Sources
from qa_eval.records import TRACKS, Question, Track
from qa_eval.stats.draws import FloatArray
from qa_eval.stats.intervals import Term

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
        self._needs = {m.needs for m in mine if m.needs is not None and m.counted == "item"}
        self._met: dict[str, set[Condition]] = defaultdict(set)
        """The conditions that some item of a slice meets."""

    def add(
        self, fact: Sequence[ItemScore], question: Question | None = None, sources: Sources | None = None
    ) -> None:
        """Adds the scores of all items of one fact, in the order of their ids; never the same fact twice.

        `question`, with the fact's claims, and `sources` are needed for the preferences alone.
        """
        canonical = [(s, slices_of(s, self.cluster)) for s in fact if s.paraphrase == 0]
        for score in fact:
            if score.error is not None:
                self.counts["paraphrase_errors"] += score.paraphrase > 0
            if score.failed_prompts:
                self.failed_prompts.update(score.failed_prompts)
        for score, slices in canonical:
            self._count(score)
            if question is not None and self.track == "pooled" and score.scores:
                self.preferences.add(question, score.matched_claim, sources)
            self._rank_and_meet(score, self._add("item", [score], slices), slices)
        if canonical and self._units["fact"]:
            # A fact is what its answerable items are, and cannot be cut by article: what is left would be
            # another metric under the same name.
            names = {name for s, slices in canonical if s.answerable for name in slices}
            whole = [s for s, _ in canonical]
            self._add("fact", whole, {name for name in names if not name.startswith("article:")})
        for _, group in groupby(fact, key=lambda s: s.article) if len(fact) > 1 else ():
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
        if not definition.shares or not self._is_met(definition, slice_name):
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
        if not definition.shares or self._is_met(definition):
            return False
        units = self._units[definition.counted]
        places = units.places(WHOLE)
        return all(units.column(metric, number, places)[1].any() for number in range(len(definition.shares)))

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
        return metric.needs is None or metric.needs in self._met.get(slice_name, ())

    def _count(self, score: ItemScore) -> None:
        counts, answered = self.counts, score.answered
        counts["items"] += 1
        counts["answered"] += answered
        counts["in_words"] += answered and in_words(score)
        counts["abstained"] += not answered and abstained(score)
        counts["missing"] += score.missing
        counts["errors"] += score.error is not None
        counts["truncated"] += score.truncated
        counts["leakable"] += "leak_leakable" in score.scores

    def _add(self, kind: Counted, scores: Sequence[ItemScore], slices: Iterable[str]) -> int:
        """Adds a unit. Returns the number of its cluster."""
        name = cluster_of(scores[0].fact, scores[0].article, self.cluster)
        cluster = self._names.setdefault(name, len(self._names))
        self._units[kind].add(cluster, slices, scores)
        return cluster

    def _rank_and_meet(self, score: ItemScore, cluster: int, slices: Iterable[str]) -> None:
        met = {condition for condition in self._needs if condition(score)}
        for name in slices if met else ():
            self._met[name] |= met
        for ranking, ranked in self._rankings.values():
            if (value := ranking.score(score)) is not None:
                ranked.add(value, ranking.positive(score), cluster)

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
    """What is counted, one after the other: the cluster of each, its slices, and its values for metrics."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        """Takes the metrics that count these units."""
        self.cluster = array("q")
        self.slices: dict[str, array[int]] = defaultdict(partial(array, "q"))
        """Slice -> places of its units."""
        self._values: dict[str, _Values] = {}
        """Values of the items by name, for the shares that are means of them."""
        self._computed: list[tuple[Share, _Values]] = []
        self._columns: dict[tuple[str, int], _Values] = {}
        """Metric id and number of its share -> its values."""
        for metric in metrics:
            for number, share in enumerate(metric.shares):
                if isinstance(share.numerator, ItemValue) and share.denominator is None:
                    values = self._values.setdefault(share.numerator.key, _Values())
                else:
                    values = _Values()
                    self._computed.append((share, values))
                self._columns[metric.id, number] = values

    def __bool__(self) -> bool:
        return bool(self._columns)

    def add(self, cluster: int, slices: Iterable[str], scores: Sequence[ItemScore]) -> None:
        """Adds a unit with its values. `scores` are those of its items."""
        place = len(self.cluster)
        self.cluster.append(cluster)
        for name in slices:
            self.slices[name].append(place)
        if self._values:
            for name, value in scores[0].scores.items():
                if name in self._values:
                    self._values[name].add(place, value, 1.0)
        for share, values in self._computed:
            found = share.numerator(scores)
            weight = 1.0 if found is None or share.denominator is None else share.denominator(scores)
            if found is not None and weight is not None:
                values.add(place, found, weight)

    def column(self, metric: str, share: int, places: IntArray) -> tuple[FloatArray, FloatArray]:
        """Numerators and denominators of the units at these places; 0 and 0 for one that does not count."""
        values = self._columns.get((metric, share), _NO_VALUES)
        found = []
        for column in (values.numerator, values.denominator):
            whole = np.zeros(len(self.cluster))
            whole[np.array(values.place, dtype=np.intp)] = column
            found.append(whole[places])
        return found[0], found[1]

    def places(self, slice_name: str) -> IntArray:
        """The indices of the units of a slice."""
        return np.array(self.slices.get(slice_name, ()), dtype=np.intp)


class _Values:
    """The units that count in a ratio of sums, by their places, with their numerators and denominators."""

    def __init__(self) -> None:
        self.place = array("q")
        self.numerator = array("d")
        self.denominator = array("d")

    def add(self, place: int, numerator: float, denominator: float) -> None:
        self.place.append(place)
        self.numerator.append(numerator)
        self.denominator.append(denominator)


_NO_VALUES = _Values()


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


_NO_ITEMS = _Ranked()
