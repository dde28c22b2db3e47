"""What the statistics promise, on made-up models: how often they find what is there, and what is not.

The same at full size: `python -m tests.benchmarks.simulations`.
"""

from __future__ import annotations

import pytest

from tests.simulated_models import (
    ALPHA,
    Facts,
    Items,
    any_of_six,
    at_detectable,
    clustered_p,
    covered,
    error,
    item_p,
    mean_detectable,
    share,
)

TRIALS, RESAMPLES = 400, 399


def most(expected: float) -> float:
    """Four Monte-Carlo errors above."""
    return expected + 4 * error(expected, TRIALS)


def least(expected: float) -> float:
    """Four Monte-Carlo errors below."""
    return expected - 4 * error(expected, TRIALS)


@pytest.mark.parametrize("facts", [12, 60, 135])
def test_two_equally_good_models_are_told_apart_no_more_often_than_the_level_says(facts: int) -> None:
    found = share(TRIALS, clustered_p(Facts(number=facts), RESAMPLES))
    # Nor much less often: a test that never finds anything also holds its level.
    assert 0.01 < found <= most(ALPHA)


def test_a_test_that_forgets_the_clusters_does_not_hold_its_level() -> None:
    assert share(TRIALS, item_p(Facts(number=60))) > 2 * ALPHA


def test_mcnemar_holds_its_level_where_a_fact_is_one_item() -> None:
    assert share(TRIALS, item_p(Items(number=135))) <= most(ALPHA)


def test_six_equally_good_models_get_any_two_told_apart_no_more_often_than_the_level_says() -> None:
    assert 0.01 < share(TRIALS, any_of_six(60, RESAMPLES)) <= most(ALPHA)


@pytest.mark.parametrize("facts", [12, 60])
def test_intervals_of_a_difference_hold_the_truth_about_as_often_as_they_say(facts: int) -> None:
    assert share(TRIALS, covered(Facts(number=facts), 0.0, RESAMPLES)) >= least(0.95)


@pytest.mark.parametrize(("items", "difference"), [(60, 0.16), (100, 0.13), (150, 0.11)])
def test_what_independent_items_can_show_is_found_four_times_in_five(items: int, difference: float) -> None:
    world = Items(number=items, difference=difference)
    assert mean_detectable(world) == pytest.approx(difference, abs=0.012)
    assert share(TRIALS, clustered_p(world, RESAMPLES)) == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("facts", [60, 135])
def test_the_smallest_difference_that_clustered_items_are_said_to_show_is_found_four_times_in_five(
    facts: int,
) -> None:
    world, smallest = at_detectable(facts)
    assert 0.05 < smallest < 0.3
    assert share(TRIALS, clustered_p(world, RESAMPLES)) == pytest.approx(0.8, abs=0.1)
