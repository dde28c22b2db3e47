"""Counts what a run would ask, and lets each model answer for a short time in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from qa_eval.evaluation.cache import PredictionCache, cache_path
from qa_eval.evaluation.engines.engine import ModelFailedError
from qa_eval.evaluation.engines.local import LocalEngine
from qa_eval.evaluation.environment import peak_rss_bytes
from qa_eval.evaluation.forecast import ModelForecast, Pace, Total, Work, estimated
from qa_eval.evaluation.plans import Contestant, Plan
from qa_eval.evaluation.tasks.task import Part
from qa_eval.metrics.score_table import ScoreTable
from qa_eval.models.generation.written_answers import WrittenAnswers
from qa_eval.models.protocol import Model
from qa_eval.models.reading.reader import SpanReader
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, Prediction, Runtime, Track
from qa_eval.runs.prediction_lines import render_prediction

_AT_ONCE = 512
"""Number of items that the process gets at once to count."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOptions:
    """Options of counting and of asking models."""

    decoding: Decoding
    """Decoding options of the run."""
    runtime: Runtime
    """Runtime options of the run."""
    threads: int | None = None
    """Number of cores of the model's process, as for a Ray worker; None for all cores."""
    cache: bool = True
    """Whether the run would cache answers."""
    seconds: float = 5.0
    """Time for which each model answers, on all data sets together, in seconds."""
    counted: int = 10_000
    """Greatest number of items of a data set that are cut into windows. Of a larger data set, a random sample
    of this size is cut."""
    asks_cached: bool = False
    """Whether cached items are asked too. A forecast for another scale needs a speed even if nothing is
    left."""


def probe_models(
    plans: Sequence[Plan], probe: ProbeOptions, note: Callable[[str], None]
) -> list[ModelForecast]:
    """A forecast for each model. The plans are of the same models over several tasks. No answers are kept.

    Each model has a process of its own, which counts windows and tokens and answers some items. The forecast
    of a model that cannot be asked gives the reason. `note` is called with messages about the progress.
    """
    path, found = cache_path(), []
    # A forecast does not create the cache if it does not exist yet.
    known = PredictionCache(path=path) if probe.cache and path.exists() else None
    spawn = multiprocessing.get_context("spawn")
    with known or nullcontext():
        for number, contestant in enumerate(plans[0].contestants):
            spec = contestant.model.info.spec
            note(f"{spec}: counting")
            samples = [_Sample(plan, plan.contestants[number], known, probe) for plan in plans]
            try:
                with ProcessPoolExecutor(1, spawn, initializer=_prepare, initargs=(probe.threads,)) as pool:
                    found.append(_model_forecast(spec, samples, pool, probe, note))
            except ModelFailedError as error:
                note(f"{spec}: failed: {error}")
                found.append(ModelForecast(spec=spec, error=str(error)))
    return found


def _model_forecast(
    spec: str,
    samples: Sequence[_Sample],
    pool: ProcessPoolExecutor,
    probe: ProbeOptions,
    note: Callable[[str], None],
) -> ModelForecast:
    since = time.perf_counter()
    _call(pool, _hold, spec, probe.decoding, probe.runtime)
    start, load = time.perf_counter() - since, 0.0
    works = [sample.work(pool) for sample in samples]
    first = [instance for sample in samples for instance in sample.to_ask][:1]
    if first:
        note(f"{spec}: answering for about {probe.seconds:g} s")
    if first and samples[0].contestant.model.info.backend != "server":  # a server has its weights loaded
        once, again = (_call(pool, _ask, first, probe.seconds) for _ in range(2))
        load = max(0.0, once.seconds - again.seconds)
    replies = [_call(pool, _ask, sample.to_ask, probe.seconds / len(samples)) for sample in samples]
    answers = [answer for reply in replies for answer in reply.answers]
    if answers and all(answer.error is not None for answer in answers):
        raise ModelFailedError(answers[0].error or "")  # a run would raise it too
    paces = map(_Sample.pace, samples, replies)
    return ModelForecast(
        spec=spec,
        works=tuple(replace(work, probe=pace) for work, pace in zip(works, paces, strict=True)),
        start_seconds=start,
        load_seconds=load,
        peak_rss_bytes=replies[-1].peak_rss_bytes if answers else None,
    )


# ------------------------------------------------------------------------------------------ the questions


@dataclass(slots=True)
class _Sample:
    """The instances of one data set for one model, or a random sample of them."""

    plan: Plan
    contestant: Contestant
    cache: PredictionCache | None
    probe: ProbeOptions
    size: int = 0
    """Number of instances of the data set."""
    cached: int = 0
    reading_seconds: float = 0.0
    parts: list[Part] = field(default_factory=list)
    pieces: list[tuple[Sequence[Instance], Sequence[Instance]]] = field(default_factory=list)
    """Instances of each drawn fact or question: all of them, and those that are not cached."""

    def __post_init__(self) -> None:
        """Reads the task once."""
        facts, self.size = self.plan.task.data.facts, self.plan.task.size(self.contestant.model)
        drawn: Container[int] = range(facts)
        if self.size > self.probe.counted:
            number = max(2, round(facts * self.probe.counted / self.size))
            drawn = set(random.Random(0).sample(range(facts), number))  # noqa: S311 - not for secrets
        seen, since = 0, time.perf_counter()
        for part in self.plan.task.parts(self.contestant.model):
            self.reading_seconds += time.perf_counter() - since
            keys = self.contestant.keys(part.instances) if self.cache is not None else {}
            known = self.cache.known(keys.values()) if self.cache is not None else set()
            self.cached += sum(key in known for key in keys.values())
            by_fact = part.by_fact()
            some = {fact: by_fact[fact] for place, fact in enumerate(by_fact, seen) if place in drawn}
            self.pieces += [(a, [i for i in a if keys.get(i.item) not in known]) for a in some.values()]
            self.parts.append(part.only(some))
            seen, since = seen + len(by_fact), time.perf_counter()

    @property
    def to_ask(self) -> list[Instance]:
        """Instances to ask in the probe, with the pieces in random order."""
        pieces = [every if self.probe.asks_cached else left for every, left in self.pieces]
        random.Random(1).shuffle(pieces)  # noqa: S311 - not for secrets
        return [instance for piece in pieces for instance in piece]

    def work(self, pool: ProcessPoolExecutor) -> Work:
        """The work to do, with the windows and tokens of all items and of those that are not cached."""
        data, left = self.plan.task.data, self.size - self.cached
        counts: dict[str, tuple[int, int]] = {}
        asked = [instance for every, _ in self.pieces for instance in every]
        for start in range(0, len(asked), _AT_ONCE):
            counts |= _call(pool, _counts, asked[start : start + _AT_ONCE])

        def total(which: int, column: int, size: int) -> Total | None:
            if not counts:
                return None
            pieces = [piece[which] for piece in self.pieces]
            values = [sum(counts[i.item][column] for i in piece) for piece in pieces]
            return estimated(values, list(map(len, pieces)), size=size, pieces=data.facts)

        return Work(
            dataset=data.dataset or "questions",
            items=self.size,
            cached=self.cached,
            rows=data.items.reading + data.items.pooled,
            pieces=data.facts,
            counted=len(self.pieces),
            windows=total(0, 0, self.size),
            tokens=total(0, 1, self.size),
            windows_left=total(1, 0, left),
            tokens_left=total(1, 1, left),
            reading_seconds=self.reading_seconds,
        )

    def pace(self, reply: _Reply) -> Pace:
        """The speed of answering, and of processing answers as a run does; the results are thrown away.

        A first pass over some answers warms up. If nothing was asked, cached answers are processed.
        """
        answers = {answer.item: answer for answer in reply.answers}
        probed = [every for every, _ in self.pieces if any(i.item in answers for i in every)]
        written = [a.tokens_out for a in reply.answers if a.tokens_out is not None]
        items = [i.item for every in probed or [every for every, _ in self.pieces[:_AT_ONCE]] for i in every]
        self._written(answers, set(items[:100]))
        row_seconds, row_bytes, answer_bytes = self._written(answers, set(items))
        return Pace(
            items=reply.asked,
            tokens=sum(answer.tokens - (answer.tokens_out or 0) for answer in reply.answers),
            tokens_out=sum(written) if written else None,
            seconds=reply.seconds,
            row_seconds=row_seconds,
            row_bytes=row_bytes,
            answer_bytes=answer_bytes,
        )

    def _written(self, answers: dict[str, Prediction], items: Container[str]) -> tuple[float, float, float]:
        """The seconds and bytes of a row, and the bytes of an answer in the cache."""
        tables: dict[Track, ScoreTable] = {}
        kept, rows, row_bytes = [], 0, 0
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "answers.sqlite"
            PredictionCache(path=path).close()
            empty = path.stat().st_size
            with PredictionCache(path=path) as scratch:
                since = time.perf_counter()
                for part in self.parts:
                    asked = {i.item: i for i in part.instances if i.item in items}
                    given = {item: answers[item] for item in asked if item in answers}
                    keys = self.contestant.keys(list(asked.values())) if self.probe.cache else {}
                    kept += [(k, given[i], asked[i]) for i, k in keys.items() if i in given]
                    if self.cache is not None:
                        given |= self.cache.get([(k, asked[i]) for i, k in keys.items() if i not in given])
                    judged = part.judge(given, self.plan.options.threshold, whole=False)
                    self.plan.task.tabulate(tables, judged)
                    row_bytes += sum(len(render_prediction(row).encode()) for row in judged)
                    rows += len(judged)
                scratch.put(self.contestant.model.info.spec, kept)
                seconds = time.perf_counter() - since
            grown = path.stat().st_size - empty
        return seconds / max(rows, 1), row_bytes / max(rows, 1), grown / len(kept) if kept else 0.0


# ------------------------------------------------------------------------------------------ the process


class _Reply(NamedTuple):
    answers: list[Prediction]
    asked: int
    seconds: float
    peak_rss_bytes: int | None


def _call(pool: ProcessPoolExecutor, function: Callable[..., _T], *arguments: object) -> _T:
    """The result of the function in the process. Raises ModelFailedError if the model cannot work."""
    try:
        return pool.submit(function, *arguments).result()
    except BrokenProcessPool:
        raise ModelFailedError("its process died") from None


_held: Model | None = None
"""Model of this process, if it is a process of the probe."""


def _prepare(threads: int | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # an interruption shows no traceback of this process
    if threads is not None:
        # Ray sets the same variable. Libraries read it when they are imported.
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))


def _hold(spec: str, decoding: Decoding, runtime: Runtime) -> None:
    global _held  # noqa: PLW0603 - the process is there for nothing else
    try:
        _held = resolve(spec, decoding, runtime)
        getattr(_held, "reader", None)  # examines a model whose kept results were used
    except Exception as error:
        raise ModelFailedError(str(error)) from None


def _counts(instances: Sequence[Instance]) -> dict[str, tuple[int, int]]:
    """The numbers of windows and tokens of each item; empty for a model that counts none.

    A prompt is one window. A server does not count the tokens of prompts.
    """
    if isinstance(_held, WrittenAnswers):
        tokens = {i.item: _held.count_tokens(i) for i in instances}
        return {item: (1, count) for item, count in tokens.items() if count is not None}
    reader = getattr(_held, "reader", None)
    if not isinstance(reader, SpanReader):
        return {}
    return {i.item: count for i, count in zip(instances, reader.counts(instances), strict=True)}


def _ask(instances: Sequence[Instance], limit: float) -> _Reply:
    """Asks the model as the local engine does, in growing doses, until `limit` seconds have passed."""
    assert _held is not None
    found: list[Prediction] = []
    # An answer of a language model may take seconds. A server is asked as many at once as in a run.
    least, dose = 1, 16
    if isinstance(_held, WrittenAnswers):
        least = dose = getattr(_held.generator, "concurrency", 1)
    asked, seconds, since = 0, 0.0, time.perf_counter()
    try:
        while asked < len(instances) and seconds < limit:
            some = instances[asked : asked + dose]
            # The caller decides over all answers whether the model fails on everything.
            for answers in LocalEngine().predict(_held, some, known_good=True):
                found += answers
            asked, seconds = asked + len(some), time.perf_counter() - since
            dose = max(least, min(2 * dose, int(asked * (limit - seconds) / max(seconds, 1e-9))))
    except Exception as error:
        raise ModelFailedError(str(error)) from None
    return _Reply(found, asked, seconds, peak_rss_bytes())
