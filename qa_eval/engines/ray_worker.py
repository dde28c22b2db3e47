"""What runs on a cluster: a process that holds one model, and reading what the driver sends it.

All that a worker is given is a `Task`, which names a model, and instances; golds never leave the driver.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

import pyarrow as pa
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask
from ray.util.queue import Queue

import qa_eval
from qa_eval.engines import ModelFailedError
from qa_eval.engines.local import LocalEngine
from qa_eval.errors import QaEvalError
from qa_eval.models import Model, resolve
from qa_eval.records import Decoding, Instance, ModelInfo, Prediction, Runtime

_NEVER = sys.maxsize
_Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """Which model a worker is to load, and what it must turn out to be there."""

    info: ModelInfo
    decoding: Decoding | None
    """As the driver found it."""
    asked: Decoding
    """As the call has it."""
    runtime: Runtime


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a batch: predictions, or why the model cannot answer at all."""

    predictions: tuple[Prediction, ...] = ()
    failure: str | None = None


def pack(number: int, value: Sequence[Instance] | Said) -> pa.Table:
    """A row of the Ray data set: a batch's number and what is in it.

    One row for a batch, so that batches are the same wherever they run, however Ray cuts its blocks.
    """
    return pa.table({"number": [number], "value": [pickle.dumps(value)]})


def unpack(columns: _Columns) -> Iterator[tuple[int, Any]]:
    """The numbers and contents of the rows."""
    for number, value in zip(columns["number"], columns["value"], strict=True):
        yield int(number), pickle.loads(value)  # noqa: S301 - from our own processes


class Feed(Datasource):  # type: ignore[misc]
    """Batches in the order in which the driver puts them, until it puts None."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def estimate_inmemory_data_size(self) -> int | None:
        """Nobody knows."""
        return None

    def get_read_tasks(
        self,
        parallelism: int,
        per_task_row_limit: int | None = None,
        data_context: Any = None,  # noqa: ANN401
    ) -> list[ReadTask]:
        """One, that reads for as long as the run goes on."""
        del parallelism, per_task_row_limit, data_context
        queue = self._queue

        def read() -> Iterable[pa.Table]:
            while (table := queue.get()) is not None:
                yield table

        return [ReadTask(read, BlockMetadata(None, None, None, None))]


class Worker:
    """An actor of the pool. Loads its model when it is first asked."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._model: Model | None = None
        self._succeeded = False

    def __call__(self, columns: _Columns) -> _Columns:
        """Batches of instances in, what was said of them out."""
        said = pa.concat_tables([pack(number, self._said(value)) for number, value in unpack(columns)])
        return {"number": said["number"].to_numpy(), "value": said["value"].to_pylist()}

    def _said(self, instances: Sequence[Instance]) -> Said:
        found: list[Prediction] = []
        try:
            model = self._loaded()
            # Whether it fails on everything is for the driver to say, who knows of all batches.
            engine = LocalEngine()
            if self._succeeded:
                engine = replace(engine, give_up_after=_NEVER)
            engine.predict(model, instances, found.extend, known_good=True)
        except QaEvalError as error:
            return Said(tuple(found), str(error))
        self._succeeded |= any(p.error is None for p in found)
        return Said(tuple(found))

    def _loaded(self) -> Model:
        if self._model is None:
            task = self._task
            try:
                model = resolve(task.info.spec, task.asked, task.runtime)
            except Exception as error:
                raise ModelFailedError(f"it cannot be loaded on a worker: {error}") from error
            if (model.info, model.decoding) != (task.info, task.decoding):
                raise ModelFailedError(f"it is another one on a worker: {_difference(task, model)}")
            self._model = model
        return self._model


def _difference(task: Task, model: Model) -> str:
    there, here = model.info.backend, task.info.backend
    if there != here:
        return f"computed by {there} there, by {here} here; name --device and --dtype"
    if task.info.fingerprint != model.info.fingerprint:
        return "its weights, tokenizer or code differ from those here"
    return f"{model.info}, {model.decoding} there; {task.info}, {task.decoding} here"


def versions() -> dict[str, str]:
    """What must be the same on every machine of a cluster."""
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "ray": metadata.version("ray"),
        "qa_eval": qa_eval.__version__,
    }
