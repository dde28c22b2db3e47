"""The engine on a Ray cluster. Ray Data streams batches of items through a pool of actors with the model.

The driver draws only a limited number of batches ahead of the answers, so its memory does not grow with their
number. It remembers the batches that are out. If a worker dies, its batches are asked again: by Ray itself
or, if Ray gives up or a node was lost, through a new stream. An answer that comes twice counts once. A
stream, and so the processes of its workers, serves one model after another.
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
from qa_eval.text.phrases import count

if TYPE_CHECKING:
    from qa_eval.evaluation.engines.ray_stream import Stream
    from qa_eval.evaluation.engines.ray_worker import WorkerReply, WorkerRequest, WorkerTask

BATCH = 64
"""Number of items that a worker gets at once."""
_PATIENCE_SECONDS = 600.0
"""Greatest time to wait until the cluster has room for a worker, in seconds. After it the run ends."""
_OBJECT_STORE = 256 * 2**20
"""Size of the object store of a cluster that is started here, in bytes. Batches are small and few are under
way."""

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # errors that matter are also raised
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Environment variables that Ray reads when it is imported. Values that the caller has set are kept."""

_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class RayEngine:
    """An engine that lets models answer on a Ray cluster. Without an address it starts a local cluster."""

    decoding: Decoding = Decoding()  # noqa: RUF009 - frozen
    """Decoding options with which the models were resolved."""
    runtime: Runtime = Runtime()  # noqa: RUF009 - frozen
    """Runtime options with which the models were resolved."""
    address: str | None = None
    """Address of the cluster: `auto` for the cluster of this machine, or HOST:PORT. None starts a cluster
    that ends with the engine."""
    workers: int | None = None
    """Number of processes that hold a model; None for as many as there is room for."""
    cpus_per_worker: float = 1
    """Number of CPU cores for each worker."""
    gpus_per_worker: float = 0
    """Number of GPUs for each worker."""
    batch: int = BATCH
    """Number of items that a worker gets at once."""
    longest_first: bool = field(default=True, init=False)
    on_answers: Callable[[str, int], None] | None = None
    """Function that is called with a worker (machine and process) and the number of items that it
    answered."""
    _started: bool = field(default=False, init=False)
    """Whether this engine started or joined the cluster."""
    _size: int = field(default=0, init=False)
    """Greatest number of workers."""
    _asked: int = field(default=0, init=False)
    """Number of batches so far. Batches of all models are counted together, so a number means one batch."""
    _stream: Stream | None = field(default=None, init=False)
    """Stream to the workers; None if none is open."""
    _checked: set[str] = field(default_factory=set, init=False)
    """Ids of the nodes that have the same versions as this machine."""

    def __enter__(self) -> Self:
        """Connects to the cluster and checks it.

        Raises QaEvalError if Ray is not installed, no cluster answers, the cluster has other versions, or it
        has no room for the workers.
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
                    f"the cluster has room for {count(room, 'worker')} of {self._each()}, not for"
                    f" {self.workers or 1}; start more nodes, or ask for less with --workers,"
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
        """Raises SpecError for a model that has no spec, because only a spec can be sent to the cluster."""
        for model in models:
            try:
                parse_spec(model.info.spec)
            except QaEvalError:
                raise SpecError(
                    f"{model.info.spec}: a model object cannot be sent to a cluster; give its spec"
                ) from None

    def answer(self, model: Model, groups: Iterable[Group]) -> Generator[GroupAnswers, None, None]:
        """Yields predictions as `Engine.answer`. Raises QaEvalError if the cluster is lost."""
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
        """The open stream, or a new one if none is open or there is room for more workers, up to `size`."""
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
        """The number of workers that there is room for, after a wait for nodes if there is no room."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not (room := self._room()):
            if time.monotonic() > end:
                raise QaEvalError(
                    f"the cluster has no room left for a worker of {self._each()}; when it has, the same"
                    " command continues the run"
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
        """The number of workers that there is room for. Raises QaEvalError if a node has other versions."""
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
    """Lets a stream answer the batches that are out and those that can be drawn.

    Returns None, or the reason why the stream ended early.
    """
    import ray

    from qa_eval.evaluation.engines.ray_stream import reason

    try:
        batches.new = list(batches.out)  # an earlier stream may have lost them
        while batches.out and stream.error is None:
            stream.put(batches.requests(task))
            for number, reply in stream.some():
                yield from batches.take(number, reply)
            yield from batches.draw()
    except ray.exceptions.RayError as error:  # the actor that feeds the workers failed
        return reason(error)
    return stream.error


def _in_vain(stream: Stream, why: str) -> QaEvalError:
    """The error for a stream that ended without any answer."""
    if stream.died:
        return ModelFailedError(f"its worker died each time: {why}")
    return QaEvalError(f"the cluster returns no answers: {why}; the same command continues the run")


def _import_ray() -> None:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray.data  # noqa: F401
    except ImportError as error:
        raise QaEvalError(
            f"the engine ray needs packages that are not installed ({error}); run {install_command('ray')}"
        ) from None
    # Ray Data's messages about plans and progress do not help users of this program, who see its errors
    # anyway.
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)


def _check_versions(nodes: Sequence[Mapping[str, Any]]) -> None:
    """Raises QaEvalError, which names the nodes, if Python, ray or qa_eval has another version there."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    from qa_eval.evaluation.engines.ray_worker import versions

    def asked_there() -> dict[str, str] | str:  # sent by value, because a node may lack qa_eval
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
            "\n".join([f"the cluster has other versions than this machine ({_told(here)}):", *wrong])
        )


def _told(versions: Mapping[str, str] | str) -> str:
    if isinstance(versions, str):
        return versions
    return ", ".join(f"{name} {version}" for name, version in versions.items())


# ----------------------------------------------------------------------------------- batches that are out


@dataclass(frozen=True, slots=True)
class _Batch:
    group: Group
    instances: Sequence[Instance]


class _Batches:
    """The driver's record of a model's batches: those that are out, and the answers to the others."""

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
        """Batches that are drawn and not answered, by number."""
        self.new: list[int] = []
        """Numbers of the batches that were not sent yet."""
        self.answered = 0
        """Number of batches that were answered."""
        self.last = first - 1
        """Number of the batch that was drawn last."""
        self._groups = groups
        self._size = size
        self._ahead = ahead
        self._on_answers = on_answers
        self._left: Counter[Group] = Counter()
        """Number of unanswered batches of each group."""
        self._good = False
        self._first_error: str | None = None

    def draw(self) -> Iterator[GroupAnswers]:
        """Draws groups while fewer than `ahead` batches are out. Yields the answers of empty groups."""
        while len(self.out) < self._ahead and (group := next(self._groups, None)) is not None:
            if not group.instances:
                yield GroupAnswers(group, (), last=True)
            for at in range(0, len(group.instances), self._size):
                self.last += 1
                self._left[group] += 1
                self.out[self.last] = _Batch(group, group.instances[at : at + self._size])
                self.new.append(self.last)

    def requests(self, task: WorkerTask) -> list[tuple[int, WorkerRequest]]:
        """The batches that were not sent yet, with their numbers, as requests."""
        from qa_eval.evaluation.engines.ray_worker import WorkerRequest

        numbers, self.new = self.new, []
        return [(number, WorkerRequest(task, tuple(self.out[number].instances))) for number in numbers]

    def take(self, number: int, reply: WorkerReply) -> Iterator[GroupAnswers]:
        """Yields the answers of a batch, once. Raises ModelFailedError if the model cannot answer."""
        batch = self.out.pop(number, None)
        if batch is None:
            return  # a worker that seemed to be dead answered it earlier
        group = batch.group
        self.answered += 1
        if reply.predictions and self._on_answers is not None:
            self._on_answers(reply.worker, len(reply.predictions))
        if reply.failure is not None:
            yield GroupAnswers(group, reply.predictions)
            raise ModelFailedError(reply.failure)
        self._good |= group.known_good or any(p.error is None for p in reply.predictions)
        if self._first_error is None:
            errors = (p.error for p in reply.predictions if p.error is not None and not p.error_of_item)
            self._first_error = next(errors, None)
        self._left[group] -= 1
        last = not self._left[group]
        if last:
            del self._left[group]
        yield GroupAnswers(group, reply.predictions, last=last)

    def verdict(self) -> None:
        """Raises ModelFailedError if every item failed, and not all of them for reasons of their own."""
        if self._first_error is not None and not self._good:
            raise ModelFailedError(self._first_error)
