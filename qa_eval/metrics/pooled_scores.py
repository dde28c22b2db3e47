"""Scores of an answer from all articles at once, and of its n-best."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from qa_eval.matching.claims import claim_of, touches
from qa_eval.metrics.answer_sets import set_f1
from qa_eval.metrics.decisions import abstains
from qa_eval.records import Answer, Candidate, Claim, Question, Span

COVERAGE_DEPTH = 3
SET_PROBABILITY = 0.1
"""Least probability of a candidate in the answer set."""


def distinct_candidates(
    question: Question, candidates: Sequence[Candidate]
) -> Iterator[tuple[Candidate, str | None]]:
    """Yields candidates without repetitions, best first, each with the id of the claim that it makes, if any.

    A candidate repeats a better one if their spans share a character of one article, or if both make the same
    claim. Equal texts in different places that make no claim are two answers.
    """
    kept: list[tuple[Candidate, str | None]] = []
    for c in candidates:
        span = c.span
        if span is not None and any(k.span is not None and span.overlaps(k.span) for k, _ in kept):
            continue
        claim = claim_of(question, c.text, span)
        if claim is None or all(claim != made for _, made in kept):
            kept.append((c, claim))
            yield c, claim


def _scored(question: Question, candidates: Sequence[Candidate]) -> list[tuple[Candidate, str | None]]:
    """As many of the distinct candidates as any score looks at; judging all hundred would be slow."""
    likely = [i for i, c in enumerate(candidates) if _is_likely(c)]
    needed = likely[-1] + 1 if likely else 0
    found = list(distinct_candidates(question, candidates[:needed]))
    if len(found) < COVERAGE_DEPTH:
        found = list(islice(distinct_candidates(question, candidates), max(COVERAGE_DEPTH, len(found))))
    return found


def _is_likely(candidate: Candidate) -> bool:
    return candidate.probability is not None and candidate.probability >= SET_PROBABILITY


def best_supported(question: Question) -> tuple[Claim, ...]:
    """The claim that most articles state, or several if they tie, in the authored order."""
    most = max(len(c.articles) for c in question.claims)
    return tuple(c for c in question.claims if len(c.articles) == most)


def newest_claim(question: Question) -> Claim | None:
    """The claim with the latest date, for a fact whose claims are successive states or counts.

    The date of a claim is the latest `as_of` of its evidence. None for facts of another relation, if a claim
    has no date, and if two claims share the latest one.
    """
    if question.relation != "update":
        return None
    dates = {c.id: max((e.as_of for e in c.evidence if e.as_of), default="") for c in question.claims}
    latest = [c for c in question.claims if dates[c.id] == max(dates.values())]
    return latest[0] if len(latest) == 1 and all(dates.values()) else None


def pooled_scores(
    question: Question, answer: Answer, claim: str | None, place: Span | None, *, failed: bool
) -> dict[str, float]:
    """The pooled track's scores beyond EM, F1 and match; `claim` is what the top answer claims, at `place`.

    N-best scores are absent for a bare text. They are 0 for an empty or failed answer.
    """
    silent = failed or abstains(answer.text)
    scores: dict[str, float] = {}
    made = next((c for c in question.claims if c.id == claim), None)
    if question.contested:
        scores["support"] = len(made.articles) / len(question.answering) if made is not None else 0.0
        if len(best := best_supported(question)) == 1:
            scores["majority"] = float(made in best)
        if (newest := newest_claim(question)) is not None:
            scores["newest"] = float(made is newest)
    scores |= _marked(question, made)
    if made is not None and place is not None:
        scores["attribution"] = float(
            any(touches(place, e) if e.start >= 0 else e.article == place.article for e in made.evidence)
        )
    if answer.n_best or silent:
        distinct = [] if failed else _scored(question, answer.n_best)
        named = [c.text for c, _ in distinct if _is_likely(c)]
        scores["set_f1"] = set_f1(named, [[e.text for e in c.evidence] for c in question.claims])
        if question.contested:
            scores |= _coverage(question, {made for _, made in distinct[:COVERAGE_DEPTH] if made is not None})
    return scores


def _marked(question: Question, made: Claim | None) -> dict[str, float]:
    """Whether the claim made is marked as misinformation, or is the resolution, and the chance of each."""
    scores = {}
    false = [c for c in question.claims if c.status == "misinformation"]
    if question.contested and false:
        scores["misinformation"] = float(made in false)
        scores["misinformation_chance"] = len(false) / len(question.claims)
    if question.contested and question.resolution is not None:
        scores["preferred"] = float(made is not None and made.id == question.resolution)
        scores["preferred_chance"] = 1 / len(question.claims)
    return scores


def _coverage(question: Question, named: Collection[str]) -> dict[str, float]:
    groups = {c.coverage_group for c in question.claims}
    hit = {c.coverage_group for c in question.claims if c.id in named}
    return {
        "coverage_at_3": len(hit) / min(COVERAGE_DEPTH, len(groups)),
        "claim_recall_at_3": len(named) / len(question.claims),
    }
