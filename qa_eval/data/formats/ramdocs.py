"""`ramdocs:FILE`: RAMDocs (Wang et al. 2025), as published: a question a line, each with its own documents.

A document is `correct` or `misinfo`, and says which answer it states, or is `noise`, which is silent here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qa_eval.data.claim_sets import FactRead
from qa_eval.data.dataset_options import Where
from qa_eval.data.formats.claims import facts_of_rows, short_id
from qa_eval.files.strict_json import describe
from qa_eval.records import Finding
from qa_eval.text.phrases import quote, suggestion

_STATUS = {"correct": "true", "misinfo": "misinformation", "noise": None}
"""Type of a document -> status of the claim that it states."""


def read_ramdocs(path: Path, split: str | None = None) -> FactRead:
    """The facts of a file, and findings. Raises InputError as `opened` does."""
    del split
    return facts_of_rows(
        path, "one question a line, with documents, gold_answers and wrong_answers", _problems, _line
    )


def _problems(place: Where, row: dict[str, Any]) -> Iterator[Finding]:
    if not isinstance(row.get("question"), str):
        yield place.inside("question").finding("shape", "must be text: the question")
    for name in ("gold_answers", "wrong_answers"):
        if not _is_texts(row.get(name)):
            yield place.inside(name).finding("shape", "must be a list of texts")
    documents = row.get("documents")
    if not isinstance(documents, list):
        yield place.inside("documents").finding("shape", f"must be a list, found {describe(documents)}")
        return
    for index, document in enumerate(documents):
        at = place.inside("documents", index)
        if not isinstance(document, dict):
            yield at.finding("shape", f"must be an object, found {describe(document)}")
            continue
        for name in ("text", "type", "answer"):
            if not isinstance(document.get(name), str):
                yield at.inside(name).finding("shape", "must be text")
        kind = document.get("type")
        if isinstance(kind, str) and kind not in _STATUS:
            yield at.inside("type").finding("shape", f"unknown type {quote(kind)}{suggestion(kind, _STATUS)}")


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _line(row: dict[str, Any], number: int) -> dict[str, Any]:
    """The line of a `claims:` file that a row makes."""
    stated: dict[str, list[str]] = {}
    passages, silent = [], []
    status: dict[str, str | None] = dict.fromkeys(row["gold_answers"], "true")
    status |= dict.fromkeys((text for text in row["wrong_answers"] if text not in status), "misinformation")
    folded = {text.casefold().strip(): text for text in reversed(status)}
    for place, document in enumerate(row["documents"], 1):
        id = f"d{place}"
        passages.append({"id": id, "text": document["text"]})
        if document["type"] == "noise":
            silent.append(id)
            continue
        answer = document["answer"]
        answer = answer if answer in status else folded.get(answer.casefold().strip(), answer)
        status.setdefault(answer, _STATUS[document["type"]])
        stated.setdefault(answer, []).append(id)
    taken: set[str] = set()
    claims = [
        {
            "id": short_id(answer, taken),
            "answers": [answer],
            "passages": stated.get(answer, []),
            "status": said,
        }
        for answer, said in status.items()
    ]
    return {
        "id": f"ramdocs-{number}",
        "question": row["question"],
        "passages": passages,
        "claims": claims,
        "silent": silent,
    }
