"""Rows of predictions files, read without pydantic, for whoever needs only the scores.

msgspec reads a line into a `PredictionRow` several times faster than pydantic. It checks the types, but knows
neither the bounds of fractions nor fields of newer versions, and its messages do not name what is wrong. Here
it reads the lines, and the files, in which nothing is wrong. All others are left to pydantic.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from qa_eval.files.compression import GZIP, UNREADABLE
from qa_eval.files.paths import open_input
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import is_fraction
from qa_eval.runs.schema import PredictionRow, PredictionsFileRow

_READ = 1 << 16
"""Number of bytes of a file that are read at a time."""
_UNPACKED = 1 << 20
"""Greatest number of bytes that are decompressed at a time."""

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
    return row if _has_fractions(row) else None


def written_scores(path: Path, recorded: PredictionsFileRow) -> list[ItemScore] | None:
    """The scores in a predictions file, if it is the recorded one and there is nothing wrong in any score.

    None for any other file, for one that cannot be read, and if the hash was not recorded. The hash shows
    whatever is wrong with the rest of the rows.
    """
    digest, scores = hashlib.sha256(), list[ItemScore]()
    try:
        with open_input(path) as file:
            for lines in _whole_lines(_unpacked(file)):
                digest.update(lines)
                scores += _decoder(ItemScore).decode_lines(lines)
    except (*UNREADABLE, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    is_recorded = digest.hexdigest() == recorded.sha256 and len(scores) == recorded.rows
    return scores if is_recorded and all(map(_has_fractions, scores)) else None


def _has_fractions(score: ItemScore) -> bool:
    return is_fraction(score.no_answer_probability) and is_fraction(score.confidence)


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of a file, decompressed if they are compressed, some at a time.

    Raises EOFError for a gzip file that is cut off or has anything after its end, such as a second part.
    """
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    block = file.read(_READ)
    packed = block.startswith(GZIP)
    while block and not unpacker.eof:
        yield unpacker.decompress(block, _UNPACKED) if packed else block
        block = unpacker.unconsumed_tail or file.read(_READ)
    if packed and (block or unpacker.unused_data or not unpacker.eof):
        raise EOFError


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
