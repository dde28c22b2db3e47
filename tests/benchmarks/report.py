"""How large a report of many models and questions is, and how long it takes to write, to open and to filter.

    python -m tests.benchmarks.report [--models 50] [--questions 2000] [--run FOLDER] [--chromium PATH]

The models answer by a hash of the words; their answers have six candidates each. Of a curated run (`--run`)
the page of the contested facts is measured too. In headless Chromium: `first paint` goes from the start of
the navigation to the first picture with content, as the browser notes it. `load` goes on to the second frame
after the load event. An interaction goes from the event of the changed field to the second frame after it:
two frames of a screen, 33 ms, are what doing nothing takes. Medians of five.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qa_eval
from qa_eval.data.corpus import load_corpus
from qa_eval.data.dataset import open_dataset
from qa_eval.report.report_files import build_report
from qa_eval.report.site import write_site
from qa_eval.runs.options import RunOptions
from qa_eval.runs.store import Run
from tests.support.fake_models import FakeModel

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_ROUNDS = 5
_PAINTED = (
    "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
)
_FIRST_PAINT = """new Promise(done => new PerformanceObserver(list => {
  for (const entry of list.getEntriesByName("first-contentful-paint")) done(entry.startTime);
}).observe({ type: "paint", buffered: true }))"""
_CHANGED = f"""async ([id, value]) => {{
  const field = document.getElementById(id);
  const start = performance.now();
  field.value = value;
  field.dispatchEvent(new Event("input", {{ bubbles: true }}));
  field.dispatchEvent(new Event("change", {{ bubbles: true }}));
  return await {_PAINTED} - start;
}}"""
_CLICKED = f"""async (number) => {{
  const start = performance.now();
  document.querySelectorAll("button.sort")[number].click();
  return await {_PAINTED} - start;
}}"""
_FIELDS = {
    "index.html": (("find-model", "1"), ("find-model", ""), ("slice", None)),
    "matrix.html": (("order", None), ("find", "number 17"), ("find", ""), ("cell", "rs"), ("cell", "")),
    "questions.html": (("find", "number 17"), ("find", ""), ("wrong-by", "3"), ("wrong-by", "")),
}
"""Page -> (field, what is put into it); None for each of its values in turn."""


def many(folder: Path, models: int, questions: int) -> Run:
    """A stored run of made-up questions; one model answers, the others are it under other salts."""
    file = folder / "made-up.jsonl"
    with file.open("w", encoding="utf-8") as out:
        for n in range(questions):
            text = " ".join(f"word{(n * 31 + k * 7) % 997}" for k in range(120))
            answer = text.split()[n % 120]
            start = text.index(answer)
            row = {"id": f"q{n}", "question": f"What is number {n}?", "context": text}
            out.write(json.dumps(row | {"answers": {"text": [answer], "answer_start": [start]}}) + "\n")
    salted = [FakeModel(name=f"model-{n:02}") for n in range(models)]
    return qa_eval.evaluate(
        salted, dataset=f"jsonl:{file}", out=folder, name="many", options=RunOptions(cache=False)
    )


@contextmanager
def browser_at(chromium: str) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


def measured_page(
    browser: Browser, file: Path, fields: tuple[tuple[str, str | None], ...]
) -> dict[str, float]:
    """What was done -> its median time in milliseconds."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    loads, paints = [], []
    for _ in range(_ROUNDS):
        page.goto(file.as_uri())
        loads.append(page.evaluate(_PAINTED))
        paints.append(page.evaluate(_FIRST_PAINT))
    found = {"first paint": statistics.median(paints), "load": statistics.median(loads)}
    for field, value in fields:
        values = [value] if value is not None else _options(page, field)
        times = [page.evaluate(_CHANGED, [field, v]) for _ in range(_ROUNDS) for v in values]
        found[f"{field}={'each value' if value is None else value or 'all'}"] = statistics.median(times)
    if page.locator("button.sort").count() > 1:
        found["sort"] = statistics.median([page.evaluate(_CLICKED, n % 2) for n in range(_ROUNDS)])
    page.close()
    return found


def _options(page: Page, field: str) -> list[str]:
    options: Any = page.eval_on_selector_all(f"#{field} option", "all => all.map(o => o.value)")
    return [str(option) for option in options]


def largest(folder: Path) -> Path:
    return max(folder.glob("*.html"), key=lambda file: file.stat().st_size)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--run", type=Path, help="a stored run in place of one that is made up")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        run = (
            qa_eval.load_run(options.run) if options.run else many(folder, options.models, options.questions)
        )
        print(f"answers had in {time.perf_counter() - start:.1f} s")
        data = run.leaderboard.data
        start, cpu = time.perf_counter(), time.process_time()
        built = build_report([run], open_dataset(data.dataset) if data.dataset else load_corpus())
        site = write_site(built.files, folder / "site", about={}).parent
        took, cpu = time.perf_counter() - start, time.process_time() - cpu
        files = [path for path in site.rglob("*") if path.is_file()]
        items = data.items.reading + data.items.pooled
        print(
            f"{len(run.leaderboard.rows)} models x {items} items: written in {took:.1f} s, {cpu:.1f} s of CPU"
        )
        print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB")
        pages = [
            site / page
            for page in ("index.html", "questions.html", "matrix.html", "compare.html", "contested.html")
        ]
        pages = [page for page in pages if page.is_file()]
        pages += [largest(site / "models"), largest(site / "questions")]
        if not options.chromium:
            return
        with browser_at(options.chromium) as browser:
            for page in pages:
                times = measured_page(browser, page, _FIELDS.get(page.name, ()))
                size = page.stat().st_size / 1e3
                place = page.relative_to(site).as_posix()
                print(f"  {place}, {size:.0f} kB: " + ", ".join(f"{k} {v:.0f} ms" for k, v in times.items()))


if __name__ == "__main__":
    main()
