"""A model's name that means none or several is refused in the same words, whatever reads the run."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

import qa_eval as qa
from qa_eval.runs.leaderboard.history import history_of
from qa_eval.runs.plots import draw_plot
from qa_eval.runs.store import choose_rows
from tests.support.command_line import call
from tests.support.places import BASELINE

READERS: dict[str, Callable[[qa.Run, str], object]] = {
    "": lambda run, model: run[model],
    "model": lambda run, model: choose_rows(run, [model]),
    "against": lambda run, model: qa.compare(run, against=model),
    "history": lambda run, model: history_of([run.leaderboard], model),
    "plot": lambda run, model: draw_plot(run.leaderboard, None, "model", [model]),
}
"""What reads a run by the name of a model, by the argument that has the name."""


@pytest.mark.parametrize("argument", READERS)
def test_every_reader_words_a_wrong_name_alike(committed: qa.Run, argument: str) -> None:
    named = f"{argument} " if argument in ("model", "against", "history") else ""
    with pytest.raises(qa.UnknownNameError) as raised:
        READERS[argument](committed, "embeded")
    near = r"not in (this run|these runs|baseline); did you mean embedded\?"
    assert re.fullmatch(f"{named}embeded: {near}", str(raised.value))
    board = committed.leaderboard
    twice = [
        row.model_copy(update={"model": qa.ModelInfo(spec=f"m?seed={n}", kind="m", name="m")})
        for n, row in enumerate(board.rows[:2])
    ]
    several = qa.Run(path=committed.path, leaderboard=board.model_copy(update={"rows": twice}))
    with pytest.raises(qa.UnknownNameError) as raised:
        READERS[argument](several, "m")
    assert str(raised.value) == f"{named}m: may mean any of these; give one whole: m?seed=0, m?seed=1"


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        pytest.param(("show", str(BASELINE), "x", "-m", "embeded"), "--model", id="show"),
        pytest.param(("compare", str(BASELINE), "--against", "embeded"), "--against", id="compare"),
        pytest.param(("leaderboard", str(BASELINE), "--history", "embeded"), "--history", id="history"),
        pytest.param(("export", str(BASELINE), "--format", "csv", "-m", "embeded"), "--model", id="export"),
    ],
)
def test_the_command_line_names_the_flag(words: tuple[str, ...], flag: str) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert f"Error: {flag} embeded: not in " in result.output
    assert "did you mean embedded?" in result.output
