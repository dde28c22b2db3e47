"""`qa-eval report`: opening the site, and keeping up with a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import qa_eval
from qa_eval.runs.options import RunOptions
from tests.support.command_line import call

FIRST = "baseline:first-of-type"


@pytest.mark.parametrize(
    ("found", "said"), [(True, ""), (False, "no browser was found; open the page yourself")]
)
def test_the_command_opens_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: bool, said: str
) -> None:
    opened: list[str] = []

    def browser(page: str) -> bool:
        opened.append(page)
        return found

    monkeypatch.setattr("webbrowser.open", browser)
    run = qa_eval.evaluate([FIRST], limit=3, out=tmp_path, name="small", options=RunOptions(references=False))
    done = call("report", run.path, "--out", tmp_path / "site", "--open")
    assert done.exit_code == 0, done.output
    assert opened == [(tmp_path / "site" / "index.html").as_uri()]
    assert said in done.stderr


def test_a_watched_run_is_built_anew_when_it_has_changed_until_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, reload = tmp_path / "site", '<meta http-equiv="refresh"'
    run = qa_eval.evaluate([FIRST], limit=3, out=tmp_path, name="small", options=RunOptions(references=False))
    assert run.path is not None
    board = run.path / "leaderboard.json"
    whole, pages = board.read_text("utf-8"), []

    changes = [None, "{", whole]

    def pause() -> None:
        pages.append((site / "index.html").read_text("utf-8"))
        if not changes:
            raise KeyboardInterrupt
        if (text := changes.pop(0)) is not None:
            board.write_text(text, "utf-8")
            os.utime(board, (len(changes), len(changes)))

    monkeypatch.setattr("qa_eval.cli.report.pause", pause)
    done = call("report", run.path, "--out", site, "--watch")
    assert done.exit_code == 0, done.output
    assert len(pages) == 4
    assert all(reload in page for page in pages)
    assert reload not in (site / "index.html").read_text("utf-8"), "the last one is built to stay"
    said = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in said[-4:]] == [
        "watching the runs; press ctrl-C to stop", "the site was not built", "built the site again",
        "stopped watching",
    ]  # fmt: skip
