"""What runs on a cluster: a process that holds one model, and reading what the driver sends it.

A worker is given a task, which names a model, and requests, which hold instances. Golds never leave the
driver.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

import pyarrow as pa
import ray
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask

import qa_eval
from qa_eval.errors import QaEvalError
from qa_eval.evaluation.engines.engine import ModelFailedError
from qa_eval.evaluation.engines.local import LocalEngine
from qa_eval.models.protocol import Model
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, ModelInfo, Prediction, Runtime

_NEVER = sys.maxsize
_TELL_SECONDS = 2.0
"""So often a worker says that it is at work."""
_Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WorkerTask:
    """Which model a worker is to load, and what it must turn out to be there."""

    info: ModelInfo
    decoding: Decoding | None
    """As the driver found it."""
    asked: Decoding
    """As the call has it."""
    runtime: Runtime


@dataclass(frozen=True, slots=True)
class WorkerRequest:
    """A batch on its way to a worker."""

    task: WorkerTask
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReply:
    """What came of a batch: predictions, or why the model cannot answer at all."""

    predictions: tuple[Prediction, ...]
    failure: str | None = None
    worker: str
    """Machine and process."""


def pack(number: int, value: WorkerRequest | WorkerReply) -> pa.Table:
    """A row of the Ray data set: a batch's number and what is in it.

    One row for a batch, so that batches are the same wherever they run, however Ray cuts its blocks.
    """
    return pa.table({"number": [number], "value": [pickle.dumps(value)]})


def unpack(columns: _Columns) -> Iterator[tuple[int, Any]]:
    """The numbers and contents of the rows."""
    for number, value in zip(columns["number"], columns["value"], strict=True):
        yield int(number), pickle.loads(value)  # noqa: S301 - from our own processes


class Post:
    """An actor between the driver, what feeds the workers, and the workers."""

    def __init__(self) -> None:
        self._rows: asyncio.Queue[pa.Table | None] = asyncio.Queue()
        self._told = time.monotonic()

    async def put(self, rows: Sequence[pa.Table | None]) -> None:
        """Adds rows; None is the last."""
        for row in rows:
            self._rows.put_nowait(row)

    async def get(self) -> pa.Table | None:
        """The next row, as soon as there is one."""
        return await self._rows.get()

    async def at_work(self) -> None:
        """Some worker is busy."""
        self._told = time.monotonic()

    async def quiet_seconds(self) -> float:
        """How long ago a worker was last busy."""
        return time.monotonic() - self._told


class Feed(Datasource):  # type: ignore[misc]
    """Batches in the order in which the driver puts them, until it puts None."""

    def __init__(self, post: Any) -> None:  # noqa: ANN401
        self._post = post

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
        post = self._post

        def read() -> Iterable[pa.Table]:
            while (table := ray.get(post.get.remote())) is not None:
                yield table

        return [ReadTask(read, BlockMetadata(None, None, None, None))]


class Worker:
    """An actor of the pool. Holds one model, loaded when it is first asked."""

    def __init__(self, post: Any) -> None:  # noqa: ANN401
        self._post = post
        self._name = f"{socket.gethostname()}/{os.getpid()}"
        self._task: WorkerTask | None = None
        self._model: Model | None = None
        self._succeeded = False
        self._busy = threading.Event()
        threading.Thread(target=self._tell, daemon=True).start()

    def __call__(self, columns: _Columns) -> _Columns:
        """Batches of instances in, what was said of them out."""
        self._busy.set()
        said = pa.concat_tables([pack(number, self._said(asked)) for number, asked in unpack(columns)])
        self._busy.clear()
        return {"number": said["number"].to_numpy(), "value": said["value"].to_pylist()}

    def _tell(self) -> None:
        while self._busy.wait():
            self._post.at_work.remote()
            time.sleep(_TELL_SECONDS)

    def _said(self, asked: WorkerRequest) -> WorkerReply:
        found: list[Prediction] = []
        failure = None
        try:
            model = self._loaded(asked.task)
            # Whether it fails on everything is for the driver to say, who knows of all batches.
            engine = LocalEngine()
            if self._succeeded:
                engine = replace(engine, give_up_after=_NEVER)
            for some in engine.predict(model, asked.instances, known_good=True):
                found += some
        except QaEvalError as error:
            failure = str(error)
        self._succeeded |= failure is None and any(p.error is None for p in found)
        return WorkerReply(predictions=tuple(found), failure=failure, worker=self._name)

    def _loaded(self, task: WorkerTask) -> Model:
        if self._model is None or self._task != task:
            self._model, self._succeeded = None, False  # one at a time in memory
            try:
                model = resolve(task.info.spec, task.asked, task.runtime)
            except Exception as error:
                raise ModelFailedError(f"it cannot be loaded on a worker: {error}") from error
            if (model.info, model.decoding) != (task.info, task.decoding):
                raise ModelFailedError(f"it is another one on a worker: {_difference(task, model)}")
            self._task, self._model = task, model
        return self._model


def _difference(task: WorkerTask, model: Model) -> str:
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
