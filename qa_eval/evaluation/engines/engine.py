"""Where predicting happens. An engine gets a model and groups of instances, and hands predictions over.

    with engine:
        engine.answer(model, groups, listener)

Whatever the engine, an item that cannot be answered is a prediction with an `error`, never the end of the
run; a model that cannot answer at all raises `ModelFailedError`. Engines know no golds, caches or folders.
To add one: a module in this folder with a class that follows `Engine`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from qa_eval.errors import ModelError
from qa_eval.models.protocol import Model
from qa_eval.records import Instance, Prediction

__all__ = ["Answering", "Engine", "Group", "Listener", "ModelFailedError", "OnPredictions", "Unloading"]


class ModelFailedError(ModelError):
    """A model cannot answer: it could not be loaded, failed on everything, or broke the protocol."""


OnPredictions = Callable[[list[Prediction]], None]
"""Takes predictions that are finished, some at a time; each is handed over once."""


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


@dataclass(frozen=True, slots=True)
class Group:
    """Instances that are asked together; item ids are distinct within a group only."""

    number: int
    """Names the group to the listener."""
    instances: Sequence[Instance]
    known_good: bool = False
    """The model has answered before, so that failing on these few need not mean that it fails on all."""


class Listener(Protocol):
    """What an engine tells, always in the thread that called it."""

    def take(self, group: int, predictions: list[Prediction]) -> None:
        """These are finished; each prediction is handed over once."""

    def close(self, group: int) -> None:
        """Nothing more will come of this group; an instance that the model passed over got no prediction."""


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

    def answer(self, model: Model, groups: Iterable[Group], listener: Listener) -> None:
        """Has the model answer every instance of every group, in any order.

        Groups are drawn as they are needed, in the caller's thread, and only so many ahead of the answers
        that memory does not grow with their number. When this returns, all are closed. Raises
        ModelFailedError as soon as it is known that the model cannot answer, after handing over what is
        done, and KeyboardInterrupt as it comes.
        """
