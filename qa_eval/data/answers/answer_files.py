"""Files of answers: a JSON object by id, JSON lines, a JSON list of rows, CSV or TSV.

JSON is read strictly, as by `qa_eval.files.strict_json`: each mistake is a finding with its line and column.
Files are read as a stream, so only the current row or answer is in memory. Every file may be compressed with
gzip. `qa_eval.data.answers.answer_shapes` defines what an answer looks like in such a file.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
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
from qa_eval.data.answers.inspect_logs import ENDING, archived_samples, is_log, sample_row
from qa_eval.errors import InputError
from qa_eval.files.answer_rows import strict_row
from qa_eval.files.compression import KINDS_NOT_READ, UNREADABLE, unpacked, unreadable
from qa_eval.files.findings import Findings
from qa_eval.files.json_streams import JsonDocument, json_lines
from qa_eval.files.paths import open_input
from qa_eval.files.strict_json import MARKED, NotJsonError, Parsed, decode_utf8
from qa_eval.records import Finding

_TABLE = "write it as CSV (UTF-8) or as JSON lines"
_MARKS = KINDS_NOT_READ | {
    b"PK\x03\x04": f"is a zip archive or an Excel workbook; unpack it, or {_TABLE}",
    b"\xd0\xcf\x11\xe0": f"is an Excel workbook; {_TABLE}",
    b"PAR1": f'is a Parquet file; {_TABLE}: pandas.read_parquet(FILE).to_csv("answers.csv", index=False)',
    b"ARROW1": f"is an Arrow file; {_TABLE}",
    b"\x89HDF": f"is an HDF5 file; {_TABLE}",
    b"\x93NUMPY": f"is a NumPy array; {_TABLE}",
    b"SQLite format 3": f"is an SQLite database; {_TABLE}",
    b"\x80": "is a Python pickle, and reading one can run code; write it with json.dump(answers, file)",
}
"""First bytes of files that hold no answers as text, with a message about what to do."""
_HEAD = 1 << 20
"""Number of bytes from which the shape of a file is recognized. A longer first line is no row."""
_JSON = re.compile(rb'\s*(?:\{\s*"|\[\s*\{)')
"""Pattern of the beginning of JSON. No table begins like this."""
_FIRST_KEY = re.compile(rb'\s*\{\s*"([A-Za-z_]+)"')


class AnswerEntry(NamedTuple):
    """One answer as it is written in the file."""

    line: int
    """Line number, from 1."""
    id: str | None
    """Key in the object. None for a row, which holds its id itself."""
    value: Any
    """Value of the key, or the row (a dict). Candidates in it may be an `NBest`."""


class AnswerFile:
    """A file of answers that is being read.

    `answers` and `entries` yield its contents. `findings` collects the problems meanwhile.
    """

    def __init__(self, path: Path, *, several: bool = False) -> None:
        """Args: the file; `several`: whether `answers` of a row may be answers that are all given."""
        self.path = path
        self.several = several
        self.findings = Findings()

    def find(
        self, line: int | None, field: str, message: str, check: str, *, column: int | None = None
    ) -> None:
        """Adds an error to the findings."""
        self.findings.add(
            Finding(
                severity="error",
                path=str(self.path),
                line=line,
                column=column,
                field=field,
                message=message,
                check=check,
            )
        )

    def close(self) -> None:
        """Raises InputError if there are findings. The error lists them all, or the first ones if there are
        very many.
        """
        self.findings.close()

    def answers(self) -> Iterator[tuple[int, GivenRow]]:
        """Yields (line, answer) for every answer that can be read. What cannot be read becomes a finding."""
        for line, key, value in self.entries():
            try:
                if key is None:
                    yield from ((line, row) for row in row_answers(value, several=self.several))
                else:
                    yield line, keyed_answer(key, value)
            except FieldError as error:
                self.find(line, error.field, str(error), "type")

    def entries(self) -> Iterator[AnswerEntry]:
        """Yields every answer as it is written, in file order. If a key occurs twice, both entries are
        yielded.

        The suffix of the file name (without a final `.gz`) decides the format: `.csv` and `.tsv` are tables,
        `.jsonl` is JSON lines. Any other file is one JSON object or list, or has one row on each line. A
        wrong line does not hide the lines after it. After a mistake inside an object or list, the rest cannot
        be read.

        Raises InputError if the file cannot be read at all, is empty or is of another kind.
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
            self._refuse(unreadable(error), "unreadable-file")
        if self._ending == ENDING and head.startswith(b"PK"):
            yield from self._archived()
            return
        for mark, message in _MARKS.items():
            if head.startswith(mark):
                self._refuse(message, "byte-order-mark" if message == MARKED else "file-kind")
        if not head.strip():
            self._refuse("is empty; it should hold predictions", "empty-file")
        try:
            if (delimiter := DELIMITERS.get(self._ending)) is not None:
                if _JSON.match(head):
                    self._refuse(f"is JSON, but called {self._ending}; rename it to .json", "file-kind")
                yield from self._table(delimiter)
            else:
                yield from self._rows() if self._holds_rows(head.lstrip()) else self._parts(head)
        except UNREADABLE as error:
            self.find(None, "", unreadable(error), "unreadable-file")

    @property
    def _ending(self) -> str:
        return Path(self.path.name.lower().removesuffix(".gz")).suffix

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        """The bytes of the file, uncompressed if it is compressed with gzip."""
        with open_input(self.path) as raw, unpacked(raw) as file:
            yield file

    def _refuse(self, message: str, check: str) -> NoReturn:
        self.find(None, "", message, check)
        raise InputError(self.findings.listed())

    def _holds_rows(self, head: bytes) -> bool:
        named = self._ending in (".jsonl", ".ndjson")
        first, _, rest = head.partition(b"\n")
        alone = not rest.strip()
        try:
            value = json.loads(first)
        except (ValueError, RecursionError):
            # A lone bracket begins a JSON document that spans several lines.
            return named and first.strip() not in (b"{", b"[")
        if isinstance(value, dict):
            return named or not alone or any(_is_field(key) for key in value)
        return named and not (alone and isinstance(value, list))

    def _rows(self) -> Iterator[AnswerEntry]:
        with self._opened() as file:
            for number, found in json_lines(file, foreign=True, known=strict_row):
                if isinstance(found, NotJsonError):
                    self.find(number, "", str(found), "json", column=found.column)
                elif is_log(found.value) and self._is_sound(found, number):
                    yield from self._whole(number, found.value)
                elif not found.problems and isinstance(found.value, dict):
                    yield AnswerEntry(number, None, found.value)
                elif self._is_sound(found, number):
                    yield from self._row(number, found.value)

    def _is_sound(self, parsed: Parsed, line: int, field: str = "") -> bool:
        """Reports the problems inside a value and returns whether there are none. `field` is its key in the
        file.
        """
        for problem in parsed.problems:
            inside = problem.field if problem.field.startswith("[") else f".{problem.field}"
            name = f"{field}{inside}".strip(".")
            place = problem.line if field and problem.line is not None else line
            self.find(place, name, problem.message, "json", column=problem.column)
        return not parsed.problems

    def _whole(self, line: int, value: object) -> Iterator[AnswerEntry]:
        """The entries of a document that is one row, or a log of Inspect."""
        if not is_log(value):
            yield from self._row(line, value)
            return
        assert isinstance(value, dict)
        if not isinstance(value["samples"], list):
            self.find(None, "samples", "is missing or null; the log was written without its samples", "type")
            return
        for sample in value["samples"]:
            yield from self._row(line, sample_row(sample))

    def _archived(self) -> Iterator[AnswerEntry]:
        """The entries of an archive of samples."""
        try:
            with self._opened() as file:
                for name, data in archived_samples(file):
                    try:
                        document = JsonDocument(io.BytesIO(data), foreign=True)
                        found = document.value()
                    except NotJsonError as wrong:
                        self.find(wrong.line, name, str(wrong), "json", column=wrong.column)
                        continue
                    if self._is_sound(found, 1, name):
                        yield from self._row(1, sample_row(found.value))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            self.find(None, "", f"is no readable archive: {error}", "unreadable-file")

    def _table(self, delimiter: str) -> Iterator[AnswerEntry]:
        with self._opened() as file:
            try:
                for line, row in table_rows(map(decode_utf8, file), delimiter):
                    if isinstance(row, FieldError):
                        self.find(line, row.field, str(row), "table")
                    else:
                        yield AnswerEntry(line, None, row)
            except NotJsonError as wrong:
                self.find(None, "", str(wrong), "encoding")

    def _row(self, line: int, row: object) -> Iterator[AnswerEntry]:
        if isinstance(row, dict):
            yield AnswerEntry(line, None, row)
            return
        hint = ""
        if isinstance(row, list) and row and isinstance(row[0], dict):
            hint = " (simpletransformers returns answers and probabilities; write only the answers)"
        elif isinstance(row, str | list):
            hint = ', such as {"id": …, "prediction": …}'
        self.find(line, "", f"is {shown(row)}; each row should be a JSON object{hint}", "type")

    def _parts(self, head: bytes) -> Iterator[AnswerEntry]:
        with self._opened() as file:
            document = JsonDocument(file, foreign=True)
            try:
                mark = document.mark()
                first = _FIRST_KEY.match(head)
                if first is not None and _is_field(first[1].decode("ascii")):
                    found = document.value()  # one row, or a file of another kind
                    document.close()
                    if self._is_sound(found, 1):
                        yield from self._whole(document.line, found.value)
                elif mark == "{":
                    for key in document.members():
                        line, found = document.line, document.value()
                        if self._is_sound(found, line, key):
                            yield AnswerEntry(line, key, found.value)
                    document.close()
                elif mark == "[":
                    for number in document.entries():
                        line, found = document.line, document.value()
                        if self._is_sound(found, line, f"[{number}]"):
                            yield from self._row(line, found.value)
                    document.close()
                else:
                    message = "is neither a JSON object from ids to answers nor rows with answers"
                    self.find(
                        document.line,
                        "",
                        f"{message}; if it is a table, let its name end in .csv or .tsv",
                        "json",
                    )
            except NotJsonError as wrong:
                self.find(wrong.line, "", str(wrong), "json", column=wrong.column)


def _is_field(key: str) -> bool:
    """Whether a key is a field of a row or of a file of another kind, and so not the id of a question."""
    return key.casefold() in ROW_FIELDS or key in FILE_FIELDS


def _about_folder(path: Path) -> str:
    """A message about a folder that was given in place of a file, with what to give instead."""
    answers = (
        sorted((path / "predictions").glob("[!.]*.jsonl")) if (path / "leaderboard.json").is_file() else []
    )
    if answers:
        return f"cannot be read: it is a run folder; name a file of its answers, such as {answers[0]}"
    return "cannot be read: it is a folder; name the file of predictions in it"
