"""Scores of an answer in words: which claims it asserts, and what else it says.

They stand next to EM, F1 and match. A span is a text too, so every answer has them. The answer is read by
`qa_eval.matching.answer_reading.read_answer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qa_eval.metrics.decisions import is_failed
from qa_eval.records import Answer, Article, Corpus, ItemId, Question

if TYPE_CHECKING:
    from qa_eval.matching.answer_reading import AnswerReading
    from qa_eval.matching.answer_sources import Attribution

ATTRIBUTION_SCORES = ("attributions", "attributions_right")
"""Scores behind `attribution_accuracy`: the attributions that can be judged, and those that are right."""


def worded_scores(
    question: Question,
    item: ItemId,
    answer: Answer,
    corpus: Corpus,
    shown: Sequence[Article] | None = None,
    *,
    reading: AnswerReading | None = None,
) -> dict[str, float]:
    """The item's values of the metrics of answers in words; empty where none is defined.

    A failed or missing answer has 0 everywhere. A pooled item has values if its fact is contested.

    * `shown`: the articles that were given with the question of a pooled item, in their order. By default
      all articles of the corpus in its order. "[2]" and "the second article" are resolved by it.
    * `reading`: the reading of the answer, if it is known.
    """
    if item.track == "pooled" and not question.contested:
        return {}
    if shown is None or item.track == "reading":
        shown = articles_of(question, item, corpus)
    if reading is None and not is_failed(answer):
        reading = read_with(answer.text, question, shown)
    if item.track == "reading":
        return _reading_scores(question, item, reading, shown)
    return _pooled_scores(question, reading, shown)


def articles_of(question: Question, item: ItemId, corpus: Corpus) -> Sequence[Article]:
    """The articles that an item asks: its own, or all that are in scope."""
    return corpus.in_scope(question) if item.track == "pooled" else (corpus.article(item.article),)


def source_names(article: Article) -> str:
    """What an answer may call an article: its label, its publisher, or its title."""
    return next((name for name in (article.publisher, article.label, article.title) if name), article.id)


def _reading_scores(
    question: Question, item: ItemId, reading: AnswerReading | None, shown: Sequence[Article]
) -> dict[str, float]:
    """The scores of a reading; None for an answer that failed."""
    own = {claim.id for claim in question.own_claims(item.article)}
    if reading is None:
        return {"asserts_own": 0.0} if own else {"abstention": 0.0, "refusal_in_words": 0.0}
    if not own:
        refused = reading.abstains is not None
        in_words = refused and reading.abstains is not None and reading.abstains.rule != "empty"
        return {"abstention": float(refused), "refusal_in_words": float(in_words)}
    made = set(reading.claims)
    right = bool(made) and made <= own and not reading.other_values
    return {"asserts_own": float(right)} | _attributed(reading, question, shown)


def _pooled_scores(
    question: Question, reading: AnswerReading | None, shown: Sequence[Article]
) -> dict[str, float]:
    names = ("claim_recall", "all_claims", "complete_and_clean", "acknowledged")
    if reading is None:
        return dict.fromkeys(names, 0.0)
    groups = {claim.coverage_group for claim in question.claims}
    made = {claim.coverage_group for claim in question.claims if claim.id in reading.claims}
    recall = len(made) / len(groups)
    clean = not reading.other_values and not _misinformed(reading, question)
    values = (
        recall,
        float(recall == 1),
        float(recall == 1 and clean),
        float(reading.acknowledges is not None),
    )
    scores = dict(zip(names, values, strict=True))
    if reading.abstains is None:
        scores["no_false"] = float(clean)
    return scores | _attributed(reading, question, shown)


def read_with(text: str, question: Question, shown: Sequence[Article]) -> AnswerReading:
    """The reading of an answer to a question with these articles."""
    from qa_eval.matching.answer_reading import read_answer  # a run needs it only after its first answer

    return read_answer(text, question, [source_names(article) for article in shown])


def _misinformed(reading: AnswerReading, question: Question) -> bool:
    """Whether it asserts a claim that the authors of the set mark as false."""
    false = {claim.id for claim in question.claims if claim.status == "misinformation"}
    return not false.isdisjoint(reading.claims)


def _attributed(reading: AnswerReading, question: Question, shown: Sequence[Article]) -> dict[str, float]:
    """How many claims are given to a source that can be told, and how many of them rightly."""
    judged = [right for one in reading.attributions if (right := is_right(one, question, shown)) is not None]
    if not judged:
        return {}
    return dict(zip(ATTRIBUTION_SCORES, (float(len(judged)), float(sum(judged))), strict=True))


def is_right(one: Attribution, question: Question, shown: Sequence[Article]) -> bool | None:
    """Whether the source that the answer names states the claim; None if it tells neither article nor
    speaker.

    A source is one of the articles shown, or a speaker whom the evidence names.
    """
    claim = next(c for c in question.claims if c.id == one.claim)
    if one.passage is not None:
        return shown[one.passage].id in claim.articles
    said = set(one.source.casefold().split())
    for other in question.claims:
        for evidence in other.evidence:
            if evidence.speaker is not None and said & set(evidence.speaker.casefold().split()) - _SMALL:
                return any(
                    e.speaker is not None and said & set(e.speaker.casefold().split()) - _SMALL
                    for e in claim.evidence
                )
    return None


_SMALL = frozenset(["the", "of", "and", "a", "an", "for", "in", "its", "his", "their"])
