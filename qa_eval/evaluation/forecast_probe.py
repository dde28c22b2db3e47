"""Counts what a run would ask, and lets each model answer for a short time in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Container, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from functools import cache, partial
from itertools import chain, count
from pathlib import Path
from typing import Any, NamedTuple

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
from qa_eval.records import Instance, Prediction, Track
from qa_eval.runs.options import RunOptions
from qa_eval.runs.prediction_lines import render_prediction

_FEW = 512
"""Number of pieces whose cached answers are processed if nothing was asked."""


def probe_models(
    plans: Sequence[Plan],
    options: RunOptions,
    note: Callable[[str], None],
    *,
    seconds: float,
    counted: int,
    asks_cached: bool,
) -> list[ModelForecast]:
    """A forecast for each model of a run with these options. The plans are of the same models. No answers are
    kept.

    Each model has a process of its own, which counts windows and tokens and answers items for `seconds`. Of a
    data set with more than `counted` items, only a random sample of that size is cut into windows. With
    `asks_cached`, cached items are asked too: a forecast for another scale needs a speed even if nothing is
    left. `note` is called with messages. The forecast of a model that cannot be asked gives the reason.
    """
    path, found = cache_path(), []
    # A forecast does not create the cache if it does not exist yet.
    known = PredictionCache(path=path) if options.cache and path.exists() else None
    threads = max(1, int(options.cpus_per_worker)) if options.engine == "ray" else None
    spawn = multiprocessing.get_context("spawn")
    with known or nullcontext():
        for number, contestant in enumerate(plans[0].contestants):
            spec = contestant.model.info.spec
            note(f"{spec}: counting")
            samples = [_Sample(plan, plan.contestants[number], options, known, counted) for plan in plans]
            asked = [sample.shuffled(cached=asks_cached) for sample in samples]
            try:
                with ProcessPoolExecutor(1, spawn, initializer=_prepare, initargs=(threads,)) as pool:
                    call = partial(_called, pool, spec, options)
                    found.append(_model_forecast(call, samples, asked, seconds, note))
            except ModelFailedError as error:
                note(f"{spec}: failed: {error}")
                found.append(ModelForecast(spec=spec, error=str(error)))
    return found


def _model_forecast(
    call: Callable[..., Any],
    samples: Sequence[_Sample],
    asked: Sequence[Sequence[Instance]],
    seconds: float,
    note: Callable[[str], None],
) -> ModelForecast:
    """The forecast of a model. `call` calls functions with it. `asked` are the instances of each sample."""
    info, since, load = samples[0].contestant.model.info, time.perf_counter(), 0.0
    call(_examine)
    start = time.perf_counter() - since
    counts = [call(_counts, list(chain(*sample.pieces))) for sample in samples]
    if first := list(chain(*asked))[:1]:
        note(f"{info.spec}: answering for about {seconds:g} s")
        if info.backend != "server":  # a server has its weights loaded
            once, again = (call(_ask, first, seconds).seconds for _ in range(2))
            load = max(0.0, once - again)
    replies: list[_Reply] = [call(_ask, instances, seconds / len(samples)) for instances in asked]
    answers = [answer for reply in replies for answer in reply.answers]
    if answers and all(answer.error is not None for answer in answers):
        raise ModelFailedError(answers[0].error or "")  # a run would raise it too
    return ModelForecast(
        spec=info.spec,
        works=tuple(map(_Sample.work, samples, counts, replies)),
        start_seconds=start,
        load_seconds=load,
        peak_rss_bytes=replies[-1].peak_rss_bytes if answers else None,
    )


# ------------------------------------------------------------------------------------------ the questions


class _Sample:
    """The instances of one data set for one model, or a random sample of them.

    They are in pieces: the instances of a fact, or of a question of a data set.
    """

    def __init__(
        self,
        plan: Plan,
        contestant: Contestant,
        options: RunOptions,
        known: PredictionCache | None,
        counted: int,
    ) -> None:
        """Reads the task once."""
        self.plan, self.contestant, self.options, self.known = plan, contestant, options, known
        self.size, self.cached, self.reading_seconds = plan.task.size(contestant.model), 0, 0.0
        self.parts: list[Part] = []
        self.pieces: list[Sequence[Instance]] = []
        self.left: list[Sequence[Instance]] = []  # of each piece, the instances that are not cached
        facts, places = plan.task.data.facts, count()
        drawn: Container[int] = range(facts)
        if self.size > counted:
            number = max(2, round(facts * counted / self.size))
            drawn = set(random.Random(0).sample(range(facts), number))  # noqa: S311 - not for secrets
        since = time.perf_counter()
        for part in plan.task.parts(contestant.model):
            self.reading_seconds += time.perf_counter() - since
            keys = contestant.keys(part.instances) if known is not None else {}
            there = known.known(keys.values()) if known is not None else set()
            self.cached += sum(key in there for key in keys.values())
            some = {fact: piece for fact, piece in part.by_fact().items() if next(places) in drawn}
            self.parts.append(part.only(some))
            self.pieces += some.values()
            self.left += [[i for i in piece if keys.get(i.item) not in there] for piece in some.values()]
            since = time.perf_counter()

    def shuffled(self, *, cached: bool) -> list[Instance]:
        """The instances, with or without those that are cached. The pieces are in random order."""
        pieces = list(self.pieces if cached else self.left)
        random.Random(1).shuffle(pieces)  # noqa: S311 - not for secrets
        return list(chain(*pieces))

    def work(self, counts: Mapping[str, tuple[int, int]], reply: _Reply) -> Work:
        """The work to do. `counts` are the windows and tokens of the items, and `reply` is to the probe."""
        data, left = self.plan.task.data, self.size - self.cached

        def total(pieces: Sequence[Sequence[Instance]], column: int, size: int) -> Total | None:
            if not counts:
                return None
            values = [sum(counts[i.item][column] for i in piece) for piece in pieces]
            return estimated(values, list(map(len, pieces)), size=size, pieces=data.facts)

        return Work(
            dataset=data.dataset or "questions",
            items=self.size,
            cached=self.cached,
            rows=data.items.reading + data.items.pooled,
            pieces=data.facts,
            counted=len(self.pieces),
            windows=total(self.pieces, 0, self.size),
            tokens=total(self.pieces, 1, self.size),
            windows_left=total(self.left, 0, left),
            tokens_left=total(self.left, 1, left),
            reading_seconds=self.reading_seconds,
            probe=self._pace(reply),
        )

    def _pace(self, reply: _Reply) -> Pace:
        """The speed of answering, and of processing answers as a run does.

        A first pass over some answers warms up. If nothing was asked, cached answers are processed.
        """
        answers = {answer.item: answer for answer in reply.answers}
        probed = [piece for piece in self.pieces if any(i.item in answers for i in piece)]
        items = [i.item for piece in probed or self.pieces[:_FEW] for i in piece]
        written = [a.tokens_out for a in reply.answers if a.tokens_out is not None]
        self._processed(answers, set(items[:100]))
        row_seconds, row_bytes, answer_bytes = self._processed(answers, set(items))
        return Pace(
            items=reply.asked,
            tokens=sum(answer.tokens - (answer.tokens_out or 0) for answer in reply.answers),
            tokens_out=sum(written) if written else None,
            seconds=reply.seconds,
            row_seconds=row_seconds,
            row_bytes=row_bytes,
            answer_bytes=answer_bytes,
        )

    def _processed(self, answers: Mapping[str, Prediction], items: Container[str]) -> tuple[float, ...]:
        """The seconds and bytes of a row, and the bytes of an answer in the cache. Nothing is kept."""
        tables: dict[Track, ScoreTable] = {}
        kept, sizes = [], []
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "answers.sqlite"
            PredictionCache(path=path).close()
            empty = path.stat().st_size
            with PredictionCache(path=path) as scratch:
                since = time.perf_counter()
                for part in self.parts:
                    asked = {i.item: i for i in part.instances if i.item in items}
                    given = {item: answers[item] for item in asked if item in answers}
                    keys = self.contestant.keys(list(asked.values())) if self.options.cache else {}
                    kept += [(k, given[i], asked[i]) for i, k in keys.items() if i in given]
                    if self.known is not None:
                        given |= self.known.get([(k, asked[i]) for i, k in keys.items() if i not in given])
                    rows = part.judge(given, self.plan.options.threshold, whole=False)
                    self.plan.task.tabulate(tables, rows)
                    sizes += [len(render_prediction(row)) for row in rows]
                scratch.put(self.contestant.model.info.spec, kept)
                seconds = time.perf_counter() - since
            grown = path.stat().st_size - empty
        number = max(len(sizes), 1)
        return seconds / number, sum(sizes) / number, grown / len(kept) if kept else 0.0


# ------------------------------------------------------------------------------------------ the process


class _Reply(NamedTuple):
    answers: list[Prediction]
    asked: int
    seconds: float
    peak_rss_bytes: int | None


def _prepare(threads: int | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # an interruption shows no traceback of this process
    if threads is not None:
        # Ray sets the same variable. Libraries read it when they are imported.
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))


def _called(
    pool: ProcessPoolExecutor,
    spec: str,
    options: RunOptions,
    function: Callable[..., object],
    *arguments: object,
) -> object:
    """The result of a function of the model, called in its process. Raises ModelFailedError if it fails."""
    try:
        return pool.submit(_call, spec, options, function, *arguments).result()
    except BrokenProcessPool:
        raise ModelFailedError("its process died") from None


def _call(spec: str, options: RunOptions, function: Callable[..., object], *arguments: object) -> object:
    try:
        return function(_model(spec, options), *arguments)
    except Exception as error:
        raise ModelFailedError(str(error)) from None


@cache
def _model(spec: str, options: RunOptions) -> Model:
    """The model of this process."""
    return resolve(spec, options.decoding, options.runtime)


def _examine(model: Model) -> None:
    getattr(model, "reader", None)  # examines a model whose kept results were used


def _counts(model: Model, instances: Sequence[Instance]) -> dict[str, tuple[int, int]]:
    """The numbers of windows and tokens of each item; empty for a model that counts none.

    A prompt is one window. A server does not count the tokens of prompts.
    """
    if isinstance(model, WrittenAnswers):
        tokens = {i.item: model.count_tokens(i) for i in instances}
        return {item: (1, number) for item, number in tokens.items() if number is not None}
    reader = getattr(model, "reader", None)
    if not isinstance(reader, SpanReader):
        return {}
    return {i.item: numbers for i, numbers in zip(instances, reader.counts(instances), strict=True)}


def _ask(model: Model, instances: Sequence[Instance], limit: float) -> _Reply:
    """Asks the model as the local engine does, in growing doses, until `limit` seconds have passed."""
    found: list[Prediction] = []
    # An answer of a language model may take seconds. A server is asked as many at once as in a run.
    least, dose = 1, 16
    if isinstance(model, WrittenAnswers):
        least = dose = getattr(model.generator, "concurrency", 1)
    asked, seconds, since = 0, 0.0, time.perf_counter()
    while asked < len(instances) and seconds < limit:
        some = instances[asked : asked + dose]
        # The caller decides over all answers whether the model fails on everything.
        for answers in LocalEngine().predict(model, some, known_good=True):
            found += answers
        asked, seconds = asked + len(some), time.perf_counter() - since
        dose = max(least, min(2 * dose, int(asked * (limit - seconds) / max(seconds, 1e-9))))
    return _Reply(found, asked, seconds, peak_rss_bytes())
