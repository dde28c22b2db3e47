"""Content hashes and canonical JSON: what makes two inputs the same input.

`canonical_json` is the one form in which anything is hashed or written, so equal values give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from qa_eval.paths import open_input
from qa_eval.records import Article, Question


def canonical_json(value: object, *, indent: int | None = None) -> str:
    """JSON with sorted keys, UTF-8 left readable, no NaN or infinity (ValueError).

    >>> canonical_json({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    """
    return _encoder(indent).encode(value)


@cache
def _encoder(indent: int | None) -> json.JSONEncoder:
    separators = (",", ":") if indent is None else (",", ": ")
    return json.JSONEncoder(
        sort_keys=True, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators
    )


def sha256_text(text: str) -> str:
    """Hex SHA-256 of the UTF-8 bytes. Lone surrogates are hashed as they stand, never an error."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256_json(value: object) -> str:
    """Hex SHA-256 of a value's canonical JSON."""
    return sha256_text(canonical_json(value))


def sha256_files(paths: Iterable[Path]) -> str:
    """Hex SHA-256 over the bytes of the files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        with open_input(path) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


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
        "silent": list(question.silent),
        "partial": list(question.partial),
        "note": question.note,
    }
    optional = ("paraphrases", "relation", "silent", "partial", "note")
    return {k: v for k, v in whole.items() if not (k in optional and not v)}


def questions_sha256(questions: Iterable[Question]) -> str:
    """Over all questions sorted by id: independent of files, order and formatting."""
    return sha256_json([question_record(q) for q in sorted(questions, key=lambda q: q.id)])


def articles_sha256(articles: Iterable[Article]) -> str:
    """Over the sorted (id, sha256) pairs."""
    return sha256_json(sorted([a.id, a.sha256] for a in articles))


def gold_sha256(question: Question) -> str:
    """Everything of a question that decides its scores, and nothing else: type and claims, not the note."""
    record = question_record(question)
    keys = ("answer_type", "claims", "silent", "partial", "relation")
    return sha256_json({k: record[k] for k in keys if k in record})


def item_sha256(question_text: str, context_sha256: str, gold: str) -> str:
    """Identity of an item for pairing across runs: the words asked, the text read, the golds."""
    return sha256_json([question_text, context_sha256, gold])


def combine_sha256(parts: Mapping[str, str]) -> str:
    """One hash over named hashes."""
    return sha256_json(dict(parts))


def checksums(part: Mapping[str, Any]) -> dict[str, str]:
    """Of each field of a leaderboard, or of one of its rows, the first 16 hex digits of its hash.

    They find what was changed by accident where nothing else tells it again: times, environment, performance.
    The rows of a leaderboard have their own.
    """
    return {
        name: sha256_json(value)[:16] for name, value in part.items() if name not in ("rows", "checksums")
    }


def changed_fields(document: Mapping[str, Any]) -> list[str]:
    """The fields of a leaderboard document, as paths, that are not what they were when it was written.

    Fields without a checksum are taken as they are (see `unsealed_fields`).
    """
    found = []
    for prefix, part in _parts(document):
        now = checksums(part)
        written: Mapping[str, str] = part.get("checksums", {})
        found += [prefix + name for name, value in written.items() if now.get(name) != value]
    return found


def unsealed_fields(document: Mapping[str, Any]) -> list[str]:
    """The fields of a leaderboard document, as paths, that have no checksum.

    Where no field of a part has one, this is its field `checksums` alone.
    """
    found = []
    for prefix, part in _parts(document):
        written: Mapping[str, str] = part.get("checksums", {})
        missing = [name for name in checksums(part) if name not in written]
        found += [prefix + name for name in missing] if written else [f"{prefix}checksums"]
    return found


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The parts of a leaderboard that have checksums of their own, each with the path to it."""
    yield "", document
    for number, row in enumerate(document.get("rows", ())):
        yield f"rows[{number}].", row
