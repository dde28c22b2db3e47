"""The canonical form of question lines: one order of keys, sorted evidence, correct offsets.

The functions are pure. They never change what a line means: only a person can correct a wrong flag, a missing
claim or a text that occurs twice in an article. A line that is not a valid question is left byte for byte as
it is.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from qa_eval.data.content_hashes import question_record
from qa_eval.data.corpus_schema import QuestionLine
from qa_eval.data.validation import validate_shape
from qa_eval.files.authored_lines import MAX_LINE_BYTES
from qa_eval.files.strict_json import parse_json
from qa_eval.records import Evidence, Question
from qa_eval.text.terminal import safe_json


def canonical_line(question: Question, *, contested: bool | None = None) -> str:
    """The question as a line without line end. `contested` is the flag as it was written.

    Characters that could control a terminal or reorder text are written as escapes, so that readers of the
    file see them.
    """
    record = question_record(question)
    if contested is not None:
        record["contested"] = contested
    return safe_json(json.dumps(record, ensure_ascii=False))


def fix_lines(data: bytes, articles: Mapping[str, str]) -> tuple[bytes, tuple[int, ...]]:
    """A question file in canonical form, and the numbers of the lines that changed.

    `articles` maps ids to texts. Line ends become LF; blank lines and a byte-order mark are removed. A wrong
    offset is corrected only if the text occurs in the article exactly once.
    """
    if not data.strip() or data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data, ()
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    fixed: list[bytes] = []
    changed: list[int] = []
    for number, line in enumerate(lines, 1):
        new = _fix_line(line.removesuffix(b"\r").removeprefix(codecs.BOM_UTF8), articles)
        if new.strip():
            fixed.append(new)
        if new != line or not new.strip():
            changed.append(number)
    result = b"".join(line + b"\n" for line in fixed)
    if result != data and not changed:  # the last line end alone
        changed.append(len(lines))
    return result, tuple(changed)


def _fix_line(line: bytes, articles: Mapping[str, str]) -> bytes:
    if len(line) > MAX_LINE_BYTES:
        return line
    try:
        parsed = parse_json(line.decode("utf-8"))
    except ValueError:
        return line
    if parsed.problems or not isinstance(parsed.value, dict):
        return line
    written, messages = validate_shape(QuestionLine, parsed.value)
    if written is None or messages:
        return line
    question = arrange(written.to_record(), articles)
    return canonical_line(question, contested=written.contested).encode("utf-8")


def arrange(question: Question, articles: Mapping[str, str]) -> Question:
    """The question with its evidence sorted by article and place. Offsets are corrected where that is
    unambiguous.
    """
    claims = []
    for claim in question.claims:
        placed = [_placed(e, articles.get(e.article)) for e in claim.evidence]
        placed.sort(key=lambda e: (e.article, e.start, len(e.text)))
        claims.append(replace(claim, evidence=tuple(placed)))
    return replace(question, claims=tuple(claims))


def _placed(evidence: Evidence, text: str | None) -> Evidence:
    if text is None or not evidence.text:
        return evidence
    if evidence.start >= 0 and text[evidence.start : evidence.end] == evidence.text:
        return evidence
    only = _only_place(evidence.text, text)
    return evidence if only is None else replace(evidence, start=only)


@lru_cache(maxsize=4096)
def _only_place(part: str, text: str) -> int | None:
    first = text.find(part)
    return first if first >= 0 and text.find(part, first + 1) < 0 else None
