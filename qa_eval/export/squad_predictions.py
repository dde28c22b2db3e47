"""Answers as the official SQuAD scripts read them: one JSON object from question ids to texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_eval.errors import QaEvalError
from qa_eval.export.outputs import Export, Output
from qa_eval.export.source import Source, is_public, plain_id
from qa_eval.provenance import canonical_json
from qa_eval.render import safe_json
from qa_eval.results_schema import PredictionRow


def squad_predictions(source: Source) -> Export:
    """`{id: text}`, with the second file `na_probs.json` where the model has no-answer probabilities.

    The ids are those of the data set, and our item ids for questions over articles; these are the ids of the
    data set that `--format dataset` writes. A text is "" for no answer. Left out, because the official scripts
    would take an empty text for an answer that was given: items that failed or have no prediction. So are
    answers to all articles at once, which are of no one text.
    """
    public = is_public(source.run)
    answers = source.answers()
    reading = [a for a in answers if a.track == "reading"]
    given = [a for a in reading if a.error is None and not a.missing]
    texts = _by_id({a.item: a.prediction for a in given}, public=public)
    chances = {a.item: a.no_answer_probability for a in given if a.no_answer_probability is not None}
    outputs = [Output(name="predictions.json", data=_json(texts))]
    if len(chances) == len(given) and chances:
        outputs.append(Output(name="na_probs.json", data=_json(_by_id(chances, public=public))))
    return Export(outputs=tuple(outputs), notes=tuple(_notes(answers, reading, given)))


def _by_id(values: Mapping[str, Any], *, public: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item, value in values.items():
        id = plain_id(item) if public else item
        if id in found:
            raise QaEvalError(f"two answers are of the question {id!r}; its data set has the id twice")
        found[id] = value
    return found


def _json(value: object) -> str:
    return safe_json(canonical_json(value, indent=1)) + "\n"


def _notes(
    answers: list[PredictionRow], reading: list[PredictionRow], given: list[PredictionRow]
) -> list[str]:
    notes = []
    if lost := len(reading) - len(given):
        notes.append(f"{lost} items have no answer and are left out: they count as missing")
    if pooled := len(answers) - len(reading):
        notes.append(f"{pooled} answers to all articles at once are left out")
    return notes
