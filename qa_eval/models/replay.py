"""Answers stored in a file, replayed as a model: our own predictions files, or somebody else's.

Three shapes are read: a JSON object `{item id: text}`; JSON lines with `id` (or `item`) and `prediction`, and
optionally `no_answer_probability` and `n_best`; and the rows that `qa-eval run` writes, which are such lines.
A text in the file is final: it is not decided again by a threshold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from qa_eval.errors import InputError, SpecError
from qa_eval.models.protocol import ModelSpec
from qa_eval.provenance import sha256_files, sha256_json
from qa_eval.records import Candidate, Decoding, Finding, Instance, ItemId, ModelInfo, Prediction, Runtime

_VERSION = "1"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Replay:
    """Stored predictions as a `Model`. An item that the file does not hold gets no prediction."""

    info: ModelInfo
    predictions: Mapping[str, Prediction]
    answers_pooled: bool
    """Whether the file answers pooled items (`FACT@*`) itself; such instances have no context."""
    decoding: Decoding | None = None

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """The stored prediction of each instance that has one, in order."""
        return (self.predictions[i.item] for i in instances if i.item in self.predictions)


def resolve_replay(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Replay:
    """Reads the file. Raises `InputError` with every finding, each with file and line."""
    if spec.options:
        raise SpecError(f"{spec}: a predictions file has no options")
    path = Path(spec.name).expanduser()
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
    """The predictions of a file by item id. Raises `InputError`.

    `.jsonl` files hold a row per line; any other file may also be one JSON object from ids to texts. Refused:
    missing or empty files, a byte order mark, text that is not UTF-8, duplicate ids or keys, NaN, and fields
    of the wrong type. Fields that are not known are passed over.
    """
    reading = _File(path)
    text = reading.text()
    if path.suffix != ".jsonl" and (whole := _whole_object(text)) is not None:
        _read_mapping(reading, text, whole)
    else:
        _read_lines(reading, text)
    if reading.findings:
        raise InputError(reading.findings)
    return reading.predictions


class _File:
    """A file being read: what was found in it so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self.predictions: dict[str, Prediction] = {}
        self.lines: dict[str, int | None] = {}

    def find(self, line: int | None, field: str, message: str, check: str) -> None:
        self.findings.append(
            Finding(
                severity="error", path=str(self.path), line=line, field=field, message=message, check=check
            )
        )

    def refuse(self, message: str, check: str) -> NoReturn:
        self.find(None, "", message, check)
        raise InputError(self.findings)

    def text(self) -> str:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            self.refuse("there is no such file", "missing-file")
        except OSError as error:
            self.refuse(f"cannot be read: {error.strerror or error}", "unreadable-file")
        if data.startswith(_BOM):
            self.refuse("starts with a byte order mark; save it as UTF-8 without one", "byte-order-mark")
        if not data.strip():
            self.refuse("is empty; it should hold predictions", "empty-file")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.find(line, "", f"is not UTF-8 (byte {error.start})", "encoding")
            raise InputError(self.findings) from error

    def add(self, item: str, prediction: Prediction, line: int | None) -> None:
        if item in self.predictions:
            first = self.lines[item]
            where = f", first in line {first}" if first is not None else ""
            self.find(line, "id", f"{item!r} is there twice{where}; each item has one answer", "duplicate-id")
            return
        self.predictions[item] = prediction
        self.lines[item] = line


# -------------------------------------------------------------------------------------------- the shapes


def _read_mapping(file: _File, text: str, whole: Mapping[str, Any]) -> None:
    try:
        _strict_json(text)
    except ValueError as error:
        file.refuse(f"{error}", "json")
    for item, answer in whole.items():
        if isinstance(answer, str):
            file.add(item, Prediction(item=item, text=answer), None)
        else:
            file.find(None, item, f"the answer is {_shown(answer)}; it should be a text", "type")


def _read_lines(file: _File, text: str) -> None:
    # Not splitlines(): that also splits at separators which are legal inside JSON strings.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = _strict_json(line)
        except ValueError as error:
            file.find(number, "", f"{error}", "json")
            continue
        if not isinstance(row, dict):
            file.find(number, "", f"is {_shown(row)}; each line should be a JSON object", "type")
            continue
        try:
            prediction = _row(row)
        except _FieldError as error:
            file.find(number, error.field, str(error), "type")
            continue
        file.add(prediction.item, prediction, number)


class _FieldError(Exception):
    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


def _row(row: Mapping[str, Any]) -> Prediction:
    name = "item" if "item" in row else "id"
    item = row.get(name)
    if not isinstance(item, str) or not item:
        raise _FieldError(name, f"is {_shown(item)}; it should be an item id, like FACT@ARTICLE")
    error = row.get("error")
    if error is not None and not isinstance(error, str):
        raise _FieldError("error", f"is {_shown(error)}; it should be a text or null")
    text = row.get("prediction")
    if not isinstance(text, str) and error is None:
        raise _FieldError("prediction", f"is {_shown(text)}; it should be a text (empty for no answer)")
    probability = _number(row, "no_answer_probability")
    if probability is not None and not 0 <= probability <= 1:
        raise _FieldError("no_answer_probability", f"is {probability}; it should be from 0 to 1")
    return Prediction(
        item=item,
        n_best=_n_best(row),
        null_score=_number(row, "null_score"),
        text=text if error is None else None,
        no_answer_probability=probability,
        windows=_count(row, "windows"),
        truncated=row.get("truncated") is True,
        error=error,
    )


def _n_best(row: Mapping[str, Any]) -> tuple[Candidate, ...]:
    listed = row.get("n_best") or []
    if not isinstance(listed, list):
        raise _FieldError("n_best", f"is {_shown(listed)}; it should be a list, best first")
    found: list[Candidate] = []
    for number, entry in enumerate(listed):
        where = f"n_best[{number}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            raise _FieldError(where, f"is {_shown(entry)}; it should be an object with a text")
        start, end = (_offset(entry, key, where) for key in ("start", "end"))
        if (start is None) != (end is None) or (start is not None and end is not None and end < start):
            raise _FieldError(where, f"has start {start} and end {end}; give both, in order, or neither")
        article = entry.get("article")
        if article is not None and not isinstance(article, str):
            raise _FieldError(f"{where}.article", f"is {_shown(article)}; it should be an article id or null")
        score = _number(entry, "score", where)
        probability = _number(entry, "probability", where)
        if score is None:
            # Only the order is known where neither is given.
            score = math.log(probability) if probability else -float(number)
        candidate = Candidate(
            text=entry["text"], article=article, start=start, end=end, score=score, probability=probability
        )
        if found and candidate.score > found[-1].score:
            raise _FieldError(where, "has a greater score than the one before it; the best goes first")
        found.append(candidate)
    return tuple(found)


def _number(row: Mapping[str, Any], field: str, where: str = "") -> float | None:
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _FieldError(f"{where}.{field}".strip("."), f"is {_shown(value)}; it should be a number or null")
    return float(value)


def _offset(entry: Mapping[str, Any], field: str, where: str) -> int | None:
    value = entry.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _FieldError(f"{where}.{field}", f"is {_shown(value)}; it should be a character offset or null")
    return value


def _count(row: Mapping[str, Any], field: str) -> int:
    return _offset(row, field, "") or 0


# --------------------------------------------------------------------------------------------- strict JSON


def _strict_json(text: str) -> object:
    """`json.loads` that refuses duplicate keys, NaN and numbers too great. Raises ValueError for people."""
    try:
        return json.loads(
            text, object_pairs_hook=_distinct_keys, parse_constant=_no_constant, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        at = f"column {error.colno}" if error.lineno == 1 else f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"is not JSON ({at}: {error.msg})") from error


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"has the key {key!r} twice")
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"holds {name}, which is no JSON number")


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"holds the number {text}, which is too great")
    return value


def _whole_object(text: str) -> dict[str, Any] | None:
    """The file as one JSON object from ids to texts, or None where it is rows (or no JSON at all)."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, dict) or ("prediction" in value and ("id" in value or "item" in value)):
        return None
    return value


def _shown(value: object) -> str:
    """A value as people should see it in a message, not longer than a line."""
    if value is None:
        return "missing or null"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"


def _is_pooled(item: str) -> bool:
    try:
        return ItemId.parse(item).track == "pooled"
    except ValueError:
        return False
