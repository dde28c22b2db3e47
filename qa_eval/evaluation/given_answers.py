"""Answers of another system, read from a file or taken from memory, for `score`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from qa_eval.data.answers.answer_files import AnswerFile
from qa_eval.data.answers.answer_shapes import (
    FieldError,
    GivenRow,
    id_text,
    keyed_answer,
    number_in,
    plain,
    row_answers,
    shown,
)
from qa_eval.errors import QaEvalError
from qa_eval.files.findings import Findings
from qa_eval.files.hashes import sha256_files
from qa_eval.files.paths import user_path
from qa_eval.metrics.rules.squad import Rules
from qa_eval.records import Finding, ItemId
from qa_eval.runs.store import LEADERBOARD, Run, load_run
from qa_eval.text.phrases import unlike

Predictions = str | PathLike[str] | Mapping[Any, Any] | Iterable[Any]
"""Path of a file of answers, or the content of such a file: answers by question id, or rows."""
Probabilities = str | PathLike[str] | Mapping[Any, Any]
"""No-answer probabilities by question id, or the path of a file of them."""


@dataclass(slots=True, kw_only=True)
class GivenAnswers:
    """The answers of another system."""

    texts: dict[str, str] = field(default_factory=dict)
    """Answers by question id; "" for no answer."""
    no_answer: dict[str, float] = field(default_factory=dict)
    """No-answer probabilities by question id, for answers that have one."""
    duplicates: list[str] = field(default_factory=list)
    """Ids that occurred again with the same answer."""
    failed: list[str] = field(default_factory=list)
    """Ids of rows that hold an error instead of an answer."""
    from_n_best: bool = False
    """Whether answers were chosen from n-best lists."""
    nulls: int = 0
    """Number of answers that are null, which count as no answer."""
    several: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """All answers by question id, of a system that gives several. The first one is in `texts`."""
    shown: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids of the passages that the system saw, in their order, by question id."""
    sha256: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the files `predictions` and `na_probs`, if files were given."""


def given_answers(
    predictions: Predictions, na_probs: Probabilities | None, rules: Rules, *, several: bool = False
) -> GivenAnswers:
    """The answers and their no-answer probabilities, from files or from memory.

    If `several`, a row may give several answers, and may name the passages that the system saw.

    Raises QaEvalError for predictions that are neither, and InputError, with all findings, for mistakes in
    them.
    """
    if isinstance(predictions, str | PathLike):
        path = user_path(predictions, "predictions")
        given = read_answers(path, rules, several=several)
        given.sha256["predictions"] = sha256_files([path])
    elif isinstance(predictions, Iterable) and not isinstance(predictions, bytes):
        given = take_answers(predictions, rules, several=several)
    else:
        raise QaEvalError(f"predictions: is {shown(predictions)}; give a file, answers by id, or rows")
    if isinstance(na_probs, str | PathLike):
        path = user_path(na_probs, "na_probs")
        given.no_answer = read_probabilities(path)
        given.sha256["na_probs"] = sha256_files([path])
    elif na_probs is not None:
        if not hasattr(na_probs, "items"):
            raise QaEvalError(unlike("na_probs", na_probs, "a file, or probabilities by question id"))
        given.no_answer = take_probabilities(na_probs)
    return given


def run_of_part(path: Path) -> Run | None:
    """The stored run that a predictions file belongs to, if its model was asked only a part of the data.

    None if the file belongs to no run that can be read, or if the model was asked everything.
    """
    path = path.absolute()
    folder = path.parent.parent
    if not (folder / LEADERBOARD).is_file():
        return None
    try:
        run = load_run(folder, slices=False)
    except QaEvalError:
        return None
    board = run.leaderboard
    rows = [row for row in board.rows if row.predictions and folder / row.predictions.path == path]
    whole = board.data.whole
    chosen = whole is not None and board.data.facts < whole.facts
    return run if rows and (chosen or rows[0].counts.unasked) else None


def read_answers(path: Path, rules: Rules, *, several: bool = False) -> GivenAnswers:
    """The answers in a predictions file of any shape that `qa_eval.data.answers.answer_shapes` lists.

    The answer of an n-best list is the one that the tools that write such lists choose: the first text that
    is not empty. If the rules know unanswerable questions and the empty text ranks above that text, the
    answer is "no answer". In the lists of run_squad the score decides the rank, in others the place. Ids of
    items of public data sets become the ids of their questions.

    If `several`, a list of texts as `answers` of a row holds answers that are all given.

    An id may occur again with the same answer. Raises InputError with all findings. An answer of the wrong
    type is one, and so is an id that occurs again with another answer, because it is not known which one is
    meant.
    """
    file = AnswerFile(path, several=several)
    given = GivenAnswers()
    for line, row in file.answers():
        try:
            _add(given, row, rules, several=several)
        except FieldError as error:
            file.find(line, error.field, str(error), "type")
    file.close()
    return given


def take_answers(
    predictions: Mapping[Any, Any] | Iterable[Any], rules: Rules, *, several: bool = False
) -> GivenAnswers:
    """The answers in memory, by id or as rows, as `read_answers` reads a file. They may hold NumPy values.

    Raises InputError with all findings.
    """
    items = getattr(predictions, "items", None)  # a mapping and a Series of pandas have this method
    keyed = items is not None
    given = GivenAnswers()
    findings = Findings()
    for number, entry in enumerate(items() if items is not None else predictions):
        try:
            rows = [keyed_answer(*map(plain, entry))] if keyed else _rows_in(plain(entry), several=several)
            for row in rows:
                _add(given, row, rules, several=several)
        except FieldError as error:
            field = error.field if keyed else f"[{number}].{error.field}".strip(".")
            findings.add(_in_memory("predictions", field, str(error)))
    findings.close()
    return given


def _rows_in(row: object, *, several: bool) -> Iterator[GivenRow]:
    if not isinstance(row, dict):
        raise FieldError("", f"is {shown(row)}; it should be a dict with id and prediction")
    return row_answers(row, several=several)


def _in_memory(what: str, field: str, message: str) -> Finding:
    return Finding(severity="error", path=what, line=None, field=field, message=message, check="type")


def read_probabilities(path: Path) -> dict[str, float]:
    """The no-answer probabilities in a file, or the log odds in a `null_odds.json`, by question id.

    The file holds `{id: number}`, or rows with `id` and `no_answer_probability`. Raises InputError with all
    findings.
    """
    file = AnswerFile(path)
    found: dict[str, float] = {}
    for line, id, value in file.entries():
        try:
            _add_probability(found, *((id, value) if id is not None else _probability_row(value)))
        except FieldError as error:
            file.find(line, error.field, str(error), "type")
    file.close()
    return found


def take_probabilities(na_probs: Mapping[Any, Any]) -> dict[str, float]:
    """The no-answer probabilities in a mapping, as `read_probabilities` reads a file.

    Raises InputError with all findings.
    """
    found: dict[str, float] = {}
    findings = Findings()
    for key, value in na_probs.items():
        try:
            _add_probability(found, id_text(plain(key), "id"), plain(value))
        except FieldError as error:
            findings.add(_in_memory("na_probs", error.field, str(error)))
    findings.close()
    return found


def _probability_row(row: dict[str, Any]) -> tuple[str, Any]:
    if "no_answer_probability" not in row or "id" not in row:
        raise FieldError("", f"is {shown(row)}; it should have an id and a no_answer_probability")
    return id_text(row["id"], "id"), row["no_answer_probability"]


def _add_probability(found: dict[str, float], id: str, value: object) -> None:
    number = number_in({id: value}, id)
    if number is None:
        raise FieldError(id, f"is {shown(value)}; it should be a number under the question's id")
    if found.setdefault(id, number) != number:
        raise FieldError(id, f"is there twice, as {found[id]} and {number}")


def _add(given: GivenAnswers, row: GivenRow, rules: Rules, *, several: bool) -> None:
    id = _question_id(row)
    if row.answer is None:
        given.failed.append(id)
        return
    text = row.answer.decided(unanswerable=rules.unanswerable)
    if id in given.texts:
        before, hint = given.texts[id], f"; {row.hint}" if row.hint else ""
        if text != before:
            raise FieldError(
                "id", f"{id!r} is there twice, with the answers {shown(before)} and {shown(text)}{hint}"
            )
        if row.answer.several != given.several.get(id, ()):
            raise FieldError("id", f"{id!r} is there twice, with different answers{hint}")
        if row.no_answer_probability != given.no_answer.get(id):
            raise FieldError("id", f"{id!r} is there twice, with different no-answer probabilities{hint}")
        given.duplicates.append(id)
        return
    given.texts[id] = text
    if row.answer.several:
        given.several[id] = row.answer.several
    if several and (passages := _shown_passages(row)) is not None:
        given.shown[id] = passages
    given.nulls += row.answer.is_null
    given.from_n_best |= row.answer.text is None
    if row.no_answer_probability is not None:
        given.no_answer[id] = row.no_answer_probability


def _shown_passages(row: GivenRow) -> tuple[str, ...] | None:
    """The passages that the row says the system saw. None if it does not say."""
    ids = row.fields.get("shown")
    if ids is None:
        return None
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise FieldError("shown", f"is {shown(ids)}; it should be a list of ids of passages, in their order")
    return tuple(ids)


_CONTEXT_ID = re.compile(r"c[0-9a-f]{12}")


def _question_id(row: GivenRow) -> str:
    """The id of the question if the row is an item of a public data set, else the id of the row."""
    if not row.is_item:
        return row.id
    item = ItemId.parse(row.id)
    # `Example.item` percent-encodes the question's id.
    return unquote(item.fact) if _CONTEXT_ID.fullmatch(item.article) else row.id
