"""Scores predictions for facts with their own passages, by `FACT@PASSAGE` and `FACT@*`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.items import item_ids
from qa_eval.data.passage_facts import PassageFact
from qa_eval.errors import QaEvalError
from qa_eval.evaluation.given_answers import GivenAnswers
from qa_eval.evaluation.tasks.claim_facts import JudgedFacts, marked, tabulate_facts
from qa_eval.evaluation.tasks.curated import CuratedPart
from qa_eval.metrics.score_table import ScoreTable
from qa_eval.metrics.summary import summarize_tables
from qa_eval.metrics.worded_scores import ATTRIBUTION_SCORES, worded_scores
from qa_eval.records import Answer, Estimate, ItemId, Prediction, Track, is_pooled_id
from qa_eval.runs.schema import PredictionRow
from qa_eval.text.phrases import choices, quote


def answered_tracks(texts: Mapping[str, str]) -> list[Track]:
    """The tracks that have an answer. If none has, this is the reading track."""
    reading, pooled = split_tracks(texts)
    tracks: list[Track] = ["reading"] if reading or not pooled else []
    return [*tracks, "pooled"] if pooled else tracks


def answered_facts(dataset: ClaimSet, texts: Mapping[str, str]) -> Iterator[PassageFact]:
    """The facts of a data set that every model is asked, and those of yes or no that have an answer."""
    answered = {id.partition("@")[0] for id in texts}
    yield from (fact for fact in dataset if fact.asked or fact.question.id in answered)


def asked_questions(
    dataset: ClaimSet, track: Track, texts: Mapping[str, str]
) -> Iterator[tuple[str, Sequence[str], str]]:
    """Item, golds and fact of every item of a track, as the official rules need them."""
    for fact in answered_facts(dataset, texts):
        for item in item_ids(fact.corpus, tracks=[track]):
            golds = fact.question.own_golds(item.article) if track == "reading" else fact.question.any_golds
            yield str(item), golds, item.fact


@dataclass(frozen=True, slots=True)
class FactGolds:
    """A data set of facts, as `score` needs it."""

    dataset: ClaimSet
    several: bool = True
    """Whether an answer may be a list of answers."""
    limited_by_question: bool = False
    """Whether `--limit` of a run counts the questions that are scored. Here it counts facts."""

    def asked(
        self, given: GivenAnswers
    ) -> tuple[Iterator[tuple[str, Sequence[str], str]], Mapping[str, str]]:
        """Item, golds and fact of every item of the first track that has an answer, and its answers."""
        track = answered_tracks(given.texts)[0]
        texts = split_tracks(given.texts)[track == "pooled"]
        return asked_questions(self.dataset, track, given.texts), texts

    def tracks(self, given: GivenAnswers, *, resamples: int, seed: int) -> dict[Track, dict[str, Estimate]]:
        """The metrics of facts with claims."""
        return claim_metrics(self.dataset, given, resamples=resamples, seed=seed)

    def warnings(self) -> Iterator[str]:
        """Lines about what was tolerated: none, because the notes of the data set say what was left out."""
        yield from ()


def split_tracks(texts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Splits answers by item id into those to reading items and those to pooled items.

    >>> split_tracks({"town@a": "20", "town@*": "50"})
    ({'town@a': '20'}, {'town@*': '50'})
    """
    pooled = {id: text for id, text in texts.items() if is_pooled_id(id)}
    return {id: text for id, text in texts.items() if id not in pooled}, pooled


def claim_metrics(
    dataset: ClaimSet, given: GivenAnswers, *, resamples: int, seed: int
) -> dict[Track, dict[str, Estimate]]:
    """The metrics of answers by item id: track -> metric -> value.

    A track is there only if one of its items has an answer. An item without an answer scores 0. Of a system
    that gives several answers, the first counts, but for the metrics of answers in words, which read all.
    Raises QaEvalError for an answer to passages that the fact does not have.
    """
    tracks = answered_tracks(given.texts)
    texts = given.texts
    tables: dict[Track, ScoreTable] = {}
    for fact in answered_facts(dataset, texts):
        items = tuple(item_ids(fact.corpus, tracks=tracks))
        said = {id: Prediction(item=id, text=texts[id]) for item in items if (id := str(item)) in texts}
        # The pooled track is there only because it has answers of its own.
        judged = CuratedPart(fact.corpus, items, ()).judge(said, 0.0, makes_pooled=True)
        rows = [_read_whole(row, fact, given) for row in judged]
        tabulate_facts(tables, JudgedFacts(marked(fact, rows), [fact]))
    summary = summarize_tables(tables, seed=seed, resamples=resamples, slices=False)
    return {track: dict(metrics) for track, metrics in summary.metrics.items()}


def _read_whole(row: PredictionRow, fact: PassageFact, given: GivenAnswers) -> PredictionRow:
    """The row, with the scores of all its answers in words, and of the passages that the system saw."""
    id = row.item
    if id not in given.several and id not in given.shown:
        return row
    articles = {article.id: article for article in fact.corpus.articles}
    shown = None
    if id in given.shown:
        for passage in given.shown[id]:
            if passage not in articles:
                raise QaEvalError(
                    f"{id}: shown: there is no passage {quote(passage)} of this fact; "
                    f"{choices(passage, list(articles))}"
                )
        shown = [articles[passage] for passage in given.shown[id]]
    # Each answer is a line, and so a sentence of its own.
    text = "\n".join(given.several.get(id, (given.texts[id],)))
    answer = Answer(item=id, text=text)
    scores = worded_scores(fact.question, ItemId.parse(id), answer, fact.corpus, shown)
    kept = {name: value for name, value in row.scores.items() if name not in ATTRIBUTION_SCORES}
    return replace(row, scores=kept | scores)
