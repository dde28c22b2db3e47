"""The worked examples of `qa-eval metrics show`: every metric has one, and its sum is the metric's value."""

from __future__ import annotations

import re

import pytest

from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.worked_examples import work_out

TOO_FEW = {"attribution_accuracy", "leak_leakable"}
"""Metrics for which there are too few items in the example, as it says."""


@pytest.mark.parametrize("id", METRICS)
def test_every_metric_has_a_worked_example_whose_sum_is_its_value(id: str) -> None:
    example = work_out(id)
    assert example.lines
    assert all(len(line.counts) == len(example.head) for line in example.lines)
    if id in TOO_FEW:
        assert example.value is None
        assert f"fewer than {METRICS[id].minimum} items count" in example.sums
        return
    assert example.value is not None
    *sums, shown = example.sums.partition(" = ")[2].split(" = ")
    assert shown == f"{100 * example.value:.1f} %".replace("-", "−")
    if METRICS[id].ranking is None:
        (terms,) = sums
        assert re.fullmatch(r"[\d. /×+−]+", terms)
        computed = eval(terms.replace("×", "*").replace("−", "-"))
        assert computed == pytest.approx(example.value, abs=1e-3)


def test_the_counts_of_the_items_are_those_of_the_definition() -> None:
    counts = {line.name: line.counts for line in work_out("f1").lines}
    assert counts == {
        "losses@Times": ("0.667",),  # "400" for "over 400": precision 1, recall 1/2
        "losses@Herald": ("1",),
        "losses@Wire": ("1",),
        "losses@Post": ("0",),
        "losses@Gazette": ("1",),  # silent, and not answered
        "airport@Times": ("0",),  # silent, and answered
        "airport@Herald": ("1",),
        "airport@Wire": ("1",),
        "airport@Post": ("1",),
        "airport@Gazette": ("1",),
    }


def test_items_that_do_not_count_have_a_dash_or_no_line() -> None:
    example = work_out("balanced_f1")
    assert example.head == ("part 1", "part 2")
    for line in example.lines:
        assert (line.counts[0] == "–") == (line.golds == "no answer")
        assert (line.counts[1] == "–") == (line.golds != "no answer")
    assert all(line.golds != "no answer" for line in work_out("has_answer_f1").lines)


def test_a_metric_that_ranks_shows_the_items_in_their_order() -> None:
    example = work_out("auroc")
    assert example.head == ("confidence", "right")
    confidences = [float(line.counts[0]) for line in example.lines]
    assert confidences == sorted(confidences, reverse=True)
    assert {line.counts[1] for line in example.lines} == {"yes", "no"}
