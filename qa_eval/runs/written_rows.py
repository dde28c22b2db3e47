"""Rows of predictions files, read without pydantic, for whoever needs only the scores.

msgspec reads a line into a `PredictionRow` several times faster than pydantic. It checks the types, but knows
neither the bounds of fractions nor fields of newer versions, and its messages do not name what is wrong. Here
it reads the lines in which there is nothing to say. All others are left to pydantic.
"""

from __future__ import annotations

from functools import cache

import msgspec

from qa_eval.records import is_fraction
from qa_eval.runs.schema import PredictionRow


def written_row(line: bytes) -> PredictionRow | None:
    """The row of a line without anything wrong in it, without its unknown fields; None for any other line.

    >>> written_row(b'{"item": "a@b"}') is None
    True
    """
    try:
        row = _decoder().decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return row if is_fraction(row.no_answer_probability) and is_fraction(row.confidence) else None


@cache
def _decoder() -> msgspec.json.Decoder[PredictionRow]:
    return msgspec.json.Decoder(PredictionRow)
