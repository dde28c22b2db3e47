"""Predicting on a Ray cluster: Ray Data streams batches of items through a pool of actors with the model.

    driver ──batches──▶ queue ──▶ Ray Data: read ──▶ map_batches(Worker, actor pool) ──▶ driver

The driver draws only so many batches ahead of the answers that its memory does not grow with their number.
It remembers those that are out; what a worker takes with it when it dies is asked again, by Ray
itself or, where Ray gives up, in a new round; what comes twice is taken once.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from qa_eval.engines import Group, Listener, ModelFailedError
from qa_eval.errors import QaEvalError, SpecError
from qa_eval.models import Model
from qa_eval.models.registry import parse_spec
from qa_eval.records import Decoding, Instance, Runtime

if TYPE_CHECKING:
    from qa_eval.engines.ray_worker import Said, Task

BATCH = 64
"""Items that a worker is given at once."""
_RESTARTS = 2
"""So often Ray restarts a worker that died, and asks again what it was asked."""
_ROUNDS = 2
"""So many rounds in which nothing is answered end a model."""
_LOST = 8
"""So often what feeds the workers may be lost; a pause lets the cluster find out which node is gone."""
_PAUSE_SECONDS = 2.0
_OBJECT_STORE = 256 * 2**20
"""Bytes, of a cluster that is started here: batches are small and few are under way."""
_LOOK_SECONDS = 0.2

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # what matters is raised as an error as well
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Read by Ray when it is imported; what the caller has set stays."""

_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class RayEngine:
    """Has models answer on a Ray cluster, which is started here where no address is given.

    `decoding` and `runtime` are those with which the models were resolved.
    """

    decoding: Decoding = Decoding()  # noqa: RUF009 - frozen
    runtime: Runtime = Runtime()  # noqa: RUF009 - frozen
    address: str | None = None
    """`auto` for the cluster of this machine, or HOST:PORT; None starts one that ends with the engine."""
    workers: int | None = None
    """Processes that hold a model; None for as many as there is room for."""
    cpus_per_worker: float = 1
    gpus_per_worker: float = 0
    batch: int = BATCH
    longest_first: bool = field(default=True, init=False)
    _started: bool = field(default=False, init=False)
    _size: int = field(default=0, init=False)

    def __enter__(self) -> Self:
        """Connects and looks around. Raises QaEvalError where Ray is not installed, no cluster answers, its
        versions are others, or it has no room for the workers.
        """
        _import_ray()
        import ray

        if not ray.is_initialized():
            self._connect()
            self._started = True
        try:
            nodes = [node for node in ray.nodes() if node["Alive"]]
            _check_versions(nodes)
            self._size = self._room(nodes)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        import ray

        if self._started:
            ray.shutdown()
            self._started = False

    def check(self, models: Sequence[Model]) -> None:
        """Raises SpecError for models that are no specs: only a name can travel."""
        for model in models:
            try:
                parse_spec(model.info.spec)
            except QaEvalError:
                raise SpecError(
                    f"{model.info.spec}: a model that is an object cannot travel to a cluster; give its spec"
                ) from None

    def answer(self, model: Model, groups: Iterable[Group], listener: Listener) -> None:
        """See `Engine.answer`."""
        import ray

        from qa_eval.engines.ray_worker import Task

        task = Task(model.info, model.decoding, self.decoding, self.runtime)
        desk = _Desk(_cut(groups, self.batch), listener, ahead=4 * self._size + 4)
        barren = lost = 0
        desk.fill()
        while desk.out:
            answered = desk.answered
            try:
                reason = self._round(task, desk)
            except ray.exceptions.RayError as error:  # of what feeds the workers, not of the model
                lost += 1
                if lost > _LOST:
                    raise QaEvalError(f"the cluster is lost: {_reason(error)}") from None
                time.sleep(_PAUSE_SECONDS)
                continue
            barren = 0 if desk.answered > answered else barren + 1
            if desk.out:
                _log.info("%s: %s; %d batches are asked again", model.info.spec, reason, len(desk.out))
            if barren >= _ROUNDS:
                raise ModelFailedError(f"its worker died each time: {reason or 'its answers were lost'}")
        desk.verdict()

    def _round(self, task: Task, desk: _Desk) -> str | None:
        """Asks everything that is out, and what there is to draw; None, or why it ended early."""
        size = min(self._size, len(desk.out))  # a pool never has workers with nothing to do
        with _Stream(task, size, self.cpus_per_worker, self.gpus_per_worker) as stream:
            for batch in desk.out.items():
                stream.put(*batch)
            while not stream.over:
                if desk.drawn:
                    stream.no_more()
                for number, said in stream.some():
                    desk.take(number, said)
                for batch in desk.fill():
                    stream.put(*batch)
            return stream.error

    # ------------------------------------------------------------------------------------- the cluster

    def _connect(self) -> None:
        import ray

        quiet: dict[str, Any] = {
            "include_dashboard": None,
            "log_to_driver": False,
            "logging_level": logging.ERROR,
            "configure_logging": True,
        }
        try:
            if self.address is None:
                cpus = max((self.workers or 0) * self.cpus_per_worker, os.cpu_count() or 1)
                ray.init(
                    "local",
                    num_cpus=int(cpus),
                    object_store_memory=_OBJECT_STORE,
                    **quiet | {"include_dashboard": False},
                )
            else:
                ray.init(self.address, **quiet)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            where = self.address or "this machine"
            raise QaEvalError(f"no Ray cluster can be used at {where}: {error}") from None

    def _room(self, nodes: Sequence[Mapping[str, Any]]) -> int:
        """How many workers there will be. Raises QaEvalError where these are more than there is room for."""
        wanted = {"CPU": self.cpus_per_worker, "GPU": self.gpus_per_worker}
        room = sum(
            min(int(node["Resources"].get(kind, 0) / each) for kind, each in wanted.items() if each)
            for node in nodes
        )
        if room < (self.workers or 1):
            raise QaEvalError(
                f"the cluster has room for {room} workers of {self.cpus_per_worker:g} CPUs and "
                f"{self.gpus_per_worker:g} GPUs, not for {self.workers or 1}: start more nodes, or ask for"
                " less with --workers, --cpus-per-worker, --gpus-per-worker"
            )
        return self.workers or room


def _import_ray() -> None:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray.data  # noqa: F401
    except ImportError as error:
        raise QaEvalError(
            f"the engine ray needs packages that are not installed ({error}): pip install 'qa-eval[ray]'"
        ) from None
    # What Ray Data tells of its plans and progress is for its own users.
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def _check_versions(nodes: Sequence[Mapping[str, Any]]) -> None:
    """Raises QaEvalError naming every node whose Python, ray or qa_eval is another than here."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    from qa_eval.engines.ray_worker import versions

    def asked_there() -> dict[str, str] | str:  # travels by value: qa_eval need not be there
        try:
            from qa_eval.engines.ray_worker import versions
        except ImportError as error:
            return str(error)
        return versions()

    task = ray.remote(num_cpus=0, max_retries=2)(asked_there)
    answers = {
        node["NodeManagerAddress"]: task.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ).remote()
        for node in nodes
    }
    here, wrong = versions(), []
    for place, answer in answers.items():
        try:
            there = ray.get(answer, timeout=120)
        except ray.exceptions.RayError as error:
            there = f"{type(error).__name__}: {error}".splitlines()[0]
        if there != here:
            wrong.append(f"  {place}: {_told(there)}")
    if wrong:
        raise QaEvalError(
            "\n".join([f"the cluster does not have what is installed here ({_told(here)}):", *wrong])
        )


def _told(versions: Mapping[str, str] | str) -> str:
    if isinstance(versions, str):
        return versions
    return ", ".join(f"{name} {version}" for name, version in versions.items())


# ----------------------------------------------------------------------------------- what is out


@dataclass(frozen=True, slots=True)
class _Batch:
    group: int
    instances: Sequence[Instance]
    known_good: bool


def _cut(groups: Iterable[Group], size: int) -> Iterator[list[_Batch]]:
    """The batches of each group."""
    for group in groups:
        starts = range(0, len(group.instances), size)
        yield [_Batch(group.number, group.instances[at : at + size], group.known_good) for at in starts]


class _Desk:
    """What the driver knows of a model's batches: which are out, and what came back."""

    def __init__(self, groups: Iterator[list[_Batch]], listener: Listener, *, ahead: int) -> None:
        self.out: dict[int, _Batch] = {}
        self.answered = 0
        self.drawn = False
        """Whether every batch was drawn."""
        self._groups = groups
        self._listener = listener
        self._ahead = ahead
        self._count = 0
        self._left: Counter[int] = Counter()
        """Batches of each group that are not answered."""
        self._good = False
        self._first_error: str | None = None

    def fill(self) -> list[tuple[int, _Batch]]:
        """Draws groups while fewer than `ahead` batches are out; returns what was drawn."""
        new: list[tuple[int, _Batch]] = []
        while not self.drawn and len(self.out) + len(new) < self._ahead:
            batches = next(self._groups, None)
            if batches is None:
                self.drawn = True
                break
            for batch in batches:
                self._count += 1
                self._left[batch.group] += 1
                new.append((self._count, batch))
        self.out.update(new)
        return new

    def take(self, number: int, said: Said) -> None:
        """Hands over what a batch came to, once. Raises ModelFailedError where the model cannot answer."""
        batch = self.out.pop(number, None)
        if batch is None:
            return  # answered before, by a worker that was thought dead
        self.answered += 1
        if said.predictions:
            self._listener.take(batch.group, list(said.predictions))
        if said.failure is not None:
            raise ModelFailedError(said.failure)
        self._good |= batch.known_good or any(p.error is None for p in said.predictions)
        if self._first_error is None:
            self._first_error = next((p.error for p in said.predictions if p.error is not None), None)
        self._left[batch.group] -= 1
        if not self._left[batch.group]:
            del self._left[batch.group]
            self._listener.close(batch.group)

    def verdict(self) -> None:
        """Raises ModelFailedError if every item failed."""
        if self._first_error is not None and not self._good:
            raise ModelFailedError(self._first_error)


class _Stream:
    """A Ray data set that is fed while it is read."""

    def __init__(self, task: Task, size: int, cpus: float, gpus: float) -> None:
        import ray
        from ray.util.queue import Queue
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        from qa_eval.engines.ray_worker import Feed, Worker

        self.over = False
        self.error: str | None = None
        self._ended = False
        self._found: queue.Queue[Any] = queue.Queue()
        # What is out lies in this machine's memory: no other machine can take it along when it goes.
        here = {
            "num_cpus": 0,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(
                ray.get_runtime_context().get_node_id(), soft=False
            ),
        }
        self._queue = Queue(actor_options=here)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        # A row is a batch: it must go on as soon as it is there, and never wait for a block to fill.
        context.target_max_block_size = 1
        dataset = ray.data.read_datasource(
            Feed(self._queue), override_num_blocks=1, ray_remote_args=here
        ).map_batches(
            Worker,
            fn_constructor_args=(task,),
            batch_size=1,
            batch_format="numpy",
            compute=ray.data.ActorPoolStrategy(size=size),
            num_cpus=cpus,
            num_gpus=gpus,
            max_restarts=_RESTARTS,
            max_task_retries=_RESTARTS,
        )
        self._thread = threading.Thread(target=self._read, args=(dataset,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.shutdown(force=True)  # whoever still reads it ends
        self._thread.join(timeout=10)

    def put(self, number: int, batch: _Batch) -> None:
        """Sends a batch off."""
        from qa_eval.engines.ray_worker import pack

        self._queue.put(pack(number, tuple(batch.instances)))

    def no_more(self) -> None:
        """Says that nothing more will be put."""
        if not self._ended:
            self._queue.put(None)
            self._ended = True

    def some(self) -> Iterator[tuple[int, Said]]:
        """What came back, after waiting a moment for it."""
        from qa_eval.engines.ray_worker import unpack

        try:
            found = self._found.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            return
        if found is None or isinstance(found, BaseException):
            self.over = True
            self.error = _reason(found) if found is not None else None
            return
        yield from unpack(found)

    def _read(self, dataset: Any) -> None:  # noqa: ANN401
        try:
            for columns in dataset.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=0):
                self._found.put(columns)
        except Exception as error:
            self._found.put(error)
        else:
            self._found.put(None)


def _reason(error: BaseException) -> str:
    """The first line of what Ray says, and its kind."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1] if lines else ''}".rstrip(": ")
