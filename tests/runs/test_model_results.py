"""A run at a Python prompt: what it prints, one model's result, and its data frames."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import qa_eval as qa
from qa_eval.metrics.reasons import why
from qa_eval.runs.options import RunOptions
from qa_eval.runs.schema import Leaderboard, Row
from tests.support.fake_models import FakeModel, four_facts
from tests.support.places import BASELINE


@pytest.fixture(scope="module")
def small() -> qa.Run:
    models: list[Any] = [FakeModel(name="one"), FakeModel(name="two")]
    return qa.evaluate(models, corpus=four_facts(), options=RunOptions(cache=False))


# ------------------------------------------------------------------------------------------ one model


def test_a_result_is_found_by_spec_or_name_and_has_the_stored_numbers(committed: qa.Run) -> None:
    result, row = committed["baseline:first-of-type"], committed.leaderboard.row("baseline:first-of-type")
    assert result.row is committed["first-of-type"].row is row
    assert result.f1 == row.metrics["reading"]["f1"].value
    assert result.coverage_at_3 == row.metrics["pooled"]["coverage_at_3"].value
    assert result.estimate("f1") is row.metrics["reading"]["f1"]
    assert result.estimate("pooled.f1_any") is row.metrics["pooled"]["f1_any"]
    assert result.estimate("f1", slice="contested") is row.slices["contested"]["f1"]
    assert {"f1", "coverage_at_3", "estimate"} <= set(dir(result))
    assert next(iter(committed)) == "embedded"
    assert "embedded" in committed


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda run: run["embeded"],
            KeyError,
            "embeded: not in this run; did you mean embedded?",
        ),
        (lambda run: run.items("embeded"), KeyError, "embeded: not in this run"),
        (lambda run: run["embedded"].f2, AttributeError, 'embedded: there is no metric "f2"'),
        (
            lambda run: run["embedded"].estimate("em_ny"),
            qa.QaEvalError,
            'metric "em_ny"; did you mean "em_any"',
        ),
        (
            lambda run: run["embedded"].estimate("f1", slice="contestd"),
            qa.QaEvalError,
            'no slice "contestd"; did you mean "contested"',
        ),
        (lambda run: run["embedded"].estimate("f1", slice="silnt"), qa.QaEvalError, 'did you mean "silent"'),
        (
            lambda run: run["baseline:abstain"].estimate("f1", slice="zzz"),
            qa.UnknownNameError,
            'no slice "zzz"; there are: "article:000_825eccd27ffa9810", ',
        ),
        (lambda run: run["embedded"]["f2"], qa.UnknownNameError, 'embedded: there is no metric "f2"'),
        (
            lambda run: run.leaderboard.row("nope"),
            qa.UnknownNameError,
            "nope: not in this run; there are: embedded, ",
        ),
        (lambda run: run.items("embedded")["x@y"], qa.UnknownNameError, 'embedded: there is no item "x@y"'),
        (
            lambda run: run["embedded"].estimate(None),
            qa.QaEvalError,
            "metric: is None; it should be the name of a metric",
        ),
        (
            lambda run: run["embedded"].estimate("f1", slice=5),
            qa.QaEvalError,
            "slice: 5 is an int; it should be the name of a slice",
        ),
        (
            lambda run: run.items("reference:oracle"),
            qa.QaEvalError,
            "reference:oracle: no answers are stored",
        ),
    ],
)
def test_what_is_not_there_is_named_with_near_matches(
    committed: qa.Run, call: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as raised:
        call(committed)
    assert message in str(raised.value.args[0])


# ------------------------------------------------------------------------------------------ data frames


def test_a_run_as_a_data_frame_has_a_row_for_each_model_slice_and_metric(committed: qa.Run) -> None:
    frame = committed.to_pandas()
    assert list(frame.columns) == [
        *("model", "track", "slice", "metric", "value", "low", "high", "n", "method", "clusters")
    ]
    stored = {
        (row.model.spec, track, "all", metric): e
        for row in committed.leaderboard.rows
        for track, found in row.metrics.items()
        for metric, e in found.items()
    }
    whole = frame[frame["slice"] == "all"]
    assert len(whole) == len(stored)
    for line in whole.to_dict("records"):
        estimate = stored[line["model"], line["track"], "all", line["metric"]]
        assert (line["value"], line["n"]) == (estimate.value, estimate.n)
    assert len(frame) == len(stored) + sum(
        len(m) for r in committed.leaderboard.rows for m in r.slices.values()
    )
    assert not frame.duplicated(["model", "track", "slice", "metric"]).any()
    fractions = frame[~frame["metric"].str.endswith("_skill")]
    assert fractions["value"].between(0, 1).all(), "never percent"
    assert set(frame[frame["slice"].str.startswith("pooled:")]["track"]) == {"pooled"}
    assert (
        committed["embedded"].to_pandas().equals(frame[frame["model"] == "embedded"].reset_index(drop=True))
    )


def test_the_items_of_a_model_as_a_data_frame(committed: qa.Run) -> None:
    table = committed.items("embedded")
    frame = table.to_pandas()
    assert {"question", "article", "prediction", "golds", "scores", "why"} <= set(frame.columns)
    answers = committed.predictions("embedded")
    assert len(frame) == len(table) == len(answers) == committed.leaderboard.data.items.reading + 149
    for line, answer in zip(frame.to_dict("records"), answers, strict=True):
        assert (line["item"], line["question"]) == (answer.item, answer.question)
        assert (line["article"], line["prediction"]) == (answer.article, answer.prediction)
        assert (line["golds"], line["scores"]) == (list(answer.golds), answer.scores)
        assert all(line[metric] == value for metric, value in answer.scores.items())
        assert line["right"] == answer.right
        assert line["why"] == why(answer)
        assert line["why"].endswith(".")
    reading = frame[frame["track"] == "reading"]
    assert reading["f1"].mean() == pytest.approx(committed["embedded"].f1, abs=0.02)


def test_a_run_in_memory_has_the_same_frames(small: qa.Run) -> None:
    assert small.path is None
    frame = small.items("test:one").to_pandas()
    assert set(frame["track"]) == {"reading", "pooled"}
    assert set(small.to_pandas()["model"]) >= {"test:one", "test:two", "reference:oracle"}


# ------------------------------------------------------------------------------------------ printing


def test_a_run_prints_as_its_leaderboard(committed: qa.Run) -> None:
    lines = repr(committed).splitlines()
    assert lines[0] == "baseline: 149 questions, 706 reading items and 149 pooled items; percent"
    assert lines[1].split() == [
        "rank",
        "model",
        "balanced",
        "F1",
        "95",
        "%",
        "interval",
        "EM",
        "F1",
        "EM-any",
        "F1-any",
    ]
    assert lines[2].split()[:5] == ["1", "embedded", "61.1", "56.3–65.6", "59.1"]
    assert len(lines) == 2 + len(committed.leaderboard.rows)
    assert repr(committed) == str(committed) == repr(committed.leaderboard)


def many(number: int, **changes: Any) -> Leaderboard:
    """The committed leaderboard with so many rows of long names."""
    board = qa.load_run(BASELINE).leaderboard
    first = board.rows[0]
    rows = [
        first.model_copy(
            update={"model": replace(first.model, spec=f"hf:{'very-' * 30}long-{n}\x1b[31m")} | changes
        )
        for n in range(number)
    ]
    return board.model_copy(update={"rows": rows, "name": "a name\n" * 99})


@pytest.mark.parametrize("rows", [0, 1, 15, 16, 60])
@pytest.mark.parametrize(
    "changes", [{}, {"status": "error", "error": "x" * 5000, "metrics": {}, "rank": None}]
)
def test_any_leaderboard_is_short(rows: int, changes: dict[str, Any]) -> None:
    text = repr(many(rows, **changes))
    assert len(text) <= 2000
    assert len(text.splitlines()) <= 20
    assert "\x1b" not in text
    assert rows <= 15 or ": to_pandas() has all" in text


def test_a_result_and_its_items_print_as_one_line(committed: qa.Run, small: qa.Run) -> None:
    shown = "balanced F1 61.1, EM 59.1, F1 62.7, EM-any 59.3, F1-any 63.1"
    assert repr(committed["embedded"]) == f"<ModelResult embedded: rank 1, {shown}; percent>"
    assert repr(committed.items("embedded")).startswith("<ItemTable embedded: 855 items, 5")
    failed: Row = small.leaderboard.rows[0].model_copy(update={"status": "error", "error": "no\nroom"})
    assert repr(replace(small["test:one"], row=failed)).endswith(r": failed: no\nroom>")


def test_items_and_numbers_are_had_by_place_and_by_name(committed: qa.Run) -> None:
    result, items = committed["embedded"], committed.items("embedded")
    assert result["f1"] is result.estimate("f1")
    assert items[0] is next(iter(items))
    assert items[:2] == tuple(items)[:2]
    assert items[items[3].item] is items[3]
    with pytest.raises(IndexError):
        items[len(items)]


def test_an_unknown_name_prints_without_quotes(committed: qa.Run) -> None:
    with pytest.raises(KeyError) as caught:
        committed["embeded"]
    assert str(caught.value) == "embeded: not in this run; did you mean embedded?"


@pytest.mark.usefixtures("own_cache")
def test_a_model_that_failed_says_so_and_a_run_says_which_items_are_missing() -> None:
    broken = FakeModel("broken", fails=lambda instance: RuntimeError("no weights"))
    some = FakeModel("some", fails=lambda instance: ValueError("odd") if "dead" in instance.item else None)
    run = qa.evaluate([broken, some], corpus=four_facts(), resamples=49, track="reading")
    lines = repr(run).splitlines()
    assert "test:broken failed: RuntimeError: no weights" in lines
    assert "test:some: 3 errors of 11 items" in lines
    with pytest.raises(AttributeError, match="the model failed: RuntimeError: no weights"):
        run["test:broken"].f1  # noqa: B018
    with pytest.raises(
        qa.QaEvalError, match="test:broken: it has no scores, because the model failed: RuntimeError"
    ):
        run["test:broken"]["f1"]
