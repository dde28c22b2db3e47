"""Set F1: worked examples, and the best pairing against trying every pairing."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.metrics.answer_sets import set_f1
from qa_eval.metrics.rules.squad import SQUAD_V2


@pytest.mark.parametrize(
    ("predicted", "gold_sets", "expected"),
    [
        pytest.param([], [], 1.0, id="nothing asked, nothing said"),
        pytest.param(["x"], [], 0.0, id="nothing asked"),
        pytest.param([], [["x"]], 0.0, id="nothing said"),
        pytest.param(["x"], [["x"]], 1.0, id="one of one"),
        pytest.param(["The 400."], [["four hundred", "400"]], 1.0, id="any wording, normalized"),
        pytest.param(["400", "417"], [["over 400"], ["417"]], 0.5, id="one of two on both sides"),
        pytest.param(["417", "many", "over 400"], [["417"], ["over 400"]], 0.8, id="precision 2/3, recall 1"),
        pytest.param(["400", "four hundred"], [["400", "four hundred"]], 2 / 3, id="a claim named twice"),
        pytest.param(["x"], [["x"], ["x"]], 2 / 3, id="one answer serves one claim"),
        pytest.param(["x", "y"], [["x", "y"], ["x"]], 1.0, id="greedy would give x to the first claim"),
        pytest.param(["x", "x", "y"], [["x"], ["y", "x"], ["x", "z"]], 1.0, id="a longer chain of swaps"),
        pytest.param([""], [["the"]], 1.0, id="a claim of empty wordings is met by an empty answer"),
        pytest.param([""], [["the", "x"]], 0.0, id="empty wordings beside others are dropped"),
    ],
)
def test_set_f1_of_worked_examples(predicted: list[str], gold_sets: list[list[str]], expected: float) -> None:
    assert set_f1(predicted, gold_sets) == pytest.approx(expected)


words = st.sampled_from(["x", "y", "z", "The x", "w", ""])


@given(st.lists(words, max_size=4), st.lists(st.lists(words, max_size=3), max_size=4))
def test_the_pairing_is_the_best_of_all_pairings(predicted: list[str], gold_sets: list[list[str]]) -> None:
    places: list[int | None] = [*range(len(gold_sets)), *[None] * len(predicted)]
    hits = max(
        sum(
            place is not None and SQUAD_V2.score(text, gold_sets[place])[0] == 1.0
            for text, place in zip(predicted, seats, strict=True)
        )
        for seats in set(permutations(places, len(predicted)))
    )
    expected = (
        2 * hits / (len(predicted) + len(gold_sets))
        if predicted and gold_sets
        else float(not predicted and not gold_sets)
    )
    assert set_f1(predicted, gold_sets) == pytest.approx(expected)
    assert set_f1(predicted[::-1], gold_sets[::-1]) == pytest.approx(expected)
