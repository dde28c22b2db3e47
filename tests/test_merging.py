"""`qa-eval leaderboard PATH…`: several runs in one table, and one model over many runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qa_eval import evaluate
from qa_eval.errors import QaEvalError
from qa_eval.leaderboard.history import history_of, render_history
from qa_eval.leaderboard.merging import merge_runs, run_of
from qa_eval.results_schema import Row
from qa_eval.store import Run
from tests.example_run import estimate, leaderboard, row
from tests.fake_models import FakeModel, four_facts


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_EVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("qa_eval.run.RESAMPLES", 99)


def dated(run: Run, day: int, name: str, rows: Sequence[Row] | None = None, **fields: Any) -> Run:
    """The run as if it were made on that day, under that name."""
    update: dict[str, Any] = {"created_at": f"2025-01-{day:02}T00:00:00Z", "name": name} | fields
    if rows is not None:
        update["rows"] = list(rows)
    return replace(run, leaderboard=run.leaderboard.model_copy(update=update))


def made(day: int, name: str, *models: str, dead: str = "How many soldiers died?", **options: Any) -> Run:
    chosen: dict[str, Any] = {"out": None, "references": False} | options
    run = evaluate([FakeModel(m) for m in models], corpus=four_facts(dead=dead), **chosen)
    return dated(run, day, name)


def sources(rows: Sequence[Row]) -> dict[str, str]:
    return {r.model.spec: run_of(r) for r in rows}


# ------------------------------------------------------------------------------------------ one table


def test_each_signature_stands_once_from_the_newest_run_whatever_the_order_given() -> None:
    runs = [made(2, "newer", "b", "c"), made(1, "older", "a", "b")]
    for given in (runs, runs[::-1]):
        merged = merge_runs(given)
        assert sources(merged.board.rows) == {"test:a": "older", "test:b": "newer", "test:c": "newer"}
        assert [board.name for board in merged.boards] == ["older", "newer"]
        assert merged.board.name == "newer"
        assert (merged.ranked, merged.notes) == (True, ())


def test_merged_ranks_are_those_of_one_run_of_all_models() -> None:
    merged = merge_runs([made(1, "one", "a", "b"), made(2, "two", "c")]).board
    whole = made(3, "whole", "a", "b", "c").leaderboard
    # Four facts allow 16 patterns of signs, so no p is below 2/16 and all models share rank 1 of 1 to 3.
    assert [(r.model.spec, r.rank, r.rank_interval) for r in merged.rows] == [
        (r.model.spec, r.rank, r.rank_interval) for r in whole.rows
    ]
    assert {(r.rank, r.rank_interval) for r in merged.rows} == {(1, (1, 3))}


def test_one_model_of_two_settings_is_two_rows() -> None:
    merged = merge_runs([made(1, "strict", "a"), made(2, "lenient", "a", threshold=2.0)])
    assert sorted(run_of(r) for r in merged.board.rows) == ["lenient", "strict"]


@pytest.mark.parametrize("status", ["error", "partial"])
def test_a_newer_row_that_did_not_finish_does_not_hide_one_that_did(status: str) -> None:
    old, new = made(1, "older", "a"), made(2, "newer", "a")
    broken = dated(new, 2, "newer", [new.leaderboard.rows[0].model_copy(update={"status": status})])
    assert sources(merge_runs([old, broken]).board.rows) == {"test:a": "older"}
    unfinished = merge_runs([broken]).board.rows[0]
    assert (unfinished.status, unfinished.rank) == (status, None)


def test_equal_signatures_with_other_values_are_remarked_on() -> None:
    old, new = made(1, "older", "a"), made(2, "newer", "a")
    wrong = old.leaderboard.rows[0].model_copy(
        update={"metrics": {"reading": {"balanced_f1": estimate(0.99)}}}
    )
    (note,) = merge_runs([dated(old, 1, "older", [wrong]), new]).notes
    assert note.startswith("test:a: older and newer have one signature but other values (0.9900, ")


def test_no_run_is_refused() -> None:
    with pytest.raises(QaEvalError, match="no run to show"):
        merge_runs([])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        pytest.param({"rules": "mrqa"}, "rules: squad-v2.0 in one, mrqa in two", id="rules"),
        pytest.param({"scorer_version": "0"}, "scorer_version: ", id="scorer"),
    ],
)
def test_runs_scored_otherwise_are_refused_naming_the_field(fields: dict[str, Any], named: str) -> None:
    one = made(1, "one", "a")
    for common in (False, True):
        with pytest.raises(QaEvalError) as caught:
            merge_runs([one, dated(one, 2, "two", **fields)], common_items=common)
        assert named in str(caught.value)
        assert "--common-items" not in str(caught.value), "it would not help"


# ------------------------------------------------------------------------------------------ other data


def test_runs_of_other_data_are_refused_naming_the_hashes_and_what_helps() -> None:
    one, two = made(1, "one", "a"), made(2, "two", "a", dead="How many were killed?")
    hashes = [run.leaderboard.data.questions_sha256[:12] for run in (one, two)]
    with pytest.raises(QaEvalError) as caught:
        merge_runs([one, two])
    message = str(caught.value)
    assert f"data.questions_sha256: {hashes[0]} in one, {hashes[1]} in two" in message
    assert "data.item_hashes_sha256: " in message
    assert "data.articles_sha256" not in message, "the articles are the same"
    assert message.endswith("--common-items compares them on the items that all of them asked")


def test_common_items_are_those_that_all_runs_asked_and_every_number_is_of_these() -> None:
    # Of the four facts `dead` was edited: three readings and one pooled item of 11 and 4 are gone.
    one, two = made(1, "one", "a"), made(2, "two", "b", dead="How many were killed?")
    merged = merge_runs([one, two], common_items=True)
    data = merged.board.data
    assert (data.facts, data.contested, data.items.reading, data.items.pooled) == (3, 0, 8, 3)
    assert merged.notes[-1].startswith("on the 11 items that all runs asked, of 15 to 15")
    assert [r.metrics["reading"]["em"].n for r in merged.board.rows] == [8, 8]
    assert merged.ranked


def test_common_items_leave_out_what_has_no_finished_answers() -> None:
    one, two = made(1, "one", "a", "b"), made(2, "two", "c", dead="How many were killed?")
    rows = [
        r.model_copy(update={"status": "error"}) if r.model.spec == "test:b" else r
        for r in one.leaderboard.rows
    ]
    merged = merge_runs([dated(one, 1, "one", rows), two], common_items=True)
    assert set(sources(merged.board.rows)) == {"test:a", "test:c"}
    assert "left out, without finished answers to compute anew: test:b" in merged.notes


# ------------------------------------------------------------------------------------------ history


def past(day: int, value: float, **fields: Any) -> Any:
    metrics = {"reading": {"em": estimate(value), "balanced_f1": estimate(value)}}
    one = row("test:m", (value,) * 7, metrics=metrics)
    return leaderboard(f"run-{day}", created_at=f"2025-01-{day:02}T00:00:00Z", rows=[one], **fields)


def test_history_is_oldest_first_with_the_change_to_the_run_before() -> None:
    points = history_of([past(3, 0.7), past(1, 0.5), past(2, 0.4)], "test:m", "em")
    assert [p.run for p in points] == ["run-1", "run-2", "run-3"]
    assert [p.value for p in points] == [0.5, 0.4, 0.7]
    assert [p.change for p in points] == [None, pytest.approx(-0.1), pytest.approx(0.3)]


@pytest.mark.parametrize("fields", [{"rules": "mrqa"}, {"scorer_version": "2"}], ids=["rules", "scorer"])
def test_history_gives_no_change_where_the_run_before_was_scored_otherwise(fields: dict[str, str]) -> None:
    points = history_of([past(1, 0.5), past(2, 0.6, **fields), past(3, 0.7, **fields)], "test:m", "em")
    assert [p.change for p in points] == [None, None, pytest.approx(0.1)]


def test_history_as_json_csv_and_markdown_has_a_line_for_each_run() -> None:
    points = history_of([past(1, 0.5), past(2, 0.6)], "test:m", "em")
    assert [p["run"] for p in json.loads(render_history(points, "json"))] == ["run-1", "run-2"]
    assert len(render_history(points, "csv").splitlines()) == 3
    assert sum("run-" in line for line in render_history(points, "markdown").splitlines()) == 2


def test_history_of_an_unknown_model_or_metric_is_refused() -> None:
    with pytest.raises(QaEvalError, match="test:n"):
        history_of([past(1, 0.5)], "test:n")
    with pytest.raises(QaEvalError, match="eem"):
        history_of([past(1, 0.5)], "test:m", "eem")
