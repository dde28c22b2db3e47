"""The bytes of a data set's file, unpacked where they are packed, and what they hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from qa_eval.data.dataset_options import Where
from qa_eval.errors import InputError
from qa_eval.files.compression import KINDS_NOT_READ, UNREADABLE, unpacked, unreadable
from qa_eval.files.paths import open_input
from qa_eval.text.phrases import show_path

_ROWS = '{"id", "question", "context", "answers"} on each line, as jsonl:FILE'
_MARKS = KINDS_NOT_READ | {
    b"PK\x03\x04": "is a zip archive; unpack it and name the file inside",
    b"PAR1": "is a Parquet file; name its folder: hub:{folder}",
    b"ARROW1": "is an Arrow file; name its folder: hub:{folder}",
    b"<": f"is XML or HTML; write its questions as JSON: {_ROWS}",
}
"""How files begin that are of another kind, with what to do."""
_TABLE = re.compile(rb'"?[A-Za-z_][\w ]*"?([,;\t])"?[\w ]+"?(?:\1"?[\w ]+"?)*\r?\n')
"""The line of names with which a table begins."""
_ASKED = re.compile(rb"question|query|context|answer", re.IGNORECASE)
"""What a table of questions names."""
_HEAD = 1 << 20
"""Bytes by which the kind of a file is known."""


@contextmanager
def opened(path: Path, what: str) -> Iterator[tuple[IO[bytes], bytes]]:
    """The file's bytes and its beginning, unpacked if it is gzip, whatever it is called.

    Raises InputError where there is no such file, it cannot be read, is empty, is called `.gz` without being
    gzip, or is of some other kind; `what` says what it should hold. Reading on may raise `UNREADABLE`.
    """
    where = Where(path=show_path(path))
    try:
        raw = open_input(path)
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        if isinstance(error, FileNotFoundError):
            reason = "there is no such file"
        elif isinstance(error, IsADirectoryError):
            reason = "cannot be read: it is a folder; name the file in it"
        raise InputError([where.finding("file", reason)]) from None
    with raw:
        unpacking = unpacked(raw)
        if unpacking is raw and path.suffix == ".gz":
            raise InputError([where.finding("file", "is called .gz, but is not packed by gzip; rename it")])
        with unpacking as file:
            try:
                head = file.read(_HEAD)
                file.seek(0)
            except UNREADABLE as error:
                raise InputError([where.finding("file", unreadable(error))]) from None
            if not head.strip():
                raise InputError([where.finding("file", f"is empty; it should hold {what}")])
            if message := _other_kind(head, path):
                raise InputError([where.finding("file", message)])
            yield file, head


def _other_kind(head: bytes, path: Path) -> str:
    """What a file is that holds no JSON, and what to do; empty where it may hold JSON."""
    folder = show_path(path.parent)
    for mark, message in _MARKS.items():
        if head.lstrip().startswith(mark):
            return message.format(folder=folder) if "{folder}" in message else message
    if (names := _TABLE.match(head)) and _ASKED.search(names[0]):
        return (
            f"is a table of delimited values; name a folder that holds only such files as hub:{folder}, "
            "with --columns where its columns have other names"
        )
    return ""


def likely_spec(path: Path) -> tuple[str, str] | None:
    """The spec that a bare path should probably be, and why, from a look at what is there.

    None where nothing is there. Raises InputError for a file that is of no kind that is read.
    """
    shown = show_path(path)
    if path.is_dir():
        return f"hub:{shown}", "it is a folder"
    if not path.is_file():
        return None
    with opened(path, "questions") as (_, head):
        lines = holds_lines(head, likely=not path.name.removesuffix(".gz").endswith(".json"))
        first = head.lstrip().partition(b"\n")[0]
    if not lines:
        rows = head.lstrip().startswith(b"[") and b'"qas"' not in head and b'"paragraphs"' not in head
        why = "it holds a list of rows" if rows else "it holds one JSON document"
        return (f"jsonl:{shown}" if rows else f"squad:{shown}"), why
    if _MRQA.search(first) and b'"qas"' in head:
        return f"mrqa:{shown}", "it holds contexts of MRQA"
    return f"jsonl:{shown}", "it holds an object on each line"


_MRQA = re.compile(rb'"header"|"detected_answers"|"qid"')


def holds_lines(head: bytes, *, likely: bool) -> bool:
    """Whether a file holds a JSON object on each line, not one JSON document; by its beginning.

    `likely`: what to take it for where the beginning does not tell.
    """
    begin = head.lstrip()
    line, end, rest = begin.partition(b"\n")
    if not begin.startswith(b"{"):
        return likely and not begin.startswith(b"[")
    try:
        first = json.loads(line)
    except (ValueError, RecursionError):
        if end and _GOES_ON.search(line.rstrip()):
            return rest.lstrip()[:1] == b"{" and line.rstrip()[-1:] == b"{"
        return likely and (bool(end) or _DOCUMENT.match(begin) is None)
    if rest.strip():
        return True
    return likely and not isinstance(first.get("data"), list | dict)


_GOES_ON = re.compile(rb"[\[{,:]$")
"""The end of a line after which a JSON document goes on."""
_DOCUMENT = re.compile(rb'\{\s*"(?:version|data|paragraphs)"')
"""The beginning of a document of SQuAD's format."""
