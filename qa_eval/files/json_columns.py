"""The column of a finding: the place in its line at which the value of its field begins."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qa_eval.records import Finding
from qa_eval.text.phrases import join_field

MAX_SEARCHED = 5_000_000
"""Greatest number of characters that are searched for the columns of all findings; this takes a second or
two."""

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{},:]|[^\s\[\]{},:"]++')
_CUT = re.compile(r"[.\[]")


def with_columns(findings: Sequence[Finding], lines: Mapping[tuple[str, int], str]) -> list[Finding]:
    """The findings, each with the column of its field if its line is known.

    `lines` holds the text of each line by (path, number). A finding without a field, or one that has a column
    already, is returned as it is.
    """
    wanted: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for finding in findings:
        if finding.line is not None and finding.field and finding.column is None:
            wanted[finding.path, finding.line].add(finding.field)
    columns: dict[tuple[str, int], dict[str, int]] = {}
    left = MAX_SEARCHED
    for place, fields in wanted.items():
        text = lines.get(place)
        if text is not None and len(text) <= left:
            left -= len(text)
            columns[place] = find_columns(text, fields)
    return [
        replace(finding, column=columns.get((finding.path, finding.line or 0), {}).get(finding.field))
        if finding.column is None
        else finding
        for finding in findings
    ]


def find_columns(text: str, fields: Collection[str]) -> dict[str, int]:
    """The column at which the value of each field begins in a line of valid JSON, in characters from 1.

    A missing field has the column of the innermost value that would hold it. If a key occurs twice, its last
    value counts. The time is linear in the length of the line.

    >>> find_columns('{"id": "x", "claims": [{"id": 1}]}', ["claims[0].id", "claims[0].evidence", "note"])
    {'claims[0].id': 31, 'claims[0].evidence': 24, 'note': 1}
    """
    holders = {field: _holders(field) for field in fields}
    sought = {path for paths in holders.values() for path in paths}
    found = dict(_values(text, sought))
    return {
        field: found[path]
        for field, paths in holders.items()
        if (path := next((p for p in reversed(paths) if p in found), None)) is not None
    }


def _holders(field: str) -> list[str]:
    """The paths that may hold a field, outermost first, then the field itself.

    Every dot and bracket may separate two paths or be part of a key.
    """
    return ["", *(field[: cut.start()] for cut in _CUT.finditer(field) if cut.start()), field]


@dataclass(slots=True)
class _Open:
    """An object or a list that is not closed yet."""

    path: str | None
    """Path of this value; None if nothing inside is sought."""
    is_object: bool
    """Whether it is an object, not a list."""
    key: str | None = None
    """Key of the next value, as JSON; None in a list and before a key was read."""
    index: int = 0
    """Index of the next value."""


def _values(text: str, sought: Collection[str]) -> Iterator[tuple[str, int]]:
    """(path, column) of each value that is sought, in the order of the text."""
    opened: list[_Open] = []
    for token in _TOKEN.finditer(text):
        mark = text[token.start()]
        inside = opened[-1] if opened else None
        if mark in "]}":
            opened.pop()
        elif mark == "," and inside is not None:
            inside.key, inside.index = None, inside.index + 1
        elif mark == ":":
            continue
        elif inside is not None and inside.is_object and inside.key is None:
            inside.key = token.group()
        else:
            path = _path(inside)
            path = path if path in sought else None
            if path is not None:
                yield path, token.start() + 1
            if mark in "[{":
                opened.append(_Open(path, mark == "{"))


def _path(holder: _Open | None) -> str | None:
    """The path of the next value in the holder; None if nothing in the holder is sought."""
    if holder is None:
        return ""
    if holder.path is None:
        return None
    return join_field(holder.path, json.loads(holder.key) if holder.key is not None else holder.index)
