"""Names and order of metrics for tables, pages and exports, and the places that show them.

Every call reads the entries of `catalog`, so that a metric needs nothing but its entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.parts import Listing, Metric
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import Track


def entry(id: str) -> Metric:
    """The metric's entry. An id of another version of the program gets an entry with nothing but the id.

    >>> entry("em").title, entry("of_tomorrow").title
    ('Exact match', 'Of tomorrow')
    """
    found = METRICS.get(id)
    return found if found is not None else Metric(id=id, family="answers", tracks=(), meaning="", over="")


def label(id: str) -> str:
    """The metric's name in tables; any other key in plain words.

    >>> label("em_any"), label("contrast_consistency"), label("n_best")
    ('EM-any', 'contrast consistency', 'n best')
    """
    return entry(id).label


def marked_label(id: str) -> str:
    """The metric's name in tables, with an arrow where less is better.

    >>> marked_label("em"), marked_label("brier")
    ('EM', 'Brier ↓')
    """
    return label(id) + ("" if entry(id).higher_is_better else " ↓")


def column_label(track: str, id: str) -> str:
    """The metric's name in a table of both tracks.

    >>> column_label("reading", "f1_any"), column_label("pooled", "f1_any")
    ('F1-any', 'F1-any (pooled)')
    """
    return label(id) + (" (pooled)" if track == "pooled" else "")


def in_order(ids: Iterable[str]) -> list[str]:
    """The ids in the order of the catalog, then those of other versions by name.

    >>> in_order(["of_tomorrow", "em", "balanced_f1"])
    ['balanced_f1', 'em', 'of_tomorrow']
    """
    order = {id: place for place, id in enumerate(METRICS)}
    return sorted(ids, key=lambda id: (order.get(id, len(order)), id))


def listed(listing: Listing, *tracks: Track) -> list[tuple[Track, str]]:
    """The metrics of a listing as (track, metric id), in its order, one track after the other.

    Without tracks, each metric appears once, on its first track.

    >>> listed("basic"), listed("basic", "pooled")
    ([('reading', 'f1'), ('reading', 'f1_any')], [('pooled', 'f1_any')])
    """
    found = sorted((m for m in METRICS.values() if listing in m.listed), key=lambda m: m.listed[listing])
    if not tracks:
        return [(metric.tracks[0], metric.id) for metric in found]
    return [(track, metric.id) for track in tracks for metric in found if track in metric.tracks]


def beside(track: str, metric: str) -> list[tuple[Track, str]]:
    """The metrics that a short table shows beside the one of most interest, as (track, metric id).

    >>> ("reading", "f1") in beside("reading", "em"), ("reading", "f1") in beside("pooled", "em_any")
    (True, False)
    >>> beside("reading", "balanced_asserts")[:2]
    [('pooled', 'complete_and_clean'), ('pooled', 'acknowledged')]
    """
    usual = [found for found in listed("brief", "reading", "pooled") if found[0] == track]
    return [*of_all_articles(f"{track}.{metric}"), *usual]


def of_all_articles(sort: str) -> list[tuple[Track, str]]:
    """The metrics on what answers in words say about all articles at once, as (track, metric id).

    They belong beside a sort key that is a metric of answers in words. For others, the list is empty.
    """
    if not of_words(sort):
        return []
    return [found for found in listed("headline", "pooled") if entry(found[1]).family == "words"]


def sort_keys(listing: Listing) -> list[str]:
    """The metrics of a listing on both tracks, as `TRACK.METRIC`. A leaderboard can be sorted by them.

    >>> sort_keys("basic")
    ['reading.f1', 'reading.f1_any', 'pooled.f1_any']
    """
    return [f"{track}.{id}" for track, id in listed(listing, "reading", "pooled")]


def of_words(sort: str) -> bool:
    """Whether a sort key is a metric of answers in words.

    >>> of_words("reading.balanced_asserts"), of_words("reading.f1")
    (True, False)
    """
    return entry(sort.partition(".")[2]).family == "words"


def answer_scores(
    scores: Mapping[str, float], metrics: Sequence[tuple[str, str]] | None = None
) -> dict[str, float]:
    """The scores shown for one answer: those of the listing `answer` or, on the pooled track, of the twins.

    `metrics` are what `answer_metrics` gives, for callers with many answers.

    >>> answer_scores({"em_any": 0.0, "f1_any": 0.5, "match_any": 1.0})
    {'em': 0.0, 'f1': 0.5}
    """
    pairs = answer_metrics() if metrics is None else metrics
    return {id: scores.get(id, scores.get(twin, 0.0)) for id, twin in pairs if id in scores or twin in scores}


def answer_metrics() -> list[tuple[str, str]]:
    """The ids of the metrics that are shown for one answer, each with the id of its twin."""
    return [(id, entry(id).twin) for _, id in listed("answer")]


def remark(id: str, counts: Mapping[str, Any], n: int) -> str:
    """The note under a table with the metric. Empty if there is none.

    >>> remark("leak", {"leakable": 2}, 40)
    "leak: in 2 of its 40 items the article has a wording of another source's claim"
    """
    metric = entry(id)
    if not metric.remark:
        return ""
    return f"{metric.label}: {metric.remark.format_map({**counts, 'n': n})}"


def with_item_values(score: ItemScore) -> ItemScore:
    """The item's scores, with the values that the entries compute from them (`Metric.of_item`)."""
    made = {
        metric.id: value
        for metric in METRICS.values()
        if metric.of_item is not None
        and score.track in metric.tracks
        and (value := metric.of_item(score)) is not None
    }
    return replace(score, scores={**score.scores, **made}) if made else score
