"""Answers in a file, replayed as a model. The file may be one of this program's or of another tool's.

It may have any shape that `qa_eval.data.answers.answer_shapes` lists. An answer text in the file is final,
and no threshold is applied to it. If there is only an n-best list, its first text that is not empty is the
answer; if the empty text ranks above it, the model abstains.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qa_eval.data.answers.answer_files import AnswerFile
from qa_eval.data.answers.answer_shapes import (
    FieldError,
    Given,
    GivenRow,
    count_in,
    fraction_in,
    number_in,
    shown,
    span_in,
)
from qa_eval.errors import SpecError
from qa_eval.files.hashes import sha256_files, sha256_json
from qa_eval.files.paths import user_path
from qa_eval.models.protocol import ModelSpec
from qa_eval.records import (
    NO_CANDIDATES,
    Candidate,
    Decoding,
    Instance,
    ModelInfo,
    NBest,
    Prediction,
    Runtime,
    is_pooled_id,
)

_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Replay:
    """Stored predictions as a `Model`. An item that is not in the file gets no prediction.

    Predictions are found by item id, and in public data sets also by the id of the question.
    """

    info: ModelInfo
    """Identity of the model."""
    predictions: Mapping[str, Prediction]
    """Predictions by item id or question id."""
    answers_pooled: bool
    """Whether the file answers pooled items (`FACT@*`) itself. Instances of pooled items have no context."""
    decoding: Decoding | None = None
    """Decoding options; None, because the answers are given."""

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """The stored prediction of each instance that has one, in order."""
        for instance in instances:
            found = self.predictions.get(instance.item)
            if found is not None:
                yield found
            elif instance.question_id and (named := self.predictions.get(instance.question_id)) is not None:
                yield replace(named, item=instance.item)


def resolve_replay(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Replay:
    """The predictions of the file that the spec names, as a model.

    Raises `SpecError` for a spec with options. Raises `InputError` for mistakes in the file, with all
    findings.
    """
    if spec.options:
        raise SpecError(f"{spec}: a predictions file has no options")
    path = user_path(spec.name)
    predictions = replayed_predictions(path)
    info = ModelInfo(
        spec=str(spec),
        kind=spec.kind,
        name=spec.name,
        fingerprint=sha256_json({"predictions": sha256_files([path]), "version": _VERSION}),
        backend="replay",
    )
    pooled = any(is_pooled_id(item) for item in predictions)
    return Replay(info, predictions, answers_pooled=pooled)


def replayed_predictions(path: Path) -> dict[str, Prediction]:
    """The predictions of a file by item id. Unknown fields are ignored.

    Raises `InputError` as `AnswerFile.entries` does, and for duplicate ids and fields of the wrong type.
    """
    file = AnswerFile(path)
    predictions: dict[str, Prediction] = {}
    lines: dict[str, int] = {}
    for line, row in file.answers():
        try:
            prediction = _prediction(row)
        except FieldError as error:
            file.find(line, error.field, str(error), "type")
            continue
        if prediction.item in predictions:
            first = lines[prediction.item]
            message = f"{prediction.item!r} is also in line {first}; each item has one answer"
            file.find(line, "id", message, "duplicate-id")
            continue
        predictions[prediction.item] = prediction
        lines[prediction.item] = line
    file.close()
    return predictions


# ------------------------------------------------------------------------------------------ from a row


def _prediction(row: GivenRow) -> Prediction:
    fields = row.fields
    n_best = _n_best(fields) if row.answer is None or row.answer.text is not None else _ranked(row.answer)
    return Prediction(
        item=row.id,
        n_best=n_best,
        null_score=number_in(fields, "null_score"),
        text=None if row.answer is None else row.answer.decided(unanswerable=True),
        no_answer_probability=row.no_answer_probability,
        windows=count_in(fields, "windows") or 0,
        truncated=fields.get("truncated") is True,
        error=row.error,
    )


def _ranked(answer: Given) -> tuple[Candidate, ...]:
    """The texts of an n-best list that are not empty, without offsets: other tools count them differently."""
    found: list[Candidate] = []
    for entry in answer.listed:
        if entry.text:
            score = entry.score if entry.score is not None else -float(len(found))
            score = min(score, found[-1].score) if found else score  # rounded scores may be out of order
            found.append(Candidate(text=entry.text, score=score, probability=entry.probability))
    return tuple(found)


def _n_best(row: Mapping[str, Any]) -> Sequence[Candidate]:
    if not (listed := row.get("n_best")):
        return NO_CANDIDATES
    if (own := NBest.listed(listed)) is not None and _is_ordered(own):
        return own
    if isinstance(listed, NBest):
        listed = [candidate.parts() for candidate in listed]
    if not isinstance(listed, list):
        raise FieldError("n_best", f"is {shown(listed)}; it should be a list, best first")
    found: list[Candidate] = []
    for number, entry in enumerate(listed):
        where = f"n_best[{number}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            raise FieldError(where, f"is {shown(entry)}; it should be an object with a text")
        start, end = span_in(entry, where) or (None, None)
        article = entry.get("article")
        if article is not None and not isinstance(article, str):
            raise FieldError(f"{where}.article", f"is {shown(article)}; it should be an article id or null")
        score = number_in(entry, "score", where)
        probability = fraction_in(entry, "probability", where)
        if score is None:
            # Without score and probability only the order is known.
            score = math.log(probability) if probability else _below(found)
        candidate = Candidate(
            text=entry["text"], article=article, start=start, end=end, score=score, probability=probability
        )
        if found and candidate.score > found[-1].score:
            raise FieldError(where, "has a higher score than the one before it; the best must come first")
        found.append(candidate)
    return tuple(found)


def _is_ordered(given: NBest) -> bool:
    """Whether candidates go from best to worst, and all offsets are in order."""
    starts, ends = ([offset for offset in some if offset is not None] for some in (given.starts, given.ends))
    return (
        all(map(operator.ge, given.scores, given.scores[1:]))
        and all(map(operator.le, starts, ends))
        and min(starts, default=0) >= 0
    )


def _below(found: Sequence[Candidate]) -> float:
    return found[-1].score - 1.0 if found else 0.0
