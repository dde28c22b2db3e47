"""Files of one JSON object a line, and the choice between them and JSON documents.

A line is a row, a paragraph with its questions, or the header with which a file of MRQA begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from qa_eval.data.answers.answer_files import NotJsonError, decoded
from qa_eval.data.dataset_files import broken, holds_lines, opened
from qa_eval.data.dataset_options import Intake, Read, Where
from qa_eval.data.examples import Examples
from qa_eval.data.formats.squad import read_document
from qa_eval.files.compression import UNREADABLE
from qa_eval.files.strict_json import describe
from qa_eval.records import Finding
from qa_eval.text.phrases import show_path

MAX_LINE_BYTES = 1 << 25
"""A line of MRQA, tokens included, is a few hundred kB at most; a longer one is a file of another kind."""


def read_squad(path: Path, intake: Intake) -> Read:
    """The examples of a file that is most likely a JSON document. Raises InputError as `opened` does."""
    return _read(path, 'a JSON object with "version" and "data"', Examples(intake), likely=False)


def read_flat(path: Path, intake: Intake) -> Read:
    """The examples of a file that most likely has a row on each line. Raises InputError as `opened` does."""
    return _read(path, "one question a line", Examples(intake), likely=True)


def read_mrqa(path: Path, intake: Intake) -> Read:
    """The examples of a file of MRQA 2019. Raises InputError as `opened` does."""
    return _read(path, "one context a line", Examples(intake, answerable=True), likely=True)


def _read(path: Path, what: str, examples: Examples, *, likely: bool) -> Read:
    where = Where(path=show_path(path))
    with opened(path, what) as (file, head):
        if holds_lines(head, likely=likely):
            yield from _read_lines(file, where, examples)
        else:
            yield from read_document(file, where, examples)
    yield from examples.close(where)


def _read_lines(file: IO[bytes], where: Where, examples: Examples) -> Read:
    try:
        for number, line in _lines(file):
            place = Where(path=where.path, line=number)
            row = _object(line, place)
            if isinstance(row, Finding):
                yield row
            elif number > 1 or not isinstance(row.get("header"), dict):
                yield from examples.of_entry(row, place)
    except UNREADABLE as error:
        yield where.finding("file", broken(error))


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers; of one that is too long only its beginning."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES):
        number += 1
        rest = line
        while len(rest) == MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE_BYTES)
        if line.strip():
            yield number, line


def _object(line: bytes, where: Where) -> dict[str, Any] | Finding:
    if len(line) >= MAX_LINE_BYTES:
        return where.finding("json", f"the line is too long; at most {MAX_LINE_BYTES:,} bytes are read")
    try:
        value = decoded(line.decode("utf-8").strip())
    except UnicodeDecodeError as error:
        return where.finding("encoding", f"is not UTF-8 at byte {error.start + 1} of the line")
    except NotJsonError as error:
        return where.finding("json", error.message)
    if not isinstance(value, dict):
        return where.finding("json", f"must be a JSON object, found {describe(value)}")
    return value
