"""How large a report of many models and questions is, and how long it takes to write, to open and to filter.

    python -m tests.benchmarks.report [--models 50] [--questions 2000] [--chromium /usr/bin/chromium]

The models answer by a hash of the words; their answers have six candidates each. Opening is timed by Chromium
itself: to the end of the `load` event, and around the change of a filter until the page is laid out again.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import qa_eval
from qa_eval.public import open_dataset
from qa_eval.report import build_report, write_site
from qa_eval.store import Run
from tests.fake_models import FakeModel

_TIMING = """
addEventListener("load", () => {
  const load = performance.now();
  const timed = (work) => {
    const start = performance.now();
    work();
    document.body.getBoundingClientRect();
    return performance.now() - start;
  };
  const change = (id, value, event) => timed(() => {
    const input = document.getElementById(id);
    input.value = value;
    input.dispatchEvent(new Event(event, { bubbles: true }));
  });
  const sort = () => timed(() => document.querySelectorAll("button.sort")[1].click());
  const filters = document.getElementById("questions")
    ? { find: change("find", "number 17", "input"), all: change("find", "", "input"),
        wrong: change("wrong-by", "3", "input"), sort: sort() }
    : { model: change("find-model", "1", "input"), all: change("find-model", "", "input"),
        slice: change("slice", "", "change"), sort: sort() };
  document.title = "TIMED " + JSON.stringify({ load, ...filters });
});
"""


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
    return qa_eval.evaluate(salted, dataset=f"jsonl:{file}", out=folder, name="many", cache=False)


def timed_in_chromium(chromium: str, page: Path) -> dict[str, float]:
    """Milliseconds, as Chromium counts them: a longer script measures, and says so in the page's title."""
    script = page.parent / "static" / "report.js"
    own = script.read_text("utf-8")
    script.write_text(own + _TIMING, "utf-8")
    try:
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu"]
        done = subprocess.run(
            [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=False
        )
    finally:
        script.write_text(own, "utf-8")
    found = re.search(r"<title>TIMED (.*?)</title>", done.stdout)
    if found is None:
        return {}
    values: dict[str, float] = json.loads(found[1])
    return values


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        run = many(folder, options.models, options.questions)
        print(f"answers made and scored in {time.perf_counter() - start:.1f} s")
        start = time.perf_counter()
        built = build_report([run], open_dataset(run.leaderboard.data.dataset or ""))
        write_site(built.files, folder / "site", about={})
        took = time.perf_counter() - start
        sizes = {path: path.stat().st_size for path in (folder / "site").rglob("*") if path.is_file()}
        print(f"{options.models} models x {options.questions} questions: written in {took:.1f} s")
        print(f"{len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB")
        for page in ("index.html", "questions.html", "compare.html"):
            path = folder / "site" / page
            print(f"  {page}: {path.stat().st_size / 1e3:.0f} kB")
        largest = max((size, p.name) for p, size in sizes.items() if p.parent.name == "questions")
        print(f"  largest question page: {largest[0] / 1e3:.0f} kB")
        if options.chromium:
            for page in ("index.html", "questions.html"):
                timed = timed_in_chromium(options.chromium, folder / "site" / page)
                print(f"  {page}: " + ", ".join(f"{key} {value:.0f} ms" for key, value in timed.items()))


if __name__ == "__main__":
    main()
