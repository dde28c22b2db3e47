"""Data sets of one JSON object a line: SQuAD-flat rows, and MRQA's contexts after a header line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from qa_eval.answer_files import NotJsonError, decoded
from qa_eval.corpus.json_lines import describe
from qa_eval.corpus.phrasing import show_path
from qa_eval.public.examples import Ids, Read, Where, from_flat, from_mrqa
from qa_eval.public.files import UNREADABLE, broken, opened
from qa_eval.records import Finding

MAX_LINE_BYTES = 1 << 25
"""A line of MRQA, tokens included, is a few hundred kB at most; a longer one is a file of another kind."""


def read_flat(path: Path) -> Read:
    """The examples of a file of flat rows. Raises InputError as `opened` does."""
    ids: Ids = set()
    return _read(path, "one question a line", lambda row, where: from_flat(row, where, ids))


def read_mrqa(path: Path) -> Read:
    """The examples of a file of MRQA 2019. Raises InputError as `opened` does."""
    ids: Ids = set()

    def examples(row: dict[str, Any], where: Where) -> Read:
        if where.line != 1:
            yield from from_mrqa(row, where, ids)
        elif not isinstance(row.get("header"), dict):
            message = 'the first line must be MRQA\'s header: {"header": {"dataset": …, "split": …}}'
            yield where.finding("shape", message)

    return _read(path, "MRQA's header line, then one context a line", examples)


def _read(path: Path, what: str, examples: Callable[[dict[str, Any], Where], Read]) -> Read:
    shown = show_path(path)
    with opened(path, what) as file:
        try:
            for number, line in _lines(file):
                where = Where(path=shown, line=number)
                row = _object(line, where)
                yield from [row] if isinstance(row, Finding) else examples(row, where)
        except UNREADABLE as error:
            yield Where(path=shown).finding("file", broken(error))


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
