"""One model in a run: its numbers by name, and its answers one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qa_eval.errors import QaEvalError
from qa_eval.metrics.listings import in_order, label
from qa_eval.metrics.reasons import why
from qa_eval.records import Estimate
from qa_eval.runs.common_items import stored_answers
from qa_eval.runs.data_frames import data_frame
from qa_eval.runs.leaderboard.views import leaderboard_view
from qa_eval.runs.schema import PredictionRow, Row
from qa_eval.text.figures import percent
from qa_eval.text.notebook_tables import notebook_table
from qa_eval.text.phrases import count, quote, shorten, suggestion
from qa_eval.text.terminal import clean

if TYPE_CHECKING:
    import pandas as pd

    from qa_eval.runs.store import Run

WHOLE = "all"
"""What data frames call the slice that is everything."""
_NAMED = 5
"""Metrics that a result prints."""
_SHOWN = 10
"""Items that a notebook shows."""
_LONGEST = 200
"""Characters of a text that a notebook shows."""


@dataclass(frozen=True, slots=True, repr=False)
class ModelResult:
    """A model's row of a run: `result.f1` is a value, `result.estimate("f1")` the same with its interval.

    >>> import qa_eval as qa
    >>> result = qa.evaluate("baseline:abstain", limit=3)["baseline:abstain"]
    >>> result.f1 == result.estimate("f1").value
    True
    """

    run: Run
    row: Row

    @property
    def spec(self) -> str:
        """The model's spec."""
        return self.row.model.spec

    def estimate(self, metric: str, *, slice: str | None = None) -> Estimate:
        """A metric with its interval: `value`, `low`, `high`, `n`; fractions in [0, 1].

        * `metric`: a metric id, or `TRACK.METRIC`; without a track, of the reading track if it is defined
          there, else of the pooled one;
        * `slice`: such as `contested` or `relation:update`; None for all items.

        Raises QaEvalError, naming what there is, for a slice or metric that is not there.
        """
        found = self._metrics(slice)
        track, _, name = metric.rpartition(".")
        tracks = [track] if track else ["reading", "pooled"]
        for wanted in tracks:
            if (estimate := found.get((wanted, name))) is not None:
                return estimate
        known = [name for _, name in found] if not track else [".".join(key) for key in found]
        where = f" on {slice}" if slice is not None else ""
        near = suggestion(metric, dict.fromkeys(known), listed=40)
        raise QaEvalError(f"{self.spec}: there is no metric {quote(metric)}{where}{near}")

    def _metrics(self, slice: str | None) -> dict[tuple[str, str], Estimate]:
        """(track, metric) -> estimate."""
        if slice is None:
            metrics = self.row.metrics
            return {(track, metric): e for track, found in metrics.items() for metric, e in found.items()}
        if slice not in self.row.slices:
            raise QaEvalError(
                f"{self.spec}: there is no slice {quote(slice)}{suggestion(slice, self.row.slices)}"
            )
        return {(self._track_of(slice), metric): e for metric, e in self.row.slices[slice].items()}

    def _track_of(self, slice: str) -> str:
        return "reading" if "reading" in self.row.metrics and not slice.startswith("pooled:") else "pooled"

    def __getattr__(self, name: str) -> float:
        """The value of a metric, a fraction in [0, 1]. Raises AttributeError naming the metrics."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self.estimate(name).value
        except QaEvalError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *(metric for _, metric in self._metrics(None))})

    def items(self) -> ItemTable:
        """The answers one by one, as `Run.items` gives them."""
        return ItemTable.of(self.run, self.row)

    def records(self) -> Iterator[dict[str, Any]]:
        """One row for each slice and metric, as in `Run.to_pandas`."""
        for slice in (None, *self.row.slices):
            for (track, metric), e in self._metrics(slice).items():
                yield {
                    "model": self.spec,
                    "track": track,
                    "slice": WHOLE if slice is None else slice,
                    "metric": metric,
                    "value": e.value,
                    "low": e.low,
                    "high": e.high,
                    "n": e.n,
                    "method": e.method,
                    "clusters": e.clusters,
                }

    def to_pandas(self) -> pd.DataFrame:
        """One row for each slice and metric, as in `Run.to_pandas`."""
        return data_frame(RECORD_COLUMNS, self.records())

    def __repr__(self) -> str:
        if self.row.status == "error":
            return f"<ModelResult {_shown(self.spec, 60)}: failed: {_shown(self.row.error or '')}>"
        columns = leaderboard_view(self.run.leaderboard).columns[:_NAMED]
        values = [(metric, self.row.metric(track, metric)) for track, metric in columns]
        shown = ", ".join(f"{label(metric)} {percent(e.value)}" for metric, e in values if e is not None)
        rank = f"rank {self.row.rank}, " if self.row.rank is not None else ""
        return f"<ModelResult {_shown(self.spec, 60)}: {rank}{shown or 'nothing is scored'}; percent>"


RECORD_COLUMNS = ("model", "track", "slice", "metric", "value", "low", "high", "n", "method", "clusters")
"""Of `Run.to_pandas`."""
ITEM_COLUMNS = ("item", "question", "article", "track", "prediction", "golds", "right", "why", "scores")
"""Of `ItemTable.to_pandas`; a column for each metric follows."""


@dataclass(frozen=True, slots=True, repr=False)
class ItemTable:
    """What one model answered to each item, and what that is worth."""

    spec: str
    answers: tuple[PredictionRow, ...]
    """In the order asked."""

    @classmethod
    def of(cls, run: Run, row: Row) -> ItemTable:
        """Reads the answers of a row.

        Raises QaEvalError for a row without stored answers, InputError where the file is missing, broken, or
        not the one that the run wrote.
        """
        return cls(row.model.spec, tuple(stored_answers(run, row, row.model.spec)))

    def __len__(self) -> int:
        return len(self.answers)

    def __iter__(self) -> Iterator[PredictionRow]:
        return iter(self.answers)

    def to_pandas(self) -> pd.DataFrame:
        """One row for each item: item, question, article, track, prediction, golds, right, why, scores.

        `article` is `*` on the pooled track, `prediction` is empty for no answer, and so is `golds` where no
        answer is right. `why` is a sentence, `scores` maps metrics to fractions. A column for each metric
        follows; a metric that is not defined for an item is missing there.
        """
        metrics = in_order({metric for answer in self.answers for metric in answer.scores})
        rows = (
            {
                "item": answer.item,
                "question": answer.question,
                "article": answer.article,
                "track": answer.track,
                "prediction": answer.prediction,
                "golds": list(answer.golds),
                "right": answer.right,
                "why": why(answer),
                "scores": dict(answer.scores),
                **answer.scores,
            }
            for answer in self.answers
        )
        return data_frame((*ITEM_COLUMNS, *metrics), rows)

    def __repr__(self) -> str:
        right = sum(answer.right for answer in self.answers)
        return f"<ItemTable {_shown(self.spec, 60)}: {count(len(self), 'item')}, {right} right>"

    def _repr_html_(self) -> str:
        rows = [
            (answer.item, answer.question, _quoted(answer.prediction), _golds(answer), why(answer))
            for answer in self.answers[:_SHOWN]
        ]
        head = ("item", "question", "prediction", "golds", "why")
        more = [f"and {len(self) - _SHOWN} more: to_pandas() has all"] if len(self) > _SHOWN else []
        cut = [[_shown(cell, _LONGEST) for cell in row] for row in rows]
        return notebook_table(self.spec, head, cut, left=len(head), notes=more)


def _golds(answer: PredictionRow) -> str:
    return " / ".join(map(_quoted, dict.fromkeys(answer.golds))) or "no answer"


def _quoted(text: str) -> str:
    return f"“{text}”" if text else "no answer"


def _shown(text: str, longest: int = 300) -> str:
    return shorten(clean(text), longest)
