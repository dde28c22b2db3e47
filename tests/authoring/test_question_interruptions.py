"""Ctrl-C for real: a signal to a process that asks, or that is about to write."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.small_corpus import FALL, LOSSES, write_corpus

# What runs in the background of a shell inherits that the signal is ignored.
LAUNCHER = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.argv.pop(1) == "slow disk":
    def fsync(_):
        print("flushing", file=sys.stderr, flush=True)
        time.sleep(60)
    os.fsync = fsync
from qa_eval.__main__ import main
main()
"""
ANSWERS = {
    "the first prompt": "",
    "which passages": "What do the farmers wait for?\ntext\nweather\nrain\n\n",
    "the last prompt": "What do the farmers wait for?\ntext\nweather\nrain\n\nall\n\nnone\n\n\n",
}
SHOWN = {
    "the first prompt": "Question:",
    "which passages": "Which of them state",
    "the last prompt": "Write it to",
}


@contextmanager
def started(
    folder: Path, disk: str, *args: str, terminal: bool = False
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The program, and the end of its standard input (a pipe or a terminal) to write answers to."""
    data = ["--questions", str(folder / "questions"), "--articles", str(folder / "seeds")]
    call = [sys.executable, "-c", LAUNCHER, disk, "questions", *args, *data]
    ours, theirs = pty.openpty() if terminal else reversed(os.pipe())
    process = subprocess.Popen(
        call,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.communicate()
        os.close(ours)


def read_until(process: subprocess.Popen[bytes], text: str) -> str:
    """What the program has said on standard error once it has said this."""
    assert process.stderr is not None
    said = b""
    while text.encode() not in said:
        part = os.read(process.stderr.fileno(), 4096)
        assert part, said.decode()
        said += part
    return said.decode()


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def interrupted(process: subprocess.Popen[bytes]) -> str:
    """Sends ctrl-C, as soon after what was shown as a person can; what is then said."""
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=30)
    assert process.returncode == 130, said.decode()
    assert b"Traceback" not in out + said
    return said.decode()


@pytest.mark.parametrize(
    ("moment", "terminal"),
    [
        pytest.param("the first prompt", True, id="first, terminal"),
        pytest.param("which passages", False, id="middle, pipe"),
        pytest.param("the last prompt", True, id="last, terminal"),
    ],
)
def test_ctrl_c_at_a_prompt_leaves_everything_as_it_was(tmp_path: Path, moment: str, terminal: bool) -> None:
    write_corpus(tmp_path)
    before = contents(tmp_path)
    with started(tmp_path, "disk", "new", "--ask", terminal=terminal) as (process, stdin):
        os.write(stdin, ANSWERS[moment].encode())
        read_until(process, SHOWN[moment])
        said = interrupted(process)
    assert said.splitlines()[-1] == "interrupted; nothing was written"
    assert contents(tmp_path) == before


RAIN = (
    "--question",
    "What do the farmers wait for?",
    "--type",
    "text",
    "--category",
    "dates",
    "--answer",
    "rain",
)


@pytest.mark.parametrize(
    "call", [pytest.param(("new", *RAIN), id="new"), pytest.param(("check", "--fix"), id="fix")]
)
def test_ctrl_c_while_a_file_is_written_leaves_it_as_it_was(tmp_path: Path, call: tuple[str, ...]) -> None:
    write_corpus(tmp_path, {"dates.jsonl": [dict(reversed(FALL.items()))], "x.jsonl": [LOSSES]})
    before = contents(tmp_path)
    with started(tmp_path, "slow disk", *call) as (process, _):
        read_until(process, "flushing")
        assert len(contents(tmp_path)) > len(before)  # the new contents stand beside the old file
        interrupted(process)
    assert contents(tmp_path) == before
