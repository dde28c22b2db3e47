"""`qa-eval leaderboard` of a folder of runs: merged where they asked the same, else listed."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result

from qa_eval import evaluate
from qa_eval.errors import InputError
from qa_eval.runs.options import RunOptions
from qa_eval.runs.store import load_run, run_folders
from tests.support.command_line import call
from tests.support.fake_models import four_facts

MODELS = ["baseline:sliding-window", "baseline:first-of-type"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`same/one`, `same/two` and `other/fewer/three`, of which the last asked less."""
    out = tmp_path_factory.mktemp("written")
    options = RunOptions(cache=False, resamples=99)
    for name, limit in (("same/one", None), ("same/two", None), ("other/fewer/three", 2)):
        place = out / name
        evaluate(MODELS, corpus=four_facts(), out=place.parent, name=place.name, limit=limit, options=options)
    return out


@pytest.fixture
def runs(written: Path, own_place: Path) -> Path:
    return shutil.copytree(written, own_place / "o")


def shown(*args: str) -> Result:
    """What `leaderboard` prints."""
    return call("leaderboard", *args)


def test_run_folders_are_found_in_folders_of_folders_and_not_through_links(runs: Path) -> None:
    (runs / "link").symlink_to(runs / "same")
    shutil.copytree(runs / "same/one", runs / ".one.new-0a1b2c3d")
    (runs / "notes").mkdir()
    found = [path.relative_to(runs).as_posix() for path in run_folders(runs)]
    assert found == ["other/fewer/three", "same/one", "same/two"]
    assert run_folders(runs / "nowhere") == []


def test_runs_of_a_folder_that_asked_the_same_are_merged(runs: Path) -> None:
    merged, named = shown("o/same", "--format", "json"), shown("o/same/one", "o/same/two", "--format", "json")
    assert merged.exit_code == 0, merged.stderr
    assert merged.stdout == named.stdout
    assert len(json.loads(merged.stdout)["rows"]) == len(MODELS) + 3
    assert shown("o/other").stdout == shown("o/other/fewer/three").stdout


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "json"])
def test_runs_of_a_folder_that_did_not_ask_the_same_are_listed(runs: Path, form: str) -> None:
    listed = shown("o", "--format", form)
    assert listed.exit_code == 0, listed.stderr
    assert listed.stderr == (
        "3 runs do not fit in one table: they are on different items; "
        "name the runs to merge, or see --common-items\n"
    )
    for path in ("o/same/one", "o/same/two", "o/other/fewer/three"):
        assert path in listed.stdout
    if form == "json":
        rows = json.loads(listed.stdout)
        best = {row["path"]: (row["best"], row["value"]) for row in rows}
        first = load_run("o/same/one").leaderboard.rows[0]
        assert best["o/same/one"] == (first.model.spec, first.metrics["reading"]["balanced_f1"].value)
        assert {row["path"]: (row["items"], row["models"]) for row in rows}["o/other/fewer/three"] == (8, 2)
        assert [row["created_at"] for row in rows] == sorted(
            (row["created_at"] for row in rows), reverse=True
        )
    if form == "csv":
        assert len(list(csv.DictReader(io.StringIO(listed.stdout)))) == 3


def test_flags_that_are_of_one_table_are_refused_where_there_is_none(runs: Path) -> None:
    for flags in (["--slice", "silent"], ["--track", "reading"], ["--sort", "em"]):
        refused = shown("o", *flags)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "these runs cannot share a table" in refused.stderr
    assert shown("o", "--common-items").exit_code == 0
    assert shown("o", "--history", MODELS[0]).stdout.count("\n") >= 5
    assert shown("o/same/one", "o/other/fewer/three").exit_code == 2, "named runs are merged or refused"


def test_broken_runs_of_a_folder_are_named_and_left_out(runs: Path) -> None:
    (runs / "same/two/leaderboard.json").write_text("{", "utf-8")
    one = shown("o/same")
    assert one.exit_code == 0
    assert one.stdout == shown("o/same/one").stdout
    assert one.stderr.startswith("warning: run left out: o/same/two/leaderboard.json:1:2: not valid JSON")
    assert shown("o/same/two").exit_code == 2, "a run that is named must be readable"
    (runs / "same/one/leaderboard.json").write_text("[]", "utf-8")
    refused = shown("o/same")
    assert refused.exit_code == 2
    assert "Error: o/same: no run here can be read; name a run folder" in refused.stderr


def test_a_run_of_a_folder_whose_answers_were_changed_is_named_and_nothing_is_ranked(runs: Path) -> None:
    for name in ("one", "two"):
        file = runs / "same" / name / "predictions/baseline-sliding-window.jsonl"
        file.write_bytes(file.read_bytes()[:-1])
    listed = shown("o/same")
    assert listed.exit_code == 0
    assert "baseline-sliding-window.jsonl: is not what the run wrote" in listed.stderr
    assert listed.stdout.splitlines()[0].split()[:3] == ["run", "created", "status"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        pytest.param(["empty"], "empty: no run here; name a run folder", id="an empty folder"),
        pytest.param(["o/same", "empty"], "empty: no run here; name a run folder", id="one of two is empty"),
        pytest.param(["nowhere"], "nowhere: no such run folder or file", id="nothing"),
        pytest.param([], "results: no run folder here; name one, or make one", id="no results"),
        pytest.param(["--history", "m"], "results: no such run folder or file", id="no results, no history"),
    ],
)
def test_a_folder_without_a_run_is_refused(runs: Path, args: list[str], message: str) -> None:
    Path("empty").mkdir()
    refused = shown(*args)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert message in refused.stderr


def test_where_one_run_is_wanted_a_folder_of_runs_is_answered_with_their_names(runs: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_run("o/same")
    assert str(caught.value) == "o/same: is a folder of runs; name one of them: o/same/one, o/same/two"
