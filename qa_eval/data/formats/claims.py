"""Reads `claims:FILE.jsonl[.gz]`: one fact on each line, with its passages. Other formats share its steps.

An adapter turns each of its own records into a line of a `claims:` file with its place, or into findings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from qa_eval.data.checks.question_checks import kebab_case
from qa_eval.data.claim_sets import FactRead
from qa_eval.data.claims_schema import CLAIMS_PARTS, VERSION, ClaimsHeader, ClaimsLine, Unlisted
from qa_eval.data.dataset_files import json_objects
from qa_eval.data.dataset_options import Where
from qa_eval.data.passage_facts import read_fact
from qa_eval.data.validation import validate_shape
from qa_eval.records import Finding
from qa_eval.text.phrases import free_name, printable, quote, shorten


def read_claims(path: Path, split: str | None = None) -> FactRead:
    """The facts of a file, and findings. Raises InputError as `opened` does."""
    del split
    unlisted: Unlisted = "silent"
    seen: set[str] = set()
    for part in json_objects(path, "one fact a line"):
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


def facts_of_rows(
    path: Path,
    what: str,
    problems_of: Callable[[Where, dict[str, Any]], Iterable[Finding]],
    line_of: Callable[[dict[str, Any], int], dict[str, Any]],
) -> FactRead:
    """The facts of a file of another format that has a row for each fact, and findings.

    Args:
        path: File with a JSON object on each line.
        what: Contents that the file should have, for messages.
        problems_of: Yields what is wrong with a row.
        line_of: Makes the line of a `claims:` file from a row and its number, from 1.

    Raises:
        InputError: The file cannot be read, as in `opened`.
    """
    seen: set[str] = set()
    number = 0
    for part in json_objects(path, what):
        if isinstance(part, Finding):
            yield part
            continue
        place, row = part
        number += 1
        problems = list(problems_of(place, row))
        yield from problems
        if not problems:
            yield from facts_of(place, line_of(row, number), "silent", seen)


def short_id(answer: str, taken: set[str]) -> str:
    """A short id made of an answer, which no claim has yet. It is added to `taken`.

    >>> taken = set()
    >>> short_id("3,559 people", taken), short_id("3 559 people", taken)
    ('3-559-people', '3-559-people-2')
    """
    plain = (kebab_case(answer) if answer.isascii() else "-".join(answer.split()))[:40].strip("-")
    plain = "".join(c for c in re.sub(r"[@~*\s]", "", plain) if c.isprintable()) or "claim"
    id = free_name(plain, taken)
    taken.add(id)
    return id
