r"""Strict JSON of files that people and other tools write: what every reader of JSON here stands on.

`json.loads` keeps the last of two equal keys, takes NaN, and lets half a character through. In a file that
somebody wrote each of these is a mistake, so each is a problem here, with the field that it is in:

| in the text                          | what is said of it                                                |
|--------------------------------------|-------------------------------------------------------------------|
| a key twice in one object            | the key is there twice; keep one                                  |
| NaN, Infinity                        | NaN is not a number JSON has; write a finite number               |
| 1e999, or an integer of 5,000 digits | the number 1e999 is too great to be read                          |
| a text with half a surrogate pair    | "\ud83d" holds half of a surrogate pair; write the whole character |
| more than `MAX_DEPTH` levels         | nested too deeply; at most 16 levels are read                     |

A text that is no JSON at all raises `NotJsonError`, which knows where it breaks.
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
"""Levels of lists and objects. Our formats have five; a deeper value is a mistake, and could exhaust the
stack.
"""
MAX_PROBLEMS = 50
"""Problems that are listed of one value; more have one cause."""
BYTE_ORDER_MARK = "\ufeff"
MARKED = "starts with a byte-order mark; save as UTF-8 without BOM"
"""What is wrong with a file that has one."""
WIDE = "is UTF-16; save it as UTF-8"
"""What is wrong with a file of two bytes for each character."""
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_TOO_DEEP = f"nested too deeply; at most {MAX_DEPTH} levels are read"
_SPACE = " \t\n\r"
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""How half of a surrogate pair is written, or a whole one."""
_MAY_BE_TOO_GREAT = re.compile(rb"[:,\[]\s*-?(?:[0-9.]+[eE]\+?[0-9]{3}|[0-9]{309})")
"""How a number begins that may be beyond what a float holds."""
_HOLDERS: frozenset[type] = frozenset((dict, list))


class NotJsonError(ValueError):
    """A text is not JSON, or not UTF-8: what is wrong, in a sentence for people, and where."""

    def __init__(self, message: str, position: int | None = None, text: str = "") -> None:
        super().__init__(message)
        self.position = position
        """Offset in the text at which it breaks; None where that is not known."""
        self.line: int = 1
        """Number of the line of the text, from 1."""
        self.column: int | None = None
        """Number of the character in that line, from 1; None where that is not known."""
        if position is not None:
            self.line, self.column = place_in(text, position)


def place_in(text: str, position: int) -> tuple[int, int]:
    """The line of an offset of a text and the character in that line, both from 1."""
    return 1 + text.count("\n", 0, position), position - text.rfind("\n", 0, position)


class Problem(NamedTuple):
    """One thing that is wrong inside a JSON value."""

    field: str
    """The path of the part, as in `claims[1].id`; empty for the value itself."""
    message: str
    line: int | None = None
    """Number of its line in the file, from 1, where the reader counts lines."""
    column: int | None = None
    """Number of the character in that line at which the part begins, from 1, where that is known."""


class Parsed(NamedTuple):
    """A JSON value with what is wrong inside it."""

    value: Any
    problems: tuple[Problem, ...] = ()
    usable: bool = True
    """False if the value holds what no text or number can be (half a character, NaN) or is too deep."""


def parse_json(text: str, *, foreign: bool = False) -> Parsed:
    """Parses the one JSON value that a text is, and lists what is wrong inside it, at most `MAX_PROBLEMS`.

    With `foreign`, of what another tool wrote, half of a surrogate pair is no problem, nor is the depth of a
    value in which nothing else is wrong. Raises NotJsonError if the text is not JSON at all.

    >>> parse_json('{"a": 1, "a": NaN}').problems[0].message
    'the key is there twice; keep one'
    """
    start = 0 if text[:1] == "{" else len(text) - len(text.lstrip(_SPACE))
    parsed, end = parse_at(text, start, foreign=foreign)
    if end < len(text) and (rest := text[end:].lstrip(_SPACE)):
        raise NotJsonError("not valid JSON: Extra data", len(text) - len(rest), text)
    return parsed


def parse_at(text: str, at: int, *, foreign: bool = False) -> tuple[Parsed, int]:
    """The JSON value that begins at an offset of a text, as by `parse_json`, and the offset after its end."""
    try:
        value, end = _scan_strictly(text, at)
    except (ValueError, StopIteration, RecursionError):
        pass  # what is wrong is found below
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
    """The text of a line or a file. Raises NotJsonError at the first byte that is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(error) from None


def not_utf8(error: UnicodeDecodeError) -> NotJsonError:
    """What is wrong with bytes that are not UTF-8."""
    before = error.object[: error.start].decode("utf-8")
    number = error.start - error.object.rfind(b"\n", 0, error.start)
    message = f"not UTF-8 at byte {number} of the line (0x{error.object[error.start]:02x}); save as UTF-8"
    return NotJsonError(message, len(before), before)


def stored_object(data: bytes) -> dict[str, Any]:
    """The JSON object that is in a file of this program's own, or in a line of one; quick.

    Of a key that is there twice the last counts: what was changed in such a file is told by its checksums.
    Raises NotJsonError for everything else that is not an object in strict JSON.
    """
    from pydantic_core import from_json

    try:
        if _MAY_BE_TOO_GREAT.search(data) is not None:  # of which the quick parser makes infinity
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


def describe(value: object) -> str:
    """What a JSON value is, for a sentence.

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
"""Refuses a value, without a reason, at the first part that is wrong in it. Almost every value passes."""


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys it was given twice."""

    __slots__ = ("repeated",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        times = Counter(key for key, _ in pairs) if len(self) < len(pairs) else {}
        self.repeated = sorted(key for key, number in times.items() if number > 1)


@dataclass(frozen=True, slots=True)
class _Refused:
    """Stands where a number was written that cannot be one."""

    message: str


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
"""Reads on past what the other one refuses, and keeps what was wrong in its place."""


def _scan(text: str, at: int) -> tuple[Any, int]:
    """The value at an offset, with what is wrong in its place, and the offset after its end."""
    try:
        return _scan_on(text, at)
    except StopIteration as error:
        raise NotJsonError("not valid JSON: Expecting value", error.value, text) from None
    except json.JSONDecodeError as error:
        raise NotJsonError(f"not valid JSON: {error.msg}", error.pos, text) from None
    except RecursionError:
        raise NotJsonError(_TOO_DEEP) from None


def _is_too_deep(value: Any, text: str, at: int, end: int) -> bool:  # noqa: ANN401
    """Whether a value, which that part of the text spells, has more than `MAX_DEPTH` levels."""
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
    """(field, message, usable) for everything wrong in a parsed value."""
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
