"""What an interruption may split: nothing that is one transaction, wherever in a run it falls."""

from __future__ import annotations

import random
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from qa_eval import evaluate
from qa_eval.evaluation.run import Interrupted
from qa_eval.evaluation.transaction import Transaction
from qa_eval.evaluation.verification import verify
from qa_eval.runs.options import RunOptions
from qa_eval.runs.store import Run
from tests.support.fake_models import FakeModel
from tests.support.public_files import flat, write_lines


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where pytest was started in the background; and still does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_an_interruption_within_is_raised_when_the_block_has_ended() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), Transaction():  # noqa: PT012
        done.append("first")
        interrupt()
        interrupt()
        done.append("second")
    assert done == ["first", "second"]


def test_an_interruption_outside_is_raised_where_it_falls() -> None:
    with Transaction():
        pass
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_of_nested_transactions_the_outermost_raises() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), Transaction():  # noqa: PT012
        with Transaction():
            interrupt()
        done.append("after the inner one")
    assert done == ["after the inner one"]


def test_an_exception_of_the_block_passes_through() -> None:
    with pytest.raises(ValueError, match="broken"), Transaction():  # noqa: PT012
        interrupt()
        raise ValueError("broken")


def test_where_no_interruption_can_arrive_nothing_is_done() -> None:
    seen = []

    def elsewhere() -> None:
        with Transaction():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Transaction():
        interrupt()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    signal.signal(signal.SIGINT, signal.default_int_handler)


# ------------------------------------------------------------------------------------------ a whole run

TRACED = tuple(f"qa_eval/evaluation/{name}.py" for name in ("run", "answers", "writers", "transaction"))
MOMENTS = 12


class Interrupting:
    """Progress that interrupts the run at the `at`-th line of the traced files, and counts these lines."""

    def __init__(self, at: int) -> None:
        self.at, self.lines = at, 0
        self._before: Any = None

    def start(self, models: int) -> None:
        self._before = sys.gettrace()
        sys.settrace(self._traced)

    def model(self, name: str, items: int) -> None: ...

    def advance(self, n: int = 1, from_cache: bool = False) -> None: ...

    def finish(self) -> None:
        sys.settrace(self._before)

    def _traced(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename.endswith(TRACED):
            return self._line
        return None

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            self.lines += 1
            if self.lines == self.at:
                interrupt()
        return self._line


def files(run: Run) -> dict[str, bytes]:
    assert run.path is not None
    return {p.name: p.read_bytes() for p in sorted((run.path / "predictions").iterdir())}


def test_ctrl_c_at_any_line_leaves_a_sound_run_that_resumes_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_eval.evaluation.tasks.public.PART", 5)
    rows = [
        flat(f"q{n}", f"Who is {n}?", f"Number {n} is Rami {n % 7} of the {n % 6}.", [("Rami", 12)])
        for n in range(12)
    ]
    options: dict[str, Any] = {
        "dataset": f"jsonl:{write_lines(tmp_path / 'set.jsonl', rows)}",
        "threshold": "cross-fit",
        "resamples": 9,
        "options": RunOptions(cache=False),
        "name": "run",
    }
    counting = Interrupting(0)
    whole = evaluate([FakeModel("a"), FakeModel("b")], out=tmp_path / "whole", progress=counting, **options)
    assert counting.lines > 100
    for at in sorted(random.Random(7).sample(range(1, counting.lines), MOMENTS)):
        out = tmp_path / str(at)
        with pytest.raises(Interrupted) as caught:
            evaluate([FakeModel("a"), FakeModel("b")], out=out, progress=Interrupting(at), **options)
        assert verify(out / "run") == [], at
        kept = caught.value.run.leaderboard
        if kept.status == "complete":
            assert files(caught.value.run) == files(whole), at
            continue
        assert kept.status == "partial"
        answered = {row.model.spec: row.counts.items for row in kept.rows if not row.is_reference}
        again = FakeModel("a"), FakeModel("b")
        resumed = evaluate(again, out=out, **options)
        assert files(resumed) == files(whole), at
        for model in again:
            assert len(model.asked) <= 12 - answered.get(model.info.spec, 0), (at, model.name)
        assert verify(out / "run") == [], at
