"""What a run asks, in parts, and what the answers are worth: the curated set, or a public data set.

    for part in task.parts(model):
        predictions of part.instances ──part.judge──▶ rows, which are scores

`run` judges fresh answers, `verify` those it reads back (`rejudged`); both see the data through a `Task`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.dataset import Dataset
from qa_eval.evaluation.tasks.claim_facts import ClaimsTask
from qa_eval.evaluation.tasks.curated import CuratedTask
from qa_eval.evaluation.tasks.public import PublicTask, StoredTask
from qa_eval.metrics.reference_answers import ReferenceName
from qa_eval.metrics.score_table import Cluster, ScoreTable
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.models.protocol import Model
from qa_eval.records import Instance, Prediction, Track
from qa_eval.runs.options import StoredOptions, Threshold
from qa_eval.runs.schema import DataRow, PredictionRow, SourcesRow

__all__ = ["ClaimsTask", "CuratedTask", "Judge", "Part", "PublicTask", "Rows", "StoredTask", "Task"]

Rows = Callable[[], Iterator[PredictionRow]]
"""Reads stored rows from the beginning."""


class Part(Protocol):
    """Some of what is asked, small enough to be held in memory with all that is said."""

    @property
    def instances(self) -> Sequence[Instance]:
        """What the model sees."""

    def by_fact(self) -> Mapping[str, Sequence[Instance]]:
        """What the model sees, by fact, or question of a data set: the least that can be judged alone."""

    def only(self, facts: Collection[str]) -> Part:
        """The part with no other facts."""

    def judge(
        self, predictions: Mapping[str, Prediction], threshold: Threshold, *, whole: bool = True
    ) -> Sequence[PredictionRow]:
        """Decides and scores this part's items. An item without a prediction is missing, and worth 0; unless
        the part was not asked whole: then it was not asked.
        """


class Judge(Protocol):
    """Something that can score stored answers again."""

    @property
    def rules(self) -> str:
        """The name of the rules of EM and F1."""

    @property
    def cluster(self) -> Cluster:
        """What is resampled."""

    @property
    def sorts(self) -> Sequence[str]:
        """`TRACK.METRIC` that orders the rows: the first that is defined."""

    def rejudged(self, rows: Rows, threshold: Threshold) -> Iterator[Sequence[PredictionRow]]:
        """What stored answers are worth, in the order of the rows. Raises ValueError for an item id that is
        none.
        """

    def tabulate(self, tables: dict[Track, ScoreTable], rows: Iterable[ItemScore]) -> None:
        """Adds judged rows, which are all of their facts, to the tables of their tracks."""


class Task(Judge, Protocol):
    """What a run asks of every model."""

    @property
    def data(self) -> DataRow:
        """What is asked, as the leaderboard says it."""

    def sources(self, folder: Path) -> SourcesRow | None:
        """Where that is, as a run in `folder` records it."""

    @property
    def fits_afterwards(self) -> bool:
        """Whether `cross-fit` needs all answers, and `rejudged`, because no part knows them all."""

    def size(self, model: Model) -> int:
        """How many instances the model is asked."""

    def parts(self, model: Model) -> Iterator[Part]:
        """Everything that the model is asked."""

    def references(self) -> Iterator[tuple[ReferenceName, dict[Track, ScoreTable]]]:
        """The answers that are made of the golds, scored, in their fixed order."""

    def items_with_hashes(self) -> dict[str, str]:
        """Every item that is asked, with the hash of what a row must hold of it; "" where judging a row again
        compares all that anyway.
        """


def dataset_task(dataset: Dataset, options: StoredOptions) -> Task:
    """What a data set asks of every model. Raises InputError if the data set is wrong."""
    return ClaimsTask(dataset, options) if isinstance(dataset, ClaimSet) else PublicTask(dataset, options)
