"""The answers of one question in the shapes in which data sets write them, and the flags that say it has
none.

| shape                                          | written by                          |
|------------------------------------------------|-------------------------------------|
| `[{"text": "Ada", "answer_start": 3}]`         | SQuAD, simpletransformers, haystack |
| `{"text": ["Ada"], "answer_start": [3]}`       | the `datasets` library, run_qa.py   |
| `["Ada"]`                                      | MRQA                                |
| `{"text": "Ada", "answer_start": 3}`, `"Ada"`  | sets with one answer to a question  |
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from qa_eval.data.dataset_options import Where
from qa_eval.files.strict_json import describe
from qa_eval.records import Finding

ANSWERS = "the answers; [] if there is none"
_FLAGS: Mapping[str, bool] = {
    "is_impossible": True,
    "unanswerable": True,
    "has_answer": False,
    "answerable": False,
    "is_answerable": False,
}
"""Flags, each with its value for a question that has no right answer."""
FLAGS = tuple(_FLAGS)
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class Gold(msgspec.Struct, frozen=True, gc=False):
    """One answer as it is written."""

    text: str
    start: object
    """Value that is written as its offset; None if there is none."""
    where: Where
    """Place of that value, also if it is missing."""
    placed: bool
    """Flag: an answer of this shape should have an offset."""


def golds_in(value: object, where: Where) -> Generator[Finding, None, list[Gold] | None]:
    """The answers. If their shape is unknown, yields the problem and returns None."""
    if isinstance(value, str):
        if value.strip()[:1] in ("[", "{") and value.strip()[-1:] in ("]", "}"):
            message = "is a list or an object written as text; write it as JSON"
            yield where.finding("shape", message)
            return None
        return [Gold(value, None, where, placed=False)]
    if isinstance(value, dict):
        return (yield from _columns(value, where))
    if not isinstance(value, list):
        yield where.finding("shape", f"must be a text, a list of texts or an object, found {describe(value)}")
        return None
    golds: list[Gold] = []
    sound = True
    for number, entry in enumerate(value):
        place = where.inside(number)
        if isinstance(entry, str):
            golds.append(Gold(entry, None, place, placed=False))
        elif not isinstance(entry, dict):
            yield place.finding("shape", f'must be an object with "text", or text; found {describe(entry)}')
            sound = False
        elif not isinstance(text := entry.get("text"), str):
            yield place.inside("text").finding("shape", _no_text(entry))
            sound = False
        else:
            golds.append(Gold(text, entry.get("answer_start"), place.inside("answer_start"), placed=True))
    return golds if sound else None


def _columns(value: Mapping[str, Any], where: Where) -> Generator[Finding, None, list[Gold] | None]:
    """The answers of `{"text": …, "answer_start": …}`, whose values are two lists or two single values."""
    texts, starts = value.get("text"), value.get("answer_start")
    at, start_at = where.inside("text"), where.inside("answer_start")
    if isinstance(texts, str):
        return [Gold(texts, starts, start_at, placed=True)]
    if not isinstance(texts, list):
        yield at.finding("shape", _no_text(value))
        return None
    wrong = [(number, text) for number, text in enumerate(texts) if not isinstance(text, str)]
    for number, text in wrong:
        yield at.inside(number).finding("shape", f"must be text, found {describe(text)}")
    if wrong:
        return None
    if not isinstance(starts, list) or len(starts) != len(texts):
        # In a list of another length it is unclear which offset belongs to which text.
        return [Gold(text, None, start_at, placed=True) for text in texts]
    return [
        Gold(text, start, start_at.inside(number), placed=True)
        for number, (text, start) in enumerate(zip(texts, starts, strict=True))
    ]


def _no_text(entry: Mapping[str, Any]) -> str:
    if "text" in entry:
        return f"must be text, found {describe(entry['text'])}"
    return f"is missing ({ANSWERS})"


def start_of(start: object) -> int | None:
    """The offset as a number; None if there is none or if it is ambiguous.

    >>> start_of(3), start_of(3.0), start_of("3"), start_of(True), start_of(-1), start_of([3])
    (3, 3, 3, None, -1, None)
    """
    if isinstance(start, float) and start.is_integer():
        return int(start)
    if isinstance(start, str) and start.strip().isascii() and start.strip().isdigit() and len(start) < 20:
        return int(start)
    return start if isinstance(start, int) and not isinstance(start, bool) else None


def detected_places(value: object) -> dict[str, int]:
    """A map from text to first offset, from MRQA's `detected_answers`, in a file of MRQA or in its columns on
    the hub.

    Values of any other shape are ignored.

    >>> detected_places([{"text": "Ada", "char_spans": [[3, 5], [9, 11]]}])
    {'Ada': 3}
    >>> detected_places({"text": ["Ada"], "char_spans": [{"start": [3, 9], "end": [5, 11]}]})
    {'Ada': 3}
    """
    pairs: Sequence[tuple[object, object]] = []
    if isinstance(value, dict):
        texts, spans = value.get("text"), value.get("char_spans")
        if isinstance(texts, list) and isinstance(spans, list):
            pairs = list(zip(texts, spans, strict=False))
    elif isinstance(value, list):
        pairs = [(one.get("text"), one.get("char_spans")) for one in value if isinstance(one, dict)]
    found = {text: _first(spans) for text, spans in pairs if isinstance(text, str)}
    return {text: start for text, start in found.items() if start is not None}


def _first(spans: object) -> int | None:
    if isinstance(spans, dict):
        spans = spans.get("start")
    while isinstance(spans, list) and spans:
        spans = spans[0]
    return start_of(spans.get("start") if isinstance(spans, dict) else spans)


class FlagError(Exception):
    """A flag does not clearly say whether a question has an answer."""

    def __init__(self, flag: str, message: str) -> None:
        self.flag = flag
        super().__init__(message)


def no_answer_flag(part: Mapping[str, Any], named: str | None = None) -> tuple[bool | None, str]:
    """Whether a question is flagged as having no right answer, and the name of the flag.

    `named` is the column that was chosen as `is_impossible`. The first value is None if no flag is set; a
    null is no flag. Raises FlagError for a value that is neither true nor false, and for two flags that
    disagree.

    >>> no_answer_flag({"is_impossible": 1}), no_answer_flag({"has_answer": "True", "is_impossible": None})
    ((True, 'is_impossible'), (False, 'has_answer'))
    """
    said: dict[str, bool] = {}
    for flag, when in _FLAGS.items() if named is None else [(named, True)]:
        value = part.get(flag)
        if value is None or value != value:  # noqa: PLR0124 - NaN, a table's missing value
            continue
        truth = _truth(value)
        if truth is None:
            raise FlagError(flag, f"must be true or false, found {describe(value)}")
        said[flag] = truth == when
    if len(set(said.values())) > 1:
        one, other = next((a, b) for a, b in pairwise(said) if said[a] != said[b])
        found, against = describe(part[one]), describe(part[other])
        raise FlagError(one, f"is {found}, but {other} is {against}; one of the two is wrong")
    return next(((value, flag) for flag, value in said.items()), (None, ""))


def _truth(value: object) -> bool | None:
    """The value of a flag: true or false, 1 or 0, or these as text. None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    return _TRUTHS.get(value.strip().lower()) if isinstance(value, str) else None
