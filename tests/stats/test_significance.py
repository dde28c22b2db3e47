"""Tests of differences and ranks: worked examples, scipy as the oracle, extreme inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from qa_eval.stats.contrasts import contrast
from qa_eval.stats.draws import sign_flips
from qa_eval.stats.intervals import Term, ratio_estimate
from qa_eval.stats.significance import (
    benjamini_hochberg,
    compare_all_pairs,
    holm,
    max_t,
    mcnemar,
    paired_difference,
    paired_tests,
    rank_intervals,
    sign_flip,
)
from qa_eval.stats.small_samples import noncentral_shift, student_quantile, unseen_share
from tests.support.clustered_terms import clustered, term

FloatArray = NDArray[np.float64]

scipy_stats: Any = stats
"""Untyped, whether or not stubs are installed."""


def detectable(first: Sequence[Term], second: Sequence[Term]) -> float | None:
    """The smallest difference that the paired test of two models would show."""
    return paired_tests([(first, second)])[0].detectable


# ------------------------------------------------------------------------------------------ sign flips


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        pytest.param([], 1.0, id="no clusters"),
        pytest.param([0, 0, 0], 1.0, id="identical models"),
        pytest.param([0.1 + 0.2 - 0.3], 1.0, id="identical up to rounding"),
        pytest.param([0.4], 1.0, id="one cluster"),
        pytest.param([1, 1], 0.5, id="two clusters"),
        pytest.param([1] * 5, 2 / 32, id="five articles cannot reach .05"),
        pytest.param([1] * 6, 2 / 64, id="six can"),
        pytest.param([1, 1, 1, 1, 1, 0, 0], 2 / 32, id="clusters that tie are no evidence"),
        pytest.param([3, 1, -1], 6 / 8, id="counted by hand: 3+1-1 is reached or exceeded 6 times of 8"),
        pytest.param([0.1, 0.2, -0.3], 1.0, id="a sum of nothing but rounding"),
    ],
)
def test_sign_flip_of_worked_examples(differences: list[float], p: float) -> None:
    assert sign_flip(differences) == p


def test_exact_sign_flips_agree_with_the_permutation_test_of_scipy() -> None:
    rng = np.random.default_rng(4)
    for _ in range(5):
        differences = rng.normal(0.4, 1, 9)
        theirs = scipy_stats.permutation_test(
            (differences,), np.sum, permutation_type="samples", n_resamples=np.inf, vectorized=True
        ).pvalue
        assert sign_flip(differences) == pytest.approx(theirs)


def test_sampled_sign_flips_agree_with_the_exact_binomial_of_equal_differences() -> None:
    # 13 of 16 clusters favour the first model by the same amount: the sign test.
    differences = [0.25] * 13 + [-0.25] * 3
    exact = scipy_stats.binomtest(3, 16).pvalue
    error = math.sqrt(exact * (1 - exact) / 9999)
    assert sign_flip(differences) == pytest.approx(exact, abs=4 * error)
    assert sign_flip(differences, seed=1) == sign_flip(differences, seed=1)


def test_a_sampled_p_is_never_zero() -> None:
    assert sign_flip([1.0] * 60, resamples=199) == 1 / 200


def plain_ends(differences: FloatArray, shares: FloatArray) -> tuple[float, float]:
    """The least and the greatest of a fine grid of true differences that sign flips do not refuse."""
    signs = np.concatenate(list(sign_flips(differences.size, 0, 0)))
    statistics = np.abs(signs @ differences) / np.linalg.norm(differences)
    refused = [t for t in np.unique(statistics.round(12)) if np.mean(statistics >= t - 1e-9) <= 0.05]
    kept = [t for t in np.unique(statistics.round(12)) if np.mean(statistics >= t - 1e-9) > 0.05]
    limit = (min(refused) + max(kept)) / 2
    grid = np.linspace(-1, 1, 200_001)
    left = differences.sum() - grid
    norms = np.sqrt(((differences[:, None] - grid * shares[:, None]) ** 2).sum(axis=0))
    inside = grid[np.abs(left) <= limit * norms]
    return float(inside.min()), float(inside.max())


@pytest.mark.parametrize("seed", range(4))
def test_the_interval_of_a_difference_holds_what_its_own_test_does_not_refuse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    items = rng.integers(1, 6, 12).astype(np.float64)
    a, b = rng.binomial(items.astype(int), [[0.8], [0.4]]).astype(np.float64)
    found = paired_difference([term(a, items)], [term(b, items)])
    assert found.method == "sign-flip"
    assert found.p is not None
    ends = plain_ends((a - b) / items.sum(), items / items.sum())
    if found.p > 0.05:
        ends = (min(ends[0], 0.0), max(ends[1], 0.0))
    assert (found.low, found.high) == pytest.approx(ends, abs=2e-5)


@pytest.mark.parametrize("clusters", [8, 12, 40])
def test_an_interval_leaves_out_zero_just_where_its_test_shows_a_difference(clusters: int) -> None:
    rng = np.random.default_rng(clusters)
    seen = set()
    for lead in np.linspace(0, 0.6, 30):
        items = rng.integers(1, 6, clusters)
        sides = [[term(rng.binomial(items, 0.35 + sign * lead / 2), items)] for sign in (1, -1)]
        found = paired_difference(*sides, resamples=999)
        assert found.low is not None
        assert found.high is not None
        assert found.p is not None
        assert found.low <= found.value <= found.high
        assert (found.low > 0 or found.high < 0) == (found.p <= 0.05)
        seen.add(found.p <= 0.05)
    assert seen == {True, False}


@pytest.mark.parametrize("models", [2, 3, 8])
def test_differences_of_many_models_agree_with_their_ranks(models: int) -> None:
    rng = np.random.default_rng(models)
    for _ in range(10):
        items = rng.integers(1, 6, 30)
        hard = rng.normal(0.5, 0.2, 30)
        chances = np.clip(
            hard + rng.normal(0, 0.15, (models, 30)) + np.linspace(0.3, 0, models)[:, None], 0, 1
        )
        scores = [[term(right, items)] for right in rng.binomial(items, chances)]
        found = compare_all_pairs(scores, resamples=999)
        values = [float(t[0].numerator.sum() / items.sum()) for t in scores]
        ranks = found.ranks()
        for i, j in combinations(range(models), 2):
            one = found.difference(i, j)
            assert one.low is not None
            assert one.high is not None
            shown = one.low > 0 or one.high < 0
            assert shown == (found.p[i, j] <= 0.05)
            if values[i] > values[j]:
                assert ranks[i][0] <= ranks[j][0]
                assert not shown or ranks[i][0] < ranks[j][0] or ranks[j][1] > ranks[i][1]


def test_on_fewer_than_eight_clusters_there_is_no_interval_and_nothing_is_told_apart() -> None:
    sides = [[term([1] * 7, [1] * 7)], [term([0] * 7, [1] * 7)]]
    found = paired_difference(*sides)
    assert (found.value, found.p, found.low, found.high) == (1.0, 2 / 128, None, None)
    assert (found.method, detectable(*sides)) == ("too-few", None)
    together = compare_all_pairs(sides)
    assert together.ranks() == [(1, 1, 2), (1, 1, 2)]
    assert together.detectable(0, 1) is None


def test_a_paired_difference_is_zero_with_a_width_for_identical_models() -> None:
    terms = [clustered(np.random.default_rng(3), 40, 0.6)]
    found = paired_difference(terms, terms)
    slack = unseen_share(40, 0.95)
    assert (found.value, found.p, found.method, found.clusters) == (0.0, 1.0, "wilson", 40)
    assert (found.low, found.high) == pytest.approx((-slack, slack))


def test_a_paired_difference_of_one_everywhere_reaches_one() -> None:
    one = [term(np.full(8, 2), np.full(8, 2))]
    none = [term(np.zeros(8), np.full(8, 2))]
    found = paired_difference(one, none)
    assert (found.value, found.high, found.p) == (1.0, 1.0, 2 / 256)
    # All that was seen agrees; of the unseen share nothing is known but that it was not seen.
    assert found.low == pytest.approx(1 - unseen_share(8, 0.95))


def test_a_paired_difference_changes_sign_with_its_sides_and_is_the_difference_of_the_scores() -> None:
    rng = np.random.default_rng(6)
    items, silent = rng.integers(1, 4, 60), rng.integers(0, 3, 60)
    sides = [
        [term(rng.binomial(items, rate), items, 0.5), term(rng.binomial(silent, rate), silent, 0.5)]
        for rate in (0.8, 0.6)
    ]
    there, back = paired_difference(*sides), paired_difference(*sides[::-1])
    assert there.value == pytest.approx(
        ratio_estimate(sides[0], n=1).value - ratio_estimate(sides[1], n=1).value
    )
    assert back.low is not None
    assert back.high is not None
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert there.p is not None
    assert back.p is not None
    assert there.p == back.p < 0.05
    assert there.low is not None
    assert there.low > 0


def plain_swap_test(terms_a: list[Term], terms_b: list[Term]) -> float:
    """Every way to swap the models' answers to a cluster, by loops."""

    def ratio(kept: Term, other: Term, swapped: tuple[bool, ...]) -> float:
        chosen = [other if swap else kept for swap in swapped]
        over = sum(t.denominator[i] for i, t in enumerate(chosen))
        return sum(t.numerator[i] for i, t in enumerate(chosen)) / over if over else math.inf

    def difference(swapped: tuple[bool, ...]) -> float:
        sides = [
            (a.weight, ratio(a, b, swapped), ratio(b, a, swapped))
            for a, b in zip(terms_a, terms_b, strict=True)
        ]
        if any(math.inf in side for side in sides):
            return math.inf
        return sum(weight * (one - other) for weight, one, other in sides)

    patterns = list(product([False, True], repeat=len(terms_a[0].numerator)))
    return float(np.mean([abs(difference(p)) >= abs(difference(patterns[0])) - 1e-12 for p in patterns]))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param([([2, 1, 0, 3], [2, 1, 1, 3])], [([0, 1, 1, 0], [1, 1, 2, 0])], id="a precision"),
        pytest.param(
            [([2, 0, 0], [2, 0, 0])], [([0, 1, 1], [0, 1, 2])], id="swaps that leave nothing to divide by"
        ),
        pytest.param(
            [([2, 1, 0, 1], [2, 1, 1, 2]), ([1, 1, 0, 1], [1, 1, 1, 1])],
            [([1, 1, 0, 0], [2, 1, 1, 2]), ([0, 1, 1, 1], [1, 2, 1, 1])],
            id="two ratios of which one has other denominators",
        ),
        pytest.param([([2, 1, 0], [2, 2, 1])], [([1, 0, 1], [2, 2, 1])], id="equal denominators"),
    ],
)
def test_swaps_of_whole_clusters_agree_with_plain_loops(
    first: list[tuple[list[float], list[float]]], second: list[tuple[list[float], list[float]]]
) -> None:
    sides = [[term(n, d, 0.5) for n, d in side] for side in (first, second)]
    found = paired_difference(*sides)
    assert found.p == pytest.approx(plain_swap_test(*sides))
    values = [sum(0.5 * sum(n) / sum(d) for n, d in side) for side in (first, second)]
    assert found.value == pytest.approx(values[0] - values[1])


def test_differences_made_together_are_those_made_alone() -> None:
    rng = np.random.default_rng(8)
    pairs = []
    for clusters in (5, 40, 12, 40, 300):
        items = rng.integers(1, 4, clusters)
        other = rng.integers(1, 4, clusters)
        pairs.append(([term(rng.binomial(items, 0.7), items)], [term(rng.binomial(items, 0.6), items)]))
        pairs.append(([term(rng.binomial(items, 0.7), items)], [term(rng.binomial(other, 0.6), other)]))
    together = paired_tests(pairs, resamples=499)
    assert together == [paired_tests([pair], resamples=499)[0] for pair in pairs]
    assert [test.difference for test in together] == [paired_difference(*p, resamples=499) for p in pairs]
    assert paired_tests([]) == []


@pytest.mark.parametrize(
    ("other", "message"),
    [
        pytest.param([], "different weights", id="another number of terms"),
        pytest.param([term([1, 0], [1, 1], 0.5)], "different weights", id="other weights"),
        pytest.param([term([1, 0, 0], [1, 1, 0])], "same clusters", id="other clusters"),
    ],
)
def test_scores_of_another_kind_are_not_compared(other: list[Term], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paired_difference([term([1, 0], [1, 1])], other)


# ------------------------------------------------------------------------------------------ many comparisons


def plain_max_t(scores: FloatArray) -> FloatArray:
    models, clusters = scores.shape
    pairs = list(combinations(range(models), 2))
    signs = np.array(list(product([-1.0, 1.0], repeat=clusters)))
    result = np.ones((models, models))
    table = []
    for i, j in pairs:
        d = scores[i] - scores[j]
        table.append(np.abs(signs @ d) / math.sqrt(d @ d) if d.any() else np.zeros(len(signs)))
    largest = np.max(table, axis=0)
    for (i, j), row in zip(pairs, table, strict=True):
        # The last pattern is all +1: what was observed.
        result[i, j] = result[j, i] = np.mean(largest >= row[-1] - 1e-9) if row.any() else 1.0
    return result


def test_max_t_of_few_clusters_is_the_share_of_all_flips_whose_largest_statistic_is_as_large() -> None:
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(4, 8)) + np.array([[0.0], [0.4], [0.8], [1.5]])
    scores[:, 3] = 0.2
    assert max_t(scores) == pytest.approx(plain_max_t(scores))
    scores[1] = scores[0]
    found = max_t(scores)
    assert found == pytest.approx(plain_max_t(scores))
    assert found[0, 1] == 1.0


def test_max_t_of_two_models_is_their_sign_flip() -> None:
    rng = np.random.default_rng(6)
    for clusters in (10, 60):
        scores = rng.normal(0.2, 1, size=(2, clusters))
        assert max_t(scores)[0, 1] == sign_flip(scores[0] - scores[1])


def test_max_t_corrects_upwards_and_less_than_bonferroni() -> None:
    rng = np.random.default_rng(7)
    hard = rng.normal(size=80)
    scores = np.stack([hard + rng.normal(0.15 * m, 0.7, 80) for m in range(6)])
    adjusted = max_t(scores)
    raw = np.array([[sign_flip(a - b) for a in scores] for b in scores])
    assert np.array_equal(adjusted, adjusted.T)
    assert (adjusted >= raw - 0.02).all()
    assert (adjusted <= np.minimum(1.0, 15 * raw) + 0.02).all()
    assert (np.diag(adjusted) == 1).all()
    assert np.array_equal(adjusted, max_t(scores))


@pytest.mark.parametrize(
    "scores",
    [
        pytest.param(np.zeros((3, 5)), id="identical models"),
        pytest.param(np.ones((1, 5)), id="one model"),
        pytest.param(np.zeros((2, 0)), id="no clusters"),
        pytest.param(np.array([[0.1], [0.9]]), id="one cluster"),
    ],
)
def test_max_t_finds_nothing_where_there_is_nothing(scores: FloatArray) -> None:
    assert (max_t(scores) == 1).all()


def test_max_t_of_many_models_stays_within_bounded_memory() -> None:
    scores = np.random.default_rng(0).normal(size=(60, 40))
    assert max_t(scores, resamples=999).shape == (60, 60)


@pytest.mark.parametrize(
    ("values", "significant", "expected"),
    [
        pytest.param([], [], [], id="no models"),
        pytest.param([0.5], [], [(1, 1, 1)], id="one model"),
        pytest.param([0.5, 0.5], [], [(1, 1, 2), (1, 1, 2)], id="two that tie"),
        pytest.param([0.9, 0.1], [(0, 1)], [(1, 1, 1), (2, 2, 2)], id="two told apart"),
        pytest.param([0.1, 0.9], [(0, 1)], [(2, 2, 2), (1, 1, 1)], id="in any order"),
        pytest.param(
            [0.9, 0.8, 0.5, 0.1],
            [(0, 2), (0, 3), (1, 3), (2, 3)],
            [(1, 1, 2), (1, 1, 3), (2, 2, 3), (4, 4, 4)],
            id="overlapping groups",
        ),
        pytest.param(
            [0.9, 0.8, 0.5],
            [(0, 1)],
            [(1, 1, 2), (2, 2, 3), (2, 1, 3)],
            id="a rank never falls down the table",
        ),
        pytest.param(
            [0.9, 0.5, 0.5], [(0, 1)], [(1, 1, 2), (2, 2, 3), (2, 1, 3)], id="equal values share a rank"
        ),
    ],
)
def test_rank_intervals_of_worked_examples(
    values: list[float], significant: list[tuple[int, int]], expected: list[tuple[int, int, int]]
) -> None:
    p = np.ones((len(values), len(values)))
    for i, j in significant:
        p[i, j] = p[j, i] = 0.05
    assert rank_intervals(values, p) == expected


def test_adjusted_p_agree_with_scipy_and_with_their_definitions() -> None:
    rng = np.random.default_rng(1)
    for size in (1, 2, 30):
        p = np.round(rng.random(size), 2)
        theirs = scipy_stats.false_discovery_control(p)
        assert benjamini_hochberg(p) == pytest.approx(theirs)
        order = np.argsort(p)
        largest = 0.0
        for place, index in enumerate(order):
            largest = max(largest, min(1.0, (size - place) * p[index]))
            assert holm(p)[index] == pytest.approx(largest)
    assert holm([]).size == benjamini_hochberg([]).size == 0


@pytest.mark.parametrize(("b", "c"), [(0, 0), (3, 3), (0, 1), (1, 0), (0, 5), (2, 9), (30, 12), (600, 700)])
def test_mcnemar_is_the_binomial_test_and_its_mid_p_variant(b: int, c: int) -> None:
    exact = scipy_stats.binomtest(b, b + c).pvalue if b + c else 1.0
    assert mcnemar(b, c, mid_p=False) == pytest.approx(exact)
    half = scipy_stats.binom.pmf(b, b + c, 0.5) if b != c else 0.0
    assert mcnemar(b, c) == pytest.approx(exact - half)


def test_mcnemar_refuses_negative_counts() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)


# ------------------------------------------------------------------------------------ what could be shown


@pytest.mark.parametrize("freedom", [7, 9, 35, 134])
@pytest.mark.parametrize("critical", [2.0, 3.0, 6.0])
def test_the_noncentral_shift_gives_the_power_that_was_asked_for(freedom: int, critical: float) -> None:
    shift = noncentral_shift(critical, freedom, 0.8)
    assert scipy_stats.nct.sf(critical, freedom, shift) == pytest.approx(0.8, abs=0.005)
    assert student_quantile(freedom, 0.95) == pytest.approx(scipy_stats.t.ppf(0.975, freedom))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param([1] * 5, [0] * 5, id="five clusters"),
        pytest.param([0.5] * 60, [0.5] * 60, id="models that never differ"),
        pytest.param([0.5] * 55 + [0.6] * 5, [0.5] * 60, id="too few clusters differ for any test"),
        pytest.param([0, 1] * 4, [1, 0] * 4, id="the difference would have to exceed what is possible"),
    ],
)
def test_where_no_difference_could_be_shown_there_is_no_smallest_one(
    first: list[float], second: list[float]
) -> None:
    ones = [1.0] * len(first)
    assert detectable([term(first, ones)], [term(second, ones)]) is None


@pytest.mark.parametrize(("items", "expected"), [(60, 0.17), (100, 0.13), (150, 0.105)])
def test_the_smallest_difference_of_independent_items_with_a_fifth_discordant(
    items: int, expected: float
) -> None:
    tenth = items // 10
    first = [1.0] * tenth + [0.0] * tenth + [0.5] * (items - 2 * tenth)
    second = [0.0] * tenth + [1.0] * tenth + [0.5] * (items - 2 * tenth)
    found = detectable([term(first, [1.0] * items)], [term(second, [1.0] * items)])
    assert found == pytest.approx(expected, abs=0.01)


def test_more_models_need_a_larger_difference() -> None:
    rng = np.random.default_rng(2)
    items = rng.integers(1, 6, 40)
    hard = rng.normal(0.5, 0.2, 40)
    chances = np.clip(hard + rng.normal(0, 0.2, (12, 40)), 0, 1)
    scores = [[term(right, items)] for right in rng.binomial(items, chances)]
    found = [compare_all_pairs(scores[:n]).detectable(0, 1) for n in (2, 4, 12)]
    assert all(value is not None for value in found)
    assert found == sorted(found, key=lambda value: value or 0)
    alone = detectable(scores[0], scores[1])
    assert found[0] == pytest.approx(alone)


def test_contributions_and_shares_add_up() -> None:
    rng = np.random.default_rng(3)
    items, other = rng.integers(1, 6, 20), rng.integers(1, 6, 20)
    for sides in (
        ([term(rng.binomial(items, 0.7), items)], [term(rng.binomial(items, 0.5), items)]),
        ([term(rng.binomial(items, 0.7), items)], [term(rng.binomial(other, 0.5), other)]),
    ):
        found = contrast(*sides)
        assert found.contributions.sum() == pytest.approx(found.value)
        assert found.shares.sum() == pytest.approx(1)
