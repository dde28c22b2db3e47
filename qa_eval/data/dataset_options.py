"""Options of reading a data set, the type of what a reader yields, and places in a file."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from qa_eval.data.published_sets import Version
from qa_eval.data.validation import field_path
from qa_eval.errors import SpecError
from qa_eval.files.strict_json import Parsed
from qa_eval.records import DuplicateIds, Example, Finding, Severity
from qa_eval.text.phrases import quote, suggestion

Read = Iterator[Example | Finding | Version]
"""Type of what a reader yields: examples, findings, and the version of the file."""

ROLES = ("id", "question", "context", "answers", "is_impossible")
"""Roles for which `--columns` can name a column."""
ID_NAMES = ("id", "qid", "guid")
"""Names of the field with a question's id: those of SQuAD, MRQA and KLUE."""
_USUAL: Mapping[str, tuple[str, ...]] = {
    "id": ("question_id", "query_id", "example_id", "uid", "uuid", "_id", "idx"),
    "question": ("query", "question_text", "query_text", "input"),
    "answers": ("answer", "gold", "golds", "gold_answers", "answer_text", "target", "label", "output"),
    "context": ("passage", "paragraph", "text", "document", "article", "context_text", "background", "story"),
}
"""Names that other sets give to these columns."""
_SEVERAL = ("ctxs", "contexts", "passages", "documents", "paragraphs", "search_results", "snippets")
"""Columns that hold several texts for one question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Options of reading a data set."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Map from role to column, for rows whose columns have other names."""
    duplicate_ids: DuplicateIds = "error"


def parse_columns(texts: Iterable[str]) -> dict[str, str]:
    """A map from role to column, from texts like `question=query,context=passage`. Raises SpecError.

    >>> parse_columns(["question=query,context=passage", "id=uid"])
    {'question': 'query', 'context': 'passage', 'id': 'uid'}
    """
    found: dict[str, str] = {}
    for part in (part.strip() for text in texts for part in text.split(",")):
        role, equals, column = (piece.strip() for piece in part.partition("="))
        if not (role and equals and column):
            raise SpecError(f"--columns {part}: write ROLE=COLUMN, such as question=query,context=passage")
        if role in found:
            raise SpecError(f"--columns {part}: {role} is given twice")
        found[role] = column
    return checked_columns(found)


def checked_columns(columns: Mapping[str, str]) -> dict[str, str]:
    """The columns as given. Raises SpecError for an unknown role."""
    for role, column in columns.items():
        if role not in ROLES:
            near = suggestion(role, ROLES)
            raise SpecError(f"--columns {role}={column}: {quote(role)} is no role of a column{near}")
    return dict(columns)


def no_such_column(role: str, column: str, known: Iterable[str]) -> str:
    """The message for a named column that does not exist."""
    names = list(known)
    near = suggestion(column, names, listed=0)
    there = ", ".join(map(quote, names[:20])) + (", …" if len(names) > 20 else "")
    return f"--columns {role}={column}: there is no column {quote(column)}{near or ';'} there are: {there}"


def usual_column(role: str, known: Container[str]) -> str | None:
    """The column that is probably meant: the first of the known names that other sets give to this role."""
    return next((name for name in _USUAL.get(role, ()) if name in known), None)


def missing(role: str, description: str, known: Iterable[str]) -> str:
    """The message for a row that lacks a column. If another column looks like it, the message says what to
    do.
    """
    names = list(known)
    sentence = f"is missing ({description})"
    if usual := usual_column(role, names):
        return f"{sentence}; if it is {quote(usual)}, write --columns {role}={usual}"
    if role == "context" and (several := next((name for name in _SEVERAL if name in names), None)):
        return f'{sentence}; {quote(several)} holds several texts: write a row for each, with its "context"'
    return sentence + suggestion(role, names)


class Where(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A place in a data set: a part of a file, given by its path.

    It is cheap, because every part of the file that is looked at has one: the path is formatted only when
    needed, and msgspec makes a place five times as fast as a dataclass would.
    """

    path: str
    line: int | None = None
    parts: tuple[str | int, ...] = ()

    def inside(self, *parts: str | int) -> Where:
        """The place of a part inside this part."""
        return Where(path=self.path, line=self.line, parts=(*self.parts, *parts))

    def problems(self, parsed: Parsed) -> Iterator[Finding]:
        """Yields a finding for each problem inside a JSON value at this place."""
        for problem in parsed.problems:
            finding = self.finding("json", problem.message, field=problem.field, column=problem.column)
            yield replace(finding, line=problem.line if self.line is None else self.line)

    @property
    def field(self) -> str:
        """The path as people read it, such as `data[3].paragraphs[1].qas[0].id`."""
        return field_path(self.parts)

    def finding(
        self,
        check: str,
        message: str,
        *,
        field: str = "",
        severity: Severity = "error",
        fact: str = "",
        column: int | None = None,
    ) -> Finding:
        """A finding at this place, or at a field inside it, given as a path such as `claims[0].id`.

        >>> Where(path="f.jsonl", parts=(3,)).finding("shape", "is empty", field="claims[0].id").field
        '[3].claims[0].id'
        """
        inside = field if field.startswith("[") else f".{field}"
        return Finding(
            severity=severity,
            path=self.path,
            line=self.line,
            column=column,
            field=f"{self.field}{inside}".strip("."),
            message=message,
            check=check,
            fact=fact,
        )


def id_of(value: Any) -> str | None:  # noqa: ANN401
    """A question's id as text: a text as it is, or the digits of a whole number. None for anything else.

    >>> id_of("q1"), id_of(7211011040021040393), id_of(-57), id_of(1.0), id_of(True)
    ('q1', '7211011040021040393', '-57', None, None)
    """
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
