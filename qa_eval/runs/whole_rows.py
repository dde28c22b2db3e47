"""Rows of predictions files with their candidates, read without pydantic.

As in `written_rows`, msgspec reads the lines in which nothing is wrong. All others are left to pydantic.
"""

from __future__ import annotations

import msgspec

from qa_eval.files.answer_rows import row_with_candidates
from qa_eval.records import Match, NBest, field_names
from qa_eval.runs.schema import PredictionRow
from qa_eval.runs.written_rows import is_sound

_FIELDS, _MATCH_FIELDS = {*field_names(PredictionRow)}, {*field_names(Match)}


def whole_row(line: bytes) -> PredictionRow | None:
    """The row of a line without anything wrong in it and without unknown fields; None for any other line.

    >>> whole_row(b'{"item": "a@b"}') is None
    True
    """
    value = row_with_candidates(line)
    if value is None or not value.keys() <= _FIELDS:
        return None
    candidates = NBest.listed(value.pop("n_best", []))
    match = value.get("match")
    if candidates is None or not isinstance(match, dict) or not match.keys() <= _MATCH_FIELDS:
        return None
    try:
        row = msgspec.convert(value, PredictionRow)
    except (msgspec.ValidationError, ValueError):
        return None
    object.__setattr__(row, "n_best", candidates)
    return row if is_sound(row) else None
