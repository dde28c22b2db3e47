"""Confidence metrics against worked examples, brute force over orders and pairs, repetition, and scipy."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from qa_eval.metrics.calibration import (
    aurc,
    aurc_rows,
    auroc,
    auroc_rows,
    brier,
    brier_skill,
    brier_skill_rows,
    coverage_at_accuracy,
    coverage_rows,
    ece,
    expected_ece,
)

INFINITE = float("inf")


@pytest.mark.parametrize(
    ("confidence", "correct", "expected"),
    [
        pytest.param([], [], None, id="no items"),
        pytest.param([1.0], [True], 0.0, id="sure and right"),
        pytest.param([1.0], [False], 1.0, id="sure and wrong"),
        pytest.param([0.5, 0.5], [True, False], 0.25, id="undecided"),
        pytest.param([0.8, 0.4], [1, 0], 0.1, id="two items"),
    ],
)
def test_brier_of_worked_examples(
    confidence: list[float], correct: list[bool], expected: float | None
) -> None:
    assert brier(confidence, correct) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("confidence", "correct", "expected"),
    [
        pytest.param([], [], None, id="no items"),
        pytest.param([0.3, 0.9], [1, 1], None, id="all right: the constant is perfect"),
        pytest.param([0.3, 0.9], [0, 0], None, id="all wrong: the constant is perfect"),
        pytest.param([1.0, 0.0], [1, 0], 1.0, id="sure and right"),
        pytest.param([0.0, 1.0], [1, 0], -3.0, id="sure and wrong: 1 - 1 / 0.25"),
        pytest.param([0.75] * 4, [1, 1, 1, 0], 0.0, id="the share right, always"),
        pytest.param([0.5] * 4, [1, 1, 1, 0], -1 / 3, id="another constant: 1 - 0.25 / 0.1875"),
        pytest.param([0.8, 0.4], [1, 0], 0.6, id="two items: 1 - 0.1 / 0.25"),
    ],
)
def test_brier_skill_of_worked_examples(
    confidence: list[float], correct: list[int], expected: float | None
) -> None:
    assert brier_skill(confidence, correct) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("score", "positive", "expected"),
    [
        pytest.param([], [], None, id="no items"),
        pytest.param([0.3, 0.4], [True, True], None, id="no negative"),
        pytest.param([0.3, 0.4], [False, False], None, id="no positive"),
        pytest.param([0.9, 0.1], [True, False], 1.0, id="perfect"),
        pytest.param([0.1, 0.9], [True, False], 0.0, id="reversed"),
        pytest.param([0.5, 0.5, 0.5], [True, False, True], 0.5, id="all tied"),
        pytest.param([0.9, 0.4, 0.4], [True, True, False], 0.75, id="one tie of two pairs"),
        pytest.param([INFINITE, 3.0, -INFINITE], [True, True, False], 1.0, id="infinite scores"),
        pytest.param([INFINITE, INFINITE], [True, False], 0.5, id="infinite ties"),
    ],
)
def test_auroc_of_worked_examples(score: list[float], positive: list[bool], expected: float | None) -> None:
    assert auroc(score, positive) == expected


@pytest.mark.parametrize(
    ("confidence", "correct", "expected"),
    [
        pytest.param([], [], None, id="no items"),
        pytest.param([0.3, 0.9], [True, True], 0.0, id="all right"),
        pytest.param([0.3, 0.9], [False, False], 1.0, id="all wrong"),
        pytest.param([0.9, 0.3], [True, False], 0.25, id="the error comes last"),
        pytest.param([0.3, 0.9], [True, False], 0.75, id="the error comes first"),
        pytest.param([0.5, 0.5], [True, False], 0.5, id="tied: the mean of the two orders"),
    ],
)
def test_aurc_of_worked_examples(
    confidence: list[float], correct: list[bool], expected: float | None
) -> None:
    assert aurc(confidence, correct) == expected


@pytest.mark.parametrize(
    ("confidence", "correct", "accuracy", "expected"),
    [
        pytest.param([], [], 0.8, None, id="no items"),
        pytest.param([0.9, 0.8, 0.7, 0.6, 0.5], [1, 1, 1, 1, 0], 0.8, 1.0, id="4 of 5 is 0.8"),
        pytest.param([0.9, 0.8, 0.7], [0, 1, 1], 0.6, 1.0, id="reached again after a wrong start"),
        pytest.param([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0], 0.8, 0.5, id="half"),
        pytest.param([0.9, 0.5, 0.5], [1, 1, 0], 0.8, 1 / 3, id="ties stand or fall together"),
        pytest.param([0.9, 0.5], [0, 0], 0.8, 0.0, id="never reached"),
        pytest.param([0.9] * 35, [1] * 28 + [0] * 7, 0.8, 1.0, id="28 of 35 is 0.8"),
        pytest.param([0.9, -INFINITE, -INFINITE], [1, 0, 0], 0.8, 1 / 3, id="unanswered: among all"),
        pytest.param([0.9, -INFINITE], [1, 1], 0.8, 0.5, id="unanswered and right: never covered"),
        pytest.param([-INFINITE, -INFINITE], [1, 1], 0.8, 0.0, id="nothing answered"),
    ],
)
def test_coverage_at_accuracy_of_worked_examples(
    confidence: list[float], correct: list[int], accuracy: float, expected: float | None
) -> None:
    found = coverage_at_accuracy(confidence, correct, accuracy)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("confidence", "correct", "expected"),
    [
        pytest.param([], [], None, id="no items"),
        pytest.param([1.0, 0.0], [True, False], 0.0, id="both ends"),
        pytest.param([1.0, 0.95], [True, False], 0.475, id="1.0 belongs to the last bin"),
        pytest.param([0.3, 0.29], [True, False], (0.7 + 0.29) / 2, id="an edge belongs to the bin above"),
        pytest.param([0.55, 0.55], [True, False], 0.05, id="over- and under-confidence cancel in a bin"),
    ],
)
def test_ece_of_worked_examples(confidence: list[float], correct: list[bool], expected: float | None) -> None:
    assert ece(confidence, correct) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    "confidence",
    [
        pytest.param([0.5], id="one coin"),
        pytest.param([0.0, 1.0], id="no doubt"),
        pytest.param([0.52, 0.55, 0.58, 0.11, 0.17, 0.9], id="several bins"),
        pytest.param([0.31, 0.33, 0.35, 0.35, 0.37, 0.39, 0.3, 0.38], id="one bin"),
    ],
)
def test_expected_ece_is_the_mean_over_all_outcomes(confidence: list[float]) -> None:
    mean = 0.0
    for outcome in product([0, 1], repeat=len(confidence)):
        chance = float(np.prod([c if o else 1 - c for c, o in zip(confidence, outcome, strict=True)]))
        found = ece(confidence, outcome)
        assert found is not None
        mean += chance * found
    assert expected_ece(confidence) == pytest.approx(mean)


def test_expected_ece_of_a_hundred_items_is_not_near_zero() -> None:
    found = expected_ece(np.random.default_rng(0).random(100))
    assert found is not None
    assert 0.06 < found < 0.13
    assert expected_ece([]) is None


scored = st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.booleans()), min_size=1, max_size=6)
weighted = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.booleans(), st.integers(0, 3)),
    min_size=1,
    max_size=8,
)


@given(scored)
def test_aurc_is_the_mean_over_all_orders_within_ties(items: list[tuple[float, bool]]) -> None:
    falling = sorted((c for c, _ in items), reverse=True)
    areas = []
    for order in permutations(items):
        if [c for c, _ in order] == falling:
            wrong = np.cumsum([not right for _, right in order])
            areas.append(float(np.mean(wrong / np.arange(1, len(order) + 1))))
    assert aurc(*zip(*items, strict=True)) == pytest.approx(np.mean(areas), abs=1e-12)


@given(scored)
def test_auroc_is_the_share_of_pairs_in_the_right_order(items: list[tuple[float, bool]]) -> None:
    pairs = [(p, n) for p, is_positive in items for n, other in items if is_positive and not other]
    found = auroc(*zip(*items, strict=True))
    if not pairs:
        assert found is None
    else:
        assert found == pytest.approx(sum((p > n) + 0.5 * (p == n) for p, n in pairs) / len(pairs))


@given(weighted)
def test_a_weight_is_a_repetition(items: list[tuple[float, bool, int]]) -> None:
    score, label, weight = zip(*items, strict=True)
    repeated = [(s, y) for s, y, w in items for _ in range(w)]
    again, labels = [s for s, _ in repeated], [y for _, y in repeated]
    for one, other in (
        (brier_skill(score, label, weight), brier_skill(again, labels)),
        (auroc(score, label, weight), auroc(again, labels)),
        (aurc(score, label, weight), aurc(again, labels)),
        (coverage_at_accuracy(score, label, 0.7, weight), coverage_at_accuracy(again, labels, 0.7)),
    ):
        assert one == (None if other is None else pytest.approx(other, abs=1e-12))


def test_auroc_agrees_with_the_mann_whitney_statistic_of_scipy() -> None:
    rng = np.random.default_rng(3)
    score, positive = np.round(rng.normal(size=300), 1), rng.random(300) < 0.4
    found = scipy_stats.mannwhitneyu(score[positive], score[~positive]).statistic
    assert auroc(score, positive) == pytest.approx(found / (positive.sum() * (~positive).sum()))


def test_rows_of_weights_give_what_single_weightings_give_and_leave_out_the_undefined() -> None:
    rng = np.random.default_rng(4)
    score, label = np.round(rng.random(20), 1), rng.random(20) < 0.6
    weights = rng.integers(0, 3, size=(50, 20)).astype(float)
    weights[7] = 0
    skills = [brier_skill(score, label, w) for w in weights]
    assert brier_skill_rows(score, label, weights).tolist() == pytest.approx(
        [v for v in skills if v is not None]
    )
    for rows, single in (
        (auroc_rows(score, label, weights), [auroc(score, label, w) for w in weights]),
        (aurc_rows(score, label, weights), [aurc(score, label, w) for w in weights]),
        (
            coverage_rows(score, label, weights),
            [coverage_at_accuracy(score, label, weights=w) for w in weights],
        ),
    ):
        assert single[7] is None
        assert rows.tolist() == [value for value in single if value is not None]


def test_no_value_depends_on_the_order_of_the_items() -> None:
    rng = np.random.default_rng(5)
    score, label = np.round(rng.random(60), 1), rng.random(60) < 0.5
    shuffled = rng.permutation(60)
    for metric in (brier, brier_skill, auroc, aurc, coverage_at_accuracy, ece):
        assert metric(score, label) == pytest.approx(metric(score[shuffled], label[shuffled]), abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: brier([1.2], [1]), "outside", id="confidence above one"),
        pytest.param(lambda: brier_skill([0.5, 1.2], [1, 0]), "outside", id="skill of more than one"),
        pytest.param(lambda: ece([-0.1], [1]), "outside", id="negative confidence"),
        pytest.param(lambda: expected_ece([float("nan")]), "NaN", id="NaN"),
        pytest.param(lambda: auroc([0.1, 0.2], [1]), "do not fit", id="unequal lengths"),
        pytest.param(lambda: auroc([[0.1]], [[1]]), "do not fit", id="a matrix of scores"),
        pytest.param(lambda: auroc([0.1], [2]), "neither true nor false", id="a label of two"),
        pytest.param(lambda: auroc([0.1], [1], [-1]), "negative", id="negative weight"),
        pytest.param(lambda: aurc([0.1], [1], [0.5]), "whole", id="fractional weight of aurc"),
        pytest.param(lambda: aurc([0.1], [1], [1, 2]), "do not fit", id="too many weights"),
        pytest.param(lambda: aurc_rows([0.1], [1], [1]), "do not fit", id="rows that are no matrix"),
    ],
)
def test_input_that_means_nothing_is_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()
