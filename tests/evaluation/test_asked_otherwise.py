"""`--closed-book` and `--orders` from the question to every place that shows their metrics and answers."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from pyarrow import parquet

import qa_eval as qa
from qa_eval.data.items import shown_articles
from qa_eval.evaluation.verification import verify
from qa_eval.metrics.listings import label
from qa_eval.records import ItemId
from qa_eval.report.content import gather
from qa_eval.report.leaderboard_page import table_views
from qa_eval.runs.leaderboard.views import leaderboard_view
from qa_eval.runs.options import RunOptions
from qa_eval.runs.shown_items import Drawing, Shown, draw_example
from qa_eval.text.glossary import term_anchor
from tests.support.command_line import done
from tests.support.fake_models import FakeModel, FakeWriter
from tests.support.small_corpus import small_corpus

ORDERS = 5
MEMORY = {"militant-losses": "400", "fall-of-town": "June 2014"}
"""A claim of one of two sources, and an answer that no source gives."""
WRITER, SPANS = "test:writer", "test:fake"


@pytest.fixture
def corpus(own_place: Path) -> qa.Corpus:
    return small_corpus(own_place)


def evaluated(
    corpus: qa.Corpus,
    name: str,
    *,
    stubborn: tuple[str, ...] = ("militant-losses",),
    references: bool = False,
) -> qa.Run:
    options = RunOptions(closed_book=True, orders=ORDERS, resamples=99, references=references)
    models: list[qa.Model] = [FakeWriter(corpus, MEMORY, stubborn), FakeModel()]
    return qa.evaluate(models, corpus=corpus, out="runs", name=name, options=options, progress=False)


def changed_orders(corpus: qa.Corpus) -> int:
    """The number of orders in which another article than in the usual order gives the first answer."""
    question = corpus.questions[0]

    def first(order: int) -> str:
        return next(a.id for a in shown_articles(corpus, question, order) if question.own_claims(a.id))

    return sum(first(order) != first(0) for order in range(1, ORDERS + 1))


def test_the_metrics_follow_from_the_answers(corpus: qa.Corpus) -> None:
    """Alpha contradicts both memories. The model stays with one of them against its passage."""
    run = evaluated(corpus, "one")
    changed = changed_orders(corpus)
    assert 0 < changed < ORDERS, "or the test would see nothing"
    row = run.leaderboard.row(WRITER)
    assert row.metrics["reading"]["memorisation_ratio"].value == 0.5
    assert row.metrics["reading"]["memorisation_ratio"].n == 2
    assert row.metrics["reading"]["remembered"].value == 0.5
    assert row.metrics["pooled"]["order_sensitivity"].value == pytest.approx(changed / ORDERS / 2)
    spans = run.leaderboard.row(SPANS).metrics
    assert not {"memorisation_ratio", "remembered", "order_sensitivity"} & (
        spans["reading"].keys() | spans["pooled"].keys()
    )
    assert verify("runs/one", corpus) == []


def test_every_table_has_the_metrics(corpus: qa.Corpus) -> None:
    run = evaluated(corpus, "one")
    row = run.leaderboard.row(WRITER)
    values = {
        ("reading", "memorisation_ratio"): row.metrics["reading"]["memorisation_ratio"].value,
        ("pooled", "order_sensitivity"): row.metrics["pooled"]["order_sensitivity"].value,
    }
    whole = done("leaderboard", "runs/one", "--all", columns=200).output
    assert "What passages do to an answer" in whole
    lines = csv.DictReader(io.StringIO(done("leaderboard", "runs/one", "--format", "csv").output))
    line = {found["model"]: found for found in lines}[WRITER]
    for (track, metric), value in values.items():
        assert label(metric).split()[0] in whole
        name = metric if track == "reading" else f"pooled.{metric}"
        assert float(line[name]) == pytest.approx(value)
        for form in ("table", "markdown"):
            alone = done("leaderboard", "runs/one", "--track", track, "--format", form, columns=250).output
            assert f"{100 * value:.1f}" in alone, (metric, form)


OF_WRITERS = (
    *(("pooled", "complete_and_clean"), ("pooled", "acknowledged"), ("reading", "memorisation_ratio")),
    *(("pooled", "order_sensitivity"), ("reading", "remembered")),
)


def test_the_usual_table_has_them_or_says_that_they_do_not_fit(corpus: qa.Corpus) -> None:
    evaluated(corpus, "one")
    labels = [label(metric) for _, metric in OF_WRITERS]
    for columns in (80, 100, 120, 250):
        text = done("leaderboard", "runs/one", columns=columns).output
        head = text[: text.index("──")].split("\n\n")[-1]
        shown = [label for label in labels if all(word in head.split() for word in label.split())]
        note = " ".join(text.split()).partition("no room at this width for: ")[2]
        assert all(label in shown or label in note for label in labels), (columns, shown)
        assert all(len(line) <= columns for line in text.splitlines())
    assert shown == labels
    assert "no room" not in text


def test_the_table_of_span_models_alone_has_none_of_them(corpus: qa.Corpus) -> None:
    run = evaluated(corpus, "one")
    rows = [row for row in run.leaderboard.rows if row.model.spec != WRITER]
    board = run.leaderboard.model_copy(update={"rows": rows, "sort": "reading.balanced_f1"})
    view = leaderboard_view(board)
    assert view.first_columns == view.brief_columns
    assert not set(OF_WRITERS) & set(view.first_columns)


def test_references_have_no_value_of_what_answers_say_about_all_articles(corpus: qa.Corpus) -> None:
    view = leaderboard_view(evaluated(corpus, "one", references=True).leaderboard)
    columns = [("pooled", "complete_and_clean"), ("pooled", "acknowledged")]
    shown = {
        line.row.model.spec: [view.estimate(line, column) is not None for column in columns]
        for line in view.lines
    }
    assert shown.pop(WRITER) == [True, True]
    references = {spec for spec in shown if spec.startswith("reference:")}
    assert len(references) == 3
    assert all(shown[spec] == [False, False] for spec in references)


def test_what_answers_say_about_all_articles_stands_next_to_the_metric_that_sorts(corpus: qa.Corpus) -> None:
    view = leaderboard_view(evaluated(corpus, "one").leaderboard)
    assert [metric for _, metric in view.brief_columns[:3]] == [
        *("balanced_asserts", "complete_and_clean", "acknowledged")
    ]


def test_the_leaderboard_of_the_report_shows_them_at_first(corpus: qa.Corpus) -> None:
    run = evaluated(corpus, "one")
    view = table_views(gather([run], None, corpus))[0]
    first = [(column.track, column.metric) for column in view.columns if column.brief]
    assert set(OF_WRITERS) < set(first)


def test_tables_of_answers_have_every_score(corpus: qa.Corpus) -> None:
    """Also those that are the base of a metric with another id, such as `memorised`."""
    run = evaluated(corpus, "one")
    lines = csv.DictReader(io.StringIO(done("export", "runs/one", "--format", "csv", "-m", WRITER).output))
    found = {line["item"]: line for line in lines}
    answers = run[WRITER].items()
    scores = {score for answer in answers for score in answer.scores}
    assert {"memorised", "order_changed"} <= scores, "or the test would see nothing"
    for answer in answers:
        line = found[answer.item]
        assert {score: float(line[score]) for score in scores if line[score]} == answer.scores
    done("export", "runs/one", "--format", "parquet", "-m", WRITER, "--out", "answers.parquet")
    table = {row["item"]: row for row in parquet.read_table("answers.parquet").to_pylist()}
    for answer in answers:
        row = table[answer.item]
        assert {score: row[score] for score in scores if row[score] is not None} == answer.scores


def test_the_report_has_the_metrics_and_the_answers(corpus: qa.Corpus) -> None:
    run = evaluated(corpus, "one")
    row = run.leaderboard.row(WRITER)
    done("report", "runs/one", "--out", "report")
    model = Path("report/models/test-writer.html").read_text("utf-8")
    assert "What passages do to its answers" in model
    for track, metric in (("reading", "memorisation_ratio"), ("pooled", "order_sensitivity")):
        assert f"metric-{term_anchor(metric)}" in model
        assert f"{100 * row.metrics[track][metric].value:.1f}" in model
    assert "What passages do" not in Path("report/models/test-fake.html").read_text("utf-8")
    page = Path("report/questions/militant-losses.html").read_text("utf-8")
    # The reading items of three articles have no orders, and the pooled item has them.
    assert page.count("Answers without any passage</summary>") == 3
    assert page.count("Answers without any passage, and with the passages in other orders</summary>") == 1
    pooled = next(a for a in run[WRITER].items() if a.item == "militant-losses@*")
    orders = " · ".join(f"<bdi>{text}</bdi>" for text in pooled.reordered or ())
    assert f"<td><bdi>400</bdi></td><td>{orders}</td>" in page


def test_show_has_the_answers_that_were_asked_otherwise(corpus: qa.Corpus) -> None:
    evaluated(corpus, "one")
    asked = ("--questions", "questions", "--articles", "seeds")
    pooled = done("show", "runs/one", "militant-losses@*", *asked, columns=200).output
    assert pooled.count("without any passage: “400”") == 1, "the span model was not asked so"
    orders = next(line for line in pooled.splitlines() if "with the passages in other orders: " in line)
    assert orders.count("“") == ORDERS
    assert orders.count("“400”") in (changed_orders(corpus), ORDERS - changed_orders(corpus))
    reading = done("show", "runs/one", "fall-of-town@beta", *asked).output
    assert "without any passage: “June 2014”" in reading
    assert "other orders" not in reading


def test_an_answer_that_is_none_and_one_that_failed_are_told_apart(corpus: qa.Corpus) -> None:
    run = evaluated(corpus, "one")
    answer = next(a for a in run[WRITER].items() if a.item == "militant-losses@*")
    answer = replace(answer, closed_book="", reordered=("400", "", None))
    shown = Shown(ItemId.parse(answer.item), ((run.leaderboard.row(WRITER), answer),))
    text = "\n".join(line.plain for line in draw_example(shown, None, Drawing(width=120, labels={})))
    assert "without any passage: no answer" in text
    assert "with the passages in other orders: “400” · no answer · failed" in text


def test_compare_has_the_difference_of_the_memorisation_ratio(corpus: qa.Corpus) -> None:
    evaluated(corpus, "one")
    evaluated(corpus, "two", stubborn=())
    table = done("compare", "runs/one", "runs/two", "--model", WRITER, "--all", columns=150).output
    cells = {line.split("  ")[0]: line.split() for line in table.splitlines() if line.strip()}
    assert cells["memorisation ratio"][2:5] == ["50.0", "0.0", "−50.0"]
    same = table[table.index("no difference in") :].partition("\n\n")[0]
    assert "order sensitivity (pooled)" in " ".join(same.split()), "the orders are answered as before"
