"""Turns a JSON object into a validated line, and the validation library's errors into plain sentences."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from qa_eval.data.corpus_schema import PART_MODELS
from qa_eval.files.strict_json import MAX_PROBLEMS, describe
from qa_eval.text.phrases import join_field, quote, suggestion

Shape = TypeVar("Shape", bound=BaseModel)

EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "text_or_list_type": "text or a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
}
"""Phrases for what a value must be, by the validation library's error type."""


Parts = Mapping[str, type[BaseModel]]
"""Models of the objects in a list, by the name of the list."""


def validate_shape(
    model: type[Shape], value: dict[str, Any], parts: Parts = PART_MODELS
) -> tuple[Shape | None, list[tuple[str, str]]]:
    """The validated line, and the (field, message) of at most `MAX_PROBLEMS` problems of its shape.

    A line whose only problem is unknown keys is returned without them, so that its contents are still
    checked. The line is None if a key is missing or a value has the wrong type.
    """
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    messages = [_sentence(model, detail, parts) for detail in _without_types(details)][:MAX_PROBLEMS]
    if any(detail["type"] != "extra_forbidden" for detail in details):
        return None, messages
    copied = copy.deepcopy(value)
    for detail in details:
        _drop(copied, detail["loc"])
    return model.model_validate(copied), messages


def _without_types(details: Iterable[ErrorDetails]) -> Iterator[ErrorDetails]:
    """The errors with the places of values, for values that may be text or a list.

    The validation library reports what is wrong with such a value as text, and what is wrong with it as a
    list, and adds the type to the place. A value that has one of the types is no error for lack of the other.
    """
    untyped = set()
    for detail in details:
        location = detail["loc"]
        types = [part for part in location if isinstance(part, str) and not part.isidentifier()]
        if detail["type"] == "extra_forbidden" or not types:
            yield detail
            continue
        place = tuple(part for part in location if part not in types)
        if location[-1] not in types or detail["type"] not in EXPECTED:
            yield {**detail, "loc": place}
        elif not isinstance(detail["input"], (str, list)) and place not in untyped:
            untyped.add(place)
            yield {**detail, "loc": place, "type": "text_or_list_type"}


def field_path(location: Sequence[str | int]) -> str:
    """The place of a value in a line.

    >>> field_path(["claims", 1, "evidence", 0, "start"])
    'claims[1].evidence[0].start'
    """
    field = ""
    for part in location:
        field = join_field(field, part)
    return field


def _sentence(model: type[BaseModel], detail: ErrorDetails, parts: Parts) -> tuple[str, str]:
    location, kind, found = detail["loc"], detail["type"], detail["input"]
    field = field_path(location)
    if kind == "missing":
        description = _model_at(model, location, parts).model_fields[str(location[-1])].description
        return field, f"is missing ({description})"
    if kind == "extra_forbidden":
        known = _model_at(model, location, parts).model_fields
        return (
            field,
            f"unknown key {quote(str(location[-1]))}{suggestion(str(location[-1]), known, listed=16)}",
        )
    if kind == "literal_error":
        options = [o.strip("' ") for o in detail["ctx"]["expected"].replace(" or ", ", ").split(",")]
        if isinstance(found, str):
            return field, f"unknown value {quote(found)}{suggestion(found, options)}"
        return field, f"must be one of {', '.join(map(quote, options))}; found {describe(found)}"
    if kind in ("string_too_long", "too_long"):
        unit = "characters" if kind == "string_too_long" else "entries"
        return field, f"has {len(found):,} {unit}; at most {detail['ctx']['max_length']:,} are taken"
    if kind in EXPECTED:
        return field, f"must be {EXPECTED[kind]}, found {describe(found)}"
    return field, f"{detail['msg']}, found {describe(found)}"


def _model_at(model: type[BaseModel], location: Sequence[str | int], parts: Parts) -> type[BaseModel]:
    """The model of the object that holds the last key of the location."""
    for part in location[:-1]:
        if isinstance(part, str):
            model = parts.get(part, model)
    return model


def _drop(value: dict[str, Any], location: Sequence[str | int]) -> None:
    """Deletes the key at the location."""
    holder: Any = value
    for part in location[:-1]:
        holder = holder[part]
    del holder[location[-1]]
