"""Runs in processes of their own that are killed, interrupted, or run beside each other."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa_eval import evaluate
from qa_eval.evaluation.cache import cache_info
from qa_eval.evaluation.verification import verify
from qa_eval.runs.options import RunOptions
from qa_eval.runs.store import load_run
from tests.support.fake_models import READINGS, FakeModel, four_facts
from tests.support.places import ROOT

pytestmark = pytest.mark.usefixtures("own_cache", "few_resamples")

CORPUS = four_facts()

SCRIPT = """
import signal, sys
from qa_eval import evaluate
from qa_eval.evaluation.run import Interrupted
from qa_eval.runs.options import RunOptions
from tests.support.fake_models import FakeModel, four_facts

def told(instance):
    print("asked", instance.item, flush=True)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what it starts behind ignore it
try:
    print("ready", flush=True)
    evaluate(
        [FakeModel("first", delay=0.02, fails=told), FakeModel("slow", delay=0.04, fails=told)],
        corpus=four_facts(), out=sys.argv[1], name="run", resamples=99,
        options=RunOptions(cache=sys.argv[2] == "cache", paraphrases=True),
    )
except Interrupted as interrupted:
    print(interrupted, flush=True)
    sys.exit(130)
"""
ASKED = 2 * READINGS
"""Readings a model is asked, paraphrases included."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run that nobody interrupts."""
    out = tmp_path_factory.mktemp("whole")
    models = [FakeModel("first"), FakeModel("slow")]
    evaluate(models, corpus=CORPUS, out=out, name="run", options=RunOptions(cache=False, paraphrases=True))
    return files(out / "run")


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((folder / "predictions").glob("[!.]*"))}


def started(out: Path, cache: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(out), cache],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    return iter(process.stdout)


def wait_for(process: subprocess.Popen[str], asked: int) -> None:
    """Until the process has asked that often."""
    seen = 0
    for line in lines(process):
        seen += line.startswith("asked")
        if seen == asked:
            return


@pytest.mark.parametrize("cache", ["cache", "no cache"])
def test_a_run_killed_at_random_moments_resumes_to_the_same_bytes(
    tmp_path: Path, whole: dict[str, bytes], cache: str
) -> None:
    chance = random.Random(f"{cache} 7")
    for earliest, latest in ((1, 8), (12, 18), (2, 14)):
        process = started(tmp_path, cache)
        wait_for(process, chance.randint(earliest, latest))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert load_run(tmp_path / "run").leaderboard.status == "partial"
    first, slow = FakeModel("first"), FakeModel("slow")
    run = evaluate(
        [first, slow],
        corpus=CORPUS,
        out=tmp_path,
        name="run",
        options=RunOptions(cache=cache == "cache", paraphrases=True),
    )
    assert run.leaderboard.status == "complete"
    assert len(first.asked) + len(slow.asked) < 2 * ASKED, "something was kept"
    assert files(tmp_path / "run") == whole
    assert verify(tmp_path / "run", CORPUS) == []
    left = sorted(p.name for p in (tmp_path / "run").iterdir())
    assert left == ["leaderboard.json", "predictions"]


@pytest.mark.parametrize("asked", [5, ASKED + 7], ids=["the first model", "the second model"])
def test_ctrl_c_keeps_what_is_done(tmp_path: Path, whole: dict[str, bytes], asked: int) -> None:
    process = started(tmp_path, "cache")
    wait_for(process, asked)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")
    assert out.endswith(f"interrupted; what is done is kept in {tmp_path / 'run'}\n")
    board = load_run(tmp_path / "run").leaderboard
    assert board.status == "partial"
    models = [row for row in board.rows if not row.is_reference]
    assert [row.status for row in models] == (["ok", "partial"] if asked > ASKED else ["partial"])
    assert models[-1].counts.unasked > 0
    assert verify(tmp_path / "run", CORPUS) == []
    slow = FakeModel("slow")
    evaluate(
        [FakeModel("first"), slow],
        corpus=CORPUS,
        out=tmp_path,
        name="run",
        options=RunOptions(paraphrases=True),
    )
    assert len(slow.asked) <= ASKED - (7 if asked > ASKED else 0) + 1
    assert files(tmp_path / "run") == whole


def test_two_runs_at_once_share_a_cache_and_agree(tmp_path: Path, whole: dict[str, bytes]) -> None:
    processes = [started(tmp_path / name, "cache") for name in ("one", "two")]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert files(tmp_path / "one" / "run") == files(tmp_path / "two" / "run") == whole
    assert cache_info().entries == 2 * ASKED
    assert cache_info().models["test:first"][0] == ASKED


def test_a_second_run_in_one_folder_is_refused_while_the_first_is_under_way(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    first = started(tmp_path, "no cache")
    wait_for(first, 1)
    first.send_signal(signal.SIGSTOP)  # so that it is still under way, however slowly the second starts
    second = started(tmp_path, "no cache")
    _, err = second.communicate(timeout=60)
    first.send_signal(signal.SIGCONT)
    assert second.returncode == 1
    assert f"{tmp_path / 'run'}: another run is under way there, process {first.pid} on " in err
    out, err = first.communicate(timeout=60)
    assert (first.returncode, err) == (0, ""), out
    assert files(tmp_path / "run") == whole
    assert verify(tmp_path / "run", CORPUS) == []
    assert [p.name for p in tmp_path.glob("*run*")] == ["run"]


def test_the_lock_of_a_killed_run_is_taken_over(tmp_path: Path, whole: dict[str, bytes]) -> None:
    killed = started(tmp_path, "no cache")
    wait_for(killed, 3)
    killed.kill()
    killed.communicate()
    assert (tmp_path / ".run.lock").read_text("utf-8").startswith(f"{killed.pid}\n")
    resumed = started(tmp_path, "no cache")
    _, err = resumed.communicate(timeout=60)
    assert (resumed.returncode, err) == (0, "")
    assert files(tmp_path / "run") == whole
    assert [p.name for p in tmp_path.glob("*run*")] == ["run"]
