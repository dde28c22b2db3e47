"""Reading JSONL that people write: strictly, every problem with its line, none hiding another.

`json.loads` keeps the last of two equal keys, takes NaN and lets lone surrogates through; `jsonlines` drops
byte-order marks. In files people write each of these is a mistake, so each is a finding here.
"""

from __future__ import annotations

import codecs
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import jsonlines

from qa_eval.files.json_columns import with_columns
from qa_eval.files.paths import open_input
from qa_eval.records import Finding, Severity
from qa_eval.text.phrases import count, join_field, quote, show_path

MAX_LINE_BYTES = 1_000_000
"""A fact is a few thousand bytes; a longer line is a file of another kind."""
MAX_FILE_BYTES = 50_000_000
MAX_LINES = 50_000
"""What is read of a file: more is no set that people wrote, and checking it would take hours."""
MAX_LINE_PROBLEMS = 50
"""Told of one line; more have one cause."""
MAX_DEPTH = 16
"""Our formats are five levels deep; a deeper value is a mistake, and could exhaust the stack."""

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class JsonLine:
    """One line that holds a JSON object."""

    number: int
    """From 1."""
    value: dict[str, Any]
    text: str


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
        times = Counter(key for key, _ in pairs) if len(self) < len(pairs) else {}
        self.repeated = sorted(key for key, number in times.items() if number > 1)


@dataclass(frozen=True, slots=True)
class _NotFinite:
    """Stands where a number was written that JSON does not have."""

    written: str


def _finite(written: str) -> float | _NotFinite:
    value = float(written)
    return value if math.isfinite(value) else _NotFinite(written)


class NotJsonError(ValueError):
    """A text is not JSON, said in a sentence for people."""

    def __init__(self, message: str, column: int | None = None) -> None:
        super().__init__(message)
        self.column = column
        """Where it breaks, from 1, where that is known."""


def parse_json(text: str) -> Parsed:
    """Parses one JSON value and lists what is wrong inside it, at most `MAX_LINE_PROBLEMS` of it.

    Raises NotJsonError if the text is not JSON at all.

    >>> parse_json('{"a": 1, "a": NaN}').problems[0]
    ('a', 'the key is there twice; keep one')
    """
    try:
        value = json.loads(text, object_pairs_hook=_Object, parse_constant=_NotFinite, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise NotJsonError(f"not valid JSON: {error.msg}", error.colno) from error
    except RecursionError as error:
        raise NotJsonError(f"nested too deeply; at most {MAX_DEPTH} levels are read") from error
    except ValueError as error:  # the interpreter's limit on the digits of an integer
        raise NotJsonError("holds a number of more digits than can be read") from error
    problems = list(islice(_problems(value, "", 1), MAX_LINE_PROBLEMS))
    usable = len(problems) < MAX_LINE_PROBLEMS and all(usable for _, _, usable in problems)
    return Parsed(value, tuple((field, message) for field, message, _ in problems), usable)


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


def read_json_lines(path: Path) -> tuple[list[JsonLine], list[Finding]]:
    """Every line that holds a JSON object, and a finding for everything else that is wrong with the file.

    Lines with duplicate keys are returned and reported, so that their other problems show too.
    Never raises on what the file holds; a file that cannot be read is a finding.
    """
    shown = show_path(path)
    try:
        with open_input(path) as file:
            raw, findings = _split(file, shown)
    except OSError as error:
        return [], [_finding(shown, None, f"cannot be read: {error.strerror or error}")]
    if findings and findings[-1].check == "file":
        return [], findings
    if raw[:1] and raw[0] is not None and raw[0][:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return [], [_finding(shown, None, "is UTF-16; save it as UTF-8")]
    if all(line is not None and not line.removeprefix(codecs.BOM_UTF8).strip() for line in raw):
        return [], [_finding(shown, None, "is empty; one JSON object a line is expected")]
    if _is_one_document(raw):
        message = "is one JSON document over several lines; write each object on a line of its own"
        return [], [_finding(shown, 1, message)]
    texts, more = _decode_lines(raw, shown)
    lines, wrong = _parse_lines(texts, shown)
    findings = with_columns([*findings, *more, *wrong], {(shown, number): text for number, text in texts})
    return lines, sorted(findings, key=lambda f: f.line or 0)


def _finding(
    shown: str,
    line: int | None,
    message: str,
    *,
    field: str = "",
    column: int | None = None,
    severity: Severity = "error",
) -> Finding:
    check = "json" if line is not None else "file"
    return Finding(
        severity=severity, path=shown, line=line, column=column, field=field, message=message, check=check
    )


def _split(file: IO[bytes], shown: str) -> tuple[list[bytes | None], list[Finding]]:
    """The lines with their line ends, None for one that is too long, and a finding for each of those.

    No more of a long line is held than may be read of one. Where the file as a whole is too much, the last
    finding, of the check `file`, says so.
    """
    raw: list[bytes | None] = []
    findings: list[Finding] = []
    left = MAX_FILE_BYTES
    while line := file.readline(min(MAX_LINE_BYTES, left) + 1):
        left -= len(line)
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            size = len(line)
            while left >= 0 and not line.endswith(b"\n") and (line := file.readline(MAX_LINE_BYTES)):
                size += len(line)
                left -= len(line)
            size, at_least = size - line.endswith(b"\n"), "" if left >= 0 else "at least "
            message = f"the line has {at_least}{size:,} bytes; at most {MAX_LINE_BYTES:,} are read"
            findings.append(_finding(shown, len(raw) + 1, message))
            raw.append(None)
        else:
            raw.append(line)
        if left < 0:
            refusal = f"has more than {MAX_FILE_BYTES:,} bytes; no more are read"
            return raw, [*findings, _finding(shown, None, refusal)]
        if len(raw) > MAX_LINES:
            refusal = f"has more than {MAX_LINES:,} lines; no more are read"
            return raw, [*findings, _finding(shown, None, refusal)]
    return raw, findings


def _is_one_document(raw: Sequence[bytes | None]) -> bool:
    """True for pretty-printed JSON, which would otherwise give a finding for each of its lines."""
    first = next((line for line in raw if line is None or line.strip()), None)
    if len(raw) < 2 or first is None or first.rstrip()[-1:] not in (b"{", b"[", b","):
        return False
    try:
        json.loads(b"".join(line or b"?" for line in raw))
    except (ValueError, RecursionError):
        return False
    return True


def _decode_lines(raw: Sequence[bytes | None], shown: str) -> tuple[list[tuple[int, str]], list[Finding]]:
    """(number, text) of the lines worth parsing, and what is wrong with the bytes of the others."""
    findings: list[Finding] = []
    if raw[-1] is not None and not raw[-1].endswith(b"\n"):
        message = "the last line has no line end; add one"
        findings.append(_finding(shown, len(raw), message, severity="warning"))
    carriage = [number for number, line in enumerate(raw, 1) if line is not None and line.endswith(b"\r\n")]
    if carriage:
        message = f"CRLF line ends ({count(len(carriage), 'line')} of {len(raw)}); save the file with LF"
        findings.append(_finding(shown, carriage[0], message))
    texts: list[tuple[int, str]] = []
    for number, line in enumerate(raw, 1):
        text = None if line is None else _decode_line(line.rstrip(b"\r\n"), number, shown, findings)
        if text is not None:
            texts.append((number, text))
    return texts, findings


def _decode_line(line: bytes, number: int, shown: str, findings: list[Finding]) -> str | None:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"0x{line[error.start]:02x}"
        message = f"not UTF-8 at byte {error.start + 1} of the line ({byte}); save as UTF-8"
        column = len(line[: error.start].decode("utf-8")) + 1
        findings.append(_finding(shown, number, message, column=column))
        return None
    if text.startswith(BYTE_ORDER_MARK):
        findings.append(_finding(shown, number, "starts with a byte-order mark; save as UTF-8 without BOM"))
        text = text.removeprefix(BYTE_ORDER_MARK)
    if not text.strip():
        findings.append(_finding(shown, number, "blank line; delete it", severity="warning"))
        return None
    return text


def _parse_lines(texts: list[tuple[int, str]], shown: str) -> tuple[list[JsonLine], list[Finding]]:
    lines: list[JsonLine] = []
    findings: list[Finding] = []
    # A record separator (RFC 7464) or second byte-order mark would be dropped by jsonlines: a space makes it
    # reach our parser, which refuses it.
    reader = jsonlines.Reader([" " + text for _, text in texts], loads=lambda text: parse_json(str(text)[1:]))
    for number, text in texts:
        try:
            parsed = cast(Parsed, reader.read())
        except jsonlines.InvalidLineError as error:
            cause = cast(NotJsonError, error.__cause__)
            findings.append(_finding(shown, number, str(cause), column=cause.column))
            continue
        findings += [_finding(shown, number, message, field=field) for field, message in parsed.problems]
        if not isinstance(parsed.value, dict):
            if parsed.usable:
                message = f"must be a JSON object, found {describe(parsed.value)}"
                findings.append(_finding(shown, number, message))
        elif parsed.usable:
            lines.append(JsonLine(number, parsed.value, text))
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
