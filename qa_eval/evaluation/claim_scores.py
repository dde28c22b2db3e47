"""Scores predictions for facts with their own passages, by `FACT@PASSAGE` and `FACT@*`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.items import item_ids
from qa_eval.evaluation.tasks.claim_facts import JudgedFacts, marked, tabulate_facts
from qa_eval.evaluation.tasks.curated import CuratedPart
from qa_eval.metrics.score_table import ScoreTable
from qa_eval.metrics.summary import summarize_tables
from qa_eval.records import Estimate, ItemId, Prediction, Track


def reading_questions(dataset: ClaimSet) -> Iterator[tuple[str, Sequence[str], str]]:
    """Item, golds and fact of every reading item, as the official rules need them."""
    for fact in dataset.chosen():
        for item in item_ids(fact.corpus, tracks=["reading"]):
            yield str(item), fact.question.own_golds(item.article), item.fact


def split_tracks(texts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Splits answers by item id into those to reading items and those to pooled items.

    >>> split_tracks({"town@a": "20", "town@*": "50"})
    ({'town@a': '20'}, {'town@*': '50'})
    """
    pooled = {id: text for id, text in texts.items() if _is_pooled(id)}
    return {id: text for id, text in texts.items() if id not in pooled}, pooled


def _is_pooled(id: str) -> bool:
    try:
        return ItemId.parse(id).track == "pooled"
    except ValueError:
        return False


def claim_metrics(
    dataset: ClaimSet, texts: Mapping[str, str], *, resamples: int, seed: int
) -> dict[Track, dict[str, Estimate]]:
    """The metrics of answers by item id: track -> metric -> value.

    The pooled track is there only if one of its items has an answer. An item without an answer scores 0.
    """
    tracks: list[Track] = ["reading", "pooled"] if split_tracks(texts)[1] else ["reading"]
    tables: dict[Track, ScoreTable] = {}
    for fact in dataset.chosen():
        items = tuple(item_ids(fact.corpus, tracks=tracks))
        given = {id: Prediction(item=id, text=texts[id]) for item in items if (id := str(item)) in texts}
        rows = CuratedPart(fact.corpus, items, ()).judge(given, 0.0)
        tabulate_facts(tables, JudgedFacts(marked(fact, rows), [fact]))
    summary = summarize_tables(tables, seed=seed, resamples=resamples, slices=False)
    return {track: dict(metrics) for track, metrics in summary.metrics.items()}
