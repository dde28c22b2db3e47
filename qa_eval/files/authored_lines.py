"""Files of JSON Lines that people write by hand: every problem is reported, with its place.

One problem never hides another. The reader reports everything that could surprise the next person, so that
files keep to their format: CRLF line ends, byte-order marks, blank lines, bytes that are not text, and
everything that `strict_json` finds in a value.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import jsonlines

from qa_eval.files.json_columns import with_columns
from qa_eval.files.json_streams import BoundedLines
from qa_eval.files.paths import open_input
from qa_eval.files.strict_json import (
    BYTE_ORDER_MARK,
    MARKED,
    WIDE,
    NotJsonError,
    Parsed,
    decode_utf8,
    describe,
    parse_json,
)
from qa_eval.records import Finding, Severity
from qa_eval.text.phrases import count, show_path

MAX_LINE_BYTES = 1_000_000
"""Greatest length of a line. A fact has a few thousand bytes, so a longer line means a file of another
kind."""
MAX_FILE_BYTES = 50_000_000
"""Greatest size of a file. A larger one is not a set that people wrote, and checking it would take hours."""
MAX_LINES = 50_000
"""Greatest number of lines in a file, for the same reason as `MAX_FILE_BYTES`."""
_SEPARATOR = "\x1e"
"""Character at the start of a line in a JSON text sequence (RFC 7464). `jsonlines` would skip it silently."""


@dataclass(frozen=True, slots=True)
class JsonLine:
    """One line that holds a JSON object."""

    number: int
    """Number of the line, from 1."""
    value: dict[str, Any]
    """Object that the line holds."""
    text: str
    """Text of the line, without its line end."""


def read_json_lines(path: Path) -> tuple[list[JsonLine], list[Finding]]:
    """The lines that hold a JSON object, and findings for everything that is wrong with the file.

    A line with duplicate keys is both returned and reported, so that its other problems show too. The
    function never raises for what the file holds. A file that cannot be read is a finding.
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
        return [], [_finding(shown, None, WIDE)]
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
    """The lines with their line ends, and findings about sizes.

    A line that is too long is given as None and has a finding. At most `MAX_LINE_BYTES` of it are in memory.
    If the whole file is too large, the last finding says so; its check is `file`.
    """
    raw: list[bytes | None] = []
    lines = BoundedLines(file, MAX_LINE_BYTES, MAX_FILE_BYTES)
    refusal = ""
    for number, line in enumerate(lines, 1):
        raw.append(None if number in lines.too_long else line)
        if number > MAX_LINES:
            refusal = f"has more than {MAX_LINES:,} lines; no more are read"
            break
    if lines.exceeded:
        refusal = f"has more than {MAX_FILE_BYTES:,} bytes; no more are read"
    findings = [_finding(shown, number, message) for number, message in lines.too_long.items()]
    return raw, [*findings, _finding(shown, None, refusal)] if refusal else findings


def _is_one_document(raw: Sequence[bytes | None]) -> bool:
    """Whether the file is one pretty-printed JSON document, which would give a finding for each line."""
    first = next((line for line in raw if line is None or line.strip()), None)
    if len(raw) < 2 or first is None or first.rstrip()[-1:] not in (b"{", b"[", b","):
        return False
    try:
        json.loads(b"".join(line or b"?" for line in raw))
    except (ValueError, RecursionError):
        return False
    return True


def _decode_lines(raw: Sequence[bytes | None], shown: str) -> tuple[list[tuple[int, str]], list[Finding]]:
    """(number, text) of each line that can be parsed, and findings about the bytes of all lines."""
    findings: list[Finding] = []
    if raw[-1] is not None and not raw[-1].endswith(b"\n"):
        message = "the last line has no line end; add one"
        findings.append(_finding(shown, len(raw), message, severity="warning"))
    ends = (b"\r\n", b"\r")
    carriage = [number for number, line in enumerate(raw, 1) if line is not None and line.endswith(ends)]
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
        text = decode_utf8(line)
    except NotJsonError as error:
        findings.append(_finding(shown, number, str(error), column=error.column))
        return None
    if text.startswith(BYTE_ORDER_MARK):
        findings.append(_finding(shown, number, MARKED))
        text = text.removeprefix(BYTE_ORDER_MARK)
    if text.startswith((BYTE_ORDER_MARK, _SEPARATOR)):
        what = "a second byte-order mark" if text[0] == BYTE_ORDER_MARK else "a record separator (U+001E)"
        findings.append(_finding(shown, number, f"begins with {what}; delete it"))
        return None
    if not text.strip():
        findings.append(_finding(shown, number, "blank line; delete it", severity="warning"))
        return None
    return text


def _parse_lines(texts: list[tuple[int, str]], shown: str) -> tuple[list[JsonLine], list[Finding]]:
    lines: list[JsonLine] = []
    findings: list[Finding] = []
    reader = jsonlines.Reader([text for _, text in texts], loads=lambda text: parse_json(str(text)))
    for number, text in texts:
        try:
            parsed = cast(Parsed, reader.read())
        except jsonlines.InvalidLineError as error:
            cause = cast(NotJsonError, error.__cause__)
            findings.append(_finding(shown, number, str(cause), column=cause.column))
            continue
        findings += [_finding(shown, number, message, field=field) for field, message, *_ in parsed.problems]
        if not isinstance(parsed.value, dict):
            if parsed.usable:
                message = f"must be a JSON object, found {describe(parsed.value)}"
                findings.append(_finding(shown, number, message))
        elif parsed.usable:
            lines.append(JsonLine(number, parsed.value, text))
    return lines, findings
