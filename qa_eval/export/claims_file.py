"""`export --format claims`: a contested set as facts with their own passages, one on each line.

Reading the file back gives the same items, with the same hashes.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from typing import Any

from qa_eval.data.passage_facts import PassageFact
from qa_eval.export.outputs import Export, Output
from qa_eval.records import Article, Claim, Corpus, Question
from qa_eval.text.terminal import safe_json


def export_claims(facts: Iterable[PassageFact], name: str, *, packed: bool = False) -> Export:
    """The facts as the lines of a `claims:` file, compressed if `packed`. Equal facts give equal bytes."""
    text = "".join(f"{line}\n" for line in claims_lines(facts))
    data: str | bytes = gzip.compress(text.encode("utf-8"), mtime=0) if packed else text
    return Export(outputs=(Output(name=f"{name}.claims.jsonl{'.gz' if packed else ''}", data=data),))


def corpus_facts(corpus: Corpus) -> Iterator[PassageFact]:
    """The questions of a collection, each with the articles in its scope."""
    for question in corpus.questions:
        yield PassageFact(question, corpus.in_scope(question))


def claims_lines(facts: Iterable[PassageFact]) -> Iterator[str]:
    """A line for each fact, without a line break."""
    for fact in facts:
        yield safe_json(json.dumps(fact_record(fact), ensure_ascii=False))


def fact_record(fact: PassageFact) -> dict[str, Any]:
    """The JSON object of a fact's line, without empty fields."""
    question = fact.question
    whole = {
        "id": question.id,
        "question": question.question,
        "paraphrases": list(question.paraphrases),
        "category": question.category,
        "answer_type": question.answer_type,
        "passages": [_passage(passage) for passage in fact.passages],
        "claims": [_claim(claim) for claim in question.claims],
        "silent": list(question.silent),
        "partial": list(question.partial),
        "unlisted": _unlisted(question, fact.passages),
        "relation": question.relation,
        "resolution": question.resolution,
        "note": question.note,
    }
    return {key: value for key, value in whole.items() if value}


def _unlisted(question: Question, passages: Iterable[Article]) -> str | None:
    """`partial` if the author of the collection listed some passages nowhere, else None."""
    listed = {*question.answering, *question.silent, *question.partial}
    return "partial" if any(passage.id not in listed for passage in passages) else None


def _passage(passage: Article) -> dict[str, Any]:
    whole = {
        "id": passage.id,
        "text": passage.text,
        "source": passage.publisher,
        "date": passage.published,
        "label": passage.label,
        "title": passage.title,
        "byline": passage.byline,
        "notes": passage.notes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def _claim(claim: Claim) -> dict[str, Any]:
    """The JSON object of a claim. Evidence without a place becomes its answers."""
    spans = []
    for e in claim.evidence:
        if e.start < 0:
            continue
        span: dict[str, Any] = {"passage": e.article, "text": e.text, "start": e.start}
        span |= {"speaker": e.speaker} if e.speaker is not None else {}
        span |= {"as_of": e.as_of} if e.as_of is not None else {}
        span |= {"hedged": True} if e.hedged else {}
        spans.append(span)
    texts = dict.fromkeys(e.text for e in claim.evidence)
    unplaced = dict.fromkeys(e.text for e in claim.evidence if e.start < 0)
    whole = {
        "id": claim.id,
        "answers": list(unplaced or texts),
        "passages": list(dict.fromkeys(e.article for e in claim.evidence)),
        "spans": spans,
        "aliases": [alias for alias in claim.aliases if alias not in (unplaced or texts)],
        "group": claim.group,
        "status": claim.status,
        "polarity": claim.polarity,
    }
    return {key: value for key, value in whole.items() if value}
