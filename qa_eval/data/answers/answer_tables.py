"""Tables of answers: CSV and TSV, with or without a line of column names, read as rows.

The first line names the columns if one of its cells is the name of an id or of an answer. A table without
names has two columns, the question's id and the answer. Columns with other names are ignored.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from qa_eval.data.answers.answer_shapes import ANSWER_FIELDS, ID_FIELDS, PREDICTED_FIELDS, FieldError, shown
from qa_eval.text.phrases import count

_TEXTS = (*ID_FIELDS, *PREDICTED_FIELDS, *ANSWER_FIELDS)
"""Columns whose cells are texts. An empty cell is an empty text, so an empty answer is no answer."""
_OTHERS = ("no_answer_probability", "error", "missing", "model")
"""Columns whose empty cells are null."""
_FLAGS = {"true": True, "false": False}

DELIMITERS = {".csv": ",", ".tsv": "\t"}
"""Delimiter of a table, by the suffix of the file name."""


def table_rows(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, dict[str, Any] | FieldError]]:
    """Yields (line, row) for each row of a table. In place of a wrong row it yields the error.

    Reading stops at a mistake that hides where the next row begins.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    names: Sequence[str] | None = None
    line = 1
    try:
        for cells in reader:
            first, line = line, reader.line_num + 1
            if not cells:
                continue
            if names is None:
                named, names = _column_names(cells, delimiter)
                if named:
                    continue
            yield first, _row(cells, names, delimiter)
    except csv.Error as error:
        yield (
            line,
            FieldError("", f"is not a table ({error}); quote the answers, and double the quotes inside them"),
        )
    except FieldError as error:
        yield 1, error


def _column_names(cells: Sequence[str], delimiter: str) -> tuple[bool, Sequence[str]]:
    """Whether the first line names the columns, and the names. Raises FieldError if the columns cannot be
    used.
    """
    names = [cell.strip().casefold() for cell in cells]
    known = [name for name in names if name in _TEXTS or name in _OTHERS]
    if len(set(known)) < len(known):
        raise FieldError("", f"names a column twice: {', '.join(cells)}")
    answers = [name for name in names if name in PREDICTED_FIELDS or name in ANSWER_FIELDS]
    ids = [name for name in names if name in ID_FIELDS]
    if ids and (answers or "no_answer_probability" in names):
        return True, names
    if ids or answers:
        lacking = "the answer, such as prediction" if ids else "the question's id, such as id"
        raise FieldError("", f"names the columns {', '.join(map(shown, cells))}; none of them is {lacking}")
    if len(cells) != 2:
        other = next((mark for mark in (";", "\t", ",") if mark != delimiter and mark in cells[0]), None)
        hint = f" (the columns seem to be separated by {other!r}, not {delimiter!r})" if other else ""
        raise FieldError(
            "",
            f"has {count(len(cells), 'column')} without names; it should have two, the "
            f"question's id and the answer, or a first line with names such as id and prediction{hint}",
        )
    return False, ("id", "prediction")


def _row(cells: Sequence[str], names: Sequence[str], delimiter: str) -> dict[str, Any] | FieldError:
    if len(cells) != len(names):
        return FieldError(
            "",
            f"has {count(len(cells), 'cell')} where {len(names)} should be; put an "
            f"answer that has {'a tab' if delimiter == chr(9) else 'a comma'} in quotes",
        )
    row: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=True):
        if name in _TEXTS:
            row[name] = cell
        elif name in _OTHERS and cell:
            row[name] = _value(name, cell)
    return row


def _value(name: str, cell: str) -> Any:  # noqa: ANN401
    """The value of a cell. Text that is no number stays text; `fraction_in` refuses it later."""
    if name == "missing":
        return _FLAGS.get(cell.casefold(), cell)
    if name != "no_answer_probability":
        return cell
    try:
        return float(cell)
    except ValueError:
        return cell
