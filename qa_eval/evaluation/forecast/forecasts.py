"""Counts what a run would ask, and probes the models."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import KW_ONLY, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Self, TypeVar

from qa_eval.evaluation.cache import PredictionCache, cache_path
from qa_eval.evaluation.engines.engine import ModelFailedError
from qa_eval.evaluation.environment import peak_rss_bytes
from qa_eval.evaluation.forecast.arithmetic import (
    Forecast,
    ModelForecast,
    Pace,
    Setting,
    Total,
    Work,
    estimated,
)
from qa_eval.evaluation.forecast.speed_probe import Process
from qa_eval.evaluation.plans import Contestant, Plan
from qa_eval.evaluation.tasks.task import Part
from qa_eval.metrics.score_table import ScoreTable
from qa_eval.records import Decoding, Instance, Prediction, Runtime, Track
from qa_eval.runs.predictions_writer import render_prediction
from qa_eval.runs.schema import PredictionRow

COUNTED = 10_000
"""Items of a data set that are put into windows; of a larger one, a sample of so many."""
PROBE_SECONDS = 5.0
"""So long a model answers, on all data sets together."""
_AT_ONCE = 512
"""Items that the process is given at once, as the local engine gives them to a model."""
_FIRST_DOSE = 16
_WARM = 100
"""So many pieces are judged before that is timed."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A fact, or a question of a data set."""

    part: int
    """Number of the part that it is of."""
    fact: str
    instances: Sequence[Instance]
    left: Sequence[Instance]
    """Those that are not cached."""


@dataclass(slots=True)
class _Sampled:
    """What reading through a task once has shown."""

    cached: int = 0
    seconds: float = 0.0
    parts: list[Part] = field(default_factory=list)
    """With the drawn pieces alone."""
    pieces: list[_Piece] = field(default_factory=list)


@dataclass(slots=True)
class _Probe:
    """What asking some pieces came to."""

    pieces: list[_Piece] = field(default_factory=list)
    answers: dict[str, Prediction] = field(default_factory=dict)
    asked: int = 0
    seconds: float = 0.0


def forecast(
    plans: Sequence[Plan],
    setting: Setting,
    *,
    decoding: Decoding,
    runtime: Runtime,
    preparing_seconds: float = 0.0,
    threads: int | None = None,
    cache: bool = True,
    probe_seconds: float = PROBE_SECONDS,
    counted: int = COUNTED,
    for_models: int | None = None,
    for_items: int | None = None,
    note: Callable[[str], None] = lambda message: None,
) -> Forecast:
    """What it would take to carry out plans of the same models over several tasks; nothing of it is kept.

    Each model is put into a process of its own, with `threads` cores: there windows and tokens are counted,
    those of a data set with more than `counted` items in a random sample of so many, and some items are
    asked for `probe_seconds`. A model that cannot be asked has a forecast that says why.
    """
    scales = for_models is not None or for_items is not None
    path = cache_path()
    # A cache that is not there yet is not begun for this.
    kept = PredictionCache(path=path) if cache and path.exists() else None
    with kept or nullcontext():
        planner = _Planner(
            plans,
            kept,
            keeps=cache,
            counted=counted,
            probe_seconds=probe_seconds,
            probes_cached=scales,
            note=note,
        )
        models = tuple(
            planner.forecast(number, decoding, runtime, threads)
            for number in range(len(plans[0].contestants))
        )
    return Forecast(
        setting=setting,
        models=models,
        preparing_seconds=preparing_seconds,
        driver_rss_bytes=peak_rss_bytes(),
        for_models=for_models,
        for_items=for_items,
    )


@dataclass(frozen=True, slots=True)
class _Planner:
    plans: Sequence[Plan]
    cache: PredictionCache | None
    _: KW_ONLY
    keeps: bool
    """Whether answers will be kept."""
    counted: int
    probe_seconds: float
    probes_cached: bool
    """Whether cached items are asked as well: what is scaled needs a pace even where nothing is left."""
    note: Callable[[str], None]

    def forecast(
        self, number: int, decoding: Decoding, runtime: Runtime, threads: int | None
    ) -> ModelForecast:
        """That of the model of this number."""
        contestants = [plan.contestants[number] for plan in self.plans]
        spec = contestants[0].model.info.spec
        self.note(f"{spec}: counting")
        sampled = [self._sampled(*pair) for pair in zip(self.plans, contestants, strict=True)]
        load = 0.0
        try:
            with Process(spec, decoding, runtime, threads=threads) as process:
                works = [
                    self._work(plan, contestants[0], found, process)
                    for plan, found in zip(self.plans, sampled, strict=True)
                ]
                if first := next(
                    (some for found in sampled for some in map(self._asked, found.pieces) if some), None
                ):
                    self.note(f"{spec}: answering for about {self.probe_seconds:g} s")
                    once, again = process.ask(first[:1]), process.ask(first[:1])
                    load = max(0.0, once.seconds - again.seconds)
                probes = [self._probe(found, process) for found in sampled]
                _refuse_failures(probes)
                start, peak = process.start_seconds, process.peak_rss_bytes
        except ModelFailedError as error:
            self.note(f"{spec}: failed: {error}")
            return ModelForecast(spec=spec, error=str(error))
        return ModelForecast(
            spec=spec,
            works=tuple(works),
            paces=tuple(
                self._pace(plan, contestant, found, probe)
                for plan, contestant, found, probe in zip(
                    self.plans, contestants, sampled, probes, strict=True
                )
            ),
            start_seconds=start,
            load_seconds=load,
            peak_rss_bytes=peak,
        )

    # ------------------------------------------------------------------------------------- counting

    def _sampled(self, plan: Plan, contestant: Contestant) -> _Sampled:
        """Reads through the task once: looks up what is cached, draws the pieces that are counted."""
        found = _Sampled()
        facts, items = plan.task.data.facts, plan.task.size(contestant.model)
        drawn: Container[int] = range(facts)
        if items > self.counted:
            number = max(2, round(facts * self.counted / items))
            drawn = set(random.Random(0).sample(range(facts), number))  # noqa: S311 - not for secrets
        seen = 0
        since = time.perf_counter()
        for number, part in enumerate(plan.task.parts(contestant.model)):
            found.seconds += time.perf_counter() - since
            keys = contestant.keys(part.instances) if self.cache is not None else {}
            known = self.cache.known(keys.values()) if self.cache is not None else set()
            found.cached += sum(key in known for key in keys.values())
            pieces = []
            for fact, instances in part.by_fact().items():
                if seen in drawn:
                    left = [i for i in instances if keys.get(i.item) not in known]
                    pieces.append(_Piece(number, fact, instances, left))
                seen += 1
            found.parts.append(part.only({piece.fact for piece in pieces}))
            found.pieces += pieces
            since = time.perf_counter()
        return found

    def _work(self, plan: Plan, contestant: Contestant, found: _Sampled, process: Process) -> Work:
        task = plan.task
        work = Work(
            dataset=task.data.dataset or "questions",
            items=task.size(contestant.model),
            cached=found.cached,
            rows=task.data.items.reading + task.data.items.pooled,
            pieces=task.data.facts,
            counted=len(found.pieces),
            reading_seconds=found.seconds,
        )
        return _with_windows(work, found.pieces, process) if process.has_windows else work

    # ------------------------------------------------------------------------------------- probing

    def _asked(self, piece: _Piece) -> Sequence[Instance]:
        return piece.instances if self.probes_cached else piece.left

    def _probe(self, found: _Sampled, process: Process) -> _Probe:
        """Asks pieces in random order, in growing doses, until the time is over."""
        pieces = [piece for piece in found.pieces if self._asked(piece)] or found.pieces[:_AT_ONCE]
        random.Random(1).shuffle(pieces)  # noqa: S311 - not for secrets
        probe, limit, dose, at = _Probe(), self.probe_seconds / len(self.plans), _FIRST_DOSE, 0
        while at < len(pieces) and probe.seconds < limit:
            asked: list[Instance] = []
            while at < len(pieces) and len(asked) < dose:
                asked += self._asked(pieces[at])
                at += 1
            if asked:
                said = process.ask(asked)
                probe.answers.update((p.item, p) for p in said.predictions)
                probe.asked += len(asked)
                probe.seconds += said.seconds
                fitting = int(probe.asked * (limit - probe.seconds) / max(probe.seconds, 1e-9))
                dose = max(1, min(2 * dose, fitting))
        probe.pieces = pieces[:at]
        return probe

    def _pace(self, plan: Plan, contestant: Contestant, found: _Sampled, probe: _Probe) -> Pace:
        """Does with the answers what a run does, and throws it away; twice with some, to be warm."""
        with _Scratch() as scratch:
            self._carried_out(plan, contestant, found, replace(probe, pieces=probe.pieces[:_WARM]), scratch)
        with _Scratch() as scratch:
            since = time.perf_counter()
            self._carried_out(plan, contestant, found, probe, scratch)
            seconds = time.perf_counter() - since
        return Pace(
            items=probe.asked,
            tokens=sum(p.tokens for p in probe.answers.values()),
            seconds=probe.seconds,
            row_seconds=seconds / scratch.rows if scratch.rows else 0.0,
            row_bytes=scratch.rows_bytes / scratch.rows if scratch.rows else 0.0,
            answer_bytes=scratch.answers_bytes / scratch.answers if scratch.answers else 0.0,
        )

    def _carried_out(
        self, plan: Plan, contestant: Contestant, found: _Sampled, probe: _Probe, scratch: _Scratch
    ) -> None:
        facts: dict[int, set[str]] = {}
        for piece in probe.pieces:
            facts.setdefault(piece.part, set()).add(piece.fact)
        tables: dict[Track, ScoreTable] = {}
        kept = []
        for number, some in facts.items():
            part = found.parts[number].only(some)
            asked = {i.item: i for i in part.instances}
            answers = {item: probe.answers[item] for item in asked if item in probe.answers}
            keys = contestant.keys(part.instances) if self.keeps else {}
            kept += [(keys[item], p, asked[item]) for item, p in answers.items() if item in keys]
            if self.cache is not None:
                answers |= self.cache.get([(k, asked[i]) for i, k in keys.items() if i not in answers])
            rows = part.judge(answers, plan.options.threshold)
            plan.task.tabulate(tables, rows)
            scratch.add(rows)
        scratch.keep(contestant.model.info.spec, kept)


class _Scratch:
    """What is written of some answers, in a folder that goes away."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name) / "answers.sqlite"
        PredictionCache(path=self._path).close()
        self._empty = self._path.stat().st_size
        self._cache = PredictionCache(path=self._path)
        self.rows = self.rows_bytes = self.answers = self.answers_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cache.close()
        self.answers_bytes = self._path.stat().st_size - self._empty
        self._folder.cleanup()

    def add(self, rows: Sequence[PredictionRow]) -> None:
        """As to a predictions file."""
        self.rows_bytes += sum(len(render_prediction(row).encode()) for row in rows)
        self.rows += len(rows)

    def keep(self, model: str, answers: Sequence[tuple[str, Prediction, Instance]]) -> None:
        """As in the prediction cache."""
        self._cache.put(model, answers)
        self.answers += len(answers)


def _with_windows(work: Work, pieces: Sequence[_Piece], process: Process) -> Work:
    """The work with windows and tokens: of all, and of what is left."""
    instances = (i for piece in pieces for i in piece.instances)
    counts = iter([count for some in _batches(instances, _AT_ONCE) for count in process.counts(some)])
    rows = []
    for piece in pieces:
        left = {i.item for i in piece.left}
        own = {i.item: next(counts) for i in piece.instances}
        rest = [own[item] for item in left]
        both = (own.values(), rest)
        rows.append([(len(some), sum(w for w, _ in some), sum(t for _, t in some)) for some in both])

    def total(which: int, column: int, size: int) -> Total:
        found = [row[which] for row in rows]
        values, sizes = [numbers[column] for numbers in found], [numbers[0] for numbers in found]
        return estimated(values, sizes, size=size, pieces=work.pieces)

    return replace(
        work,
        windows=total(0, 1, work.items),
        tokens=total(0, 2, work.items),
        windows_left=total(1, 1, work.left),
        tokens_left=total(1, 2, work.left),
    )


def _refuse_failures(probes: Sequence[_Probe]) -> None:
    """Raises ModelFailedError if every item that was asked failed, as a run would."""
    answers = [p for probe in probes for p in probe.answers.values()]
    if answers and all(p.error is not None for p in answers):
        raise ModelFailedError(answers[0].error or "")


def _batches(values: Iterator[_T], size: int) -> Iterator[list[_T]]:
    while batch := list(islice(values, size)):
        yield batch
