"""Predicting on a Ray cluster: Ray Data streams batches of items through a pool of actors with the model.

The driver draws only so many batches ahead of the answers that its memory does not grow with their number.
It remembers those that are out; what a worker takes with it when it dies is asked again, by Ray itself or,
where Ray gives up or a node was lost, through a new stream; what comes twice is taken once. A stream, and so
its workers' processes, serves one model after the other.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from qa_eval.errors import QaEvalError, SpecError
from qa_eval.evaluation.engines.engine import Group, GroupAnswers, ModelFailedError
from qa_eval.files.installation import install_command
from qa_eval.models.protocol import Model
from qa_eval.models.registry import parse_spec
from qa_eval.records import Decoding, Instance, Runtime

if TYPE_CHECKING:
    from qa_eval.evaluation.engines.ray_stream import Stream
    from qa_eval.evaluation.engines.ray_worker import WorkerReply, WorkerRequest, WorkerTask

BATCH = 64
"""Items that a worker is given at once."""
_PATIENCE_SECONDS = 600.0
"""So long a cluster may take to give room to a worker before the run ends."""
_OBJECT_STORE = 256 * 2**20
"""Bytes, of a cluster that is started here: batches are small and few are under way."""

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
    on_answers: Callable[[str, int], None] | None = None
    """Told which worker (machine and process) answered how many items."""
    _started: bool = field(default=False, init=False)
    _size: int = field(default=0, init=False)
    _asked: int = field(default=0, init=False)
    """Batches so far: a number means one batch, whatever the model."""
    _stream: Stream | None = field(default=None, init=False)
    _checked: set[str] = field(default_factory=set, init=False)
    """Nodes whose versions are those here."""

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
            room = self._room()
            if room < (self.workers or 1):
                raise QaEvalError(
                    f"the cluster has room for {room} workers of {self._each()}, not for"
                    f" {self.workers or 1}: start more nodes, or ask for less with --workers,"
                    " --cpus-per-worker, --gpus-per-worker"
                )
            self._size = self.workers or room
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        import ray

        self._close(idle=True)
        self._checked.clear()
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

    def answer(self, model: Model, groups: Iterable[Group]) -> Generator[GroupAnswers, None, None]:
        """See `Engine.answer`. Raises QaEvalError when the cluster is lost."""
        from qa_eval.evaluation.engines.ray_worker import WorkerTask

        task = WorkerTask(model.info, model.decoding, self.decoding, self.runtime)
        batches = _Batches(
            iter(groups), self.batch, ahead=4 * self._size + 4, first=self._asked + 1,
            on_answers=self.on_answers,
        )  # fmt: skip
        try:
            yield from batches.draw()
            while batches.out:
                answered = batches.answered
                stream = self._opened(min(self._size, len(batches.out)))
                why = yield from _carried(stream, task, batches)
                if why is not None:
                    self._close()
                    if batches.answered == answered and not stream.node_lost:
                        raise _in_vain(stream, why)
                    _log.warning("%s: %s; %d batches are asked again", model.info.spec, why, len(batches.out))
        except BaseException:
            self._close()
            raise
        finally:
            self._asked = batches.last
        batches.verdict()

    def _opened(self, size: int) -> Stream:
        """The stream there is, or a new one if there is room for more workers, of which `size` are wanted."""
        import ray

        from qa_eval.evaluation.engines.ray_stream import Stream

        size = min(size, self._room_left())
        if self._stream is not None and self._stream.size < size:
            self._close(idle=True)
        if self._stream is None:
            self._stream = Stream(
                size,
                [node for node in ray.nodes() if node["Alive"]],
                cpus=self.cpus_per_worker,
                gpus=self.gpus_per_worker,
                patience=_PATIENCE_SECONDS,
            )
        return self._stream

    def _room_left(self) -> int:
        """What `_room` says, after waiting for nodes where there is none."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not (room := self._room()):
            if time.monotonic() > end:
                raise QaEvalError(
                    f"the cluster has no room left for a worker of {self._each()}: the same command goes on"
                    " from here when it has"
                )
            time.sleep(1)
        return room

    def _close(self, *, idle: bool = False) -> None:
        if self._stream is not None:
            self._stream.close(idle=idle)
            self._stream = None

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

    def _room(self) -> int:
        """How many workers there is room for. Raises QaEvalError where a node has other versions."""
        import ray

        nodes = [node for node in ray.nodes() if node["Alive"]]
        _check_versions([node for node in nodes if node["NodeID"] not in self._checked])
        self._checked.update(node["NodeID"] for node in nodes)
        wanted = {"CPU": self.cpus_per_worker, "GPU": self.gpus_per_worker}
        return sum(
            min(int(node["Resources"].get(kind, 0) / each) for kind, each in wanted.items() if each)
            for node in nodes
        )

    def _each(self) -> str:
        return f"{self.cpus_per_worker:g} CPUs and {self.gpus_per_worker:g} GPUs"


def _carried(
    stream: Stream, task: WorkerTask, batches: _Batches
) -> Generator[GroupAnswers, None, str | None]:
    """Has a stream answer what is out, and what there is to draw. Returns None, or why it ended before."""
    import ray

    from qa_eval.evaluation.engines.ray_stream import reason

    try:
        batches.new = list(batches.out)  # a stream before this one may have been sent them
        while batches.out and stream.error is None:
            stream.put(batches.requests(task))
            for number, reply in stream.some():
                yield from batches.take(number, reply)
            yield from batches.draw()
    except ray.exceptions.RayError as error:  # of what feeds the workers
        return reason(error)
    return stream.error


def _in_vain(stream: Stream, why: str) -> QaEvalError:
    """What a stream that brought no answer means."""
    if stream.died:
        return ModelFailedError(f"its worker died each time: {why}")
    return QaEvalError(f"nothing comes back from the cluster: {why}; the same command goes on from here")


def _import_ray() -> None:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray.data  # noqa: F401
    except ImportError as error:
        raise QaEvalError(
            f"the engine ray needs packages that are not installed ({error}): {install_command('ray')}"
        ) from None
    # What Ray Data tells of its plans and progress is for its own users; what it fails of is told by us.
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)


def _check_versions(nodes: Sequence[Mapping[str, Any]]) -> None:
    """Raises QaEvalError naming every node whose Python, ray or qa_eval is another than here."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    from qa_eval.evaluation.engines.ray_worker import versions

    def asked_there() -> dict[str, str] | str:  # travels by value: qa_eval need not be there
        try:
            from qa_eval.evaluation.engines.ray_worker import versions
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
    group: Group
    instances: Sequence[Instance]


class _Batches:
    """What the driver knows of a model's batches: which are out, and what came back."""

    def __init__(
        self,
        groups: Iterator[Group],
        size: int,
        *,
        ahead: int,
        first: int,
        on_answers: Callable[[str, int], None] | None,
    ) -> None:
        self.out: dict[int, _Batch] = {}
        self.new: list[int] = []
        """Numbers of those that were not sent yet."""
        self.answered = 0
        self.last = first - 1
        """The number of the batch that was last drawn."""
        self._groups = groups
        self._size = size
        self._ahead = ahead
        self._on_answers = on_answers
        self._left: Counter[Group] = Counter()
        """Batches of each group that are not answered."""
        self._good = False
        self._first_error: str | None = None

    def draw(self) -> Iterator[GroupAnswers]:
        """Draws groups while fewer than `ahead` batches are out; a group without instances is answered."""
        while len(self.out) < self._ahead and (group := next(self._groups, None)) is not None:
            if not group.instances:
                yield GroupAnswers(group, (), last=True)
            for at in range(0, len(group.instances), self._size):
                self.last += 1
                self._left[group] += 1
                self.out[self.last] = _Batch(group, group.instances[at : at + self._size])
                self.new.append(self.last)

    def requests(self, task: WorkerTask) -> list[tuple[int, WorkerRequest]]:
        """What was not sent yet, as it travels."""
        from qa_eval.evaluation.engines.ray_worker import WorkerRequest

        numbers, self.new = self.new, []
        return [(number, WorkerRequest(task, tuple(self.out[number].instances))) for number in numbers]

    def take(self, number: int, reply: WorkerReply) -> Iterator[GroupAnswers]:
        """Yields what a batch came to, once. Raises ModelFailedError where the model cannot answer."""
        batch = self.out.pop(number, None)
        if batch is None:
            return  # answered before, by a worker that was thought dead
        group = batch.group
        self.answered += 1
        if reply.predictions and self._on_answers is not None:
            self._on_answers(reply.worker, len(reply.predictions))
        if reply.failure is not None:
            yield GroupAnswers(group, reply.predictions)
            raise ModelFailedError(reply.failure)
        self._good |= group.known_good or any(p.error is None for p in reply.predictions)
        if self._first_error is None:
            self._first_error = next((p.error for p in reply.predictions if p.error is not None), None)
        self._left[group] -= 1
        last = not self._left[group]
        if last:
            del self._left[group]
        yield GroupAnswers(group, reply.predictions, last=last)

    def verdict(self) -> None:
        """Raises ModelFailedError if every item failed."""
        if self._first_error is not None and not self._good:
            raise ModelFailedError(self._first_error)
