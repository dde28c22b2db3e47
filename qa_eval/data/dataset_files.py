"""Opens a data set's file, uncompresses it if needed, and recognizes what it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from qa_eval.data.dataset_options import Where
from qa_eval.errors import InputError
from qa_eval.files.compression import KINDS_NOT_READ, UNREADABLE, unpacked, unreadable
from qa_eval.files.json_streams import json_lines
from qa_eval.files.paths import open_input
from qa_eval.files.strict_json import NotJsonError, describe
from qa_eval.records import Finding
from qa_eval.text.phrases import show_path

_ROWS = '{"id", "question", "context", "answers"} on each line, as jsonl:FILE'
_MARKS = KINDS_NOT_READ | {
    b"PK\x03\x04": "is a zip archive; unpack it and name the file inside",
    b"PAR1": "is a Parquet file; name its folder: hub:{folder}",
    b"ARROW1": "is an Arrow file; name its folder: hub:{folder}",
    b"<": f"is XML or HTML; write its questions as JSON: {_ROWS}",
}
"""First bytes of files of other kinds, with a message about what to do."""
_TABLE = re.compile(rb'"?[A-Za-z_][\w ]*"?([,;\t])"?[\w ]+"?(?:\1"?[\w ]+"?)*\r?\n')
"""Pattern of the line of column names at the top of a table."""
_ASKED = re.compile(rb"question|query|context|answer", re.IGNORECASE)
"""Pattern of a column name in a table of questions."""
_HEAD = 1 << 20
"""Number of bytes from which the kind of a file is recognized."""


def json_objects(path: Path, what: str) -> Iterator[tuple[Where, dict[str, Any]] | Finding]:
    """The JSON objects of a file with one on each line, with their places, and findings about other lines.

    Raises InputError as `opened` does.
    """
    with opened(path, what) as (file, _):
        yield from objects_of_lines(file, Where(path=show_path(path)))


def objects_of_lines(file: IO[bytes], where: Where) -> Iterator[tuple[Where, dict[str, Any]] | Finding]:
    """`json_objects` of an open file."""
    try:
        for number, found in json_lines(file):
            place = Where(path=where.path, line=number)
            if isinstance(found, NotJsonError):
                yield place.finding("json", str(found), column=found.column)
            elif found.problems:
                yield from place.problems(found)
            elif not isinstance(found.value, dict):
                yield place.finding("json", f"must be a JSON object, found {describe(found.value)}")
            else:
                yield place, found.value
    except UNREADABLE as error:
        yield where.finding("file", unreadable(error))


@contextmanager
def opened(path: Path, what: str) -> Iterator[tuple[IO[bytes], bytes]]:
    """The open file and its first bytes. A gzip file is uncompressed, whatever its name.

    `what` says in messages what the file should hold. Raises InputError if the file does not exist, cannot be
    read, is empty, is called `.gz` without being gzip, or is of another kind. Reading on may raise
    `UNREADABLE`.
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
            raise InputError([where.finding("file", "is called .gz, but is not a gzip file; rename it")])
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
    """A message about a file that holds no JSON, with what to do; empty if the file may hold JSON."""
    folder = show_path(path.parent)
    for mark, message in _MARKS.items():
        if head.lstrip().startswith(mark):
            return message.format(folder=folder) if "{folder}" in message else message
    if (names := _TABLE.match(head)) and _ASKED.search(names[0]):
        return (
            f"is a table of delimited values; name a folder that holds only such files as hub:{folder}, "
            "with --columns if its columns have other names"
        )
    return ""


def likely_spec(path: Path) -> tuple[str, str] | None:
    """The spec that was probably meant by a bare path, and the reason. None if the path does not exist.

    The beginning of the file decides. Raises InputError for a file of a kind that is not read.
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
    """Whether a file holds a JSON object on each line, and not one JSON document, judging by its beginning.

    `likely` is the answer if the beginning does not decide.
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
"""Pattern of the end of a line after which a JSON document continues."""
_DOCUMENT = re.compile(rb'\{\s*"(?:version|data|paragraphs)"')
"""Pattern of the beginning of a document in SQuAD's format."""
