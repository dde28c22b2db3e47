r"""Strict JSON in files that people and other tools write. Every reader of JSON in this package uses it.

`json.loads` keeps the last of two equal keys, accepts NaN, and lets half a surrogate pair through. In a file
that somebody wrote, each of these is a mistake. Here each is reported as a problem, with the field that holds
it:

| in the text                          | message                                                           |
|--------------------------------------|-------------------------------------------------------------------|
| a key twice in one object            | the key is there twice; keep one                                  |
| NaN, Infinity                        | NaN is not a number JSON has; write a finite number               |
| 1e999, or an integer of 5,000 digits | the number 1e999 is too great to be read                          |
| a text with half a surrogate pair    | "\ud83d" holds half of a surrogate pair; write the whole character |
| more than `MAX_DEPTH` levels         | nested too deeply; at most 16 levels are read                     |

A text that is not JSON at all raises `NotJsonError`, which holds the place of the mistake.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from math import isfinite
from typing import Any, NamedTuple, NoReturn

from qa_eval.text.phrases import join_field, quote, shorten

MAX_DEPTH = 16
"""Greatest number of nested lists and objects. The formats of this package have five levels. A deeper value
is a mistake, and could exhaust the stack."""
MAX_PROBLEMS = 50
"""Greatest number of problems that are listed for one value. A greater number usually has one cause."""
BYTE_ORDER_MARK = "\ufeff"
MARKED = "starts with a byte-order mark; save as UTF-8 without BOM"
"""Message about a file that starts with a byte-order mark."""
WIDE = "is UTF-16; save it as UTF-8"
"""Message about a file with two bytes for each character."""
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_TOO_DEEP = f"nested too deeply; at most {MAX_DEPTH} levels are read"
_SPACE = " \t\n\r"
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Escape of half a surrogate pair; a whole pair also begins with it."""
_LARGE_EXPONENTS = tuple(re.compile(rb"%b\+?[0-9]{3,}\s*[,\]}]" % letter) for letter in (b"e", b"E"))
"""End of a number that may exceed the range of a float. One pattern for each letter is faster than one for
both, because a search for a fixed letter is."""
_STRIDE, _DIGITS = 15, re.compile(rb"[0-9]{14}")
"""A number that is too great has an exponent of three digits, or 210 digits and an exponent below 100. That
many digits cover at least 14 of the bytes at multiples of the stride."""
_HOLDERS: frozenset[type] = frozenset((dict, list))


class NotJsonError(ValueError):
    """A text is not JSON, or bytes are not UTF-8. The message says what is wrong; attributes say where."""

    def __init__(self, message: str, position: int | None = None, text: str = "") -> None:
        super().__init__(message)
        self.position = position
        """Offset of the mistake in the text; None if it is not known."""
        self.line: int = 1
        """Number of the line of the mistake, from 1."""
        self.column: int | None = None
        """Number of the character in the line, from 1; None if it is not known."""
        if position is not None:
            self.line, self.column = place_in(text, position)


def place_in(text: str, position: int) -> tuple[int, int]:
    """The number of the line at an offset, and the number of the character in that line, both from 1."""
    return 1 + text.count("\n", 0, position), position - text.rfind("\n", 0, position)


class Problem(NamedTuple):
    """One thing that is wrong inside a JSON value."""

    field: str
    """Path of the wrong part, such as `claims[1].id`; empty for the value itself."""
    message: str
    """Message for people: what is wrong, and what to do."""
    line: int | None = None
    """Number of the line in the file, from 1; None if the reader does not count lines."""
    column: int | None = None
    """Number of the character in the line at which the wrong part begins, from 1; None if it is not known."""


class Parsed(NamedTuple):
    """A JSON value and the problems inside it."""

    value: Any
    """Value of the text."""
    problems: tuple[Problem, ...] = ()
    """Problems inside the value, at most `MAX_PROBLEMS`."""
    usable: bool = True
    """Whether the value can be used: it holds no half surrogate pair and no NaN, and is not too deep."""


def parse_json(text: str, *, foreign: bool = False) -> Parsed:
    """The JSON value of a text, with the problems inside it, at most `MAX_PROBLEMS`.

    `foreign` is for text that another tool wrote. With it, half a surrogate pair is no problem, and neither
    is the depth of a value in which nothing else is wrong. Raises NotJsonError if the text is not JSON at
    all.

    >>> parse_json('{"a": 1, "a": NaN}').problems[0].message
    'the key is there twice; keep one'
    """
    start = 0 if text[:1] == "{" else len(text) - len(text.lstrip(_SPACE))
    parsed, end = parse_at(text, start, foreign=foreign)
    if end < len(text) and (rest := text[end:].lstrip(_SPACE)):
        raise NotJsonError("not valid JSON: Extra data", len(text) - len(rest), text)
    return parsed


def parse_at(text: str, at: int, *, foreign: bool = False) -> tuple[Parsed, int]:
    """The JSON value that begins at an offset of a text, as by `parse_json`, and the offset of its end."""
    try:
        value, end = _scan_strictly(text, at)
    except (ValueError, StopIteration, RecursionError):
        pass  # the slower parser below finds what is wrong
    else:
        if foreign or not (
            _HALF.search(text, at, end) or (type(value) in _HOLDERS and _is_too_deep(value, text, at, end))
        ):
            return Parsed(value, (), True), end
    value, end = _scan(text, at)
    problems = list(islice(_problems(value, "", 1, foreign=foreign), MAX_PROBLEMS))
    usable = len(problems) < MAX_PROBLEMS and all(usable for _, _, usable in problems)
    return Parsed(value, tuple(Problem(field, message) for field, message, _ in problems), usable), end


def decode_utf8(data: bytes) -> str:
    """The text of a line or a file. Raises NotJsonError, which names the first byte that is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(error) from None


def not_utf8(error: UnicodeDecodeError) -> NotJsonError:
    """The error that describes bytes that are not UTF-8."""
    before = error.object[: error.start].decode("utf-8")
    number = error.start - error.object.rfind(b"\n", 0, error.start)
    message = f"not UTF-8 at byte {number} of the line (0x{error.object[error.start]:02x}); save as UTF-8"
    return NotJsonError(message, len(before), before)


def stored_object(data: bytes) -> dict[str, Any]:
    """The JSON object in a file that this program wrote, or in a line of one. Faster than `parse_json`.

    If a key occurs twice, the last value counts. Checksums show whether such a file was changed. Raises
    NotJsonError for anything else that is not an object in strict JSON.
    """
    from pydantic_core import from_json

    try:
        if _may_be_too_great(data):  # of which the quick parser makes infinity
            raise ValueError
        value = from_json(data, allow_inf_nan=False)
    except ValueError:  # the quick parser says less of what is wrong
        if not data.strip():
            raise NotJsonError("is empty; it should hold a JSON object") from None
        for mark, message in ((codecs.BOM_UTF8, MARKED), *((mark, WIDE) for mark in _WIDE_MARKS)):
            if data.startswith(mark):
                raise NotJsonError(message) from None
        parsed = parse_json(decode_utf8(data))
        if not parsed.usable:
            field, message, *_ = parsed.problems[0]
            raise NotJsonError(f"{field}: {message}" if field else message) from None
        value = parsed.value
    if not isinstance(value, dict):
        raise NotJsonError(f"must be a JSON object, found {describe(value)}")
    return value


def _may_be_too_great(data: bytes) -> bool:
    """Whether some number may exceed the range of a float. False only if none does."""
    if any(pattern.search(data) for pattern in _LARGE_EXPONENTS):
        return True
    return len(data) > 210 and _DIGITS.search(data[::_STRIDE]) is not None


def describe(value: object) -> str:
    """A description of a JSON value, for use in a sentence.

    >>> describe(True), describe([1]), describe("ab")
    ('true', 'a list', 'the text "ab"')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}" if abs(value) < 10**15 else "a huge number"
    if isinstance(value, str):
        return f"the text {quote(value)}"
    return "an object" if isinstance(value, dict) else "a list"


# ------------------------------------------------------------------------------------------ the two parsers


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _finite(written: str) -> float:
    value = float(written)
    if not isfinite(value):
        raise ValueError
    return value


_scan_strictly: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(
    object_pairs_hook=_distinct, parse_constant=_refuse, parse_float=_finite
).scan_once  # type: ignore[attr-defined]
"""Parser that refuses a value at its first problem, without a reason. Almost every value passes it."""


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys it was given twice."""

    __slots__ = ("repeated",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        times = Counter(key for key, _ in pairs) if len(self) < len(pairs) else {}
        self.repeated = sorted(key for key, number in times.items() if number > 1)


@dataclass(frozen=True, slots=True)
class _Refused:
    """A placeholder for a number that cannot be read."""

    message: str
    """Message for people: what was written, and what is wrong with it."""


def _constant(written: str) -> _Refused:
    return _Refused(f"{written} is not a number JSON has; write a finite number")


def _float(written: str) -> float | _Refused:
    value = float(written)
    return value if isfinite(value) else _too_great(written)


def _int(written: str) -> int | _Refused:
    try:
        return int(written)
    except ValueError:  # more digits than the interpreter converts
        return _too_great(written)


def _too_great(written: str) -> _Refused:
    length = f" of {len(written):,} characters" if len(written) > 40 else ""
    return _Refused(f"the number {shorten(written, 40)}{length} is too great to be read")


_scan_on: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(
    object_pairs_hook=_Object, parse_constant=_constant, parse_float=_float, parse_int=_int
).scan_once  # type: ignore[attr-defined]
"""Parser that reads a value to its end and keeps a placeholder for each problem."""


def _scan(text: str, at: int) -> tuple[Any, int]:
    """The value at an offset, with placeholders for its problems, and the offset of its end."""
    try:
        return _scan_on(text, at)
    except StopIteration as error:
        raise NotJsonError("not valid JSON: Expecting value", error.value, text) from None
    except json.JSONDecodeError as error:
        raise NotJsonError(f"not valid JSON: {error.msg}", error.pos, text) from None
    except RecursionError:
        raise NotJsonError(_TOO_DEEP) from None


def _is_too_deep(value: Any, text: str, at: int, end: int) -> bool:  # noqa: ANN401
    """Whether a value has more than `MAX_DEPTH` levels. `text[at:end]` is the JSON of the value."""
    if text.count("[", at, end) + text.count("{", at, end) <= MAX_DEPTH:
        return False
    level = [value]  # the lists and objects of one depth
    for _ in range(MAX_DEPTH):
        parts = [*chain.from_iterable([one.values() if type(one) is dict else one for one in level])]
        if _HOLDERS.isdisjoint(map(type, parts)):
            return False
        level = [part for part in parts if type(part) in _HOLDERS]
    return True


def _problems(value: object, field: str, depth: int, *, foreign: bool) -> Iterator[tuple[str, str, bool]]:
    """(field, message, usable) for each problem in a parsed value."""
    parts: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, str):
        if not foreign and any(map(_is_half, value)):
            yield field, _half(quote(value)), False
    elif isinstance(value, _Refused):
        yield field, value.message, False
    elif isinstance(value, dict | list) and depth > MAX_DEPTH:
        yield field, _TOO_DEEP, False
    elif isinstance(value, list):
        parts = enumerate(value)
    elif isinstance(value, _Object):
        for name in value.repeated:
            yield join_field(field, name), "the key is there twice; keep one", True
        if not foreign:
            for name in value:
                if any(map(_is_half, name)):
                    yield join_field(field, name), _half("the key"), False
        parts = value.items()
    for key, part in parts:
        yield from _problems(part, join_field(field, key), depth + 1, foreign=foreign)


def _is_half(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _half(what: str) -> str:
    return f"{what} holds half of a surrogate pair; write the whole character"
