"""The tutorials of the site are followed, step by step, in a copy of the repository.

With `WRITE_TRANSCRIPTS=1` the tests write the output that the commands print now into the pages.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.places import BASELINE, ROOT
from tests.support.transcripts import check, run, transcript, written_again

START = ROOT / "docs" / "start"


@pytest.fixture
def repository(own_checkout: Path) -> Path:
    """A copy of the repository as far as the tutorials need it, as the current folder."""
    shutil.copytree(BASELINE, own_checkout / "results" / "baseline")
    shutil.copytree(
        ROOT / "qa_eval" / "models" / "embedded", own_checkout / "qa_eval" / "models" / "embedded"
    )
    return own_checkout


@pytest.mark.slow
@pytest.mark.parametrize("page", ["five-minutes", "checkpoint", "predictions", "event", "review"])
def test_a_tutorial_happens_as_it_is_written(page: str, repository: Path) -> None:
    path = START / f"{page}.md"
    text = path.read_text("utf-8")
    steps = transcript(text)
    assert sum(step.command.startswith("qa-eval ") for step in steps) >= 2
    if os.environ.get("WRITE_TRANSCRIPTS"):
        path.write_text(written_again(text), "utf-8")
        return
    for step in steps:
        check(step, run(step))


def python_blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_what_replaces_the_pipeline_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    page = START / "pipeline.md"
    (example,) = (block for block in python_blocks(page) if "import qa_eval" in block)
    exec(compile(example, str(page), "exec"), {})
    printed = capsys.readouterr().out
    assert f"It prints\n\n```text\n{printed}```" in page.read_text("utf-8")


def test_the_pipeline_fails_as_the_page_says() -> None:
    from transformers import pipeline

    found = re.search(r"KeyError: '([^…]*)…'", (START / "pipeline.md").read_text("utf-8"))
    assert found
    with pytest.raises(KeyError, match=re.escape(found[1].strip())):
        pipeline("question-answering")  # type: ignore[call-overload]


def test_the_scores_of_the_predictions_tutorial_are_those_of_its_comments() -> None:
    (example,) = python_blocks(START / "predictions.md")
    names: dict[str, Any] = {}
    exec(compile(example, "predictions.md", "exec"), names)
    assert "scores.f1  # 1.0" in example
    assert names["scores"].f1 == 1.0
    assert 'scores.official()["f1"]  # 100.0' in example
    assert names["scores"].official()["f1"] == 100.0


def test_the_plug_in_of_the_guide_answers() -> None:
    import qa_eval as qa

    (example,) = python_blocks(ROOT / "docs" / "guides" / "plugin.md")
    names: dict[str, Any] = {}
    exec(compile(example, "plugin.md", "exec"), names)
    model = names["KIND"].factory(qa.ModelSpec.parse("words:3"), qa.Decoding(), qa.Runtime())
    run = qa.evaluate([model], limit=2, progress=False)
    assert run.leaderboard.rows[0].model.spec == "words:3"
    assert run.leaderboard.rows[0].counts.answered == run.leaderboard.data.items.reading
