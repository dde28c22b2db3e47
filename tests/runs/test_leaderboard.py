"""`qa-eval leaderboard`: choosing, sorting, and the four formats."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len

from qa_eval.errors import QaEvalError
from qa_eval.records import Corpus, Difference, Estimate, ModelInfo
from qa_eval.runs.leaderboard.board_formats import render_csv, render_json, render_markdown, terminal_board
from qa_eval.runs.leaderboard.captions import caption, leading_sentence
from qa_eval.runs.leaderboard.views import Selection, View, leaderboard_view
from qa_eval.runs.schema import CountsRow, Leaderboard, PredictionsFileRow, Row
from qa_eval.runs.store import Run
from qa_eval.text.wide_table import draw_board
from tests.support.example_run import METRICS, VALUES, estimate, leaderboard, row

ORDER = [
    "embedded",
    "baseline:sliding-window",
    "baseline:first-of-type",
    "reference:oracle",
    "reference:majority-claim",
    "baseline:abstain",
    "baseline:random-span",
]


def view(board: Leaderboard | None = None, **selection: Any) -> View:
    return leaderboard_view(board or leaderboard(), Selection(**selection))


def specs(view: View) -> list[str]:
    return [line.row.model.spec for line in view.lines]


def table(view: View, width: int = 140) -> str:
    return "\n".join(line.plain for line in draw_board(terminal_board(view), width))


def refused(board: Leaderboard | None = None, **selection: Any) -> str:
    with pytest.raises(QaEvalError) as caught:
        view(board, **selection)
    return str(caught.value)


# ------------------------------------------------------------------------------------------ choosing


def test_ranked_rows_come_first_then_references_each_by_the_sort_metric() -> None:
    assert specs(view()) == ORDER


def test_interrupted_and_failed_rows_stand_between() -> None:
    more = (row("hf:broken", (0.9,) * 7, status="error"), row("hf:half", (0.9,) * 7, status="partial"))
    assert specs(view(leaderboard("x", *more)))[3:5] == ["hf:half", "hf:broken"]


def test_the_headline_columns_are_of_both_tracks() -> None:
    assert [metric for _, metric in view().columns] == list(METRICS)
    assert ("pooled", "coverage_at_3") in view().columns


@pytest.mark.parametrize(
    ("selection", "columns"),
    [
        pytest.param({"track": "pooled"}, ["coverage_at_3"], id="pooled"),
        pytest.param({"slice": "contested"}, ["em", "f1"], id="slice"),
        pytest.param(
            {"track": "reading"},
            ["balanced_f1", "em", "f1", "em_any", "f1_any", "contrast_consistency"],
            id="reading",
        ),
        pytest.param({"sort": "no_answer_recall"}, ["no_answer_recall", *METRICS], id="sorted by another"),
    ],
)
def test_columns_are_those_that_the_selection_has(selection: dict[str, Any], columns: list[str]) -> None:
    assert [metric for _, metric in view(**selection).columns] == columns


def test_sorting_by_a_metric_of_which_less_is_better_puts_the_least_first() -> None:
    rows = [
        row(spec, (0.5,) * 7, rank=1, metrics={"reading": {"em": estimate(0.5), "leak": estimate(leak)}})
        for spec, leak in (("hf:a", 0.3), ("hf:b", 0.1), ("hf:c", 0.2))
    ]
    assert specs(view(leaderboard("x", rows=rows), sort="leak")) == ["hf:b", "hf:c", "hf:a"]


def test_rows_without_the_sort_metric_come_last() -> None:
    rows = [row("hf:a", (0.5,) * 7, rank=1, metrics={}), row("hf:b", (0.1,) * 7, rank=2)]
    assert specs(view(leaderboard("x", rows=rows))) == ["hf:b", "hf:a"]


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        pytest.param(
            {"slice": "contestd"}, "slice contestd: not in this run; did you mean contested?", id="slice"
        ),
        pytest.param(
            {"slice": "zzz"}, "slice zzz: not in this run; there are: contested", id="no near slice"
        ),
        pytest.param(
            {"sort": "balanced_f"},
            "sort balanced_f: not in this run; did you mean balanced_f1?",
            id="metric",
        ),
        pytest.param(
            {"slice": "contested", "track": "pooled"},
            "slice contested: this slice belongs to the reading track",
            id="slice of the other track",
        ),
    ],
)
def test_what_is_not_there_is_refused_with_near_matches(selection: dict[str, Any], message: str) -> None:
    assert refused(**selection).startswith(message)


def test_a_track_that_was_not_run_is_refused() -> None:
    rows = [row("hf:a", (0.5,) * 7, metrics={"reading": {"em": estimate(0.5)}})]
    assert refused(leaderboard("x", rows=rows), track="pooled") == (
        "track pooled: not in this run; there are: reading"
    )


# ------------------------------------------------------------------------------------------ the table


def test_the_table_says_what_was_asked_and_what_the_numbers_speak_of() -> None:
    text = table(view())
    for sentence in (
        "62 facts, 24 contested; 310 reading items, 31.3 % of them silent (what always abstaining earns in "
        "EM and F1); 62 pooled items",
        "percent, sorted by balanced F1 = mean of F1 where the article answers and recall of no answer "
        "(always abstaining: 50); rules squad-v2.0, scorer 1",
        "95 % intervals: clustered by fact; they speak of other questions about these articles",
        "the smallest difference in balanced F1 between the first two of 3 ranked models that could be shown "
        "is about 8.3 points (80 % power)",
    ):
        assert sentence in " ".join(text.replace("\n  ", " ").split("\n"))


def test_a_row_holds_rank_interval_value_and_difference() -> None:
    (line,) = [line for line in table(view()).split("\n") if "sliding-window" in line]
    assert line.split()[:5] == ["2", "(2–3)", "baseline:sliding-window", "28.3", "22.2–34.0"]
    assert "−35.1 −42.1…−28.1" in line


def test_the_leading_sentence_stands_over_the_table() -> None:
    assert table(view()).split("\n")[:2] == ["example", leading_sentence(view())]


def test_the_metric_that_sorts_and_the_few_that_matter_most_come_first() -> None:
    columns = [column.label for column in terminal_board(view()).columns]
    assert columns == ["balanced F1", "EM", "F1", "F1-any", "EM-any", "coverage@3", "contrast consistency"]
    assert view(slice="contested").brief_columns == (("reading", "em"), ("reading", "f1"))
    assert view(track="pooled").brief_columns == (("pooled", "coverage_at_3"),)


def test_all_columns_are_those_of_both_tracks_by_family() -> None:
    board = terminal_board(view(), every=True)
    assert [column.label for column in board.columns][-3:] == [
        "contrast consistency",
        "NoAns recall",
        "coverage@3",
    ]
    assert [column.group for column in board.columns][-3:] == [
        "Whose claim an answer makes", "No answer", "All articles at once",
    ]  # fmt: skip


def test_the_best_value_of_a_column_is_of_a_model_that_competes() -> None:
    board = terminal_board(view())
    best = {row.name: sum(cell.best for cell in row.cells) for row in board.all_rows}
    assert best["embedded"] == len(board.columns)
    assert sum(best.values()) == len(board.columns), "the references are above it and are not marked"


def test_the_best_value_is_the_least_where_lower_is_better() -> None:
    rows = [
        row(spec, (0.5,) * 7, metrics={"reading": {"em": estimate(0.5), "brier": estimate(brier)}})
        for spec, brier in (("hf:a", 0.3), ("hf:b", 0.1))
    ]
    board = terminal_board(view(leaderboard("x", rows=rows), sort="brier"))
    assert [(row.name, row.cells[0].best) for row in board.rows] == [("hf:b", True), ("hf:a", False)]


@pytest.mark.parametrize(
    ("slice_", "sentence"),
    [
        pytest.param(
            "contested",
            "contested: 43 facts with 199 reading items; 41.7 % of these are silent, and are in that slice; "
            "the numbers here are of the other 116",
            id="contested",
        ),
        pytest.param(
            "settled",
            "settled: 106 facts with 507 reading items; 69.4 % of these are silent, and are in that slice; "
            "the numbers here are of the other 155",
            id="settled",
        ),
        pytest.param(
            "silent", "silent: 435 of 706 reading items, each of an article that does not answer", id="silent"
        ),
        pytest.param(
            "relation:update",
            "relation:update: 15 reading items, 26.7 % of them silent (what always abstaining earns in EM "
            "and F1)",
            id="relation",
        ),
    ],
)
def test_the_first_sentence_of_a_slice_counts_the_slice(slice_: str, sentence: str, committed: Run) -> None:
    board = committed.leaderboard
    assert next(caption(view(board, slice=slice_))) == sentence


def test_the_numbers_of_slices_are_those_of_the_questions(curated: Corpus) -> None:
    contested = [question for question in curated.questions if question.contested]
    silent = sum(len(question.silent) for question in contested)
    answering = sum(len({e.article for c in q.claims for e in c.evidence}) for q in contested)
    assert (len(contested), silent + answering, answering) == (43, 199, 116)


def test_a_slice_without_relations_counts_what_has_an_answer() -> None:
    assert next(caption(view(slice="contested"))) == "contested: 120 reading items with an answer"


@pytest.mark.parametrize(
    ("selection", "reason"),
    [
        pytest.param({"slice": "contested"}, "ranks and differences are of balanced F1", id="slice"),
        pytest.param({"sort": "em"}, "ranks and differences are of balanced F1", id="other sort"),
        pytest.param({"track": "pooled"}, "ranks and differences are of balanced F1", id="other track"),
    ],
)
def test_ranks_are_not_shown_where_they_do_not_hold(selection: dict[str, Any], reason: str) -> None:
    text = table(view(**selection))
    assert reason in text
    assert "rank  model" not in text
    assert "Δ" not in text
    assert "┄" not in text


@pytest.mark.parametrize("selection", [{"slice": "contested"}, {"track": "pooled"}])
def test_counts_are_not_shown_where_they_are_of_other_items(selection: dict[str, Any]) -> None:
    assert "abstained" not in table(view(**selection))


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        pytest.param({"errors": 2}, "embedded: of 310 items 2 failed", id="errors"),
        pytest.param(
            {"missing": 3, "truncated": 1},
            "embedded: of 310 items 3 missing, 1 with a text not seen whole",
            id="more",
        ),
        pytest.param(
            {"errors": 2, "pooled_errors": 1},
            "embedded: of 310 items 2 failed; 1 pooled item failed",
            id="pooled",
        ),
        pytest.param(
            {"failed_prompts": 4},
            "embedded: 4 prompts without passages or in another order failed",
            id="prompts",
        ),
    ],
)
def test_trouble_is_counted_where_there_is_some(counts: dict[str, int], shown: str) -> None:
    rows = [
        row("embedded", VALUES["embedded"], counts=CountsRow(items=310, answered=212, abstained=98, **counts))
    ]
    for width in (80, 100, 150):
        assert shown in table(view(leaderboard("x", rows=rows)), width)


def test_an_interrupted_run_says_so() -> None:
    """The stored answers are of both tracks; `items` counts one of them."""
    stored = PredictionsFileRow(path="predictions/half.jsonl", sha256="0" * 64, rows=150)
    counts = CountsRow(items=120, unasked=190)
    half = row("hf:half", (0.9,) * 7, status="partial", counts=counts, predictions=stored)
    text = table(view(leaderboard("x", half, status="partial")))
    prompts = half.model_copy(update={"counts": CountsRow(items=120)})
    said = table(view(leaderboard("x", prompts, status="partial")))
    assert "hf:half: interrupted; every item is answered, but further prompts may not be" in said
    assert "x: interrupted; the same call goes on with it" in text
    assert "hf:half: interrupted; its numbers are of 150 of 340 items" in text


def test_the_share_of_silent_items_is_not_that_of_an_interrupted_model() -> None:
    whole = table(view(leaderboard("x", row("embedded", VALUES["embedded"]))))
    assert "% of them silent" in whole
    half = row("hf:half", (0.9,) * 7, status="partial", counts=CountsRow(items=120, unasked=190))
    assert "% of them silent" not in table(view(leaderboard("x", status="partial", rows=[half])))


def test_a_model_without_a_null_score_is_marked_and_explained() -> None:
    model = ModelInfo(spec="hf:a", kind="hf", name="a", no_null_head=True)
    text = table(view(leaderboard("x", row("hf:a", (0.4,) * 7, model=model, rank=2))))
    assert "hf:a †" in text
    assert "† has no score for no answer, so it never abstains" in text


def test_a_hostile_run_is_shown_escaped_in_every_format() -> None:
    evil = "\x1b[31m|<b>\n=1+1\x9b"
    shown = view(leaderboard(evil, row(evil, (0.4,) * 7, rank=2)))
    for text in (table(shown), render_markdown(shown), render_csv(shown), render_json(shown)):
        assert "\x1b" not in text
        assert "\x9b" not in text
    assert "| 2 | \\\\x1b\\[31m\\|\\<b\\>\\\\n=1+1\\\\x9b |" in render_markdown(shown)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_the_whole_table_fits_the_terminal(width: int) -> None:
    failed = row("hf:a/b", (0.1,) * 7, status="error", error="a very long reason " * 12)
    for selection in ({}, {"track": "pooled"}, {"slice": "contested"}):
        for line in table(view(leaderboard("x", failed), **selection), width).split("\n"):
            assert cell_len(line) <= width


def test_a_slice_of_the_pooled_track_is_of_that_track() -> None:
    sliced = {"pooled:relation:update": {"em_any": estimate(0.4, n=9), "newest": estimate(0.3, n=4)}}
    board = leaderboard("x", rows=[row("hf:a", (0.5,) * 7, rank=1, slices=sliced)])
    assert view(board, slice="pooled:relation:update").columns == (("pooled", "em_any"), ("pooled", "newest"))
    assert refused(board, slice="pooled:relation:update", track="reading") == (
        "slice pooled:relation:update: this slice belongs to the pooled track"
    )


def measured(spec: str, metric: str, value: float, n: int, **changes: Any) -> Row:
    reading = {"em": estimate(0.5), metric: estimate(value, n=n)}
    return row(spec, (0.5,) * 7, **{"metrics": {"reading": reading}} | changes)


@pytest.mark.parametrize("metric", ["auroc", "aurc"])
def test_n_is_in_the_cell_where_models_may_have_a_metric_over_other_items(metric: str) -> None:
    board = leaderboard("x", rows=[measured("hf:a", metric, 0.8, 120), measured("hf:b", metric, 0.7, 3)])
    shown = view(board, sort=metric)
    for text in (table(shown), render_markdown(shown)):
        assert "80.0 (n 120)" in text
        assert "70.0 (n 3)" in text
        assert "50.0 (n" not in text


def test_why_a_metric_is_left_out_is_said_below_the_table() -> None:
    absent = {"leak": "it only copies"}
    board = leaderboard(
        "x",
        rows=[
            measured("hf:a", "leak", 0.25, 96, counts=CountsRow(items=310, answered=300, leakable=24)),
            *(row(f"hf:copy-{n}", (0.5,) * 7, absent=absent) for n in range(5)),
        ],
    )
    text = " ".join(table(view(board, track="reading"), 200).split())
    assert "leak is left out for hf:copy-0, hf:copy-1, hf:copy-2 and 2 more: it only copies" in text
    assert "leak: in 24 of its 96 items the article has a wording of another source's claim" in text
    headline = table(view(board), 200)
    assert "left out" not in headline
    assert "wording of another" not in headline


def few(spec: str, value: float, clusters: int, **changes: Any) -> Row:
    bare = Estimate(value=value, method="too-few", n=20, clusters=clusters)
    return row(
        spec, (0.5,) * 7, rank=None, rank_interval=None, metrics={"reading": {"balanced_f1": bare}}, **changes
    )


def test_columns_without_an_interval_are_named_where_others_have_one() -> None:
    bare = Estimate(value=0.5, method="too-few", n=3, clusters=3)
    found = row("hf:a", (0.5,) * 7)
    reading = found.metrics["reading"] | {"contrast_consistency": bare, "em_any": replace(bare, clusters=2)}
    some = found.model_copy(update={"metrics": found.metrics | {"reading": reading}})
    text = " ".join(table(view(leaderboard("x", rows=[some]))).split())
    assert "too few facts for an interval: 3, and 8 are needed (EM-any, contrast consistency)" in text
    assert "clustered by fact" in text


def test_on_few_facts_there_are_no_ranks_and_the_table_says_why() -> None:
    versus = Difference(value=-0.2, p=1.0, clusters=5, method="too-few")
    board = leaderboard("x", rows=[few("hf:a", 0.6, 5), few("hf:b", 0.4, 5, versus_first=versus)])
    text = table(view(board))
    assert specs(view(board)) == ["hf:a", "hf:b"]
    assert "too few facts for an interval: 5, and 8 are needed" in text
    assert "too few facts to rank models: 5, 8 are needed" in text
    assert "smallest difference" not in text
    assert "clustered by fact" not in text
    for line in (table(view(board)), render_markdown(view(board))):
        assert "−20.0" in line
    assert "| – | hf:a | 60.0 |" in render_markdown(view(board))
    first, second = csv.DictReader(io.StringIO(render_csv(view(board))))
    assert (first["rank"], first["balanced_f1_low"], second["versus_first"]) == ("", "", "-0.2")


def ranked(spec: str, value: float, rank: int, **changes: Any) -> Row:
    difference = Difference(value=value - 0.6, low=value - 0.7, high=value - 0.55, p=0.01, clusters=62)
    fields = {
        "rank": rank,
        "rank_interval": (rank, rank),
        "versus_first": difference if value < 0.6 else None,
    }
    return row(spec, (value,) * 7, **(fields | changes))


LEADS: dict[str, tuple[list[Row], dict[str, Any], str]] = {
    "one model leads": (
        [ranked("hf:a", 0.6, 1), ranked("hf:b", 0.4, 2)],
        {},
        "hf:a leads by 20.0 points of balanced F1; the lead is certain (95 % interval 15.0–30.0).",
    ),
    "two cannot be told apart": (
        [ranked("hf:a", 0.6, 1), ranked("hf:b", 0.58, 1), ranked("hf:c", 0.1, 3)],
        {},
        "hf:a and hf:b share the lead: these items cannot tell which of them is best.",
    ),
    "five cannot be told apart": (
        [ranked(f"hf:{name}", 0.6 - n / 100, 1) for n, name in enumerate("abcde")],
        {},
        "hf:a, hf:b, hf:c and 2 more share the lead: these items cannot tell which of them is best.",
    ),
    "one model": (
        [ranked("hf:a", 0.6, 1), row("reference:oracle", (1.0,) * 7)],
        {},
        "hf:a: balanced F1 60.0; no other model has a score to rank.",
    ),
    "few facts": (
        [few("hf:a", 0.6, 5), few("hf:b", 0.4, 5)],
        {},
        "hf:a is first: balanced F1 60.0; 5 facts are too few to say which model is best.",
    ),
    "a slice": (
        [ranked("hf:a", 0.6, 1), ranked("hf:b", 0.4, 2)],
        {"slice": "contested"},
        "hf:a is first: EM 30.0 on contested; no test was made here of whether that is certain.",
    ),
    "another metric": (
        [ranked("hf:a", 0.6, 1), ranked("hf:b", 0.4, 2)],
        {"sort": "f1"},
        "hf:a is first: F1 60.0; no test was made here of whether that is certain.",
    ),
    "a failed model": (
        [row("hf:a", (0.5,) * 7, status="error", rank=None, metrics={}, error="no such folder")],
        {},
        "No model has a score to rank.",
    ),
    "nothing": ([], {}, "No model was run."),
}


@pytest.mark.parametrize(("rows", "selection", "sentence"), LEADS.values(), ids=LEADS)
def test_the_leading_sentence_says_who_is_best_and_whether_that_is_sure(
    rows: list[Row], selection: dict[str, Any], sentence: str
) -> None:
    assert leading_sentence(view(leaderboard("x", rows=rows), **selection)) == sentence


def test_the_leading_sentence_of_a_run_without_golds_says_that_nothing_is_scored() -> None:
    board = leaderboard("x", rules="none")
    assert leading_sentence(view(board)) == "Nothing is scored: the data set does not give its answers."


def test_a_skill_below_zero_is_shown_with_its_sign() -> None:
    skill = Estimate(value=-0.2, low=-0.3, high=0.1, method="bca", n=310, clusters=62)
    board = leaderboard(
        "x",
        rows=[row("hf:a", (0.5,) * 7, metrics={"reading": {"balanced_skill": skill, "em": estimate(0.5)}})],
    )
    assert "| −20.0 (−30.0 to 10.0) |" in render_markdown(view(board, sort="balanced_skill"))


# ------------------------------------------------------------------------------------------ other formats


def test_markdown_is_exactly_this() -> None:
    rows = [row(spec, VALUES[spec]) for spec in ("embedded", "baseline:first-of-type", "reference:oracle")]
    shown = view(leaderboard("x", rows=[*rows, row("hf:a", (0,) * 7, status="error", error="no | head")]))
    assert render_markdown(shown).split("\n")[:6] == [
        "| rank | model | balanced F1 | EM | F1 | EM-any | F1-any | coverage@3 | contrast consistency "
        "| Δ to first | answered | abstained | errors |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| 1 | embedded | 63.4 (57.3–69.1) | 51.2 (45.1–56.9) | 58.3 (52.2–64.0) | 56.1 (50.0–61.8) "
        "| 62.2 (56.1–67.9) | 44.1 (38.0–49.8) | 20.8 (14.7–26.5) |  | 212 | 98 | 0 |",
        "| 2 (2–3) | baseline:first-of-type | 25.4 (19.3–31.1) | 10.1 (4.0–15.8) | 18.7 (12.6–24.4) "
        "| 13.0 (6.9–18.7) | 21.1 (15.0–26.8) | 25.5 (19.4–31.2) | 4.2 (0.0–9.9) | −38.0 (−45.0…−31.0) "
        "| 212 | 98 | 0 |",
        "| – | hf:a | failed: no \\| head |  |  |  |  |  |  |  |  |  |  |",
        "| – | reference:oracle | 100.0 (93.9–100.0) | 100.0 (93.9–100.0) | 100.0 (93.9–100.0) "
        "| 100.0 (93.9–100.0) | 100.0 (93.9–100.0) | 100.0 (93.9–100.0) | 100.0 (93.9–100.0) |  "
        "| 212 | 98 | 0 |",
    ]


def test_csv_holds_every_metric_as_unrounded_fractions() -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv(view()))))
    first, second = rows[0], rows[1]
    assert [r["model"] for r in rows] == ORDER
    assert (first["run"], first["rank"], first["rank_low"], first["rank_high"]) == ("example", "1", "1", "1")
    assert float(first["balanced_f1"]) == VALUES["embedded"][0]
    assert float(first["pooled.coverage_at_3"]) == VALUES["embedded"][5]
    assert float(first["no_answer_recall"]) == VALUES["embedded"][0]
    assert (first["versus_first"], first["answered"], first["cached"]) == ("", "212", "310")
    assert float(second["versus_first"]) == pytest.approx(-0.351)
    assert (rows[3]["rank"], rows[3]["status"]) == ("", "ok")


def test_csv_of_one_track_has_plain_names() -> None:
    head = render_csv(view(track="pooled")).split("\n")[0]
    assert head.startswith("run,rank,rank_low,rank_high,model,kind,status,coverage_at_3,coverage_at_3_low,")
    assert "balanced_f1" not in head


def test_csv_lines_end_with_a_newline_only() -> None:
    assert "\r" not in render_csv(view())


def test_json_is_the_stored_document_with_its_rows_in_order() -> None:
    stored = leaderboard()
    document = json.loads(render_json(view(stored)))
    assert [r["model"]["spec"] for r in document["rows"]] == ORDER
    again = Leaderboard.model_validate(document)
    assert sorted(again.rows, key=lambda r: r.model.spec) == sorted(stored.rows, key=lambda r: r.model.spec)
    assert again.data == stored.data


def test_json_is_cut_to_the_selection() -> None:
    pooled = json.loads(render_json(view(track="pooled")))["rows"][0]
    assert list(pooled["metrics"]) == ["pooled"]
    sliced = json.loads(render_json(view(slice="contested")))["rows"][0]
    assert (sliced["metrics"], list(sliced["slices"])) == ({}, ["contested"])


@pytest.mark.parametrize("render", [render_markdown, render_csv, render_json])
def test_equal_views_give_equal_text_whatever_the_order_of_the_stored_rows(render: Any) -> None:
    turned = leaderboard("example", rows=list(reversed(leaderboard().rows)))
    assert render(view()) == render(view(turned))


def test_names_that_differ_in_their_options_look_different_in_a_narrow_table() -> None:
    specs = [f"openai:model?base_url=http://127.0.0.1:8080/v1&temperature={n}" for n in (0.25, 0.75)]
    board = leaderboard("x", rows=[row(spec, (0.5,) * 7, rank=1) for spec in specs])
    for width in (60, 80, 100):
        shown = table(view(board), width)
        assert "=0.25" in shown
        assert "=0.75" in shown
