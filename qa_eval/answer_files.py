"""Files of answers that somebody wrote: one JSON object by id, JSON lines, or a JSON list of rows.

They are read strictly: a key that is there twice, NaN, infinity, a byte order mark and text that is not
UTF-8 are findings, each with its line. And they are read as a stream: of JSON lines only the present one is
held, of an object or a list the text and the present entry.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from qa_eval.errors import InputError
from qa_eval.paths import open_input
from qa_eval.records import Finding

_BOM = b"\xef\xbb\xbf"
_HEAD = 1 << 20
"""Bytes by which the shape of a file is told; a longer line is no row."""
_MOST_FINDINGS = 1000
"""A file of another kind is wrong everywhere: more are counted, not listed."""
_SPACE = re.compile(r"[ \t\n\r]*")


class Entry(NamedTuple):
    """One answer as it stands in the file."""

    line: int
    """From 1."""
    id: str | None
    """Its key in the object; None for a row, whose id stands in it."""
    value: Any
    """The value of the key, or the row: a dict."""


class FieldError(Exception):
    """An entry of the wrong shape: the field, and what was found in it and would be right."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


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

    def entries(self) -> Iterator[Entry]:
        """Every answer that can be read, in order; a key of the object that is there twice comes twice.

        A `.jsonl` file holds a row per line; any other file may too, or is one JSON object or list. A wrong
        line does not hide the next one; after a mistake inside an object or list the rest cannot be read.
        Raises InputError if the file cannot be read at all or is empty.
        """
        try:
            with open_input(self.path) as file:
                head = file.read(_HEAD)
        except FileNotFoundError:
            self._refuse("there is no such file", "missing-file")
        except OSError as error:
            self._refuse(f"cannot be read: {error.strerror or error}", "unreadable-file")
        if head.startswith(_BOM):
            self._refuse("starts with a byte order mark; save it as UTF-8 without one", "byte-order-mark")
        if not head.strip():
            self._refuse("is empty; it should hold predictions", "empty-file")
        yield from self._rows() if self._holds_rows(head.lstrip()) else self._parts()

    def _refuse(self, message: str, check: str) -> NoReturn:
        self.find(None, "", message, check)
        raise InputError(self.findings)

    def _holds_rows(self, head: bytes) -> bool:
        if self.path.suffix == ".jsonl":
            return True
        first, _, rest = head.partition(b"\n")
        try:
            row = json.loads(first)
        except (ValueError, RecursionError):
            return False
        return isinstance(row, dict) and (bool(rest.strip()) or not row.keys().isdisjoint(("id", "item")))

    def _rows(self) -> Iterator[Entry]:
        with self.path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                try:
                    line = raw.decode("utf-8").strip(" \t\r\n")
                    if not line:
                        continue
                    row = decoded(line)
                except UnicodeDecodeError as error:
                    self.find(number, "", f"is not UTF-8 (byte {error.start} of the line)", "encoding")
                except NotJsonError as wrong:
                    self.find(number, "", wrong.message, "json")
                else:
                    yield from self._row(number, row)

    def _row(self, line: int, row: object) -> Iterator[Entry]:
        if isinstance(row, dict):
            yield Entry(line, None, row)
        else:
            self.find(line, "", f"is {shown(row)}; each row should be a JSON object", "type")

    def _parts(self) -> Iterator[Entry]:
        data = self.path.read_bytes()
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
                    yield Entry(line, key, value)
                else:
                    yield from self._row(line, value)
        except NotJsonError as wrong:
            self.find(line + text.count("\n", counted, wrong.at), "", wrong.message, "json")


# ------------------------------------------------------------------------------------------ strict JSON


class NotJsonError(Exception):
    """Text that is not strict JSON: where, and what is wrong, for people."""

    def __init__(self, at: int, message: str) -> None:
        self.at = at
        self.message = message
        super().__init__(message)


def _members(text: str) -> Iterator[tuple[int, str | None, Any]]:
    """(position, key, value) of each part of the JSON object or list that the text is; a list has no keys."""
    at = _skip(text, 0)
    if text[at] not in "{[":
        raise NotJsonError(at, "is neither a JSON object from ids to answers nor rows of them")
    keyed = text[at] == "{"
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
        value, at = _value(text, at)
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


def _value(text: str, at: int) -> tuple[Any, int]:
    """The JSON value that begins there, and where it ends."""
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise NotJsonError(error.pos, f"is not JSON (column {error.colno}: {error.msg})") from error
    except RecursionError as error:
        raise NotJsonError(at, "is nested too deeply") from error
    except ValueError as error:
        raise NotJsonError(at, str(error)) from error


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
        raise ValueError(f"holds the number {text}, which is too great")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_distinct_keys, parse_constant=_no_constant, parse_float=_finite
)


def number_in(row: Mapping[str, Any], field: str, where: str = "") -> float | None:
    """The number in that field; None where it is missing or null. Raises FieldError for anything else."""
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        name = f"{where}.{field}".strip(".")
        raise FieldError(name, f"is {shown(value)}; it should be a number or null")
    return float(value)


def shown(value: object) -> str:
    """A value as people should see it in a message, not longer than a line.

    >>> shown({"a": 1}), shown(None)
    ('{"a": 1}', 'missing or null')
    """
    if value is None:
        return "missing or null"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"
