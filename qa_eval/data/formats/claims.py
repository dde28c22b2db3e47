"""Reads `claims:FILE.jsonl[.gz]`: one fact on each line, with its passages. Other formats share its steps.

An adapter turns each of its own records into a line of a `claims:` file with its place, or into findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qa_eval.data.checks.question_checks import kebab_case
from qa_eval.data.claim_sets import FactRead
from qa_eval.data.claims_schema import CLAIMS_PARTS, VERSION, ClaimsHeader, ClaimsLine, Unlisted
from qa_eval.data.dataset_files import opened
from qa_eval.data.dataset_options import Where
from qa_eval.data.passage_facts import Remark, read_fact
from qa_eval.data.validation import validate_shape
from qa_eval.files.compression import UNREADABLE, unreadable
from qa_eval.files.json_streams import json_lines
from qa_eval.files.strict_json import NotJsonError, describe
from qa_eval.records import Finding, Severity
from qa_eval.text.phrases import printable, shorten, show_path

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
            yield from (_finding(place, field, message) for field, message in messages)
            if place.line != 1:
                yield _finding(place, "format", "a header is the first line of a file; delete it here")
            if header is not None:
                unlisted = header.unlisted
                if header.version != VERSION:
                    message = f"{header.version} is not a version that this program reads ({VERSION})"
                    yield _finding(place, "version", message)
                    return
            continue
        yield from facts_of(place, value, unlisted, seen)


def facts_of(place: Where, value: dict[str, Any], unlisted: Unlisted, seen: set[str]) -> FactRead:
    """The fact of a line or its errors, and then what was left out. `seen` has the ids of earlier facts."""
    line, messages = validate_shape(ClaimsLine, value, CLAIMS_PARTS)
    id = value.get("id")
    fact_id = printable(shorten(id)) if isinstance(id, str) else ""
    yield from (_finding(place, field, message, fact=fact_id) for field, message in messages)
    if line is None:
        return
    if line.id in seen:
        message = f"{line.id!r} is the id of an earlier fact; give each fact its own id"
        yield _finding(place, "id", message, fact=fact_id, check="duplicate-id")
    seen.add(line.id)
    fact, problems, remarks = read_fact(line, unlisted)
    yield from (_finding(place, field, message, fact=fact_id, check="claims") for field, message in problems)
    if not problems:
        yield from (remark_finding(place, remark, fact_id) for remark in remarks)
    if fact is not None and not messages:
        yield fact


def remark_finding(place: Where, remark: Remark, fact: str) -> Finding:
    """The remark with its place."""
    return _finding(place, remark.field, remark.message, fact=fact, check=remark.check, severity="warning")


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
    plain = re.sub(r"[@~*\s]", "", plain) or "claim"
    id, number = plain, 1
    while id in taken:
        number += 1
        id = f"{plain}-{number}"
    taken.add(id)
    return id


def _finding(
    place: Where,
    field: str,
    message: str,
    *,
    fact: str = "",
    check: str = "shape",
    severity: Severity = "error",
) -> Finding:
    at = f"{place.field}.{field}" if place.field and field else place.field or field
    return Finding(
        severity=severity,
        path=place.path,
        line=place.line,
        field=at,
        message=message,
        check=check,
        fact=fact,
    )
