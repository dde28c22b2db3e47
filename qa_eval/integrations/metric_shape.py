"""Metrics of `evaluate` that say what is wrong with a row, and that accept rows without optional keys.

`evaluate` itself requires every row to have exactly the keys of its features, and raises a bare KeyError for
a missing or additional key. With that rule no probability could be left out, and metrics that read different
keys could not be combined.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import datasets
import evaluate

from qa_eval.data.answers.answer_shapes import FieldError, given_answer, id_text, plain
from qa_eval.text.phrases import count


def squad_answers() -> dict[str, Any]:
    """The features of a reference in SQuAD's form: the question's id and its golds."""
    return {
        "id": datasets.Value("string"),
        "answers": {
            "text": datasets.List(datasets.Value("string")),
            "answer_start": datasets.List(datasets.Value("int32")),
        },
    }


class ShapedMetric(evaluate.Metric):  # type: ignore[misc]
    """A metric that reads the keys of its features from each row and ignores all others."""

    optional: ClassVar[frozenset[str]] = frozenset()
    """Keys that a row may lack or set to None."""
    unanswerable: ClassVar[bool] = True
    """Flag: "no answer" may be right. It decides how the answer is chosen from an n-best list."""

    def add_batch(self, *, predictions: Any = None, references: Any = None, **others: Any) -> None:  # noqa: ANN401
        """Adds predictions with their references. Raises ValueError with the row and the field."""
        super().add_batch(
            predictions=self._shaped("predictions", self._decided(predictions)),
            references=self._shaped("references", references),
            **others,
        )

    def add(self, *, prediction: Any = None, reference: Any = None, **others: Any) -> None:  # noqa: ANN401
        """Adds one prediction with its reference. Raises ValueError with the field."""
        self.add_batch(predictions=[prediction], references=[reference], **others)

    def _enforce_nested_string_type(self, schema: Any, obj: Any) -> None:  # noqa: ANN401
        """Does nothing, because `shaped` has checked every row. The original checks the first row and refuses
        None.
        """

    def _decided(self, rows: Any) -> Any:  # noqa: ANN401
        """The predictions with a text in place of None or an n-best list, as in a predictions file."""
        if rows is None or isinstance(rows, str | Mapping):
            return rows
        found, nulls = [], []
        for number, row in enumerate(rows):
            place = f"predictions[{number}].prediction_text"
            try:
                given = plain(row.get("prediction_text", "")) if isinstance(row, Mapping) else ""
                listed = given is None or isinstance(given, list | dict)
                answer = given_answer(given, place) if listed else None
            except FieldError as error:
                raise ValueError(f"{error.field or place}: {error}") from None
            if answer is None:
                found.append(row)
                continue
            found.append({**row, "prediction_text": answer.decided(unanswerable=self.unanswerable)})
            nulls += [place] if answer.is_null else []
        if nulls:
            warnings.warn(
                f"None for {count(len(nulls), 'answer')}, such as {nulls[0]}: read as no answer",
                stacklevel=3,
            )
        return found

    def _shaped(self, name: str, rows: Any) -> list[Any]:  # noqa: ANN401
        if rows is None or isinstance(rows, str | Mapping):
            raise ValueError(f"{name}: should be a list of dicts, not {_shown(rows)}")
        return [shaped(self.features[name], row, f"{name}[{n}]", self.optional) for n, row in enumerate(rows)]


def shaped(feature: Any, value: Any, place: str, optional: frozenset[str]) -> Any:  # noqa: ANN401
    """The value reduced to what the feature describes. Optional parts that are missing are None.

    Columns may also be given as a list of dicts. Raises ValueError, whose message begins with the place.
    """
    if isinstance(feature, Mapping):
        return _shaped_dict(feature, value, place, optional)
    if isinstance(feature, datasets.List):
        if isinstance(value, str | Mapping) or not (isinstance(value, Sequence) or hasattr(value, "tolist")):
            raise ValueError(f"{place}: should be a list, not {_shown(value)}")
        return [shaped(feature.feature, part, f"{place}[{n}]", optional) for n, part in enumerate(value)]
    return _scalar(feature.dtype, value, place)


def _scalar(dtype: str, value: Any, place: str) -> Any:  # noqa: ANN401
    wanted: Any
    wanted, what = _KINDS[dtype]
    if not isinstance(value, bool) and isinstance(value, Integral) and place.endswith(_ID_ENDINGS):
        value = id_text(int(value), place)
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise ValueError(f"{place}: should be {what}, not {_shown(value)}")
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(
            f"{place}: holds half of a surrogate pair; write the whole character: {_shown(value)}"
        )
    if dtype == "int32" and not -(2**31) <= int(value) < 2**31:
        raise ValueError(f"{place}: is too large: {_shown(value)}")
    if dtype == "float64" and not _is_finite(value):
        raise ValueError(f"{place}: should be {what}, not {_shown(value)}")
    return value


def _is_finite(value: Any) -> bool:  # noqa: ANN401
    try:
        return math.isfinite(value)
    except OverflowError:  # No float can hold the whole number.
        return False


def _shaped_dict(
    feature: Mapping[str, Any], value: object, place: str, optional: frozenset[str]
) -> dict[str, Any]:
    columns = all(isinstance(part, datasets.List) for part in feature.values())
    if columns and isinstance(value, list) and all(isinstance(row, Mapping) for row in value):
        value = {key: [row[key] for row in value] for key in feature if all(key in row for row in value)}
    if not isinstance(value, Mapping):
        raise ValueError(f"{place}: should be a dict with {', '.join(feature)}, not {_shown(value)}")
    found = {}
    for key, part in feature.items():
        inside = value.get(key)
        if inside is None and key not in optional:
            lacking = (
                "is None"
                if key in value
                else f"is missing; the keys are: {', '.join(map(str, value)) or 'none'}"
            )
            raise ValueError(f"{place}.{key}: {lacking}")
        unused = inside is None or key in _UNUSED
        found[key] = None if unused else shaped(part, inside, f"{place}.{key}", optional)
    return found


_ID_ENDINGS = (".id", ".fact", ".article")
"""Endings of fields that hold ids. A whole number in them becomes its digits."""
_UNUSED = frozenset({"answer_start"})
"""Fields that no score depends on. Their values are not checked."""
_KINDS: dict[str, tuple[type, str]] = {
    "string": (str, "a text"),
    "int32": (Integral, "a whole number"),
    "float64": (Real, "a number"),
}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
