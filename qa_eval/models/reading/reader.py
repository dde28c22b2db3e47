"""Reading: from instances to predictions, for any model that computes start and end logits.

This module connects a forward pass with the rest of the package. It does not import torch, so every backend
reads in the same way. The reader takes instances in chunks and sorts the windows of a chunk by length.
Windows go through the model in batches that hold at most a given number of tokens, padded to the longest
window. Logits are reduced to n-best spans at once, so memory holds only the tokens of a long text.
"""

from __future__ import annotations

import math
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
"""Version of the reading code, which is part of fingerprints. A change of windows, scores or the order of
spans needs a new one."""

_CHUNK_INSTANCES = 64
"""Number of instances that are tokenized together."""
_CHUNK_BATCHES = 32
"""Number of batches whose tokens end a chunk. It is large enough that sorting by length saves time, and small
enough that a laptop stores answers every few seconds in case the run is stopped."""
_MEMORY_TOKENS = 1_000_000
"""Greatest number of tokens that are kept of texts, for further questions about them."""

_NOT_FINITE = "the model computed logits that are not finite numbers"
_NONE = np.empty(0, np.float32)

_AHEAD = 4
"""Number of batches that wait for workers, so that no worker is idle during tokenizing and decoding."""

_P = ParamSpec("_P")
_T = TypeVar("_T")

Floats = NDArray[np.float32]
Outcome = tuple[int, Window, "tuple[Floats, Floats] | str"]
"""Result for one window: the number of its instance, the window, and its start and end logits or a
message."""
Arrays = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Token ids, attention mask and token types of a batch, each of shape (batch, length)."""


class OutOfMemoryError(Exception):
    """A forward pass had too little memory on its device. A smaller batch may succeed."""


class Forward(Protocol):
    """A loaded model, which a backend provides. Several workers may call it at the same time."""

    def __call__(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64], types: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        """The start logits and the end logits of a batch, as float32 of shape (batch, length).

        The arguments are the token ids, the attention mask and the token types, each of shape (batch,
        length). Raises `OutOfMemoryError` if a smaller batch may succeed. Any other exception means that the
        batch failed.
        """


@dataclass(slots=True)
class Timings:
    """Times that the reading thread spent, in seconds. `SpanReader.read` adds to them as it goes."""

    tokenizing: float = 0.0
    """Time to tokenize texts and to cut windows, in seconds."""
    forward: float = 0.0
    """Time of the forward passes with padding and copying of inputs, in seconds. With workers, it is the time
    spent waiting for them."""
    decoding: float = 0.0
    """Time to turn logits into spans and spans into predictions, in seconds."""


@dataclass(slots=True)
class _Reading:
    """An instance that is being read, and the results of its windows so far."""

    instance: Instance
    context: Tokens
    left: int
    """Number of windows without a result yet."""
    windows: int
    """Number of all windows."""
    tokens: int
    """Number of tokens of all windows."""
    spans: list[Spans] = field(default_factory=list)
    """Best spans of each window so far."""
    null_score: float | None = None
    """Least null score of the windows so far."""
    error: str | None = None
    """Message about a window that failed."""

    def lower(self, null_score: float | None) -> None:
        """Takes the null score of a window. An answer in one window is an answer in the text, so the least
        null score of all windows counts.
        """
        if null_score is not None:
            self.null_score = null_score if self.null_score is None else min(self.null_score, null_score)


class SpanReader:
    """A reader that answers instances. It needs a windower, decoding options and a forward pass.

    The forward pass is loaded when it is first needed.
    """

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
        """Makes a reader.

        Args:
            windower: Cuts questions and texts into windows.
            decoding: Options of decoding.
            load: Loads the forward pass.
            null: Whether the logits of the "no answer" token mean anything.
            pad_id: Id of the padding token.
            batch_tokens: Greatest number of tokens in a batch, with padding.
            alone: Whether every window is a batch of its own. Its logits then depend on no other window.
            pad: Whether a batch may hold windows of different lengths.
            workers: Opens the threads that compute different batches at the same time, for each reading. None
                to compute one batch after another.
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
        self._known: OrderedDict[tuple[str, bool], Tokens | WindowError] = OrderedDict()
        self._kept = 0

    def with_forward(
        self,
        load: Callable[[], Forward],
        *,
        workers: Callable[[], AbstractContextManager[Executor]] | None,
        alone: bool,
        pad: bool,
    ) -> SpanReader:
        """A reader with the same windows and decoding options but another forward pass."""
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
        """One prediction for each instance, as soon as all its windows have a result.

        The time that it takes, without loading the weights, is added to `timings`.
        """
        timings = timings or Timings()
        with (self.workers or _InThisThread)() as pool:
            yield from self._read(instances, timings, pool, ahead=_AHEAD if self.workers else 0)

    def _read(
        self, instances: Sequence[Instance], timings: Timings, pool: Executor, *, ahead: int
    ) -> Iterator[Prediction]:
        """Submits batches in order. Up to `ahead` of them wait before the result of the first is taken."""
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
        answered = self._taken(readings, found)
        timings.forward += done - since
        timings.decoding += time.perf_counter() - done
        return answered

    # ------------------------------------------------------------------- parts of reading, to measure them

    def forward(self) -> Forward:
        """The forward pass, loaded if necessary. Errors of loading are raised."""
        if self._forward is None:
            self._forward = self._load()
        return self._forward

    def unload(self) -> None:
        """Releases the forward pass. The next use loads it again."""
        self._forward = None

    @property
    def window_length(self) -> int:
        """Number of tokens in a full window."""
        return self._windower.max_length

    def windows(self, instances: Sequence[Instance]) -> list[Window]:
        """All windows of the instances that can be read."""
        return [window for _, _, queue in self._chunks(instances) for _, window in queue]

    def counts(self, instances: Sequence[Instance]) -> list[tuple[int, int]]:
        """Numbers of windows and tokens of each instance, as in its prediction; 0 if it cannot be read."""
        found = [(0, 0)] * len(instances)
        for readings, _, _ in self._chunks(instances):
            for number, reading in readings.items():
                found[number] = reading.windows, reading.tokens
        return found

    def arrays(self, windows: Sequence[Window]) -> Arrays:
        """The arguments of a `Forward` for a batch: ids, mask and types, padded to the longest window."""
        shape = len(windows), max(map(len, windows))
        ids = np.full(shape, self._pad_id, np.int64)
        mask, types = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, window in enumerate(windows):
            window.write(ids[row], types[row])
            mask[row, : len(window)] = 1
        return ids, mask, types

    def bare(self, batches: Sequence[Arrays], *, workers: bool) -> None:
        """Runs only the forward pass of each batch, on the workers or one after another."""
        forward = self.forward()
        if workers and self.workers is not None:
            with self.workers() as pool:
                for done in [pool.submit(forward, *batch) for batch in batches]:
                    done.result()
            return
        for batch in batches:
            forward(*batch)

    def forget(self) -> None:
        """Drops the tokens of recent texts, so that the next reading tokenizes them again."""
        self._known.clear()
        self._kept = 0

    # ---------------------------------------------------------------------------------- tokens to windows

    def _chunks(
        self, instances: Sequence[Instance]
    ) -> Iterator[tuple[dict[int, _Reading], list[Prediction], list[tuple[int, Window]]]]:
        """Chunks: instances by number, predictions of those that failed, and (number, window) pairs."""
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
        """The question tokens and context tokens of each instance. Recent texts are not tokenized again."""
        questions = self._remembered([instance.question for instance in group], placed=False)
        contexts = self._remembered([instance.context for instance in group], placed=True)
        while self._kept > _MEMORY_TOKENS:
            self._kept -= _size(self._known.popitem(last=False)[1])
        return list(zip(questions, contexts, strict=True))

    def _remembered(self, texts: Sequence[str], *, placed: bool) -> list[Tokens | WindowError]:
        """The tokens of each text, with their characters if `placed`."""
        wanted = dict.fromkeys((text, placed) for text in texts)
        new = [key for key in wanted if key not in self._known]
        found = self._windower.tokenize([text for text, _ in new], placed=placed) if new else ()
        for key, tokens in zip(new, found, strict=True):
            self._known[key] = tokens
            self._kept += _size(tokens)
        for key in wanted:
            self._known.move_to_end(key)
        return [self._known[text, placed] for text in texts]

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
        """Batches of windows with similar lengths, the shortest first.

        Most windows are full, and these keep the order of their instances. Answers therefore come steadily
        and not all at the end.
        """
        queue = sorted(queue, key=lambda entry: len(entry[1]))
        at = 0
        while at < len(queue):
            to = at + 1
            # The budget is read again each time because it shrinks when memory runs out.
            while not self._alone and to < len(queue) and self._joins(queue[at][1], queue[to][1], to - at):
                to += 1
            yield queue[at:to]
            at = to

    def _joins(self, first: Window, window: Window, others: int) -> bool:
        """Whether a window may join a batch that begins with `first` and holds `others` windows."""
        return len(window) * (others + 1) <= self._budget and (self._pad or len(first) == len(window))

    def _outcomes(self, batch: list[tuple[int, Window]]) -> list[Outcome]:
        """Each window with its logits or with a message. A batch that fails is halved and tried again."""
        try:
            starts, ends = self.forward()(*self.arrays([window for _, window in batch]))
        except Exception as error:  # one failing window must not fail the others
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

    def _taken(self, readings: dict[int, _Reading], outcomes: Sequence[Outcome]) -> list[Prediction]:
        """Records the outcomes of windows. Returns the predictions of instances that have all of theirs."""
        whole: list[tuple[_Reading, Window, Floats, Floats]] = []
        for number, window, logits in outcomes:
            if isinstance(logits, str):
                readings[number].error = logits
            else:
                here = slice(window.offset, window.offset + window.size)
                null = self._null_score(window, *logits)
                if math.isfinite(null or 0.0):
                    whole.append((readings[number], window, logits[0][here], logits[1][here]))
                    readings[number].lower(null)
                else:
                    readings[number].error = _NOT_FINITE
        for reading, spans in self._spans(whole):
            reading.spans.append(spans)
        answered = []
        for number, _, _ in outcomes:
            readings[number].left -= 1
            if not readings[number].left:
                answered.append(self._prediction(readings.pop(number)))
        return answered

    def _null_score(self, window: Window, start: Floats, end: Floats) -> float | None:
        """The score of no answer in one window; None if the model has none."""
        if not self._null or window.null_at is None:
            return None
        return float(start[window.null_at]) + float(end[window.null_at])

    def _spans(
        self, windows: Sequence[tuple[_Reading, Window, Floats, Floats]]
    ) -> Iterator[tuple[_Reading, Spans]]:
        """The best spans of windows, by the logits of their context tokens. Logits that are not finite are an
        error of the reading.
        """
        logits = np.concatenate([part for _, _, *parts in windows for part in parts]) if windows else _NONE
        if not np.isfinite(logits).all():
            for reading, _, start, end in windows:
                if not (np.isfinite(start).all() and np.isfinite(end).all()):
                    reading.error = _NOT_FINITE
            windows = [window for window in windows if window[0].error is None]
        places = [(reading.context, slice(w.first, w.first + w.size)) for reading, w, _, _ in windows]
        found = best_spans(
            [start for _, _, start, _ in windows],
            [end for _, _, _, end in windows],
            [context.text_starts[place] for context, place in places],
            [context.text_ends[place] for context, place in places],
            max_answer_tokens=self._decoding.max_answer_tokens,
            n_best=self._decoding.n_best,
        )
        yield from zip((reading for reading, *_ in windows), found, strict=True)

    def _prediction(self, reading: _Reading) -> Prediction:
        instance = reading.instance
        if reading.error is not None:
            return Prediction(
                item=instance.item, windows=reading.windows, tokens=reading.tokens, error=reading.error
            )
        best = merge_spans(reading.spans, self._decoding.n_best)
        return Prediction(
            item=instance.item,
            n_best=span_candidates(instance, best.scores.tolist(), best.starts.tolist(), best.ends.tolist()),
            null_score=reading.null_score,
            windows=reading.windows,
            tokens=reading.tokens,
        )


class _InThisThread(Executor):
    """An executor that calls a submitted function at once. Exceptions pass through `submit`."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """A future that holds the result of the call."""
        future: Future[_T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class SpanModel:
    """A model that reads with a `SpanReader`. Its weights are loaded at the first `predict`."""

    def __init__(self, info: ModelInfo, decoding: Decoding, reader: SpanReader) -> None:
        self.info = info
        self.decoding: Decoding | None = decoding
        self.reader = reader

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """One prediction for each instance, as in `Model`. Raises `ModelError` if the weights do not load."""
        return self.reader.read(instances)

    def unload(self) -> None:
        """Releases weights and tokens. The next use loads them again."""
        self.reader.unload()
        self.reader.forget()


def _size(tokens: Tokens | WindowError) -> int:
    return 1 + (len(tokens) if isinstance(tokens, Tokens) else 0)
