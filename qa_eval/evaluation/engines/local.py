"""The engine that lets models answer in this process."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self, cast

from qa_eval.errors import ModelError
from qa_eval.evaluation.engines.engine import Answering, Group, GroupAnswers, ModelFailedError, Unloading
from qa_eval.models.protocol import Model
from qa_eval.records import Candidate, Instance, NBest, Prediction, is_fraction
from qa_eval.text.phrases import escaped, shorten, unlike


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
        before, so failing on these instances need not mean that it fails on everything. Neither do errors
        that are due to the items. Raises ModelFailedError as soon as it is known that the model cannot
        answer, and KeyboardInterrupt as it comes, both after all finished predictions were yielded.
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
    """First error that is not due to its item."""

    def ask(self, instances: Sequence[Instance]) -> Iterator[list[Prediction]]:
        """Asks instances. If the model raises, asks the rest again in halves."""
        waiting = {i.item: i for i in instances}
        if len(waiting) != len(instances):
            raise ValueError("two instances have the same item id")
        try:
            yield from self._collected(waiting)
        except ModelError as error:
            # The model itself reports that it cannot be used, so every other question would fail too.
            raise ModelFailedError(escaped(str(error))) from error
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
        pause = 0.0 if getattr(self.model, "hands_over_at_once", False) else self.engine.hand_over_seconds
        due = time.monotonic() + pause
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
                    due = time.monotonic() + pause
        except (Exception, KeyboardInterrupt):
            if ready:
                yield ready
            raise
        if ready:
            yield ready

    def _noted(self, prediction: Prediction) -> Prediction:
        self.succeeded |= prediction.error is None
        if not prediction.error_of_item:
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
    try:
        message = str(error)
    except Exception:  # an error of other code may fail to print
        message = ""
    return escaped(" ".join(f"{type(error).__name__}: {message}".split()).removesuffix(":"))


def checked(prediction: Prediction, instance: Instance) -> Prediction:
    """The prediction with plain finite numbers, or with an error if it violates the protocol.

    The following are errors: a number that is not finite, a probability outside [0, 1], a span whose text is
    not the article's, candidates that do not go from best to worst, and a text that is not valid Unicode.
    Candidates without an article get the instance's.

    >>> instance = Instance(item="sky@a", question="What is blue?", context="The sky is blue.", article="a")
    >>> checked(Prediction(item="sky@a", n_best=(Candidate(text="sky", start=0, end=3),)), instance).error
    "ValueError: candidate 1: 'sky' is not the text at 0:3, which is 'The'"
    >>> checked(Prediction(item="sky@a", text=5), instance).error
    'ValueError: text: 5 is an int; it should be a text, or None'
    """
    if prediction.error is not None:
        said = prediction.error if isinstance(prediction.error, str) else repr(prediction.error)
        of_item = prediction.error_of_item is True
        return Prediction(item=prediction.item, error=escaped(said), error_of_item=of_item)
    try:
        return Prediction(
            item=prediction.item,
            n_best=_candidates(prediction.n_best, instance),
            null_score=_number("null_score", prediction.null_score),
            no_answer_probability=_fraction("no_answer_probability", prediction.no_answer_probability),
            text=None if prediction.text is None else _text("text", prediction.text, "a text, or None"),
            windows=_whole("windows", prediction.windows),
            tokens=_whole("tokens", prediction.tokens),
            raw=None if prediction.raw is None else _text("raw", prediction.raw, "a text, or None"),
            confidence=_fraction("confidence", prediction.confidence),
            tokens_out=None if prediction.tokens_out is None else _whole("tokens_out", prediction.tokens_out),
            seconds=_number("seconds", prediction.seconds),
            truncated=bool(prediction.truncated),
            unfinished=bool(prediction.unfinished),
        )
    except Exception as error:  # whatever a stranger's values do when they are looked at
        return Prediction(item=prediction.item, error=_described(error))


def _candidates(given: object, instance: Instance) -> NBest:
    """The candidates as columns. Columns that need no change are taken as they are."""
    if isinstance(given, NBest) and _sound(given, instance):
        return given
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValueError(unlike("n_best", given, "the candidates, best first"))
    found = tuple(_candidate(candidate, number, instance) for number, candidate in enumerate(given, 1))
    for number, (one, following) in enumerate(pairwise(found), 2):
        if following.score > one.score:
            raise ValueError(
                f"candidate {number}: its score {following.score:g} is greater than {one.score:g}, that of "
                "the candidate before; n_best goes from best to worst"
            )
    return NBest.of(found)


def _sound(given: NBest, instance: Instance) -> bool:
    """Whether these are spans of the instance with plain finite scores, best first, and fractions as
    probabilities, if any.
    """
    context, scores = instance.context, given.scores
    # None is refused below, before these are compared as numbers.
    starts, ends = cast("tuple[int, ...]", given.starts), cast("tuple[int, ...]", given.ends)
    if not scores:
        return True
    return (
        len({*map(len, given.columns)}) == 1
        and {*map(type, scores)} == {float}
        and {*map(type, given.texts)} == {str}
        and all(map(operator.ge, scores, scores[1:]))  # false for NaN
        and -math.inf < scores[-1] <= scores[0] < math.inf
        and 0.0 not in scores  # -0.0 has to become 0.0
        and {*map(type, given.articles)} <= {str, type(None)}
        and {*given.articles} <= {instance.article or None}
        and (given.probabilities.count(None) == len(scores) or all(map(is_fraction, given.probabilities)))
        and {*map(type, starts), *map(type, ends)} == {int}
        and min(starts) >= 0
        and all(map(operator.le, starts, ends))
        and [*map(operator.sub, ends, starts)] == [*map(len, given.texts)]
        and all(map(context.startswith, given.texts, starts, ends))
        and _is_valid("".join(given.texts))
    )


def _is_valid(text: str) -> bool:
    """Whether a text is valid Unicode."""
    return text.isascii() or escaped(text) == text


def _candidate(candidate: object, number: int, instance: Instance) -> Candidate:
    name = f"candidate {number}"
    if not isinstance(candidate, Candidate):
        raise ValueError(unlike(name, candidate, "a Candidate"))
    text = _text(f"{name}: text", candidate.text, "a text")
    start, end = candidate.start, candidate.end
    if (start is None) != (end is None):
        raise ValueError(f"{name}: has only one of start and end; give both or none")
    if start is not None and end is not None:
        start, end = _offset(f"{name}: start", start), _offset(f"{name}: end", end)
    article = candidate.article
    if article is not None:
        article = _text(f"{name}: article", article, "the id of an article, or None")
    # The text of another article, as in an answer to all articles at once, is not known here.
    if start is not None and end is not None and article in (None, instance.article):
        there = instance.context[start:end]
        if not 0 <= start <= end or (instance.context and there != text):
            shown = there if len(there) <= 60 else f"{there[:59]}…"
            raise ValueError(f"{name}: {text!r} is not the text at {start}:{end}, which is {shown!r}")
    if article is None and instance.article != "*":
        article = instance.article or None
    return Candidate(
        text=text,
        article=article,
        start=start,
        end=end,
        score=_number(f"{name}: score", candidate.score) or 0.0,
        probability=_fraction(f"{name}: probability", candidate.probability),
    )


def _number(name: str, value: object) -> float | None:
    if value is None or (type(value) is float and math.isfinite(value)):
        return value
    if isinstance(value, str | bytes):
        raise ValueError(unlike(name, value, "a finite number"))
    try:
        number = float(value)  # type: ignore[arg-type]  # a scalar of torch is no `Real`
    except OverflowError:
        number = math.inf
    except Exception:
        raise ValueError(unlike(name, value, "a finite number")) from None
    if not math.isfinite(number):
        raise ValueError(f"{name}: {shorten(str(value))} is not a finite number")
    return number


def _fraction(name: str, value: object) -> float | None:
    number = _number(name, value)
    if number is not None and not 0.0 <= number <= 1.0:
        raise ValueError(f"{name}: {number} is not a probability")
    return number


def _whole(name: str, value: object) -> int:
    """A number of something: at least 0."""
    if type(value) is int and value >= 0:
        return value
    number = _offset(name, value)
    if number < 0:
        raise ValueError(f"{name}: {number} is less than 0")
    return number


def _offset(name: str, value: object) -> int:
    number = _number(name, value)
    if number is None or not number.is_integer():
        raise ValueError(unlike(name, value, "a whole number"))
    return int(number)


def _text(name: str, value: object, wanted: str) -> str:
    if not isinstance(value, str):
        raise ValueError(unlike(name, value, wanted))
    if not _is_valid(value):
        raise ValueError(f"{name}: {value!r} is not valid Unicode")
    return str(value)
