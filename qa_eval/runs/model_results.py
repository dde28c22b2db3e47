"""One model in a run: its numbers by name, and its answers one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from qa_eval.errors import QaEvalError, UnknownNameError
from qa_eval.metrics.listings import in_order, label
from qa_eval.metrics.reasons import why
from qa_eval.records import Estimate
from qa_eval.runs.common_items import stored_answers
from qa_eval.runs.data_frames import data_frame
from qa_eval.runs.schema import PredictionRow, Row
from qa_eval.text.figures import percent
from qa_eval.text.phrases import count, quote, shorten, suggestion, unlike
from qa_eval.text.terminal import clean

if TYPE_CHECKING:
    import pandas as pd

    from qa_eval.runs.store import Run

WHOLE = "all"
"""Name in data frames of the slice of all items."""
_NAMED = 5
"""Most metrics that a result prints."""
_SHOWN = 10
"""Most items that a notebook shows."""
_LISTED = 40
"""Most metrics or slices that a message lists."""
_LONGEST = 200
"""Most characters of a text that a notebook shows."""


@dataclass(frozen=True, slots=True, repr=False)
class ModelResult:
    """The result of one model in a run.

    `result.f1` is the value of a metric. `result["f1"]` and `result.estimate("f1")` have its interval too.

    Example:
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
        """Returns a metric with its interval.

        Args:
            metric: Id of the metric, or `TRACK.METRIC`. Without a track, the metric of the reading track is
                taken if it is defined there, or else that of the pooled track.
            slice: Name of a slice, such as `contested` or `relation:update`. None for all items.

        Returns:
            `value`, `low` and `high`, as fractions, and the number of items `n`.

        Raises:
            UnknownNameError: There is no such metric or slice. The message lists those that exist. It is a
                KeyError.
            QaEvalError: The model failed. The message has the reason.
        """
        for argument, value in (("metric", metric), ("slice", slice)):
            if not isinstance(value, str) and (argument, value) != ("slice", None):
                raise QaEvalError(unlike(argument, value, f"the name of a {argument}"))
        if self.row.status == "error":
            raise QaEvalError(f"{self.spec}: it has no scores, because the model failed: {self.row.error}")
        found = self._metrics(slice)
        track, _, name = metric.rpartition(".")
        tracks = [track] if track else ["reading", "pooled"]
        for wanted in tracks:
            if (estimate := found.get((wanted, name))) is not None:
                return estimate
        known = [name for _, name in found] if not track else [".".join(key) for key in found]
        where = f" on {slice}" if slice is not None else ""
        near = suggestion(metric, dict.fromkeys(known), listed=_LISTED)
        raise UnknownNameError(f"{self.spec}: there is no metric {quote(metric)}{where}{near}")

    def _metrics(self, slice: str | None) -> dict[tuple[str, str], Estimate]:
        """(track, metric) -> estimate."""
        if slice is None:
            metrics = self.row.metrics
            return {(track, metric): e for track, found in metrics.items() for metric, e in found.items()}
        if slice not in self.row.slices:
            known = suggestion(slice, self.row.slices, listed=_LISTED)
            raise UnknownNameError(f"{self.spec}: there is no slice {quote(slice)}{known}")
        return {(self._track_of(slice), metric): e for metric, e in self.row.slices[slice].items()}

    def _track_of(self, slice: str) -> str:
        return "reading" if "reading" in self.row.metrics and not slice.startswith("pooled:") else "pooled"

    def __getitem__(self, metric: str) -> Estimate:
        """Returns `estimate` of a metric on all items."""
        return self.estimate(metric)

    def __getattr__(self, name: str) -> float:
        """Returns the value of a metric as a fraction. Raises AttributeError for an unknown metric."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self.estimate(name).value
        except QaEvalError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *(metric for _, metric in self._metrics(None))})

    def items(self) -> ItemTable:
        """Returns the answers one by one, as `Run.items` does."""
        return ItemTable.of(self.run, self.row)

    def records(self) -> Iterator[dict[str, Any]]:
        """Returns one row for each slice and metric, as `Run.to_pandas` does."""
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
        """Returns one row for each slice and metric, as `Run.to_pandas` does."""
        return data_frame(RECORD_COLUMNS, self.records())

    def __repr__(self) -> str:
        if self.row.status == "error":
            return f"<ModelResult {_shown(self.spec, 60)}: failed: {_shown(self.row.error or '')}>"
        from qa_eval.runs.leaderboard.views import leaderboard_view

        columns = leaderboard_view(self.run.leaderboard).columns[:_NAMED]
        values = [(metric, self.row.metric(track, metric)) for track, metric in columns]
        shown = ", ".join(f"{label(metric)} {percent(e.value)}" for metric, e in values if e is not None)
        rank = f"rank {self.row.rank}, " if self.row.rank is not None else ""
        return f"<ModelResult {_shown(self.spec, 60)}: {rank}{shown or 'nothing is scored'}; percent>"


RECORD_COLUMNS = ("model", "track", "slice", "metric", "value", "low", "high", "n", "method", "clusters")
"""Columns of `Run.to_pandas`."""
ITEM_COLUMNS = ("item", "question", "article", "track", "prediction", "golds", "right", "why", "scores")
"""First columns of `ItemTable.to_pandas`. A column for each metric follows."""


@dataclass(frozen=True, slots=True, repr=False)
class ItemTable:
    """The answers of one model to each item, and their scores."""

    spec: str
    answers: tuple[PredictionRow, ...]
    """Answers, in the order asked."""

    @classmethod
    def of(cls, run: Run, row: Row) -> ItemTable:
        """Reads the answers of a row.

        Raises:
            QaEvalError: The row has no stored answers.
            InputError: The predictions file is missing, broken, or not the one that the run wrote.
        """
        return cls(row.model.spec, tuple(stored_answers(run, row, row.model.spec, candidates=True)))

    def __len__(self) -> int:
        return len(self.answers)

    def __iter__(self) -> Iterator[PredictionRow]:
        return iter(self.answers)

    @overload
    def __getitem__(self, place: int | str) -> PredictionRow: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[PredictionRow, ...]: ...
    def __getitem__(self, place: int | str | slice) -> PredictionRow | tuple[PredictionRow, ...]:
        """Returns the answer at an index, the answers of a slice, or the answer to the item of that id.

        Raises:
            IndexError: There is no such index.
            UnknownNameError: There is no such item. It is a KeyError.
        """
        if isinstance(place, str):
            found = {answer.item: answer for answer in self.answers}
            if place not in found:
                known = suggestion(place, found)
                raise UnknownNameError(f"{self.spec}: there is no item {quote(place)}{known}")
            return found[place]
        return self.answers[place]

    def to_pandas(self) -> pd.DataFrame:
        """Returns the answers as a data frame with one row for each item.

        The columns are item, question, article, track, prediction, golds, right, why and scores. `article` is
        `*` on the pooled track. `prediction` is empty for no answer, and `golds` is empty if no answer is
        right. `why` is a sentence. `scores` maps metrics to fractions. A column for each metric follows. A
        metric that is not defined for an item is missing there.

        Raises:
            QaEvalError: pandas is not installed.
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
        from qa_eval.text.notebook_tables import notebook_table

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
