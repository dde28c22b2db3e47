"""Golds in memory as a data set: questions without words or texts, against which answers are scored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qa_eval.data.answers.answer_shapes import FieldError, id_text, plain, shown
from qa_eval.data.dataset import PublicDataset
from qa_eval.data.dataset_options import ID_NAMES, Intake, Read, Where
from qa_eval.data.examples import context_id
from qa_eval.data.golds import golds_in
from qa_eval.errors import QaEvalError
from qa_eval.records import Example

NAME = "golds"
"""Name of the data set in results and findings."""
_COLUMNS = ("answers", "golds")


def dataset_of_golds(golds: Mapping[Any, Any] | Iterable[Any], *, rules: str | None = None) -> PublicDataset:
    """The data set of golds in memory, given by question id or as rows with `id` and `answers`.

    The golds of a question are a text, a list of texts, or any other shape of `qa_eval.data.golds`. An empty
    list, or blank texts alone, mean that no answer is right. Rows may have a `context`, by which intervals
    are then clustered. Without it each question is a cluster. By default `rules` are `squad-v2.0` if some
    question has no gold, and `squad-v1.1` if all have golds.

    Raises QaEvalError for a value of another kind. Problems inside it raise InputError when the data set is
    read.

    >>> [e.golds for e in dataset_of_golds({"q1": ["400", "over 400"], "q2": []})]
    [('400', 'over 400'), ()]
    """
    items = getattr(golds, "items", None)  # Mappings have it, and Series of pandas.
    if items is None and (isinstance(golds, str | bytes) or not isinstance(golds, Iterable)):
        raise QaEvalError(f"golds: {shown(golds)} is neither a data set, nor golds by id, nor rows")
    entries = list(golds) if items is None else [{"id": key, "golds": value} for key, value in items()]
    keyed = items is not None

    def read() -> Read:
        return _examples(entries, keyed=keyed)

    own = rules or ("squad-v2.0" if any(_has_none(part) for part in read()) else "squad-v1.1")
    return PublicDataset(NAME, NAME, None, Intake(), own, read, rules)


def _has_none(part: object) -> bool:
    return isinstance(part, Example) and not part.golds


def _examples(entries: list[Any], *, keyed: bool) -> Read:
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        place = Where(path=NAME) if keyed else Where(path=NAME).inside(number)
        try:
            row = plain(entry)
            if not isinstance(row, dict):
                raise FieldError("", f"is {shown(row)}; it should be a dict with id and answers")
            id = _id(row)
            if id in seen:
                raise FieldError("id", f"{id!r} is there twice")
            seen.add(id)
            column = next((name for name in _COLUMNS if name in row), None)
            if column is None:
                raise FieldError("answers", "is missing (the golds; [] if no answer is right)")
        except FieldError as error:
            yield (place.inside(error.field) if error.field else place).finding("shape", str(error))
            continue
        yield from _example(id, row, column, place.inside(id if keyed else column))


def _id(row: Mapping[str, Any]) -> str:
    name = next((name for name in ID_NAMES if name in row), "id")
    return id_text(row.get(name), name)


def _example(id: str, row: Mapping[str, Any], column: str, place: Where) -> Iterator[Any]:
    found = yield from golds_in(row[column], place)
    if found is None:
        return
    texts = tuple(gold.text for gold in found)
    context = row.get("context")
    yield Example(
        id=id,
        question="",
        context="",
        context_id=context_id(context) if isinstance(context, str) else id,
        golds=texts if any(text.strip() for text in texts) else (),
    )
