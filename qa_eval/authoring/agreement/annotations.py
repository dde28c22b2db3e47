"""Compares two question sets over the same articles: how far do their authors agree?

The unit of comparison is a reading: one fact in one article. Its value is the claim (or claims) that the
author found there, or silence. If an author called the article `partial`, the reading has no value and counts
as missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np

from qa_eval.errors import QaEvalError
from qa_eval.matching import typed
from qa_eval.matching.normal_form import normalize
from qa_eval.metrics.rules.squad import SQUAD_V2
from qa_eval.records import AnswerType, Claim, Corpus, Estimate, Evidence, Question
from qa_eval.stats.draws import FloatArray
from qa_eval.stats.intervals import Term, ratio_estimates, rowwise_estimate
from qa_eval.stats.krippendorff import Coincidences, coincidences

Value = frozenset[str]
"""Claims found in an article; empty for silence."""
Kind = Literal["claim", "silence", "text"]

MEASURES = ("em", "f1", "match", "claim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One fact in one article, as both authors read it."""

    fact: str
    article: str
    a: tuple[str, ...]
    """Wordings that the first author marked; empty for silence."""
    b: tuple[str, ...]
    values: tuple[Value, Value]
    scores: Mapping[str, float]
    """Scores by measure. `em`, `f1` and `match` compare the two most similar wordings. `claim` is 1 if the
    values are equal, else 0. All are 1 if both authors are silent, and 0 if only one is."""

    @property
    def both_answer(self) -> bool:
        return bool(self.a and self.b)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A fact or reading on which the authors disagree."""

    fact: str
    """Id of the fact in the first set."""
    article: str
    """Id of the article; empty if the disagreement is about the fact as a whole."""
    kind: str
    """Kind: `claim` (the claims differ), `silence` (only one author found an answer), `partial` (only one
    author left the article out), or the name of the field that differs."""
    a: str
    b: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The agreement of two authors."""

    facts: int
    """Number of facts that are in both sets."""
    only_a: tuple[str, ...]
    """Ids of facts that are only in the first set."""
    only_b: tuple[str, ...]
    readings: int
    """Number of readings (fact and article in scope) that have a value from both authors."""
    missing: int
    """Number of readings left out because an author called the article `partial`."""
    all: Mapping[str, Estimate]
    """Mean `em`, `f1`, `match` and `claim` over all readings."""
    answered: Mapping[str, Estimate]
    """The same means over the readings in which both authors found an answer; empty if there is none."""
    alpha: Estimate | None
    """Krippendorff's nominal alpha over all readings; None if it is undefined."""
    alpha_within: Estimate | None
    """Alpha with chance computed inside each fact, so that it never confuses the claims of two facts."""
    differences: tuple[Disagreement, ...]


def compare_annotations(a: Corpus, b: Corpus, *, resamples: int = 9999, seed: int = 0) -> Agreement:
    """Compares two sets over the same articles, fact by fact and article by article.

    Facts are matched by id, and those left over by the words of their question. Intervals are 95 %, clustered
    by fact. Raises QaEvalError if the articles differ or if no fact is in both sets.
    """
    if a.articles_sha256 != b.articles_sha256:
        raise QaEvalError("the two sets are not about the same articles")
    pairs, only_a, only_b = _matched(a.questions, b.questions)
    if not pairs:
        raise QaEvalError(
            "no fact is in both files: facts are matched by id, or by the same words of the question"
        )
    articles = [article.id for article in a.articles]
    readings: list[Reading] = []
    differences: list[Disagreement] = []
    asked = 0
    for one, other in pairs:
        scope = [x.id for x in a.in_scope(one) if x in b.in_scope(other)]
        asked += len(scope)
        read = list(_readings(one, other, scope))
        readings += read
        differences += _fact_differences(one, other)
        differences += sorted(
            [*_reading_differences(read), *_partial_differences(one, other, scope)],
            key=lambda d: articles.index(d.article),
        )
    both = [reading for reading in readings if reading.both_answer]
    by_fact = [
        coincidences(reading.values for reading in group)
        for _, group in groupby(readings, key=lambda reading: reading.fact)
    ]
    alphas = [
        _alpha(by_fact, within=within, n=len(readings), resamples=resamples, seed=seed)
        for within in (False, True)
    ]
    return Agreement(
        facts=len(pairs),
        only_a=only_a,
        only_b=only_b,
        readings=len(readings),
        missing=asked - len(readings),
        all=_estimates(readings, resamples, seed),
        answered=_estimates(both, resamples, seed),
        alpha=alphas[0],
        alpha_within=alphas[1],
        differences=tuple(differences),
    )


# ------------------------------------------------------------------------------------------ matching


def _matched(
    a: Sequence[Question], b: Sequence[Question]
) -> tuple[list[tuple[Question, Question]], tuple[str, ...], tuple[str, ...]]:
    """The matched pairs in the order of the first set, and the ids that only the first or only the second set
    has.
    """
    by_id = {question.id: question for question in b}
    known = {question.id for question in a}
    by_words = {normalize(question.question): question for question in b if question.id not in known}
    pairs, only_a = [], []
    for one in a:
        other = by_id.get(one.id) or by_words.pop(normalize(one.question), None)
        if other is None:
            only_a.append(one.id)
        else:
            pairs.append((one, other))
    met = {other.id for _, other in pairs}
    return pairs, tuple(only_a), tuple(question.id for question in b if question.id not in met)


def same_claims(one: Question, other: Question) -> dict[str, str]:
    """Claim of the second question -> the equal claim of the first, each used at most once.

    Two claims are equal if a wording of one matches a wording of the other by the strict typed match, which
    distinguishes bounds. They are also equal if their passages overlap in an article and the answers match
    leniently. If a claim has several partners, the one with the most matching passages and wordings is taken.
    The result does not depend on which question comes first.
    """
    strengths = [
        (-strength, tuple(sorted((x.id, y.id))), x.id, y.id)
        for x in one.claims
        for y in other.claims
        if (strength := _likeness(x, y, one.answer_type))
    ]
    found: dict[str, str] = {}
    for _, _, x, y in sorted(strengths):
        if y not in found and x not in found.values():
            found[y] = x
    return found


def _likeness(x: Claim, y: Claim, answer_type: AnswerType) -> int:
    """The number of matching passages and wordings of the two claims; 0 if nothing suggests that they are
    equal.
    """
    passages = sum(_alike(p, q, answer_type) for p in x.evidence for q in y.evidence)
    wordings = sum(typed.same_claim(p, q, answer_type) for p in x.wordings for q in y.wordings)
    return passages + wordings


def _alike(p: Evidence, q: Evidence, answer_type: AnswerType) -> bool:
    """Whether two passages overlap and do not contradict each other."""
    if not p.span.overlaps(q.span):
        return False
    return answer_type == "text" or _match(p.text, q.text, answer_type)


def _match(one: str, other: str, answer_type: AnswerType) -> bool:
    return any(typed.match(*pair, answer_type, strict=False).ok for pair in ((one, other), (other, one)))


# ------------------------------------------------------------------------------------------ comparing


def _readings(one: Question, other: Question, articles: Sequence[str]) -> Iterable[Reading]:
    names = same_claims(one, other)
    for article in articles:
        if article in one.partial or article in other.partial:
            continue
        golds = one.own_golds(article), other.own_golds(article)
        values = (
            frozenset(claim.id for claim in one.own_claims(article)),
            frozenset(names.get(claim.id, f"{claim.id} (second)") for claim in other.own_claims(article)),
        )
        yield Reading(
            fact=one.id,
            article=article,
            a=golds[0],
            b=golds[1],
            values=values,
            scores=_scores(*golds, one.answer_type) | {"claim": float(values[0] == values[1])},
        )


def _scores(a: Sequence[str], b: Sequence[str], answer_type: AnswerType) -> dict[str, float]:
    """The scores of the two most similar wordings."""
    if not (a and b):
        return dict.fromkeys(("em", "f1", "match"), float(not a and not b))
    pairs = [(one, other) for one in a for other in b]
    scores = [SQUAD_V2.score(one, [other]) for one, other in pairs]
    return {
        "em": max(em for em, _ in scores),
        "f1": max(f1 for _, f1 in scores),
        "match": float(any(_match(*pair, answer_type) for pair in pairs)),
    }


def _fact_differences(one: Question, other: Question) -> Iterable[Disagreement]:
    fields = {
        "answer_type": (one.answer_type, other.answer_type),
        "contested": ("yes" if one.contested else "no", "yes" if other.contested else "no"),
        "relation": (one.relation or "none", other.relation or "none"),
        "category": (one.category, other.category),
        "scope": (_scope_in_words(one), _scope_in_words(other)),
    }
    for name, (a, b) in fields.items():
        if a != b:
            yield Disagreement(fact=one.id, article="", kind=name, a=a, b=b)


def _scope_in_words(question: Question) -> str:
    scope = question.scope
    return "all articles" if scope is None else scope if isinstance(scope, str) else ", ".join(sorted(scope))


def _reading_differences(readings: Iterable[Reading]) -> Iterable[Disagreement]:
    for reading in readings:
        if reading.values[0] != reading.values[1]:
            kind = "claim" if reading.both_answer else "silence"
            a, b = (" | ".join(golds) or "silent" for golds in (reading.a, reading.b))
            yield Disagreement(fact=reading.fact, article=reading.article, kind=kind, a=a, b=b)


def _partial_differences(one: Question, other: Question, articles: Sequence[str]) -> Iterable[Disagreement]:
    def said(question: Question, article: str) -> str:
        golds = " | ".join(question.own_golds(article))
        return "partial" if article in question.partial else golds or "silent"

    for article in articles:
        if (article in one.partial) != (article in other.partial):
            a, b = said(one, article), said(other, article)
            yield Disagreement(fact=one.id, article=article, kind="partial", a=a, b=b)


# ------------------------------------------------------------------------------------------ estimating


def _estimates(readings: Sequence[Reading], resamples: int, seed: int) -> dict[str, Estimate]:
    if not readings:
        return {}
    groups = [list(group) for _, group in groupby(readings, key=lambda reading: reading.fact)]
    sizes = np.array([len(group) for group in groups], dtype=np.float64)
    requests = [
        (
            [
                Term(
                    weight=1.0,
                    numerator=np.array([sum(r.scores[measure] for r in group) for group in groups]),
                    denominator=sizes,
                )
            ],
            len(readings),
        )
        for measure in MEASURES
    ]
    found = ratio_estimates(requests, resamples=resamples, seed=seed)
    return dict(zip(MEASURES, found, strict=True))


def _alpha(
    by_fact: Sequence[Coincidences], *, within: bool, n: int, resamples: int, seed: int
) -> Estimate | None:
    """Alpha, with an interval that resamples facts. A fact that is drawn twice counts as two facts."""
    observed = np.array([fact.observed for fact in by_fact])
    silent = np.array([float(fact.counts[frozenset()]) for fact in by_fact])
    size = np.array([float(fact.pairable) for fact in by_fact])
    stated = np.array([_squares(fact) for fact in by_fact])
    expected = np.array([fact.expected for fact in by_fact])

    def alphas(weights: FloatArray) -> FloatArray:
        if within:
            chance = weights @ expected
        else:
            total = weights @ size
            unlike = total**2 - weights @ stated - (weights @ silent) ** 2
            chance = unlike / np.maximum(total - 1, 1)
        defined = chance > 0
        found: FloatArray = 1 - (weights @ observed)[defined] / chance[defined]
        return found

    whole = alphas(np.ones((1, len(by_fact))))
    if not len(whole):
        return None
    places = np.arange(len(by_fact))
    return rowwise_estimate(
        alphas, float(whole[0]), places, n, resamples=resamples, seed=seed, lower=-1.0, upper=1.0
    )


def _squares(fact: Coincidences) -> float:
    """The sum over the fact's claims of the squared number of times that each was given. Silence is not a
    claim.
    """
    return float(sum(count**2 for value, count in fact.counts.items() if value != frozenset()))
