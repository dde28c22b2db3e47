from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.matching.claims import best_match, claim_of, foreign_claims, match_claim, separable, touches
from qa_eval.records import Candidate, Claim, Question, Span
from tests.support.worked_example import LOSSES, QUOTED, TEXTS, VOW, WORKED, evidence, texts_about

BOTH = replace(
    LOSSES,
    id="both",
    claims=(
        Claim(id="over-400", evidence=(evidence("A", "over 400"), evidence("A", "over 400 IS fighters"))),
        Claim(id="400", evidence=(evidence("A", "400"),)),
    ),
)
"""An article whose evidence for two claims overlaps, as no checked question set would have it."""


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("417", "417"),
        ("over 400", "over-400"),
        ("400", "400"),
        ("four hundred", "400"),
        ("400 IS fighters", "400"),
        ("more than 400", "over-400"),
        ("5,000", None),
        ("400 or 417", None),
        ("", None),
        ("the", None),
    ],
)
def test_the_claim_of_a_bare_text_is_the_one_it_matches_strictly(text: str, claim: str | None) -> None:
    assert claim_of(LOSSES, text) == claim


@pytest.mark.parametrize(
    ("article", "text", "claim"),
    [
        pytest.param("A", "400 IS fighters", "over-400", id="overlap decides where the bound was cut off"),
        pytest.param("A", "IS fighters", None, id="no overlap, no match"),
        pytest.param("C", "417 militants", "417", id="a longer span"),
        pytest.param("D", "5,000 men, 417", None, id="overlap without a match is not enough"),
        pytest.param("D", "5,000", None, id="another number"),
    ],
)
def test_the_claim_of_a_span_is_that_of_the_evidence_it_overlaps(
    article: str, text: str, claim: str | None
) -> None:
    start = TEXTS[article].index(text)
    assert claim_of(LOSSES, text, Span(start, start + len(text), article)) == claim


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        pytest.param("over 400", "over-400", id="the evidence itself"),
        pytest.param("400", "400", id="the other evidence itself"),
        pytest.param("400 IS fighters", "400", id="cut off: by its words"),
        pytest.param("IS fighters", None, id="no match"),
    ],
)
def test_of_two_overlapped_claims_the_strictly_matched_one_is_made(text: str, claim: str | None) -> None:
    start = TEXTS["A"].index(text)
    assert claim_of(BOTH, text, Span(start, start + len(text), "A")) == claim


def test_overlapped_claims_come_before_a_stricter_match_elsewhere() -> None:
    shared = replace(
        VOW,
        claims=(
            Claim(id="x", evidence=(evidence("P", "fight on until the last man had left", QUOTED),)),
            Claim(id="y", evidence=(evidence("P", "until the last man", QUOTED),), aliases=("never",)),
            Claim(id="z", evidence=(evidence("Q", "desert", QUOTED),), aliases=("until the last man",)),
        ),
    )
    here = evidence("P", "until the last man", QUOTED)
    assert claim_of(shared, here.text) is None
    assert claim_of(shared, here.text, Span(here.start, here.end, "P")) == "y"


def test_two_claims_on_the_same_span_are_told_apart_by_wording_or_not_at_all() -> None:
    here = evidence("A", "400")
    twins = replace(
        LOSSES,
        claims=(Claim(id="x", evidence=(here,)), Claim(id="y", evidence=(here,), aliases=("over 400",))),
    )
    assert claim_of(twins, "400", Span(here.start, here.end, "A")) is None
    assert claim_of(twins, "over 400", Span(here.start, here.end, "A")) == "y"


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("over-400", "400", False),
        ("400", "over-400", False),
        ("400", "417", True),
        ("417", "over-400", True),
        ("417", "417", False),
    ],
)
def test_claims_are_separable_unless_a_wording_matches_leniently(one: str, other: str, apart: bool) -> None:
    assert separable(LOSSES, one, other) is apart


def test_an_unknown_claim_is_an_error() -> None:
    with pytest.raises(KeyError):
        separable(LOSSES, "417", "418")


@pytest.mark.parametrize(("article", "ids"), [("A", ["417"]), ("C", ["over-400", "400"]), ("E", [])])
def test_foreign_claims_can_be_told_apart_from_all_own_ones(article: str, ids: list[str]) -> None:
    assert [c.id for c in foreign_claims(LOSSES, article)] == ids


# ------------------------------------------------------------------------------------------ quotations


def vow(text: str, article: str = "P", question: Question = VOW, shift: int = 0) -> tuple[bool, int, str]:
    start = QUOTED[article].index(text) + shift
    found = match_claim(question, question.claims[0], text, Span(start, start + len(text), article))
    return found.ok, found.level, found.rule


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        pytest.param("on until the last man", True, id="inside the evidence"),
        pytest.param("vowed to fight on until the last man", True, id="mostly inside"),
        pytest.param("He vowed to fight", False, id="mostly outside"),
        pytest.param("the", False, id="inside, but says nothing"),
        pytest.param("fight", False, id="inside, but a small part of it"),
    ],
)
def test_a_span_half_inside_the_evidence_of_one_claim_matches_it(text: str, ok: bool) -> None:
    start = QUOTED["P"].index(text)
    found = match_claim(VOW, VOW.claims[0], text, Span(start, start + len(text), "P"))
    assert found.ok is ok
    assert (found.level, found.rule) == ((1, "evidence") if ok else (0, found.rule))
    assert claim_of(VOW, text, Span(start, start + len(text), "P")) == ("fight" if ok else None)


def test_half_of_the_characters_of_both_span_and_evidence_is_enough() -> None:
    stated = evidence("P", "fight on until the last man had left", QUOTED)
    half = (len(stated.text) + 1) // 2

    def credited(before: int, within: int) -> bool:
        start, end = stated.start - before, stated.start + within
        text = QUOTED["P"][start:end]
        return match_claim(VOW, VOW.claims[0], text, Span(start, end, "P")).ok

    assert credited(6, half)
    assert not credited(6, half - 1), "less than half of the evidence"
    short = replace(stated, text="fight on")
    brief = replace(VOW, claims=(replace(VOW.claims[0], evidence=(short,)), *VOW.claims[1:]))
    for before, ok in [(6, True), (7, False)]:
        start, end = short.start - before, short.start + 6
        text = QUOTED["P"][start:end]
        assert match_claim(brief, brief.claims[0], text, Span(start, end, "P")).ok is ok


def test_a_span_that_two_claims_share_matches_neither_by_place() -> None:
    shared = replace(
        VOW,
        claims=(*VOW.claims[:1], Claim(id="also", evidence=(evidence("P", "until the last man", QUOTED),))),
    )
    start = QUOTED["P"].index("the last")
    assert not match_claim(shared, shared.claims[0], "the last", Span(start, start + 8, "P")).ok


def test_place_counts_for_quotations_only_and_needs_offsets() -> None:
    start = QUOTED["P"].index("on until")
    numeric = replace(VOW, answer_type="number")
    assert not match_claim(numeric, VOW.claims[0], "on until the last man", Span(start, start + 21, "P")).ok
    assert not match_claim(VOW, VOW.claims[0], "on until the last man").ok
    assert not match_claim(VOW, VOW.claims[0], "on until the last man", Span(start, start + 21, "Q")).ok


def test_nothing_matches_no_claims() -> None:
    assert not best_match(LOSSES, (), "400").ok


def test_the_best_match_is_told_with_its_rule() -> None:
    assert best_match(LOSSES, LOSSES.claims, "417").level == 5
    refused = best_match(LOSSES, LOSSES.claims, "5,000")
    assert not refused.ok
    assert refused.level == 0


@pytest.mark.parametrize(
    ("place", "shared"),
    [
        (("A", 17, 25), True),
        (("A", 0, 18), True),
        (("A", 0, 17), False),
        (("A", 25, 30), False),
        (("B", 17, 25), False),
        (("A", 18, 18), False),
        ((None, None, None), False),
        (("A", 17, None), False),
    ],
)
def test_spans_overlap_in_characters_of_one_article(
    place: tuple[str | None, int | None, int | None], shared: bool
) -> None:
    here = evidence("A", "over 400")
    assert (here.start, here.end) == (17, 25)
    article, start, end = place
    assert touches(Candidate(text="x", article=article, start=start, end=end).span, here) is shared


@given(
    texts_about(WORKED),
    st.sampled_from([*TEXTS, None]),
    st.none() | st.integers(-3, 80),
    st.none() | st.integers(-3, 80),
)
def test_any_text_at_any_offsets_makes_at_most_one_claim(
    text: str, article: str | None, start: int | None, end: int | None
) -> None:
    found = claim_of(LOSSES, text, Candidate(text=text, article=article, start=start, end=end).span)
    assert found in {None, *(c.id for c in LOSSES.claims)}


@pytest.mark.parametrize("question", [LOSSES, VOW], ids=lambda q: q.id)
def test_every_wording_makes_its_own_claim(question: Question) -> None:
    for claim in question.claims:
        assert {claim_of(question, w) for w in claim.wordings} == {claim.id}
        for e in claim.evidence:
            assert claim_of(question, e.text, e.span) == claim.id
