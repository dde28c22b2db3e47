"""Reference rows: answers made from the golds. They help to read the columns of a leaderboard.

They are not models, because no model sees the golds. `oracle` shows the scores of the best possible answers.
`majority-claim` shows the scores of answering every article with the best-supported claim. `other-source`
shows the scores of the right fact from the wrong source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from qa_eval.matching.claims import foreign_claims
from qa_eval.metrics.pooled_scores import SET_PROBABILITY, best_supported
from qa_eval.records import Answer, Candidate, Claim, Corpus, Evidence, ItemId, Question

ReferenceName = Literal["oracle", "majority-claim", "other-source"]
REFERENCES: tuple[ReferenceName, ...] = get_args(ReferenceName)


def reference_answers(corpus: Corpus, name: ReferenceName, items: Sequence[ItemId]) -> dict[str, Answer]:
    """The answer of a reference to every item, by item id. All abstain where the article is silent.

    * `oracle`: the first wording of the article's first claim, with its span. Pooled: one candidate for each
      claim, each equally probable; of each group of claims the best supported comes first.
    * `majority-claim`: the best-supported claim, in the article's wording where it states that claim, else a
      bare text. Pooled: that claim alone.
    * `other-source`: on contested items, the best-supported claim that the article does not state and that
      differs from the article's own, as a bare text. On other items, the article's own claim. Pooled: the
      least supported claim.

    Only the oracle has a confidence (1) and no-answer probabilities (0 and 1). If claims are equally
    supported, the first in the question's file wins. Raises KeyError for an unknown name or fact.
    """
    make = _MAKERS[name]
    questions = {q.id: q for q in corpus.questions}
    return {str(item): make(questions[item.fact], item) for item in items}


def _oracle(question: Question, item: ItemId) -> Answer:
    if item.track == "pooled":
        claims = _covering(question)
        # Equal shares. With many claims, each still gets enough probability to count in the answer set.
        share = max(1.0 / len(claims), SET_PROBABILITY)
        spans = tuple(_candidate(c.evidence[0], share) for c in claims)
        return Answer(
            item=str(item), text=spans[0].text, candidate=spans[0], score=1.0, n_best=spans, confidence=share
        )
    own = question.own_claims(item.article)
    if not own:
        return Answer(item=str(item), text="", no_answer_probability=1.0, confidence=1.0)
    span = _candidate(own[0].evidence_in(item.article)[0], 1.0)
    return Answer(
        item=str(item),
        text=span.text,
        candidate=span,
        score=1.0,
        no_answer_probability=0.0,
        n_best=(span,),
        confidence=1.0,
    )


def _majority(question: Question, item: ItemId) -> Answer:
    claim = best_supported(question)[0]
    if item.track == "reading" and not question.own_claims(item.article):
        return Answer(item=str(item), text="")
    return _of_claim(claim, item)


def _other_source(question: Question, item: ItemId) -> Answer:
    if item.track == "pooled":
        return _of_claim(min(question.claims, key=lambda c: len(c.articles)), item)
    own = question.own_claims(item.article)
    if not own:
        return Answer(item=str(item), text="")
    foreign = max(foreign_claims(question, item.article), key=lambda c: len(c.articles), default=None)
    return _of_claim(foreign if foreign is not None else own[0], item)


def _of_claim(claim: Claim, item: ItemId) -> Answer:
    """The claim in the item's article (pooled: in any); a bare text if the article lacks it."""
    spans = claim.evidence if item.track == "pooled" else claim.evidence_in(item.article)
    if not spans:
        return Answer(item=str(item), text=claim.evidence[0].text)
    span = _candidate(spans[0], 1.0)
    return Answer(item=str(item), text=span.text, candidate=span, score=1.0, n_best=(span,))


def _covering(question: Question) -> list[Claim]:
    """All claims: of each group the best supported first (those by support), then the rest by support."""
    ranked = sorted(question.claims, key=lambda c: -len(c.articles))
    first: dict[str, Claim] = {}
    for claim in ranked:
        first.setdefault(claim.coverage_group, claim)
    heads = list(first.values())
    return heads + [c for c in ranked if c not in heads]


def _candidate(evidence: Evidence, probability: float) -> Candidate:
    return Candidate(
        text=evidence.text,
        article=evidence.article,
        start=evidence.start if evidence.start >= 0 else None,
        end=evidence.end if evidence.start >= 0 else None,
        score=1.0,
        probability=probability,
    )


_MAKERS: dict[ReferenceName, Callable[[Question, ItemId], Answer]] = {
    "oracle": _oracle,
    "majority-claim": _majority,
    "other-source": _other_source,
}
