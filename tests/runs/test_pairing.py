"""Which items of two runs are held to be the same: by content, never by name or order."""

from __future__ import annotations

from typing import Literal

import pytest

from qa_eval.errors import QaEvalError
from qa_eval.records import Match
from qa_eval.runs.common_items import Pairing, pair_items
from qa_eval.runs.schema import PredictionRow


def asked(
    item: str,
    question: str = "q",
    context: str = "c",
    gold: str = "g",
    *,
    track: Literal["reading", "pooled"] = "reading",
) -> PredictionRow:
    """An item whose content is told by three words that stand for hashes."""
    fact, _, article = item.partition("@")
    return PredictionRow(
        item=item,
        fact=fact,
        article=article,
        track=track,
        question_sha256=question,
        context_sha256=context,
        gold_sha256=gold,
        prediction="",
        match=Match(ok=False, level=0, rule="none"),
    )


def names(pairing: Pairing) -> list[tuple[str, str]]:
    return [(a.item, b.item) for a, b in pairing.pairs]


ONE, TWO, THREE = asked("one@a", "q1"), asked("two@a", "q2"), asked("three@a", "q3")


@pytest.mark.parametrize(
    ("base", "new", "pairs"),
    [
        pytest.param([ONE, TWO], [ONE, TWO], [("one@a", "one@a"), ("two@a", "two@a")], id="equal"),
        pytest.param([ONE, TWO], [TWO, ONE], [("one@a", "one@a"), ("two@a", "two@a")], id="another order"),
        pytest.param([ONE], [asked("uno@z", "q1")], [("one@a", "uno@z")], id="another name"),
        pytest.param(
            [ONE, TWO],
            [asked("one@a", "q2"), asked("two@a", "q1")],
            [("one@a", "two@a"), ("two@a", "one@a")],
            id="names exchanged",
        ),
        pytest.param(
            [asked("x@a"), asked("y@a")],
            [asked("y@a"), asked("x@a")],
            [("x@a", "x@a"), ("y@a", "y@a")],
            id="two items of one content, by name",
        ),
        pytest.param(
            [asked("x@a"), asked("y@a")],
            [asked("v@a"), asked("x@a")],
            [("x@a", "x@a"), ("y@a", "v@a")],
            id="two items of one content, the one without a namesake gets what is left",
        ),
        pytest.param([], [], [], id="nothing"),
    ],
)
def test_equal_content_pairs_whatever_the_name_and_the_order(
    base: list[PredictionRow], new: list[PredictionRow], pairs: list[tuple[str, str]]
) -> None:
    found = pair_items(base, new)
    assert names(found) == pairs
    assert (found.edited, found.added, found.removed) == ((), (), ())


@pytest.mark.parametrize(
    ("new", "parts"),
    [
        pytest.param(asked("x@a", question="Q"), ("question",), id="question"),
        pytest.param(asked("x@a", context="C"), ("context",), id="context"),
        pytest.param(asked("x@a", gold="G"), ("golds",), id="golds"),
        pytest.param(asked("x@a", question="Q", gold="G"), ("question", "golds"), id="two parts"),
    ],
)
def test_an_edited_item_is_named_with_what_was_edited_and_not_compared(
    new: PredictionRow, parts: tuple[str, ...]
) -> None:
    found = pair_items([asked("x@a"), ONE], [ONE, new])
    assert names(found) == [("one@a", "one@a")]
    assert [(e.item, e.parts) for e in found.edited] == [("x@a", parts)]
    assert (found.added, found.removed) == ((), ())


def test_items_of_one_run_alone_are_added_or_removed() -> None:
    found = pair_items([ONE, TWO], [THREE, TWO])
    assert names(found) == [("two@a", "two@a")]
    assert (found.added, found.removed, found.edited) == (("three@a",), ("one@a",), ())


def test_one_of_two_items_of_one_content_that_is_gone_is_removed() -> None:
    found = pair_items([asked("x@a"), asked("y@a")], [asked("y@a")])
    assert names(found) == [("y@a", "y@a")]
    assert found.removed == ("x@a",)


def test_the_same_words_on_another_track_are_another_item() -> None:
    found = pair_items([asked("x@a")], [asked("x@*", track="pooled")])
    assert (names(found), found.added, found.removed) == ([], ("x@*",), ("x@a",))


@pytest.mark.parametrize("twice_in_base", [True, False], ids=["base", "new"])
def test_an_item_that_is_stored_twice_is_refused(twice_in_base: bool) -> None:
    sides = ([ONE, TWO, ONE], [ONE])
    with pytest.raises(QaEvalError, match="one@a: stored twice"):
        pair_items(*(sides if twice_in_base else sides[::-1]))
