"""Why an answer is right or wrong, in words: a sentence for every rule that the match can give."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.matching.typed import match, match_any
from qa_eval.metrics.reasons import RULES, WORDS_RULE, deciding_rule, rule_behind, why
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import ANSWER_TYPES, AnswerType, Match
from tests.matching.test_match import DETAILS, ROWS


def scored(match: Match, **changes: Any) -> ItemScore:
    whole: dict[str, Any] = {"item": "q@a", "fact": "q", "article": "a", "track": "reading", "prediction": ""}
    return ItemScore(**whole | {"match": match} | changes)


def judged(kind: AnswerType, answer: str, golds: tuple[str, ...], strict: bool = False) -> ItemScore:
    found = match_any(answer, golds, kind, strict=strict)
    return scored(found, prediction=answer, golds=golds, answer_type=kind)


EXAMPLES: list[tuple[AnswerType, str, str, str, str]] = [
    # type, answer, gold, rule, sentence
    ("number", "400", "400", "raw", "The answer is a right one, character by character."),
    (
        "number",
        "The 400.",
        "400",
        "squad-em",
        "The answer is a right one but for case, articles and punctuation.",
    ),
    (
        "person",
        "Bashar al-Assad",
        "Bashar Al Assad",
        "text",
        "The answer is a right one but for how it is spelled or punctuated.",
    ),
    ("number", "four hundred", "400", "number", "“four hundred” and 400 are the same number."),
    ("number", "It was 400 men.", "400 fighters", "number", "The answer gives the right number, 400."),
    ("duration", "7 days", "one week", "number", "“7 days” and “one week” are the same duration."),
    ("date", "on 27 March 2016", "March 27, 2016", "date", "The answer gives the right date."),
    ("date", "27 March 2016", "March 2016", "date", "The answer gives the right date, more exactly."),
    ("person", "President Bashar Assad", "Bashar al-Assad", "name", "The answer names the right person."),
    ("place", "the city of Palmyra", "Palmyra", "name", "The answer names the right place."),
    ("organization", "the IS group", "IS", "name", "The answer names the right organization."),
    (
        "text",
        "no deaths reported",
        "had not heard of any deaths",
        "words",
        "The answer has the words of a right one, but for small words and their order.",
    ),
    (
        "person",
        "Assad",
        "Bashar al-Assad",
        "surname-only",
        "The surname “Assad” is right, and a given name is on one side only.",
    ),
    (
        "person",
        "John Smith",
        "John Smith Jr.",
        "value-only",
        "The name is right, and only one side has “junior”.",
    ),
    (
        "number",
        "400",
        "over 400",
        "value-only",
        "400 and “over 400” have the same figure; only “over”, “about” and the like differ.",
    ),
    (
        "number",
        "100",
        "100 kilometers",
        "value-only",
        "100 and “100 kilometers” are the same figure, and one leaves out the unit.",
    ),
    (
        "duration",
        "several days",
        "days",
        "value-only",
        "“several days” and “days” say the same, because neither gives a number.",
    ),
    ("date", "since 2011", "2011", "value-only", "The date is right. Only the answer says “since”."),
    ("date", "2011", "before 2011", "value-only", "The date is right. Only the right answer says “before”."),
    ("date", "by May", "before May", "value-only", "The date is right. “by” a date is not “before” it."),
    (
        "place",
        "Palmyra",
        "Palmyra, Syria",
        "value-only",
        "The place is right, and the answer leaves out “Syria”.",
    ),
    (
        "organization",
        "IS militants",
        "IS",
        "value-only",
        "“IS militants” and “IS” are a group and its members.",
    ),
    ("number", "417", "400", "veto", "417 and 400 are different numbers."),
    ("number", "417", "over 400", "veto", "417 and “over 400” are different numbers."),
    (
        "number",
        "100 miles",
        "100 kilometers",
        "veto",
        "“100 miles” and “100 kilometers” are different amounts.",
    ),
    (
        "number",
        "400 civilians",
        "400 militants",
        "veto",
        "The figure is the same, but “civilians” are not “fighters”.",
    ),
    (
        "number",
        "12 Hezbollah men",
        "12 IS men",
        "veto",
        "The figure is the same, but “Hezbollah” is not “Islamic State”.",
    ),
    ("number", "5 a month", "5 a year", "veto", "The figure is the same, but “a month” is not “a year”."),
    ("number", "under 400", "400", "veto", "“under 400” leaves out 400."),
    ("number", "over 400", "under 400", "veto", "“over 400” and “under 400” are not the same limit."),
    ("number", "not 400", "400", "veto", "Only one of the answer and the right one has a “not”."),
    (
        "duration",
        "three weeks",
        "three days",
        "veto",
        "“three weeks” and “three days” are different durations.",
    ),
    ("duration", "194", "three days", "veto", "194 is not “three days”."),
    ("percent", "40 %", "50 %", "veto", "40 % and 50 % are different percentages."),
    ("age", "81", "91", "veto", "81 and 91 are different ages."),
    ("money", "€40", "$40", "veto", "€40 and $40 are different amounts."),
    (
        "money",
        "2 million kwacha",
        "$2 million",
        "veto",
        "The figure is the same, but only one side counts “kwacha”.",
    ),
    ("date", "May 2016", "May 2015", "veto", "2016 and 2015 are different years."),
    ("date", "June", "May", "veto", "June and May are different months."),
    ("date", "Monday", "Sunday", "veto", "Monday and Sunday are different weekdays."),
    ("date", "March 20", "March 27", "veto", "20 and 27 are different days."),
    ("date", "early May", "late May", "veto", "The dates are not the same: “early” is not “late”."),
    ("date", "2016", "the 2000s", "veto", "2016 is not in the 2000s."),
    ("date", "before 2011", "2011", "veto", "Only the answer says “before”."),
    ("date", "before 2011", "after 2011", "veto", "“before” a date is not “after” it."),
    ("date", "not in May", "May", "veto", "Only one of the answer and the right one has a “not”."),
    ("person", "Khaled Nasser", "Khaled al-Asaad", "veto", "“Nasser” is not the surname “Asaad”."),
    ("person", "Hafez al-Assad", "Bashar al-Assad", "veto", "“Hafez” is not the given name “Bashar”."),
    ("person", "John Smith Sr.", "John Smith Jr.", "veto", "“senior” is not “junior”."),
    ("place", "Paris, Texas", "Paris, France", "veto", "A place in “Texas” is not one in “France”."),
    (
        "place",
        "from Palmyra",
        "to Palmyra",
        "veto",
        "One of the answer and the right one says “from”, the other “to”.",
    ),
    ("place", "Homs city", "Homs Governorate", "veto", "A city is not a province."),
    ("text", "two temples", "three temples", "veto", "2 and 3 are different numbers."),
    ("text", "not clear", "clear", "veto", "Only one of the answer and the right one denies “clear”."),
    ("text", "a blow", "a loss", "none", "The answer has other words than a right one."),
    ("number", "many", "400", "veto", "“many” and 400 are different numbers."),
    ("number", "fighters", "400", "none", "The answer has no number."),
    ("number", "3 men, 14 women", "400", "none", "The answer has more than one number: 3, 14."),
    ("date", "May", "May 2015", "none", "The answer leaves out the year."),
    ("date", "May and June", "May", "none", "The answer has more than one month."),
    ("date", "soon", "May", "none", "The answer has no date."),
    ("date", "2016-13-01", "2016", "none", "The answer has a date that does not exist: 2016-13-1."),
    (
        "date",
        "03/04/2016",
        "2016",
        "none",
        "The answer cannot be read: 03/04/2016 may be day and month or month and day.",
    ),
    (
        "person",
        "Bashar",
        "Bashar al-Assad",
        "none",
        "“Bashar” is a given name, and does not say who is meant.",
    ),
    ("person", "Assad's wife", "Assad", "none", "The answer has no name, or only a description."),
    ("place", "Homs", "Palmyra", "none", "“Homs” is not “Palmyra”."),
    ("place", "near  Palmyra", "Palmyra", "none", "“near Palmyra” is not “Palmyra”."),
    ("place", "Homs", "Homs Governorate", "none", "The answer does not say that it is a province."),
    ("place", "Homs Governorate", "Homs", "none", "Only the answer says that it is a province."),
    ("place", "", "Palmyra", "none", "The answer is empty."),
    ("text", "clear", " ", "none", "The right answer is empty."),
    ("text", " ", " ", "null", "The answer and the right one are empty."),
]


@pytest.mark.parametrize(
    ("kind", "answer", "gold", "rule", "sentence"),
    EXAMPLES,
    ids=[f"{row[0]}: {row[1][:30]} / {row[2][:30]}" for row in EXAMPLES],
)
def test_a_verdict_of_the_match_is_a_sentence(
    kind: AnswerType, answer: str, gold: str, rule: str, sentence: str
) -> None:
    score = judged(kind, answer, (gold,))
    assert score.match.rule == rule
    assert why(score) == sentence


def test_what_is_only_more_exact_makes_another_claim() -> None:
    score = judged("date", "27 March 2016", ("March 2016",), strict=True)
    assert score.match.rule == "value-only"
    assert why(score) == "The answer gives the right date, more exactly."


def verdict(ok: bool, rule: str, detail: str = "", level: int = 0) -> Match:
    return Match(ok=ok, level=level, rule=rule, detail=detail)


OF_ITEMS: list[tuple[Match, dict[str, Any], str]] = [
    (
        verdict(False, "answered", "the article is silent"),
        {},
        "The article does not answer this, but the model did.",
    ),
    (
        verdict(False, "answered", "the article is silent"),
        {"matched_claim": "417", "scores": {"no_answer_leak": 1.0}},
        "The article does not answer this, but the model did. The answer is another source's claim.",
    ),
    (
        verdict(False, "answered", "no answer is right"),
        {},
        "The question has no answer, and the model gave one.",
    ),
    (
        verdict(True, "null", "no answer, and the article gives none", 5),
        {},
        "The article does not answer this, and the model gave no answer.",
    ),
    (
        verdict(True, "null", "no answer, and none is right", 5),
        {},
        "The question has no answer, and the model gave none.",
    ),
    (
        verdict(False, "abstained", "the article answers"),
        {},
        "The article answers this, and the model gave no answer.",
    ),
    (
        verdict(False, "abstained", "some article answers"),
        {},
        "A source answers this, and the model gave no answer.",
    ),
    (
        verdict(False, "abstained", "there is an answer"),
        {},
        "The question has an answer, and the model gave none.",
    ),
    (
        verdict(True, "evidence", "64% of the span is evidence of losses", 1),
        {},
        "64 % of the answer lies in a passage that answers the question.",
    ),
    (
        verdict(True, "evidence", "100% of the span is evidence of losses", 1),
        {},
        "The whole answer lies in a passage that answers the question.",
    ),
    (
        verdict(True, "squad-em", "the question does not tell the type of its answer, so EM decides", 4),
        {},
        "The answer is a right one by exact match, the only rule for a question of this kind.",
    ),
    (
        verdict(False, "none", "the question does not tell the type of its answer, so EM decides"),
        {},
        "The answer is no right one by exact match, the only rule for a question of this kind.",
    ),
    (verdict(False, "none"), {}, "There is no right answer to compare with."),
    (verdict(False, "unscored"), {}, "The data set does not give its answers."),
    (verdict(False, "missing"), {"missing": True}, "The model gave no prediction."),
    (verdict(False, "error"), {"error": "no room."}, "The model failed: no room."),
    (verdict(False, "tone", "rude"), {}, "The rule is “tone” (rude)."),
]


@pytest.mark.parametrize(("match", "changes", "sentence"), OF_ITEMS, ids=[row[2] for row in OF_ITEMS])
def test_what_the_item_decides_is_a_sentence(match: Match, changes: dict[str, Any], sentence: str) -> None:
    assert why(scored(match, **changes)) == sentence


def test_the_sources_of_another_claim_are_named() -> None:
    score = scored(
        verdict(False, "veto", "417 != 400"),
        answer_type="number",
        matched_claim="417",
        scores={"leak": 1.0},
    )
    assert why(score, ["BBC"]) == "417 and 400 are different numbers. The answer is the claim of BBC."
    assert why(score, ["BBC", "CNN"]).endswith("The answer is the claim of BBC and CNN.")


def test_every_rule_has_an_example() -> None:
    shown = {row[3] for row in EXAMPLES} | {row[0].rule for row in OF_ITEMS}
    assert shown >= RULES.keys() - {WORDS_RULE}, "whose examples are below"


@pytest.mark.parametrize("strict", [True, False])
def test_no_verdict_on_the_rows_of_the_match_falls_back_to_its_rule(strict: bool) -> None:
    pairs = [(row[0], row[1], row[2]) for row in [*ROWS, *DETAILS]]
    for kind, answer, gold in pairs:
        found = match(answer, gold, kind, strict=strict)
        sentence = why(scored(found, prediction=answer, golds=(gold,), answer_type=kind))
        assert not sentence.startswith(RULES[found.rule][:-1]), (kind, answer, gold, found)


@given(st.sampled_from(ANSWER_TYPES), st.text(max_size=40), st.text(max_size=40))
def test_any_verdict_is_one_sentence(kind: AnswerType, answer: str, gold: str) -> None:
    sentence = why(judged(kind, answer, (gold,)))
    assert sentence.endswith(".")
    assert "{" not in sentence or "{" in answer + gold


@given(st.sampled_from([*RULES, "tone"]), st.text(max_size=40), st.sampled_from(ANSWER_TYPES))
def test_any_detail_of_any_rule_is_told(rule: str, detail: str, kind: AnswerType) -> None:
    assert why(scored(verdict(False, rule, detail), answer_type=kind)).endswith(".")


def test_the_rule_behind_is_told_with_its_level() -> None:
    told = rule_behind(verdict(False, "veto", "417 != 400"))
    assert told == f"rule veto, level 0 (no match): {RULES['veto']} Compared: 417 != 400"
    assert rule_behind(verdict(True, "tone", "", 9)) == "rule tone, level 9"


# ------------------------------------------------------------------------------------------ in words

NUMBERS = verdict(False, "none", "answer: more than one number: 417, 2, 400, 1")
POOLED_WORDS = [
    # verdict, claims that are asserted, further scores, sentence
    (
        "complete",
        ("400", "417"),
        {"no_false": 1.0},
        "The answer asserts every claim of the sources: “400” and “417”.",
    ),
    (
        "complete",
        ("400", "417"),
        {"no_false": 0.0, "acknowledged": 1.0},
        "The answer asserts every claim of the sources: “400” and “417”. "
        "It says or shows that sources differ. It asserts a claim that the data set marks as misinformation.",
    ),
    ("complete", ("400",), {}, "The answer asserts the claim of the sources: “400”."),
    ("partial", ("400",), {}, "The answer asserts “400”, and leaves out other claims."),
    (
        "mixed",
        ("400",),
        {"no_false": 0.0},
        "The answer asserts “400”, and another value that no source claims.",
    ),
    ("wrong", (), {"no_false": 0.0}, "The answer asserts no claim of any source."),
    ("abstains", (), {}, "A source answers this, and the answer says that there is no answer."),
]
OWN, SILENT = {"asserts_own": 0.0}, {"abstention": 0.0}
READING_WORDS = [
    ("partial", ("400",), {"asserts_own": 1.0}, "The answer asserts what the article states."),
    ("partial", ("417",), OWN, "The answer asserts “417”, the claim of BBC."),
    ("complete", ("400", "417"), OWN,
     "The answer asserts “400” and “417”. The article does not state all of these."),
    ("mixed", ("400",), OWN, "The answer asserts “400”, and another value that no source claims."),
    ("wrong", (), OWN, "The answer asserts no claim of any source."),
    ("abstains", (), OWN, "The article answers this, and the answer says that there is no answer."),
    ("abstains", (), {"abstention": 1.0}, "The article does not answer this, and the answer says so."),
    ("partial", ("417",), SILENT,
     "The article does not answer this, but the model did. The answer is the claim of BBC."),
    ("mixed", ("400", "417"), SILENT,
     "The article does not answer this, but the model did. The answer asserts “400” and “417”."),
    ("wrong", (), SILENT, "The article does not answer this, but the model did."),
]  # fmt: skip


@pytest.mark.parametrize(("reading", "claims", "scores", "sentence"), POOLED_WORDS + READING_WORDS)
def test_what_an_answer_in_words_asserts_is_the_reason(
    reading: Any, claims: tuple[str, ...], scores: dict[str, float], sentence: str
) -> None:
    track: Any = "reading" if scores.keys() & {"asserts_own", "abstention"} else "pooled"
    score = scored(
        NUMBERS, answer_type="number", track=track, verdict=reading, asserted=claims, scores=scores
    )
    assert why(score, ["BBC"]) == sentence
    told = scores.get("asserts_own", scores.get("abstention"))
    assert score.right == (reading in ("complete", "partial") if track == "pooled" else told == 1)
    assert deciding_rule(score) == Match(ok=score.right, level=0, rule=WORDS_RULE, detail=reading)
    assert rule_behind(deciding_rule(score)).endswith(f"It reads as {reading}.")


@pytest.mark.parametrize(
    ("match", "claims", "own", "sentence"),
    [
        pytest.param(verdict(False, "veto", "417 != 400"), ("417",), 0.0,
                     "417 and 400 are different numbers. The answer is the claim of BBC.",
                     id="both say wrong"),
        pytest.param(verdict(True, "number", "400 = 400"), ("400",), 1.0,
                     "The answer gives the right number, 400.", id="both say right"),
        pytest.param(verdict(False, "veto", "417 != 400"), ("400",), 1.0,
                     "The answer asserts what the article states.", id="they differ"),
        pytest.param(verdict(False, "veto", "417 != 400"), ("417", "400"), 0.0,
                     "The answer asserts “417” and “400”. The article does not state all of these.",
                     id="they agree on another claim"),
    ],
)  # fmt: skip
def test_the_typed_match_explains_a_mere_value(
    match: Match, claims: tuple[str, ...], own: float, sentence: str
) -> None:
    scores = {"asserts_own": own, "leak": 1.0 - own}
    score = scored(
        match, answer_type="number", track="reading", verdict="partial", asserted=claims,
        matched_claim=claims[0], scores=scores,
    )  # fmt: skip
    assert why(score, ["BBC"]) == sentence
    assert (deciding_rule(score) == match) == sentence.startswith(("417 and", "The answer gives"))
