"""The match of an answer with all wordings of one claim, by the rules of docs/reference/match.md."""

from __future__ import annotations

import re
from typing import cast

import pytest

from qa_eval.matching.typed import MATCH_VERSION, NO_MATCH, match, match_any
from qa_eval.records import AnswerType
from tests.support.match_rows import ROWS, TYPED
from tests.support.places import ROOT

GUIDE = (ROOT / "docs" / "reference" / "match.md").read_text("utf-8")
LABELLED = [
    (kind, row.wordings, answer, label)
    for kind, rows in ROWS.items()
    for row in rows
    for label in ("claims", "right", "open", "refused")
    for answer in getattr(row, label)
]


@pytest.mark.parametrize(
    ("kind", "wordings", "answer", "label"),
    LABELLED,
    ids=[f"{kind}: {answer[:40]} / {wordings[-1][:30]}" for kind, wordings, answer, _ in LABELLED],
)
def test_an_answer_is_judged_against_all_wordings_of_a_claim(
    kind: AnswerType, wordings: tuple[str, ...], answer: str, label: str
) -> None:
    lenient, strict = (match_any(answer, wordings, kind, strict=flag) for flag in (False, True))
    assert lenient.ok == (label != "refused"), lenient
    assert strict.level <= lenient.level
    if label in ("claims", "right"):
        assert strict.makes_claim == (label == "claims"), strict


@pytest.mark.parametrize(("kind", "wordings", "answer", "label"), LABELLED[::7])
def test_the_order_of_the_wordings_does_not_matter(
    kind: AnswerType, wordings: tuple[str, ...], answer: str, label: str
) -> None:
    there = match_any(answer, wordings, kind, strict=False)
    back = match_any(answer, wordings[::-1], kind, strict=False)
    assert (there.ok, there.level) == (back.ok, back.level)


def test_no_answer_is_labelled_twice() -> None:
    assert len({(kind, wordings, answer) for kind, wordings, answer, _ in LABELLED}) == len(LABELLED)
    assert {kind: len(ROWS[kind]) >= 5 for kind in TYPED} == dict.fromkeys(TYPED, True)


HELD: list[tuple[AnswerType, str, tuple[str, ...], str]] = [
    ("number", "400 civilians", ("400", "400 militants"), "400 != 400 (civilians are not fighters)"),
    ("number", "12 Hezbollah men", ("12", "12 IS men"), "12 != 12 (Hezbollah is not Islamic State)"),
    ("number", "100 miles", ("100", "100 kilometers"), "100 miles != 100 kilometers"),
    ("number", "5 a month", ("5", "5 a year"), "5 != 5 (a month is not a year)"),
    ("number", "under 400", ("400",), "under 400 != 400 (the bound excludes the value)"),
    ("money", "2 million kwacha", ("$2 million",), "2 million != $2 million (kwacha on one side only)"),
    ("money", "€40", ("40", "$40"), "€40 != $40"),
    ("date", "March 20", ("March", "March 27"), "day 20 != 27"),
    ("date", "before 2011", ("2011",), "before != at"),
    ("person", "Hafez al-Assad", ("Assad", "Bashar al-Assad"), "given name hafez != bashar"),
    ("place", "Homs city", ("Homs", "Homs Governorate"), "city != province"),
    ("place", "London, Ontario", ("London", "London, England"), "in ontario != in england"),
    ("text", "open", ("not yet open",), "open is negated on one side only"),
]


@pytest.mark.parametrize(("kind", "answer", "wordings", "detail"), HELD, ids=[row[1] for row in HELD])
def test_a_veto_that_holds_says_why(
    kind: AnswerType, answer: str, wordings: tuple[str, ...], detail: str
) -> None:
    for order in (wordings, wordings[::-1]):
        found = match_any(answer, order, kind, strict=False)
        assert (found.ok, found.level, found.rule, found.detail) == (False, 0, "veto", detail)


CREDITED: list[tuple[AnswerType, str, str, int, str, str]] = [
    ("number", "400+ fighters", "over 400", 1, "value-only", "400 ~ over 400"),
    ("duration", "several days", "days", 1, "value-only", "several days ~ days (no number added)"),
    ("organization", "IS militants", "IS", 1, "value-only", "is militants ~ is (its members)"),
    ("text", "unclear", "not clear", 2, "words", "no clear"),
    ("text", "Answer: a fatal blow", "fatal blow", 3, "text", "fatal blow"),
    ("number", "It was 400.", "400 fighters", 2, "number", "400 = 400"),
]


@pytest.mark.parametrize(("kind", "answer", "wording", "level", "rule", "detail"), CREDITED)
def test_a_credit_says_why(
    kind: AnswerType, answer: str, wording: str, level: int, rule: str, detail: str
) -> None:
    found = match(answer, wording, kind, strict=False)
    assert (found.level, found.rule, found.detail) == (level, rule, detail)


def test_a_veto_is_lifted_by_a_wording_that_is_not_barer() -> None:
    far = ("60 miles", "100 kilometers", "60")
    assert match_any("60 miles", far, "number", strict=False).level == 5
    assert match_any("around 60 miles", far, "number", strict=False).level == 2
    assert match_any("60 kilometers", far, "number", strict=False).rule == "veto"
    spelled = ("Maamoun Abdulkarim", "Mamoun Abdulkarim")
    assert match_any("Mr Mamoun Abdulkarim", spelled, "person", strict=True).level == 2


def test_without_a_wording_nothing_matches() -> None:
    assert match_any("400", (), "number", strict=False) == NO_MATCH


DOCUMENTED = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for block in re.findall(r"<!-- match: \w+ -->(.*?)<!-- /match -->", GUIDE, re.DOTALL)
    for line in block.strip().splitlines()[2:]
]


@pytest.mark.parametrize("row", DOCUMENTED, ids=[f"{row[0]}: {row[2]}" for row in DOCUMENTED])
def test_the_examples_of_the_guide_are_true(row: tuple[str, ...]) -> None:
    kind, wordings, answer, right, claims, _ = row
    golds = re.findall(r"`([^`]*)`", wordings)
    lenient, strict = (
        match_any(answer.strip("`"), golds, cast(AnswerType, kind), strict=flag) for flag in (False, True)
    )
    assert (lenient.ok, strict.makes_claim) == (right == "yes", claims == "yes"), (lenient, strict)


def test_the_guide_describes_this_version_and_every_rule() -> None:
    assert f"`MATCH_VERSION` {MATCH_VERSION}" in GUIDE
    assert len(DOCUMENTED) >= 45
    for rule in (
        "raw",
        "null",
        "squad-em",
        "text",
        "number",
        "date",
        "name",
        "words",
        "value-only",
        "surname-only",
    ):
        assert f"`{rule}`" in GUIDE
