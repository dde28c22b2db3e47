"""`qacc:FILE`: QACC (Liu et al. 2024), as published: a JSON list of questions with search snippets.

Annotators gave up to three answers, each with the letters of the snippets that support it, and the one they
prefer. They listed support only, so other snippets are `partial`. Cells without a value hold NaN or an empty
text, lists are written as text, and some ids come twice in a split.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qa_eval.data.claim_sets import FactRead
from qa_eval.data.dataset_files import opened
from qa_eval.data.dataset_options import Where, id_of
from qa_eval.data.formats.claims import facts_of, short_id
from qa_eval.data.passage_facts import Remark
from qa_eval.errors import SpecError
from qa_eval.files.compression import UNREADABLE, unreadable
from qa_eval.files.json_streams import JsonDocument
from qa_eval.files.strict_json import NotJsonError, describe
from qa_eval.matching.normal_form import normalize
from qa_eval.records import Finding
from qa_eval.text.phrases import free_name, quote, show_path, suggestion

_ANSWERS = (
    ("firstAnswer", "firstContext"),
    ("secondAnswer", "secondContext"),
    ("thirdAnswer", "thirdContext"),
)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def read_qacc(path: Path, split: str | None = None) -> FactRead:
    """The facts of a file, of one split or all, and findings.

    Raises InputError as `opened` does, and SpecError after reading for a split that no question has.
    """
    where = Where(path=show_path(path))
    seen: set[str] = set()
    splits: set[str] = set()
    with opened(path, "a JSON list of questions with contexts and sources") as (file, _):
        document = JsonDocument(file, foreign=True)
        try:
            if document.mark() != "[":
                yield where.finding("shape", "must be a JSON list of questions")
                return
            for number in document.entries():
                parsed = document.value()
                place = Where(path=where.path, line=document.line, parts=(number,))
                real = tuple(p for p in parsed.problems if not p.message.startswith("NaN "))
                yield from Where(path=where.path, parts=(number,)).problems(parsed._replace(problems=real))
                row = parsed.value
                if not isinstance(row, dict):
                    yield place.finding("shape", f"must be an object, found {describe(row)}")
                    continue
                problems = list(_problems(place, row))
                yield from problems
                splits.add(str(row.get("split")))
                if not problems and split in (None, row["split"]):
                    yield from _facts(place, row, seen)
            document.close()
        except NotJsonError as error:
            yield Where(path=where.path, line=error.line).finding("json", str(error), column=error.column)
            return
        except UNREADABLE as error:
            yield where.finding("file", unreadable(error))
            return
    if split is not None and split not in splits:
        raise SpecError(
            f"--split {split}: no question of {show_path(path)} has it{suggestion(split, splits)}"
        )


def _facts(place: Where, row: dict[str, Any], seen: set[str]) -> FactRead:
    first = f"{row['split']}-{id_of(row['annotation_task_id'])}"
    id = free_name(first, seen)
    if id != first:
        message = f"{quote(first)} is the id of an earlier question; it is read as {quote(id)}"
        yield Remark("repeated-id", "annotation_task_id", message).finding(place, id)
    yield from facts_of(place, _line(row, id), "partial", seen)


def _problems(place: Where, row: dict[str, Any]) -> Iterator[Finding]:
    for name in ("question", "split"):
        if _text(row.get(name)) is None:
            yield place.inside(name).finding("shape", "must be text")
    if id_of(row.get("annotation_task_id")) is None:
        yield place.inside("annotation_task_id").finding("shape", "must be a text or a whole number")
    contexts, sources = row.get("contexts"), row.get("sources")
    for name, value in (("contexts", contexts), ("sources", sources)):
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            yield place.inside(name).finding("shape", "must be a list of texts")
            return
    assert isinstance(contexts, list)
    assert isinstance(sources, list)
    if len(contexts) != len(sources):
        yield place.inside("sources").finding(
            "shape", f"has {len(sources)}, but contexts has {len(contexts)}"
        )
    for answer, support in _ANSWERS:
        if _text(row.get(answer)) is None:
            continue
        letters = _letters(row.get(support))
        if letters is None:
            yield place.inside(support).finding("shape", "must be a list of letters of contexts, as text")
        elif wrong := [letter for letter in letters if letter not in _LETTERS[: len(contexts)]]:
            message = f"{quote(wrong[0])} is the letter of no context; there are {len(contexts)}"
            yield place.inside(support).finding("shape", message)


def _text(value: object) -> str | None:
    """The text of a cell; None for an empty one, and for what is none, as NaN."""
    return value.strip() if isinstance(value, str) and value.strip() else None


def _letters(value: object) -> list[str] | None:
    """The list that a text is; none for an empty cell, None for another text."""
    written = _text(value)
    if written is None:
        return []
    try:
        found = ast.literal_eval(written)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(found, list) or not all(isinstance(letter, str) for letter in found):
        return None
    return [letter for letter in found if letter]


def _line(row: dict[str, Any], id: str) -> dict[str, Any]:
    """The line of a `claims:` file that a row makes; answers that differ in case alone are one claim."""
    passages = [
        {"id": _LETTERS[index].lower(), "text": text, "source": source or None}
        for index, (text, source) in enumerate(zip(row["contexts"], row["sources"], strict=True))
        if text.strip()
    ]
    there = {passage["id"] for passage in passages}
    claims: dict[str, dict[str, Any]] = {}
    taken: set[str] = set()
    for answer, support in _ANSWERS:
        said = _text(row.get(answer))
        if said is None or not normalize(said):
            continue
        stating = [letter.lower() for letter in _letters(row.get(support)) or () if letter.lower() in there]
        claim = claims.get(said.casefold())
        if claim is None:
            claim = {"id": short_id(said, taken), "answers": [said], "passages": []}
            claims[said.casefold()] = claim
        claim["passages"] = list(dict.fromkeys([*claim["passages"], *stating]))
    preferred = _text(row.get("correctAnswer"))
    resolution = claims.get((preferred or "").casefold())
    return {
        "id": id,
        "question": row["question"],
        "category": row["split"],
        "passages": passages,
        "claims": list(claims.values()),
        "unlisted": "partial",
        "resolution": resolution["id"] if resolution is not None else None,
        "note": _note(row, preferred),
    }


def _note(row: dict[str, Any], preferred: str | None) -> str | None:
    """The preferred answer with its reasons, as the annotators gave them."""
    reasons = ", ".join(_letters(row.get("reasons")) or ())
    parts = [f"preferred: {preferred}" if preferred else "", f"reasons: {reasons}" if reasons else ""]
    return "; ".join([part for part in parts if part] + [_text(row.get("explanation")) or ""])[:5_000] or None
