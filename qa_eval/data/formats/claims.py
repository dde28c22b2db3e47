"""Reads `claims:FILE.jsonl[.gz]`: one fact on each line, with its passages. Other formats share its steps.

An adapter turns each of its own records into a line of a `claims:` file with its place, or into findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from qa_eval.data.checks.question_checks import kebab_case
from qa_eval.data.claim_sets import FactRead
from qa_eval.data.claims_schema import CLAIMS_PARTS, VERSION, ClaimsHeader, ClaimsLine, Unlisted
from qa_eval.data.dataset_files import opened
from qa_eval.data.dataset_options import Where
from qa_eval.data.passage_facts import read_fact
from qa_eval.data.validation import validate_shape
from qa_eval.files.compression import UNREADABLE, unreadable
from qa_eval.files.json_streams import json_lines
from qa_eval.files.strict_json import NotJsonError, describe
from qa_eval.records import Finding
from qa_eval.text.phrases import printable, quote, shorten, show_path

Lines = Iterator[tuple[Where, dict[str, Any]] | Finding]
"""Lines of a `claims:` file, each with the place of the record it comes from."""


def read_claims(path: Path, split: str | None = None) -> FactRead:
    """The facts of a file, and findings. Raises InputError as `opened` does."""
    del split
    unlisted: Unlisted = "silent"
    seen: set[str] = set()
    for part in _objects(path, "one fact a line"):
        if isinstance(part, Finding):
            yield part
            continue
        place, value = part
        if "format" in value and "question" not in value:
            header, messages = validate_shape(ClaimsHeader, value, CLAIMS_PARTS)
            yield from (place.finding("shape", message, field=field) for field, message in messages)
            if place.line != 1:
                message = "a header is the first line of a file; delete it here"
                yield place.inside("format").finding("shape", message)
            if header is not None:
                unlisted = header.unlisted
                if header.version != VERSION:
                    message = f"{header.version} is not a version that this program reads ({VERSION})"
                    yield place.inside("version").finding("shape", message)
                    return
            continue
        yield from facts_of(place, value, unlisted, seen)


def facts_of(place: Where, value: dict[str, Any], unlisted: Unlisted, seen: set[str]) -> FactRead:
    """The fact of a line or its errors, and then what was left out. `seen` has the ids of earlier facts."""
    line, messages = validate_shape(ClaimsLine, value, CLAIMS_PARTS)
    id = value.get("id")
    fact_id = printable(shorten(id)) if isinstance(id, str) else ""
    yield from (place.finding("shape", message, field=field, fact=fact_id) for field, message in messages)
    if line is None:
        return
    if line.id in seen:
        message = f"{quote(line.id)} is the id of an earlier fact; give each fact its own id"
        yield place.inside("id").finding("duplicate-id", message, fact=fact_id)
    seen.add(line.id)
    fact, problems, remarks = read_fact(line, unlisted)
    yield from (place.finding("claims", message, field=field, fact=fact_id) for field, message in problems)
    if not problems:
        yield from (remark.finding(place, fact_id) for remark in remarks)
    if fact is not None and not messages:
        yield replace(fact, place=place)


def records_of(path: Path, what: str) -> Lines:
    """The JSON objects of a file of lines, with their places. Raises InputError as `opened` does."""
    return _objects(path, what)


def _objects(path: Path, what: str) -> Lines:
    where = Where(path=show_path(path))
    with opened(path, what) as (file, _):
        try:
            for number, found in json_lines(file):
                place = Where(path=where.path, line=number)
                if isinstance(found, NotJsonError):
                    yield place.finding("json", str(found), column=found.column)
                elif found.problems:
                    yield from place.problems(found)
                elif not isinstance(found.value, dict):
                    yield place.finding("json", f"must be a JSON object, found {describe(found.value)}")
                else:
                    yield place, found.value
        except UNREADABLE as error:
            yield where.finding("file", unreadable(error))


def short_id(answer: str, taken: set[str]) -> str:
    """A short id made of an answer, which no claim has yet. It is added to `taken`.

    >>> taken = set()
    >>> short_id("3,559 people", taken), short_id("3 559 people", taken)
    ('3-559-people', '3-559-people-2')
    """
    plain = (kebab_case(answer) if answer.isascii() else "-".join(answer.split()))[:40].strip("-")
    plain = "".join(c for c in re.sub(r"[@~*\s]", "", plain) if c.isprintable()) or "claim"
    id, number = plain, 1
    while id in taken:
        number += 1
        id = f"{plain}-{number}"
    taken.add(id)
    return id
