"""CONTRIBUTING shows a contribution from idea to commit: its commands are run, their output is compared."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.transcripts import check, run, transcript


@pytest.mark.slow
def test_the_transcript_is_what_happens(own_checkout: Path) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    steps = transcript(text.partition("<!-- transcript -->")[2].partition("<!-- /transcript -->")[0])
    assert sum(step.command.startswith("qa-eval ") for step in steps) >= 5
    for step in steps:
        check(step, run(step))
    changed = subprocess.run(
        ["git", "diff", "--name-only", "main", "HEAD"], capture_output=True, text=True, check=True
    ).stdout
    assert changed.split() == ["questions/destruction.jsonl", "questions/exemptions.toml"]
