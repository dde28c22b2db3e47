"""Reading JSONL that people write: strictly, every problem with its line, none hiding another.

`json.loads` keeps the last of two equal keys, takes NaN and lets lone surrogates through; `jsonlines` drops
byte-order marks. In files people write each of these is a mistake, so each is a finding here.
"""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import jsonlines

from qa_eval.corpus.phrasing import count, join_field, quote, show_path
from qa_eval.records import Finding, Severity

MAX_LINE_BYTES = 1_000_000
"""A fact is a few thousand bytes; a longer line is a file of another kind."""
MAX_FILE_BYTES = 50_000_000
MAX_LINES = 50_000
"""What is read of a file: more is no set that people wrote, and checking it would take hours."""
MAX_DEPTH = 16
"""Our formats are five levels deep; a deeper value is a mistake, and could exhaust the stack."""

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Line:
    """One line that holds a JSON object."""

    number: int
    """From 1."""
    value: dict[str, Any]


class Parsed(NamedTuple):
    """A JSON value with what is wrong inside it."""

    value: Any
    problems: tuple[tuple[str, str], ...]
    """(field, message) pairs."""
    usable: bool
    """False if the value holds what no text or number can be (half a character, NaN) or is too deep."""


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys it was given twice."""

    __slots__ = ("repeated",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        keys = [key for key, _ in pairs]
        self.repeated = [] if len(self) == len(keys) else sorted({k for k in keys if keys.count(k) > 1})


@dataclass(frozen=True, slots=True)
class _NotFinite:
    """Stands where a number was written that JSON does not have."""

    written: str


def _finite(written: str) -> float | _NotFinite:
    value = float(written)
    return value if math.isfinite(value) else _NotFinite(written)


def parse_json(text: str | bytes) -> Parsed:
    """Parses one JSON value and lists what is wrong inside it.

    Raises ValueError with a sentence for people if the text is not JSON at all.

    >>> parse_json('{"a": 1, "a": NaN}').problems[0]
    ('a', 'the key is there twice; keep one')
    """
    try:
        value = json.loads(text, object_pairs_hook=_Object, parse_constant=_NotFinite, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON at column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise ValueError(f"nested too deeply; at most {MAX_DEPTH} levels are read") from error
    except ValueError as error:  # the interpreter's limit on the digits of an integer
        raise ValueError("holds a number of more digits than can be read") from error
    problems = list(_problems(value, "", 1))
    return Parsed(value, tuple((f, m) for f, m, _ in problems), all(usable for _, _, usable in problems))


def _problems(value: object, field: str, depth: int) -> Iterator[tuple[str, str, bool]]:
    """(field, message, usable) for everything wrong in a parsed value."""
    if isinstance(value, str):
        if any("\ud800" <= c <= "\udfff" for c in value):
            yield field, f"{quote(value)} holds half of a surrogate pair; write the whole character", False
    elif isinstance(value, _NotFinite):
        yield field, f"{value.written} is not a number JSON has; write a finite number", False
    elif isinstance(value, dict | list) and depth > MAX_DEPTH:
        yield field, f"nested too deeply; at most {MAX_DEPTH} levels are read", False
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _problems(part, join_field(field, index), depth + 1)
    elif isinstance(value, _Object):
        for key in value.repeated:
            yield join_field(field, key), "the key is there twice; keep one", True
        for key, part in value.items():
            yield from _problems(part, join_field(field, key), depth + 1)


def read_json_lines(path: Path) -> tuple[list[Line], list[Finding]]:
    """Every line that holds a JSON object, and a finding for everything else that is wrong with the file.

    Lines with duplicate keys are returned and reported, so that their other problems show too.
    Never raises on what the file holds; a file that cannot be read is a finding.
    """
    shown = show_path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return [], [_finding(shown, None, f"cannot be read: {error.strerror or error}")]
    refusal = _too_much(data, shown)
    if refusal is not None:
        return [], [refusal]
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return [], [_finding(shown, None, "is UTF-16; save it as UTF-8")]
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        return [], [_finding(shown, None, "is empty; one JSON object a line is expected")]
    if _is_one_document(data):
        message = "is one JSON document over several lines; write each object on a line of its own"
        return [], [_finding(shown, 1, message)]
    texts, findings = _decode_lines(data, shown)
    lines, more = _parse_lines(texts, shown)
    return lines, sorted([*findings, *more], key=lambda f: f.line or 0)


def _finding(
    shown: str, line: int | None, message: str, *, field: str = "", severity: Severity = "error"
) -> Finding:
    check = "json" if line is not None else "file"
    return Finding(severity=severity, path=shown, line=line, field=field, message=message, check=check)


def _too_much(data: bytes, shown: str) -> Finding | None:
    if len(data) > MAX_FILE_BYTES:
        return _finding(shown, None, f"has more than {MAX_FILE_BYTES:,} bytes; no more are read")
    if data.count(b"\n") > MAX_LINES:
        return _finding(shown, None, f"has more than {MAX_LINES:,} lines; no more are read")
    return None


def _is_one_document(data: bytes) -> bool:
    """True for pretty-printed JSON, which would otherwise give a finding for each of its lines."""
    first, _, rest = data.strip().partition(b"\n")
    if not rest or first.rstrip()[-1:] not in (b"{", b"[", b","):
        return False
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _decode_lines(data: bytes, shown: str) -> tuple[list[tuple[int, str]], list[Finding]]:
    """(number, text) of the lines worth parsing, and what is wrong with the bytes of the others."""
    raw = data.split(b"\n")
    findings: list[Finding] = []
    if raw[-1] == b"":
        raw.pop()
    else:
        message = "the last line has no line end; add one"
        findings.append(_finding(shown, len(raw), message, severity="warning"))
    carriage = [number for number, line in enumerate(raw, 1) if line.endswith(b"\r")]
    if carriage:
        message = f"CRLF line ends ({count(len(carriage), 'line')} of {len(raw)}); save the file with LF"
        findings.append(_finding(shown, carriage[0], message))
    texts: list[tuple[int, str]] = []
    for number, line in enumerate(raw, 1):
        text = _decode_line(line.removesuffix(b"\r"), number, shown, findings)
        if text is not None:
            texts.append((number, text))
    return texts, findings


def _decode_line(line: bytes, number: int, shown: str, findings: list[Finding]) -> str | None:
    if len(line) > MAX_LINE_BYTES:
        message = f"the line has {len(line):,} bytes; at most {MAX_LINE_BYTES:,} are read"
        findings.append(_finding(shown, number, message))
        return None
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"0x{line[error.start]:02x}"
        message = f"not UTF-8 at byte {error.start + 1} of the line ({byte}); save as UTF-8"
        findings.append(_finding(shown, number, message))
        return None
    if text.startswith(BYTE_ORDER_MARK):
        findings.append(_finding(shown, number, "starts with a byte-order mark; save as UTF-8 without BOM"))
        text = text.removeprefix(BYTE_ORDER_MARK)
    if not text.strip():
        findings.append(_finding(shown, number, "blank line; delete it", severity="warning"))
        return None
    return text


def _parse_lines(texts: list[tuple[int, str]], shown: str) -> tuple[list[Line], list[Finding]]:
    lines: list[Line] = []
    findings: list[Finding] = []
    # A record separator (RFC 7464) or second byte-order mark would be dropped by jsonlines: a space makes it
    # reach our parser, which refuses it.
    reader = jsonlines.Reader([" " + text for _, text in texts], loads=lambda text: parse_json(text[1:]))
    for number, _ in texts:
        try:
            parsed = cast(Parsed, reader.read())
        except jsonlines.InvalidLineError as error:
            findings.append(_finding(shown, number, str(error.__cause__)))
            continue
        findings += [_finding(shown, number, message, field=field) for field, message in parsed.problems]
        if not isinstance(parsed.value, dict):
            if parsed.usable:
                message = f"must be a JSON object, found {describe(parsed.value)}"
                findings.append(_finding(shown, number, message))
        elif parsed.usable:
            lines.append(Line(number, parsed.value))
    return lines, findings


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
