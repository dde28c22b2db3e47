"""What a notebook shows: a real one, run in a kernel of its own by nbclient, and HTML of hostile values."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

import qa_eval as qa
from qa_eval.text.notebook_tables import notebook_table
from qa_eval.text.progress import NotebookProgress, TerminalProgress, progress_shown
from tests.comparisons.test_compare import RIGHT, Scripted, asked
from tests.support.fake_models import four_facts
from tests.support.places import ROOT

HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\u202e&\"'"
CELLS = (
    "import qa_eval as qa; models = ['baseline:first-of-type', 'baseline:abstain']",
    "run = qa.evaluate(models, limit=8, options=qa.RunOptions(cache=False))",
    "run",
    "run.leaderboard",
    "qa.compare(run['baseline:abstain'], run['baseline:first-of-type'], resamples=99)",
    "qa.score({'q1': '400', 'q2': ''}, {'q1': ['400', 'over 400'], 'q2': []}, rules='squad-v2.0')",
    "run.items('baseline:first-of-type')",
    "run['baseline:first-of-type']",
    "run.to_pandas().head(3)",
    "qa.load_corpus()",
)


class Tables(HTMLParser):
    """The cells of the tables of a piece of HTML, and its elements; fails where one is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: set[str] = set()
        self.cells: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert {name for name, _ in attrs} <= {"style", "value", "max"}
        self.elements.add(tag)
        self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    """The outputs of each cell, run in a kernel."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    folder = tmp_path_factory.mktemp("notebook")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    environment = os.environ | {"PYTHONPATH": str(ROOT), "QA_EVAL_CACHE": str(folder / "cache")}
    environment |= {"JUPYTER_PLATFORM_DIRS": "1", "IPYTHONDIR": str(folder / "ipython")}
    client = nbclient.NotebookClient(book, timeout=300, kernel_name="python3")
    client.execute(cwd=str(folder), env=environment)
    (folder / "book.ipynb").write_text(nbformat.writes(book), "utf-8")
    assert {path.name for path in folder.iterdir()} <= {"book.ipynb", "ipython", "cache"}, "no run folder"
    return [cell.outputs for cell in book.cells]


def data_of(outputs: list[Any]) -> dict[str, str]:
    """What the last expression of a cell showed, by type."""
    (result,) = [output for output in outputs if output.output_type == "execute_result"]
    return dict(result.data)


# ipykernel and zmq leave it to the interpreter's end to close their sockets.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_notebook_shows_tables_and_a_bar(outputs: list[list[Any]]) -> None:
    shown = dict(zip(CELLS, outputs, strict=True))
    bar = [output for output in shown[CELLS[1]] if "text/html" in output.get("data", {})]
    assert len(bar) == 1, "one line, drawn anew"
    assert re.search(r"2/2 baseline:abstain: (\d+)/\1 answered", bar[0].data["text/html"])
    assert not [output for output in shown[CELLS[1]] if output.output_type == "stream"]

    tables = {cell: data_of(shown[cell]) for cell in CELLS[2:7]}
    for cell, data in tables.items():
        found = Tables(data["text/html"])
        assert found.elements <= {"div", "strong", "table", "thead", "tbody", "tr", "th", "td"}, cell
        assert len(data["text/plain"]) <= 2000
    assert tables[CELLS[2]] == tables[CELLS[3]], "a run is shown as its leaderboard"
    assert {"rank", "model", "balanced F1", "baseline:abstain"} <= set(
        Tables(tables["run"]["text/html"]).cells
    )
    assert {"metric", "F1", "base", "new"} <= set(Tables(tables[CELLS[4]]["text/html"]).cells)
    assert {"EM", "F1", "100.0"} <= set(Tables(tables[CELLS[5]]["text/html"]).cells)
    assert "why" in Tables(tables[CELLS[6]]["text/html"]).cells
    assert data_of(shown[CELLS[7]])["text/plain"].startswith("<ModelResult baseline:first-of-type: ")
    assert "<table" in data_of(shown[CELLS[8]])["text/html"]
    assert len(data_of(shown[CELLS[9]])["text/plain"]) <= 2000


# ------------------------------------------------------------------------------------------ hostile values


def hostile_values() -> Iterator[Any]:
    run = asked(Scripted(HOSTILE, {}), Scripted("m", dict.fromkeys(RIGHT, HOSTILE)), name=HOSTILE)
    yield from (run, run.leaderboard, run.items("m"), qa.compare(run["m"], run[HOSTILE], resamples=99))
    yield qa.score({HOSTILE: HOSTILE}, {"q": [HOSTILE]})


def test_what_data_hold_is_escaped() -> None:
    for value in hostile_values():
        html = value._repr_html_()
        assert Tables(html).elements <= {"div", "strong", "table", "thead", "tbody", "tr", "th", "td"}
        assert "\x1b" not in html
        assert "\u202e" not in html
    assert (
        Tables(notebook_table(HOSTILE, [HOSTILE], [[HOSTILE]], lead=[HOSTILE], notes=[HOSTILE])).cells
        == ["<img src=x onerror=alert(1)>\\x1b[31m\\u202e&\"'"] * 2
    )


def test_a_failed_model_is_a_row_of_its_own_and_json_is_not_touched() -> None:
    class Broken(Scripted):
        def predict(self, instances: Any) -> Any:
            raise qa.ModelError("<b>no</b> weights")

    run = asked(Broken("broken", {}), Scripted("m", RIGHT))
    cells = Tables(run._repr_html_()).cells
    assert "test:brokenfailed: <b>no</b> weights" in cells
    assert json.loads(run.leaderboard.model_dump_json())["rows"]


# ------------------------------------------------------------------------------------------ the bar


def test_the_bar_of_a_notebook_says_what_was_done_and_from_where(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    progress = NotebookProgress()
    monkeypatch.setattr(progress, "_draw", lambda: drawn.append(progress.line()))
    progress.start(2)
    progress.model(f"a{HOSTILE}", 3001)
    progress.advance()
    progress.advance(3000, from_cache=True)
    progress.finish()
    assert drawn[-1].startswith('<progress value="3001" max="3001"></progress> 1/2 a&lt;img ')
    assert drawn[-1].endswith(": 3,001/3,001 answered, 3,000 from cache")
    assert "\x1b" not in drawn[-1]


def test_a_bar_is_shown_where_somebody_can_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream:
        def __init__(self, terminal: bool) -> None:
            self.isatty = lambda: terminal

    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.setattr("sys.stderr", Stream(False))
    assert progress_shown() is None
    monkeypatch.setattr("sys.stderr", Stream(True))
    assert isinstance(progress_shown(), TerminalProgress)
    monkeypatch.setattr("sys.stderr", None)
    assert progress_shown() is None


def test_an_evaluation_tells_a_given_progress_and_none_if_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("qa_eval.evaluation.run.progress_shown", TerminalProgress)
    options = qa.RunOptions(track="reading", cache=False)
    qa.evaluate(Scripted("m", {}), corpus=four_facts(), options=options, progress=False)
    assert capsys.readouterr().err == ""
    qa.evaluate(Scripted("m", {}), corpus=four_facts(), options=options)
    assert capsys.readouterr().err == "1/1 test:m: 11 to answer\n"
