"""Files of answers that somebody wrote: a JSON object by id, JSON lines, a JSON list of rows, CSV or TSV.

They are read strictly: a key that is there twice, NaN, infinity, a byte order mark and text that is not
UTF-8 are findings, each with its line. And they are read as a stream: of JSON lines and of a table only the
present row is held, of an object or a list the text and the present entry. Any of them may be packed by gzip.
`qa_eval.data.answers.answer_shapes` says what an answer looks like in them.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

from qa_eval.data.answers.answer_shapes import (
    FILE_FIELDS,
    ROW_FIELDS,
    FieldError,
    GivenRow,
    keyed_answer,
    row_answers,
    shown,
)
from qa_eval.data.answers.answer_tables import DELIMITERS, table_rows
from qa_eval.errors import InputError
from qa_eval.files.compression import KINDS_NOT_READ, UNREADABLE, unpacked
from qa_eval.files.paths import open_input
from qa_eval.records import Finding

_TABLE = "write it as CSV (UTF-8) or as JSON lines"
_MARKS = KINDS_NOT_READ | {
    b"\xef\xbb\xbf": "starts with a byte order mark; save it as UTF-8 without one",
    b"PK\x03\x04": f"is a zip archive or an Excel workbook; unpack it, or {_TABLE}",
    b"\xd0\xcf\x11\xe0": f"is an Excel workbook; {_TABLE}",
    b"PAR1": f'is a Parquet file; {_TABLE}: pandas.read_parquet(FILE).to_csv("answers.csv", index=False)',
    b"ARROW1": f"is an Arrow file; {_TABLE}",
    b"\x89HDF": f"is an HDF5 file; {_TABLE}",
    b"\x93NUMPY": f"is a NumPy array; {_TABLE}",
    b"SQLite format 3": f"is an SQLite database; {_TABLE}",
    b"\x80": "is a Python pickle, which could run code when it is read; write it by json.dump(answers, file)",
}
"""How files begin that hold no answers as text, with what to do."""
_HEAD = 1 << 20
"""Bytes by which the shape of a file is told; a longer line is no row."""
_MOST_FINDINGS = 1000
"""A file of another kind is wrong everywhere: more are counted, not listed."""
_JSON = re.compile(rb'\s*(?:\{\s*"|\[\s*\{)')
"""How JSON begins, and no table."""
_SPACE = re.compile(r"[ \t\n\r]*")


class AnswerEntry(NamedTuple):
    """One answer as it stands in the file."""

    line: int
    """From 1."""
    id: str | None
    """Its key in the object; None for a row, whose id stands in it."""
    value: Any
    """The value of the key, or the row: a dict."""


class AnswerFile:
    """A file of answers being read: `entries` gives what is in it, `findings` fills with what is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings: list[Finding] = []

    def find(self, line: int | None, field: str, message: str, check: str) -> None:
        """Adds a finding."""
        self.findings.append(
            Finding(
                severity="error", path=str(self.path), line=line, field=field, message=message, check=check
            )
        )

    def close(self) -> None:
        """Raises InputError with every finding, if there is any; of very many with the first."""
        left = len(self.findings) - _MOST_FINDINGS
        if left > 0:
            del self.findings[_MOST_FINDINGS:]
            self.find(None, "", f"and {left} more like these", "more")
        if self.findings:
            raise InputError(self.findings)

    def answers(self) -> Iterator[tuple[int, GivenRow]]:
        """Every answer that can be read, with its line; the findings have what cannot."""
        for line, key, value in self.entries():
            try:
                if key is None:
                    yield from ((line, row) for row in row_answers(value))
                else:
                    yield line, keyed_answer(key, value)
            except FieldError as error:
                self.find(line, error.field, str(error), "type")

    def entries(self) -> Iterator[AnswerEntry]:
        """Every answer as it is written, in order; a key of the object that is there twice comes twice.

        The ending of the name tells a table (`.csv`, `.tsv`) and rows (`.jsonl`), before a `.gz`; any other
        file is one JSON object or list, or holds a row per line. A wrong line does not hide the next one;
        after a mistake inside an object or list the rest cannot be read. Raises InputError if the file
        cannot be read at all, is empty or of another kind.
        """
        if self.path.is_dir():
            self._refuse(_about_folder(self.path), "unreadable-file")
        try:
            with self._opened() as file:
                head = file.read(_HEAD)
        except FileNotFoundError:
            given = str(self.path)
            hint = f"; write {given.removeprefix('predictions:')}" if given.startswith("predictions:") else ""
            self._refuse(f"there is no such file{hint}", "missing-file")
        except UNREADABLE as error:
            self._refuse(_broken(error), "unreadable-file")
        for mark, message in _MARKS.items():
            if head.startswith(mark):
                check = "byte-order-mark" if "byte order" in message else "file-kind"
                self._refuse(message, check)
        if not head.strip():
            self._refuse("is empty; it should hold predictions", "empty-file")
        try:
            if (delimiter := DELIMITERS.get(self._ending)) is not None:
                if _JSON.match(head):
                    self._refuse(f"is JSON, but called {self._ending}; rename it to .json", "file-kind")
                yield from self._table(delimiter)
            else:
                yield from self._rows() if self._holds_rows(head.lstrip()) else self._parts()
        except UNREADABLE as error:
            self.find(None, "", _broken(error), "unreadable-file")

    @property
    def _ending(self) -> str:
        return Path(self.path.name.lower().removesuffix(".gz")).suffix

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        """The bytes, unpacked if they are packed by gzip."""
        with open_input(self.path) as raw, unpacked(raw) as file:
            yield file

    def _refuse(self, message: str, check: str) -> NoReturn:
        self.find(None, "", message, check)
        raise InputError(self.findings)

    def _holds_rows(self, head: bytes) -> bool:
        named = self._ending in (".jsonl", ".ndjson")
        first, _, rest = head.partition(b"\n")
        alone = not rest.strip()
        try:
            value = json.loads(first)
        except (ValueError, RecursionError):
            return named and first.strip() not in (b"{", b"[")  # the beginning of a document over lines
        if isinstance(value, dict):
            return named or not alone or any(_is_field(key) for key in value)
        return named and not (alone and isinstance(value, list))

    def _rows(self) -> Iterator[AnswerEntry]:
        with self._opened() as file:
            for number, raw in enumerate(file, 1):
                try:
                    line = raw.decode("utf-8").strip(" \t\r\n")
                    if not line:
                        continue
                    row = decoded(line)
                except UnicodeDecodeError as error:
                    self.find(number, "", f"is not UTF-8 (byte {error.start} of the line)", "encoding")
                except NotJsonError as wrong:
                    self.find(number, wrong.field, wrong.message, "json")
                else:
                    yield from self._row(number, row)

    def _table(self, delimiter: str) -> Iterator[AnswerEntry]:
        with self._opened() as file:
            try:
                for line, row in table_rows((raw.decode("utf-8") for raw in file), delimiter):
                    if isinstance(row, FieldError):
                        self.find(line, row.field, str(row), "table")
                    else:
                        yield AnswerEntry(line, None, row)
            except UnicodeDecodeError as error:
                self.find(
                    None,
                    "",
                    f"is not UTF-8 ({error.object[error.start :][:1]!r}); save it as UTF-8",
                    "encoding",
                )

    def _row(self, line: int, row: object) -> Iterator[AnswerEntry]:
        if isinstance(row, dict):
            yield AnswerEntry(line, None, row)
            return
        hint = ""
        if isinstance(row, list) and row and isinstance(row[0], dict):
            hint = " (simpletransformers returns answers and probabilities; write the answers only)"
        elif isinstance(row, str | list):
            hint = ', such as {"id": …, "prediction": …}'
        self.find(line, "", f"is {shown(row)}; each row should be a JSON object{hint}", "type")

    def _parts(self) -> Iterator[AnswerEntry]:
        with self._opened() as file:
            data = file.read()
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.find(line, "", f"is not UTF-8 (byte {error.start})", "encoding")
            return
        del data
        line, counted = 1, 0
        try:
            for at, key, value in _members(text):
                line, counted = line + text.count("\n", counted, at), at
                if key is not None:
                    yield AnswerEntry(line, key, value)
                else:
                    yield from self._row(line, value)
        except NotJsonError as wrong:
            self.find(line + text.count("\n", counted, wrong.at), wrong.field, wrong.message, "json")


def _is_field(key: str) -> bool:
    """Whether a key of an object is a field of a row, or of a file of another kind, and no question's id."""
    return key.casefold() in ROW_FIELDS or key in FILE_FIELDS


def _about_folder(path: Path) -> str:
    """What a folder is that was named as a file, and what to name instead."""
    answers = (
        sorted((path / "predictions").glob("[!.]*.jsonl")) if (path / "leaderboard.json").is_file() else []
    )
    if answers:
        return f"cannot be read: it is a run folder; name a file of its answers, such as {answers[0]}"
    return "cannot be read: it is a folder; name the file of predictions in it"


def _broken(error: Exception) -> str:
    """What a failure to read says."""
    if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
        return "is packed by gzip, but is broken or cut short; fetch it again"
    return f"cannot be read: {error.strerror if isinstance(error, OSError) and error.strerror else error}"


# ------------------------------------------------------------------------------------------ strict JSON


class NotJsonError(Exception):
    """Text that is not strict JSON: where, in which field of the value, and what is wrong, for people."""

    def __init__(self, at: int, message: str, field: str = "") -> None:
        self.at = at
        self.message = message
        self.field = field
        super().__init__(message)


def _members(text: str) -> Iterator[tuple[int, str | None, Any]]:
    """(position, key, value) of each part of the JSON object or list that the text is; a list has no keys."""
    at = _skip(text, 0)
    if text[at] not in "{[":
        raise NotJsonError(
            at,
            "is neither a JSON object from ids to answers nor rows of them; the name of a table ends in .csv "
            "or .tsv",
        )
    keyed = text[at] == "{"
    if keyed and (first := _FIRST_KEY.match(text, at)) is not None and _is_field(first[1]):
        value, end = _value(text, at)  # one row, or a file of another kind
        if (rest := _skip(text, end)) != len(text):
            raise NotJsonError(rest, "goes on after the end of its JSON object")
        yield at, None, value
        return
    closing = "}" if keyed else "]"
    at = _skip(text, at + 1)
    more = not text.startswith(closing, at)
    while more:
        start, key = at, None
        if keyed:
            key, at = _value(text, at)
            if not isinstance(key, str):
                raise NotJsonError(
                    start, f"is not JSON: {shown(key)} stands where a key in double quotes should"
                )
            at = _expect(":", text, _skip(text, at))
        value, at = _value(text, at, key or "")
        yield start, key, value
        at = _skip(text, at)
        more = not text.startswith(closing, at)
        if more:
            at = _expect(",", text, at)
    if (at := _skip(text, at + 1)) != len(text):
        raise NotJsonError(at, f"goes on after the end of its JSON {'object' if keyed else 'list'}")


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def _expect(mark: str, text: str, at: int) -> int:
    if not text.startswith(mark, at):
        raise NotJsonError(at, f"is not JSON: a {mark!r} should stand before {text[at : at + 20]!r}")
    return _skip(text, at + 1)


def _value(text: str, at: int, name: str = "") -> tuple[Any, int]:
    """The JSON value that begins there, and where it ends; `name` is the field that it is in."""
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise NotJsonError(error.pos, f"is not JSON (column {error.colno}: {error.msg})") from error
    except RecursionError as error:
        raise NotJsonError(at, "is nested too deeply", name) from error
    except ValueError as error:
        raise NotJsonError(at, *_refused(text, at, name) or (str(error), name)) from error


class _Refused(NamedTuple):
    """Stands in a value for a part that strict JSON does not have."""

    message: str


def _refused(text: str, at: int, name: str) -> tuple[str, str] | None:
    """What the first part of a value is that strict JSON does not have, and its field."""
    try:
        value, _ = _LENIENT.raw_decode(text, at)
        return next(_refusals(value, name), None)
    except (ValueError, RecursionError):
        return None


def _refusals(value: object, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, _Refused):
        yield value.message, field
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _refusals(part, f"{field}.{key}".strip("."))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _refusals(part, f"{field}[{number}]")


def decoded(line: str) -> Any:  # noqa: ANN401
    """The one JSON value that a line is. Raises NotJsonError, also for a key given twice and for NaN."""
    value, end = _value(line, 0)
    if (end := _skip(line, end)) != len(line):
        raise NotJsonError(end, f"is not JSON (column {end + 1}: Extra data)")
    return value


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise ValueError(f"has the key {twice!r} twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"holds {name}, which is no JSON number")


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"holds the number {_short(text)}, which is too great")
    return value


def _short(number: str) -> str:
    return number if len(number) <= 40 else f"{number[:20]}… of {len(number):,} characters"


_DECODER = json.JSONDecoder(
    object_pairs_hook=_distinct_keys, parse_constant=_no_constant, parse_float=_finite
)


def _or_refused(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def parsed(text: str) -> Any:  # noqa: ANN401
        try:
            return parse(text)
        except ValueError as error:
            too_long = f"holds the number {_short(text)}, which is too great"
            return _Refused(str(error) if parse is not int else too_long)

    return parsed


_LENIENT = json.JSONDecoder(
    parse_constant=_or_refused(_no_constant), parse_float=_or_refused(_finite), parse_int=_or_refused(int)
)
"""Reads what `_DECODER` refuses, to find where it is."""
_FIRST_KEY = re.compile(r'\{[ \t\n\r]*"([A-Za-z_]+)"')
