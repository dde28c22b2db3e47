"""What type of value a question asks for, by its own words: for questions without a type.

Public sets give no types, and the typed match over-matches with a wrong one. So only numbers, amounts and
dates are told for certain, by phrases that ask for nothing else, in English. On SQuAD 2.0's dev set these are
2,031 of 11,873 questions. Each annotator's answer to them was judged against the other annotators': of 3,350,
the typed match takes 231 that EM refuses, and refuses none that EM takes. Of the 233 that version 1 of the
match took, 60 were read, and 58 were right.
"""

from __future__ import annotations

import re
from typing import Literal, overload

from qa_eval.records import AnswerType

ExpressionType = Literal["duration", "age", "money", "percent", "number", "date", "name"]
"""What can be found in running text by its shape."""

_UNITS = "seconds|minutes|hours|days|weeks|months|years|decades|centuries"
_CERTAIN: tuple[tuple[AnswerType, str], ...] = (
    ("age", r"how old|at what age"),
    ("percent", r"(?:what|which) (?:percentage|percent)"),
    ("duration", rf"how many (?:\w+ )?(?:{_UNITS})"),
    ("money", r"how much money|how many (?:\w+ )?(?:dollars|euros|pounds)"),
    ("number", r"how many"),
    ("date", r"when|(?:what|which) (?:year|date|month|day|decade|century)"),
)
"""What a question asks for without a doubt."""
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
"""What a question most likely asks for; deliberately shallow, for a baseline."""


@overload
def asked_type(question: str) -> AnswerType | None: ...


@overload
def asked_type(question: str, *, likely: Literal[True]) -> ExpressionType | None: ...


def asked_type(question: str, *, likely: bool = False) -> AnswerType | ExpressionType | None:
    """The type of value that answers the question; None where its words do not tell for certain.

    With `likely`, the kind of expression that most likely answers it, names included.

    >>> asked_type("How many people live there?"), asked_type("How long is it?"), asked_type("Who won?")
    ('number', None, None)
    >>> asked_type("How long is it?", likely=True), asked_type("Who won?", likely=True)
    ('duration', 'name')
    >>> asked_type("Why did they leave?", likely=True)
    """
    if likely:
        return next((kind for kind, pattern in _LIKELY_PATTERNS if pattern.search(question)), None)
    return next((kind for kind, pattern in _CERTAIN_PATTERNS if pattern.search(question)), None)


_CERTAIN_PATTERNS = tuple(
    (kind, re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE)) for kind, phrase in _CERTAIN
)
_LIKELY_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _LIKELY)
