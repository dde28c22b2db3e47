"""One line of a predictions file: a row as JSON with sorted keys, and the way back.

A run writes and reads a row for each item. msgspec writes it, many times as fast as the standard library.
pydantic checks a row that is read, converts what can be converted, and says what is wrong. Candidates are
most of a row. In the form in which they were written, they become columns without pydantic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec

from qa_eval.records import Candidate, NBest, field_names
from qa_eval.runs.schema import PREDICTION_ADAPTER, PredictionRow

_NAMES = field_names(PredictionRow)
_values = attrgetter(*_NAMES)
_encode = msgspec.json.Encoder(order="sorted").encode


def render_prediction(row: PredictionRow) -> bytes:
    """The row as a line of a predictions file: one JSON object with sorted keys, in UTF-8.

    Equal rows give equal lines. Raises ValueError for a number that is NaN or infinite.
    """
    written = dict(zip(_NAMES, _values(row), strict=True))
    written["match"] = {**row.match.parts(), **row.match.extra}
    written["n_best"] = _objects(row.n_best)
    for name in row.left_out():
        del written[name]
    # msgspec would write null in place of these.
    if not all(map(math.isfinite, filter(None, _numbers(row)))):
        raise ValueError(f"{row.item}: a number is NaN or infinite")
    return _encode({**written, **row.extra}) + b"\n"


class _Object(msgspec.Struct):
    """A candidate to be written."""

    text: str
    article: str | None
    start: int | None
    end: int | None
    score: float
    probability: float | None


def _objects(candidates: Sequence[Candidate]) -> list[_Object] | list[dict[str, Any]]:
    """The candidates, to be written as JSON objects. Only those that are columns have no unknown fields."""
    if isinstance(candidates, NBest):
        return [*map(_Object, *candidates.columns)]
    return [{**candidate.parts(), **candidate.extra} for candidate in candidates]


def _numbers(row: PredictionRow) -> tuple[float | None, ...]:
    """All numbers of a row that are not whole, those of its candidates included."""
    best = NBest.of(row.n_best)
    return (
        row.score,
        row.null_score,
        row.no_answer_probability,
        row.confidence,
        row.threshold,
        *row.scores.values(),
        *best.scores,
        *best.probabilities,
    )


def without_candidates(line: bytes) -> bytes:
    """The line without its candidates, which are most of it. A line in another form than ours stays whole.

    No text in JSON can hold the searched bytes, because a quote in a text has a backslash before it.

    >>> without_candidates(b'{"item":"a","n_best":[{"text":"b"}],"no_answer_given":false}')
    b'{"item":"a","no_answer_given":false}'
    """
    before, found, rest = line.partition(b',"n_best":[')
    _, end, after = rest.partition(b'],"no_answer_given":')
    return before + b',"no_answer_given":' + after if found and end else line


def parse_prediction(value: dict[str, Any]) -> PredictionRow:
    """The row of a line's JSON object. Raises pydantic's ValidationError if it is none."""
    candidates = NBest.listed(value.get("n_best", []))
    if candidates is None:
        return PREDICTION_ADAPTER.validate_python(value)
    row = PREDICTION_ADAPTER.validate_python({**value, "n_best": ()})
    object.__setattr__(row, "n_best", candidates)  # columns, which pydantic would make objects of
    return row
