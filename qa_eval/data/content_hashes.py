"""Content hashes of questions, articles and items: equal hashes mean the same input."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from qa_eval.files.hashes import sha256_json, sha256_text
from qa_eval.records import Article, Corpus, Question


def question_record(question: Question) -> dict[str, Any]:
    """A question as the JSON object that its line holds, keys in the canonical order, empty ones left out."""
    claims = []
    for claim in question.claims:
        evidence = []
        for e in claim.evidence:
            row: dict[str, Any] = {"article": e.article, "text": e.text, "start": e.start}
            row |= {"speaker": e.speaker} if e.speaker is not None else {}
            row |= {"as_of": e.as_of} if e.as_of is not None else {}
            row |= {"hedged": True} if e.hedged else {}
            evidence.append(row)
        record: dict[str, Any] = {"id": claim.id}
        record |= {"group": claim.group} if claim.group else {}
        record |= {"aliases": list(claim.aliases)} if claim.aliases else {}
        record |= {"status": claim.status} if claim.status is not None else {}
        record |= {"polarity": claim.polarity} if claim.polarity is not None else {}
        claims.append(record | {"evidence": evidence})
    whole: dict[str, Any] = {
        "id": question.id,
        "question": question.question,
        "paraphrases": list(question.paraphrases),
        "category": question.category,
        "answer_type": question.answer_type,
        "contested": question.contested,
        "relation": question.relation,
        "claims": claims,
        "resolution": question.resolution,
        "silent": list(question.silent),
        "partial": list(question.partial),
        "scope": question.scope if isinstance(question.scope, str) else list(question.scope or ()),
        "note": question.note,
    }
    optional = ("paraphrases", "relation", "resolution", "silent", "partial", "scope", "note")
    return {k: v for k, v in whole.items() if not (k in optional and not v)}


def questions_sha256(questions: Iterable[Question]) -> str:
    """Over all questions sorted by id: independent of files, order and formatting."""
    return sha256_json([question_record(q) for q in sorted(questions, key=lambda q: q.id)])


def articles_sha256(articles: Iterable[Article]) -> str:
    """Over the sorted (id, sha256) pairs."""
    return sha256_json(sorted([a.id, a.sha256] for a in articles))


def with_hashes(corpus: Corpus) -> Corpus:
    """The corpus with the hashes that it lacks because it was made in memory."""
    if corpus.questions_sha256 and corpus.articles_sha256:
        return corpus
    articles = tuple(a if a.sha256 else replace(a, sha256=sha256_text(a.text)) for a in corpus.articles)
    return replace(
        corpus,
        articles=articles,
        questions_sha256=corpus.questions_sha256 or questions_sha256(corpus.questions),
        articles_sha256=corpus.articles_sha256 or articles_sha256(articles),
    )


def gold_sha256(question: Question) -> str:
    """Everything of a question that decides its scores, and nothing else: type and claims, not the note."""
    record = question_record(question)
    keys = ("answer_type", "claims", "silent", "partial", "relation", "resolution")
    return sha256_json({k: record[k] for k in keys if k in record})


def item_sha256(question_text: str, context_sha256: str, gold: str) -> str:
    """Identity of an item for pairing across runs: the words asked, the text read, the golds."""
    return sha256_json([question_text, context_sha256, gold])
