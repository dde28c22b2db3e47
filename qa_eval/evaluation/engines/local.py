"""The engine that lets models answer in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from qa_eval.errors import ModelError
from qa_eval.evaluation.engines.engine import Answering, Group, GroupAnswers, ModelFailedError, Unloading
from qa_eval.models.protocol import Model
from qa_eval.records import Candidate, Instance, Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEngine:
    """An engine that lets a model answer in this process, and finds the items on which it fails.

    A model gets `chunk` instances at once and may batch and order them as it likes. If it raises, the
    instances without an answer are asked again in halves, down to single ones. An exception for a single
    instance becomes the error of its item.
    """

    chunk: int = 512
    """Number of instances that the model gets at once: enough to sort by length, few enough for memory."""
    give_up_after: int = 5
    """Number of single items that may fail before a model that has answered nothing is given up."""
    hand_over_seconds: float = 0.2
    """Greatest time between two yields of finished predictions, in seconds, while the model gives any."""
    longest_first: bool = field(default=False, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def check(self, models: Sequence[Model]) -> None:
        """Accepts every model."""

    def answer(self, model: Answering, groups: Iterable[Group]) -> Generator[GroupAnswers, None, None]:
        """Yields the predictions of one group after another, as `Engine.answer`.

        At the end the model releases its weights, so that only one of several models is in memory.
        """
        try:
            for group in groups:
                for some in self.predict(model, group.instances, known_good=group.known_good):
                    yield GroupAnswers(group, some)
                yield GroupAnswers(group, (), last=True)
        finally:
            if isinstance(model, Unloading):
                model.unload()

    def predict(
        self, model: Answering, instances: Sequence[Instance], *, known_good: bool = False
    ) -> Iterator[list[Prediction]]:
        """Yields the model's predictions for the instances, some at a time.

        An instance that the model skipped has no prediction. `known_good` says that the model has answered
        before, so failing on these instances need not mean that it fails on everything. Raises
        ModelFailedError as soon as it is known that the model cannot answer, and KeyboardInterrupt as it
        comes, both after all finished predictions were yielded.
        """
        session = _Session(engine=self, model=model)
        for start in range(0, len(instances), self.chunk):
            yield from session.ask(instances[start : start + self.chunk])
        if session.first_error is not None and not (session.succeeded or known_good):
            raise ModelFailedError(session.first_error)


@dataclass(slots=True, kw_only=True)
class _Session:
    engine: LocalEngine
    model: Answering
    succeeded: bool = False
    raised: int = 0
    """Number of single items for which the model raised."""
    first_error: str | None = None
    """Error of the first item that failed."""

    def ask(self, instances: Sequence[Instance]) -> Iterator[list[Prediction]]:
        """Asks instances. If the model raises, asks the rest again in halves."""
        waiting = {i.item: i for i in instances}
        if len(waiting) != len(instances):
            raise ValueError("two instances have the same item id")
        try:
            yield from self._collected(waiting)
        except ModelError as error:
            # The model itself reports that it cannot be used, so every other question would fail too.
            raise error if isinstance(error, ModelFailedError) else ModelFailedError(str(error)) from error
        except Exception as error:
            left = list(waiting.values())
            if len(left) == 1:
                yield from self._failed(left[0], error)
            elif left:
                middle = len(left) // 2
                yield from self.ask(left[:middle])
                yield from self.ask(left[middle:])

    def _collected(self, waiting: dict[str, Instance]) -> Iterator[list[Prediction]]:
        """Yields the model's predictions in batches, and removes their instances from `waiting`.

        Finished predictions are also yielded if the model raises.
        """
        asked = set(waiting)
        ready: list[Prediction] = []
        due = time.monotonic() + self.engine.hand_over_seconds
        try:
            for prediction in self.model.predict(list(waiting.values())):
                if not isinstance(prediction, Prediction):
                    raise ModelFailedError(f"it returned a {type(prediction).__name__}, not a Prediction")
                instance = waiting.pop(prediction.item, None)
                if instance is None:
                    what = "answered twice" if prediction.item in asked else "answered without being asked"
                    raise ModelFailedError(f"item {prediction.item!r} was {what}")
                ready.append(self._noted(checked(prediction, instance)))
                if time.monotonic() >= due:
                    ready, done = [], ready
                    yield done
                    due = time.monotonic() + self.engine.hand_over_seconds
        except (Exception, KeyboardInterrupt):
            if ready:
                yield ready
            raise
        if ready:
            yield ready

    def _noted(self, prediction: Prediction) -> Prediction:
        self.succeeded |= prediction.error is None
        self.first_error = self.first_error or prediction.error
        return prediction

    def _failed(self, instance: Instance, error: Exception) -> Iterator[list[Prediction]]:
        prediction = self._noted(Prediction(item=instance.item, error=_described(error)))
        yield [prediction]
        self.raised += 1
        if not self.succeeded and self.raised >= self.engine.give_up_after:
            raise ModelFailedError(prediction.error) from error


def _described(error: BaseException) -> str:
    """An error as `Type: message` on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def checked(prediction: Prediction, instance: Instance) -> Prediction:
    """The prediction with plain finite numbers, or with an error if it violates the protocol.

    The following are errors: a number that is not finite, a probability outside [0, 1], a span whose text is
    not the article's, and a text that is not valid Unicode. Candidates without an article get the instance's.

    >>> instance = Instance(item="sky@a", question="What is blue?", context="The sky is blue.", article="a")
    >>> checked(Prediction(item="sky@a", n_best=(Candidate(text="sky", start=0, end=3),)), instance).error
    "ValueError: candidate 1: 'sky' is not the text at 0:3, which is 'The'"
    """
    if prediction.error is not None:
        return Prediction(item=prediction.item, error=prediction.error)
    try:
        return replace(
            prediction,
            n_best=tuple(_candidate(c, n, instance) for n, c in enumerate(prediction.n_best, 1)),
            null_score=_number("null score", prediction.null_score),
            no_answer_probability=_fraction("no-answer probability", prediction.no_answer_probability),
            text=_text("answer", prediction.text),
            windows=int(prediction.windows),
            tokens=int(prediction.tokens),
            truncated=bool(prediction.truncated),
        )
    except (ValueError, TypeError) as error:
        return Prediction(item=prediction.item, error=_described(error))


def _candidate(candidate: Candidate, number: int, instance: Instance) -> Candidate:
    name = f"candidate {number}"
    text = _text(name, candidate.text) or ""
    start, end = candidate.start, candidate.end
    if (start is None) != (end is None):
        raise ValueError(f"{name}: has only one of start and end; give both or none")
    if start is not None and end is not None:
        start, end = int(start), int(end)
    # The text of another article, as in an answer to all articles at once, is not known here.
    if start is not None and end is not None and candidate.article in (None, instance.article):
        there = instance.context[start:end]
        if not 0 <= start <= end or (instance.context and there != text):
            shown = there if len(there) <= 60 else f"{there[:59]}…"
            raise ValueError(f"{name}: {text!r} is not the text at {start}:{end}, which is {shown!r}")
    article = candidate.article
    if article is None and instance.article != "*":
        article = instance.article or None
    return Candidate(
        text=text,
        article=article,
        start=start,
        end=end,
        score=_number(name, candidate.score) or 0.0,
        probability=_fraction(name, candidate.probability),
    )


def _number(name: str, value: float | None) -> float | None:
    if value is None:
        return None
    value = float(value)
    if not math.isfinite(value):
        raise ValueError(f"{name}: {value} is not a finite number")
    return value


def _fraction(name: str, value: float | None) -> float | None:
    value = _number(name, value)
    if value is not None and not 0.0 <= value <= 1.0:
        raise ValueError(f"{name}: {value} is not a probability")
    return value


def _text(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name}: is a {type(value).__name__}, not a text")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{name}: {value!r} is not valid Unicode")
    return value
