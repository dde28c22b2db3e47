"""The typed match: whether an answer says the same as a wording, and by which rule.

The official rules are blind to values: they accept 3.5 for 35 and give half credit for "three weeks" in place
of "three days". `match` reads both sides as the type of value that the question asks for, and gives the
reason why it accepts or refuses. The first rule that applies decides:

| level | rule                   | fires when                                                               |
|-------|------------------------|--------------------------------------------------------------------------|
| 5     | `raw`, `null`          | identical; both blank (one blank never matches)                          |
| 4     | `squad-em`             | equal under the SQuAD rules, and no number differs                       |
| 3     | `text`                 | equal after `text_key`, and no number differs                            |
| 2     | `number` `date` `name` | the typed values are equal (a date may be finer)                         |
| 2     | `words`                | text: the same words and the same denial, in an order that says the same |
| 1     | `value-only`           | same value, but another bound, an unsaid unit, under `strict` finer date |
| 1     | `surname-only`         | the surname alone                                                        |
| 0     | `veto`                 | both sides are read and conflict: never overruled by text overlap        |
| 0     | `none`                 | no rule fires                                                            |

If an answer in a closed frame ("Answer:", "It was", "According to the article, it was") matches by no rule,
it is matched without the frame, at level 3 at most. Against several wordings of one claim (`match_any`) the
best verdict counts, unless a fuller wording vetoes: "400 civilians" does not match by "400" if another
wording is "400 militants".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from qa_eval.matching.dates import compare_dates, read_date
from qa_eval.matching.entities import compare_entities, namesakes, read_entity
from qa_eval.matching.frames import unframed
from qa_eval.matching.normal_form import normalize
from qa_eval.matching.person_names import compare_persons, read_person
from qa_eval.matching.quantities import numbers_in, read_quantities, same_figure
from qa_eval.matching.quantity_verdicts import compare_quantities
from qa_eval.matching.spelling import (
    contradiction,
    denials_spelled_out,
    marks,
    occurs,
    same_statement,
    text_key,
)
from qa_eval.matching.verdicts import Verdict
from qa_eval.records import NUMERIC_TYPES, AnswerType, Match

__all__ = ["MATCH_VERSION", "NO_MATCH", "match", "match_any", "occurs", "same_claim"]

MATCH_VERSION = "2"
"""Version of the rules, and part of the scorer's version. It changes with every rule change that can change a
score."""

NO_MATCH = Match(ok=False, level=0, rule="none")
"""Verdict if there is no wording to match."""

_REMEMBERED = 2_000
"""Greatest length of both sides together, in characters, for which a verdict is cached."""


def match(prediction: str, gold: str, answer_type: AnswerType, *, strict: bool) -> Match:
    """Matches an answer with one wording of a claim.

    `ok` is true exactly from level 1 up, and an answer makes a claim from level 2 up. A strict match at some
    level implies a lenient match at that level or above. The function is defined for any two strings, is
    deterministic, and never raises an error.

    Args:
        prediction: The answer.
        gold: The wording.
        answer_type: Type of value that the question asks for. Both sides are read as this type.
        strict: True to decide which claim an answer makes: bounds must agree ("over 400" is not "400"), and
            an answer that is only finer is at level 1. False to score an answer against the article's own
            wording: different bounds give level 1, unless they are opposed ("over" and "under") or the
            answer's bound excludes the wording's own value ("under 400" for 400).

    >>> match("400 fighters", "over 400", "number", strict=False)
    Match(ok=True, rule='value-only', level=1, detail='400 ~ over 400')
    >>> match("417", "over 400", "number", strict=True).detail
    '417 != over 400'
    """
    if len(prediction) + len(gold) > _REMEMBERED:
        return _judge(prediction, gold, answer_type, strict)
    return _remembered(prediction, gold, answer_type, strict)


def match_any(prediction: str, wordings: Sequence[str], answer_type: AnswerType, *, strict: bool) -> Match:
    """Matches an answer with all wordings of one claim: the best `match`, the first of equals.

    A veto by a fuller wording overrides the match with a barer one. A wording is fuller if it adds a noun, a
    unit, a given name, a day or the like, and if it leniently matches the barer wording or has the same bare
    figure or place name. So "400 miles" is refused for "400" and "400 kilometers", but not for "400 miles"
    and "640 kilometers". The same text (level 3 and above) always matches. If nothing matches, the result is
    the refusal that explains most. It is `NO_MATCH` if there are no wordings.

    >>> match_any("400 civilians", ["400", "400 militants"], "number", strict=False).detail
    '400 != 400 (civilians are not fighters)'
    """
    if prediction in wordings and prediction.strip():
        return match(prediction, prediction, answer_type, strict=strict)  # none is better
    found = [match(prediction, wording, answer_type, strict=strict) for wording in wordings]
    best = max(found, key=_rank, default=NO_MATCH)
    if not best.ok or best.level >= 3:
        return best
    lenient = [match(prediction, w, answer_type, strict=False) for w in wordings] if strict else found
    vetoes = [(w, verdict) for w, verdict in zip(wordings, lenient, strict=True) if verdict.rule == "veto"]
    if not vetoes:
        return best
    held = [
        next((verdict for full, verdict in vetoes if _says_more(full, bare, answer_type)), None)
        if verdict.ok
        else None
        for bare, verdict in zip(wordings, found, strict=True)
    ]
    return max((veto or verdict for verdict, veto in zip(found, held, strict=True)), key=_rank)


def _rank(found: Match) -> tuple[bool, int, bool, bool]:
    return found.ok, found.level, found.rule == "veto", bool(found.detail)


def _says_more(full: str, bare: str, answer_type: AnswerType) -> bool:
    """Whether one wording says what the other says, and more."""
    if not _specifics(full, answer_type) - _specifics(bare, answer_type):
        return False
    if match(full, bare, answer_type, strict=False).ok:
        return True
    if answer_type in NUMERIC_TYPES:
        return not _specifics(bare, answer_type) and same_figure(full, bare)
    return answer_type == "place" and namesakes(full, bare)


def _specifics(wording: str, answer_type: AnswerType) -> frozenset[str]:
    """The parts that a wording states and a barer wording may leave out."""
    if answer_type in NUMERIC_TYPES:
        return read_quantities(wording).specifics
    if answer_type == "date":
        date = read_date(wording)
        return frozenset() if isinstance(date, str) else frozenset(date.fields)
    if answer_type == "person":
        person = read_person(wording)
        return frozenset() if isinstance(person, str) else person.specifics
    if answer_type in ("place", "organization"):
        entity = read_entity(wording, answer_type)
        return frozenset() if isinstance(entity, str) else entity.specifics
    return frozenset(text_key(wording).split())


def same_claim(one: str, other: str, answer_type: AnswerType) -> bool:
    """Whether two answers make the same claim: either matches the other strictly, at a level that makes a
    claim.

    >>> same_claim("four hundred", "400", "number"), same_claim("over 400", "400", "number")
    (True, False)
    """
    return any(match(*pair, answer_type, strict=True).makes_claim for pair in ((one, other), (other, one)))


def _judge(prediction: str, gold: str, answer_type: AnswerType, strict: bool) -> Match:
    verdict = _judge_plain(prediction, gold, answer_type, strict)
    if verdict.rule == "none":
        inner = unframed(prediction)
        if inner is not None:
            verdict = _framed(_judge_plain(inner, gold, answer_type, strict))
    return Match(ok=verdict.level >= 1, level=verdict.level, rule=verdict.rule, detail=verdict.detail)


def _judge_plain(prediction: str, gold: str, answer_type: AnswerType, strict: bool) -> Verdict:
    return _as_text(prediction, gold, answer_type) or _as_value(prediction, gold, answer_type, strict)


def _framed(verdict: Verdict) -> Verdict:
    """The verdict on the text inside a frame. It is never identical to the wording."""
    return replace(verdict, level=3, rule="text") if verdict.level > 3 else verdict


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
    """Whether two equal texts also have equal numbers.

    Equal text can hide different numbers: "3.5" and "35", "$5" and "5 %", "a third" and "the third".
    """
    if marks(prediction) != marks(gold):
        return False
    if answer_type not in NUMERIC_TYPES:
        return True
    one, other = read_quantities(prediction).found, read_quantities(gold).found
    return not (one and other) or [q.identity for q in one] == [q.identity for q in other]


def _as_value(prediction: str, gold: str, answer_type: AnswerType, strict: bool) -> Verdict:
    """Levels 2 to 0, by the typed values."""
    if answer_type != "text":
        prediction, gold = denials_spelled_out(prediction), denials_spelled_out(gold)
    if answer_type in NUMERIC_TYPES:
        return compare_quantities(prediction, gold, answer_type, strict=strict)
    if answer_type == "date":
        return compare_dates(prediction, gold, strict=strict)
    if answer_type == "person":
        return compare_persons(prediction, gold)
    if answer_type in ("place", "organization"):
        return compare_entities(prediction, gold, answer_type)
    return _as_statement(prediction, gold)


def _as_statement(prediction: str, gold: str) -> Verdict:
    """Levels 2 to 0 for free text.

    Free text has no value, but it can say the same in another order, or contain another number or a denial.
    """
    # 0 is left out, because "no" is read as a denial.
    mine, theirs = numbers_in(prediction) - {0}, numbers_in(gold) - {0}
    if mine and theirs and not (mine <= theirs or theirs <= mine):
        return Verdict(level=0, rule="veto", detail=f"{_listed(mine - theirs)} != {_listed(theirs - mine)}")
    denial = contradiction(prediction, gold)
    if denial is not None:
        return Verdict(level=0, rule="veto", detail=denial)
    if mine == theirs:
        words = same_statement(prediction, gold)
        if words and sorted(marks(prediction)) == sorted(marks(gold)):
            return Verdict(level=2, rule="words", detail=words if len(words) <= 120 else f"{words[:117]}...")
    return Verdict(level=0, rule="none", detail="other words")


def _listed(values: frozenset[Fraction]) -> str:
    return ", ".join(sorted(str(value) for value in values)[:3])
