"""Rows of predictions files, read without pydantic, for whoever needs only the scores.

msgspec reads a line into a `PredictionRow` several times faster than pydantic. It checks the types, but knows
neither the form of item ids, nor the bounds of fractions, nor fields of newer versions, and its messages do
not name what is wrong. Here it reads the lines, and the files, in which nothing is wrong. All others are left
to pydantic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from qa_eval.files.compression import UNREADABLE, unpacked_blocks
from qa_eval.files.paths import open_input
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import is_fraction, is_item_id
from qa_eval.runs.schema import PredictionRow, PredictionsFileRow

_T = TypeVar("_T")


def written_row(line: bytes) -> PredictionRow | None:
    """The row of a line without anything wrong in it, without its unknown fields; None for any other line.

    >>> written_row(b'{"item": "a@b"}') is None
    True
    """
    try:
        row = _decoder(PredictionRow).decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return row if is_sound(row) else None


def written_scores(path: Path, recorded: PredictionsFileRow) -> list[ItemScore] | None:
    """The scores in a predictions file, if it is the recorded one and there is nothing wrong in any score.

    None for any other file, for one that cannot be read, and if the hash was not recorded. The hash shows
    whatever is wrong with the rest of the rows.
    """
    digest, scores = hashlib.sha256(), list[ItemScore]()
    try:
        with open_input(path) as file:
            for lines in _whole_lines(unpacked_blocks(file)):
                digest.update(lines)
                scores += _decoder(ItemScore).decode_lines(lines)
    except (*UNREADABLE, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    is_recorded = digest.hexdigest() == recorded.sha256 and len(scores) == recorded.rows
    return scores if is_recorded and all(map(is_sound, scores)) else None


def is_sound(score: ItemScore) -> bool:
    """Whether the item is one, and the probabilities are fractions or None, which the types do not say."""
    return (
        is_item_id(score.item) and is_fraction(score.no_answer_probability) and is_fraction(score.confidence)
    )


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks, cut where lines end."""
    line: list[bytes] = []
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join((*line, block[:end]))
            line = []
        line.append(block[end:])
    yield b"".join(line)


@cache
def _decoder(kind: type[_T]) -> msgspec.json.Decoder[_T]:
    return msgspec.json.Decoder(kind)
