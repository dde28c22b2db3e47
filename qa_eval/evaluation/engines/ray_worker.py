"""The code that runs on a cluster: a worker process that holds one model, and the reading of its requests.

A worker gets a task, which names a model, and requests, which hold instances. Golds never leave the driver.
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
"""Time between two signals of a busy worker, in seconds."""
_Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WorkerTask:
    """The model that a worker has to load, and the identity that it must have there."""

    info: ModelInfo
    """Identity of the model on the driver."""
    decoding: Decoding | None
    """Decoding options in effect on the driver."""
    asked: Decoding
    """Decoding options of the call."""
    runtime: Runtime
    """Runtime options of the call."""


@dataclass(frozen=True, slots=True)
class WorkerRequest:
    """A batch on its way to a worker."""

    task: WorkerTask
    """Model that has to answer."""
    instances: tuple[Instance, ...]
    """Instances of the batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReply:
    """The result of a batch."""

    predictions: tuple[Prediction, ...]
    """Predictions for the batch."""
    failure: str | None = None
    """Reason why the model cannot answer at all; None if it can."""
    worker: str
    """Name of the worker: its machine and process."""


def pack(number: int, value: WorkerRequest | WorkerReply) -> pa.Table:
    """A row of the Ray data set: the number of a batch, and its request or reply.

    A batch is one row, so that batches do not depend on how Ray cuts its blocks.
    """
    return pa.table({"number": [number], "value": [pickle.dumps(value)]})


def unpack(columns: _Columns) -> Iterator[tuple[int, Any]]:
    """The number and the content of each row."""
    for number, value in zip(columns["number"], columns["value"], strict=True):
        yield int(number), pickle.loads(value)  # noqa: S301 - from our own processes


class Post:
    """An actor that connects the driver with the task that feeds the workers, and with the workers."""

    def __init__(self) -> None:
        self._rows: asyncio.Queue[pa.Table | None] = asyncio.Queue()
        self._told = time.monotonic()

    async def put(self, rows: Sequence[pa.Table | None]) -> None:
        """Adds rows. None marks the end."""
        for row in rows:
            self._rows.put_nowait(row)

    async def get(self) -> pa.Table | None:
        """The next row, after a wait until there is one; None at the end."""
        return await self._rows.get()

    async def at_work(self) -> None:
        """Records that a worker is busy now."""
        self._told = time.monotonic()

    async def quiet_seconds(self) -> float:
        """The time since a worker was last busy, in seconds."""
        return time.monotonic() - self._told


class Feed(Datasource):  # type: ignore[misc]
    """A Ray data source that gives batches in the order in which the driver puts them, until it puts None."""

    def __init__(self, post: Any) -> None:  # noqa: ANN401
        self._post = post

    def estimate_inmemory_data_size(self) -> int | None:
        """None, because the size is not known."""
        return None

    def get_read_tasks(
        self,
        parallelism: int,
        per_task_row_limit: int | None = None,
        data_context: Any = None,  # noqa: ANN401
    ) -> list[ReadTask]:
        """A single task, which reads as long as the run goes on."""
        del parallelism, per_task_row_limit, data_context
        post = self._post

        def read() -> Iterable[pa.Table]:
            while (table := ray.get(post.get.remote())) is not None:
                yield table

        return [ReadTask(read, BlockMetadata(None, None, None, None))]


class Worker:
    """An actor of the pool. It holds one model, which it loads when it is first asked."""

    def __init__(self, post: Any) -> None:  # noqa: ANN401
        self._post = post
        self._name = f"{socket.gethostname()}/{os.getpid()}"
        self._task: WorkerTask | None = None
        self._model: Model | None = None
        self._succeeded = False
        self._busy = threading.Event()
        threading.Thread(target=self._tell, daemon=True).start()

    def __call__(self, columns: _Columns) -> _Columns:
        """Answers batches of instances: takes rows with requests, and returns rows with replies."""
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
            # The driver knows all batches, so it decides whether the model fails on everything.
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
            self._model, self._succeeded = None, False  # only one model at a time fits in memory
            try:
                model = resolve(task.info.spec, task.asked, task.runtime)
            except Exception as error:
                raise ModelFailedError(f"it cannot be loaded on a worker: {error}") from error
            if (model.info, model.decoding) != (task.info, task.decoding):
                raise ModelFailedError(f"it is a different model on a worker: {_difference(task, model)}")
            self._task, self._model = task, model
        return self._model


def _difference(task: WorkerTask, model: Model) -> str:
    there, here = model.info.backend, task.info.backend
    if there != here:
        return f"its backend is {there} there and {here} here; set --device and --dtype"
    if task.info.fingerprint != model.info.fingerprint:
        return "its weights, tokenizer or code differ from those on this machine"
    return f"{model.info}, {model.decoding} there; {task.info}, {task.decoding} here"


def versions() -> dict[str, str]:
    """The versions that must be the same on every machine of a cluster."""
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "ray": metadata.version("ray"),
        "qa_eval": qa_eval.__version__,
    }
