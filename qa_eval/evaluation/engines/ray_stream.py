"""A Ray data set that is fed while it is read, and watched while nothing comes.

    put ──▶ Post, on the driver's machine ──▶ Ray Data: read ──▶ map_batches(Worker, actor pool) ──▶ found

Ray may wait for ever: for room to start a worker anew after its node is gone, or for an answer that lay on
that node. A stream ends instead, with the reason, and its driver opens another one.
"""

from __future__ import annotations

import gc
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from qa_eval.evaluation.engines.ray_worker import Feed, Post, Worker, WorkerReply, WorkerRequest, pack, unpack

_RESTARTS = 2
"""So often Ray restarts a worker that died, and asks again what it was asked."""
_LOOK_SECONDS = 0.2
_WATCH_SECONDS = 2.0
"""So often the nodes are looked at."""
_DEATHS = (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError)


class Stream:
    """Batches in, answers out, until `error` says why there will be no more.

    `size` workers on `nodes`, those that are alive. `patience`: so many seconds may pass in which no worker
    is at work, although something was put; starting one may mean to start a machine and to load an image.
    """

    def __init__(
        self, size: int, nodes: Sequence[Mapping[str, Any]], *, cpus: float, gpus: float, patience: float
    ) -> None:
        self.size = size
        self.error: str | None = None
        self.died = False
        """Whether it ended because a worker died, again and again."""
        self.node_lost = False
        """Whether it ended because a node went."""
        self._nodes = {node["NodeID"] for node in nodes}
        self._patience = patience
        self._heard = self._looked = time.monotonic()
        self._found: queue.Queue[Any] = queue.Queue()
        # What is out lies in this machine's memory: no other machine can take it along when it goes.
        here = {
            "num_cpus": 0,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(
                ray.get_runtime_context().get_node_id(), soft=False
            ),
        }
        self._post = ray.remote(Post).options(**here).remote()
        context = ray.data.DataContext.get_current().copy()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        # A row is a batch: it must go on as soon as it is there, and never wait for a block to fill.
        context.target_max_block_size = 1
        with ray.data.DataContext.current(context):
            # Read once: what was fed before is not there for a second time.
            dataset = ray.data.read_datasource(
                Feed(self._post), override_num_blocks=1, ray_remote_args=here | {"max_retries": 0}
            ).map_batches(
                Worker,
                fn_constructor_args=(self._post,),
                batch_size=1,
                batch_format="numpy",
                compute=ray.data.ActorPoolStrategy(size=size),
                num_cpus=cpus,
                num_gpus=gpus,
                max_restarts=_RESTARTS,
                max_task_retries=_RESTARTS,
            )
        self._thread = threading.Thread(target=self._read, args=(dataset,), daemon=True)
        self._thread.start()

    def close(self, *, idle: bool) -> None:
        """Ends it; `idle`: everything that was put has come back."""
        if idle and self.error is None:
            self._post.put.remote([None])
            self._thread.join(timeout=10)
        ray.kill(self._post)  # whoever still reads it ends
        self._thread.join(timeout=10)
        self._found = queue.Queue()
        gc.collect()  # Ray Data's operators hold their workers in cycles

    def put(self, batches: Iterable[tuple[int, WorkerRequest]]) -> None:
        """Sends batches off, each with its number. Raises RayError if the post is gone."""
        if rows := [pack(number, asked) for number, asked in batches]:
            ray.get(self._post.put.remote(rows))
            self._heard = time.monotonic()  # who was asked nothing may have been silent

    def some(self) -> Iterator[tuple[int, WorkerReply]]:
        """What came back, after waiting a moment for it; sets `error` if nothing more will come."""
        try:
            found = self._found.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            self._watch()
            return
        if isinstance(found, ray.ObjectRef):
            yield from self._fetched(found)
        else:
            task_failed = isinstance(found, ray.exceptions.RayTaskError)  # of what feeds: its post died
            self.died = isinstance(found, _DEATHS) and not task_failed
            self._end(reason(found) if found is not None else "the stream ended")

    def _fetched(self, answer: ray.ObjectRef) -> Iterator[tuple[int, WorkerReply]]:
        while self.error is None:
            try:
                table = ray.get(answer, timeout=_WATCH_SECONDS)
            except ray.exceptions.GetTimeoutError:  # it is on its way, or was on a node that is gone
                self._watch()
            except ray.exceptions.RayError as error:
                self._end(reason(error))
            else:
                self._heard = time.monotonic()
                yield from unpack(table.to_pydict())
                return

    def _watch(self) -> None:
        """Ends the stream if a node was lost, or nobody has been at work for too long."""
        now = time.monotonic()
        if now - self._looked < _WATCH_SECONDS:
            return
        self._looked = now
        if self._lost():
            self._end("a node was lost")
        elif now - self._heard > self._patience:
            quiet = ray.get(self._post.quiet_seconds.remote())
            if quiet > self._patience:
                self._end(f"no worker was at work for {quiet:.0f} seconds")

    def _lost(self) -> bool:
        return not self._nodes <= {node["NodeID"] for node in ray.nodes() if node["Alive"]}

    def _end(self, why: str) -> None:
        self.node_lost = self._lost()
        self.error = "a node was lost" if self.node_lost else why

    def _read(self, dataset: Any) -> None:  # noqa: ANN401
        # Answers are fetched by the driver: here one that is lost would be waited for, and nothing would end.
        try:
            for bundle in dataset.iter_internal_ref_bundles():
                for answer in bundle.block_refs:
                    self._found.put(answer)
        except Exception as error:
            self._found.put(error)
        else:
            self._found.put(None)


def reason(error: BaseException) -> str:
    """The last line of what Ray says, and its kind."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1] if lines else ''}".rstrip(": ")
