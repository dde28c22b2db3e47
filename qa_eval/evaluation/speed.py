"""`qa-eval bench`: the speed of runs and of reading, compared with the bare forward pass on the same tokens.

The *floor* is the time of the forward pass alone. It gets the same windows, cut and padded beforehand, in the
best of several arrangements: one unpadded window, or windows of similar length up to a number of tokens;
threads that share each batch, or that take a batch each.

The *marginal ratio* is what a further item costs in a run. It is the time of a run over all items minus that
of a run over the first ones, divided by the same difference of the floor. What a run costs once, such as its
start, cancels out.

Runs, reading and the floor alternate, so that a machine that becomes slower slows all of them. Several models
take turns in every round. Times are medians over the rounds. The ratio is the median of the ratios of the
rounds. The shares are of all rounds together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Protocol

from qa_eval.errors import ModelError, QaEvalError
from qa_eval.evaluation.environment import peak_rss_bytes
from qa_eval.metrics.decisions import decide
from qa_eval.metrics.rules.squad import SQUAD_V2, Rules
from qa_eval.models.declarations import undeclared_sentence
from qa_eval.models.protocol import Model
from qa_eval.models.reading.reader import SpanReader, Timings
from qa_eval.models.reading.windows import Window
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, Prediction, Runtime
from qa_eval.text.phrases import count

SHAPES = tuple((tokens, workers) for tokens in (1, 512, 2048) for workers in (True, False))
"""Arrangements that are tried for the floor: the tokens of a batch (1 for single windows), and whether each
thread takes a batch of its own."""
FEWEST_ITEMS = 50
"""Number of items below which the ratios are mostly noise. With 5 questions of SQuAD they differed by half
from one measurement to the next, with 10 by a fifth, and with 50 by 0.03."""
_TRIAL_WINDOWS = 16
"""Number of windows, of all lengths, that decide which arrangement is the fastest."""


class TimedReading(Model, Protocol):
    """A model whose reading can be measured."""

    @property
    def reader(self) -> SpanReader:
        """Reader of the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """The speed of one model's reading. Times are medians over the rounds."""

    spec: str
    """Spec of the model."""
    backend: str
    """Backend that computed."""
    items: int
    """Number of items in a round."""
    windows: int
    """Number of windows in a round."""
    tokens: int
    """Number of tokens in a round."""
    seconds: float
    """Time of reading, from instances to predictions, in seconds."""
    floor_seconds: float
    """Time of the bare forward pass, in seconds."""
    floor_batch_tokens: int
    """Number of tokens in a batch of the fastest bare forward pass; 1 if every window is alone and
    unpadded."""
    floor_workers: bool
    """Whether different threads took different batches in the fastest bare forward pass."""
    ratio_to_floor: float
    """Ratio of the time of reading to that of the bare forward pass."""
    run_seconds: float | None
    """Time of a whole run over all items, in seconds: asking, scoring, intervals and writing. None if no run
    was measured."""
    marginal_ratio: float | None
    """Ratio of the cost of a further item in a run to that in the bare forward pass. None if no run was
    measured, or if there are too few items."""
    shares: dict[str, float]
    """Shares of the time of reading, as fractions: `tokenizing`, `forward`, `decoding`. The rest is
    bookkeeping."""
    peak_rss_bytes: int | None
    """Greatest memory of the process so far, in bytes. That of a second model includes the first."""

    def as_json(self) -> dict[str, Any]:
        """The row that `--json` prints."""
        return {
            "spec": self.spec,
            "backend": self.backend,
            "items": self.items,
            "windows": self.windows,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "items_per_second": self.items / self.seconds,
            "windows_per_second": self.windows / self.seconds,
            "tokens_per_second": self.tokens / self.seconds,
            "peak_rss_bytes": self.peak_rss_bytes,
            "shares": self.shares,
            "ratio_to_floor": self.ratio_to_floor,
            "run": {"seconds": self.run_seconds, "marginal_ratio": self.marginal_ratio},
            "floor": {
                "seconds": self.floor_seconds,
                "batch_tokens": self.floor_batch_tokens,
                "workers": self.floor_workers,
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAgreement:
    """The difference between a model's answers and those of the first model, on the same items."""

    spec: str
    """Spec of the model."""
    base: str
    """Spec of the first model."""
    items: int
    """Number of items."""
    moved: int
    """Number of items whose answers differ. Abstaining is an answer too."""
    largest_score_difference: float
    """Largest difference of the best span's score, or of the null score, over all items."""
    f1_difference: float
    """Difference of mean F1, that of the model minus that of the first model, as a fraction."""
    rules: str
    """Name of the rules of F1."""

    def as_json(self) -> dict[str, Any]:
        """The row that `--json` prints."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The two runs whose difference is the cost of the items that only the larger one has."""

    large: Callable[[Model], object]
    """Runs a model over all items."""
    small: Callable[[Model], object]
    """Runs a model over the first items."""
    first: Sequence[Instance]
    """Instances of the smaller run."""


@dataclass(slots=True)
class _Subject:
    model: TimedReading
    windows: list[Window]
    first_windows: list[Window]
    shape: tuple[int, bool] = (1, False)
    batches: list[Any] = field(default_factory=list)
    first_batches: list[Any] = field(default_factory=list)
    end_to_end: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    first_floor: list[float] = field(default_factory=list)
    large: list[float] = field(default_factory=list)
    small: list[float] = field(default_factory=list)
    timings: list[Timings] = field(default_factory=list)
    predictions: dict[str, Prediction] = field(default_factory=dict)
    peak: int | None = None


def bench(
    specs: Sequence[str],
    asked: Sequence[Instance],
    golds: Mapping[str, Sequence[str]],
    *,
    decoding: Decoding = Decoding(),  # noqa: B008 - frozen
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
    rounds: int = 3,
    rules: Rules = SQUAD_V2,
    runs: Runs | None = None,
    note: Callable[[str], None] = lambda message: None,
) -> tuple[list[Speed], list[AnswerAgreement]]:
    """The speeds of models on instances, and the differences of their answers from the first model's.

    `golds` holds the gold answers by item id; they are empty if the right answer is no answer. `rules` are
    the rules of F1. `runs` are the runs whose marginal cost is measured. `note` is called with messages about
    the progress. Raises SpecError and ModelError as `resolve` does, and ModelError for a kind of model that
    has no forward pass.
    """
    if len(asked) < FEWEST_ITEMS:
        few = count(len(asked), "item")
        note(f"only {few}: times so short vary, and so do the ratios; measure {FEWEST_ITEMS} items or more")
    subjects = []
    for spec in specs:
        model = resolve(spec, decoding, runtime)
        if (sentence := undeclared_sentence([model.info])) is not None:
            note(sentence)
        subject = _subject(model, asked, runs)
        found = f"{count(len(asked), 'item')}, {count(len(subject.windows), 'window')}"
        note(f"{spec}: {found}; finding the best batch shape")
        _find_shape(subject)
        subjects.append(subject)
    for number in range(rounds):
        note(f"round {number + 1} of {rounds}")
        for subject in subjects:
            # The first step of a round finds colder caches, so the steps take turns.
            steps = (_read, _run_floor) if number % 2 else (_run_floor, _read)
            for step in steps:
                step(subject, asked)
            if runs is not None:
                _run_both(subject, runs)
    speeds = [_speed(subject, len(asked)) for subject in subjects]
    return speeds, [_agreement(s, subjects[0], golds, rules) for s in subjects[1:]]


def _subject(model: Model, asked: Sequence[Instance], runs: Runs | None) -> _Subject:
    if not isinstance(getattr(model, "reader", None), SpanReader):
        raise ModelError(f"{model.info.spec} has no forward pass to compare with; name an hf: or onnx: model")
    reading: TimedReading = model  # type: ignore[assignment]
    windows = sorted(reading.reader.windows(asked), key=len)
    if not windows:
        raise QaEvalError("there is nothing to read")
    reading.reader.forward()
    first = [] if runs is None else sorted(reading.reader.windows(runs.first), key=len)
    return _Subject(reading, windows, first)


def batches(windows: Sequence[Window], tokens: int) -> Iterable[list[Window]]:
    """Batches of windows, which are sorted by length. A batch has at most `tokens` tokens, or one window."""
    at = 0
    while at < len(windows):
        to = at + 1
        while to < len(windows) and len(windows[to]) * (to - at + 1) <= tokens:
            to += 1
        yield list(windows[at:to])
        at = to


def _find_shape(subject: _Subject) -> None:
    reader = subject.model.reader
    some = subject.windows[:: -(-len(subject.windows) // _TRIAL_WINDOWS)]
    shapes = [shape for shape in SHAPES if reader.workers is not None or not shape[1]]
    packed = {tokens: [reader.arrays(b) for b in batches(some, tokens)] for tokens, _ in shapes}
    seconds: dict[tuple[int, bool], list[float]] = {shape: [] for shape in shapes}
    _bare(reader, packed[1][:2], workers=False)  # warm
    for _ in range(3):
        for tokens, workers in shapes:
            seconds[tokens, workers].append(_bare(reader, packed[tokens], workers=workers))
    subject.shape = min(shapes, key=lambda shape: median(seconds[shape]))
    subject.batches = [reader.arrays(b) for b in batches(subject.windows, subject.shape[0])]
    subject.first_batches = [reader.arrays(b) for b in batches(subject.first_windows, subject.shape[0])]


def _bare(reader: SpanReader, arrays: Sequence[Any], *, workers: bool) -> float:
    since = time.perf_counter()
    reader.bare(arrays, workers=workers)
    return time.perf_counter() - since


def _run_floor(subject: _Subject, asked: Sequence[Instance]) -> None:
    del asked
    subject.floor.append(_bare(subject.model.reader, subject.batches, workers=subject.shape[1]))


def _run_both(subject: _Subject, runs: Runs) -> None:
    """Measures the larger run and the smaller one, and the floor of the smaller one."""
    reader = subject.model.reader
    for run, times in ((runs.large, subject.large), (runs.small, subject.small)):
        reader.forward()  # a run unloads the model when it ends
        reader.forget()
        since = time.perf_counter()
        run(subject.model)
        times.append(time.perf_counter() - since)
    reader.forward()
    subject.first_floor.append(_bare(reader, subject.first_batches, workers=subject.shape[1]))


def _marginal_ratio(subject: _Subject) -> float | None:
    """The median, over the rounds, of the runs' difference divided by the floors' difference."""
    if len(subject.first_windows) == len(subject.windows):
        return None
    parts = zip(subject.large, subject.small, subject.floor, subject.first_floor, strict=True)
    ratios = [(large - small) / (floor - first) for large, small, floor, first in parts if floor > first]
    return median(ratios) if ratios else None


def _read(subject: _Subject, asked: Sequence[Instance]) -> None:
    timings = Timings()
    reader = subject.model.reader
    reader.forget()
    since = time.perf_counter()
    predictions = list(reader.read(asked, timings))
    subject.end_to_end.append(time.perf_counter() - since)
    subject.timings.append(timings)
    subject.predictions = {p.item: p for p in predictions}
    subject.peak = peak_rss_bytes()


def _speed(subject: _Subject, items: int) -> Speed:
    return Speed(
        spec=subject.model.info.spec,
        backend=subject.model.info.backend,
        items=items,
        windows=len(subject.windows),
        tokens=sum(map(len, subject.windows)),
        seconds=median(subject.end_to_end),
        floor_seconds=median(subject.floor),
        floor_batch_tokens=subject.shape[0],
        floor_workers=subject.shape[1],
        ratio_to_floor=median(a / b for a, b in zip(subject.end_to_end, subject.floor, strict=True)),
        run_seconds=median(subject.large) if subject.large else None,
        marginal_ratio=_marginal_ratio(subject) if subject.large else None,
        # Shares are of all rounds together, because medians of the parts need not add up.
        shares={
            part: sum(getattr(timings, part) for timings in subject.timings) / sum(subject.end_to_end)
            for part in ("tokenizing", "forward", "decoding")
        },
        peak_rss_bytes=subject.peak,
    )


def _agreement(
    new: _Subject, base: _Subject, golds: Mapping[str, Sequence[str]], rules: Rules
) -> AnswerAgreement:
    there, here = (
        {item: decide(p).text for item, p in subject.predictions.items()} for subject in (base, new)
    )
    f1 = [
        sum(rules.score(texts[item], golds[item])[1] for item in texts) / len(texts)
        for texts in (there, here)
    ]
    return AnswerAgreement(
        spec=new.model.info.spec,
        base=base.model.info.spec,
        items=len(there),
        moved=sum(here[item] != text for item, text in there.items()),
        largest_score_difference=max(_distance(p, new.predictions[i]) for i, p in base.predictions.items()),
        f1_difference=f1[1] - f1[0],
        rules=rules.name,
    )


def _distance(a: Prediction, b: Prediction) -> float:
    differences = [0.0]
    if a.n_best and b.n_best:
        differences.append(abs(a.n_best[0].score - b.n_best[0].score))
    if a.null_score is not None and b.null_score is not None:
        differences.append(abs(a.null_score - b.null_score))
    return max(differences)
