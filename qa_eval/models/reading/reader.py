"""Reading: from instances to predictions, for any model that gives start and end logits.

Everything between a forward pass and the rest of the package, torch-free, so that every backend reads alike.
Instances are taken in chunks; the windows of a chunk are sorted by length and put through in batches of a
token budget, padded to their longest. Logits are reduced to n-best spans as they come, so memory does not
grow with the length of a text beyond its tokens.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from qa_eval.models.reading.spans import Spans, best_spans, merge_spans, span_candidates
from qa_eval.models.reading.windows import Tokens, Window, Windower, WindowError
from qa_eval.records import Decoding, Instance, ModelInfo, Prediction

READING_VERSION = "3"
"""Goes into fingerprints; changes whenever windows, scores or the order of spans can."""

_CHUNK_INSTANCES = 64
_CHUNK_BATCHES = 32
"""A chunk ends after so many instances' tokenization or so many batches' tokens: enough to sort by length to
good effect, little enough that answers are kept every few seconds on a laptop, should the run be stopped."""
_MEMORY_TOKENS = 1_000_000
"""Tokenized texts are kept for the next questions about them, up to so many tokens."""

_AHEAD = 4
"""Batches that wait for workers, so that tokenizing and decoding never keep one idle."""

_P = ParamSpec("_P")
_T = TypeVar("_T")

Floats = NDArray[np.float32]
Outcome = tuple[int, Window, "tuple[Floats, Floats] | str"]
"""Number of the instance, window, and its logits or what went wrong."""
Arrays = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


class OutOfMemoryError(Exception):
    """A forward pass found no room on its device; a smaller batch may."""


class Forward(Protocol):
    """A loaded model: what a backend has to provide. With workers, it is called by all of them at once."""

    def __call__(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64], types: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        """Start and end logits, as float32 of the shape of `ids` (batch, length).

        Raises `OutOfMemoryError` where a smaller batch may succeed; anything else is that batch's failure.
        """


@dataclass(slots=True)
class Timings:
    """What reading cost the thread that reads, in seconds; filled in by `SpanReader.read` as it goes."""

    tokenizing: float = 0.0
    """Texts to tokens, tokens to windows."""
    forward: float = 0.0
    """The model itself, padding and copying of its inputs included; with workers, waiting for them."""
    decoding: float = 0.0
    """Logits to spans, spans to predictions."""


@dataclass(slots=True)
class _Reading:
    """An instance under way: what its windows have said so far."""

    instance: Instance
    context: Tokens
    left: int
    windows: int
    tokens: int
    spans: list[Spans] = field(default_factory=list)
    null_score: float | None = None
    error: str | None = None


class SpanReader:
    """Answers instances with a windower, decoding options and a forward pass that is loaded when needed."""

    def __init__(
        self,
        windower: Windower,
        decoding: Decoding,
        load: Callable[[], Forward],
        *,
        null: bool,
        pad_id: int = 0,
        batch_tokens: int = 4096,
        alone: bool = False,
        pad: bool = True,
        workers: Callable[[], AbstractContextManager[Executor]] | None = None,
    ) -> None:
        """`null`: whether the "no answer" token's logits mean anything. `alone`: every window by itself,
        unpadded, so that its logits do not depend on its company. Without `pad`, a batch holds windows of one
        length only. `workers`: threads, opened for each reading, that put different batches through at once;
        without, batches go one after another.
        """
        self._windower = windower
        self._decoding = decoding
        self._load = load
        self._forward: Forward | None = None
        self._null = null and windower.has_null
        self._pad_id = pad_id
        self._budget = max(batch_tokens, 1)
        self._alone = alone
        self._pad = pad
        self.workers = workers
        self._known: OrderedDict[str, Tokens | WindowError] = OrderedDict()
        self._kept = 0

    def with_forward(
        self,
        load: Callable[[], Forward],
        *,
        workers: Callable[[], AbstractContextManager[Executor]] | None,
        alone: bool,
        pad: bool,
    ) -> SpanReader:
        """A reader with the same windows and decoding, and another forward pass."""
        return SpanReader(
            self._windower,
            self._decoding,
            load,
            null=self._null,
            pad_id=self._pad_id,
            batch_tokens=self._budget,
            alone=alone,
            pad=pad,
            workers=workers,
        )

    def read(self, instances: Sequence[Instance], timings: Timings | None = None) -> Iterator[Prediction]:
        """One prediction per instance, each as soon as its windows are through.

        What it takes, loading the weights apart, is added to `timings`.
        """
        timings = timings or Timings()
        with (self.workers or _InThisThread)() as pool:
            yield from self._read(instances, timings, pool, ahead=_AHEAD if self.workers else 0)

    def _read(
        self, instances: Sequence[Instance], timings: Timings, pool: Executor, *, ahead: int
    ) -> Iterator[Prediction]:
        """Submits batches in order, up to `ahead` of them before the first is waited for."""
        waiting: deque[tuple[dict[int, _Reading], Future[list[Outcome]]]] = deque()
        since = time.perf_counter()
        for readings, errors, queue in self._chunks(instances):
            timings.tokenizing += time.perf_counter() - since
            yield from errors
            if queue:
                self.forward()
            for batch in self._batches(queue):
                since = time.perf_counter()
                waiting.append((readings, pool.submit(self._outcomes, batch)))
                timings.forward += time.perf_counter() - since
                while len(waiting) > ahead:
                    yield from self._finished(*waiting.popleft(), timings)
            since = time.perf_counter()
        timings.tokenizing += time.perf_counter() - since
        while waiting:
            yield from self._finished(*waiting.popleft(), timings)

    def _finished(
        self, readings: dict[int, _Reading], outcomes: Future[list[Outcome]], timings: Timings
    ) -> list[Prediction]:
        since = time.perf_counter()
        found = outcomes.result()
        done = time.perf_counter()
        answered = [p for p in (self._taken(readings, *outcome) for outcome in found) if p is not None]
        timings.forward += done - since
        timings.decoding += time.perf_counter() - done
        return answered

    # ------------------------------------------------------------------------ its parts, for measuring

    def forward(self) -> Forward:
        """The forward pass alone, loaded if it is not yet. Raises what loading it raises."""
        if self._forward is None:
            self._forward = self._load()
        return self._forward

    def unload(self) -> None:
        """Lets the forward pass go; the next use loads it again."""
        self._forward = None

    @property
    def window_length(self) -> int:
        """Tokens of a full window."""
        return self._windower.max_length

    def windows(self, instances: Sequence[Instance]) -> list[Window]:
        """All windows of all instances that can be read."""
        return [window for _, _, queue in self._chunks(instances) for _, window in queue]

    def counts(self, instances: Sequence[Instance]) -> list[tuple[int, int]]:
        """Windows and tokens of each instance, as its prediction will say; 0 of one that cannot be read."""
        found = [(0, 0)] * len(instances)
        for readings, _, _ in self._chunks(instances):
            for number, reading in readings.items():
                found[number] = reading.windows, reading.tokens
        return found

    def arrays(self, windows: Sequence[Window]) -> Arrays:
        """Ids, mask and types of a batch, padded to its longest window: what a `Forward` takes."""
        shape = len(windows), max(map(len, windows))
        ids = np.full(shape, self._pad_id, np.int64)
        mask, types = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, window in enumerate(windows):
            ids[row, : len(window)] = window.ids
            types[row, : len(window)] = window.types
            mask[row, : len(window)] = 1
        return ids, mask, types

    def bare(self, batches: Sequence[Arrays], *, workers: bool) -> None:
        """The forward pass of each batch and nothing else, by the workers or one after another."""
        forward = self.forward()
        if workers and self.workers is not None:
            with self.workers() as pool:
                for done in [pool.submit(forward, *batch) for batch in batches]:
                    done.result()
            return
        for batch in batches:
            forward(*batch)

    def forget(self) -> None:
        """Drops the tokens of texts seen lately, so that the next reading tokenizes them again."""
        self._known.clear()
        self._kept = 0

    # ---------------------------------------------------------------------------------- tokens to windows

    def _chunks(
        self, instances: Sequence[Instance]
    ) -> Iterator[tuple[dict[int, _Reading], list[Prediction], list[tuple[int, Window]]]]:
        """Instances under way by number, those that failed at once, and all windows with their numbers."""
        readings: dict[int, _Reading] = {}
        errors: list[Prediction] = []
        queue: list[tuple[int, Window]] = []
        waiting = 0
        for at in range(0, len(instances), _CHUNK_INSTANCES):
            group = instances[at : at + _CHUNK_INSTANCES]
            for number, (instance, pair) in enumerate(zip(group, self._tokenized(group), strict=True), at):
                try:
                    context, windows = self._cut(instance, *pair)
                except WindowError as error:
                    errors.append(Prediction(item=instance.item, error=str(error)))
                    continue
                tokens = sum(map(len, windows))
                readings[number] = _Reading(instance, context, len(windows), len(windows), tokens)
                queue += [(number, window) for window in windows]
                waiting += tokens
                if waiting >= _CHUNK_BATCHES * self._budget:
                    yield readings, errors, queue
                    readings, errors, queue, waiting = {}, [], [], 0
        if readings or errors:
            yield readings, errors, queue

    def _tokenized(
        self, group: Sequence[Instance]
    ) -> list[tuple[Tokens | WindowError, Tokens | WindowError]]:
        """Question and context tokens of each; texts seen lately are not tokenized again."""
        wanted = dict.fromkeys(text for i in group for text in (i.question, i.context))
        new = [text for text in wanted if text not in self._known]
        for text, tokens in zip(new, self._windower.tokenize(new) if new else (), strict=True):
            self._known[text] = tokens
            self._kept += _size(tokens)
        for text in wanted:
            self._known.move_to_end(text)
        pairs = [(self._known[i.question], self._known[i.context]) for i in group]
        while self._kept > _MEMORY_TOKENS:
            self._kept -= _size(self._known.popitem(last=False)[1])
        return pairs

    def _cut(
        self, instance: Instance, question: Tokens | WindowError, context: Tokens | WindowError
    ) -> tuple[Tokens, list[Window]]:
        if isinstance(question, WindowError):
            raise WindowError(f"question {instance.question!r}: {question}")
        if isinstance(context, WindowError):
            raise WindowError(f"the text: {context}")
        try:
            return context, self._windower.windows(question, context)
        except WindowError as error:
            shown = instance.question if len(instance.question) <= 80 else instance.question[:79] + "…"
            raise WindowError(f"question {shown!r}: {error}") from None

    # --------------------------------------------------------------------------------- windows to logits

    def _batches(self, queue: list[tuple[int, Window]]) -> Iterator[list[tuple[int, Window]]]:
        """Windows of like length together. Short ones first: the full windows, which are most, then go in
        the order of their instances, so that answers come steadily and not all at the end.
        """
        queue = sorted(queue, key=lambda entry: len(entry[1]))
        at = 0
        while at < len(queue):
            to = at + 1
            # Read anew each time: the budget shrinks when memory runs out.
            while not self._alone and to < len(queue) and self._joins(queue[at][1], queue[to][1], to - at):
                to += 1
            yield queue[at:to]
            at = to

    def _joins(self, first: Window, window: Window, others: int) -> bool:
        """Whether a window may go into a batch that begins with `first` and holds so many others."""
        return len(window) * (others + 1) <= self._budget and (self._pad or len(first) == len(window))

    def _outcomes(self, batch: list[tuple[int, Window]]) -> list[Outcome]:
        """Each window with its logits, or with what went wrong; a batch that fails is halved."""
        try:
            starts, ends = self.forward()(*self.arrays([window for _, window in batch]))
        except Exception as error:  # one window must not take the others with it
            if len(batch) > 1:
                half = len(batch) // 2
                if isinstance(error, OutOfMemoryError):
                    self._budget = min(self._budget, half * max(len(w) for _, w in batch))
                return self._outcomes(batch[:half]) + self._outcomes(batch[half:])
            number, window = batch[0]
            reason = "out of memory" if isinstance(error, OutOfMemoryError) else type(error).__name__
            return [
                (number, window, f"the model fails on a window of {len(window)} tokens: {reason}: {error}")
            ]
        return [(number, window, (starts[row], ends[row])) for row, (number, window) in enumerate(batch)]

    # ------------------------------------------------------------------------------ logits to predictions

    def _taken(
        self,
        readings: dict[int, _Reading],
        number: int,
        window: Window,
        outcome: tuple[Floats, Floats] | str,
    ) -> Prediction | None:
        """Takes a window's outcome in; the prediction, where it was the last of its instance."""
        reading = readings[number]
        self._take(reading, window, outcome)
        return self._prediction(readings.pop(number)) if reading.left == 0 else None

    def _take(self, reading: _Reading, window: Window, outcome: tuple[Floats, Floats] | str) -> None:
        reading.left -= 1
        if isinstance(outcome, str):
            reading.error = outcome
            return
        here = slice(window.offset, window.offset + window.size)
        start_logits, end_logits = outcome[0][here], outcome[1][here]
        null = None
        if self._null and window.null_at is not None:
            null = float(outcome[0][window.null_at]) + float(outcome[1][window.null_at])
        if not (
            np.isfinite(start_logits).all() and np.isfinite(end_logits).all() and np.isfinite(null or 0.0)
        ):
            reading.error = "the model gave logits that are not finite numbers"
            return
        there = slice(window.first, window.first + window.size)
        reading.spans.append(
            best_spans(
                start_logits,
                end_logits,
                reading.context.text_starts[there],
                reading.context.text_ends[there],
                max_answer_tokens=self._decoding.max_answer_tokens,
                n_best=self._decoding.n_best,
            )
        )
        if null is not None:
            # An answer in any window is an answer: the text is silent only as far as its least silent window.
            reading.null_score = null if reading.null_score is None else min(reading.null_score, null)

    def _prediction(self, reading: _Reading) -> Prediction:
        instance = reading.instance
        if reading.error is not None:
            return Prediction(
                item=instance.item, windows=reading.windows, tokens=reading.tokens, error=reading.error
            )
        best = merge_spans(reading.spans, self._decoding.n_best)
        triples = zip(best.scores.tolist(), best.starts.tolist(), best.ends.tolist(), strict=True)
        return Prediction(
            item=instance.item,
            n_best=span_candidates(instance, triples),
            null_score=reading.null_score,
            windows=reading.windows,
            tokens=reading.tokens,
        )


class _InThisThread(Executor):
    """Calls what is submitted at once; the future has the result. An exception passes through."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """The future of a call that is done."""
        future: Future[_T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class SpanModel:
    """A model that reads with a `SpanReader`; its weights are loaded at the first `predict`."""

    def __init__(self, info: ModelInfo, decoding: Decoding, reader: SpanReader) -> None:
        self.info = info
        self.decoding: Decoding | None = decoding
        self.reader = reader

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """Raises `ModelError` where the weights cannot be loaded; see `Model.predict` for the rest."""
        return self.reader.read(instances)

    def unload(self) -> None:
        """Lets weights and tokens go; the next use loads them again."""
        self.reader.unload()
        self.reader.forget()


def _size(tokens: Tokens | WindowError) -> int:
    return 1 + (len(tokens) if isinstance(tokens, Tokens) else 0)
