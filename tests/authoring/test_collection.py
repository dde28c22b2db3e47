"""`qa-eval init`: a new collection, and one in another script that goes through every command."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from qa_eval.data.checks.check_report import check_questions
from qa_eval.data.corpus import load_corpus
from tests.support.command_line import call, done
from tests.support.places import ROOT

pytestmark = pytest.mark.usefixtures("own_place")

EVENING = "港口起火\n\n市长说，超过120人离开了家园。大火于5月3日从一座仓库开始。\n"
MORNING = "港口大火熄灭\n\n消防队统计有140人离开家园。没有人受伤。\n"
"""Two invented reports of one fire: the mayor says that over 120 fled, the fire brigade counted 140."""


def test_a_new_collection_is_sound_and_its_manifest_holds_the_hashes(tmp_path: Path) -> None:
    result = done("init", "bridge")
    written = sorted(str(p.relative_to(tmp_path)) for p in Path(tmp_path, "bridge").rglob("*") if p.is_file())
    assert sorted(result.stdout.splitlines()) == written
    assert ".github/workflows/questions.yml" in result.stdout
    assert (
        "next: qa-eval questions check --questions bridge/questions --articles bridge/articles"
        in result.stderr
    )
    report = check_questions([Path("bridge/questions")], Path("bridge/articles"))
    assert report.findings == ()
    assert report.facts == 2
    for line in Path("bridge/articles/articles.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        data = Path("bridge/articles", f"{row['id']}.txt").read_bytes()
        assert row["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("autocrlf", ["true", "false"])
def test_git_gives_back_every_byte_of_a_collection_whatever_it_does_to_line_breaks(
    tmp_path: Path, autocrlf: str
) -> None:
    done("init", "bridge")
    shutil.copytree(ROOT / "seeds", "ours/seeds")
    shutil.copytree(ROOT / "questions", "ours/questions")
    shutil.copy(ROOT / ".gitattributes", "ours")
    for name, articles in (("bridge", "articles"), ("ours", "seeds")):
        git = [
            "git",
            "-c",
            f"core.autocrlf={autocrlf}",
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.org",
        ]
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "A collection"]):
            subprocess.run([*git, *command], cwd=name, check=True, capture_output=True)
        subprocess.run([*git, "clone", "-q", name, f"{name}-clone"], check=True, capture_output=True)
        for file in (p for p in Path(name).rglob("*") if p.suffix in (".txt", ".jsonl")):
            assert Path(f"{name}-clone", file.relative_to(name)).read_bytes() == file.read_bytes()
        data = ["--questions", f"{name}-clone/questions", "--articles", f"{name}-clone/{articles}"]
        assert "no problems" in done("questions", "check", *data).stdout


def install_line() -> list[str]:
    """The words of the command of a collection's README that installs this program."""
    lines = Path("bridge/README.md").read_text("utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("pip install")]
    return shlex.split(line, comments=True)


SOMEWHERE = "qa-eval @ git+https://host.example/org/repo.git@0123abc"


@pytest.mark.parametrize(
    ("flags", "known", "expected", "printed"),
    [
        pytest.param([], SOMEWHERE, SOMEWHERE, f"the workflow installs: {SOMEWHERE}", id="as this one"),
        pytest.param(
            ["--install-from", "qa-eval==9.9"],
            SOMEWHERE,
            "qa-eval==9.9",
            "the workflow installs: qa-eval==9.9",
            id="as it is named",
        ),
        pytest.param(
            [],
            None,
            None,
            "the workflow does not know where to install qa-eval from: set the variable QA_EVAL",
            id="not known",
        ),
    ],
)
def test_the_workflow_and_the_readme_install_from_what_exists(
    monkeypatch: pytest.MonkeyPatch, flags: list[str], known: str | None, expected: str | None, printed: str
) -> None:
    monkeypatch.setattr("qa_eval.files.installation.requirement", lambda: known)
    monkeypatch.setattr("qa_eval.files.installation.is_pushed", lambda: True)
    result = done("init", "bridge", *flags)
    assert printed in result.stderr
    workflow = yaml.safe_load(Path("bridge/.github/workflows/questions.yml").read_text("utf-8"))
    (install,) = [s for s in workflow["jobs"]["check"]["steps"] if s.get("name") == "install"]
    if expected is None:
        assert install["env"]["QA_EVAL"] == "${{ vars.QA_EVAL }}"
        assert install_line() == ["pip", "install", "$QA_EVAL"]
    else:
        assert install == {"name": "install", "env": {"QA_EVAL": expected}, "run": 'pip install "$QA_EVAL"'}
        assert install_line() == ["pip", "install", expected]
    for path in Path("bridge").rglob("*"):
        if path.is_file():
            assert "pip install qa-eval\n" not in path.read_text("utf-8"), path


def test_a_commit_that_nobody_can_fetch_yet_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_eval.files.installation.requirement", lambda: SOMEWHERE)
    monkeypatch.setattr("qa_eval.files.installation.is_pushed", lambda: False)
    assert "warning: no remote branch has that commit yet; push it" in done("init", "bridge").stderr


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param("-r evil.txt", "is a flag of pip", id="a flag"),
        pytest.param("qa-eval${{ github.token }}", "holds a workflow expression", id="an expression"),
        pytest.param("qa-eval\nrun: evil", "is not one printable line", id="two lines"),
        pytest.param(" ", "is not one printable line", id="nothing"),
        pytest.param("git+https://me:secret@host.example/r", "holds a user or password", id="a password"),
    ],
)
def test_what_pip_cannot_install_is_refused_before_anything_is_written(value: str, message: str) -> None:
    refused = call("init", "bridge", "--install-from", value)
    assert refused.exit_code == 2
    assert message in refused.stderr
    assert not Path("bridge").exists()


def test_a_requirement_cannot_leave_its_place_in_the_workflow() -> None:
    hostile = """qa-eval"; evil #' \\ $(evil) `evil` 'x"""
    done("init", "bridge", "--install-from", hostile)
    workflow = yaml.safe_load(Path("bridge/.github/workflows/questions.yml").read_text("utf-8"))
    (install,) = [s for s in workflow["jobs"]["check"]["steps"] if s.get("name") == "install"]
    assert install == {"name": "install", "env": {"QA_EVAL": hostile}, "run": 'pip install "$QA_EVAL"'}
    assert install_line() == ["pip", "install", hostile]


def test_the_example_is_contested_and_has_a_silent_article() -> None:
    done("init", "bridge")
    questions = load_corpus("bridge/questions", "bridge/articles").questions
    assert [q.contested for q in questions] == [True, False]
    assert questions[1].silent == ("northern-courier",)


def test_an_empty_folder_is_filled_and_a_full_one_is_left_alone(tmp_path: Path) -> None:
    Path("here").mkdir()
    done("init", "here")
    before = sorted(Path("here").rglob("*"))
    again = call("init", "here", "--article", "nope.txt")
    assert again.exit_code == 2
    assert again.stderr == "Error: here is not empty; name a new or an empty folder\n"
    assert sorted(Path("here").rglob("*")) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["here"]


def test_the_current_folder_may_be_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    done("init", ".")
    assert Path("README.md").is_file()
    assert not [p for p in Path().iterdir() if p.name.endswith(".tmp")]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_folder_is_refused(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "taken"
    if kind == "file":
        target.write_text("mine")
    else:
        (tmp_path / "elsewhere").mkdir()
        target.symlink_to(tmp_path / "elsewhere")
    result = call("init", "taken")
    assert result.exit_code == 2
    assert "is not a folder" in result.stderr
    assert not list(tmp_path.glob("elsewhere/*"))


def test_every_article_that_cannot_be_used_is_named_and_nothing_is_written() -> None:
    Path("good.txt").write_text("Text.\n")
    Path("latin.txt").write_bytes(b"caf\xe9\n")
    Path("blank.txt").write_text(" \n")
    Path("a@b.txt").write_text("Text.\n")
    Path("marked.txt").write_bytes(b"\xef\xbb\xbfText.\n")
    Path("other").mkdir()
    Path("other/good.txt").write_text("Text.\n")
    names = ["good.txt", "latin.txt", "blank.txt", "a@b.txt", "marked.txt", "other/good.txt", "none.txt"]
    result = call("init", "new", *(part for name in names for part in ("--article", name)))
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert [line.partition(": ")[0] for line in lines[:-1]] == names[1:]
    assert "not UTF-8 at byte 3" in lines[0]
    assert "starts with a byte-order mark; save it as UTF-8 without BOM" in lines[3]
    assert not Path("new").exists()


def test_a_collection_in_another_script_goes_through_every_command() -> None:
    Path("晚报.txt").write_text(EVENING, "utf-8")
    Path("晨报.txt").write_text(MORNING, "utf-8")
    done("init", "fire", "--article", "晚报.txt", "--article", "晨报.txt")
    data = ["--questions", "fire/questions", "--articles", "fire/articles"]
    assert call("questions", "check", *data).exit_code == 1  # no question yet

    new = ["questions", "new", *data, "--category", "fire"]
    fled = ["--question", "有多少人离开了家园？", "--paraphrase", "大火使多少居民逃离？", "--type", "number"]
    done(*new, *fled, "--answer", "超过120人", "--answer", "140人", "--relation", "precision", "--id", "fled")
    done(
        *new,
        "--question",
        "大火从哪里开始？",
        "--type",
        "place",
        "--answer",
        "仓库",
        "--id",
        "where-it-began",
    )
    rows = [json.loads(line) for line in Path("fire/questions/fire.jsonl").read_text("utf-8").splitlines()]
    spans = [(e["article"], e["text"], e["start"]) for r in rows for c in r["claims"] for e in c["evidence"]]
    assert spans == [
        ("晚报", "超过120人", EVENING.index("超过")),
        ("晨报", "140人", MORNING.index("140")),
        ("晚报", "仓库", EVENING.index("仓库")),
    ]
    assert [(r["contested"], r.get("silent", [])) for r in rows] == [(True, []), (False, ["晨报"])]

    checked = done("questions", "check", "--fix", *data)
    assert checked.stdout == "2 facts in 1 file (fire/questions), 2 articles (fire/articles): no problems\n"
    assert "precision" in done("questions", "stats", *data).stdout
    models = ["-m", "baseline:abstain", "-m", "baseline:first-of-type"]
    for name in ("one", "two"):
        done("run", *data, *models, "--name", name, "--deterministic")
    board = json.loads(Path("results/one/leaderboard.json").read_text("utf-8"))
    assert board["data"]["kind"] == "files"
    oracle = next(row for row in board["rows"] if row["model"]["name"] == "oracle")
    assert oracle["metrics"]["reading"]["match"]["value"] == 1.0
    assert "晨报" in done("show", "results/one", "fled@晨报", "-m", "baseline:first-of-type").stdout
    done("verify", "results/one", *data)
    done("report", "results/one", "--out", "site", *data)
    pages = "".join(page.read_text("utf-8") for page in Path("site").rglob("*.html"))
    assert "有多少人离开了家园？" in pages
    assert "市长说" in pages
    same = json.loads(done("compare", "results/one", "results/two", "--format", "json").stdout)
    assert {pair["verdict"] for pair in same["pairs"]} == {"same"}
    against = done("compare", "results/one", "--against", "baseline:abstain").stdout
    assert "baseline:first-of-type" in against


def test_a_script_from_right_to_left_is_found_and_counted_in_characters() -> None:
    text = "قال العمدة إن أكثر من ١٢٠ شخصا غادروا منازلهم. بدأ الحريق في مستودع.\n"
    Path("مساء.txt").write_text(text, "utf-8")
    done("init", "fire", "--article", "مساء.txt")
    data = ["--questions", "fire/questions", "--articles", "fire/articles"]
    asked = ["--question", "كم شخصا غادر منزله؟", "--type", "number", "--category", "fire", "--id", "fled"]
    added = done("questions", "new", *data, *asked, "--answer", "أكثر من ١٢٠")
    (evidence,) = json.loads(added.stdout)["claims"][0]["evidence"]
    assert (evidence["text"], evidence["start"]) == ("أكثر من ١٢٠", text.index("أكثر"))
    assert "no problems" in done("questions", "check", *data).stdout
