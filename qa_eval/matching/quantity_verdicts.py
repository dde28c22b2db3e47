"""Compares quantities: the values are equal, equal apart from a qualifier, or in conflict.

An answer may leave out a count noun, but not a unit of time. At level 1 it may leave out a measure, and
percent or a currency if the question asks for them. If claims are to be distinguished, a bound makes another
value. Otherwise a bound is ignored, with two exceptions: the two bounds are opposed, or the answer's bound
excludes the wording's own value ("under 400" for 400). Rough amounts are equal only if their words are, but
"several" and "a few" add no number to a bare plural.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from qa_eval.matching import units
from qa_eval.matching.nouns import conflict
from qa_eval.matching.quantities import Quantities, Quantity, clip, read_quantities
from qa_eval.matching.verdicts import Verdict


def compare_quantities(prediction: str, gold: str, answer_type: str, *, strict: bool) -> Verdict:
    """Compares two texts as numbers: level 2 if equal, 1 if equal apart from the bound or an omitted unit, 0
    otherwise.

    At level 0 the rule is `veto` if both are read and differ, and `none` if one of them is not read as one
    quantity.
    """
    left = read_quantities(prediction)
    if left.unread or not left.found:
        return _unread("answer", left)
    right = read_quantities(gold)
    if right.unread or not right.found:
        return _unread("wording", right)
    one, other = (_as_type(read.found[0], answer_type) for read in (left, right))
    if one.negated != other.negated:
        return _veto(one, other, "negated on one side only")
    unit_unsaid = one.kind != other.kind
    if unit_unsaid:
        if not _droppable(one.kind, other.kind, answer_type):
            return _veto(one, other)
        same = one.said == other.said and one.vague == other.vague
    else:
        same = one.identity == other.identity
    if not same:
        return _value_only(one, other, "no number added") if _uncounted(one, other) else _veto(one, other)
    if left.rate and right.rate and left.rate != right.rate:
        return _veto(one, other, f"a {left.rate} is not a {right.rate}")
    nouns = _other_unit(left, other, answer_type) or _other_unit(right, one, answer_type)
    nouns = nouns or conflict(left.counted, right.counted)
    if nouns:
        return _veto(one, other, nouns)
    return _qualified(one, other, unit_unsaid, strict=strict)


def _unread(side: str, read: Quantities) -> Verdict:
    return Verdict(level=0, rule="none", detail=f"{side}: {read.unread or 'no number'}")


def _other_unit(read: Quantities, against: Quantity, answer_type: str) -> str:
    """The noun or unknown unit of a number that therefore cannot stand for a number with the other side's
    unit.
    """
    if read.found[0].kind != "count" or against.kind == "count":
        return ""
    unknown = read.behind if answer_type == "money" or read.behind.endswith("s") else ""
    noun = read.counted.noun or unknown
    return f"{noun} on one side only" if noun else ""


def _as_type(quantity: Quantity, answer_type: str) -> Quantity:
    """The quantity as the question's type reads it: an age in years, half as 50 percent."""
    if answer_type == "age" or quantity.aged:
        years = Fraction(12)
        if answer_type == "number" and quantity.kind == "months":
            return replace(quantity, kind="count", low=quantity.low / years, high=quantity.high / years)
        if answer_type != "number" and quantity.kind == "count" and not quantity.vague:
            return replace(quantity, kind="months", low=quantity.low * years, high=quantity.high * years)
    if quantity.kind == "part":
        if answer_type == "percent":
            return replace(quantity, kind="percent", low=quantity.low * 100, high=quantity.high * 100)
        return replace(quantity, kind="count")
    return quantity


def _droppable(one: str, other: str, answer_type: str) -> bool:
    """Whether one of two different kinds is a bare number and the other's unit may be omitted.

    A measure may be omitted ("100" for "100 kilometers"), and so may percent and a currency if the question
    asks for them. Units of time may not ("three" is not "three weeks"), nor may the suffix of a rank.
    """
    if "count" not in (one, other):
        return False
    unit = other if one == "count" else one
    return unit.split(":")[0] == answer_type or unit.removeprefix("square ") in units.MEASURE_KINDS


def _uncounted(one: Quantity, other: Quantity) -> bool:
    """Whether one of two rough amounts of one unit gives only the unit: "several days" and "days"."""
    if one.kind != other.kind or not (one.vague and other.vague):
        return False
    words = one.vague.split(), other.vague.split()
    bare, said = sorted(words, key=len)
    return len(bare) == 1 and len(said) == 2 and said[0] in units.VAGUE_UNCOUNTED and said[1] == bare[0]


def _qualified(one: Quantity, other: Quantity, unit_unsaid: bool, *, strict: bool) -> Verdict:
    """The verdict on two equal values. Their bounds decide it. `one` is the answer's value."""
    if one.bound != other.bound:
        opposed = (one.bound in units.UPPER and other.bound in units.LOWER) or (
            one.bound in units.LOWER and other.bound in units.UPPER
        )
        if strict or opposed:
            return _veto(one, other, "another bound")
        if one.bound == "under" and not other.bound:
            return _veto(one, other, "the bound excludes the value")
        return _value_only(one, other)
    if unit_unsaid:
        return _value_only(one, other, "unit unsaid")
    return Verdict(level=2, rule="number", detail=_pair(one, "=", other))


def _value_only(one: Quantity, other: Quantity, note: str = "") -> Verdict:
    detail = _pair(one, "~", other)
    return Verdict(level=1, rule="value-only", detail=f"{detail} ({note})" if note else detail)


def _pair(one: Quantity, sign: str, other: Quantity) -> str:
    return f"{clip(one.text)} {sign} {clip(other.text)}"


def _veto(one: Quantity, other: Quantity, reason: str = "") -> Verdict:
    detail = _pair(one, "!=", other)
    return Verdict(level=0, rule="veto", detail=f"{detail} ({reason})" if reason else detail)
