"""What one answer to one item is worth: the record, and the scores of questions about articles."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from qa_eval.matching.claims import anchor, best_match, claim_of, foreign_claims, occurs_in
from qa_eval.matching.places import NOWHERE, Place, place_of
from qa_eval.matching.typed import MATCH_VERSION
from qa_eval.metrics.decisions import abstains, logit
from qa_eval.metrics.pooled_scores import pooled_scores
from qa_eval.metrics.rules.squad import SQUAD_V2
from qa_eval.records import (
    Answer,
    AnswerType,
    Article,
    Candidate,
    Corpus,
    Fraction,
    ItemId,
    Match,
    Question,
    Relation,
    Stored,
    Track,
)

SCORER_VERSION = f"2+match-{MATCH_VERSION}"
"""Version of the scores and of the typed match: it changes when the same answer could score differently."""

UNSCORED_RULE = "unscored"
"""The rule of the verdict on an answer where the data set does not give its own."""

ABSTAINED = Match(ok=True, level=5, rule="null", detail="no answer, and the article gives none")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemScore(Stored):
    """One item, the answer to it, and what that is worth.

    All that metrics, comparisons and merged leaderboards need. A line of a predictions file holds it, and
    the rest of what the model said.
    """

    item: str
    fact: str
    article: str
    """An article id, or `*` on the pooled track."""
    track: Track
    category: str = ""
    """Empty on public data sets."""
    answer_type: AnswerType = "text"
    """On public data sets, what the question asks for if it tells, else `text`."""
    contested: bool = False
    """True if the sources disagree on the fact."""
    relation: Relation | None = None
    prediction: str
    """"" when abstaining."""
    span: tuple[int, int] | None = None
    """Characters of the source article, half-open. On the reading track of a set with claims, only where
    the article has the prediction there."""
    score: float | None = None
    """The best candidate's score, chosen or not."""
    null_score: float | None = None
    no_answer_probability: Fraction | None = None
    confidence: Fraction | None = None
    """Probability of what was answered (of the null answer when abstaining)."""
    truncated: bool = False
    golds: tuple[str, ...] = ()
    """Right answers: on the reading track those of the article, on the pooled one those of any."""
    matched_claim: str | None = None
    """The claim that the prediction makes; None for none or an ambiguous one."""
    match: Match
    """The rule that credited the answer or, if none did, the most telling refusal."""
    scores: dict[str, float] = field(default_factory=dict)
    """Per-item values of the metrics, by metric id; what is not defined for the item is absent."""
    missing: bool = False
    """True if the model gave no prediction; it scores 0."""
    error: str | None = None

    @property
    def paraphrase(self) -> int:
        """The number of the paraphrase that was asked; 0 for the canonical question.

        Raises ValueError for an item id that is none.
        """
        return ItemId.parse(self.item).paraphrase

    @property
    def failed(self) -> bool:
        """Whether there is no answer because the model failed on the item, or passed it over."""
        return self.missing or self.error is not None

    @property
    def answered(self) -> bool:
        """Whether the answer says something."""
        return not self.failed and not abstains(self.prediction)

    @property
    def unscored(self) -> bool:
        """Whether nothing is known of the answer's worth: the data set does not give its answers."""
        return self.match.rule == UNSCORED_RULE

    @property
    def answerable(self) -> bool:
        """Whether some answer is right, as far as is known. False where silence is."""
        return bool(self.golds) or self.unscored

    @property
    def right(self) -> bool:
        """Whether the answer was given, or withheld, as it should be."""
        return self.match.ok and not self.failed

    @property
    def correct(self) -> bool:
        """What `confidence` is about: the match.

        On data without claims it is EM, because most questions there have no type.
        """
        has_claims = "em" not in self.scores or "em_any" in self.scores
        return self.match.ok if has_claims else self.scores["em"] == 1.0

    @property
    def scored_confidence(self) -> float | None:
        """The confidence where it can be held against `correct`: None for failed and unscored items."""
        return None if self.failed or self.unscored else self.confidence

    @property
    def copied(self) -> bool:
        """Whether the answer is a span of the one article that was asked."""
        return self.track == "reading" and self.span is not None

    @property
    def no_answer_margin(self) -> float | None:
        """How strongly no answer is believed: null score - best score; else the given probability's logit.

        None where the model says neither, and where there is no answer or nothing is scored. Ranks the items
        of one model only.
        """
        if self.failed or self.unscored:
            return None
        if self.null_score is not None and self.score is not None:
            return self.null_score - self.score
        return logit(self.no_answer_probability) if self.no_answer_probability is not None else None


def score_item(question: Question, item: ItemId, answer: Answer, corpus: Corpus) -> ItemScore:
    """Every per-item value of the metrics that are defined for this item, with the rule that credited it.

    The keys of `scores` are those that `METRICS` names; a value that is not defined for the item is absent. A
    failed or missing answer is worth 0 everywhere and never counts as abstaining. Offsets count only where
    the article's text there is the answer. An answer without such offsets is judged where the article has its
    words (`anchor`), so that it gets the verdict of the span.

    Raises KeyError if the item's article is not in the corpus.
    """
    articles = {a.id: a for a in corpus.articles}
    if item.track == "reading":
        return _score_reading(question, item, answer, articles[item.article])
    return _score_pooled(question, item, answer, articles)


def _score_reading(question: Question, item: ItemId, answer: Answer, article: Article) -> ItemScore:
    own = question.own_claims(article.id)
    golds = question.own_golds(article.id)
    place = _given(answer, {article.id: article}, default=article.id)
    copied = place["article"] is not None
    if not copied and not is_failed(answer):
        place = anchor(question, answer.text, (article,))
    failed = is_failed(answer)
    silence = not failed and abstains(answer.text)
    claim = None
    if failed:
        match = failure_match(answer)
    elif not own:
        claim = claim_of(question, answer.text, **place)
        match = (
            ABSTAINED
            if silence
            else Match(ok=False, level=0, rule="answered", detail="the article is silent")
        )
    elif silence:
        match = Match(ok=False, level=0, rule="abstained", detail="the article answers")
    else:
        claim = claim_of(question, answer.text, **place)
        match = best_match(question, own, answer.text, **place)
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
    question: Question, item: ItemId, answer: Answer, articles: dict[str, Article]
) -> ItemScore:
    failed = is_failed(answer)
    given = _given(answer, articles)
    place = given
    if place["article"] is None and not failed:
        named = answer.candidate.article if answer.candidate is not None else None
        place = _anchor_of(question, answer.text, named, articles)
    claim = None
    match = failure_match(answer)
    if not failed and abstains(answer.text):
        match = Match(ok=False, level=0, rule="abstained", detail="some article answers")
    elif not failed:
        claim = claim_of(question, answer.text, **place)
        match = best_match(question, question.claims, answer.text, **place)
    em, f1 = (0.0, 0.0) if failed else SQUAD_V2.score(answer.text, question.any_golds)
    scores = {"em_any": em, "f1_any": f1, "match_any": float(match.ok)}
    believed = replace(answer, n_best=tuple(_anchored(question, c, articles) for c in answer.n_best))
    scores |= pooled_scores(question, believed, claim, given, failed=failed)
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


def answered_item(item: ItemId, answer: Answer) -> dict[str, Any]:
    """The fields of an `ItemScore` that say what was asked and answered."""
    return {
        "item": str(item),
        "fact": item.fact,
        "article": item.article,
        "track": item.track,
        "prediction": answer.text,
        "score": answer.score,
        "null_score": answer.null_score,
        "no_answer_probability": answer.no_answer_probability,
        "confidence": answer.confidence,
        "truncated": answer.truncated,
        "missing": answer.missing,
        "error": answer.error,
    }


def span_of(answer: Answer) -> tuple[int, int] | None:
    """The characters that the answer says it is; None where it does not say."""
    chosen = answer.candidate
    if chosen is None or chosen.start is None or chosen.end is None:
        return None
    return chosen.start, chosen.end


def _given(answer: Answer, articles: dict[str, Article], *, default: str | None = None) -> Place:
    """Where the answer says that it is; nowhere if its span is not what was answered."""
    if answer.candidate is None or answer.candidate.text != answer.text:
        return NOWHERE
    return place_of(answer.candidate, articles, default=default)


def _anchor_of(question: Question, text: str, named: str | None, articles: dict[str, Article]) -> Place:
    """Where the words of a bare text are, in the article that is named with it or in any."""
    return anchor(question, text, [articles[named]] if named in articles else articles.values())


def _anchored(question: Question, candidate: Candidate, articles: dict[str, Article]) -> Candidate:
    """The candidate where it can be believed to be, or where its words are; its article stays."""
    place = place_of(candidate, articles)
    if place["article"] is None:
        place = _anchor_of(question, candidate.text, candidate.article, articles)
    article = candidate.article if place["article"] is None else place["article"]
    return replace(candidate, article=article, start=place["start"], end=place["end"])


def is_failed(answer: Answer) -> bool:
    """Whether there is no answer because the model failed on the item, or passed it over."""
    return answer.error is not None or answer.missing


def failure_match(answer: Answer) -> Match:
    """The verdict on such an answer."""
    if answer.missing:
        return Match(ok=False, level=0, rule="missing", detail="no prediction for this item")
    return Match(ok=False, level=0, rule="error", detail=answer.error or "")
