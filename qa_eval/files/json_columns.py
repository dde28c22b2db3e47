"""Where in its line a finding is: the column at which the value of its field begins."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qa_eval.records import Finding
from qa_eval.text.phrases import join_field

MAX_SEARCHED = 5_000_000
"""Characters of lines in which columns are looked for, of all findings together: a second or two."""

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{},:]|[^\s\[\]{},:"]++')
_CUT = re.compile(r"[.\[]")


def with_columns(findings: Sequence[Finding], lines: Mapping[tuple[str, int], str]) -> list[Finding]:
    """The findings, each with the column of its field where its line is known: `lines` by path and number.

    A finding without a field, or with a column already, stays as it is.
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
    """The column, in characters from 1, at which the value of each field begins in a line of valid JSON.

    A field that is not there has the column of the innermost value that would hold it. Of a key that is there
    twice, the last counts. Linear in the length of the line.

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
    """The field and all that may hold it, outermost first: a key can hold a dot or a bracket itself."""
    return ["", *(field[: cut.start()] for cut in _CUT.finditer(field) if cut.start()), field]


@dataclass(slots=True)
class _Open:
    """An object or a list that is not closed yet."""

    path: str | None
    """None where nothing that is sought lies inside."""
    is_object: bool
    key: str | None = None
    """Of the value that comes next, as JSON."""
    index: int = 0


def _values(text: str, sought: Collection[str]) -> Iterator[tuple[str, int]]:
    """(path, column) of the values that are sought, in the order of the text."""
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
    """Of the value that comes next in the holder."""
    if holder is None:
        return ""
    if holder.path is None:
        return None
    return join_field(holder.path, json.loads(holder.key) if holder.key is not None else holder.index)
