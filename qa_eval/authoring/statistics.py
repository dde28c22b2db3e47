"""Counts of what a question set holds: the numbers behind `qa-eval questions stats`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qa_eval.data.items import item_ids
from qa_eval.records import ANSWER_TYPES, RELATIONS, TRACKS, Corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleStats:
    """Counts for one article."""

    answerable: int
    """Number of facts of which the article states a claim."""
    silent: int
    partial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionStats:
    """Counts of what a question set holds."""

    facts: int
    contested: int
    relations: Mapping[str, int]
    """Number of contested facts by relation. Every relation is listed, in the order of the contract."""
    categories: Mapping[str, int]
    """Number of facts by category, sorted by name."""
    answer_types: Mapping[str, int]
    """Number of facts by answer type. Only types that occur are listed, in the order of the contract."""
    paraphrases: int
    facts_without_paraphrases: int
    claims: int
    aliases: int
    evidence: int
    """Number of evidence spans."""
    articles: Mapping[str, ArticleStats]
    """Counts by article id, in manifest order."""
    items: Mapping[str, int]
    """Number of items by track. Only canonical questions count."""
    items_with_paraphrases: Mapping[str, int]
    silent_items: int
    """Number of reading items whose right answer is no answer."""
    silent_share: float
    """Share of silent items among all reading items. It is the EM of always abstaining."""


def question_stats(corpus: Corpus) -> QuestionStats:
    """Counts the contents of a corpus."""
    questions = corpus.questions
    types = Counter(q.answer_type for q in questions)
    relations = Counter(q.relation for q in questions if q.relation)
    claims = [c for q in questions for c in q.claims]
    articles = {
        a.id: ArticleStats(
            answerable=sum(a.id in q.answering for q in questions),
            silent=sum(a.id in q.silent for q in questions),
            partial=sum(a.id in q.partial for q in questions),
        )
        for a in corpus.articles
    }
    silent = sum(a.silent for a in articles.values())
    reading = silent + sum(a.answerable for a in articles.values())
    return QuestionStats(
        facts=len(questions),
        contested=sum(q.contested for q in questions),
        relations={r: relations[r] for r in RELATIONS},
        categories=_by_name(q.category for q in questions),
        answer_types={t: types[t] for t in ANSWER_TYPES if types[t]},
        paraphrases=sum(len(q.paraphrases) for q in questions),
        facts_without_paraphrases=sum(not q.paraphrases for q in questions),
        claims=len(claims),
        aliases=sum(len(c.aliases) for c in claims),
        evidence=sum(len(c.evidence) for c in claims),
        articles=articles,
        items={t: len(item_ids(corpus, tracks=[t])) for t in TRACKS},
        items_with_paraphrases={t: len(item_ids(corpus, tracks=[t], paraphrases=True)) for t in TRACKS},
        silent_items=silent,
        silent_share=silent / reading if reading else 0.0,
    )


def _by_name(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
