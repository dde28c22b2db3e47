"""Answers as the official SQuAD scripts read them: a JSON object of texts, and one of probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_eval.errors import QaEvalError
from qa_eval.export.outputs import Export, Output
from qa_eval.export.source import ExportSource
from qa_eval.files.hashes import canonical_json
from qa_eval.runs.schema import PredictionRow
from qa_eval.text.phrases import count
from qa_eval.text.terminal import safe_json


def squad_predictions(source: ExportSource) -> Export:
    """`{id: text}`, where "" is no answer.

    The ids are those of the data set. For questions over articles they are the item ids, which `--format
    dataset` also writes. Items that failed or have no prediction are left out, because the scripts would take
    an empty text for an answer that was given. Answers to all articles at once are left out too, because they
    belong to no single text.
    """
    given, notes = _given(source)
    return _export(source, {a.item: a.prediction for a in given}, "predictions.json", notes)


def squad_na_probs(source: ExportSource) -> Export:
    """`{id: no-answer probability}` of the same items, for the scripts' `--na-prob-file`.

    Raises QaEvalError unless every answer has one, because the scripts need all of them.
    """
    given, notes = _given(source)
    lacking = sum(a.no_answer_probability is None for a in given)
    if lacking:
        raise QaEvalError(
            f"{source.row.model.spec}: {lacking} of {len(given)} answers have no no-answer probability"
        )
    return _export(source, {a.item: a.no_answer_probability for a in given}, "na_probs.json", notes)


def _given(source: ExportSource) -> tuple[list[PredictionRow], tuple[str, ...]]:
    """The answers of the reading track, and notes about what is left out."""
    answers = source.answers
    reading = [a for a in answers if a.track == "reading"]
    given = [a for a in reading if a.error is None and not a.missing]
    notes = []
    if lost := len(reading) - len(given):
        notes.append(f"{count(lost, 'item')} without an answer left out: the scripts count them as missing")
    if pooled := len(answers) - len(reading):
        notes.append(f"{count(pooled, 'answer')} to all articles at once left out")
    return given, tuple(notes)


def _export(source: ExportSource, values: Mapping[str, Any], name: str, notes: tuple[str, ...]) -> Export:
    text = safe_json(canonical_json(_by_id(source, values), indent=1)) + "\n"
    return Export(outputs=(Output(name=name, data=text),), notes=notes)


def _by_id(source: ExportSource, values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item, value in values.items():
        id = source.id_of(item)
        if id in found:
            raise QaEvalError(f"two answers are of the question {id!r}; its data set has the id twice")
        found[id] = value
    return found
