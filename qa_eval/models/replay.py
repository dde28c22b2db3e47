"""Answers stored in a file, replayed as a model: our own predictions files, or somebody else's.

Three shapes are read: a JSON object `{item id: text}`; JSON lines with `id` (or `item`) and `prediction`, and
optionally `no_answer_probability` and `n_best`; and the rows that `qa-eval run` writes, which are such lines.
A text in the file is final: it is not decided again by a threshold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qa_eval.answer_files import AnswerFile, FieldError, number_in, shown
from qa_eval.errors import SpecError
from qa_eval.models.protocol import ModelSpec
from qa_eval.paths import user_path
from qa_eval.provenance import sha256_files, sha256_json
from qa_eval.records import Candidate, Decoding, Instance, ItemId, ModelInfo, Prediction, Runtime

_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Replay:
    """Stored predictions as a `Model`. An item that the file does not hold gets no prediction.

    They are found by item id; of public data sets also by the question's own id.
    """

    info: ModelInfo
    predictions: Mapping[str, Prediction]
    answers_pooled: bool
    """Whether the file answers pooled items (`FACT@*`) itself; such instances have no context."""
    decoding: Decoding | None = None

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """The stored prediction of each instance that has one, in order."""
        for instance in instances:
            found = self.predictions.get(instance.item)
            if found is not None:
                yield found
            elif instance.question_id and (named := self.predictions.get(instance.question_id)) is not None:
                yield replace(named, item=instance.item)


def resolve_replay(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Replay:
    """Reads the file. Raises `InputError` with every finding, each with file and line."""
    if spec.options:
        raise SpecError(f"{spec}: a predictions file has no options")
    path = user_path(spec.name)
    predictions = load_predictions(path)
    info = ModelInfo(
        spec=str(spec),
        kind=spec.kind,
        name=spec.name,
        fingerprint=sha256_json({"predictions": sha256_files([path]), "version": _VERSION}),
        backend="replay",
    )
    return Replay(info, predictions, answers_pooled=any(_is_pooled(item) for item in predictions))


def load_predictions(path: Path) -> dict[str, Prediction]:
    """The predictions of a file by item id; `AnswerFile.entries` says which shapes it may have.

    Raises `InputError` as that does, and for duplicate ids and fields of the wrong type. Fields that are not
    known are passed over.
    """
    file = AnswerFile(path)
    predictions: dict[str, Prediction] = {}
    lines: dict[str, int] = {}
    for line, item, value in file.entries():
        try:
            prediction = _row(value) if item is None else _answer(item, value)
        except FieldError as error:
            file.find(line, error.field, str(error), "type")
            continue
        if prediction.item in predictions:
            first = lines[prediction.item]
            message = f"{prediction.item!r} is there twice, first in line {first}; each item has one answer"
            file.find(line, "id", message, "duplicate-id")
            continue
        predictions[prediction.item] = prediction
        lines[prediction.item] = line
    file.close()
    return predictions


# -------------------------------------------------------------------------------------------- the shapes


def _answer(item: str, text: object) -> Prediction:
    if not isinstance(text, str):
        raise FieldError(item, f"the answer is {shown(text)}; it should be a text")
    return Prediction(item=item, text=text)


def _row(row: Mapping[str, Any]) -> Prediction:
    name = "item" if "item" in row else "id"
    item = row.get(name)
    if not isinstance(item, str) or not item:
        raise FieldError(name, f"is {shown(item)}; it should be an item id, like FACT@ARTICLE")
    error = row.get("error")
    if error is not None and not isinstance(error, str):
        raise FieldError("error", f"is {shown(error)}; it should be a text or null")
    text = row.get("prediction")
    if not isinstance(text, str) and error is None:
        raise FieldError("prediction", f"is {shown(text)}; it should be a text (empty for no answer)")
    probability = number_in(row, "no_answer_probability")
    if probability is not None and not 0 <= probability <= 1:
        raise FieldError("no_answer_probability", f"is {probability}; it should be from 0 to 1")
    return Prediction(
        item=item,
        n_best=_n_best(row),
        null_score=number_in(row, "null_score"),
        text=text if error is None else None,
        no_answer_probability=probability,
        windows=_count(row, "windows"),
        truncated=row.get("truncated") is True,
        error=error,
    )


def _n_best(row: Mapping[str, Any]) -> tuple[Candidate, ...]:
    listed = row.get("n_best") or []
    if not isinstance(listed, list):
        raise FieldError("n_best", f"is {shown(listed)}; it should be a list, best first")
    found: list[Candidate] = []
    for number, entry in enumerate(listed):
        where = f"n_best[{number}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            raise FieldError(where, f"is {shown(entry)}; it should be an object with a text")
        start, end = (_offset(entry, key, where) for key in ("start", "end"))
        if (start is None) != (end is None) or (start is not None and end is not None and end < start):
            raise FieldError(where, f"has start {start} and end {end}; give both, in order, or neither")
        article = entry.get("article")
        if article is not None and not isinstance(article, str):
            raise FieldError(f"{where}.article", f"is {shown(article)}; it should be an article id or null")
        score = number_in(entry, "score", where)
        probability = number_in(entry, "probability", where)
        if score is None:
            # Only the order is known where neither is given.
            score = math.log(probability) if probability else -float(number)
        candidate = Candidate(
            text=entry["text"], article=article, start=start, end=end, score=score, probability=probability
        )
        if found and candidate.score > found[-1].score:
            raise FieldError(where, "has a greater score than the one before it; the best goes first")
        found.append(candidate)
    return tuple(found)


def _offset(entry: Mapping[str, Any], field: str, where: str) -> int | None:
    value = entry.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FieldError(f"{where}.{field}", f"is {shown(value)}; it should be a character offset or null")
    return value


def _count(row: Mapping[str, Any], field: str) -> int:
    return _offset(row, field, "") or 0


def _is_pooled(item: str) -> bool:
    try:
        return ItemId.parse(item).track == "pooled"
    except ValueError:
        return False
