"""Scores of one answer to one item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qa_eval.matching.claims import anchor, best_match, claim_of, foreign_claims, occurs_in
from qa_eval.matching.places import found_places, place_of
from qa_eval.matching.typed import MATCH_VERSION
from qa_eval.matching.versions import READING_VERSION
from qa_eval.metrics.decisions import abstains, is_failed
from qa_eval.metrics.listings import with_item_values
from qa_eval.metrics.parts import in_words
from qa_eval.metrics.pooled_scores import pooled_scores
from qa_eval.metrics.rules.squad import SQUAD_V2
from qa_eval.metrics.scored_item import ItemScore, answered_item, span_of
from qa_eval.metrics.worded_scores import articles_of, read_with, worded_scores
from qa_eval.records import (
    Answer,
    Article,
    Candidate,
    Corpus,
    ItemId,
    Match,
    Question,
    Span,
)

WORDLESS_VERSION = f"2+match-{MATCH_VERSION}"
"""The version of programs that did not read answers in words. All other scores were the same."""
SCORER_VERSION = f"{WORDLESS_VERSION}+words-{READING_VERSION}"
"""Version of the scores, of the typed match and of the reading of answers in words. It changes when the same
answer could score differently."""

ABSTAINED = Match(ok=True, level=5, rule="null", detail="no answer, and the article gives none")


def score_item(question: Question, item: ItemId, answer: Answer, corpus: Corpus) -> ItemScore:
    """Every per-item value of the metrics that are defined for this item, with the rule that credited it.

    The keys of `scores` are those of `METRICS`. A value that is not defined for the item is absent. A failed
    or missing answer scores 0 everywhere and never counts as abstaining. Offsets count only if the article
    has the answer there. An answer without such offsets is scored at the place where the article has its
    words (`anchor`), so that it gets the verdict of the span.

    Raises KeyError if the item's article is not in the corpus.
    """
    articles = {a.id: a for a in corpus.articles}
    if item.track == "reading":
        score = _score_reading(question, item, answer, articles[item.article])
    else:
        score = _score_pooled(question, item, answer, articles, corpus.in_scope(question))
    if in_words(score):
        reading = read_with(answer.text, question, articles_of(question, item, corpus))
        score = replace(score, verdict=reading.verdict, asserted=reading.claims)
    else:
        reading = None
    score.scores.update(worded_scores(question, item, answer, corpus, reading=reading))
    return with_item_values(score)


def _score_reading(question: Question, item: ItemId, answer: Answer, article: Article) -> ItemScore:
    own = question.own_claims(article.id)
    golds = question.own_golds(article.id)
    place = _given(answer, {article.id: article}, default=article.id)
    copied = place is not None
    if not copied and not is_failed(answer):
        place = anchor(question, answer.text, (article,))
    failed = is_failed(answer)
    silence = not failed and abstains(answer.text)
    claim = None
    if failed:
        match = failure_match(answer)
    elif not own:
        claim = claim_of(question, answer.text, place)
        match = (
            ABSTAINED
            if silence
            else Match(ok=False, level=0, rule="answered", detail="the article is silent")
        )
    elif silence:
        match = Match(ok=False, level=0, rule="abstained", detail="the article answers")
    else:
        claim = claim_of(question, answer.text, place)
        match = best_match(question, own, answer.text, place)
    em, f1 = (0.0, 0.0) if failed else SQUAD_V2.score(answer.text, golds)
    em_any, f1_any = (
        (0.0, 0.0) if failed else SQUAD_V2.score(answer.text, question.any_golds if own else golds)
    )
    scores = {"em": em, "f1": f1, "em_any": em_any, "f1_any": f1_any, "match": float(match.ok)}
    if own:
        scores |= {"has_answer_em": em, "has_answer_f1": f1}
        scores |= _leaks(question, article, made=claim, faithful=match.ok)
        if all(e.hedged for c in own for e in c.evidence if e.article == article.id):
            scores["match_hedged"] = float(match.ok)
    else:
        scores |= {"no_answer_recall": float(silence), "no_answer_leak": float(claim is not None)}
    span = span_of(answer) if copied else None
    return _record(question, item, answer, golds=golds, claim=claim, match=match, scores=scores, span=span)


def _leaks(question: Question, article: Article, *, made: str | None, faithful: bool) -> dict[str, float]:
    """`lenient` everywhere, `leak` and `leak_leakable` where they are defined."""
    own = {c.id for c in question.own_claims(article.id)}
    leak = float(not faithful and made is not None and made not in own)
    scores = {"lenient": float(faithful) + leak}
    foreign = foreign_claims(question, article.id)
    if not foreign:
        return scores
    scores["leak"] = leak
    if any(occurs_in(wording, article.text) for claim in foreign for wording in claim.wordings):
        scores["leak_leakable"] = leak
    return scores


def _score_pooled(
    question: Question,
    item: ItemId,
    answer: Answer,
    articles: dict[str, Article],
    asked: Sequence[Article],
) -> ItemScore:
    failed = is_failed(answer)
    given = _given(answer, articles)
    place = given
    if place is None and not failed:
        named = answer.candidate.article if answer.candidate is not None else None
        place = _anchor_of(question, answer.text, named, articles)
    claim = None
    match = failure_match(answer)
    if not failed and abstains(answer.text):
        match = Match(ok=False, level=0, rule="abstained", detail="some article answers")
    elif not failed:
        claim = claim_of(question, answer.text, place)
        match = best_match(question, question.claims, answer.text, place)
    em, f1 = (0.0, 0.0) if failed else SQUAD_V2.score(answer.text, question.any_golds)
    scores = {"em_any": em, "f1_any": f1, "match_any": float(match.ok)}
    believed = replace(answer, n_best=tuple(_anchored(question, c, articles) for c in answer.n_best))
    stands = given
    if stands is None and not answer.n_best and not failed:
        found = found_places(answer.text, asked)
        stands = found[0] if len(found) == 1 else None  # of several places, no one knows which was meant
    scores |= pooled_scores(question, believed, claim, stands, failed=failed)
    golds, span = question.any_golds, span_of(answer)
    return _record(question, item, answer, golds=golds, claim=claim, match=match, scores=scores, span=span)


def _record(
    question: Question,
    item: ItemId,
    answer: Answer,
    *,
    golds: tuple[str, ...],
    claim: str | None,
    match: Match,
    scores: dict[str, float],
    span: tuple[int, int] | None,
) -> ItemScore:
    return ItemScore(
        **answered_item(item, answer),
        category=question.category,
        answer_type=question.answer_type,
        contested=question.contested,
        relation=question.relation,
        golds=golds,
        matched_claim=claim,
        match=match,
        scores=scores,
        span=span,
    )


def _given(answer: Answer, articles: dict[str, Article], *, default: str | None = None) -> Span | None:
    """The span that the answer gives. None if the article has another text there."""
    if answer.candidate is None or answer.candidate.text != answer.text:
        return None
    return place_of(answer.candidate, articles, default=default)


def _anchor_of(question: Question, text: str, named: str | None, articles: dict[str, Article]) -> Span | None:
    """The place of a bare text's words, in the article named with it or in any article."""
    return anchor(question, text, [articles[named]] if named in articles else articles.values())


def _anchored(question: Question, candidate: Candidate, articles: dict[str, Article]) -> Candidate:
    """The candidate with its own span if that is right, or else with the span of its words. Its article
    stays.
    """
    place = place_of(candidate, articles)
    if place is None:
        place = _anchor_of(question, candidate.text, candidate.article, articles)
    if place is None:
        return replace(candidate, start=None, end=None)
    return replace(candidate, article=place.article, start=place.start, end=place.end)


def failure_match(answer: Answer) -> Match:
    """The verdict on such an answer."""
    if answer.missing:
        return Match(ok=False, level=0, rule="missing", detail="no prediction for this item")
    return Match(ok=False, level=0, rule="error", detail=answer.error or "")
