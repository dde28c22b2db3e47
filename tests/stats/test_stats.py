"""Intervals, tests and ranks: worked examples, scipy as the oracle, extreme inputs, and small simulations."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from qa_eval.metrics.calibration import aurc_rows, auroc, auroc_rows, brier_skill_rows, coverage_rows
from qa_eval.records import Estimate
from qa_eval.stats import draws, intervals
from qa_eval.stats.draws import cluster_counts, sign_flips
from qa_eval.stats.intervals import (
    Term,
    _bca_levels,
    counted_estimate,
    linear_contributions,
    ratio_estimate,
    ratio_estimates,
    rowwise_estimate,
    summable,
    weighted_estimate,
)
from qa_eval.stats.small_samples import FEWEST_CLUSTERS, unseen_share, widened_z, wilson
from tests.support.clustered_terms import clustered, term

FloatArray = NDArray[np.float64]

scipy_stats: Any = stats
"""Untyped, whether or not stubs are installed."""


def assert_usable(found: Estimate) -> None:
    assert found.low is not None
    assert found.high is not None
    assert math.isfinite(found.value)
    assert found.low <= found.value <= found.high
    assert found.high - found.low > 1e-9


# ------------------------------------------------------------------------------------------ draws


def test_counts_are_a_bootstrap_draw_and_depend_on_their_arguments_alone() -> None:
    first = np.concatenate(list(cluster_counts(7, 500, 3)))
    assert first.shape == (500, 7)
    assert (first.sum(axis=1) == 7).all()
    assert np.array_equal(first, np.concatenate(list(cluster_counts(7, 500, 3))))
    assert not np.array_equal(first, np.concatenate(list(cluster_counts(7, 500, 4))))
    # Each count is binomial(7, 1/7): mean 1, variance 6/7.
    assert abs(first.var() - 6 / 7) < 0.06


def test_counts_too_many_to_keep_come_in_blocks_of_bounded_size() -> None:
    blocks = [block.shape for block in cluster_counts(50_000, 100, 0)]
    assert sum(rows for rows, _ in blocks) == 100
    assert max(rows for rows, _ in blocks) * 50_000 <= 1 << 20


def test_estimates_with_columns_in_common_are_as_if_alone() -> None:
    rng = np.random.default_rng(6)
    counted, right = rng.integers(1, 6, 900).astype(float), rng.random((2, 900))
    terms = [term(r * counted, counted, 0.5) for r in right]
    requests = [(terms, 1), (terms[:1], 2), (terms[1:], 3), ([term(counted * 0, counted)], 4)]
    found = ratio_estimates(requests, resamples=99)
    assert found == [ratio_estimate(part, n=n, resamples=99) for part, n in requests]


def test_a_cluster_may_be_drawn_more_often_than_a_byte_can_count() -> None:
    class Loaded:
        """Draws each cluster once at first, and then cluster 7 alone."""

        drawn = 0

        def integers(self, low: int, high: int, size: int) -> NDArray[np.int64]:
            self.drawn += 1
            return np.full(size, 7) if self.drawn > 1 else np.arange(size) % high

    counts = draws._drawn_counts(cast(np.random.Generator, Loaded()), 300, 250)
    once = draws._CACHED // 300
    assert (counts[:once] == 1).all()
    assert (counts[once:] == 300 * (np.arange(300) == 7)).all()


def test_flips_of_few_clusters_are_all_patterns_up_to_the_mirror_image() -> None:
    rows = np.concatenate(list(sign_flips(4, 10, 0)))
    assert sorted(map(tuple, rows)) == sorted((*rest, 1.0) for rest in product([-1.0, 1.0], repeat=3))


def test_flips_of_many_clusters_are_fair_and_seeded() -> None:
    rows = np.concatenate(list(sign_flips(37, 4000, 0)))
    assert rows.shape == (4000, 37)
    assert set(np.unique(rows)) == {-1.0, 1.0}
    assert np.abs(rows.mean(axis=0)).max() < 5 / math.sqrt(4000)
    assert np.array_equal(rows, np.concatenate(list(sign_flips(37, 4000, 0))))


# ------------------------------------------------------------------------------------------ intervals


@pytest.mark.parametrize(
    ("terms", "value", "clusters"),
    [
        pytest.param([term([1, 0, 1, 0.5] * 2, [1] * 8)], 0.625, 8, id="a mean"),
        pytest.param([term([2, 0, 1] * 3, [2, 1, 2] * 3)], 0.6, 9, id="clusters of unequal size"),
        pytest.param([term([2, 0, 1, 0] * 3, [2, 1, 2, 0] * 3)], 0.6, 9, id="clusters that say nothing"),
        pytest.param(
            [term([1, 0, 1, 0] * 3, [2, 2, 2, 0] * 3, 0.5), term([0, 1, 3, 2] * 3, [0, 3, 4, 2] * 3, 0.5)],
            0.5 * (2 / 6) + 0.5 * (6 / 9),
            12,
            id="half of each of two ratios",
        ),
    ],
)
def test_ratio_estimates_of_worked_examples(terms: list[Term], value: float, clusters: int) -> None:
    found = ratio_estimate(terms, n=11)
    assert_usable(found)
    assert found.value == pytest.approx(value)
    assert (found.n, found.clusters, found.method) == (11, clusters, "bca")
    assert linear_contributions(terms).sum() == pytest.approx(value)


@pytest.mark.parametrize("clusters", [1, 7])
def test_below_eight_clusters_there_is_a_value_and_no_interval(clusters: int) -> None:
    found = ratio_estimate([term([1] * clusters, [2] * clusters)], n=3)
    ranked = weighted_estimate(lambda _: 0.5, 0.5, list(range(clusters)), clusters)
    for estimate in (found, ranked):
        assert (estimate.value, estimate.low, estimate.high) == (0.5, None, None)
        assert (estimate.method, estimate.clusters) == ("too-few", clusters)


@pytest.mark.parametrize("clusters", [8, 10, 36, 135])
@pytest.mark.parametrize("other", [0.5, 1.0])
def test_the_first_errors_of_a_part_never_make_its_interval_narrower(clusters: int, other: float) -> None:
    ones = np.ones(clusters)
    rest = term(np.where(np.arange(clusters) % 2, other, 1.0), ones, 0.5)
    widths = []
    for errors in (0, 0.2, 1, 2):
        part = ones.copy()
        part[: math.ceil(errors)] -= errors / max(1, math.ceil(errors))
        found = ratio_estimate([term(part, ones, 0.5), rest], n=1)
        assert_usable(found)
        assert found.low is not None
        assert found.high is not None
        widths.append(found.high - found.low)
    assert all(width >= widths[0] - 1e-12 for width in widths)


def test_an_interval_equals_the_bca_interval_of_scipy_at_the_widened_level() -> None:
    rng = np.random.default_rng(0)
    sample = rng.beta(4, 1, 25)
    level = 2 * scipy_stats.norm.cdf(widened_z(25, 0.95)) - 1
    theirs = scipy_stats.bootstrap(
        (sample,), np.mean, confidence_level=level, n_resamples=50_000, method="BCa", rng=rng, axis=-1
    ).confidence_interval
    ours = ratio_estimate([term(sample, np.ones(25))], n=25, resamples=50_000)
    width = theirs.high - theirs.low
    # Two independent draws: the bounds differ by Monte Carlo error alone.
    assert ours.low == pytest.approx(theirs.low, abs=0.03 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.03 * width)


def test_bca_levels_follow_from_the_draws_exactly_as_in_scipy() -> None:
    rng = np.random.default_rng(1)
    sample = rng.exponential(size=12)
    drawn = rng.choice(sample, size=(4000, 12)).mean(axis=1)
    theirs = scipy_stats.bootstrap(
        (sample,),
        np.mean,
        bootstrap_result=_given_draws(drawn),
        n_resamples=0,
        method="BCa",
        axis=-1,
        confidence_level=0.9,
    ).confidence_interval
    jackknife = (sample.sum() - sample) / 11
    levels = _bca_levels(np.sort(drawn), float(sample.mean()), jackknife, scipy_stats.norm.ppf(0.95))
    assert levels is not None
    assert np.quantile(drawn, levels) == pytest.approx([theirs.low, theirs.high], rel=1e-9)


def _given_draws(drawn: FloatArray) -> object:
    class Given:
        bootstrap_distribution = drawn

    return Given()


@pytest.mark.parametrize(
    ("draws", "jackknife"),
    [
        pytest.param([0.1, 0.2], [], id="no jackknife values"),
        pytest.param([0.1, 0.2], [0.1, 0.1], id="jackknife values that do not vary"),
        pytest.param([0.0] * 9999 + [1.0], [0.5] * 99 + [0.0], id="too skewed for a correction"),
    ],
)
def test_bca_levels_are_absent_where_the_correction_is_undefined(
    draws: list[float], jackknife: list[float]
) -> None:
    assert _bca_levels(np.array(draws), 1.1, np.array(jackknife), 3.5) is None


def test_the_percentile_interval_is_used_where_bca_is_undefined() -> None:
    # Undefined without the first or the second cluster: leaving one out leaves one value.
    def statistic(weights: FloatArray) -> float | None:
        return float(weights[0] / weights.sum()) if weights[0] and weights[1] else None

    found = weighted_estimate(statistic, 1 / 8, list(range(8)), 8)
    assert found.method == "percentile"
    assert_usable(found)


def test_estimates_made_together_equal_those_made_alone() -> None:
    rng = np.random.default_rng(2)
    requests: list[tuple[list[Term], int]] = []
    for clusters in [5, 30, 9, 80, 30]:
        first = clustered(rng, clusters, 0.7)
        second = term(np.minimum(first.numerator, 1), np.ones(clusters))
        requests.append(([first], clusters))
        requests.append(([term(first.numerator, first.denominator, 0.5), second], clusters))
    together = ratio_estimates(requests * 7, resamples=400)
    for found, (terms, n) in zip(together, requests * 7, strict=True):
        alone = ratio_estimate(terms, n=n, resamples=400)
        assert found == alone
    assert ratio_estimates([]) == []


def test_equal_inputs_and_seeds_give_equal_outputs() -> None:
    terms = [clustered(np.random.default_rng(0), 30, 0.6)]
    assert ratio_estimate(terms, n=1, seed=5) == ratio_estimate(terms, n=1, seed=5)
    assert ratio_estimate(terms, n=1, seed=5) != ratio_estimate(terms, n=1, seed=6)


def test_sums_of_a_resample_are_not_rounded_whatever_their_order() -> None:
    rng = np.random.default_rng(3)
    columns = np.stack(
        [rng.random(500) / 3, rng.integers(0, 6, 500), np.full(500, 2 / 3), rng.random(500) * 1e-9]
    )
    rounded = summable(columns)
    assert np.array_equal(rounded[1], columns[1])
    assert np.abs(rounded - columns).max() < 1e-11
    for counts in (c for block in cluster_counts(500, 20, 0) for c in block):
        orders = [rng.permutation(500) for _ in range(3)]
        for row in rounded:
            exact = math.fsum(counts * row)
            assert all(sum((counts * row)[order].tolist()) == exact for order in orders)


@pytest.mark.parametrize("columns", [np.zeros((2, 3)), np.empty((2, 0)), np.full((1, 3), 2.0**-1000)])
def test_columns_of_nothing_staysummable(columns: FloatArray) -> None:
    assert np.array_equal(summable(columns), columns)


def test_equal_seeds_give_equal_bits_however_many_threads_multiply() -> None:
    code = """
import numpy as np
from qa_eval.stats.intervals import Term, ratio_estimates
rng = np.random.default_rng(0)
for clusters in (20, 135, 700):
    den = rng.integers(1, 6, clusters).astype(float)
    terms = [Term(weight=0.5, numerator=rng.random(clusters) * den, denominator=den) for _ in range(2)]
    for e in ratio_estimates([(terms, 1), (terms[:1], 1)] * 30, resamples=999):
        print(e.low.hex(), e.high.hex())
"""
    outputs = set()
    for threads in ("1", "2", "3"):
        env = os.environ | dict.fromkeys(
            ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads
        )
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1


def test_resamples_that_leave_a_term_without_denominator_are_ignored() -> None:
    first = term([1, *[0] * 8], [2, *[0] * 8], 0.5)
    second = term([0, *[1, 0] * 4], [0, *[1] * 8], 0.5)
    found = ratio_estimate([first, second], n=5)
    assert_usable(found)
    assert found.low is not None
    assert found.high is not None
    # The first ratio is 0.5 in every resample that has it, and all but its one cluster are unseen.
    assert (found.value, found.clusters) == (0.5, 9)
    assert found.low < 0.5 - 0.5 * 0.5 * unseen_share(1, 0.95)
    assert found.high > 0.5 + 0.5 * 0.5 * unseen_share(1, 0.95)


@pytest.mark.parametrize("clusters", [8, 20, 80])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_right_and_all_wrong_get_the_wilson_interval(clusters: int, value: float) -> None:
    found = ratio_estimate([term(np.full(clusters, 3 * value), np.full(clusters, 3))], n=3 * clusters)
    assert (found.low, found.high) == pytest.approx(wilson(value * clusters, clusters))
    assert (found.value, found.method) == (value, "wilson")
    assert_usable(found)


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param([term([0.3] * 8, [1] * 8)], id="equal items"),
        pytest.param([term([2.5, 0.5] * 4, [5, 1] * 4)], id="clusters that agree"),
        pytest.param([term([2.5, 0] * 4, [5, 1] * 4)], id="clusters that do not"),
        pytest.param([term([1] * 79 + [0], [1] * 80)], id="one wrong"),
        pytest.param([term([0] * 79 + [1], [1] * 80)], id="one right"),
        pytest.param(
            [term([0, 0] * 4, [1, 2] * 4, 0.5), term([3, 1] * 4, [3, 1] * 4, 0.5)], id="always abstains"
        ),
        pytest.param(
            [term([1, 0] * 4, [1, 0] * 4, 0.5), term([0, 1] * 4, [0, 1] * 4, 0.5)],
            id="disjoint terms, all right",
        ),
        pytest.param(
            [term([1, 0] * 4, [2, 0] * 4, 0.5), term([0, 2] * 4, [0, 3] * 4, 0.5)], id="disjoint terms"
        ),
        pytest.param(
            [term([0, 1] * 4, [1] * 8, 0.5), term([1, 0] * 4, [1] * 8, 0.5)], id="parts that cancel out"
        ),
        pytest.param([term([1e-12, 0] * 4, [1, 1] * 4)], id="a spread of nothing but rounding"),
        pytest.param([term([1] * 999 + [1 - 1e-7], [1] * 1000)], id="almost all right"),
    ],
)
def test_extreme_inputs_have_finite_intervals_of_some_width(terms: list[Term]) -> None:
    found = ratio_estimate(terms, n=1)
    assert_usable(found)
    assert found.low is not None
    assert found.high is not None
    assert found.low >= -1e-12
    assert found.high <= 1 + 1e-12


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.floats(0, 1), st.integers(0, 2), st.floats(0, 1)),
        min_size=8,
        max_size=12,
    )
)
def test_any_fractions_give_an_interval_around_the_value(
    rows: list[tuple[int, float, int, float]],
) -> None:
    first, share, second, other = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    second[-1] = 1
    found = ratio_estimate(
        [term(first * share, first, 0.5), term(second * other, second, 0.5)], n=1, resamples=99
    )
    assert_usable(found)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        pytest.param([], "no terms", id="no terms"),
        pytest.param([term([1], [1, 1])], "same clusters", id="numerator and denominator"),
        pytest.param([term([1], [1]), term([1, 1], [1, 1])], "same clusters", id="two terms"),
        pytest.param([term([float("nan")], [1])], "not finite", id="NaN"),
        pytest.param([term([1], [float("inf")])], "not finite", id="infinite"),
        pytest.param([term([1, 1], [2, -1])], "negative", id="negative denominator"),
        pytest.param([term([1], [1]), term([0], [0])], "all be zero", id="no denominator"),
        pytest.param([term([], [])], "all be zero", id="no clusters"),
    ],
)
def test_terms_that_mean_nothing_are_refused(terms: list[Term], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ratio_estimate(terms, n=1)
    with pytest.raises(ValueError, match=message):
        linear_contributions(terms)


def test_the_weighted_bootstrap_of_a_ratio_is_the_ratio_bootstrap() -> None:
    rng = np.random.default_rng(8)
    clusters = np.repeat(np.arange(20), 3)
    right = (rng.random(60) < 0.5).astype(np.float64)
    sums = np.bincount(clusters, weights=right)
    expected = ratio_estimate([term(sums, np.full(20, 3))], n=60, resamples=999)
    found = weighted_estimate(
        lambda w: float(w @ right / w.sum()), float(right.mean()), clusters, 60, resamples=999
    )
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert (found.method, found.n, found.clusters) == ("bca", 60, 20)


Ranking = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64], float]


def random_ranking(seed: int, items: int, *, positives: float, clusters: int) -> Ranking:
    """Scores with ties, which items are positive, their clusters, and the AUROC."""
    rng = np.random.default_rng(seed)
    score, positive = np.round(rng.random(items), 1), rng.random(items) < positives
    value = auroc(score, positive)
    assert value is not None
    return score, positive, rng.integers(100, 100 + clusters, items), value


def test_a_statistic_of_rows_gives_what_it_gives_row_by_row() -> None:
    score, positive, clusters, value = random_ranking(9, 40, positives=0.3, clusters=12)
    one = weighted_estimate(lambda w: auroc(score, positive, w), value, clusters, 40)
    many = rowwise_estimate(lambda rows: auroc_rows(score, positive, rows), value, clusters, 40)
    assert one == many
    assert_usable(one)


@pytest.mark.parametrize("rows", [auroc_rows, aurc_rows, brier_skill_rows, coverage_rows])
@pytest.mark.parametrize("clusters", [3, 15])
def test_counts_of_clusters_give_the_interval_of_the_items_weights(
    rows: Callable[..., FloatArray], clusters: int
) -> None:
    score, positive, cluster, value = random_ranking(10, 60, positives=0.4, clusters=clusters)
    plain = rowwise_estimate(lambda weights: rows(score, positive, weights), value, cluster, 60)
    names, place = np.unique(cluster, return_inverse=True)
    counted = counted_estimate(
        lambda counts: rows(score, positive, counts, place), value, len(names), len(score)
    )
    # The sums of brier_skill are rounded to be exact, here by cluster and there by item.
    if rows is brier_skill_rows and plain.low is not None:
        assert (counted.low, counted.high) == pytest.approx((plain.low, plain.high), rel=1e-10)
        counted = replace(counted, low=plain.low, high=plain.high)
    assert counted == plain
    fixed = counted_estimate(lambda _: np.empty(0), value, len(names), len(score), fixed=True)
    assert (fixed.method == "wilson") == (clusters >= FEWEST_CLUSTERS)


@pytest.mark.parametrize("rows", [auroc_rows, aurc_rows, brier_skill_rows, coverage_rows])
def test_a_row_has_the_same_bits_alone_and_among_others(rows: Callable[..., FloatArray]) -> None:
    score, positive, cluster, _ = random_ranking(11, 500, positives=0.4, clusters=41)
    place = np.unique(cluster, return_inverse=True)[1]
    counts = np.random.default_rng(11).multinomial(41, np.full(41, 1 / 41), size=30)
    alone = [rows(score, positive, counts[[row]], place) for row in range(30)]
    assert rows(score, positive, counts, place).tolist() == np.concatenate(alone).tolist()


@pytest.mark.parametrize("weights", [(1.0,), (0.5, 0.5), (1.0, -1.0)])
def test_ratios_that_no_resample_moves_are_estimated_without_resamples(
    weights: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = np.array([2.0, 1.0, 0.0, 3.0, 1.0, 1.0, 2.0, 1.0, 1.0])
    columns = [counted, 0 * counted]
    terms = [Term(weight=w, numerator=columns[n], denominator=counted) for n, w in enumerate(weights)]
    drawn = []
    draw = cluster_counts

    def counts(*arguments: int) -> Iterator[NDArray[np.integer[Any]]]:
        drawn.append(arguments)
        return draw(*arguments)

    monkeypatch.setattr(intervals, "cluster_counts", counts)
    found = ratio_estimate(terms, n=12, resamples=99)
    assert not drawn
    monkeypatch.setattr(intervals._Ratios, "is_fixed", False)
    assert ratio_estimate(terms, n=12, resamples=99) == found
    assert drawn == [(8, 99, 0)]


@pytest.mark.parametrize(
    ("score", "positive", "clusters"),
    [
        pytest.param([0.9, 0.1] * 4, [True, False] * 4, list(range(8)), id="clusters of one class each"),
        pytest.param([0.5] * 16, [True, False] * 8, [n // 2 for n in range(16)], id="all tied"),
    ],
)
def test_extreme_rankings_have_intervals_of_some_width(
    score: list[float], positive: list[bool], clusters: list[int]
) -> None:
    value = auroc(score, positive)
    assert value is not None
    found = weighted_estimate(lambda w: auroc(score, positive, w), value, clusters, 4)
    assert_usable(found)
    assert found.method == "wilson"


def test_a_statistic_that_is_never_defined_on_resamples_gets_the_widest_interval() -> None:
    found = weighted_estimate(lambda _: None, 0.5, list(range(9)), 9)
    slack = unseen_share(9, 0.95)
    assert (found.low, found.high) == pytest.approx((0.5 - slack / 2, 0.5 + slack / 2))


def test_a_statistic_that_moves_only_in_the_tails_gets_an_interval_of_some_width() -> None:
    # Only the rare resample that draws one cluster six times or more moves it.
    found = weighted_estimate(lambda w: float(w.max() >= 6), 0.0, np.arange(20), 20)
    assert any((block.max(axis=1) >= 6).any() for block in cluster_counts(20, 999, 0))
    assert found.method == "wilson"
    assert_usable(found)


def test_no_items_have_no_weighted_estimate() -> None:
    with pytest.raises(ValueError, match="no items"):
        weighted_estimate(lambda _: 0.5, 0.5, [], 0)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 20), (7, 20), (20, 20), (399, 400)])
def test_wilson_agrees_with_scipy(successes: int, n: int, confidence: float) -> None:
    theirs = scipy_stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    assert wilson(successes, n, confidence) == pytest.approx((theirs.low, theirs.high))


def test_wilson_without_trials_allows_everything_and_refuses_the_impossible() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    for successes, n in [(2, 1), (-1, 3), (0, -1)]:
        with pytest.raises(ValueError, match="successes"):
            wilson(successes, n)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("clusters", [2, 3, 4, 5, 10, 11, 80, 81, 999])
def test_the_widened_quantile_is_students(clusters: int, confidence: float) -> None:
    student = scipy_stats.t.ppf((1 + confidence) / 2, clusters - 1)
    assert widened_z(clusters, confidence) == pytest.approx(student * math.sqrt(clusters / (clusters - 1)))


def test_the_widened_quantile_of_many_clusters_is_the_normal_one() -> None:
    assert widened_z(1000, 0.95) == pytest.approx(scipy_stats.norm.ppf(0.975))


# ------------------------------------------------------------------------------------------ simulations


def within(share: float, trials: int) -> float:
    """Four standard errors of a simulated share."""
    return 4 * math.sqrt(share * (1 - share) / trials)


@pytest.mark.parametrize(
    ("clusters", "rate"),
    [
        pytest.param(8, 0.5, id="8 clusters"),
        pytest.param(10, 0.8, id="10 clusters"),
        pytest.param(40, 0.8, id="40 clusters"),
        pytest.param(80, 0.5, id="80 clusters"),
    ],
)
def test_intervals_hold_the_truth_about_as_often_as_they_say(clusters: int, rate: float) -> None:
    rng = np.random.default_rng(12)
    trials = 400
    requests = [([clustered(rng, clusters, rate)], 1) for _ in range(trials)]
    estimates = ratio_estimates(requests, resamples=799)
    held = sum(e.low is not None and e.high is not None and e.low <= rate <= e.high for e in estimates)
    # Not below 93 % in large simulations; four standard errors of this one allowed.
    assert held / trials >= 0.93 - within(0.93, trials)
    assert held / trials <= 0.975 + within(0.975, trials)


def test_a_wide_leaderboard_with_large_facts_is_estimated_in_bounded_memory() -> None:
    rng = np.random.default_rng(13)
    requests = [([clustered(rng, 2000, 0.7)], 1) for _ in range(3)]
    for found in ratio_estimates(requests):
        assert_usable(found)
        assert found.low is not None
        assert found.high is not None
        assert found.high - found.low < 0.05
