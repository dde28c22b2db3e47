"""The walk in CONTRIBUTING.md names functions in the order in which a run first calls them."""

from __future__ import annotations

import inspect
import pydoc
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType
from typing import cast

import pytest

from tests.support.command_line import call
from tests.support.places import ROOT

WALK = (
    (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("<!-- walk -->")[2].partition("<!-- /walk -->")[0]
)
COMMAND = "qa-eval run -m embedded --max-length 200"


def paths() -> list[list[str]]:
    """The functions of each table, in order."""
    tables = re.split(r"\n\n+", WALK.strip())
    cells = [[row.split("|")[2] for row in table.splitlines()[2:]] for table in tables]
    return [re.findall(r"`([\w.]+)`", " ".join(column)) for column in cells]


def code_of(name: str) -> CodeType:
    function = inspect.unwrap(cast("Callable[..., object]", pydoc.locate(f"qa_eval.{name}")))
    assert isinstance(function, FunctionType), f"{name}: there is no such function"
    return function.__code__


@contextmanager
def calls_of(names: Sequence[str]) -> Iterator[list[str]]:
    """The names of these functions, in the order of their first calls in any thread."""
    codes = {code_of(name): name for name in names}
    seen: dict[str, None] = {}

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in codes:
            seen.setdefault(codes[frame.f_code])

    found: list[str] = []
    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        found += seen


@pytest.mark.usefixtures("own_place")
def test_a_run_calls_the_functions_of_the_walk_in_their_order() -> None:
    question, option = paths()
    assert len(question) > 15
    assert len(option) > 5
    assert COMMAND in (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    with calls_of([*question, *option]) as calls:
        done = call(*COMMAND.split()[1:], "--limit", "1", "--resamples", "99")
    assert done.exit_code == 0, done.output
    for path in (question, option):
        assert [name for name in calls if name in path] == path
