"""CONTRIBUTING shows a contribution from idea to commit: its commands are run, their output is compared."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.command_line import call
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


def run(command: str) -> str:
    """What a terminal shows of a command that must succeed."""
    words = shlex.split(command.replace("\\\n", " "))
    if words[0] == "qa-eval":
        result = call(*words[1:])
        assert result.exit_code == 0, result.output
        return result.output
    assert words[0] in ("git", "cat"), command
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_transcript_is_what_happens(own_checkout: Path) -> None:
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
