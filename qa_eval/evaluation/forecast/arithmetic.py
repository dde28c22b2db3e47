"""From what is left to do, and how fast it goes, to time, memory and disk: pure functions.

    answering = tokens left / (tokens per second x workers)       items, where a model counts no tokens
    driver    = reading the data + rows x seconds per row         cache, judging, writing: always one process
    data set  = answering + driver                                local: one after the other
                max(answering, driver)                            ray: side by side
    model     = load + its data sets                              nothing is loaded where nothing is left
    run       = reading and checking the data + start + its models, one after another
    memory    = workers x the largest model's process (ray: + the driver)

A *start* is a process with its libraries imported and the model examined; a *load* is what the first answer
takes longer than the same one again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

_Z = 1.959964
"""Standard deviations on either side of the mean that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over all items: counted (margin 0), or estimated from a sample."""

    value: int
    margin: int = 0
    """Half the width of the 95 % interval."""


def estimated(values: Sequence[int], sizes: Sequence[int], *, size: int, pieces: int) -> Total:
    """The sum of `values` over all `pieces`, of which some were drawn at random; exact if all were.

    `sizes` are the drawn pieces' items, `size` is that of all pieces together, which is known. The ratio
    estimator of a simple random sample without replacement (Cochran, Sampling Techniques, 1977, chapter 6);
    0 where nothing was drawn.

    >>> estimated([10, 20], [1, 1], size=2, pieces=2)
    Total(value=30, margin=0)
    """
    drawn = len(values)
    if drawn == pieces or not sum(sizes):
        return Total(sum(values))
    ratio = sum(values) / sum(sizes)
    squares = sum((value - ratio * own) ** 2 for value, own in zip(values, sizes, strict=True))
    deviation = math.sqrt((1 - drawn / pieces) * squares / max(drawn - 1, 1) / drawn)
    return Total(round(size * ratio), math.ceil(_Z * pieces * deviation))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one model has to do on one data set."""

    dataset: str
    items: int
    """What the model is asked: one question of one text each."""
    cached: int
    """Of them, in the prediction cache."""
    rows: int
    """Of the predictions file: the items of both tracks."""
    pieces: int
    """Facts, or questions of a data set,"""
    counted: int
    """of which windows and tokens were counted in so many."""
    windows: Total | None = None
    """Of all items; None for a model that has no windows."""
    tokens: Total | None = None
    windows_left: Total | None = None
    """Of those that are not in the cache."""
    tokens_left: Total | None = None
    reading_seconds: float = 0.0
    """To read through the data once more."""

    @property
    def left(self) -> int:
        """Items that have to be asked."""
        return self.items - self.cached

    @property
    def exact(self) -> bool:
        """Whether nothing was estimated."""
        return self.counted == self.pieces

    def scaled(self, items: int) -> Work:
        """The same kind of work with so many items, none of them cached."""
        factor = items / self.items

        def total(number: Total | None) -> Total | None:
            return number and Total(round(number.value * factor), math.ceil(number.margin * factor))

        return replace(
            self,
            items=items,
            cached=0,
            rows=round(self.rows * factor),
            pieces=round(self.pieces * factor),
            windows=total(self.windows),
            tokens=total(self.tokens),
            windows_left=total(self.windows),
            tokens_left=total(self.tokens),
            reading_seconds=self.reading_seconds * factor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast one model went on some items of one data set, and what was written of them."""

    items: int = 0
    """That were asked;"""
    tokens: int = 0
    """their tokens, 0 where the model counts none."""
    seconds: float = 0.0
    """While the model answered."""
    row_seconds: float = 0.0
    """What the driver does for a row: keys, cache, judging, writing."""
    row_bytes: float = 0.0
    """Of the predictions file."""
    answer_bytes: float = 0.0
    """That the prediction cache grows by; 0 for a model whose answers are not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where the models would answer."""

    engine: Literal["local", "ray"] = "local"
    workers: int = 1
    """Processes with a model; 1 where it is this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelForecast:
    """One model on all data sets."""

    spec: str
    works: tuple[Work, ...] = ()
    paces: tuple[Pace, ...] = ()
    """One for each work."""
    start_seconds: float = 0.0
    load_seconds: float = 0.0
    peak_rss_bytes: int | None = None
    """Of a process that holds it and reads; None where that is not known, or nothing is left to ask."""
    error: str | None = None
    """Why it cannot be asked; there are no numbers then."""

    @property
    def left(self) -> int:
        """Items that have to be asked, on all data sets."""
        return sum(work.left for work in self.works)


def speed(work: Work, pace: Pace) -> tuple[float, str, float]:
    """What is left, in `tokens` or `items`, and how many of them a second; 0 a second where that is unknown.

    Items, where the model counts no tokens.
    """
    if work.tokens_left is not None and pace.tokens:
        left, unit, done = work.tokens_left.value, "tokens", pace.tokens
    else:
        left, unit, done = work.left, "items", pace.items
    return left, unit, done / pace.seconds if pace.seconds else 0.0


def answering_seconds(work: Work, pace: Pace, workers: int) -> float:
    """How long the model answers what is left."""
    left, _, per_second = speed(work, pace)
    return left / (per_second * workers) if per_second else 0.0


def driver_seconds(work: Work, pace: Pace) -> float:
    """What one process does besides, however many workers there are."""
    return work.reading_seconds + work.rows * pace.row_seconds


def dataset_seconds(work: Work, pace: Pace, setting: Setting) -> float:
    """One model on one data set, the model loaded."""
    answering, driver = answering_seconds(work, pace, setting.workers), driver_seconds(work, pace)
    return max(answering, driver) if setting.engine == "ray" else answering + driver


def model_seconds(model: ModelForecast, setting: Setting) -> float:
    """One model on all data sets; starting the processes is not in it."""
    works = zip(model.works, model.paces, strict=True)
    seconds = sum(dataset_seconds(work, pace, setting) for work, pace in works)
    return seconds + (model.load_seconds if model.left else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """As many models as that, like those that were planned, each on so many items."""

    models: int
    items: int
    tokens: int
    """Of all models; 0 where none counts any."""
    answering_seconds: float
    """Of workers, all together: one worker alone would take so long."""
    driver_seconds: float
    """Of the one process that reads, judges and writes."""
    seconds: float
    """From beginning to end."""
    predictions_bytes: int
    cache_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A run that was not made."""

    setting: Setting
    models: tuple[ModelForecast, ...]
    preparing_seconds: float = 0.0
    """To read and check the data, and to find out what the models are."""
    driver_rss_bytes: int | None = None
    """The peak of the process that planned, which held the data as a driver would."""
    for_models: int | None = None
    """Models, and items of each, to scale to; None for as many as there are."""
    for_items: int | None = None

    @property
    def planned(self) -> list[ModelForecast]:
        """The models that can be asked."""
        return [model for model in self.models if model.error is None]

    @property
    def start_seconds(self) -> float:
        """Until there are processes that can load a model: one after the other, they serve all models."""
        return max((model.start_seconds for model in self.planned if model.left), default=0.0)

    @property
    def seconds(self) -> float:
        """From beginning to end."""
        models = sum(model_seconds(model, self.setting) for model in self.planned)
        return self.preparing_seconds + self.start_seconds + models

    @property
    def worker_rss_bytes(self) -> int | None:
        """Of the largest model's process; None where none is known."""
        known = [model.peak_rss_bytes for model in self.planned if model.peak_rss_bytes is not None]
        return max(known, default=None)

    @property
    def rss_bytes(self) -> int | None:
        """Of all processes together."""
        worker = self.worker_rss_bytes
        if worker is None or self.setting.engine == "local":
            return worker
        return self.setting.workers * worker + (self.driver_rss_bytes or 0)

    @property
    def predictions_bytes(self) -> int:
        """Of the predictions files."""
        return round(sum(work.rows * pace.row_bytes for work, pace in self._works()))

    @property
    def cache_bytes(self) -> int:
        """That the prediction cache grows by."""
        return round(sum(work.left * pace.answer_bytes for work, pace in self._works()))

    @property
    def scaled(self) -> Scaled | None:
        """The same at the scale that was asked for; None where none was, or no model can be asked."""
        if (self.for_models is None and self.for_items is None) or not self.planned:
            return None
        items = sum(work.items for work in self.planned[0].works)
        return scaled(self, self.for_models or len(self.planned), self.for_items or items)

    def _works(self) -> list[tuple[Work, Pace]]:
        return [pair for m in self.planned for pair in zip(m.works, m.paces, strict=True)]


def scaled(forecast: Forecast, models: int, items: int) -> Scaled:
    """So many models, in equal shares like the planned ones, each asked so many new items, in equal shares
    like those of each data set.
    """
    planned = [_with_items(model, items) for model in forecast.planned]
    share = models / len(planned)
    larger = replace(forecast, models=tuple(planned))
    works = larger._works()
    asked = sum(work.items for work in forecast.planned[0].works)
    once = forecast.preparing_seconds * items / asked + larger.start_seconds
    return Scaled(
        models=models,
        items=items,
        tokens=round(share * sum(work.tokens.value for work, _ in works if work.tokens)),
        answering_seconds=share * sum(answering_seconds(work, pace, 1) for work, pace in works),
        driver_seconds=share * sum(driver_seconds(work, pace) for work, pace in works),
        seconds=once + share * sum(model_seconds(model, forecast.setting) for model in planned),
        predictions_bytes=round(share * larger.predictions_bytes),
        cache_bytes=round(share * larger.cache_bytes),
    )


def _with_items(model: ModelForecast, items: int) -> ModelForecast:
    asked = sum(work.items for work in model.works)
    return replace(model, works=tuple(work.scaled(round(items * work.items / asked)) for work in model.works))
