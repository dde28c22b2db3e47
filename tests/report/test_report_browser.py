"""The report in a real browser: Debian's chromium, driven by playwright. Skipped where there is none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import qa_eval
from qa_eval.records import Corpus
from qa_eval.report.report_files import build_report
from qa_eval.report.site import write_site
from qa_eval.runs.ranking import competes
from qa_eval.runs.store import Run
from tests.report.test_report import hostile_report
from tests.support.fake_models import FakeModel, four_facts

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: `apt-get install chromium`"),
    # playwright's pipes are closed by its own process, which may be after the interpreter looks.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
PAGES = (
    "index.html",
    "contested.html",
    "glossary.html",
    "questions.html",
    "matrix.html",
    "compare.html",
    "models/test-one.html",
    "questions/dead.html",
)
AXE = "axe-core@4.14.1"


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return four_facts()


@pytest.fixture(scope="module")
def run(corpus: Corpus) -> Run:
    models: list[Any] = [FakeModel(name=name) for name in ("one", "two", "three")]
    return qa_eval.evaluate(models, corpus=corpus, name="tried")


@pytest.fixture(scope="module")
def site(run: Run, corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = build_report([run], corpus)
    return write_site(built.files, tmp_path_factory.mktemp("browser") / "site", about={}).parent


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of a desktop; what it complains of fails the test."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints: list[str] = []
    opened.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("requestfailed", lambda request: complaints.append(request.url))
    yield opened
    opened.close()
    assert complaints == []


def names(page: Any) -> list[str]:
    found: list[str] = page.eval_on_selector_all("#ranked tr", "rows => rows.map(r => r.cells[1].innerText)")
    return found


@pytest.mark.parametrize("name", PAGES)
def test_pages_open_without_complaint_and_fit_a_phone(name: str, page: Any, site: Path) -> None:
    page.goto((site / name).as_uri())
    assert page.inner_text("h1")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_leaderboard_sorts_by_a_column_both_ways_from_the_keyboard(
    page: Any, site: Path, run: Run
) -> None:
    page.goto((site / "index.html").as_uri())
    f1 = {row.model.spec: row.metrics["reading"]["f1"].value for row in run.leaderboard.rows if competes(row)}
    header = page.locator("#leaderboard th.metric", has=page.get_by_role("button", name="F1", exact=True))
    button = header.get_by_role("button")
    button.focus()
    for key, order, sign in (("Enter", "descending", -1), ("Space", "ascending", 1)):
        page.keyboard.press(key)
        assert header.get_attribute("aria-sort") == order
        assert names(page) == sorted(f1, key=lambda spec: sign * f1[spec])
    assert page.is_visible("#tip")
    assert "Token overlap" in page.inner_text("#tip")


def test_a_slice_shows_its_own_numbers(page: Any, site: Path, run: Run) -> None:
    page.goto((site / "index.html").as_uri())
    page.select_option("#slice", "contested")
    heads = page.eval_on_selector_all("#leaderboard th.metric", "cells => cells.map(c => c.innerText.trim())")
    at = heads.index("EM")
    shown = page.eval_on_selector_all(
        "#ranked tr", "rows => rows.map(r => [r.cells[1].innerText, ...r.querySelectorAll('td.metric')]"
        ".map(c => c.dataset ? c.dataset.value ?? null : c))"
    )  # fmt: skip
    values = {name: float(cells[at]) for name, *cells in shown}
    assert values == {
        row.model.spec: row.slices["contested"]["em"].value for row in run.leaderboard.rows if competes(row)
    }


def test_the_notes_under_the_table_speak_of_the_slice(page: Any, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    whole = page.inner_text("#notes")
    assert whole.startswith("4 facts, 1 contested")
    page.select_option("#slice", "contested")
    assert page.inner_text("#notes").startswith("Contested: 1 fact with")
    page.select_option("#slice", "")
    assert page.inner_text("#notes") == whole


def test_more_columns_are_shown_on_demand(page: Any, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    visible = "cells => cells.filter(c => c.checkVisibility()).map(c => c.innerText.trim())"
    brief = page.eval_on_selector_all("#leaderboard thead th", visible)
    assert brief == ["Rank", "Model", "balanced F1", "EM", "F1", "F1-any", "match", "Δ to first"]
    page.get_by_label("all columns").check()
    every = page.eval_on_selector_all("#leaderboard thead th", visible)
    words = {"balanced asserts", "complete and clean", "acknowledged"}
    more = {"EM-any", "coverage@3", "contrast consistency", *words}
    assert {*every} == {*brief, *more, "Answered", "Items/s", "Size"}
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


@pytest.mark.parametrize("name", ["index.html", "contested.html", "questions.html", "question", "model"])
def test_the_keyboard_reaches_every_hint(page: Any, site: Path, name: str) -> None:
    path = next((site / f"{name}s").glob("*.html")) if name in ("question", "model") else site / name
    page.goto(path.as_uri())
    hints = page.locator("main [data-tip]:visible")
    assert page.locator("main :not(svg *)[title]").count() == 0, "one kind of hint"
    texts = {hint.get_attribute("data-tip") for hint in hints.all() if hint.get_attribute("data-tip")}
    page.evaluate("document.getElementById('main').focus()")
    shown = set()
    here: str | None = ""
    while here is not None:
        shown.add(here)
        page.keyboard.press("Tab")
        here = page.evaluate(
            "document.activeElement.closest('main') === null ? null : "
            "document.getElementById('tip').hidden ? '' : document.getElementById('tip').textContent"
        )
    assert texts <= shown


def test_contested_facts_are_filtered_by_why_the_sources_differ(page: Any, site: Path) -> None:
    page.goto((site / "contested.html").as_uri())
    assert page.locator("#disputes > li:visible").count() == 1
    page.select_option("#relation", "update")
    assert (page.locator("#disputes > li:visible").count(), page.inner_text("#shown")) == (1, "1 of 1 shown")


def test_on_a_phone_the_table_is_cards_that_can_still_be_sorted(page: Any, site: Path, run: Run) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((site / "index.html").as_uri())
    row = page.locator("#ranked tr").first
    assert row.evaluate("row => getComputedStyle(row).display") == "grid"
    heads = row.locator("td:visible").evaluate_all("cells => cells.map(c => c.dataset.head)")
    assert heads == ["Rank", "balanced F1", "EM", "F1", "F1-any", "match", "Δ to first"]
    em = {row.model.spec: row.metrics["reading"]["em"].value for row in run.leaderboard.rows if competes(row)}
    page.get_by_role("button", name="EM", exact=True).click()
    assert names(page) == sorted(em, key=lambda spec: -em[spec])


def test_a_cell_that_the_script_makes_is_that_of_the_page(page: Any, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    cell = page.evaluate("metricCell([-0.65, -0.9, 0.25, 1200], {n: true}).outerHTML")
    # A skill below 0 is drawn at the beginning of the axis.
    assert 'data-value="-0.65"' in cell
    assert '<line class="ci" x1="2.0" y1="5" x2="22.0" y2="5"></line><circle class="at" cx="2.0"' in cell
    assert '<span class="range">-90.0 to 25.0</span><span class="range">n 1,200</span>' in cell
    plain = page.evaluate("metricCell([0.5, null, null, 1200], {n: false}).innerText")
    assert plain.split() == ["50.0"]


def test_questions_are_found_by_words_and_by_who_got_them_wrong(page: Any, site: Path, run: Run) -> None:
    wrong = {p.fact for p in run.scored(run.leaderboard.rows[0]) if not p.match.ok}
    page.goto((site / "questions.html").as_uri() + "#wrong-by=0")
    visible = "rows => rows.filter(r => !r.hidden).map(r => r.querySelector('.hint').innerText)"
    assert set(page.eval_on_selector_all("#questions tbody tr", visible)) == wrong
    page.select_option("#wrong-by", "")
    page.fill("#find", "SOLDIERS died")
    assert page.eval_on_selector_all("#questions tbody tr", visible) == ["dead"]
    assert page.inner_text("#shown").startswith("1 of ")


def marks(page: Any, item: str, text: str) -> list[tuple[int, str]]:
    """Where the marks of an item's passages stand in a text, and what they mark; other texts are left out."""
    passages = page.eval_on_selector_all(
        f"[id='{item}'] .text",
        """passages => passages.map(passage => {
            const places = [...passage.querySelectorAll("mark")].map(mark => {
                const before = document.createRange();
                before.setStart(passage, 0);
                before.setEndBefore(mark);
                return [before.toString().length, mark.textContent];
            });
            return [passage.textContent, places];
        })""",
    )
    return [
        (text.index(whole) + start, words)
        for whole, places in passages
        if whole in text
        for start, words in places
    ]


def test_marks_stand_where_they_say_in_the_text(page: Any, site: Path, corpus: Corpus) -> None:
    page.goto((site / "questions" / "dead.html").as_uri() + "#dead@a")
    text = corpus.article("a").text
    found = marks(page, "dead@a", text)
    assert found
    assert all(text[start : start + len(words)] == words for start, words in found)
    gold = page.eval_on_selector_all(
        "[id='dead@a'] .text :is(mark.gold, mark.both)", "m => m.map(x => x.textContent)"
    )
    (claim,) = corpus.question("dead").own_claims("a")
    assert "".join(gold) == claim.evidence_in("a")[0].text
    assert page.evaluate("document.querySelector(':target').id") == "dead@a"
    page.locator("[id='dead@a']").get_by_text("in the text").click()
    assert page.evaluate("document.querySelector(':target').textContent") == gold[0]
    assert page.locator("mark:target").is_visible()


def test_answers_to_all_articles_are_marked_in_their_articles(
    page: Any, site: Path, corpus: Corpus, run: Run
) -> None:
    page.goto((site / "questions" / "dead.html").as_uri())
    said = {
        p.source_article: p.span
        for row in run.leaderboard.rows
        for p in run.predictions(row)
        if p.item == "dead@*" and p.span
    }
    assert said
    for article, (start, end) in said.items():
        text = corpus.article(article or "").text
        assert any(start <= at < end for at, words in marks(page, "dead@*", text))


def test_the_matrix_is_sorted_filtered_and_leads_to_its_questions(page: Any, site: Path, run: Run) -> None:
    page.goto((site / "matrix.html").as_uri())
    rows = page.locator("table.items tbody tr")
    items = run.leaderboard.data.items
    assert rows.count() == items.reading + items.pooled < 60
    shares = page.eval_on_selector_all("table.items td.num", "cells => cells.map(c => parseInt(c.innerText))")
    assert shares == sorted(shares)
    page.select_option("#order", "easy")
    easiest = page.eval_on_selector_all(
        "table.items td.num", "cells => cells.map(c => parseInt(c.innerText))"
    )
    assert easiest == sorted(shares, reverse=True)
    page.select_option("#category", "town")
    town = {p.item for p in run.scored(run.leaderboard.rows[0]) if p.category == "town"}
    anchors = "links => links.map(a => decodeURIComponent(a.hash.slice(1)))"
    assert set(page.eval_on_selector_all("table.items tbody a", anchors)) == town
    page.get_by_role("button", name="Show all").click()
    page.get_by_text(f"{items.reading + items.pooled} of {items.reading + items.pooled} items").wait_for()
    rows.first.locator("a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/questions/*.html#*")
    assert page.locator(":target h2").is_visible()


def test_the_square_of_a_model_leads_to_its_items_in_the_matrix(page: Any, site: Path, run: Run) -> None:
    page.goto((site / "models" / "test-one.html").as_uri())
    link = page.locator("table.square tbody tr").nth(1).locator("td").first.locator("b a")
    number = int(link.inner_text())
    link.click()
    assert page.locator("table.items tbody tr").count() == number
    row = next(row for row in run.leaderboard.rows if row.model.spec == "test:one")
    answered = {p.item for p in run.scored(row) if p.match.rule == "answered" and not p.paraphrase}
    anchors = "links => links.map(a => decodeURIComponent(a.hash.slice(1)))"
    assert set(page.eval_on_selector_all("table.items tbody a", anchors)) == answered
    assert page.locator("#of-model option:checked").inner_text() == "test:one"


def test_lines_between_ranks_stand_only_in_the_order_of_the_ranks(page: Any, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    table = page.locator("#leaderboard")
    assert "grouped" in table.get_attribute("class")
    page.get_by_role("button", name="EM", exact=True).click()
    assert "grouped" not in table.get_attribute("class")
    page.get_by_role("button", name="Rank", exact=True).click()
    assert "grouped" in table.get_attribute("class")


def test_long_lists_come_in_portions_and_are_searched_whole(
    page: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("long")
    rows = [{"id": f"q{n:03}", "question": f"Number {n}?", "context": f"It is {n}."} for n in range(230)]
    lines = [json.dumps(row | {"answers": {"text": [], "answer_start": []}}) for row in rows]
    (folder / "long.jsonl").write_text("\n".join(lines), "utf-8")
    run = qa_eval.evaluate(["baseline:abstain"], dataset=f"jsonl:{folder / 'long.jsonl'}")
    write_site(build_report([run], None).files, folder / "site", about={})
    page.goto((folder / "site" / "questions.html").as_uri())
    shown = "rows => rows.filter(r => r.checkVisibility()).length"

    def count() -> int:
        visible: int = page.eval_on_selector_all("#questions tbody tr", shown)
        return visible

    assert (count(), page.inner_text("#shown")) == (200, "230 of 230 found, the first 200 shown")
    page.fill("#find", "number 22")
    assert (count(), page.inner_text("#shown")) == (10 + 1, "11 of 230 shown")
    page.get_by_role("button", name="Show all").click()
    page.get_by_text("230 of 230 found").wait_for()
    page.get_by_role("button", name="Show more").click()
    assert (count(), page.inner_text("#shown")) == (230, "230 of 230 shown")


def test_hostile_data_does_nothing_in_a_browser(page: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    built = hostile_report(folder)
    site = write_site(built.files, folder / "site", about={}).parent
    dialogs: list[str] = []

    def refused(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refused)
    for name in sorted(name for name in built.files if name.endswith(".html")):
        page.goto((site / name).as_uri())
        assert page.inner_text("h1")
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    assert dialogs == []


# ------------------------------------------------------------------------------------------ accessibility


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core's script: the file that AXE_CORE names, else from npm; it is no part of the project."""
    if given := os.environ.get("AXE_CORE"):
        return Path(given).read_text("utf-8")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here to fetch axe-core with (or name its axe.min.js in AXE_CORE)")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), AXE],
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if done.returncode or not script.is_file():
        pytest.skip("axe-core cannot be fetched from npm (or name its axe.min.js in AXE_CORE)")
    return script.read_text("utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(scheme: str, browser: Any, site: Path, axe: str) -> None:
    page = browser.new_page(color_scheme=scheme)
    for name in PAGES:
        page.goto((site / name).as_uri())
        page.evaluate(axe)
        found = page.evaluate("axe.run({preload: false})")
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"]] == [], name
        assert len(found["passes"]) > 10
    page.close()
