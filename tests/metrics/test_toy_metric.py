"""A metric is one entry: the one in CONTRIBUTING, added to the catalog, is found everywhere."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from qa_eval.cli import cli
from qa_eval.metrics import parts
from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.guide import metrics_guide
from qa_eval.metrics.parts import Metric
from qa_eval.metrics.summary import summarize
from qa_eval.stats.small_samples import FEWEST_CLUSTERS
from tests.support.places import ROOT
from tests.support.worked_example import LOSSES, SAID, WORKED, reading

MODELS = ("baseline:first-of-type", "baseline:sliding-window")
MEANING = "Share of the answers that have three words or more."
GUIDE = ROOT / "docs" / "reference" / "metrics.md"


def recipe() -> Metric:
    """The entry that CONTRIBUTING shows."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    found = re.search(r"<!-- metric -->\n```python\n(.*?)```\n<!-- /metric -->", text, re.DOTALL)
    assert found is not None
    entry = eval(found[1], vars(parts).copy())
    assert isinstance(entry, Metric)
    return entry


def in_loops(answers: Sequence[str]) -> float:
    """The metric again, word by word; an empty text is no answer."""
    long, every = 0, 0
    for answer in answers:
        words, inside = 0, False
        for character in answer:
            if not character.isspace() and not inside:
                words += 1
            inside = not character.isspace()
        every += words > 0
        long += words > 2
    return long / every


@pytest.fixture(scope="module", autouse=True)
def entry() -> Iterator[Metric]:
    """The toy metric, in the catalog for as long as this module's tests run."""
    with pytest.MonkeyPatch.context() as patch:
        metric = recipe()
        patch.setitem(METRICS, metric.id, metric)
        yield metric


def test_the_places_of_the_recipe_are_free(entry: Metric) -> None:
    others = [metric for id, metric in METRICS.items() if id != entry.id]
    for listing, place in entry.listed.items():
        assert place not in {metric.listed.get(listing) for metric in others}, listing


def call(*arguments: object) -> str:
    result = CliRunner(env={"COLUMNS": "220", "NO_COLOR": "1"}).invoke(cli, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def run(entry: Metric, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two baselines on sixteen facts."""
    folder = tmp_path_factory.mktemp("toy")
    models = [flag for model in MODELS for flag in ("-m", model)]
    call("run", *models, "--limit", 16, "--out", folder, "--name", "toy", "--no-cache", "--track", "reading")
    return folder / "toy"


@pytest.fixture(scope="module")
def rows(run: Path) -> dict[str, Any]:
    board = json.loads((run / "leaderboard.json").read_text("utf-8"))
    return {row["model"]["spec"]: row for row in board["rows"]}


def value_of(rows: dict[str, Any], model: str) -> float:
    value: float = rows[model]["metrics"]["reading"]["wordy"]["value"]
    return value


def test_the_worked_example() -> None:
    """Of the five answers only "400 IS fighters" has three words."""
    found = summarize(reading(LOSSES, WORKED, SAID), intervals=False).metrics["reading"]["wordy"]
    assert found.value == pytest.approx(1 / 5)
    assert found.n == 5
    assert in_loops(list(SAID.values())) == pytest.approx(1 / 5)
    silent = summarize(reading(LOSSES, WORKED, dict.fromkeys(SAID, "")), intervals=False)
    assert "wordy" not in silent.metrics["reading"]


@pytest.mark.parametrize("model", MODELS)
def test_the_stored_value_is_that_of_the_loops(run: Path, rows: dict[str, Any], model: str) -> None:
    file = run / "predictions" / f"{model.replace(':', '-')}.jsonl"
    answers = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert value_of(rows, model) == pytest.approx(in_loops([a["prediction"] for a in answers]))
    for answer in answers:
        expected = in_loops([answer["prediction"]]) if answer["prediction"] else None
        assert answer["scores"].get("wordy") == expected
    stored = rows[model]["metrics"]["reading"]["wordy"]
    assert (stored["low"] is None) == (stored["clusters"] < FEWEST_CLUSTERS)
    assert any("wordy" in metrics for metrics in rows[model]["slices"].values())


def test_the_stored_run_can_be_verified(run: Path) -> None:
    call("verify", run)


def test_it_is_a_column_of_the_terminal_and_of_markdown(run: Path, rows: dict[str, Any]) -> None:
    table = call("leaderboard", run).splitlines()
    assert any(line.split()[-1:] == ["errors"] and "wordy" in line.split() for line in table)
    text = call("leaderboard", run, "--format", "markdown")
    head, _, *lines = (line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|"))
    cells = {line[head.index("model")]: line[head.index("wordy")] for line in lines}
    for model in MODELS:
        assert cells[model].split()[0] == f"{100 * value_of(rows, model):.1f}"


def test_the_lower_value_is_sorted_first(run: Path, rows: dict[str, Any]) -> None:
    text = call("leaderboard", run, "--format", "csv", "--sort", "wordy")
    lines = list(csv.DictReader(io.StringIO(text)))
    found = [(line["model"], float(line["wordy"])) for line in lines if line["model"] in MODELS]
    assert found == sorted(((m, value_of(rows, m)) for m in MODELS), key=lambda pair: pair[1])
    assert {"wordy_low", "wordy_high"} <= lines[0].keys()


def test_it_is_a_column_of_the_exported_answers(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    call("export", run, "--format", "csv", "--out", file)
    lines = list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))
    assert {line["wordy"] for line in lines} <= {"", "0.0", "1.0"}
    for line in lines:
        assert line["wordy"] == (str(in_loops([line["prediction"]])) if line["prediction"] else "")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        pytest.param("model-index", "name: Wordy", id="model card"),
        pytest.param("every-eval-ever", '"metric_id": "qa_eval.wordy"', id="Every Eval Ever"),
        pytest.param("lm-eval", '"wordy,none"', id="lm-evaluation-harness"),
    ],
)
def test_it_is_in_the_exports_of_results(run: Path, tmp_path: Path, form: str, said: str) -> None:
    call("export", run, "--format", form, "-m", MODELS[0], "--out", tmp_path / "exported")
    texts = [path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    assert any(said in text for text in texts)


def test_it_is_on_the_pages_of_the_report(run: Path, rows: dict[str, Any], tmp_path: Path) -> None:
    call("report", run, "--out", tmp_path / "site")
    index = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert f'data-low="1"><button type="button" class="sort" data-tip="{MEANING}">wordy ↓</button>' in index
    glossary = (tmp_path / "site" / "glossary.html").read_text("utf-8")
    assert f"<dt>wordy ↓</dt><dd>{MEANING}" in glossary
    for model in MODELS:
        page = (tmp_path / "site" / "models" / f"{model.replace(':', '-')}.html").read_text("utf-8")
        value = f"{100 * value_of(rows, model):.1f}"
        found = re.search(r'<th scope="row"><a [^>]*>wordy ↓</a></th>.*?"v">(.*?)</span>', page, re.DOTALL)
        assert found is not None
        assert html.unescape(found[1]) == value
        assert f'data-tip="{MEANING}">wordy ↓' in page


def test_two_models_are_compared_by_it(run: Path, rows: dict[str, Any]) -> None:
    text = call("compare", run, "--model", MODELS[1], "--against", MODELS[0], "--metric", "wordy")
    base, new = (f"{100 * value_of(rows, model):.1f}" for model in MODELS)
    assert f"wordy {base} → {new}" in " ".join(text.split())
    assert "less is better" in " ".join(text.split())
    found = json.loads(call("compare", run, "--model", MODELS[1], "--against", MODELS[0], "--format", "json"))
    others = {d["metric"]: d for d in found["pairs"][0]["exploratory"] if not d["slice"]}
    assert others["wordy"]["higher_is_better"] is False


def test_the_guide_has_a_section_on_it(entry: Metric) -> None:
    section = metrics_guide().partition(f"### {entry.title}\n")[2].partition("###")[0]
    assert MEANING in section
    assert "* id: `wordy`; in tables: wordy\n" in section
    assert "range: 0 to 1; lower is better\n" in section
    assert "* shown in: the leaderboard, model cards\n" in section


def test_the_guide_is_what_the_entries_say(entry: Metric) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(METRICS, entry.id)
        assert GUIDE.read_text("utf-8") == metrics_guide(), "`make docs` writes it"
