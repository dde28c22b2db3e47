"""The typed match: whether an answer says the same as a wording, and by which rule.

The official rules are blind to values: they take 3.5 for 35 and half-credit "three weeks" for "three days".
`match` reads both sides as what the question asks for, and says why it credits or refuses. The first rule
that fires decides:

| level | rule                   | fires when                                                               |
|-------|------------------------|--------------------------------------------------------------------------|
| 5     | `raw`, `null`          | identical; both blank (one blank never matches)                          |
| 4     | `squad-em`             | equal under the SQuAD rules, and no number differs                       |
| 3     | `text`                 | equal after `text_key`, and no number differs                            |
| 2     | `number` `date` `name` | the typed values are equal (a date may be finer)                         |
| 1     | `value-only`           | same value, but another bound, an unsaid unit, under `strict` finer date |
| 1     | `surname-only`         | the surname alone                                                        |
| 0     | `veto`                 | both sides are read and conflict: never overruled by text overlap        |
| 0     | `none`                 | no rule fires                                                            |
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from qa_eval.metrics.dates import compare_dates
from qa_eval.metrics.entities import compare_entities
from qa_eval.metrics.names import compare_persons
from qa_eval.metrics.numbers import compare_quantities
from qa_eval.metrics.quantities import numbers_in, read_quantities
from qa_eval.metrics.squad import normalize
from qa_eval.metrics.verdict import Verdict
from qa_eval.metrics.wording import contradiction, marks, occurs, text_key
from qa_eval.records import AnswerType, Match

__all__ = ["MATCH_VERSION", "match", "occurs", "same_claim"]

MATCH_VERSION = "1"
"""Changes with every change of the rules that can move a score; part of the scorer's version."""

_NUMERIC = frozenset({"number", "duration", "percent", "age", "money"})
_REMEMBERED = 2_000
"""Characters of both sides together above which a judgement is worked out anew rather than kept in memory."""


def match(prediction: str, gold: str, answer_type: AnswerType, *, strict: bool) -> Match:
    """Judges an answer against one wording of a claim.

    `strict` decides which claim was made: bounds must agree ("over 400" is not "400"), and what is only finer
    is at level 1. Without it, an answer is judged against the article's own wording: bounds are passed over
    at level 1 unless they are opposed ("over" and "under"). Strictly matching at some level implies matching
    at that level.

    Defined for any two strings, deterministic, never raises. `ok` is true exactly from level 1 up; a claim is
    made from level 2 up.

    >>> match("400 fighters", "over 400", "number", strict=False)
    Match(ok=True, level=1, rule='value-only', detail='400 ~ over 400')
    >>> match("417", "over 400", "number", strict=True).detail
    '417 != over 400'
    """
    if len(prediction) + len(gold) > _REMEMBERED:
        return _judge(prediction, gold, answer_type, strict)
    return _remembered(prediction, gold, answer_type, strict)


def same_claim(one: str, other: str, answer_type: AnswerType) -> bool:
    """Whether two answers make one claim: either matches the other strictly, at a level that makes one.

    >>> same_claim("four hundred", "400", "number"), same_claim("over 400", "400", "number")
    (True, False)
    """
    return any(match(*pair, answer_type, strict=True).makes_claim for pair in ((one, other), (other, one)))


def _judge(prediction: str, gold: str, answer_type: AnswerType, strict: bool) -> Match:
    verdict = _as_text(prediction, gold, answer_type) or _as_value(prediction, gold, answer_type, strict)
    return Match(ok=verdict.level >= 1, level=verdict.level, rule=verdict.rule, detail=verdict.detail)


_remembered = lru_cache(maxsize=131_072)(_judge)


def _as_text(prediction: str, gold: str, answer_type: AnswerType) -> Verdict | None:
    """Levels 5 to 3, and the refusal of a blank side; None if the values have to be compared."""
    blank = not prediction.strip(), not gold.strip()
    if any(blank):
        if all(blank):
            return Verdict(level=5, rule="null", detail="both empty")
        return Verdict(level=0, rule="none", detail="no answer" if blank[0] else "empty wording")
    if prediction == gold:
        return Verdict(level=5, rule="raw", detail="identical")
    for level, rule, form in ((4, "squad-em", normalize), (3, "text", text_key)):
        key = form(prediction)
        if key and key == form(gold) and _same_numbers(prediction, gold, answer_type):
            return Verdict(level=level, rule=rule, detail=key if len(key) <= 120 else f"{key[:117]}...")
    return None


def _same_numbers(prediction: str, gold: str, answer_type: AnswerType) -> bool:
    """False if equal text hides unequal numbers: "3.5" and "35", "$5" and "5 %", "a third" and "the
    third".
    """
    if marks(prediction) != marks(gold):
        return False
    if answer_type not in _NUMERIC:
        return True
    one, other = read_quantities(prediction).found, read_quantities(gold).found
    return not (one and other) or [q.identity for q in one] == [q.identity for q in other]


def _as_value(prediction: str, gold: str, answer_type: AnswerType, strict: bool) -> Verdict:
    """Levels 2 to 0."""
    if answer_type in _NUMERIC:
        return compare_quantities(prediction, gold, answer_type, strict=strict)
    if answer_type == "date":
        return compare_dates(prediction, gold, strict=strict)
    if answer_type == "person":
        return compare_persons(prediction, gold)
    if answer_type in ("place", "organization"):
        return compare_entities(prediction, gold, answer_type)
    return _as_statement(prediction, gold)


def _as_statement(prediction: str, gold: str) -> Verdict:
    """Free text has no value to compare; but it can be refused for another number or a negation."""
    mine, theirs = numbers_in(prediction), numbers_in(gold)
    if mine and theirs and not (mine <= theirs or theirs <= mine):
        return Verdict(level=0, rule="veto", detail=f"{_listed(mine - theirs)} != {_listed(theirs - mine)}")
    denial = contradiction(prediction, gold)
    if denial is not None:
        return Verdict(level=0, rule="veto", detail=denial)
    return Verdict(level=0, rule="none", detail="other words")


def _listed(values: frozenset[Fraction]) -> str:
    return ", ".join(sorted(str(value) for value in values)[:3])
