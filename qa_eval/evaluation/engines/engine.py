"""Where predicting happens. An engine is given a model and groups of instances, and yields their predictions.

    with engine:
        for given in engine.answer(model, groups):
            ...

Whatever the engine, an item that cannot be answered is a prediction with an `error`, never the end of the
run; a model that cannot answer at all raises `ModelFailedError`. Engines know no golds, caches or folders.
To add one: a module in this folder with a class that follows `Engine`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from qa_eval.errors import ModelError
from qa_eval.models.protocol import Model
from qa_eval.records import Instance, Prediction


class ModelFailedError(ModelError):
    """A model cannot answer: it could not be loaded, failed on everything, or broke the protocol."""


class Answering(Protocol):
    """The part of a model that an engine needs to have it answer in its own process."""

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """Predictions in any order, matched by item id."""
        ...


@runtime_checkable
class Unloading(Protocol):
    """A model that can let its weights go."""

    def unload(self) -> None:
        """The next use loads them again."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Instances that are asked together; item ids are distinct within a group only. There may be none.

    An engine gives the same object back with the predictions. Groups compare by identity.
    """

    instances: Sequence[Instance]
    known_good: bool = False
    """Whether the model has answered before: failing on these few then need not mean that it fails on all."""
    task: int = 0
    """Number of the task whose group it is, for the caller."""
    part: int = 0
    """Number of the group's part in that task, for the caller."""


@dataclass(frozen=True, slots=True)
class GroupAnswers:
    """Predictions of a group that are finished. Each prediction is given once."""

    group: Group
    predictions: Sequence[Prediction]
    last: bool = False
    """Whether nothing more comes of the group. An instance that the model passed over has no prediction."""


class Engine(Protocol):
    """Something that has models answer. A context: what it needs is started on entering it, and ended."""

    @property
    def longest_first(self) -> bool:
        """Whether work should come largest first, for all workers to end together."""

    def __enter__(self) -> Self:
        """Raises QaEvalError where the engine cannot work, before anything is asked."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends what was started."""

    def check(self, models: Sequence[Model]) -> None:
        """Raises QaEvalError for models that this engine cannot have answer."""

    def answer(self, model: Model, groups: Iterable[Group]) -> Generator[GroupAnswers, None, None]:
        """Yields the model's predictions for every instance of every group, in any order.

        Groups are drawn as they are needed, in the caller's thread, and only so many ahead of the answers
        that memory does not grow with their number. The last answers of each group say so, also those of a
        group without instances. Raises ModelFailedError as soon as it is known that the model cannot answer,
        and KeyboardInterrupt as it comes, both after yielding what is done. Closing the generator ends the
        asking.
        """
