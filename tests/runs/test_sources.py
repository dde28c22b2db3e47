"""Where a run finds its questions and articles again: from any folder, moved, changed, gone."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from qa_eval import evaluate, load_run
from qa_eval.data.dataset import open_dataset
from qa_eval.errors import QaEvalError
from qa_eval.evaluation.verification import verify
from qa_eval.runs.options import RunOptions
from qa_eval.runs.sources import find_corpus
from tests.support.command_line import call, done
from tests.support.fake_models import four_facts
from tests.support.places import ROOT
from tests.support.public_files import TWO_ARTICLES, write

FIRST = "baseline:first-of-type"
PASSAGE = "the ferry Halcyon carried ⟪nineteen⟫ cyclists"
"""How a right answer is shown in its article."""
UNSHOWN = "showing only what the run itself holds"


@pytest.fixture
def home(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a collection of three articles and a question below `flood`."""
    home = own_place / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    Path("ferry.txt").write_text("On Monday the ferry Halcyon carried nineteen cyclists.\n", "utf-8")
    Path("quay.txt").write_text("About 25 cyclists came back at noon.\n", "utf-8")
    Path("bakery.txt").write_text("Dario Lunt sold 300 loaves.\n", "utf-8")
    done(
        "init",
        "flood",
        *(part for name in ("ferry", "quay", "bakery") for part in ("--article", f"{name}.txt")),
    )
    data = ["--questions", "flood/questions", "--articles", "flood/articles"]
    question = ["--question", "How many cyclists were there?", "--type", "number", "--category", "ferry"]
    answers = [
        "--answer",
        "nineteen",
        "--answer",
        "About 25",
        "--relation",
        "contradiction",
        "--id",
        "cyclists",
    ]
    done("questions", "new", *data, *question, *answers)
    return home


def asked(questions: str, articles: str, *more: str) -> str:
    """Runs the collection, and gives the printed next command without its `qa-eval`."""
    result = done("run", "--questions", questions, "--articles", articles, "-m", FIRST, "--name", "f", *more)
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("next: qa-eval ")]
    return line.removeprefix("next: qa-eval ")


def shows_passage(run: str) -> None:
    shown = done("show", run, "cyclists@ferry")
    assert PASSAGE in shown.stdout
    assert "warning" not in shown.stderr


@pytest.mark.parametrize(
    ("questions", "articles"),
    [
        pytest.param("flood/questions", "flood/articles", id="relative"),
        pytest.param("{home}/flood/questions", "{home}/flood/articles", id="absolute"),
        pytest.param("flood/questions/ferry.jsonl", "../home/flood/articles", id="a file, and by the parent"),
        pytest.param("link/questions", "link/articles", id="through a link"),
    ],
)
def test_the_printed_command_and_all_others_find_the_collection_from_any_folder(
    home: Path, questions: str, articles: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("link").symlink_to("flood")
    call_ = asked(questions.format(home=home), articles.format(home=home), "--out", "out/deep")
    shown = done(*shlex.split(call_))
    assert shown.stdout.startswith("report: file://")
    assert "warning" not in shown.stderr
    (home.parent / "away").mkdir()
    for folder, run in (
        (home, "out/deep/f"),
        (home.parent / "away", "../home/out/deep/f"),
        (home / "out/deep/f", "."),
    ):
        monkeypatch.chdir(folder)
        shows_passage(run)
        assert "every number is the same" in done("verify", run).stdout
        assert done("report", run, "--out", str(home.parent / "site")).stderr == ""
        page = (home.parent / "site/questions/cyclists.html").read_text("utf-8")
        assert "Halcyon carried" in page
        done(
            "export", run, "--format", "lm-eval", "-m", FIRST, "--out", str(home.parent / "lm"), "--overwrite"
        )
    assert verify(home / "out/deep/f") == []


def test_paths_are_recorded_from_the_run_folder_and_decide_no_number(home: Path) -> None:
    asked("flood/questions", "flood/articles")
    first = load_run("results/f").leaderboard
    assert first.sources is not None
    assert first.sources.model_dump() == {
        "questions": ("../../flood/questions",), "articles": "../../flood/articles", "dataset": None
    }  # fmt: skip
    shutil.copytree("flood", "elsewhere/flood")
    asked("elsewhere/flood/questions", "elsewhere/flood/articles", "--out", "again")
    again = load_run("again/f").leaderboard
    assert again.sources is not None
    assert again.sources.questions == ("../../elsewhere/flood/questions",)
    assert again.run_id == first.run_id
    answers = "f/predictions/baseline-first-of-type.jsonl"
    assert Path("results", answers).read_bytes() == Path("again", answers).read_bytes()


def test_a_run_that_is_overwritten_records_the_paths_from_where_it_ends_up(home: Path) -> None:
    asked("flood/questions", "flood/articles")
    asked("flood/questions", "flood/articles", "--overwrite")
    shows_passage("results/f")


def test_a_run_that_moves_with_its_collection_finds_it(home: Path) -> None:
    asked("flood/questions", "flood/articles")
    shutil.move(home, home.parent / "new")
    os.chdir(home.parent)
    shows_passage("new/results/f")


def test_a_run_that_was_moved_alone_says_what_is_missing(home: Path) -> None:
    asked("flood/questions", "flood/articles")
    Path("deep/deeper").mkdir(parents=True)
    shutil.move("results/f", "deep/deeper/f")
    message = (
        "deep/deeper/f: its questions and articles are no longer there (deep/flood/questions, "
        "deep/flood/articles): name them with --questions and --articles"
    )
    shown = done("show", "deep/deeper/f", "cyclists@ferry")
    assert shown.stderr == f"warning: {message}; {UNSHOWN}\n"
    assert "How many cyclists were there?" in shown.stdout
    assert "“nineteen”  right" in shown.stdout
    assert UNSHOWN in done("report", "deep/deeper/f", "--out", "site").stderr
    for command in (["verify"], ["export", "--format", "lm-eval", "--out", "lm"]):
        refused = call(command[0], "deep/deeper/f", *command[1:])
        assert (refused.exit_code, refused.stderr) == (2, f"Error: {message}\n")
    data = ["--questions", "flood/questions", "--articles", "flood/articles"]
    assert "every number is the same" in done("verify", "deep/deeper/f", *data).stdout
    assert PASSAGE in done("show", "deep/deeper/f", "cyclists@ferry", *data).stdout


def test_a_collection_that_was_changed_is_not_used(home: Path) -> None:
    asked("flood/questions", "flood/articles")
    file = Path("flood/questions/ferry.jsonl")
    file.write_text(file.read_text("utf-8").replace("How many", "What number of"), "utf-8")
    warning = f"warning: flood/questions and flood/articles have changed since this run; {UNSHOWN}\n"
    shown = done("show", "results/f", "cyclists@ferry")
    assert shown.stderr == warning
    assert "How many cyclists were there?" in shown.stdout
    assert PASSAGE not in shown.stdout
    assert done("report", "results/f", "--out", "site").stderr == warning
    verified = call("verify", "results/f")
    assert verified.exit_code == 1
    assert verified.stdout.startswith("leaderboard.json: data.questions_sha256: stored ")
    assert "this run used other data than flood/questions and flood/articles" in verified.stderr
    exported = call("export", "results/f", "--format", "lm-eval", "--out", "lm")
    assert exported.exit_code == 2
    assert "are not what this run asked" in exported.stderr
    assert not Path("lm").exists()


def test_a_collection_that_is_wrong_now_is_named_with_what_is_wrong(home: Path) -> None:
    asked("flood/questions", "flood/articles")
    Path("flood/questions/ferry.jsonl").write_text("{", "utf-8")
    shown = done("show", "results/f", "cyclists@ferry")
    assert shown.stderr.startswith(
        "warning: the questions have changed since this run: flood/questions/ferry.jsonl:1"
    )
    assert call("verify", "results/f").exit_code == 2


def test_own_questions_over_the_curated_articles_find_both(home: Path) -> None:
    curated = ROOT / "questions" / "people.jsonl"
    shutil.copy(curated, "own.jsonl")
    done("run", "--questions", "own.jsonl", "-m", FIRST, "--name", "f", "--limit", "1", "--track", "reading")
    board = load_run("results/f").leaderboard
    assert board.data.kind == "files"
    assert board.sources is not None
    assert (board.sources.questions, board.sources.articles) == (("../../own.jsonl",), None)
    assert done("show", "results/f", "--failures").stderr.count("warning") == 0
    done("verify", "results/f")


def test_the_curated_set_and_a_corpus_in_memory_are_not_recorded(tmp_path: Path) -> None:
    run = evaluate(
        [FIRST], out=tmp_path, name="curated", limit=1, track="reading", options=RunOptions(references=False)
    )
    assert (run.leaderboard.data.kind, run.leaderboard.sources) == ("curated", None)
    run = evaluate(
        [FIRST], corpus=four_facts(), out=tmp_path, name="memory", options=RunOptions(references=False)
    )
    assert run.leaderboard.sources is None
    with pytest.raises(
        QaEvalError, match="it does not record where its questions and articles are: name them with"
    ):
        find_corpus(run)
    assert done("show", str(tmp_path / "memory"), "dead@a").stderr.endswith(f"{UNSHOWN}\n")


@pytest.mark.parametrize("kind", ["pipe", "none"])
def test_what_is_no_file_is_neither_recorded_nor_read(home: Path, kind: str) -> None:
    asked("flood/questions", "flood/articles")
    file = Path("results/f/leaderboard.json")
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    document["sources"]["questions"] = ["../pipe"]
    file.write_text(json.dumps(document), "utf-8")
    if kind == "pipe":
        os.mkfifo("results/pipe")
    assert "are no longer there (results/pipe)" in done("show", "results/f", "cyclists").stderr


def test_a_public_data_set_in_a_file_is_found_from_any_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "dev.json", TWO_ARTICLES)
    done("run", "--dataset", "squad:dev.json", "-m", FIRST, "--name", "p", "--no-reference")
    board = load_run("results/p").leaderboard
    assert board.sources is not None
    assert (board.data.dataset, board.sources.dataset) == ("squad:dev.json", "../../dev.json")
    monkeypatch.chdir(home.parent)
    for command in (["show", "home/results/p", "--failures"], ["report", "home/results/p", "--out", "site"]):
        assert "is not there" not in done(*command).stderr
    assert done("verify", "home/results/p").stdout == "home/results/p: every number is the same\n"
    done("export", "home/results/p", "--format", "lm-eval", "--out", "lm")
    (home / "dev.json").unlink()
    assert "squad:dev.json was not found (see --dataset)" in done("verify", "home/results/p").stderr
    assert open_dataset("squad:dev.json").spec == "squad:dev.json"
