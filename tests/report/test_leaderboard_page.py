"""The leaderboard page: the picture of the ranking metric, the verdict, the table and its notes."""

from __future__ import annotations

import html as entities
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import qa_eval
from qa_eval.metrics.catalog import METRICS
from qa_eval.records import Claim, Corpus, Estimate
from qa_eval.report.content import gather
from qa_eval.report.leaderboard_page import Standings, standings, table_views
from qa_eval.report.report_files import build_report
from qa_eval.runs.leaderboard.captions import caption, leading_sentence
from qa_eval.runs.leaderboard.views import Selection, leaderboard_view
from qa_eval.runs.options import RunOptions
from qa_eval.runs.ranking import competes
from qa_eval.runs.schema import Row
from qa_eval.runs.store import Run
from qa_eval.text.glossary import GLOSSARY, YARDSTICKS, term_anchor
from tests.report.test_report import Page
from tests.support.fake_models import FakeModel, four_facts

FIRST = "baseline:first-of-type"


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    whole = four_facts()
    named = {"a": "The Morning Post", "b": "Evening News", "c": "A Blog"}
    return replace(whole, articles=tuple(replace(a, label=named[a.id]) for a in whole.articles))


@pytest.fixture(scope="module")
def run(corpus: Corpus) -> Run:
    return qa_eval.evaluate(
        [FakeModel(name="one"), FakeModel(name="two"), FIRST],
        corpus=corpus,
        name="plain",
        options=RunOptions(cache=False),
    )


def changed(run: Run, change: Any) -> Run:
    rows = [change(row) for row in run.leaderboard.rows]
    return replace(run, leaderboard=run.leaderboard.model_copy(update={"rows": rows}))


def index(run: Run, corpus: Corpus | None) -> str:
    return str(build_report([run], corpus).files["index.html"])


# ------------------------------------------------------------------------------------------ the picture


def drawn(
    values: Mapping[str, tuple[float, float | None, float | None]], ranks: Sequence[int | None] = ()
) -> Any:
    """The picture of models with a value and an interval each; references stand apart."""
    models = []
    for number, (spec, (value, low, high)) in enumerate(values.items()):
        estimate = Estimate(value=value, low=low, high=high, n=10, clusters=10)
        row = SimpleNamespace(
            model=SimpleNamespace(spec=spec),
            rank=ranks[number] if number < len(ranks) else None,
            status="ok",
            is_reference=spec.startswith("reference:"),
            metric=lambda *_, estimate=estimate: estimate,
        )
        models.append(SimpleNamespace(number=number, slug=spec, name=spec, row=row))
    return standings(SimpleNamespace(board=SimpleNamespace(sort="reading.f1"), models=models))  # type: ignore[arg-type]


def places(picture: Standings) -> dict[str, tuple[str, str, str]]:
    lines = [line for group in (*picture.groups, *picture.more) for line in group.lines]
    return {line.model.name: (line.low, line.at, line.high) for line in lines}


def test_values_are_placed_on_an_axis_from_0_to_100_with_a_margin() -> None:
    picture = drawn({"m": (0.5, 0.25, 1.0), "reference:oracle": (1.0, None, None)}, [1])
    assert places(picture) == {"m": ("26.00%", "50.00%", "98.00%")}
    assert [(at, number) for at, number, _ in picture.ticks] == [
        ("2.00%", "0"), ("26.00%", "25"), ("50.00%", "50"), ("74.00%", "75"), ("98.00%", "100")
    ]  # fmt: skip
    assert picture.part == ""


def test_models_that_are_near_each_other_are_drawn_on_their_part_of_the_axis() -> None:
    picture = drawn(
        {"a": (0.86, 0.85, 0.87), "b": (0.84, 0.83, 0.85), "reference:oracle": (1.0, None, None)}, [1, 2]
    )
    # From 80 to 100: the oracle is near enough to be on it.
    assert picture.part == "80 to 100"
    assert places(picture)["b"] == ("16.40%", "21.20%", "26.00%")
    far = drawn(
        {"a": (0.46, 0.45, 0.47), "b": (0.44, 0.43, 0.45), "reference:oracle": (1.0, None, None)}, [1, 2]
    )
    assert [(y.label, y.inside) for y in far.yardsticks["wide"]] == [("oracle 100.0 ›", False)]
    assert far.part == "40 to 50"


def test_a_skill_below_zero_is_on_the_axis() -> None:
    picture = drawn({"a": (0.4, 0.3, 0.5), "b": (-0.25, -0.35, -0.2)}, [1, 2])
    assert picture.part == "−40 to 100"
    assert float(places(picture)["b"][0].rstrip("%")) > 2


def test_models_that_share_a_rank_are_one_group() -> None:
    rows = {"a": (0.9, None, None), "b": (0.8, None, None), "c": (0.3, None, None)}
    found = [(g.rank, [line.model.name for line in g.lines]) for g in drawn(rows, [1, 1, 3]).groups]
    assert found == [(1, ["a", "b"]), (3, ["c"])]


def test_of_many_models_the_first_are_drawn_and_the_rest_on_demand() -> None:
    picture = drawn({f"m{n}": (0.9 - n / 100, None, None) for n in range(50)}, range(1, 51))
    assert (sum(len(g.lines) for g in picture.groups), picture.hidden) == (20, 30)


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_labels_of_reference_lines_cover_no_other_and_stay_in_the_picture(width: str) -> None:
    yardsticks = {"oracle": 1.0, "majority-claim": 0.92, "other-source": 0.9, "of-tomorrow": 0.0}
    values = {f"reference:{name}": (value, None, None) for name, value in yardsticks.items()}
    picture = drawn({"m": (0.6, 0.5, 0.7), **values}, [1])
    pixels = {"wide": 430, "narrow": 330}[width]
    boxes = []
    for y in picture.yardsticks[width]:
        size = 6.6 * len(y.label)
        start = float(y.at.rstrip("%")) * pixels / 100 - {"start": 0, "middle": size / 2, "end": size}[y.side]
        assert start >= 0, y
        assert start + size <= pixels, y
        boxes.append((y.level, start, start + size))
    assert len(boxes) == 4
    for n, (level, start, end) in enumerate(boxes):
        for other, begins, ends in boxes[n + 1 :]:
            assert level != other or end <= begins or ends <= start
    assert picture.levels[width] == 1 + max(level for level, *_ in boxes)


def test_nothing_is_drawn_where_no_model_has_a_score() -> None:
    assert (
        drawn({"reference:oracle": (1.0, None, None), "baseline:x": (0.2, None, None)}, [None, 1]) is not None
    )
    assert drawn({"reference:oracle": (1.0, None, None)}) is None


# ------------------------------------------------------------------------------------------ the page


def test_the_page_opens_with_the_sentence_that_the_leaderboard_has(run: Run, corpus: Corpus) -> None:
    text = index(run, corpus)
    sentence = leading_sentence(leaderboard_view(run.leaderboard))
    assert f'<p class="verdict">{entities.escape(sentence)}</p>' in text
    assert text.index('class="verdict"') < text.index('class="standings') < text.index('id="leaderboard"')


def test_the_picture_has_every_model_in_the_order_of_the_table(run: Run, corpus: Corpus) -> None:
    text = index(run, corpus)
    picture = text[text.index('class="standings') : text.index('id="leaderboard"')]
    drawn_ = re.findall(
        r'<li[^>]*>.*?<a href="models/[^"]*"><bdi>([^<]+)</bdi>.*?<b>([\d.]+)</b>', picture, re.DOTALL
    )
    view = leaderboard_view(run.leaderboard)
    expected = [line.row for line in view.lines if competes(line.row)]
    assert [name for name, _ in drawn_] == [row.model.spec for row in expected]
    assert [value for _, value in drawn_] == [
        f"{100 * row.metrics['reading']['balanced_f1'].value:.1f}" for row in expected
    ]
    assert "oracle 100.0" in picture


def test_an_interrupted_model_is_drawn_open_and_one_without_answers_is_named(
    run: Run, corpus: Corpus
) -> None:
    def change(row: Row) -> Row:
        if row.model.spec == "test:one":
            return row.model_copy(update={"status": "partial"})
        if row.model.spec == "test:two":
            return row.model_copy(update={"status": "error", "metrics": {}, "slices": {}})
        return row

    text = index(changed(run, change), corpus)
    picture = text[text.index('class="standings') : text.index('id="leaderboard"')]
    assert picture.count('class="at open"') == 1
    assert "No score: <bdi>test:two</bdi>." in picture


def test_a_data_set_that_is_not_scored_has_a_sentence_and_no_picture(tmp_path: Path) -> None:
    file = tmp_path / "test.jsonl"
    file.write_text(json.dumps({"id": "q", "question": "Who?", "context": "Rami came."}) + "\n", "utf-8")
    run = qa_eval.evaluate([FIRST], dataset=f"jsonl:{file}")
    text = index(run, None)
    assert 'class="verdict">Nothing is scored' in text
    assert 'class="standings' not in text


def test_the_notes_of_a_slice_are_those_of_its_own_leaderboard(run: Run, corpus: Corpus) -> None:
    data = json.loads(Page(index(run, corpus)).data)
    views = {view["key"]: view for view in data["views"]}
    found = caption(leaderboard_view(run.leaderboard, Selection(slice="contested")))
    sentence = next(found)
    assert views["contested"]["notes"][0] == sentence[0].upper() + sentence[1:]
    assert views["contested"]["notes"][0] != views[""]["notes"][0]
    assert not any("8 pooled items" in note for note in views["contested"]["notes"])


def test_slices_of_articles_go_by_the_names_of_the_articles(run: Run, corpus: Corpus) -> None:
    names = {view.key: view.name for view in table_views(gather([run], None, corpus))}
    assert names["article:a"] == "The Morning Post"
    assert names["article:c"] == "A Blog"


def test_a_few_columns_are_shown_first_and_the_others_on_demand(run: Run, corpus: Corpus) -> None:
    data = json.loads(Page(index(run, corpus)).data)
    columns = data["views"][0]["columns"]
    assert [c["label"] for c in columns if not c["rest"]] == ["balanced F1", "EM", "F1", "F1-any", "match"]
    spans = ["EM-any", "coverage@3", "contrast consistency"]
    words = ["balanced asserts", "complete and clean", "acknowledged"]
    assert [c["label"] for c in columns if c["rest"]] == [*spans, *words]


def test_a_metric_of_which_less_is_better_has_an_arrow(run: Run, corpus: Corpus) -> None:
    leak = Estimate(value=0.25, n=8, clusters=8)

    def change(row: Row) -> Row:
        return row.model_copy(
            update={"metrics": row.metrics | {"reading": row.metrics["reading"] | {"leak": leak}}}
        )

    data = json.loads(Page(index(changed(run, change), corpus)).data)
    reading = next(view for view in data["views"] if view["key"] == "reading")
    assert [c["label"] for c in reading["columns"] if c["low"]] == ["leak ↓"]


def test_models_answered_from_the_cache_are_named_as_such(run: Run, corpus: Corpus) -> None:
    def change(row: Row) -> Row:
        if row.model.spec != "test:one":
            return row
        performance = replace(row.performance, items_per_second=None)
        counts = replace(row.counts, cached=row.counts.items)
        return row.model_copy(update={"performance": performance, "counts": counts})

    text = index(changed(run, change), corpus)
    assert "These models answered from the cache, so their speed is unknown: <bdi>test:one</bdi>." in text
    assert text.count("from the cache</span>") == 1
    assert "nswered from the cache" not in index(run, corpus)


# ------------------------------------------------------------------------------------------ words


def test_the_glossary_has_every_word_once_and_every_metric(run: Run, corpus: Corpus) -> None:
    page = Page(str(build_report([run], corpus).files["glossary.html"]))
    ids = page.attributes("id")
    assert {term_anchor(term) for term in GLOSSARY} <= set(ids)
    assert {f"metric-{term_anchor(id)}" for id in METRICS} <= set(ids)
    assert len(set(ids)) == len(ids)
    assert set(YARDSTICKS.values()) <= set(GLOSSARY)


def test_a_line_break_in_an_answer_is_shown_by_a_sign(tmp_path: Path, corpus: Corpus) -> None:
    answers = tmp_path / "said.json"
    answers.write_text(json.dumps({"dead@a": "180\nsoldiers"}), "utf-8")
    run = qa_eval.evaluate([f"predictions:{answers}"], corpus=corpus, options=RunOptions(references=False))
    page = str(build_report([run], corpus).files["questions/dead.html"])
    assert "180</mark>⏎soldiers" in page
    assert "180\\nsoldiers" not in page


def test_no_chart_has_formulas_in_its_text(run: Run, corpus: Corpus) -> None:
    built = build_report([run], corpus)
    drawings = {
        name: data
        for name, data in {**built.files, **built.charts_for_papers()}.items()
        if name.endswith(".svg")
    }
    assert len(drawings) > 3
    for name, data in drawings.items():
        text = data if isinstance(data, str) else data.decode()
        assert "mathdefault" not in text, name
        assert "$" not in text, name


def test_articles_go_by_their_names_on_every_page(run: Run, corpus: Corpus) -> None:
    ids = {"a": "000_825eccd27ffa9810", "b": "001_e90136a343fc3042", "c": "002_d6ff8c42212d772c"}

    def named(claim: Claim) -> Claim:
        return replace(claim, evidence=tuple(replace(e, article=ids[e.article]) for e in claim.evidence))

    questions = tuple(
        replace(
            q,
            claims=tuple(map(named, q.claims)),
            silent=tuple(ids[a] for a in q.silent),
            partial=tuple(ids[a] for a in q.partial),
        )
        for q in corpus.questions
    )
    articles = tuple(replace(a, id=ids[a.id]) for a in corpus.articles)
    other = replace(corpus, questions=questions, articles=articles, questions_sha256="", articles_sha256="")
    stored = qa_eval.evaluate([FakeModel(name="one"), FIRST], corpus=other, name="named")
    shown = Counter[str]()
    for name, text in build_report([stored], other).files.items():
        if name.endswith(".html"):
            words = "".join(Page(str(text)).text)
            assert not [id for id in ids.values() if id in words], name
            shown.update(article.label or "" for article in articles if (article.label or "-") in words)
    assert min(shown[label] for label in ("The Morning Post", "Evening News", "A Blog")) > 1
