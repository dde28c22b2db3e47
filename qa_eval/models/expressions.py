"""Numbers, dates and names in running text, found by their form.

The `first-of-type` baseline uses them. The rules are simple on purpose: they know no lists of names, and are
not tuned to any text.
"""

from __future__ import annotations

import re

from qa_eval.matching.answer_types import ExpressionType
from qa_eval.records import Span
from qa_eval.text.lazy_patterns import lazy_pattern

_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_ONES = "two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_SCALES = "hundred|thousand|million|billion"
_SCALED = r"(?:hundreds|thousands|millions|dozens|scores)(?= of\b)|dozen"
_SPELT = rf"(?:{_TENS})(?:-(?:one|{_ONES}))?|{_TEENS}|{_ONES}"
_NUMBER = (
    rf"(?:(?:{_DIGITS}|{_SPELT}|an?|one)[ -](?:{_SCALES})\b"
    rf"|(?:{_DIGITS})(?![\w%])|(?:{_SPELT})\b|(?:{_SCALED}))"
)
_COUNT = rf"(?:{_DIGITS}|{_SPELT}|an?|one|several|half an?|nearly \w+)"
_MONTH = (
    "Jan(?:uary|\\.)?|Feb(?:ruary|\\.)?|March|Mar\\.|April|Apr\\.|May|June|July|Aug(?:ust|\\.)?|"
    "Sept?(?:ember|\\.)?|Oct(?:ober|\\.)?|Nov(?:ember|\\.)?|Dec(?:ember|\\.)?"
)
_WEEKDAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_YEAR = r"(?:1\d|20)\d\d"
_DAY = r"[0-3]?\d(?:[snr][td]|th)?"
_CAPITAL = r"[^\W\d_a-zß-öø-ÿ][\w’'-]*"

_PATTERNS: dict[ExpressionType, re.Pattern[str]] = {
    "duration": lazy_pattern(
        rf"\b(?:{_COUNT})[ -](?:minute|hour|day|week|month|year|decade)s?(?![ -]old)\b", re.I
    ),
    "age": lazy_pattern(rf"\b(?:{_DIGITS})(?=[ -]years?[ -]old\b)|(?<=\baged )\d+\b|(?<=, )\d\d(?=,)", re.I),
    "money": lazy_pattern(
        rf"[$€£¥]\s?(?:{_DIGITS})(?: (?:{_SCALES}))?|\b(?:{_DIGITS})(?: (?:{_SCALES}))? "
        r"(?:dollars|euros|pounds|cents)\b",
        re.I,
    ),
    "percent": lazy_pattern(rf"\b(?:{_NUMBER})\s?(?:%|percent\b|per cent\b)|\b(?:{_DIGITS})%", re.I),
    "number": lazy_pattern(rf"\b{_NUMBER}", re.I),
    "date": lazy_pattern(
        rf"\b(?:(?:{_WEEKDAY},? )?(?:{_DAY} )?(?:{_MONTH})(?: {_DAY})?\b(?:,? {_YEAR}\b)?"
        rf"|{_WEEKDAY}|{_YEAR})\b"
    ),
    "name": lazy_pattern(rf"\b{_CAPITAL}(?: (?:(?:of|the|al|bin|de|van|von) )*{_CAPITAL})*"),
}
_SENTENCE_START = lazy_pattern(r"(?:^|[.!?:]['\"”’)]*\s+|\n\s*|[“\"(]\s*)$")


def find_expressions(kind: ExpressionType, text: str) -> list[Span]:
    """The spans of all expressions of a type, in text order.

    A date is no name. Neither is a single capitalised word at the start of a sentence, which would be
    capitalised in any case.

    >>> text = "Some 40 of 1,200 men left."
    >>> [span.text(text) for span in find_expressions("number", text)]
    ['40', '1,200']
    """
    spans = [Span(*found.span()) for found in _PATTERNS[kind].finditer(text)]
    if kind != "name":
        return spans
    return [
        span
        for span in spans
        if (" " in span.text(text) or not _SENTENCE_START.search(text, max(0, span.start - 8), span.start))
        and not _PATTERNS["date"].fullmatch(text, span.start, span.end)
    ]
