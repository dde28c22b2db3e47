"""A process of its own that holds one model: what it counts, how fast it answers, what memory it takes.

Of its own, so that starting, loading and memory are this model's alone, and so that a model that kills its
process ends nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from qa_eval.evaluation.engines.engine import ModelFailedError
from qa_eval.evaluation.engines.local import LocalEngine
from qa_eval.evaluation.environment import peak_rss_bytes
from qa_eval.models.protocol import Model
from qa_eval.models.reading.reader import SpanReader
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, Prediction, Runtime

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ProbeReply:
    """What came of asking."""

    predictions: list[Prediction]
    seconds: float
    peak_rss_bytes: int | None


class Process:
    """A process with one model; a context. Every method raises ModelFailedError where the model cannot work.

    `threads`: cores that it may use, as a Ray worker would; None for as many as there are.
    """

    def __init__(self, spec: str, decoding: Decoding, runtime: Runtime, *, threads: int | None) -> None:
        self._pool = ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), initializer=_prepare, initargs=(threads,)
        )
        self._what = spec, decoding, runtime
        self.start_seconds = 0.0
        """What it took until the model was examined, its libraries imported."""
        self.has_windows = False
        """Whether `counts` can be called."""
        self.peak_rss_bytes: int | None = None
        """The most memory that it has held while it was asked."""

    def __enter__(self) -> Self:
        since = time.perf_counter()
        try:
            self.has_windows = self._call(_hold, *self._what)
        except BaseException:
            self._pool.shutdown()
            raise
        self.start_seconds = time.perf_counter() - since
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def counts(self, instances: Sequence[Instance]) -> list[tuple[int, int]]:
        """Windows and tokens of each."""
        return self._call(_counts, list(instances))

    def ask(self, instances: Sequence[Instance]) -> ProbeReply:
        """Has the model answer, as the local engine would."""
        said = self._call(_ask, list(instances))
        self.peak_rss_bytes = said.peak_rss_bytes
        return said

    def _call(self, function: Callable[..., _T], *arguments: Any) -> _T:  # noqa: ANN401
        try:
            return self._pool.submit(function, *arguments).result()
        except BrokenProcessPool:
            raise ModelFailedError("its process died") from None


# ------------------------------------------------------------------------------------- over there

_held: Model | None = None


def _prepare(threads: int | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever interrupts wants no traceback of this process
    if threads is not None:
        # As Ray does; read by the libraries when they are imported.
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))


def _hold(spec: str, decoding: Decoding, runtime: Runtime) -> bool:
    global _held  # noqa: PLW0603 - the process is there for nothing else
    try:
        _held = resolve(spec, decoding, runtime)
        return isinstance(getattr(_held, "reader", None), SpanReader)
    except Exception as error:
        raise ModelFailedError(str(error)) from None


def _counts(instances: list[Instance]) -> list[tuple[int, int]]:
    reader: Any = _held
    return reader.reader.counts(instances)  # type: ignore[no-any-return]


def _ask(instances: list[Instance]) -> ProbeReply:
    assert _held is not None
    since = time.perf_counter()
    try:
        # Whether it fails on everything is judged over all that is asked.
        found = [p for some in LocalEngine().predict(_held, instances, known_good=True) for p in some]
    except Exception as error:
        raise ModelFailedError(str(error)) from None
    return ProbeReply(found, time.perf_counter() - since, peak_rss_bytes())
