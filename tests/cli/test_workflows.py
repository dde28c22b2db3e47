"""The workflows: least rights, no data in scripts, commands that exist. `make workflows` checks the form."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from qa_eval.cli import cli
from tests.documentation.test_documents import commands
from tests.support.places import BASELINE, ROOT

ACTION = ROOT / "action.yml"
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
TEMPLATE = ROOT / "qa_eval/authoring/new_collection/template/questions.yml"
EVERY = pytest.mark.parametrize("path", [*FILES, TEMPLATE], ids=lambda p: f"{p.parent.name}/{p.name}")


def workflow(path: Path) -> dict[str, Any]:
    whole: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)
    return whole


def steps(path: Path) -> Iterator[dict[str, Any]]:
    whole = workflow(path)
    for part in whole["jobs"].values() if "jobs" in whole else [whole["runs"]]:
        yield from part["steps"]


WITH_ACTION = pytest.mark.parametrize(
    "path", [*FILES, TEMPLATE, ACTION], ids=lambda p: f"{p.parent.name}/{p.name}"
)


def test_these_workflows_exist() -> None:
    assert [path.name for path in FILES] == [
        "docs.yml",
        "leaderboard.yml",
        "questions.yml",
        "release.yml",
        "test.yml",
    ]
    assert not list(ROOT.rglob("CODEOWNERS"))


MAY_WRITE = {
    ("docs.yml", "publish"): {"pages": "write", "id-token": "write"},
    ("release.yml", "release"): {"contents": "write"},
    ("release.yml", "publish"): {"id-token": "write"},
}
"""The jobs that may do more than read. None of them runs code of the repository or of a pull request."""


@EVERY
def test_a_workflow_may_read_and_little_else(path: Path) -> None:
    whole = workflow(path)
    assert whole["permissions"] == {"contents": "read"}
    for name, job in whole["jobs"].items():
        allowed = MAY_WRITE.get((path.name, name))
        assert job.get("permissions") == allowed
        if allowed is not None:
            assert re.search(r"github\.(ref_type == 'tag'|event_name == 'push')", job["if"])
            assert not any("checkout" in step.get("uses", "") for step in job["steps"])
    assert "pull_request_target" not in whole["on"]
    assert "secrets" not in path.read_text("utf-8")


@WITH_ACTION
def test_nothing_from_outside_is_written_into_a_script(path: Path) -> None:
    scripts = [step["run"] for step in steps(path) if "run" in step]
    assert scripts
    for script in scripts:
        assert "${{" not in script
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@WITH_ACTION
def test_a_checkout_leaves_no_credentials(path: Path) -> None:
    found = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert found
    assert all(step["with"]["persist-credentials"] == "false" for step in found)


@WITH_ACTION
def test_only_githubs_own_actions_are_used(path: Path) -> None:
    for step in steps(path):
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])


@pytest.mark.parametrize(
    "path", [ROOT / ".github/workflows/questions.yml", TEMPLATE], ids=["ours", "template"]
)
def test_questions_are_compared_with_a_base_that_is_fetched(path: Path) -> None:
    checkout = next(step for step in steps(path) if "checkout" in step.get("uses", ""))
    assert checkout["with"]["fetch-depth"] == "0"
    assert list(workflow(path)["on"]) == ["pull_request"]


def test_the_questions_workflow_runs_where_questions_or_articles_change() -> None:
    paths = workflow(ROOT / ".github/workflows/questions.yml")["on"]["pull_request"]["paths"]
    assert paths == ["questions/**", "seeds/**"]


@WITH_ACTION
def test_the_commands_of_a_workflow_exist_with_their_flags(path: Path) -> None:
    known = dict(commands(cli))
    text = path.read_text("utf-8")
    for line in re.findall(r"qa-eval [a-z][^\n()|>]*", text):
        name = next((k for k in sorted(known, key=len, reverse=True) if f"{line} ".startswith(f"{k} ")), None)
        if name is None:
            assert re.match(r"qa-eval models`", line), line
            continue
        flags = {o for p in known[name].params for o in p.opts}
        for flag in re.findall(r"(?<=\s)--[a-z][a-z-]*", line):
            assert flag in flags, line


@pytest.mark.parametrize(
    ("models", "asked"),
    [
        pytest.param("embedded", ["--model", "embedded"], id="one"),
        pytest.param("a  b", ["--model", "a", "--model", "b"], id="two"),
        pytest.param(
            "x;touch$IFS'pwned' $(touch${IFS}pwned)",
            ["--model", "x;touch$IFS'pwned'", "--model", "$(touch${IFS}pwned)"],
            id="hostile",
        ),
    ],
)
def test_models_reach_the_program_as_words_whatever_they_hold(
    tmp_path: Path, models: str, asked: list[str]
) -> None:
    script = next(
        s["run"] for s in steps(ROOT / ".github/workflows/leaderboard.yml") if s.get("name") == "run"
    )
    program = tmp_path / "qa-eval"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "MODELS": models, "NAME": "a b"}
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["run", "--name", "a b", "--out", "runs", *asked]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["qa-eval"]


@dataclass
class Checkout:
    """A collection in a repository of its own, with a commit in which a question has other words."""

    folder: Path
    base: str
    environment: dict[str, str]

    def run(self, *command: str, **more: str) -> str:
        """What a command prints here."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Programs that are not run here print what they are given: `pip`, and `gh`, which also keeps a file."""
    programs = {
        "pip": '#!/bin/sh\nprintf "%s\\n" "$@"\n',
        "gh": f'#!/bin/sh\nprintf "%s\\n" "$*" >> "{tmp_path}/gh"\n'
        f'case "$*" in *--jq*) cat "{tmp_path}/earlier" ;; esac\n',
        "qa-eval": f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m qa_eval "$@"\n',
    }
    (tmp_path / "bin").mkdir()
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_text(text, "utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    environment = os.environ | {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "QA_EVAL_CACHE": str(tmp_path / "cache"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_REPOSITORY": "o/r",
    }
    made = Checkout(tmp_path, "", environment)
    made.run("qa-eval", "init", "bridge", "--install-from", f"qa-eval @ {ROOT.as_uri()}")
    made.folder = tmp_path / "bridge"
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "A collection"]):
        made.run(*git, *arguments)
    made.base = made.run("git", "rev-parse", "HEAD").strip()
    questions = made.folder / "questions/example.jsonl"
    rows = [json.loads(line) for line in questions.read_text("utf-8").splitlines()]
    rows[0] |= {"question": f"{rows[0]['question'].rstrip('?')} in all?"}
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    made.run(*git, "commit", "-qam", "Other words")
    return made


def test_the_workflow_of_a_collection_runs_from_a_checkout(checkout: Checkout, tmp_path: Path) -> None:
    """Every step of it, in a repository with a commit to compare with; `pip` prints what it is to install."""
    printed = {}
    for step in steps(checkout.folder / ".github/workflows/questions.yml"):
        if "run" in step:
            given = {k: checkout.base if "base.sha" in v else v for k, v in step.get("env", {}).items()}
            printed[step["name"]] = checkout.run("bash", "-e", "-c", step["run"], **given)
    assert printed["install"].splitlines() == ["install", f"qa-eval @ {ROOT.as_uri()}"]
    assert "::error" not in printed["check"]
    assert "1 edited" in (tmp_path / "summary.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("earlier", "written"),
    [
        pytest.param("", "--method POST repos/o/r/issues/7/comments", id="a new comment"),
        pytest.param("11\n12\n", "--method PATCH repos/o/r/issues/comments/11", id="the one of before"),
    ],
)
def test_the_action_runs_from_a_checkout(
    checkout: Checkout, tmp_path: Path, earlier: str, written: str
) -> None:
    (tmp_path / "earlier").write_text(earlier, "utf-8")
    text = tmp_path / "qa-eval.md"
    run = shutil.copytree(BASELINE, tmp_path / "run")
    values = {
        "inputs.questions": "questions",
        "inputs.articles": "articles",
        "inputs.models": "baseline:abstain baseline:first-of-type",
        "inputs.base-run": str(run),
        "inputs.new-run": str(run),
        "github.action_path": str(ROOT),
        "github.event.pull_request.base.sha": checkout.base,
        "github.event.pull_request.number": "7",
        "inputs.token": "t",
    }
    printed = {}
    for step in steps(ACTION):
        if "run" in step:
            given = {}
            for name, value in step.get("env", {}).items():
                found = value.replace("${{ runner.temp }}/qa-eval.md", str(text))
                found = re.sub(r"\$\{\{ (.*?) \}\}", lambda m: values[m[1]], found)
                given[name] = found
            printed[step["name"]] = checkout.run("bash", "-e", "-o", "pipefail", "-c", step["run"], **given)
    assert (tmp_path / "output").read_text("utf-8") == "here=yes\n"
    assert printed["install"].split()[-1] == str(ROOT)
    assert "::" not in printed["check"] + printed["comment"]
    summary = (tmp_path / "summary.md").read_text("utf-8")
    assert text.read_text("utf-8").startswith("<!-- qa-eval -->\n")
    assert "1 edited" in summary
    assert "| the same |" in summary
    assert (tmp_path / "gh").read_text("utf-8").splitlines()[
        -1
    ] == f"api --silent {written} --field body=@{text}"


def test_the_action_says_what_a_comment_needs_where_none_may_be_written(tmp_path: Path) -> None:
    (step,) = [step for step in steps(ACTION) if step.get("name") == "comment"]
    (tmp_path / "gh").write_text("#!/bin/sh\nexit 1\n", "utf-8")
    (tmp_path / "gh").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "NUMBER": "7", "GITHUB_REPOSITORY": "o/r"}
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], env=environment, capture_output=True, text=True, check=True
    )
    assert "::warning title=qa-eval::no comment was written: it needs" in done.stdout


def test_every_input_of_the_action_is_described_and_has_a_default() -> None:
    inputs = workflow(ACTION)["inputs"]
    assert all(one["description"].endswith(".") and "default" in one for one in inputs.values())
    used = set(re.findall(r"inputs\.([a-z-]+)", ACTION.read_text("utf-8")))
    assert used == set(inputs)


def test_the_workflow_of_a_collection_says_what_is_missing_without_the_variable() -> None:
    (install,) = [step for step in steps(TEMPLATE) if step.get("name") == "install"]
    environment = {"PATH": os.environ["PATH"], "QA_EVAL": ""}
    done = subprocess.run(
        ["bash", "-e", "-c", install["run"]], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "set the variable QA_EVAL of this repository" in done.stderr


def test_other_repositories_can_check_their_sets_by_the_hook() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    words = shlex.split(hook["entry"])
    assert " ".join(words) in dict(commands(cli))
    assert hook["pass_filenames"] is False
    assert re.search(hook["files"], "questions/people.jsonl")
    assert not re.search(hook["files"], "setup.py")
