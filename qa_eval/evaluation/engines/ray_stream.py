"""A Ray data set that gets its rows while it is read, and that notices when nothing comes back.

    put ──▶ Post, on the driver's machine ──▶ Ray Data: read ──▶ map_batches(Worker, actor pool) ──▶ found

Ray may wait forever after a node was lost: for room to restart its worker, or for an answer that was in the
node's memory. A stream ends instead, with the reason, and the driver opens another one.
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
"""Number of times that Ray restarts a worker that died and asks it again."""
_LOOK_SECONDS = 0.2
"""Greatest time of one wait for answers, in seconds."""
_WATCH_SECONDS = 2.0
"""Time between two checks of the nodes, in seconds."""
_DEATHS = (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError)


class Stream:
    """A stream of batches to workers and of answers back, until `error` says why it ended.

    There are `size` workers on `nodes`, the nodes that are alive. `patience` is the greatest time, in
    seconds, in which no worker is busy although batches wait. It must be long enough to start a machine and
    load an image.
    """

    def __init__(
        self, size: int, nodes: Sequence[Mapping[str, Any]], *, cpus: float, gpus: float, patience: float
    ) -> None:
        self.size = size
        """Number of workers."""
        self.error: str | None = None
        """Reason why the stream ended; None while it works."""
        self.died = False
        """Whether the stream ended because a worker died repeatedly."""
        self.node_lost = False
        """Whether the stream ended because a node was lost."""
        self._nodes = {node["NodeID"] for node in nodes}
        self._patience = patience
        self._heard = self._looked = time.monotonic()
        self._found: queue.Queue[Any] = queue.Queue()
        # Batches that are out stay in this machine's memory, so they are not lost with another machine.
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
        # A row is a batch. It must move on at once, and never wait until a block is full.
        context.target_max_block_size = 1
        with ray.data.DataContext.current(context):
            # No retries: the rows that were read before do not exist for a second read.
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
        """Ends the stream. `idle` says that all answers have come back."""
        if idle and self.error is None:
            self._post.put.remote([None])
            self._thread.join(timeout=10)
        ray.kill(self._post)  # ends the tasks that still read from it
        self._thread.join(timeout=10)
        self._found = queue.Queue()
        gc.collect()  # Ray Data's operators hold their workers in cycles

    def put(self, batches: Iterable[tuple[int, WorkerRequest]]) -> None:
        """Sends batches to the workers, each with its number. Raises RayError if the post has died."""
        if rows := [pack(number, asked) for number, asked in batches]:
            ray.get(self._post.put.remote(rows))
            self._heard = time.monotonic()  # workers without batches may have been silent before

    def some(self) -> Iterator[tuple[int, WorkerReply]]:
        """The answers that came back, after a short wait. Sets `error` if no more will come."""
        try:
            found = self._found.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            self._watch()
            return
        if isinstance(found, ray.ObjectRef):
            yield from self._fetched(found)
        else:
            # The task that reads fails only if its post died; this is not the death of a worker.
            task_failed = isinstance(found, ray.exceptions.RayTaskError)
            self.died = isinstance(found, _DEATHS) and not task_failed
            self._end(reason(found) if found is not None else "the stream ended")

    def _fetched(self, answer: ray.ObjectRef) -> Iterator[tuple[int, WorkerReply]]:
        while self.error is None:
            try:
                table = ray.get(answer, timeout=_WATCH_SECONDS)
            except ray.exceptions.GetTimeoutError:  # the answer is on its way, or was on a lost node
                self._watch()
            except ray.exceptions.RayError as error:
                self._end(reason(error))
            else:
                self._heard = time.monotonic()
                yield from unpack(table.to_pydict())
                return

    def _watch(self) -> None:
        """Ends the stream if a node was lost, or if no worker was busy for too long."""
        now = time.monotonic()
        if now - self._looked < _WATCH_SECONDS:
            return
        self._looked = now
        if self._lost():
            self._end("a node was lost")
        elif now - self._heard > self._patience:
            quiet = ray.get(self._post.quiet_seconds.remote())
            if quiet > self._patience:
                self._end(f"no worker was busy for {quiet:.0f} seconds")

    def _lost(self) -> bool:
        return not self._nodes <= {node["NodeID"] for node in ray.nodes() if node["Alive"]}

    def _end(self, why: str) -> None:
        self.node_lost = self._lost()
        self.error = "a node was lost" if self.node_lost else why

    def _read(self, dataset: Any) -> None:  # noqa: ANN401
        # The driver fetches the answers, because this thread would wait forever for a lost one.
        try:
            for bundle in dataset.iter_internal_ref_bundles():
                for answer in bundle.block_refs:
                    self._found.put(answer)
        except Exception as error:
            self._found.put(error)
        else:
            self._found.put(None)


def reason(error: BaseException) -> str:
    """The type of a Ray error and the last line of its message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1] if lines else ''}".rstrip(": ")
