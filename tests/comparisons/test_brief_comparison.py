"""`qa_eval.comparisons` of results of a run, and what a comparison prints."""

from __future__ import annotations

from typing import Any

import pytest

import qa_eval as qa
from qa_eval.comparisons.comparison_formats import render_comparison_json
from tests.comparisons.test_compare import RIGHT, Scripted, asked
from tests.support.places import BASELINE

OPTIONS: dict[str, Any] = {"resamples": 99, "seed": 3}


def test_two_results_are_compared_base_then_new(committed: qa.Run) -> None:
    by_result = qa.compare(committed["baseline:first-of-type"], committed["embedded"], **OPTIONS)
    by_name = qa.compare(committed, model="embedded", against="baseline:first-of-type", **OPTIONS)
    assert by_result == by_name
    assert by_result.pairs[0].verdict == "better"
    other = qa.load_run(BASELINE)
    assert qa.compare(committed["first-of-type"], other["embedded"], **OPTIONS).pairs == by_name.pairs


def test_a_result_against_the_rest_of_its_run_and_against_another_run(committed: qa.Run) -> None:
    assert qa.compare(committed["embedded"], **OPTIONS) == qa.compare(
        committed, against="embedded", **OPTIONS
    )
    found = qa.compare(committed["embedded"], str(BASELINE), model="baseline:first-of-type", **OPTIONS)
    assert [(pair.base.model, pair.new.model) for pair in found.pairs] == [
        ("embedded", "baseline:first-of-type")
    ]
    with pytest.raises(
        qa.QaEvalError, match="against: abstain is another model than base, which is embedded"
    ):
        qa.compare(committed["embedded"], committed, against="abstain", **OPTIONS)


def test_options_have_the_names_of_the_flags(committed: qa.Run) -> None:
    found = qa.compare(
        committed["first-of-type"],
        committed["embedded"],
        slice="contested",
        metrics=["em"],
        resamples=99,
        seed=7,
    )
    (difference,) = found.pairs[0].primary
    assert (difference.metric, difference.slice, found.resamples, found.seed) == ("em", "contested", 99, 7)


def test_a_pair_prints_its_verdict_and_a_short_table(committed: qa.Run) -> None:
    found = qa.compare(committed["first-of-type"], committed["embedded"], **OPTIONS)
    lines = str(found).splitlines()
    assert lines[0] == "baseline:first-of-type → embedded"
    assert lines[1].startswith("Better: balanced F1 29.0 → 61.1, +32.1 points (95 % interval ")
    assert lines[2].startswith("The smallest difference in balanced F1")
    assert lines[3].split()[:4] == ["metric", "base", "new", "Δ"]
    assert lines[4].split()[:3] == ["balanced", "F1", "*"]
    assert len(lines) <= 15
    assert repr(found) == str(found)


def test_several_models_print_as_a_table(committed: qa.Run) -> None:
    lines = str(qa.compare(committed, against="embedded", **OPTIONS)).splitlines()
    assert lines[2].split()[:4] == ["model", "base", "new", "Δ"]
    assert [line.split()[0] for line in lines[3:]] == [
        *("baseline:abstain", "baseline:first-of-type", "baseline:sliding-window", "baseline:random-span")
    ]


def test_hostile_names_are_cleaned_and_escaped_and_the_text_stays_short() -> None:
    name = "<script>alert(1)</script>\x1b[31m" + "long" * 500
    run = asked(Scripted("m", {}), Scripted(name, RIGHT))
    found = qa.compare(run["m"], run[name], resamples=99)
    assert len(repr(found)) <= 2000
    assert "\x1b" not in repr(found)
    html = found._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "\x1b" not in html
    assert '"pairs"' in render_comparison_json(found), "the JSON form is whole"
