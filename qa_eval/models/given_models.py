"""What a caller gives as models, specs and objects, looked at before anything is asked of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from qa_eval.errors import SpecError
from qa_eval.models.protocol import Model
from qa_eval.records import Decoding, ModelInfo
from qa_eval.text.phrases import brief, enumerate_words, escaped, quote, unlike

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_PARTS = ("info", "decoding", "predict")
"""What an object has that is a model."""
_WANTED = (
    "a spec such as 'embedded' or an object with info, decoding and predict, as qa_eval.Model describes it, "
    "or several of them"
)


def listed_models(given: object) -> list[str | Model]:
    """The models one by one, a path as a spec. Raises SpecError, naming it, for what is none.

    >>> from pathlib import Path
    >>> listed_models("embedded"), listed_models(Path("runs/squad")), listed_models({"embedded"})
    (['embedded'], ['runs/squad'], ['embedded'])
    """
    if isinstance(given, str | os.PathLike) or _has_parts(given):
        return [_listed("models", given)]
    if isinstance(given, bytes | Mapping | type) or not isinstance(given, Iterable):
        raise SpecError(_unlike_models("models", given))
    return [_listed(f"models[{number}]", one) for number, one in enumerate(given)]


def checked_model(model: Model) -> Model:
    """The model. Raises SpecError where its `info` or `decoding` is of another type, or cannot be stored."""
    called = f"models: {type(model).__name__}"
    if not isinstance(model.info, ModelInfo):
        raise SpecError(unlike(f"{called}.info", model.info, "a ModelInfo"))
    if model.decoding is not None and not isinstance(model.decoding, Decoding):
        raise SpecError(unlike(f"{called}.decoding", model.decoding, "a Decoding, or None"))
    if not callable(model.predict):
        raise SpecError(unlike(f"{called}.predict", model.predict, "a method"))
    for name, value in model.info.parts().items():
        if isinstance(value, str) and escaped(value) != value:
            raise SpecError(f"{called}.info.{name}: {quote(value)} holds half of a surrogate pair")
    _refuse_other_types(model.info, called)
    return model


def _listed(name: str, one: object) -> str | Model:
    if isinstance(one, str):
        return one
    if isinstance(one, os.PathLike) and isinstance(path := os.fspath(one), str):
        return path
    if _has_parts(one):
        return one  # type: ignore[return-value]  # its parts make it one
    raise SpecError(_unlike_models(name, one))


def _has_parts(one: object) -> bool:
    return not isinstance(one, type) and all(hasattr(one, part) for part in _PARTS)


def _unlike_models(name: str, one: object) -> str:
    """What is wrong with what is no model."""
    if isinstance(one, type) and hasattr(one, "predict"):
        return f"{name}: {one.__name__} is a class; give an object of it, such as {one.__name__}()"
    if hasattr(one, "predict"):
        missing = [part for part in _PARTS if not hasattr(one, part)]
        return f"{name}: {brief(one)} has no {enumerate_words(missing, 'and no')}, which a model has"
    return unlike(name, one, _WANTED)


def _refuse_other_types(info: ModelInfo, called: str) -> None:
    """Raises SpecError for a field of another type, which could not be written."""
    from pydantic import ValidationError

    try:
        _stored_form().validate_json(json.dumps(info.parts(), default=repr), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        message = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
        raise SpecError(f"{called}.info.{field}: {brief(first['input'])}: {message}") from None


@cache
def _stored_form() -> TypeAdapter[ModelInfo]:
    from pydantic import TypeAdapter

    return TypeAdapter(ModelInfo)
