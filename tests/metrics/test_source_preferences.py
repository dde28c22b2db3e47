"""Whose claims a model makes where sources disagree, against chance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_eval.metrics.source_preferences import SourcePreferences
from tests.support.worked_example import LOSSES


def rate(wins: int, n: int, chance: float) -> dict[str, object]:
    return {"wins": wins, "n": n, "rate": pytest.approx(wins / n), "chance": pytest.approx(chance)}


SPOKEN = replace(
    LOSSES,
    claims=tuple(
        replace(c, evidence=tuple(replace(e, speaker=s) for e, s in zip(c.evidence, who, strict=True)))
        for c, who in zip(reversed(LOSSES.claims), [("army", None), ("army",), ("monitor",)], strict=True)
    ),
)
"""The army states 417 and 400, two of three claims; the monitor over 400."""


@pytest.mark.parametrize(
    ("claims", "articles", "speakers"),
    [
        pytest.param(
            ["417"],
            {a: rate(int(a in "CD"), 1, 1 / 3) for a in "ABCD"},
            {"army": rate(1, 1, 2 / 3), "monitor": rate(0, 1, 1 / 3)},
            id="the claim of two articles",
        ),
        pytest.param(
            ["417", "over-400", None],
            {"A": rate(1, 2, 1 / 3), "B": rate(0, 2, 1 / 3), "C": rate(1, 2, 1 / 3), "D": rate(1, 2, 1 / 3)},
            {"army": rate(1, 2, 2 / 3), "monitor": rate(1, 2, 1 / 3)},
            id="two facts, and an answer that makes no claim",
        ),
        pytest.param([None], {}, {}, id="no claim"),
    ],
)
def test_the_sources_of_claims_are_counted_with_their_chances(
    claims: list[str | None], articles: dict[str, object], speakers: dict[str, object]
) -> None:
    found = SourcePreferences()
    for claim in claims:
        found.add(SPOKEN, claim)
    assert found.by_article() == articles
    assert found.by_speaker() == speakers


def test_a_fact_without_dispute_tells_no_preference() -> None:
    found = SourcePreferences()
    found.add(replace(SPOKEN, claims=SPOKEN.claims[:1], relation=None, silent=("A", "B", "E")), "417")
    assert (found.by_article(), found.by_speaker()) == ({}, {})
