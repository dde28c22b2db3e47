"""Calls of `compare` that are wrong, and what is said of runs that have no name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import qa_eval as qa
from qa_eval.cli.failures import explain
from tests.support.fake_models import FakeModel, four_facts

pytestmark = pytest.mark.usefixtures("own_cache")

WANTED = "it should be a run, a model of one such as run['embedded'], or the path of a run folder"


@pytest.fixture
def run() -> qa.Run:
    """A run in memory, which has no name."""
    return qa.evaluate([FakeModel(), FakeModel("other")], corpus=four_facts(), resamples=49)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"allow_different": "decode"},
            'allow_different "decode": runs may not differ in that; did you mean ',
        ),
        ({"allow_different": 5}, "allow_different: 5 is an int; it should be a text or a list of texts"),
        ({"allow_different": [None]}, "allow_different[0]: is None; it should be a text"),
        ({"against": "fake", "metrics": "f2"}, "metrics f2: unknown here; "),
        ({"metrics": [5]}, "metrics[0]: 5 is an int; it should be a text"),
        ({"against": "fake", "slice": "contestd"}, "slice contestd: unknown here; did you mean contested?"),
        ({"slice": 5}, "slice: 5 is an int; it should be a text, or None"),
        ({"resamples": 0}, "resamples: 0 is less than 1"),
        ({"resamples": -1}, "resamples: -1 is less than 1"),
        ({"resamples": 2_000_000}, "resamples: 2000000 is more than 1,000,000"),
        ({"seed": "x"}, "seed: 'x' is not a whole number"),
        ({"seed": -1}, "seed: -1 is less than 0"),
        ({"model": 5}, "model: 5 is an int; it should be a text, or None"),
        ({"against": "nope"}, "against nope: not in this run; there are: test:other, test:fake"),
        ({"model": "fake"}, "one run: name what fake is compared with: against test:other, test:fake"),
        ({"new": 5}, f"new: 5 is an int; {WANTED}"),
        (
            {"against": "reference:oracle"},
            "reference:oracle: has no answers to compare; it is built from the golds",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_named_by_its_argument(run: qa.Run, options: dict[str, Any], message: str) -> None:
    with pytest.raises(qa.QaEvalError) as caught:
        qa.compare(run, **options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"against": "nope"}, "Error: --against nope: not in this run; there are: test:other, test:fake"),
        ({"against": "test:fake", "metrics": "f2"}, "Error: --metric f2: unknown here; "),
        ({"against": "test:fake", "slice": "x"}, "Error: --slice x: unknown here; "),
        ({"allow_different": "x"}, 'Error: --allow-different "x": runs may not differ in that; there are: '),
    ],
    ids=str,
)
def test_the_command_line_names_the_flag(run: qa.Run, options: dict[str, Any], message: str) -> None:
    with pytest.raises(qa.QaEvalError) as caught:
        qa.compare(run, **options)
    lines, code = explain(caught.value)
    assert lines[0].startswith(message)
    assert code == 2


def test_neither_side_may_be_a_number(run: qa.Run) -> None:
    with pytest.raises(qa.QaEvalError, match=r"^base: 5 is an int; it should be a run"):
        qa.compare(5)  # type: ignore[arg-type]
    with pytest.raises(qa.QaEvalError, match=r"^new: 5 is an int; it should be a run"):
        qa.compare(run["fake"], 5)  # type: ignore[arg-type]


def test_one_text_is_a_list_of_one_and_numbers_of_numpy_are_numbers(run: qa.Run) -> None:
    one = qa.compare(run, against="fake", metrics="em", allow_different="track", resamples=49)
    of_numpy: Any = np.int64(49)
    assert one == qa.compare(
        run, against="fake", metrics=["em"], allow_different=["track"], resamples=of_numpy
    )
    assert [d.metric for pair in one.pairs for d in pair.primary] == ["em"]


def test_runs_without_a_name_leave_no_gap_in_the_titles(run: qa.Run) -> None:
    other = qa.evaluate([FakeModel("third"), FakeModel("fourth")], corpus=four_facts(), resamples=49)
    texts = [
        str(qa.compare(run, against="fake", resamples=49)),
        str(qa.compare(run["fake"], other["third"], resamples=49)),
        str(qa.compare(run, other, against="fake", resamples=49)),
    ]
    titles = [text.splitlines()[0] for text in texts]
    assert titles == ["test:fake → test:other", "test:fake → test:third", "test:fake → this run"]
    assert not any(" · " in text for text in texts)


def test_items_that_are_not_compared_are_counted(run: qa.Run) -> None:
    shorter = qa.evaluate(FakeModel(), corpus=four_facts(), resamples=49, limit=2)
    text = str(qa.compare(shorter["fake"], run["fake"], resamples=49))
    assert "Items not compared: 7 of the new side alone." in text.splitlines()
    assert "Items not compared" not in str(qa.compare(run["fake"], run["other"], resamples=49))
