"""Where predicting happens. An engine gets a model and instances, and hands predictions over as they finish.

    Engine().predict(model, instances, on_predictions)

Whatever the engine, an item that cannot be answered is a prediction with an `error`, never the end of the
run; a model that cannot answer at all raises `ModelFailedError`. Engines know no golds, caches or folders.
To add one: a module in this folder with a class that follows `Engine`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from qa_eval.errors import ModelError
from qa_eval.records import Instance, Prediction

__all__ = ["Answering", "Engine", "ModelFailedError", "OnPredictions"]


class ModelFailedError(ModelError):
    """A model cannot answer: it could not be loaded, failed on everything, or broke the protocol."""


OnPredictions = Callable[[list[Prediction]], None]
"""Takes predictions that are finished, some at a time; each is handed over once."""


class Answering(Protocol):
    """The part of a model that an engine needs."""

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """Predictions in any order, matched by item id."""
        ...


class Engine(Protocol):
    """Something that has models answer."""

    def predict(
        self,
        model: Answering,
        instances: Sequence[Instance],
        on_predictions: OnPredictions,
        *,
        known_good: bool = False,
    ) -> None:
        """Has the model answer every instance.

        Every prediction goes through `on_predictions`, at the latest before this returns or raises; an
        instance that the model passed over gets none. `known_good`: it has answered before, so that failing
        on these few instances need not mean that it fails on all. Raises ModelFailedError as soon as it is
        known that the model cannot answer, and KeyboardInterrupt as it comes.
        """
        ...
