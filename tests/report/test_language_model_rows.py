"""Tokens, times and cost of language models next to span models: in the report, in CSV and in Markdown."""

from __future__ import annotations

import csv
import html as entities
import io
import re
from dataclasses import replace

import pytest

import qa_eval as qa
from qa_eval.report.report_files import build_report
from qa_eval.runs.leaderboard.board_formats import render_csv, render_markdown
from qa_eval.runs.leaderboard.merged_runs import merge_runs
from qa_eval.runs.leaderboard.views import Selection, leaderboard_view
from qa_eval.runs.options import RunOptions
from qa_eval.runs.schema import PerformanceRow, Row
from qa_eval.runs.store import Run
from qa_eval.text.glossary import GLOSSARY
from tests.report.test_report import Page
from tests.support.fake_models import FakeModel, FakeWriter, four_facts

OPTIONS = RunOptions(resamples=99, cache=False)
WRITTEN = PerformanceRow(
    seconds=30.0,
    items_per_second=0.5,
    tokens=12_345,
    tokens_out=345,
    unfinished=2,
    latency={"p50": 0.049, "p90": 1.5, "p99": 1234.0},
    cost=0.00042,
)
COLUMNS = {"Tokens", "Time of an answer", "Cost"}
IN_CSV = ("tokens_in", "tokens_out", "unfinished", "latency_p50", "latency_p90", "latency_p99", "cost")


def performed(run: Run, **performance: PerformanceRow) -> Run:
    """The run, with what its models are said to have taken, by name."""
    rows = [
        row.model_copy(update={"performance": performance.get(row.model.name, row.performance)})
        for row in run.leaderboard.rows
    ]
    return replace(run, leaderboard=run.leaderboard.model_copy(update={"rows": rows}))


@pytest.fixture(scope="module")
def corpus() -> qa.Corpus:
    return four_facts()


@pytest.fixture(scope="module")
def mixed(corpus: qa.Corpus) -> Run:
    """A language model with a price, and a span model."""
    models: list[qa.Model] = [FakeWriter(corpus), FakeModel(name="spans")]
    run = qa.evaluate(models, corpus=corpus, name="mixed", options=OPTIONS, progress=False)
    return performed(run, writer=WRITTEN)


@pytest.fixture(scope="module")
def priceless(corpus: qa.Corpus) -> Run:
    """Another language model, which a server without a price computes."""
    model = FakeWriter(corpus, name="other")
    run = qa.evaluate(model, corpus=corpus, name="priceless", options=OPTIONS, progress=False)
    return performed(run, other=replace(WRITTEN, cost=None, tokens_out=0, unfinished=None, tokens=7))


def cells(page: str, model: str) -> dict[str, str]:
    """Column -> text of the cell in a model's row of the leaderboard."""
    rows = re.findall(r"<tr data-model.*?</tr>", page, re.DOTALL)
    (row,) = [row for row in rows if f"<bdi>test:{model}</bdi>" in row or f"<bdi>{model}</bdi>" in row]
    found = re.findall(r'<td[^>]*data-head="([^"]+)"[^>]*>(.*?)</td>', row, re.DOTALL)
    return {head: " ".join(re.sub(r"<[^>]+>", " ", text).split()) for head, text in found}


def heads(page: str) -> list[str]:
    head = re.search(r'<table id="leaderboard".*?</thead>', page, re.DOTALL)
    assert head is not None
    return re.findall(r'class="sort"[^>]*>([^<]+)<', head[0])


def test_the_row_of_a_language_model_has_its_tokens_times_and_cost(mixed: Run, corpus: qa.Corpus) -> None:
    page = str(build_report([mixed], corpus).files["index.html"])
    found = cells(page, "writer")
    assert found["Tokens"] == "12,345 345 written"
    assert found["Time of an answer"] == "0.05 s p90 1.50 s, p99 1,234.00 s"
    assert found["Cost"] == "0.00042", "a small cost is not 0"


def test_the_row_of_a_span_model_next_to_it_has_none(mixed: Run, corpus: qa.Corpus) -> None:
    page = str(build_report([mixed], corpus).files["index.html"])
    for model in ("spans", "reference:oracle"):
        found = cells(page, model)
        assert {head: found[head] for head in COLUMNS} == dict.fromkeys(COLUMNS, "–")


def test_every_row_has_a_cell_for_every_head(mixed: Run, priceless: Run, corpus: qa.Corpus) -> None:
    for runs in ([mixed], [priceless], [mixed, priceless]):
        page = str(build_report(runs, corpus).files["index.html"])
        table = page[page.index('<table id="leaderboard"') : page.index("</table>")]
        number = len(heads(page))
        for row in re.findall(r"<tr data-model.*?</tr>", table, re.DOTALL):
            assert len(re.findall(r"<t[dh][ >]", row)) == number
        assert f'colspan="{number}"' in table
        assert [entities.unescape(tip) for tip in re.findall(r'data-tip="([^"]*)">Tokens', table)] == [
            GLOSSARY["tokens"]
        ]


def test_the_columns_are_there_only_where_they_have_values(
    mixed: Run, priceless: Run, corpus: qa.Corpus
) -> None:
    without_price = str(build_report([priceless], corpus).files["index.html"])
    assert COLUMNS & set(heads(without_price)) == {"Tokens", "Time of an answer"}
    assert cells(without_price, "other")["Tokens"] == "7 0 written", "it wrote none, which is not unknown"
    spans = [row for row in mixed.leaderboard.rows if row.model.name != "writer"]
    alone = replace(mixed, leaderboard=mixed.leaderboard.model_copy(update={"rows": spans}))
    assert not COLUMNS & set(heads(str(build_report([alone], corpus).files["index.html"])))


def test_merged_runs_keep_the_numbers_of_each_row(mixed: Run, priceless: Run, corpus: qa.Corpus) -> None:
    page = str(build_report([mixed, priceless], corpus).files["index.html"])
    alone = str(build_report([mixed], corpus).files["index.html"])
    assert {head: cells(page, "writer")[head] for head in COLUMNS} == {
        head: cells(alone, "writer")[head] for head in COLUMNS
    }
    assert cells(page, "other")["Tokens"] == "7 0 written"
    assert cells(page, "other")["Cost"] == "–"
    text = "".join(Page(page).text)
    assert "test:writer: 12,000 tokens read, 345 written; 2 answers end at the greatest number" in text
    assert "test:other: 7 tokens read, 0 written; time of an answer 0.05 s (p50)" in text


def test_the_page_of_a_language_model_says_it_in_words(mixed: Run, corpus: qa.Corpus) -> None:
    files = build_report([mixed], corpus).files
    said = "12,000 tokens read, 345 written"
    assert said in "".join(Page(str(files["models/test-writer.html"])).text)
    assert "tokens read" not in "".join(Page(str(files["models/test-spans.html"])).text)


def in_csv(text: str, model: str) -> dict[str, str]:
    (line,) = [line for line in csv.DictReader(io.StringIO(text)) if line["model"] == f"test:{model}"]
    return {name: line[name] for name in IN_CSV}


def test_csv_has_the_numbers_unrounded_and_none_for_span_models(mixed: Run, priceless: Run) -> None:
    text = render_csv(leaderboard_view(mixed.leaderboard))
    expected = ("12000", "345", "2", "0.049", "1.5", "1234.0", "0.00042")
    assert in_csv(text, "writer") == dict(zip(IN_CSV, expected, strict=True))
    assert in_csv(text, "spans") == dict.fromkeys(IN_CSV, "")
    merged = render_csv(leaderboard_view(merge_runs([mixed, priceless])))
    assert in_csv(merged, "writer") == in_csv(text, "writer")
    assert in_csv(merged, "other") == in_csv(text, "writer") | {
        "tokens_in": "7", "tokens_out": "0", "unfinished": "0", "cost": ""
    }  # fmt: skip


def test_csv_of_span_models_alone_has_no_such_columns(mixed: Run) -> None:
    rows: list[Row] = [row for row in mixed.leaderboard.rows if row.model.name != "writer"]
    text = render_csv(leaderboard_view(mixed.leaderboard.model_copy(update={"rows": rows})))
    assert not set(IN_CSV) & set(text.splitlines()[0].split(","))


def test_markdown_has_a_sentence_for_each_language_model(mixed: Run, priceless: Run) -> None:
    said = (
        "test:writer: 12,000 tokens read, 345 written; 2 answers end at the greatest number of tokens; "
        "time of an answer 0.05 s (p50), 1.50 s (p90), 1,234.00 s (p99); cost 0.00042"
    )
    text = render_markdown(leaderboard_view(mixed.leaderboard))
    assert text.count(said) == 1
    assert text.count("tokens read") == 1
    merged = render_markdown(leaderboard_view(merge_runs([mixed, priceless])))
    assert said in merged
    assert "test:other: 7 tokens read, 0 written;" in merged
    part = render_markdown(leaderboard_view(mixed.leaderboard, Selection(slice="contested")))
    assert "tokens read" not in part, "they are those of the whole run"


def test_a_page_is_headed_by_the_label_and_gives_the_whole_spec_below(corpus: qa.Corpus, mixed: Run) -> None:
    spec = "openai:chat?base_url=http://127.0.0.1:8080/v1&seed=1"
    rows = [
        row.model_copy(update={"model": replace(row.model, spec=spec)}) if row.model.name == "writer" else row
        for row in mixed.leaderboard.rows
    ]
    served = replace(mixed, leaderboard=mixed.leaderboard.model_copy(update={"rows": rows}))
    files = build_report([served], corpus).files
    (page,) = [str(page) for at, page in files.items() if at.startswith("models/openai-chat")]
    assert "<h1><bdi>openai:chat?seed=1</bdi></h1>" in page
    assert f"<dt>Spec</dt><dd><bdi>{entities.escape(spec)}</bdi>" in page
    table = render_markdown(leaderboard_view(served.leaderboard)).splitlines()
    assert [line for line in table if line.startswith("|") and "openai:chat?seed=1 |" in line]
    assert not [line for line in table if line.startswith("|") and "127.0.0.1" in line]
