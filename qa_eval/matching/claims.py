"""Decides which of a fact's claims an answer makes. This is the heart of scoring contested answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from qa_eval.matching import typed
from qa_eval.matching.frames import unframed
from qa_eval.matching.normal_form import normalize
from qa_eval.matching.places import found_places
from qa_eval.records import AnswerType, Article, Claim, Evidence, Match, Question, Span

NO_MATCH = typed.NO_MATCH


def claim_of(
    question: Question,
    text: str,
    span: Span | None = None,
) -> str | None:
    """The id of the claim that an answer makes, or None if it makes none or is ambiguous.

    1. If the answer's span overlaps the annotated evidence of claims that the answer also matches leniently
       (`match_claim`), and there is only one such claim, it is this claim.
    2. Otherwise it is the one claim that has a wording which the answer matches strictly, at level 2 or
       above. If some of the claims of step 1 are such claims, only those count, else all. If there are two,
       the result is None. A span inside the evidence of some claims can only make one of these, even if
       another claim has the same words.

    Without a span, step 1 finds no claim. An answer of only punctuation and articles makes no claim. The
    function is defined for any text and any offsets, and never raises an error.
    """
    if not normalize(text):
        return None
    touched = [
        claim.id
        for claim in question.claims
        if any(touches(span, e) for e in claim.evidence) and match_claim(question, claim, text, span).ok
    ]
    if len(touched) == 1:
        return touched[0]
    stated = [c.id for c in question.claims if _strictly(question.answer_type, text, c.wordings)]
    around = {c.id for c in question.claims if any(_inside(span, e) for e in c.evidence)}
    stated = [id for id in stated if id in touched] or [id for id in stated if not around or id in around]
    return stated[0] if len(stated) == 1 else None


def match_claim(
    question: Question,
    claim: Claim,
    text: str,
    span: Span | None = None,
) -> Match:
    """The lenient match of an answer with a claim: that with all its wordings (`match_any`).

    The wordings are the evidence of every article, and the aliases. An answer of type `text` can also match
    at level 1 by its place. At least half of the span's characters must be in annotated evidence (of that
    article) of this claim and of no other claim. The span must also cover at least half of some wording of
    the claim there, since otherwise any single word of a long quotation would be accepted. A span that
    contradicts the evidence it overlaps, such as "open" in "not yet open", does not match in this way.
    """
    best = typed.match_any(text, claim.wordings, question.answer_type, strict=False)
    if best.ok or question.answer_type != "text":
        return best
    overlapped = (e.text for e in claim.evidence if touches(span, e))
    if any(typed.match(text, wording, "text", strict=False).rule == "veto" for wording in overlapped):
        return best
    shares = _evidence_shares(question, text, span)
    if [id for id, share in shares.items() if share >= 0.5] == [claim.id] and _covers_half(span, claim):
        detail = f"{shares[claim.id]:.0%} of the span is evidence of {claim.id}"
        return Match(ok=True, level=1, rule="evidence", detail=detail)
    return best


def best_match(
    question: Question,
    claims: Iterable[Claim],
    text: str,
    span: Span | None = None,
) -> Match:
    """The best `match_claim` over several claims, the first of equals. Its rule is `none` if there are no
    claims.
    """
    found = [match_claim(question, c, text, span) for c in claims]
    return max(found, key=lambda m: (m.ok, m.level, bool(m.detail)), default=NO_MATCH)


def anchor(question: Question, text: str, articles: Iterable[Article]) -> Span | None:
    """The place at which an answer without offsets is scored: where the articles have its words. None if
    there is none.

    Words that occur once have that place. For words that occur several times, it is the first place that
    touches evidence, provided that every place leads to the same claim made and the same claims matched. If
    words in a closed frame ("It was …") do not occur, they are searched without the frame.
    """
    texts = [article for article in articles if article.id in question.answering]
    places = found_places(text, texts) or found_places(unframed(text) or "", texts)
    touching = [p for p in places if any(touches(p, e) for c in question.claims for e in c.evidence)]
    if len(places) == 1 or not touching:
        return touching[0] if touching else None
    elsewhere = [None] if len(touching) < len(places) else []
    verdicts = {_verdict(question, text, place) for place in touching + elsewhere}
    return touching[0] if len(verdicts) == 1 else None


def _verdict(question: Question, text: str, place: Span | None) -> tuple[str | None, frozenset[str]]:
    matched = (c.id for c in question.claims if match_claim(question, c, text, place).ok)
    return claim_of(question, text, place), frozenset(matched)


def separable(question: Question, one: str, other: str) -> bool:
    """Whether two claims (given by id) can be distinguished: no wording of one matches the other leniently.

    Both directions are tested, because a finer date matches a coarser one but not the reverse. A claim is not
    separable from itself. Raises KeyError for an id that the question lacks.
    """
    claims = {c.id: c for c in question.claims}
    if claims[one] is claims[other]:
        return False
    return not any(
        typed.match_any(wording, against.wordings, question.answer_type, strict=False).ok
        for said, against in ((claims[one], claims[other]), (claims[other], claims[one]))
        for wording in said.wordings
    )


def foreign_claims(question: Question, article: str) -> tuple[Claim, ...]:
    """The claims that an article does not state and that are separable from every claim that it states.

    Empty if the article is silent, because then there is no own claim to separate them from.
    """
    own = question.own_claims(article)
    return tuple(
        c
        for c in question.claims
        if own and c not in own and all(separable(question, c.id, o.id) for o in own)
    )


@lru_cache(maxsize=65536)
def occurs_in(wording: str, text: str) -> bool:
    """Whether a wording occurs in a text, as whole tokens. The results are cached, since every model's
    scoring asks.
    """
    return bool(typed.occurs(wording, text))


def _strictly(answer_type: AnswerType, text: str, wordings: Sequence[str]) -> bool:
    return typed.match_any(text, wordings, answer_type, strict=True).makes_claim


def touches(span: Span | None, evidence: Evidence) -> bool:
    """Whether a span shares a character with a piece of evidence. False if either has no place."""
    return span is not None and _shared(span, evidence) > 0


def _inside(span: Span | None, evidence: Evidence) -> bool:
    return span is not None and 0 < _shared(span, evidence) == len(span)


def _shared(span: Span, evidence: Evidence) -> int:
    """The number of characters that a span and a piece of evidence share; 0 if the evidence has no offset."""
    return span.shared(evidence.span) if evidence.start >= 0 else 0


def _covers_half(span: Span | None, claim: Claim) -> bool:
    return span is not None and any(2 * _shared(span, e) >= len(e.text) for e in claim.evidence)


def _evidence_shares(question: Question, text: str, span: Span | None) -> dict[str, float]:
    """The share of a span's characters inside the evidence of each claim; empty if span or answer is."""
    if span is None or not len(span) or not normalize(text):
        return {}
    shares = {}
    for claim in question.claims:
        inside: set[int] = set()
        for e in claim.evidence:
            if e.article == span.article and e.start >= 0:
                inside.update(range(max(span.start, e.start), min(span.end, e.end)))
        shares[claim.id] = len(inside) / len(span)
    return shares
