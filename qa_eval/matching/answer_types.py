"""The type of value that a question asks for, from its own words: for questions without a type.

Public sets give no types, and with a wrong type the typed match accepts too much. So only numbers, amounts
and dates count as certain, recognized by English phrases that ask for nothing else. On SQuAD 2.0's dev set
they are the types of 2,031 of 11,873 questions. Each annotator's answer to these was compared with the other
annotators' answers. Of 3,350 answers, the typed match accepts 231 that EM refuses, and it refuses none that
EM accepts. Version 1 of the match accepted 233 such answers. People read 60 of these, and 58 were right.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, overload

from qa_eval.records import AnswerType
from qa_eval.text.lazy_patterns import lazy_pattern

ExpressionType = Literal["duration", "age", "money", "percent", "number", "date", "name"]
"""Type of an expression that its shape identifies in running text."""

_UNITS = "seconds|minutes|hours|days|weeks|months|years|decades|centuries"
_CERTAIN: tuple[tuple[AnswerType, str], ...] = (
    ("age", r"how old|at what age"),
    ("percent", r"(?:what|which) (?:percentage|percent)"),
    ("duration", rf"how many (?:\w+ )?(?:{_UNITS})"),
    ("money", r"how much money|how many (?:\w+ )?(?:dollars|euros|pounds)"),
    ("number", r"how many"),
    ("date", r"when|(?:what|which) (?:year|date|month|day|decade|century)"),
)
"""Patterns of questions, in small letters, whose type is certain."""
_LIKELY: tuple[tuple[ExpressionType, str], ...] = (
    ("age", r"\bhow old\b|\b(?:what|which) age\b|\bat what age\b"),
    ("duration", r"\bhow long\b|\bhow many (?:more )?(?:\w+ )?(?:minutes|hours|days|weeks|months|years)\b"),
    ("percent", r"\b(?:what|which) (?:percentage|percent|proportion|share|fraction)\b"),
    ("money", r"\bhow much (?:money|did .* (?:cost|pay|earn))\b|\b(?:what|which) (?:price|cost|sum)\b"),
    ("number", r"\bhow (?:many|much)\b|\b(?:what|which) (?:is |was |were )?(?:the )?number\b|\btoll\b"),
    ("date", r"\bwhen\b|\b(?:what|which) (?:exact )?(?:year|month|day|date|century|decade|weekday)\b"),
    (
        "name",
        r"\bwho(?:m|se)?\b|\bwhere\b|\b(?:what|which) (?:\w+ )?(?:name|person|man|woman|people|group|"
        r"army|militia|unit|company|agency|newspaper|organi[sz]ation|country|city|cities|town|region|"
        r"province|place|state|president|director|leader|minister)\b",
    ),
)
"""Patterns of questions whose type is likely. They are deliberately shallow, for a baseline."""


@overload
def asked_type(question: str) -> AnswerType | None: ...


@overload
def asked_type(question: str, *, likely: Literal[True]) -> ExpressionType | None: ...


def asked_type(question: str, *, likely: bool = False) -> AnswerType | ExpressionType | None:
    """The type of value that answers the question; None if its words leave a doubt.

    With `likely`, it is the most likely kind of expression, and names count as one.

    >>> asked_type("How many people live there?"), asked_type("How long is it?"), asked_type("Who won?")
    ('number', None, None)
    >>> asked_type("How long is it?", likely=True), asked_type("Who won?", likely=True)
    ('duration', 'name')
    >>> asked_type("Why did they leave?", likely=True)
    """
    if likely:
        return next((kind for kind, pattern in _LIKELY_PATTERNS if pattern.search(question)), None)
    return _certain_type(question)


@lru_cache(maxsize=1 << 14)
def _certain_type(question: str) -> AnswerType | None:
    question = question.lower()  # faster than a search that ignores the case
    if not _ANY_CERTAIN.search(question):
        return None
    return next((kind for kind, pattern in _CERTAIN_PATTERNS if pattern.search(question)), None)


_CERTAIN_PATTERNS = tuple((kind, lazy_pattern(rf"\b(?:{phrase})\b")) for kind, phrase in _CERTAIN)
_ANY_CERTAIN = lazy_pattern(rf"\b(?:{'|'.join(phrase for _, phrase in _CERTAIN)})\b")
"""All of them in one, because most questions fit none."""
_LIKELY_PATTERNS = tuple((kind, lazy_pattern(pattern, re.IGNORECASE)) for kind, pattern in _LIKELY)
