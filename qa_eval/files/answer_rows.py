"""Rows of answers, each read from its line of JSON in one step, with their candidates as columns.

msgspec reads such a line several times faster than `qa_eval.files.strict_json`, but its messages do not name
what is wrong, and it keeps the last of two equal keys. Here it reads lines in which nothing is wrong, with
the values of the strict reader. All others are left to that reader.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from qa_eval.records import NBest


class _Candidate(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A candidate with all its fields, in the order of the columns of `NBest`."""

    text: str
    article: str | None
    start: int | None
    end: int | None
    score: float
    probability: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] | None


_KEYS = len(_Candidate.__struct_fields__)
_Scalar = str | int | float | bool | None
_decoder = msgspec.json.Decoder(dict[str, _Scalar | dict[str, _Scalar] | list[_Candidate | _Scalar]])
_encoder = msgspec.json.Encoder()


def row_with_candidates(line: bytes) -> dict[str, Any] | None:
    """The row of a line, where `n_best` is an `NBest` if it has candidates. None for a line of another form.

    A row has this form if its values are no deeper than a list or an object of texts and numbers. It may also
    have a `prediction` and candidates as `n_best`, with all fields of `Candidate` and no others. If a key
    occurs twice in the line, the last value counts.

    >>> row_with_candidates(b'{"item": "a@b", "span": [3, 6]}')
    {'item': 'a@b', 'span': [3, 6]}
    """
    try:
        row: dict[str, Any] = _decoder.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    listed = row.get("n_best")
    if type(listed) is list and {*map(type, listed)} == {_Candidate} and "prediction" in row:
        found = NBest(*zip(*map(msgspec.structs.astuple, listed), strict=True))
        if [*map(type, found.starts)] != [*map(type, found.ends)]:
            return None
        row["n_best"] = found
    for value in row.values():
        if type(value) is list and _Candidate in map(type, value):
            return None
    return row


def strict_row(line: bytes) -> dict[str, Any] | None:
    """The row of a line, as `row_with_candidates` reads it, if `parse_json` finds nothing wrong in the line.

    None for a line with something wrong, and for some in which nothing is wrong.

    >>> strict_row(b'{"prediction": "400", "prediction": "417"}') is None
    True
    """
    row = row_with_candidates(line)
    return row if row is not None and _is_whole(row, line) else None


def _is_whole(row: dict[str, Any], line: bytes) -> bool:
    r"""Whether the row has all of its line, so that no key is there twice.

    It may also be False for a row that is whole.

    Every key has two quotes. So the line has more quotes than the row if one of its keys is not in the row.
    A quote in a text is one quote in both: the row is spelled with `\"`, and so is the line if it does not
    have `\u0022`.
    """
    if b"\\" in line and b"\\u0022" in line:
        return False
    keys = 0
    if isinstance(candidates := row.get("n_best"), NBest):
        keys = _KEYS * len(candidates)
        row = {**row, "n_best": (candidates.texts, candidates.articles)}
    return line.count(b'"') == 2 * keys + _encoder.encode(row).count(b'"')
