"""`qa-eval report`: what stands on the pages, that it is all escaped, and how it reaches the disk."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import qa_eval
from qa_eval.data.dataset import open_dataset
from qa_eval.errors import QaEvalError
from qa_eval.metrics.reasons import RULES
from qa_eval.records import Estimate, Span
from qa_eval.report.charts import Chart, reliability, render_chart, risk_coverage, trade_off
from qa_eval.report.content import gather
from qa_eval.report.html import json_block
from qa_eval.report.leaderboard_page import table_views
from qa_eval.report.marked_text import Marked, segments
from qa_eval.report.question_page import marked_texts
from qa_eval.report.report_files import Built, build_report
from qa_eval.report.site import write_charts, write_site
from qa_eval.runs.options import RunOptions
from qa_eval.runs.ranking import competes
from qa_eval.runs.store import Run
from tests.support.command_line import call, done
from tests.support.fake_models import FakeModel, four_facts
from tests.support.public_files import TWO_ARTICLES
from tests.support.small_corpus import small_corpus

FIRST = "baseline:first-of-type"
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u202e javascript:x \u2028\x1b[31m"
VOID = {"meta", "link", "img", "input", "br", "hr", "rect", "line", "circle"}


class Page(HTMLParser):
    """Elements, ids, links and text of one page; checks that elements nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.data: str = ""
        self.feed(text)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1:] == [tag], (tag, self.open)
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.data += data
        else:
            self.text.append(data)

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.elements if name in attrs]

    def find(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [a for t, a in self.elements if t == tag and all(a.get(k) == v for k, v in wanted.items())]


@pytest.fixture(scope="module")
def corpus() -> Any:
    return four_facts()


@pytest.fixture(scope="module")
def run(corpus: Any) -> Run:
    models: list[Any] = [FakeModel(name="one"), FakeModel(name="two"), FIRST]
    return qa_eval.evaluate(models, corpus=corpus, name="plain", options=RunOptions(paraphrases=True))


@pytest.fixture(scope="module")
def built(run: Run, corpus: Any) -> Built:
    return build_report([run], corpus)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return hostile_report(tmp_path_factory.mktemp("hostile"))


def hostile_report(folder: Path) -> Built:
    """Everything that data can say is hostile, or long."""
    plain = small_corpus(folder)
    losses = plain.question("militant-losses")
    odd = replace(losses.claims[0], id="over<b>", group=HOSTILE)
    odd = replace(odd, evidence=tuple(replace(e, speaker=HOSTILE) for e in odd.evidence))
    question = replace(
        losses,
        question=f"How many? {HOSTILE}",
        category=HOSTILE,
        note=HOSTILE,
        paraphrases=(HOSTILE,),
        claims=(odd, *losses.claims[1:]),
    )
    articles = tuple(
        replace(a, text=a.text + HOSTILE, title=HOSTILE, publisher=HOSTILE) for a in plain.articles
    )
    corpus = replace(plain, questions=(question,), articles=articles)
    answers = folder / "<img src=x onerror=alert(1)>.json"
    said = {"militant-losses@alpha": HOSTILE, "militant-losses@beta": "x" * 1_000_000}
    answers.write_text(json.dumps(said), "utf-8")
    run = qa_eval.evaluate([f"predictions:{answers}", FIRST], corpus=corpus, name="hostile")
    return build_report([run], corpus)


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Built]:
    folder = tmp_path_factory.mktemp("public")
    file = folder / "dev.json"
    file.write_text(json.dumps(TWO_ARTICLES), "utf-8")
    done("run", "--dataset", f"squad:{file}", "-m", FIRST, "--out", folder, "--name", "public")
    run = qa_eval.load_run(folder / "public")
    return run, build_report([run], open_dataset(f"squad:{file}"))


def html(built: Built) -> dict[str, str]:
    return {name: str(text) for name, text in built.files.items() if name.endswith(".html")}


def pages(built: Built) -> dict[str, Page]:
    return {name: Page(text) for name, text in html(built).items()}


@pytest.fixture(params=["plain", "hostile", "public"])
def any_report(request: pytest.FixtureRequest) -> Built:
    name = {"plain": "built", "hostile": "hostile", "public": "public"}[request.param]
    value = request.getfixturevalue(name)
    chosen: Built = value[1] if isinstance(value, tuple) else value
    return chosen


# ------------------------------------------------------------------------------------------ every page


def test_every_link_leads_to_a_file_and_an_id_of_the_report(any_report: Built) -> None:
    found = pages(any_report)
    ids = {name: set(page.attributes("id")) for name, page in found.items()}
    for name, page in found.items():
        for link in [*page.attributes("href"), *page.attributes("src")]:
            path, _, fragment = link.partition("#")
            target = (Path("/") / Path(name).parent / unquote(path)).resolve() if path else Path("/") / name
            file = target.relative_to("/").as_posix()
            assert file in any_report.files, (name, link)
            if fragment and not fragment.startswith(("wrong-by=", "model=")):
                assert fragment in ids[file], (name, link)


def test_no_page_asks_for_anything_outside_the_report(any_report: Built) -> None:
    for name, page in pages(any_report).items():
        (policy,) = page.find("meta", **{"http-equiv": "Content-Security-Policy"})
        assert "default-src 'none'" in policy["content"], name
        assert "unsafe" not in policy["content"], name
        for link in [*page.attributes("href"), *page.attributes("src")]:
            assert not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", link), (name, link)
        assert not page.attributes("style") + page.attributes("srcset"), name


def test_nothing_runs_but_the_one_script(any_report: Built) -> None:
    for name, page in pages(any_report).items():
        for attrs in page.find("script"):
            own = attrs.get("src", "").removeprefix("../") == "static/report.js"
            data = {"index.html": "leaderboard-data", "matrix.html": "matrix-data"}.get(name)
            assert own or attrs == {"type": "application/json", "id": data}, name
        assert not [t for t, _ in page.elements if t in ("style", "iframe", "object", "embed", "base")], name
        assert not [a for _, attrs in page.elements for a in attrs if a.startswith("on")], name


def test_ids_are_unique_and_tables_have_captions_and_headers(any_report: Built) -> None:
    for name, page in pages(any_report).items():
        assert [i for i, n in Counter(page.attributes("id")).items() if n > 1] == [], name
        assert len(page.find("table")) == len(page.find("caption")), name
        assert len(page.find("h1")) == 1, name
        for attrs in page.find("th"):
            assert "scope" in attrs, name
        for attrs in page.find("img"):
            assert attrs["alt"], name


# ------------------------------------------------------------------------------------------ the numbers


def test_the_table_holds_the_numbers_of_the_leaderboard(run: Run, built: Built) -> None:
    text = html(built)["index.html"]
    board = run.leaderboard
    found = re.findall(r'<tr data-model="(\d+)"(.*?)</tr>', text, re.DOTALL)
    assert len(found) == len(board.rows)
    columns = [
        ("reading", "balanced_f1"),
        ("reading", "em"),
        ("reading", "f1"),
        ("reading", "f1_any"),
        ("reading", "match"),
        ("reading", "em_any"),
        ("pooled", "coverage_at_3"),
        ("reading", "contrast_consistency"),
        ("reading", "balanced_asserts"),
        ("pooled", "complete_and_clean"),
        ("pooled", "acknowledged"),
    ]
    for number, row_text in found:
        row = board.rows[int(number)]
        values = re.findall(r'<td class="metric ?(?:none )?(?:rest)?"(?: data-value="([^"]*)")?', row_text)
        expected = [row.metric(*column) for column in columns]
        assert [float(v) if v else None for v in values] == [e.value if e else None for e in expected]


def test_the_script_is_given_every_slice_with_the_numbers_of_the_leaderboard(run: Run, built: Built) -> None:
    data = json.loads(pages(built)["index.html"].data)
    views = {view["key"]: view for view in data["views"]}
    names = {name for row in run.leaderboard.rows for name in row.slices}
    assert {"settled", "contested", "silent"} < names
    assert set(views) == {"", "reading", "pooled"} | names
    for name in names:
        labels = [column["label"] for column in views[name]["columns"]]
        at = labels.index("F1") if "F1" in labels else None
        for number, row in enumerate(run.leaderboard.rows):
            estimate = row.slices.get(name, {}).get("f1")
            if at is not None and estimate is not None:
                value = [estimate.value, estimate.low, estimate.high, estimate.n]
                assert views[name]["values"][str(number)][at] == value


def test_references_stand_apart(run: Run, built: Built) -> None:
    text = html(built)["index.html"]
    apart = text[text.index('<tbody id="references">') :]
    numbers = {int(n) for n in re.findall(r'<tr data-model="(\d+)"', apart)}
    # There are too few facts to rank: only references are outside.
    assert numbers == {n for n, row in enumerate(run.leaderboard.rows) if row.is_reference}


def altered(run: Run, corpus: Any, **metrics: Estimate) -> dict[str, str]:
    """The report of a run whose first row has other numbers on the reading track."""
    first, *rest = run.leaderboard.rows
    reading = first.metrics["reading"] | metrics
    counts = replace(first.counts, leakable=3)
    changed = first.model_copy(
        update={
            "metrics": first.metrics | {"reading": reading},
            "absent": {"leak": "it only copies"},
            "counts": counts,
        }
    )
    board = run.leaderboard.model_copy(update={"rows": [changed, *rest]})
    return html(build_report([replace(run, leaderboard=board)], corpus))


def test_a_skill_below_zero_is_drawn_at_the_beginning_of_its_bar(run: Run, corpus: Any) -> None:
    skill = Estimate(value=-0.65, low=-0.9, high=0.25, method="bca", n=12, clusters=12)
    text = altered(run, corpus, balanced_skill=skill)[f"models/{slug_of(run)}.html"]
    row = text[text.index(">balanced skill</a></th>") :].partition("</tr>")[0]
    assert 'data-value="-0.65"' in row
    assert '<line class="ci" x1="2.0" y1="5" x2="22.0" y2="5"/><circle class="at" cx="2.0"' in row
    assert '<span class="range">−90.0 to 25.0</span>' in row


def slug_of(run: Run) -> str:
    return gather([run], None, four_facts()).models[0].slug


def test_every_bar_is_drawn_inside_its_axis(any_report: Built) -> None:
    for text in html(any_report).values():
        for bar in re.findall(r'<svg class="iv" viewBox="0 0 84 10".*?</svg>', text):
            assert all(2 <= float(x) <= 82 for x in re.findall(r' (?:x1|x2|cx)="([^"]*)"', bar)), bar


def test_a_models_page_says_why_a_metric_is_left_out_and_how_many_items_can_leak(
    run: Run, corpus: Any
) -> None:
    leak = Estimate(value=0.25, n=8, clusters=4, method="too-few")
    text = altered(run, corpus, leak=leak)[f"models/{slug_of(run)}.html"]
    assert '<p class="hint">leak is left out: it only copies.</p>' in text
    assert "leak: in 3 of its 8 items the article has a wording of another source&#39;s claim" in text
    assert text.count("is left out") == 1


def test_n_is_shown_where_models_may_have_a_metric_over_other_items(public: tuple[Run, Built]) -> None:
    run, _ = public
    rows = [
        row.model_copy(
            update={
                "metrics": {"reading": row.metrics["reading"] | {"auroc": Estimate(value=0.5, n=1000 + n)}}
            }
        )
        for n, row in enumerate(run.leaderboard.rows)
    ]
    changed = replace(run, leaderboard=run.leaderboard.model_copy(update={"rows": rows}))
    built = build_report([changed], None)
    columns = json.loads(pages(built)["index.html"].data)["views"][0]["columns"]
    assert [c["label"] for c in columns if c["n"]] == ["AUROC"]
    shown = re.findall(r'<span class="range">n ([\d,]+)</span>', html(built)["index.html"])
    assert sorted(shown) == [f"1,{n:03}" for n in range(len(rows))]


def test_a_line_parts_models_of_other_ranks(run: Run, corpus: Any) -> None:
    ranks = iter([1, 1, 3])
    rows = [
        row.model_copy(update={"rank": next(ranks) if competes(row) else None})
        for row in run.leaderboard.rows
    ]
    ranked = replace(run, leaderboard=run.leaderboard.model_copy(update={"rows": rows}))
    page = html(build_report([ranked], corpus))["index.html"].partition('<tbody id="references">')[0]
    firsts = re.findall(r'<tr data-model="\d+"( class="group")?>', page)
    assert firsts == ["", "", ' class="group"']


def test_every_column_is_explained_and_leads_to_the_glossary(built: Built) -> None:
    page = html(built)["index.html"]
    terms = html(built)["glossary.html"]
    for name in re.findall(r'<button type="button" class="sort"[^>]*>([^<]+)</button>', page):
        if name != "Model":
            assert re.search(rf"<dt>{re.escape(name)}</dt>", terms, re.IGNORECASE), name


def test_everyone_is_compared_with_the_first_as_the_leaderboard_has_it(run: Run, built: Built) -> None:
    text = html(built)["compare.html"]
    section = text[text.index('id="from-first"') :]
    section = section[: section.index("</section>")]
    shown = re.findall(
        r'<bdi>([^<]+)</bdi></a></th><td [^>]*>[^<]*</td><td class="num"[^>]* data-value="([^"]+)"', section
    )
    assert {name: float(value) for name, value in shown} == {
        row.model.spec: row.versus_first.value for row in run.leaderboard.rows if row.versus_first
    }


def test_every_rule_that_judged_an_answer_is_explained(run: Run, built: Built) -> None:
    judged = {p.match.rule for row in run.leaderboard.rows for p in run.scored(row)}
    assert judged <= set(RULES)
    source = "".join(path.read_text("utf-8") for path in Path("qa_eval/metrics").glob("*.py"))
    source += "".join(path.read_text("utf-8") for path in Path("qa_eval/scoring").glob("*.py"))
    assert set(re.findall(r'\brule="([a-z-]+)"', source)) <= set(RULES)
    assert "<dt><code>abstained</code></dt>" in html(built)["questions/dead.html"]


def test_risk_falls_with_coverage_as_counted_by_hand(run: Run, corpus: Any) -> None:
    model = replace(
        gather([run], None, corpus).models[0],
        confidence=np.array([0.9, 0.2, 0.9, 0.6]),
        correct=np.array([True, False, False, True]),
    )
    coverage, risk = risk_coverage(model)
    assert coverage.tolist() == [0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([1 / 2, 1 / 3, 2 / 4])
    bins = [(b.range, b.n, b.accuracy) for b in reliability(model)]
    assert bins == [("20–30 %", 1, 0.0), ("60–70 %", 1, 1.0), ("90–100 %", 2, 0.5)]


# ------------------------------------------------------------------------------------------ questions


def test_every_item_has_a_permanent_place(run: Run, built: Built) -> None:
    found = pages(built)
    items = {p.item for row in run.leaderboard.rows for p in run.scored(row)}
    assert len(items) > 20
    for item in items:
        name = item.partition("@")[0].partition("~")[0]
        assert item in found[f"questions/{name}.html"].attributes("id"), item


def test_marks_stand_where_gold_and_answers_stand(run: Run, corpus: Any) -> None:
    evidence = gather([run], None, corpus)
    marked = Counter[str]()
    for a_fact in evidence.facts:
        assert a_fact.question is not None
        for item in a_fact.items:
            assert set(item.texts) == ({"a", "b", "c"} if item.id.track == "pooled" else {item.id.article})
            found = {t.article: t for t in marked_texts(a_fact, item, {m.number: m for m in evidence.models})}
            for article, text in item.texts.items():
                parts = (
                    [p for passage in found[article].passages for p in passage.parts]
                    if article in found
                    else []
                )
                assert all(text[p.start : p.start + len(p.text)] == p.text for p in parts)
                gold = {n for p in parts if p.gold for n in range(p.start, p.start + len(p.text))}
                spans = [e for c in a_fact.question.claims for e in c.evidence_in(article)]
                assert gold == {n for e in spans for n in range(e.start, e.end)}
                said = {n for p in parts if p.said for n in range(p.start, p.start + len(p.text))}
                answers = [a.span for a in item.answers if a.span is not None and a.source == article]
                assert said == {n for span in answers for n in range(span.start, span.end)}
                marked[item.id.track] += bool(gold) + bool(said)
    assert marked["reading"] > 5
    assert marked["pooled"] > 5


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        pytest.param([], ["abcdef--"], id="none"),
        pytest.param([(0, 3, True), (1, 2, False)], ["ag", "b*", "cg", "def-"], id="inside"),
        pytest.param([(0, 3, True), (2, 5, False)], ["abg", "c*", "des", "f-"], id="crossing"),
        pytest.param([(1, 3, True), (1, 3, False)], ["a-", "bc*", "def-"], id="equal"),
        pytest.param([(4, 9, True), (-1, 2, True), (3, 3, True)], ["abcdef--"], id="not in the text"),
    ],
)
def test_texts_are_cut_at_every_boundary(spans: list[tuple[int, int, bool]], expected: list[str]) -> None:
    parts = segments("abcdef", [Marked(Span(start, end), gold, "why") for start, end, gold in spans])
    signs = {(False, False): "-", (True, False): "g", (False, True): "s", (True, True): "*"}
    assert [p.text + signs[p.gold, p.said] for p in parts] == [e.replace("--", "-") for e in expected]


def test_a_question_that_has_changed_since_the_run_is_shown_without_its_texts(run: Run) -> None:
    other = four_facts(dead="How many people died there?")
    evidence = gather([run], None, other)
    assert all(f.words for f in evidence.facts)
    no_texts = build_report([run], None)
    assert "contested.html" not in no_texts.files
    assert any("Its text is not available" in text for text in html(no_texts).values())


# ------------------------------------------------------------------------------------------ hostile data


def test_hostile_text_is_shown_and_does_nothing(hostile: Built) -> None:
    shown = 0
    for name, text in html(hostile).items():
        page = Page(text)
        words = "".join(page.text)
        assert "<script>alert" not in text, name
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\x1b]", text), name
        shown += "<script>alert(1)</script>" in words
    assert shown >= 4


def test_a_long_answer_is_shown_by_its_beginning(hostile: Built) -> None:
    page = html(hostile)["questions/militant-losses.html"]
    assert "(1,000,000 characters)" in page
    assert max(len(text) for text in html(hostile).values()) < 200_000


def test_the_block_of_data_cannot_end_its_element() -> None:
    value = {"a": "</script><!--\u2028&\ud800"}
    text = json_block(value)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == value


# ------------------------------------------------------------------------------------------ other runs


def test_a_public_run_has_pages_without_claims(public: tuple[Run, Built]) -> None:
    _, built = public
    assert "contested.html" not in built.files
    found = html(built)
    page = found["questions/q2.html"]
    assert 'class="gold"' in page
    assert "How many people saw it?" in page
    assert "What the sources claim" not in page


def test_of_many_questions_those_that_tell_models_apart_have_a_page(public: tuple[Run, Built]) -> None:
    run, _ = public
    built = build_report([run], None, most_questions=2)
    listed = [name for name in built.files if name.startswith("questions/")]
    assert len(listed) == 2
    assert built.notes[0].startswith("2 of 4 questions have a page")
    wrong = {p.fact for row in run.leaderboard.rows for p in run.scored(row) if not p.match.ok}
    assert {Path(name).stem for name in listed} <= wrong or len(wrong) < 2


def test_two_runs_are_compared_and_have_a_history(corpus: Any) -> None:
    runs = [
        qa_eval.evaluate(
            [FIRST], corpus=corpus, name=name, threshold=at, options=RunOptions(references=False)
        )
        for name, at in (("old", 0.0), ("new", 0.5))
    ]
    built = build_report(runs, corpus)
    text = html(built)["compare.html"]
    assert "new against old" in text
    assert "charts/history-baseline-first-of-type.svg" in built.files
    assert "baseline:first-of-type · old" in html(built)["index.html"]


def test_runs_of_other_questions_are_refused_or_shown_on_what_they_have_in_common(run: Run) -> None:
    other = four_facts(dead="How many people died there?")
    another = qa_eval.evaluate([FIRST], corpus=other, name="other")
    with pytest.raises(QaEvalError, match=r"data\.questions_sha256(.|\n)*\n--common-items"):
        build_report([run, another], other)
    built = build_report([run, another], other, common_items=True)
    found = pages(built)
    assert "questions/dead.html" not in found, "it was asked in other words"
    shown = found["questions/began.html"]
    items = {id for id in shown.attributes("id") if id.startswith("began@") and "!" not in id}
    assert items == {p.item for p in another.scored(another.leaderboard.rows[0]) if p.fact == "began"}
    # Every row that the leaderboard shows has answered every item of the page.
    rows = json.loads(found["index.html"].data)["views"][0]["values"]
    assert sum("models/" in href for href in shown.attributes("href")) == len(items) * len(rows)


def test_charts_are_equal_bytes_and_bring_their_numbers(built: Built, run: Run, corpus: Any) -> None:
    again = build_report([run], corpus)
    assert again.files == built.files
    chart = built.charts[0]
    assert chart.name == "forest"
    assert {row[0] for row in chart.rows} == {row.model.spec for row in run.leaderboard.rows}
    assert b"prefers-color-scheme" in render_chart(chart, "svg", themed=True)


def two_speeds(*rows: tuple[str, float, float]) -> Chart:
    """The chart of quality against speed of models with these names, items per second and balanced F1."""
    models = [
        SimpleNamespace(
            name=name,
            row=SimpleNamespace(
                metric=lambda *_, value=value: SimpleNamespace(value=value),
                performance=SimpleNamespace(items_per_second=speed),
                model=SimpleNamespace(parameters=1),
            ),
        )
        for name, speed, value in rows
    ]
    evidence: Any = SimpleNamespace(board=SimpleNamespace(sort="reading.balanced_f1"), models=models)
    (chart,) = trade_off(evidence)
    return chart


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([("embedded", 5.21, 0.6), ("./ck", 5.24, 0.6)], id="nearly equal"),
        pytest.param([("a", 5.0, 0.5), ("b", 5.0, 0.5)], id="equal"),
        pytest.param([("a", 1.0, 0.5), ("b", 5.0, 0.5)], id="less than ten times"),
        pytest.param([("a", 0.5, 0.5), ("b", 52.0, 0.7), ("c", 12_000.0, 0.6)], id="more than a thousand"),
        pytest.param([(f"hf:org/model-{n}", 10 + n / 2, 0.6 + n % 3 / 1000) for n in range(9)], id="crowded"),
    ],
)
def test_the_speed_axis_has_plain_numbers_and_no_name_covers_another(
    rows: list[tuple[str, float, float]],
) -> None:
    chart = two_speeds(*rows)
    for themed in (True, False):
        drawing = render_chart(chart, "svg", themed=themed).decode()
        assert "mathdefault" not in drawing
        assert "$" not in drawing
    figure = chart.draw()
    figure.draw_without_rendering()
    (axes,) = figure.axes
    ticks = [text.get_text() for text in axes.get_xticklabels()]
    assert len(ticks) >= 2
    assert all(re.fullmatch(r"[\d,]+(\.\d+)?", tick) for tick in ticks), ticks
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    assert len(boxes) == len(rows)
    assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)]
    assert all(axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 for box in boxes)


def test_charts_for_papers_come_in_three_formats(built: Built, tmp_path: Path) -> None:
    one = Built(files={}, charts=built.charts[:1], notes=())
    written = write_charts(one.charts_for_papers(), tmp_path / "charts")
    starts = {path.suffix: path.read_bytes()[:5] for path in written}
    assert starts == {".svg": b"<?xml", ".pdf": b"%PDF-", ".png": b"\x89PNG\r"}


# ------------------------------------------------------------------------------------------ the folder


@pytest.fixture
def files() -> Mapping[str, str]:
    return {"index.html": "new", "models/a.html": "a"}


def contents(folder: Path) -> Iterator[str]:
    return (p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file())


def test_a_report_replaces_an_earlier_one_whole(files: Mapping[str, str], tmp_path: Path) -> None:
    write_site({"index.html": "old", "old.html": ""}, tmp_path / "site", about={})
    assert write_site(files, tmp_path / "site", about={}) == tmp_path / "site" / "index.html"
    assert list(contents(tmp_path)) == ["site/index.html", "site/models/a.html", "site/report.json"]


@pytest.mark.parametrize("theirs", ["notes.txt", "models/b.html", "report.json"])
def test_a_folder_with_other_files_is_left_alone(
    theirs: str, files: Mapping[str, str], tmp_path: Path
) -> None:
    if theirs != "report.json":
        write_site(files, tmp_path, about={})
    (tmp_path / theirs).parent.mkdir(exist_ok=True)
    (tmp_path / theirs).write_text("{}", "utf-8")
    if theirs == "report.json":
        (tmp_path / "index.html").write_text("theirs", "utf-8")
    before = list(contents(tmp_path))
    with pytest.raises(QaEvalError, match="not part of a report"):
        write_site({"index.html": "x"}, tmp_path, about={})
    assert list(contents(tmp_path)) == before


def test_the_command_writes_the_site_and_prints_the_page(tmp_path: Path, corpus: Any) -> None:
    run = qa_eval.evaluate([FIRST], limit=3, out=tmp_path, name="small", options=RunOptions(references=False))
    written = call("report", run.path, "--out", tmp_path / "site", "--charts", tmp_path / "charts")
    assert written.exit_code == 0, written.output
    assert written.stdout == f"report: {(tmp_path / 'site' / 'index.html').as_uri()}\n"
    assert (tmp_path / "charts" / "forest.pdf").is_file()
    refused = call("report", run.path, "--out", tmp_path)
    assert (refused.exit_code, "not part of a report" in refused.output) == (2, True)
    assert table_views(gather([run], None, None))[0].key == ""


# ----------------------------------------------------------------------------------- runs without answers


def without_answers(out: Path, name: str, *, references: bool = True) -> Run:
    """A run whose only model failed."""
    damaged = FakeModel("damaged", fails=lambda instance: RuntimeError("weights are <damaged>"))
    return qa_eval.evaluate(
        [damaged], corpus=four_facts(), out=out, name=name, options=RunOptions(references=references)
    )


@pytest.mark.parametrize("references", [True, False])
def test_a_report_on_a_run_whose_only_model_failed_shows_its_row_and_why(
    tmp_path: Path, own_cache: Path, references: bool
) -> None:
    run = without_answers(tmp_path, "failed", references=references)
    for data in (four_facts(), None):
        files = build_report([run], data).files
        index, model = files["index.html"], files["models/test-damaged.html"]
        assert isinstance(index, str)
        assert isinstance(model, str)
        assert "test:damaged" in "".join(Page(index).text)
        assert Page(index).find("span", **{"class": "tag failed"})
        assert "RuntimeError: weights are <damaged>" in "".join(Page(model).text)
        assert isinstance(files["questions.html"], str)
        assert not [name for name in files if name.startswith("questions/")]


def test_a_report_on_a_run_that_has_no_row_yet_and_on_several_without_answers(
    tmp_path: Path, own_cache: Path
) -> None:
    failed, again = (without_answers(tmp_path, name) for name in ("failed", "again"))
    board = failed.leaderboard.model_copy(update={"rows": [], "status": "partial", "name": "under way"})
    under_way = replace(failed, leaderboard=board)
    alone = build_report([under_way], four_facts()).files["index.html"]
    assert isinstance(alone, str)
    assert "interrupted" in "".join(Page(alone).text)
    for runs in ([failed, again], [failed, under_way], [under_way, under_way]):
        assert "index.html" in build_report(runs, four_facts()).files
    with pytest.raises(QaEvalError, match="no item in common"):
        build_report([failed, again], four_facts(), common_items=True)
