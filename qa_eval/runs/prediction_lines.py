"""One line of a predictions file: a row as canonical JSON, and the way back.

A run writes and reads a row for each item. msgspec writes it, several times as fast as the standard library,
and with the same bytes. pydantic checks a row that is read, converts what can be converted, and says what is
wrong. Candidates are most of a row. In the form in which they were written, they become columns without
pydantic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

import msgspec

from qa_eval.files.hashes import canonical_json
from qa_eval.records import Candidate, NBest, field_names
from qa_eval.runs.schema import PREDICTION_ADAPTER, PredictionRow

_NAMES = field_names(PredictionRow)
_NUMBERS = tuple(f.name for f in fields(PredictionRow) if f.type in ("float | None", "Fraction | None"))
"""Fields that are a number, and not a whole one."""
_values = attrgetter(*_NAMES)
_encode = msgspec.json.Encoder(order="sorted").encode


def render_prediction(row: PredictionRow) -> bytes:
    """The row as a line of a predictions file: one canonical JSON object, in UTF-8.

    Raises ValueError for a number that is NaN or infinite.
    """
    written: dict[str, Any] = dict(zip(_NAMES, _values(row), strict=True))
    for name in _NUMBERS:
        written[name] = _number(written[name])
    written["scores"] = {id: _number(value) for id, value in row.scores.items()}
    written["match"] = row.match.parts() | _verbatim(row.match.extra)
    written["n_best"] = _objects(row.n_best)
    for name in row.left_out():
        del written[name]
    return _encode(written | _verbatim(row.extra)) + b"\n"


class _Object(msgspec.Struct):
    """A candidate to be written."""

    text: str
    article: str | None
    start: int | None
    end: int | None
    score: float | msgspec.Raw | None
    probability: float | msgspec.Raw | None


def _objects(candidates: Sequence[Candidate]) -> list[_Object] | list[msgspec.Raw]:
    """The candidates, to be written as JSON objects. Only those that are columns have no unknown fields."""
    if not isinstance(candidates, NBest):
        return [_canonical({**candidate.parts(), **candidate.extra}) for candidate in candidates]
    *others, scores, probabilities = candidates.columns
    return [*map(_Object, *others, map(_number, scores), map(_number, probabilities))]


def _number(value: float | None) -> float | msgspec.Raw | None:
    """The number, or its JSON if msgspec would write another: 0.00001 for 1e-05, and null for infinity."""
    if value is None or value == 0 or 1e-4 <= value < 1e16 or 1e-4 <= -value < 1e16:
        return value
    return _canonical(value)


def _verbatim(extra: Mapping[str, Any]) -> dict[str, msgspec.Raw]:
    """Fields of a newer version, to be written as they were read."""
    return {name: _canonical(value) for name, value in extra.items()}


def _canonical(value: object) -> msgspec.Raw:
    return msgspec.Raw(canonical_json(value).encode("utf-8"))


def without_candidates(line: bytes) -> bytes:
    """The line without its candidates, which are most of it. A line in another form than ours stays whole.

    No text in JSON can hold the searched bytes, because a quote in a text has a backslash before it.

    >>> without_candidates(b'{"item":"a","n_best":[{"text":"b"}],"no_answer_given":false}')
    b'{"item":"a","no_answer_given":false}'
    """
    before, found, rest = line.partition(b',"n_best":[')
    candidates, end, after = rest.partition(b'],"no_answer_given":')
    if not (found and end) or b'],"' in candidates:  # other fields stand between the two
        return line
    return before + b',"no_answer_given":' + after


def parse_prediction(value: dict[str, Any]) -> PredictionRow:
    """The row of a line's JSON object. Raises pydantic's ValidationError if it is none."""
    candidates = NBest.listed(value.get("n_best", []))
    if candidates is None:
        return PREDICTION_ADAPTER.validate_python(value)
    row = PREDICTION_ADAPTER.validate_python({**value, "n_best": ()})
    object.__setattr__(row, "n_best", candidates)  # columns, which pydantic would make objects of
    return row
