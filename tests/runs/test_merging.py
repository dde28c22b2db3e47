"""Several runs in one leaderboard: a row for each signature, ranked together; and one model over runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import qa_eval as qa
from qa_eval.data.content_hashes import questions_sha256
from qa_eval.errors import QaEvalError
from qa_eval.records import Corpus
from qa_eval.runs.leaderboard.history import history_of
from qa_eval.runs.leaderboard.merged_runs import Merged, merge_runs, run_of
from qa_eval.runs.store import Run
from tests.comparisons.test_compare import RIGHT, Scripted, asked, counted
from tests.support.command_line import call
from tests.support.fake_models import FakeWriter, four_facts
from tests.support.small_corpus import wells


def at(run: Run, time: str, **changes: object) -> Run:
    """The same run at another time."""
    update = {"created_at": f"2026-01-{time}T00:00:00+00:00", **changes}
    return replace(run, leaderboard=run.leaderboard.model_copy(update=update))


def rows(merged: Merged) -> dict[str, tuple[str, int | None, tuple[int, int] | None]]:
    return {r.model.spec: (run_of(r), r.rank, r.rank_interval) for r in merged.board.rows}


def test_one_row_stands_for_each_signature_and_all_are_ranked_together() -> None:
    corpus = wells()
    one = at(asked(Scripted("all", counted()), Scripted("none", {}), corpus=corpus, name="one"), "01")
    two = at(
        asked(Scripted("all", counted()), Scripted("seven", counted(right=7)), corpus=corpus, name="two"),
        "02",
    )
    merged = merge_runs([two, one])
    assert merged.ranked
    assert [board.name for board in merged.boards] == ["one", "two"]
    # The same signature twice: the newest stays. Two of eight facts cannot tell 8 from 7, six of six can.
    assert rows(merged) == {
        "test:all": ("two", 1, (1, 2)),
        "test:seven": ("two", 1, (1, 2)),
        "test:none": ("one", 3, (3, 3)),
    }


def test_a_model_with_other_weights_or_decoding_is_another_row() -> None:
    one = asked(Scripted("m", RIGHT), name="one")
    again = Scripted("m", RIGHT)
    other = replace(again, decoding=replace(again.decoding, max_length=256)) if again.decoding else again
    merged = merge_runs([at(one, "01"), at(asked(other, name="two"), "02")])
    assert [(r.model.spec, run_of(r)) for r in merged.board.rows] == [("test:m", "one"), ("test:m", "two")]


def test_a_failed_row_does_not_replace_an_older_one_that_finished() -> None:
    good = at(asked(Scripted("m", RIGHT), name="good"), "01")
    failed = good.leaderboard.rows[0].model_copy(update={"status": "error", "error": "broke"})
    bad = at(good, "02", name="bad", rows=[failed])
    (row,) = merge_runs([good, bad]).board.rows
    assert (run_of(row), row.status) == ("good", "ok")


def shorter() -> Corpus:
    corpus = four_facts()
    questions = corpus.questions[:3]
    return replace(corpus, questions=questions, questions_sha256=questions_sha256(questions))


def test_runs_of_other_data_are_refused_and_can_be_restricted_to_the_common_items() -> None:
    whole = at(asked(Scripted("m", RIGHT), name="whole"), "01")
    part = at(asked(Scripted("n", {}), corpus=shorter(), name="part"), "02")
    with pytest.raises(QaEvalError) as caught:
        merge_runs([whole, part])
    assert "data.questions_sha256: " in str(caught.value)
    assert "--common-items compares them" in str(caught.value)
    merged = merge_runs([whole, part], common_items=True)
    assert any("on the 8 items that all runs asked, of 8 to 11" in note for note in merged.notes)
    assert (merged.board.data.facts, merged.board.data.items.reading) == (3, 8)
    # Of these 8 the article answers 5, and is silent on 3.
    em = {r.model.spec: r.metrics["reading"]["em"].value for r in merged.board.rows}
    assert em == {"test:m": 1.0, "test:n": pytest.approx(3 / 8)}


def test_where_equal_questions_were_read_from_is_no_other_data() -> None:
    run = at(asked(Scripted("m", RIGHT), name="one"), "01")
    other = asked(Scripted("n", {}), name="two")
    files = other.leaderboard.data.model_copy(update={"kind": "files"})
    merged = merge_runs([run, at(other, "02", data=files)])
    assert {r.model.spec: run_of(r) for r in merged.board.rows} == {"test:m": "one", "test:n": "two"}


def test_common_items_do_not_help_where_the_scoring_is_another() -> None:
    run = at(asked(Scripted("m", RIGHT), name="one"), "01")
    other = at(run, "02", name="two", scorer_version="0")
    for common in (False, True):
        with pytest.raises(QaEvalError, match="scorer_version") as caught:
            merge_runs([run, other], common_items=common)
        assert "--common-items" not in str(caught.value)


def test_runs_without_a_common_item_and_no_runs_are_refused() -> None:
    with pytest.raises(QaEvalError, match="no item in common"):
        merge_runs([asked(Scripted("m", RIGHT)), asked(Scripted("n", {}), corpus=wells())], common_items=True)
    with pytest.raises(QaEvalError, match="no run to show"):
        merge_runs([])


def test_values_that_should_have_been_the_same_are_remarked() -> None:
    run = at(asked(Scripted("m", RIGHT), name="one"), "01")
    row = run.leaderboard.rows[0]
    metrics = {**row.metrics["reading"]}
    metrics["balanced_f1"] = replace(metrics["balanced_f1"], value=0.5)
    changed = row.model_copy(update={"metrics": {"reading": metrics}})
    (note,) = merge_runs([run, at(run, "02", name="two", rows=[changed])]).notes
    assert note.startswith("test:m: one and two have one signature but other values (1.0000, 0.5000)")


def test_the_history_of_a_model_goes_from_run_to_run_and_knows_where_it_breaks() -> None:
    corpus = wells()
    runs = [
        at(asked(Scripted("m", counted(right=right)), corpus=corpus, name=name), time)
        for name, time, right in (("second", "02", 8), ("first", "01", 6))
    ]
    third = at(asked(Scripted("m", RIGHT), name="third"), "03")
    points = history_of([r.leaderboard for r in (*runs, third)], "test:m", "em")
    told = [(p.run, p.value, p.change) for p in points]
    assert told == [("first", 0.75, None), ("second", 1.0, 0.25), ("third", 1.0, None)]
    with pytest.raises(QaEvalError, match="did you mean test:m"):
        history_of([r.leaderboard for r in runs], "test:n")


def test_the_command_merges_and_tells_history(tmp_path: Path) -> None:
    for name, right in (("one", 6), ("two", 8)):
        asked(Scripted(name, counted(right=right)), corpus=wells(), out=tmp_path, name=name)
    paths = [str(tmp_path / name) for name in ("one", "two")]
    done = call("leaderboard", *paths, "--format", "json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert [(row["run"], row["model"]["spec"]) for row in document["rows"]] == [
        ("two", "test:two"),
        ("one", "test:one"),
    ]
    told = call("leaderboard", *paths, "--history", "test:one")
    assert (told.exit_code, "one" in told.stdout) == (0, True)


def written(name: str, time: str, **options: bool | int) -> Run:
    """A language model's run; memory contradicts all articles."""
    corpus = four_facts()
    model = FakeWriter(corpus, memory={q.id: "a memory" for q in corpus.questions})
    run = qa.evaluate(
        model,
        corpus=corpus,
        name=name,
        options=qa.RunOptions(resamples=99, cache=False).updated(options),
        progress=False,
    )
    return at(run, time)


@pytest.mark.parametrize("common_items", [False, True])
def test_a_row_that_was_asked_less_does_not_replace_one_that_was_asked_more(common_items: bool) -> None:
    more = written("more", "01", closed_book=True, orders=2)
    less = written("less", "02", orders=2)
    merged = merge_runs([more, less], common_items=common_items)
    (row,) = [row for row in merged.board.rows if not row.is_reference]
    assert run_of(row) == "more"
    assert "memorisation_ratio" in row.metrics["reading"]
    (note,) = [note for note in merged.notes if note.startswith("test:writer")]
    assert note == (
        "test:writer: the row of more is shown, because the newer one of less lacks remembered and "
        "memorisation ratio"
    )


def test_of_rows_of_which_none_has_all_the_newest_is_kept_and_the_rest_is_told() -> None:
    remembered, ordered, plain = (
        written("remembered", "01", closed_book=True),
        written("ordered", "02", orders=2),
        written("plain", "03"),
    )
    merged = merge_runs([plain, remembered, ordered])
    (row,) = [row for row in merged.board.rows if not row.is_reference]
    assert run_of(row) == "ordered"
    assert [note for note in merged.notes if note.startswith("test:writer")] == [
        "test:writer: the row of ordered is shown, because the newer one of plain lacks order sensitivity",
        "test:writer: the row of ordered is shown, and the one of remembered, which has remembered and "
        "memorisation ratio, is not; a run with both --closed-book and --orders has everything in one row",
    ]


def test_rows_of_equal_metrics_have_no_note() -> None:
    one = at(asked(Scripted("m", RIGHT), name="one"), "01")
    merged = merge_runs([one, at(one, "02", name="two")])
    assert [run_of(row) for row in merged.board.rows] == ["two"]
    assert merged.notes == ()


def test_on_common_items_tokens_and_cost_are_said_to_be_of_the_whole_runs() -> None:
    said = "tokens, times and cost are those of the whole runs, not of these items"
    whole, short = written("whole", "01"), at(asked(Scripted("n", {}), corpus=shorter(), name="part"), "02")
    assert said in merge_runs([whole, short], common_items=True).notes
    spans = at(asked(Scripted("m", RIGHT), name="spans"), "03")
    assert said not in merge_runs([spans, short], common_items=True).notes
    other = at(asked(Scripted("m", RIGHT), name="other", track="both"), "03")
    assert said not in merge_runs([whole, other], common_items=True).notes, "all items are common"
