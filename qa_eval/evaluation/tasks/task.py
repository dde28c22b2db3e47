"""The protocol of tasks: the questions of a run, in parts, and the scoring of answers.

    for part in task.parts(model):
        predictions of part.instances ──part.judge──▶ rows, which are scores

`run` scores new answers, and `verify` scores stored answers again (`rejudged`). Both see the data, the
curated set or a public data set, through a `Task`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from qa_eval.evaluation.tasks.curated import CuratedTask
from qa_eval.metrics.reference_answers import ReferenceName
from qa_eval.metrics.score_table import Cluster, ScoreTable
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.models.protocol import Model
from qa_eval.records import Instance, Prediction, Track
from qa_eval.runs.options import StoredOptions, Threshold
from qa_eval.runs.schema import DataRow, PredictionRow, SourcesRow

if TYPE_CHECKING:
    from qa_eval.data.dataset import Dataset
    from qa_eval.evaluation.tasks.claim_facts import ClaimsTask
    from qa_eval.evaluation.tasks.public import PublicTask

Rows = Callable[[], Iterator[PredictionRow]]
"""Function that reads stored rows from the beginning."""


class Part(Protocol):
    """A part of the questions, small enough to be in memory with all its predictions."""

    @property
    def instances(self) -> Sequence[Instance]:
        """Instances that the model sees."""

    def by_fact(self) -> Mapping[str, Sequence[Instance]]:
        """The instances by fact, or by question of a data set. This is the least that can be scored alone."""

    def only(self, facts: Collection[str]) -> Part:
        """The part with only these facts."""

    def judge(
        self, predictions: Mapping[str, Prediction], threshold: Threshold, *, whole: bool = True
    ) -> Sequence[PredictionRow]:
        """The scored rows of the part's items.

        `whole` says that all instances were asked: an item without a prediction is then missing and scores 0.
        Otherwise such an item counts as not asked, and has no row.
        """


class Judge(Protocol):
    """An object that can score stored answers again."""

    @property
    def rules(self) -> str:
        """Name of the rules of EM and F1."""

    @property
    def cluster(self) -> Cluster:
        """Unit of resampling."""

    @property
    def sorts(self) -> Sequence[str]:
        """Metrics that can order the rows, as `TRACK.METRIC`. The first one that is defined is used."""

    def rejudged(
        self, rows: Rows, threshold: Threshold
    ) -> Iterator[tuple[Sequence[PredictionRow], Sequence[PredictionRow]]]:
        """Stored rows, and the same rows as they are scored now, some at a time and in their order.

        Raises ValueError for a text that is not an item id.
        """

    def tabulate(self, tables: dict[Track, ScoreTable], rows: Iterable[ItemScore]) -> None:
        """Adds scored rows to the tables of their tracks. The rows must be all rows of their facts."""


class Task(Judge, Protocol):
    """The questions that a run asks every model."""

    @property
    def data(self) -> DataRow:
        """Description of the questions, for the leaderboard."""

    def sources(self, folder: Path) -> SourcesRow | None:
        """The location of the data, as a run in `folder` records it."""

    @property
    def fits_afterwards(self) -> bool:
        """Whether what a model's answers decide together, such as `cross-fit`, needs the answers of several
        parts, so that `rejudged` has to decide it at the end.
        """

    def size(self, model: Model) -> int:
        """The number of instances for the model."""

    def parts(self, model: Model) -> Iterator[Part]:
        """The parts of the task, which together hold all instances for the model."""

    def references(self) -> Iterator[tuple[ReferenceName, dict[Track, ScoreTable]]]:
        """The scored reference answers, which are made from the golds, in their fixed order."""

    def strangers(self, ids: Collection[str]) -> list[str]:
        """Those of the ids that belong to no item or question of the data, whatever the options leave out."""

    def items_with_hashes(self) -> dict[str, str]:
        """Every item id with the hash that its row must have.

        The hash is "" if scoring a row again compares everything that it would cover.
        """


def task_kind(dataset: Dataset | None) -> type[CuratedTask | ClaimsTask | PublicTask]:
    """The kind of task that asks a data set; that of questions about articles without one."""
    if dataset is None:
        return CuratedTask
    from qa_eval.data.claim_sets import ClaimSet
    from qa_eval.evaluation.tasks.claim_facts import ClaimsTask
    from qa_eval.evaluation.tasks.public import PublicTask

    return ClaimsTask if isinstance(dataset, ClaimSet) else PublicTask


def dataset_task(dataset: Dataset, options: StoredOptions) -> Task:
    """What a data set asks of every model. Raises InputError if the data set is wrong."""
    make: Callable[[Any, StoredOptions], Task] = task_kind(dataset)
    return make(dataset, options)
