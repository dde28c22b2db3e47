"""What the statistics promise, on made-up models: how often they find what is there, and what is not.

The same at full size: `python -m tests.benchmarks.simulations`.
"""

from __future__ import annotations

import pytest

from tests.support.simulated_models import (
    ALPHA,
    Facts,
    Items,
    Models,
    TwoParts,
    Unequal,
    any_of_six,
    at_detectable,
    clustered_p,
    covered,
    error,
    first_is_shown,
    item_p,
    mean_detectable,
    models_at_detectable,
    parts_covered,
    share,
    true_difference,
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
    assert mean_detectable(world) == pytest.approx(difference, abs=0.015)
    assert share(TRIALS, clustered_p(world, RESAMPLES)) == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("facts", [60, 135])
def test_the_smallest_difference_that_clustered_items_are_said_to_show_is_found_four_times_in_five(
    facts: int,
) -> None:
    world, smallest = at_detectable(facts)
    assert 0.05 < smallest < 0.3
    assert share(TRIALS, clustered_p(world, RESAMPLES)) == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize(("facts", "models"), [(10, 2), (20, 5), (36, 10), (135, 5)])
def test_the_difference_that_a_table_prints_is_shown_four_times_in_five(facts: int, models: int) -> None:
    printed = models_at_detectable(facts, models, RESAMPLES)
    assert printed is not None
    world, smallest = printed
    assert 0.05 < smallest < 0.6
    # Between 75 and 85 % at full size; four Monte-Carlo errors of this one allowed.
    found = share(TRIALS, first_is_shown(world, RESAMPLES))
    assert 0.75 - 4 * error(0.75, TRIALS) <= found <= 0.85 + 4 * error(0.85, TRIALS)


def test_ten_models_on_ten_facts_can_show_no_difference() -> None:
    assert models_at_detectable(10, 10, RESAMPLES) is None
    assert share(100, first_is_shown(Models(facts=10, models=10), RESAMPLES)) <= most(ALPHA)


@pytest.mark.parametrize(
    ("facts", "answerable", "silent"), [(10, 0.1, 0.95), (36, 0.1, 0.95), (36, 0.02, 0.98), (135, 0.02, 0.98)]
)
@pytest.mark.parametrize("together", [0.0, 0.3])
def test_intervals_of_two_parts_hold_the_truth_where_one_part_hardly_varies(
    facts: int, answerable: float, silent: float, together: float
) -> None:
    world = TwoParts(facts=facts, answerable=answerable, silent=silent, together=together)
    assert share(TRIALS, parts_covered(world, RESAMPLES)) >= least(0.95)


@pytest.mark.parametrize("facts", [36, 135])
@pytest.mark.parametrize("difference", [0.0, 0.2])
def test_intervals_of_a_difference_hold_the_truth_where_a_few_facts_hold_most_items(
    facts: int, difference: float
) -> None:
    world = Unequal(number=facts, difference=difference)
    assert share(TRIALS, covered(world, true_difference(world), RESAMPLES)) >= least(0.95)
