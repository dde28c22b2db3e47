"""The cost of a run in time, memory and disk: the arithmetic, and how it is shown.

    answering = what is left / (speed of a worker x workers)     tokens, or items if a model counts no tokens
    driver    = reading + rows x seconds per row                  cache, scoring, writing: always one process
    data set  = answering + driver                                in this process: one after the other
                max(answering, driver)                            on Ray: at the same time
    model     = load + its data sets                              no load if nothing is left to answer
    run       = reading and checking the data + start + its models, one after another
    memory    = workers x the largest model's process (Ray: + the driver)

A *start* is the time until a process has imported its libraries and examined the model. A *load* is the
difference in time between the first answer and the same answer again. `forecast_probe` counts and measures.
All times are in seconds, and all sizes in bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from rich.text import Text

from qa_eval.evaluation.model_answers import token_cost
from qa_eval.files.hashes import canonical_json
from qa_eval.text.figures import duration_text, size_text
from qa_eval.text.grid import draw_grid
from qa_eval.text.passages import wrap_text
from qa_eval.text.phrases import count
from qa_eval.text.terminal import clean, safe_json

# ------------------------------------------------------------------------------------------ one data set


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over all items. Its 95 % interval is `value` ± `margin`."""

    value: int
    """Value of the sum."""
    margin: int = 0
    """Half the width of the 95 % interval; 0 if the sum is counted."""

    def __str__(self) -> str:
        return f"{self.value:,}" + (f" ±{self.margin:,}" if self.margin else "")


def estimated(values: Sequence[int], sizes: Sequence[int], *, size: int, pieces: int) -> Total:
    """The sum of a value over all pieces, estimated from a random sample of them. Exact if all were drawn.

    `values` holds the values of the drawn pieces, and `sizes` their numbers of items. `size` is the known
    number of items of all pieces, and `pieces` the number of pieces. The ratio estimator of a simple random
    sample without replacement is used (Cochran, Sampling Techniques, 1977, chapter 6). The result is 0 if
    nothing was drawn.

    >>> estimated([10, 20], [1, 1], size=2, pieces=2)
    Total(value=30, margin=0)
    """
    drawn = len(values)
    if drawn == pieces or not sum(sizes):
        return Total(sum(values))
    ratio = sum(values) / sum(sizes)
    squares = sum((value - ratio * own) ** 2 for value, own in zip(values, sizes, strict=True))
    deviation = math.sqrt((1 - drawn / pieces) * squares / max(drawn - 1, 1) / drawn)
    return Total(round(size * ratio), math.ceil(1.959964 * pieces * deviation))


class Cost(NamedTuple):
    """The cost of some work."""

    tokens: float = 0.0
    """Number of tokens to read; 0 if the model counts none."""
    answering_seconds: float = 0.0
    """Time of answering."""
    driver_seconds: float = 0.0
    """Time of the single process that reads, scores and writes."""
    seconds: float = 0.0
    """Time from beginning to end."""
    predictions_bytes: float = 0.0
    """Size of the predictions files."""
    cache_bytes: float = 0.0
    """Growth of the prediction cache."""

    @classmethod
    def summed(cls, *terms: tuple[float, Cost]) -> Cost:
        """The sum of costs, each multiplied by its number of times."""
        return cls(*(sum(times * cost[place] for times, cost in terms) for place in range(len(cls._fields))))

    def as_json(self) -> dict[str, float]:
        """The fields by name. Numbers of tokens and bytes are whole."""
        return {k: v if k.endswith("seconds") else round(v) for k, v in self._asdict().items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The measured speed of one model on some items of one data set, and the size of its output."""

    items: int = 0
    """Number of items that were answered."""
    tokens: int = 0
    """Number of tokens that were read."""
    tokens_out: int | None = None
    """Number of tokens that were written; None for a model that writes none."""
    seconds: float = 0.0
    """Time of answering."""
    row_seconds: float = 0.0
    """Time of the driver for a row: keys, cache, scoring, writing."""
    row_bytes: float = 0.0
    """Size of a row of the predictions file."""
    answer_bytes: float = 0.0
    """Growth of the prediction cache for an answer; 0 for a model whose answers are not cached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The work of one model on one data set. A model without windows has None in place of each total."""

    dataset: str
    """Name of the data set."""
    items: int
    """Number of instances that the model is asked, each a question and a text."""
    cached: int
    """Number of instances whose answers are in the cache."""
    rows: int
    """Number of rows of the predictions file: the items of both tracks."""
    pieces: int
    """Number of facts, or of questions of a data set."""
    counted: int
    """Number of pieces whose windows and tokens were counted."""
    windows: Total | None = None
    """Number of windows of all items."""
    tokens: Total | None = None
    """Number of tokens of all items."""
    windows_left: Total | None = None
    """Number of windows of the items that are not in the cache."""
    tokens_left: Total | None = None
    """Number of tokens of the items that are not in the cache."""
    reading_seconds: float = 0.0
    """Time to read the data set."""
    probe: Pace = Pace()
    """Speed of the model in the probe."""

    @property
    def left(self) -> int:
        """Number of instances that the model has to answer."""
        return self.items - self.cached

    @property
    def label(self) -> str:
        """Name of the data set. A long one is cut at its beginning, so that the name of a file stays."""
        return self.dataset if len(self.dataset) <= 24 else f"…{self.dataset[-23:]}"

    @property
    def speed(self) -> tuple[Total, str, float]:
        """Amount that is left, its unit (`tokens` or `items`), and the amount per second of one worker.

        The unit is `items` if the model counts no tokens. The speed is 0 if nothing was asked.
        """
        left, unit, done = Total(self.left), "items", self.probe.items
        if self.tokens_left is not None and self.probe.tokens:
            left, unit, done = self.tokens_left, "tokens", self.probe.tokens
        return left, unit, done / self.probe.seconds if self.probe.seconds else 0.0

    def cost(self, workers: int | None) -> Cost:
        """The cost of the work, without loading the model. `workers` is None without Ray."""
        left, _, per_second = self.speed
        answering = left.value / (per_second * (workers or 1)) if per_second else 0.0
        driver = self.reading_seconds + self.rows * self.probe.row_seconds
        return Cost(
            tokens=self.tokens_left.value if self.tokens_left else 0,
            answering_seconds=answering,
            driver_seconds=driver,
            seconds=answering + driver if workers is None else max(answering, driver),
            predictions_bytes=self.rows * self.probe.row_bytes,
            cache_bytes=self.left * self.probe.answer_bytes,
        )

    def bill(self, prices: tuple[float, float] | None) -> dict[str, Any]:
        """`prompts`, `tokens_in`, `tokens_out` and `cost` of what is left for a language model.

        The tokens are those of an item of the probe times the number of items that are left. If prompts were
        counted, the tokens to read are counted. The cost is None without prices. Empty for other models.
        """
        if self.probe.tokens_out is None or not self.probe.items:
            return {}
        times = self.left / self.probe.items
        read = self.tokens_left.value if self.tokens_left is not None else round(self.probe.tokens * times)
        written = round(self.probe.tokens_out * times)
        cost = None if prices is None else token_cost((read, written), prices)
        return {"prompts": self.left, "tokens_in": read, "tokens_out": written, "cost": cost}


# ------------------------------------------------------------------------------------------ the run


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelForecast:
    """The forecast for one model on all data sets."""

    spec: str
    """Spec of the model."""
    works: tuple[Work, ...] = ()
    """Work of the model on each data set."""
    start_seconds: float = 0.0
    """Time to start a process with the model."""
    load_seconds: float = 0.0
    """Time to load the weights."""
    peak_rss_bytes: int | None = None
    """Memory of a process that holds the model and reads; None if it is not known or nothing is left to
    ask."""
    error: str | None = None
    """Reason why the model cannot be asked; the forecast then has no numbers."""

    @property
    def loads(self) -> bool:
        """Whether something is left to ask."""
        return any(work.left for work in self.works)

    def cost(self, workers: int | None, items: float = 1.0) -> Cost:
        """The cost of all data sets, each with `items` times its items, without starting the processes."""
        load = Cost(seconds=self.load_seconds if self.loads else 0.0)
        return Cost.summed((1, load), *((items, work.cost(workers)) for work in self.works))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The forecast of a run."""

    models: tuple[ModelForecast, ...]
    """Forecasts of the models."""
    workers: int | None = None
    """Number of workers of the Ray engine; None for the local engine."""
    preparing_seconds: float = 0.0
    """Time to read and check the data and to examine the models."""
    driver_rss_bytes: int | None = None
    """Greatest memory of the planning process. It held the data as a driver would."""
    for_models: int | None = None
    """Number of models to scale to; None for the number of planned models."""
    for_items: int | None = None
    """Number of items of each model to scale to; None for the number of planned items."""
    prices: tuple[float, float] | None = None
    """Prices of a million tokens that language models read and write; None for no cost."""

    @property
    def planned(self) -> list[ModelForecast]:
        """Forecasts of the models that can be asked."""
        return [model for model in self.models if model.error is None]

    @property
    def start_seconds(self) -> float:
        """Time until the processes can load a model. They start once and serve all models."""
        return max((model.start_seconds for model in self.planned if model.loads), default=0.0)

    @property
    def cost(self) -> Cost:
        """Cost of the run from beginning to end."""
        once = Cost(seconds=self.preparing_seconds + self.start_seconds)
        return Cost.summed((1, once), *((1, model.cost(self.workers)) for model in self.planned))

    @property
    def memory(self) -> tuple[int, int] | None:
        """Memory of the largest model's process and of all processes; None if it is not known."""
        worker = max((model.peak_rss_bytes or 0 for model in self.planned), default=0)
        whole = worker if self.workers is None else self.workers * worker + (self.driver_rss_bytes or 0)
        return (worker, whole) if worker else None

    @property
    def scaled(self) -> tuple[int, int, Cost] | None:
        """Numbers of models and of items for each model, and their cost, at the scale that was asked for.

        None if no scale was asked for, or if no model can be asked. The models are like the planned ones, in
        equal shares, and their items are like those of each data set. No answer is cached. The answering time
        is that of a single worker.
        """
        if (self.for_models is None and self.for_items is None) or not self.planned:
            return None
        asked = [sum(work.items for work in model.works) for model in self.planned]
        models, items = self.for_models or len(asked), self.for_items or asked[0]
        start = max(model.start_seconds for model in self.planned)
        terms = [(1.0, Cost(seconds=self.preparing_seconds * items / asked[0] + start))]
        for model, own in zip(self.planned, asked, strict=True):
            works = tuple(replace(work, cached=0, tokens_left=work.tokens) for work in model.works)
            cost = replace(model, works=works).cost(self.workers, items / own)
            terms.append((models / len(asked), cost))
        cost = Cost.summed(*terms)
        return models, items, cost._replace(answering_seconds=cost.answering_seconds * (self.workers or 1))


# ------------------------------------------------------------------------------------------ as JSON


def render_forecast_json(found: Forecast) -> str:
    """The forecast as JSON: every number that was counted, measured or computed, in seconds and bytes."""
    scaled, (worker, whole) = found.scaled, found.memory or (None, None)
    models = [_model_json(model, found) for model in found.models]
    value = found.cost.as_json() | {
        "schema_version": 1,
        "engine": "local" if found.workers is None else "ray",
        "workers": found.workers or 1,
        "preparing_seconds": found.preparing_seconds,
        "start_seconds": found.start_seconds,
        "worker_rss_bytes": worker,
        "driver_rss_bytes": found.driver_rss_bytes,
        "rss_bytes": whole,
        "models": models,
        "scaled": scaled and {"models": scaled[0], "items": scaled[1], **scaled[2].as_json()},
    }
    return safe_json(canonical_json(value, indent=1)) + "\n"


def _model_json(model: ModelForecast, found: Forecast) -> dict[str, Any]:
    numbers = asdict(model)
    works, error = numbers.pop("works"), numbers.pop("error")
    if error is not None:
        return {"spec": model.spec, "status": "error", "error": error}
    sets = []
    for work, own in zip(model.works, works, strict=True):
        _, unit, per_second = work.speed
        speed = {"unit": unit, "per_second": per_second or None, "exact": work.counted == work.pieces}
        sets.append(work.cost(found.workers).as_json() | own | speed | work.bill(found.prices))
    return numbers | {"status": "ok", "seconds": model.cost(found.workers).seconds, "datasets": sets}


# ------------------------------------------------------------------------------------------ on the terminal

_HEAD = ("model", "data set", "items", "cached", "tokens left", "speed", "time", "windows", "tokens")
"""Heads of the columns. On a narrow terminal, columns are left out from the right."""


def draw_forecast(found: Forecast, width: int) -> list[Text]:
    """The forecast for a terminal: what is left to do, the time and how it is computed, memory and disk."""
    rows = []
    for model in found.models:
        if model.error is not None:
            rows.append([model.spec, "failed", *[""] * (len(_HEAD) - 2)])
        for work in model.works:
            _, unit, per_second = work.speed
            speed = f"{per_second:,.0f} {unit}/s" if per_second else "–"
            time = duration_text(work.cost(found.workers).seconds)
            left, *totals = (str(n or "–") for n in (work.tokens_left, work.windows, work.tokens))
            rows.append(
                [model.spec, work.label, f"{work.items:,}", f"{work.cached:,}", left, speed, time, *totals]
            )
    lines = draw_grid(_HEAD, rows, width, left=2)
    for sentence in _sentences(found):
        text = sentence.lstrip()
        lines += wrap_text(Text(clean(text)), width, sentence.removesuffix(text), "  ")
    return lines


def _sentences(found: Forecast) -> Iterator[str]:
    planned, costs = found.planned, [model.cost(found.workers) for model in found.planned]
    yield from (f"{model.spec} cannot be asked: {model.error}" for model in found.models if model.error)
    for work in (work for model in planned[:1] for work in model.works if work.counted < work.pieces):
        drawn = f"{work.counted:,} of {count(work.pieces, 'question')}, drawn at random (± 95 % interval)"
        yield f"{work.label}: windows and tokens are estimated from {drawn}; items and cached are counted"
    workers = "in this process" if found.workers is None else f"{count(found.workers, 'worker')} on Ray"
    yield from ("", f"time, {workers}:")
    for model in planned:
        yield from _time_sentences(model, found.workers)
    parts = [f"{found.preparing_seconds:,.1f} s to read and check the data"]
    parts += [f"{found.start_seconds:,.1f} s to start"] * bool(found.start_seconds)
    parts += [f"{cost.seconds:,.1f} s" for cost in costs[:5]]
    rest = sum(cost.seconds for cost in costs[5:])
    parts += [f"{rest:,.1f} s for {count(len(costs) - 5, 'more model')}"] * (len(costs) > 5)
    seconds = found.cost.seconds
    plainly = f" = {duration_text(seconds)}" if seconds >= 120 else ""
    yield f"  all: {' + '.join(parts)} = {seconds:,.1f} s{plainly}"
    yield f"  not in it: intervals and ranks at the end{'; starting and ending Ray' * bool(found.workers)}"
    for model in planned:
        yield from _bill_sentences(model, found.prices)
    yield f"memory: {_memory(found)}"
    yield _disk(found.cost)
    if found.scaled is not None:
        models, items, cost = found.scaled
        answering, driver = duration_text(cost.answering_seconds), duration_text(cost.driver_seconds)
        yield ""
        yield f"{count(models, 'model')} like these, each on {count(items, 'item')} like these, none cached:"
        yield (
            f"  {count(round(cost.tokens), 'token')}; {answering} of one worker; "
            f"{driver} of the process that scores and writes"
        )
        yield f"  {workers}: {duration_text(cost.seconds)}"
        yield f"  {_disk(cost)}"


def _time_sentences(model: ModelForecast, workers: int | None) -> Iterator[str]:
    formulas = [f"{model.load_seconds:,.1f} s load"] * model.loads
    margin = 0.0
    for work in model.works:
        left, unit, per_second = work.speed
        formula = f"{count(work.rows, 'row')} x {1000 * work.probe.row_seconds:,.2f} ms scoring"
        formula = f"{work.reading_seconds:,.1f} s reading + {formula}"
        if per_second:
            answering = f"{left.value:,} {unit} / ({per_second:,.0f} {unit}/s x {workers or 1:,})"
            formula = f"{answering} + {formula}" if workers is None else f"max({answering}, {formula})"
            margin += left.margin / (per_second * (workers or 1))
        if len(model.works) > 1:
            seconds = f"{work.cost(workers).seconds:,.1f} s"
            yield f"  {model.spec}, {work.label}: {formula} = {seconds}"
            formula = seconds
        formulas.append(formula)
    about = f" (± {margin:,.1f} s)" if margin else ""
    yield f"  {model.spec}: {' + '.join(formulas)} = {model.cost(workers).seconds:,.1f} s{about}"


def _bill_sentences(model: ModelForecast, prices: tuple[float, float] | None) -> Iterator[str]:
    bills = [bill for work in model.works if (bill := work.bill(prices))]
    if not bills:
        return
    left = sum(work.left for work in model.works)
    read, written = (sum(bill[name] for bill in bills) for name in ("tokens_in", "tokens_out"))
    about = "" if all(work.tokens_left is not None for work in model.works) else "about "
    cost = "" if prices is None else f"; cost about {sum(bill['cost'] for bill in bills):,.4g}"
    tokens = f"{about}{count(read, 'token')} to read, about {written:,} to write"
    yield f"{model.spec}: {count(left, 'prompt')}; {tokens}{cost}"


def _memory(found: Forecast) -> str:
    if found.memory is None:
        return "not known; no model is loaded"
    worker, whole = map(size_text, found.memory)
    if found.workers is None:
        return f"{whole}, of the largest model's process"
    driver = f"{size_text(found.driver_rss_bytes or 0)}, of the process that plans"
    return f"{found.workers:,} x {worker}, of the largest model's process, + {driver} = {whole}"


def _disk(cost: Cost) -> str:
    predictions, cache = size_text(round(cost.predictions_bytes)), size_text(round(cost.cache_bytes))
    return f"disk: {predictions} of predictions, {cache} of cache"
