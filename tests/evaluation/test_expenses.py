"""What answers took, kept in the folder of a run until it is complete."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import qa_eval as qa
from qa_eval.evaluation.expenses import Expense, ExpenseLog
from qa_eval.evaluation.run import Interrupted
from qa_eval.records import Instance, Prediction
from qa_eval.runs.schema import PerformanceRow
from tests.support.fake_models import FakeModel, FakeWriter, four_facts

FIRST = Expense(asked=2, seconds=0.5, tokens=30, tokens_out=4, unfinished=1, latencies=[0.25, 0.125])
SECOND = Expense(asked=1, seconds=0.25, windows=3, tokens=7)
BOTH = Expense(
    asked=3, seconds=0.75, windows=3, tokens=37, tokens_out=4, unfinished=1, latencies=[0.25, 0.125]
)


@pytest.fixture
def log(tmp_path: Path) -> ExpenseLog:
    return ExpenseLog(path=tmp_path / "log", signature="mine")


def test_expenses_of_one_model_are_added(log: ExpenseLog) -> None:
    assert log.total() == Expense()
    log.add(FIRST)
    ExpenseLog(path=log.path, signature="other").add(FIRST)
    log.add(SECOND)
    assert log.total() == BOTH


def test_a_line_that_a_kill_cut_does_not_count_and_costs_no_other(log: ExpenseLog) -> None:
    log.add(FIRST)
    whole = log.path.read_bytes()
    for size in range(1, len(whole)):
        log.path.write_bytes(whole + whole[:size])
        log.add(SECOND)
        assert log.total() == BOTH
    log.path.write_bytes(whole + b"\n\xff[]\n{}")
    assert log.total() == FIRST


def test_a_log_that_cannot_be_written_ends_no_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = ExpenseLog(path=tmp_path / "gone" / "log", signature="mine")
    with caplog.at_level(logging.WARNING):
        log.add(FIRST)
        log.add(SECOND)
    assert len(caplog.records) == 1
    assert log.total() == Expense()


class Stops(FakeWriter):
    """A writer that is interrupted once."""

    interruptions = 0

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        for number, prediction in enumerate(super().predict(instances)):
            if number == 5 and not self.interruptions:
                self.interruptions += 1
                raise KeyboardInterrupt
            yield prediction


class Fails(FakeModel):
    """A model that fails once, so that its run is not complete."""

    failures = 0

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        if not self.failures:
            self.failures += 1
            raise qa.ModelError("it broke")
        yield from super().predict(instances)


def _written(row: PerformanceRow) -> tuple[int, int | None, dict[str, float] | None, float | None]:
    return row.tokens, row.tokens_out, row.latency, row.cost


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.usefixtures("own_cache")
def test_a_row_has_what_all_parts_of_its_run_took(tmp_path: Path, cache: bool) -> None:
    corpus = four_facts()
    options = qa.RunOptions(resamples=99, cache=cache, price_in=1.0, price_out=1.0, out=tmp_path)
    whole = qa.evaluate(
        FakeWriter(corpus), corpus=corpus, name="whole", options=options.updated({"cache": False})
    )
    expected = _written(whole.leaderboard.rows[0].performance)
    models: list[qa.Model] = [Stops(corpus), Fails("spans")]
    with pytest.raises(Interrupted) as interrupted:
        qa.evaluate(models, corpus=corpus, name="run", options=options)
    assert interrupted.value.run.leaderboard.rows[0].performance.tokens == 5 * 12
    failed = qa.evaluate(models, corpus=corpus, name="run", options=options)
    assert [row.status for row in failed.leaderboard.rows if not row.is_reference] == ["ok", "error"]
    found = qa.evaluate(models, corpus=corpus, name="run", options=options)
    assert found.leaderboard.status == "complete"
    for run in (failed, found):
        assert _written(run.leaderboard.row("test:writer").performance) == expected
    assert found.path is not None
    assert [path.name for path in found.path.glob(".*")] == []
    other = qa.evaluate(FakeWriter(corpus), corpus=corpus, name="other", options=options)
    assert (other.leaderboard.rows[0].performance.tokens == 0) == cache, "its answers are of another run"
