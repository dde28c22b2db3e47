"""The protocol of engines. An engine gets a model and groups of instances, and yields their predictions.

    with engine:
        for given in engine.answer(model, groups):
            ...

In every engine, an item that cannot be answered becomes a prediction with an `error` and does not end the
run. A model that cannot answer at all raises `ModelFailedError`. Engines know nothing of golds, caches or
folders. To add one, write a module in this folder with a class that follows `Engine`.
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
    """A model cannot answer: it could not be loaded, failed on every item, or violated the protocol."""


class Answering(Protocol):
    """The part of a model that an engine needs in the process where the model answers."""

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """Predictions in any order, each with the id of its item."""
        ...


@runtime_checkable
class Unloading(Protocol):
    """A model that can release its weights."""

    def unload(self) -> None:
        """Releases the weights. The next use loads them again."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Instances that are asked together. A group may be empty.

    Item ids are distinct only within a group. An engine returns the same object with the predictions. Groups
    are compared by identity.
    """

    instances: Sequence[Instance]
    """Instances to answer."""
    known_good: bool = False
    """Whether the model has answered something before. If so, failing on this group need not mean that it
    fails on everything."""
    task: int = 0
    """Number of the task, for the caller."""
    part: int = 0
    """Number of the part in the task, for the caller."""


@dataclass(frozen=True, slots=True)
class GroupAnswers:
    """Finished predictions of a group. Each prediction is given once."""

    group: Group
    """Group that was asked."""
    predictions: Sequence[Prediction]
    """Predictions of some of the group's instances."""
    last: bool = False
    """Whether these are the last predictions of the group. An instance that the model skipped has none."""


class Engine(Protocol):
    """A place where models answer. A `with` statement starts and ends what the engine needs."""

    @property
    def longest_first(self) -> bool:
        """Whether the largest work should come first, so that all workers end at about the same time."""

    def __enter__(self) -> Self:
        """Starts the engine. Raises QaEvalError if it cannot work, before anything is asked."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends what was started."""

    def check(self, models: Sequence[Model]) -> None:
        """Raises QaEvalError for models that cannot answer in this engine."""

    def answer(self, model: Model, groups: Iterable[Group]) -> Generator[GroupAnswers, None, None]:
        """Yields the model's predictions for every instance of every group, in any order.

        The engine draws groups in the caller's thread as it needs them. It draws only a limited number ahead
        of the answers, so that memory does not grow with the number of groups. The last answers of each group
        have `last` set, also for an empty group. The engine raises ModelFailedError as soon as it knows that
        the model cannot answer, and KeyboardInterrupt as it comes, both after it has yielded all finished
        answers. To close the generator ends the asking.
        """
