"""The order and the columns of tables with a language model."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import qa_eval as qa
from qa_eval.runs.leaderboard.merged_runs import merge_runs
from qa_eval.runs.leaderboard.views import leaderboard_view
from qa_eval.runs.options import RunOptions
from tests.support.chat_server import chat_server
from tests.support.command_line import done
from tests.support.passage_sets import town

SPANS = "baseline:first-of-type"


def written(path: Path, *, silent: bool) -> str:
    """A file of twelve facts, the third passage of which is silent or left out."""
    facts: list[dict[str, Any]] = [town(number) for number in range(12)]
    for fact in facts if not silent else ():
        fact["passages"] = [passage for passage in fact["passages"] if passage["id"] != "c"]
        fact["silent"] = []
    path.write_text("".join(f"{json.dumps(fact)}\n" for fact in facts), "utf-8")
    return f"claims:{path}"


@pytest.mark.parametrize(
    ("silent", "sort"), [(True, "reading.balanced_asserts"), (False, "reading.asserts_own")]
)
def test_a_metric_of_answers_in_words_sorts_with_and_without_silent_items(
    own_place: Path, *, silent: bool, sort: str
) -> None:
    dataset = written(own_place / "facts.jsonl", silent=silent)
    with chat_server() as server:
        options = RunOptions(resamples=99)
        run = qa.evaluate(
            [SPANS, server.spec()], dataset=dataset, options=options, out="runs", name="one", progress=False
        )
        spec = server.spec()
    assert run.leaderboard.sort == sort
    view = leaderboard_view(run.leaderboard)
    assert ".".join(view.columns[0]) == sort
    assert view.ranked
    column = sort.partition(".")[2].replace("_", " ").removeprefix("reading ")
    shown = done("leaderboard", "runs/one", columns=100).output
    assert f"sorted by {column}" in shown
    compared = done("compare", "runs/one", "--model", spec, "--against", SPANS, columns=100).output
    assert column in compared.splitlines()[0] + compared.splitlines()[1]


@pytest.mark.parametrize("behaviour", ["declines", "long"])
def test_a_language_model_without_any_answer_sorts_as_one_with_answers(
    own_place: Path, behaviour: str
) -> None:
    dataset = written(own_place / "facts.jsonl", silent=True)
    with chat_server() as server:
        server.behave(behaviour)
        options = RunOptions(resamples=99)
        run = qa.evaluate([SPANS, server.spec()], dataset=dataset, options=options, progress=False)
        row = run.leaderboard.row(server.spec())
    assert row.counts.answered == 0
    assert run.leaderboard.sort == "reading.balanced_asserts"
    assert ("pooled", "acknowledged") in leaderboard_view(run.leaderboard).columns


def test_span_models_alone_are_sorted_as_before(own_place: Path) -> None:
    """Also where they are compared on items of which none is silent."""
    dataset = written(own_place / "facts.jsonl", silent=False)
    models = [SPANS, "baseline:sliding-window"]
    run = qa.evaluate(models, dataset=dataset, options=RunOptions(resamples=99), progress=False)
    assert run.leaderboard.sort == "reading.f1"
    assert ("reading", "asserts_own") not in leaderboard_view(run.leaderboard).columns
    (pair,) = qa.compare(run[models[0]], run[models[1]]).pairs
    assert [(d.track, d.metric) for d in pair.primary] == [("reading", "f1")]


@pytest.mark.parametrize("newest", ["words", "spans"])
def test_runs_of_both_kinds_are_ranked_together(own_place: Path, newest: str) -> None:
    """A run of span models alone is sorted by another metric than one with a language model."""
    dataset = written(own_place / "facts.jsonl", silent=True)
    options = RunOptions(resamples=99, references=False)
    with chat_server() as server:
        models = {"spans": [SPANS], "words": [SPANS, server.spec()]}
        for name in sorted(models, key=lambda name: name == newest):
            qa.evaluate(models[name], dataset=dataset, options=options, out="runs", name=name, progress=False)
            time.sleep(1.1)  # the newer of two runs is told by its second
        spec = server.spec()
    merged = merge_runs([qa.load_run("runs/spans"), qa.load_run("runs/words")])
    assert merged.board.sort == "reading.balanced_asserts"
    assert not [note for note in merged.notes if "other values" in note], "each run has its own metric"
    values = {row.model.spec: row.metrics["reading"]["balanced_asserts"].value for row in merged.board.rows}
    ranks = {row.model.spec: row.rank for row in merged.board.rows}
    assert ranks.keys() == {SPANS, spec}
    assert None not in ranks.values()
    best = max(values, key=lambda spec: values[spec])
    assert (ranks[best], merged.board.rows[0].model.spec) == (1, best)
    shown = done("leaderboard", "runs/spans", "runs/words", columns=120).output
    assert "sorted by balanced asserts" in shown
    assert "not ranked" not in shown
