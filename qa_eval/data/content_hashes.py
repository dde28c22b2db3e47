"""Content hashes of questions, articles and items: equal hashes mean the same input."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from qa_eval.files.hashes import sha256_json, sha256_text
from qa_eval.records import Article, Corpus, Question


def question_record(question: Question) -> dict[str, Any]:
    """The question as the JSON object of its line: keys in order, empty optional ones left out."""
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
    """SHA-256 over all questions sorted by id. It does not depend on files, order or formatting."""
    return sha256_json([question_record(q) for q in sorted(questions, key=lambda q: q.id)])


def articles_sha256(articles: Iterable[Article]) -> str:
    """SHA-256 over the sorted (id, sha256) pairs of the articles."""
    return sha256_json(sorted([a.id, a.sha256] for a in articles))


def unordered_sha256(digests: Iterable[bytes]) -> str:
    """SHA-256 over digests, which does not depend on their order."""
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def with_hashes(corpus: Corpus) -> Corpus:
    """The corpus with its hashes. A corpus made in memory lacks them; they are computed."""
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
    """SHA-256 over what decides a question's scores: type, claims, articles and relation, not the note."""
    record = question_record(question)
    keys = ("answer_type", "claims", "silent", "partial", "relation", "resolution")
    return sha256_json({k: record[k] for k in keys if k in record})


def item_sha256(question_text: str, context_sha256: str, gold: str) -> str:
    """SHA-256 that identifies an item across runs, over the words asked, the text read and the golds."""
    return sha256_json([question_text, context_sha256, gold])
