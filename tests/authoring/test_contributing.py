"""CONTRIBUTING shows a contribution from idea to commit: its commands are run, their output is compared."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import qa_eval
from qa_eval.cli import cli
from tests.support.places import ROOT

COMPARED = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def transcript() -> list[tuple[str, str]]:
    """(command, output) of every `$` in the document, in order; lines that begin with `>` go on a command."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    text = text.partition("<!-- transcript -->")[2].partition("<!-- /transcript -->")[0]
    steps: list[tuple[str, str]] = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], ""))
            elif line.startswith(">"):
                command, output = steps.pop()
                steps.append((f"{command}\n{line[2:]}", output))
            else:
                command, output = steps.pop()
                steps.append((command, f"{output}{line}\n"))
    return steps


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository like this one, whose questions the program takes for the curated ones."""
    for name in ("questions", "seeds"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "qa_eval").mkdir()
    monkeypatch.setattr(qa_eval, "__file__", str(tmp_path / "qa_eval" / "__init__.py"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("QA_EVAL_CACHE", str(tmp_path.parent / "cache"))
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "A contributor")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@example.org")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    for call in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "base")):
        subprocess.run(["git", *call], check=True)
    return tmp_path


def run(command: str) -> str:
    """What a terminal shows of a command that must succeed."""
    words = shlex.split(command.replace("\\\n", " "))
    if words[0] == "qa-eval":
        result = CliRunner().invoke(cli, words[1:], prog_name="qa-eval")
        assert result.exit_code == 0, result.output
        return result.output
    assert words[0] in ("git", "cat"), command
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_transcript_is_what_happens(checkout: Path) -> None:
    steps = transcript()
    assert [step[0].split()[0] for step in steps].count("qa-eval") >= 5
    checker = doctest.OutputChecker()
    for command, expected in steps:
        found = run(command)
        assert checker.check_output(expected, found, COMPARED), f"{command}\n{found}"
    changed = subprocess.run(
        ["git", "diff", "--name-only", "main", "HEAD"], capture_output=True, text=True, check=True
    ).stdout
    assert changed.split() == ["questions/destruction.jsonl", "questions/exemptions.toml"]
