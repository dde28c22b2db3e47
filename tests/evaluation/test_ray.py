"""The Ray engine: the same bytes as the local one, whatever workers, batches and accidents there are."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

from qa_eval import evaluate
from qa_eval.data.dataset import open_dataset
from qa_eval.errors import QaEvalError, SpecError
from qa_eval.evaluation.cache import cache_info
from qa_eval.evaluation.engines.engine import Group, GroupAnswers
from qa_eval.evaluation.engines.local import LocalEngine
from qa_eval.evaluation.engines.ray import RayEngine
from qa_eval.evaluation.engines.ray_worker import WorkerRequest, WorkerTask, pack
from qa_eval.evaluation.plans import settle
from qa_eval.evaluation.run import evaluate_all
from qa_eval.models.protocol import Model
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, ModelInfo, Runtime
from qa_eval.runs.options import RunOptions
from qa_eval.runs.store import Run
from tests.support.command_line import call
from tests.support.fake_models import FakeModel, four_facts
from tests.support.passage_sets import write_facts
from tests.support.places import ROOT
from tests.support.plug_ins import write_plug_in
from tests.support.public_files import flat, write_lines
from tests.support.tiny_models import build

SHORT = Decoding(max_length=64, doc_stride=16)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("own_cache", "few_resamples"),
    # Ray leaves files and sockets to the garbage collector, and sets what it has deprecated itself.
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore::DeprecationWarning",
    ),
]

PLUG_IN = '''
import os, time, uuid
from pathlib import Path
from qa_eval.models.protocol import Kind
from qa_eval.files.hashes import sha256_text
from qa_eval.records import ModelInfo
from tests.support.fake_models import hashed_prediction


class Steady:
    """Answers by `hashed_prediction`, slowly while the file `slow` is there.

    Leaves a file in `pids` when it is loaded.
    """

    decoding = None

    def __init__(self, spec):
        self.spec, self.loaded = spec, False
        name = str(spec)
        self.info = ModelInfo(spec=name, kind=spec.kind, name=spec.name, fingerprint=sha256_text(name))

    def predict(self, instances):
        if not self.loaded and self.spec.option("pids"):
            self.loaded = True
            (Path(self.spec.option("pids")) / uuid.uuid4().hex).touch()
        for instance in instances:
            if self.spec.name == "crash":
                os._exit(1)
            if self.spec.name == "fail":
                raise RuntimeError("no weights")
            if os.path.exists(self.spec.option("slow") or ""):
                time.sleep(0.02)
            yield hashed_prediction(instance, "steady")


def make(spec, decoding, runtime):
    return Steady(spec)


KIND = Kind(name="steady", summary="", example="steady:x", factory=make)
'''


def dataset(folder: Path, name: str, count: int) -> str:
    """Questions on contexts of different lengths."""
    rows = [
        flat(
            f"q{i}",
            f"Who is number {i}?",
            " ".join(f"Number {i + j} is Rami {(i + j) % 7} of the {name}." for j in range(1 + i % 4)),
            [("GOLDEN", 0)],
        )
        for i in range(count)
    ]
    return f"jsonl:{write_lines(folder / f'{name}.jsonl', rows)}"


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """As long as it is there, the plug-in takes its time."""
    path = tmp_path / "slow"
    path.touch()
    return path


@pytest.fixture(scope="module")
def plug_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A plug-in that this process and all workers see."""
    folder = tmp_path_factory.mktemp("plug-in")
    write_plug_in(folder, "steady_kind", PLUG_IN, "steady = steady_kind:KIND")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{ROOT}")
        yield folder


@pytest.fixture(scope="module")
def cluster(plug_in: Path) -> Iterator[Cluster]:
    """Two cores on one node."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        head = {"num_cpus": 2, "object_store_memory": 100 * 2**20, "include_dashboard": False}
        made = Cluster(initialize_head=True, head_node_args=head)
        ray.init(made.address, log_to_driver=False)
        yield made
        ray.shutdown()
        made.shutdown()
        gc.collect()  # while what is said of what Ray leaves is ignored


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("predictions/*"))}


def asked(spec: str, data: str, out: Path, engine: RayEngine | None = None) -> Run:
    return evaluate([spec], dataset=data, out=out, name="run", engine=engine, options=RunOptions(cache=False))


def quickly(spec: str, data: str, out: Path, slow: Path) -> dict[str, bytes]:
    """The prediction files of the local engine."""
    slow.unlink(missing_ok=True)
    asked(spec, data, out)
    return files(out)


# ------------------------------------------------------------------------------------ the same numbers


def both_engines(
    tmp_path: Path, specs: list[str], engine: RayEngine, pids: Path | None = None
) -> tuple[list[Run], list[Run]]:
    """The runs of two data sets, small and large: locally, and on the cluster."""
    sets = [open_dataset(dataset(tmp_path, name, n)) for name, n in (("small", 7), ("large", 20))]
    same = asdict(engine.runtime) | asdict(engine.decoding)
    local, ray = (
        RunOptions(out=tmp_path / name, name="both", cache=False, **same) for name in ("local", "ray")
    )
    found = evaluate_all(specs, sets, options=local)
    for file in pids.iterdir() if pids is not None else ():
        file.unlink()
    return found, evaluate_all(specs, sets, engine=engine, options=ray)


def test_predictions_are_byte_identical_to_the_local_engines(tmp_path: Path, cluster: Cluster) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    build("bert", tmp_path / "tiny")
    specs = [f"steady:x?pids={pids}", "baseline:sliding-window", f"hf:{tmp_path / 'tiny'}"]
    answered: Counter[str] = Counter()
    engine = RayEngine(
        decoding=SHORT,
        runtime=Runtime(deterministic=True),
        workers=2,
        batch=3,
        on_answers=lambda worker, n: answered.update({worker: n}),
    )
    _, runs = both_engines(tmp_path, specs, engine, pids)
    assert [run.path for run in runs] == [tmp_path / "ray/both" / name for name in ("small", "large")]
    assert [run.leaderboard.status for run in runs] == ["complete"] * 2
    assert files(tmp_path / "ray") == files(tmp_path / "local")
    assert len(files(tmp_path / "ray")) == 6
    assert 1 <= len(list(pids.iterdir())) <= 2, "a model is loaded once by each worker, for both sets"
    assert 1 <= len(answered) <= 2, "a process serves one model after the other"
    assert answered.total() == 3 * 27


def test_facts_with_their_own_passages_are_answered_alike(tmp_path: Path, cluster: Cluster) -> None:
    data = write_facts(tmp_path / "facts.jsonl")
    build("bert", tmp_path / "tiny")
    specs = ["baseline:first-of-type", f"hf:{tmp_path / 'tiny'}"]
    options = RunOptions(cache=False, deterministic=True, max_length=64, doc_stride=16)
    engine = RayEngine(decoding=SHORT, runtime=Runtime(deterministic=True), workers=2, batch=3)
    local = evaluate(specs, dataset=data, out=tmp_path / "local", name="run", options=options)
    there = evaluate(specs, dataset=data, out=tmp_path / "ray", name="run", engine=engine, options=options)
    assert files(tmp_path / "ray") == files(tmp_path / "local")
    assert there.leaderboard.data.facts == local.leaderboard.data.facts == 12
    assert [row.metrics for row in there.leaderboard.rows] == [row.metrics for row in local.leaderboard.rows]


def test_without_the_flag_scores_differ_by_less_than_a_ten_thousandth(
    tmp_path: Path, cluster: Cluster
) -> None:
    specs = ["embedded"]
    for kind in ("bert", "gpt2"):
        build(kind, tmp_path / kind)
        specs.append(f"hf:{tmp_path / kind}")
    locally, there = both_engines(tmp_path, specs, RayEngine(decoding=SHORT, workers=1, batch=5))
    compared = 0
    for ours, theirs in zip(locally, there, strict=True):
        for spec in specs:
            for one, other in zip(ours.predictions(spec), theirs.predictions(spec), strict=True):
                compared += 1
                assert one.item == other.item
                assert (one.windows, one.error) == (other.windows, None)
                assert one.null_score == pytest.approx(other.null_score, abs=1e-4)
                scores, others = ([c.score for c in row.n_best] for row in (one, other))
                assert scores == pytest.approx(others, abs=1e-4)
                margins = [abs(scores[0] - score) for score in (*scores[1:2], one.null_score or 1e9)]
                assert one.prediction == other.prediction or min(margins) < 1e-4
    assert compared == 3 * 27


def test_what_travels_has_no_gold(tmp_path: Path) -> None:
    model = resolve("baseline:abstain")
    (part,) = settle([model], dataset=dataset(tmp_path, "set", 3)).task.parts(model)
    task = WorkerTask(model.info, model.decoding, Decoding(), Runtime())
    sent = pack(1, WorkerRequest(task, tuple(part.instances)))["value"][0].as_py()
    assert b"Rami" in sent
    assert b"GOLDEN" not in sent


@dataclass
class Counted:
    """Knows how much was drawn and not answered; `act` is done at the first answer."""

    act: Callable[[], None] = lambda: None
    drawn: int = 0
    most: int = 0
    items: list[tuple[int, str]] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)

    def groups(self, count: int, size: int) -> Iterator[Group]:
        for number in range(count):
            of_this = size if number % 6 else 0  # there may be none, where all is in the cache
            self.drawn += of_this
            self.most = max(self.most, self.drawn - len(self.items))
            instances = [Instance(item=f"q{i}@a", question="Who?", context="Me.") for i in range(of_this)]
            yield Group(instances, part=number)

    def take(self, given: GroupAnswers) -> None:
        if given.predictions and not self.items:
            self.act()
        self.items += [(given.group.part, p.item) for p in given.predictions]
        self.closed += [given.group.part] if given.last else []


def test_items_are_drawn_only_so_far_ahead_of_the_answers_even_if_what_feeds_is_lost(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    engine = RayEngine(workers=1, batch=10)

    def lose_the_feed() -> None:
        assert engine._stream is not None
        ray.kill(engine._stream._post)

    seen = Counted(lose_the_feed)
    with engine:
        for given in engine.answer(resolve("baseline:abstain"), seen.groups(60, 20)):
            seen.take(given)
    assert len(seen.items) == len(set(seen.items)) == 1000
    assert sorted(seen.closed) == list(range(60))
    assert seen.most <= (4 * 1 + 4) * 10 + 20
    assert "batches are asked again" in caplog.text


# ------------------------------------------------------------------------------------------- accidents


@dataclass
class Once:
    """Does something as soon as so many workers have answered."""

    workers: int
    act: Callable[[list[str]], None]
    seen: list[str] = field(default_factory=list)
    done: bool = False

    def __call__(self, worker: str, n: int) -> None:
        self.seen += [worker] if worker not in self.seen else []
        if len(self.seen) == self.workers and not self.done:
            self.done = True
            self.act(self.seen)


def kill(workers: list[str]) -> None:
    os.kill(int(workers[0].rpartition("/")[2]), signal.SIGKILL)


def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path, cluster: Cluster, slow: Path) -> None:
    spec, data = f"steady:x?slow={slow}", dataset(tmp_path, "set", 120)
    killer = Once(1, kill)
    run = asked(spec, data, tmp_path / "ray", RayEngine(workers=2, batch=10, on_answers=killer))
    assert killer.done
    assert len(killer.seen) > 1, "the others, and the one that was started in its place, go on"
    assert run.leaderboard.status == "complete"
    assert run.leaderboard.row(spec).counts.items == 120
    assert files(tmp_path / "ray") == quickly(spec, data, tmp_path / "local", slow)


def test_a_node_that_is_lost_costs_nothing(
    tmp_path: Path, cluster: Cluster, slow: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec, data = f"steady:x?slow={slow}", dataset(tmp_path, "set", 1000)
    node = cluster.add_node(num_cpus=2, object_store_memory=100 * 2**20)

    def lose(_: list[str]) -> None:
        cluster.remove_node(node)
        slow.unlink()

    loser = Once(2, lose)
    # A worker takes all of a node: where the lost one could be started anew, there is no room for it.
    engine = RayEngine(workers=2, cpus_per_worker=2, batch=20, on_answers=loser)
    run = asked(spec, data, tmp_path / "ray", engine)
    assert loser.done
    assert "a node was lost" in caplog.text
    assert run.leaderboard.status == "complete"
    assert run.leaderboard.row(spec).counts.items == 1000
    assert files(tmp_path / "ray") == quickly(spec, data, tmp_path / "local", slow)


def test_a_cluster_that_gives_no_room_ends_the_run_with_what_is_wrong(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_eval.evaluation.engines.ray._PATIENCE_SECONDS", 2.0)
    somebody_else = ray.remote(Counted).options(num_cpus=2).remote()
    try:
        with pytest.raises(
            QaEvalError, match=r"no worker was busy for \d+ seconds; the same command continues"
        ):
            asked("baseline:abstain", dataset(tmp_path, "set", 3), tmp_path / "out", RayEngine(workers=1))
    finally:
        ray.kill(somebody_else)


def test_a_model_that_crashes_its_worker_each_time_is_its_rows_error(
    tmp_path: Path, cluster: Cluster
) -> None:
    run = evaluate(
        ["steady:crash", "steady:x", "steady:fail"],
        dataset=dataset(tmp_path, "set", 12),
        out=tmp_path,
        name="run",
        engine=RayEngine(workers=1, batch=6),
    )
    rows = {row.model.spec: row for row in run.leaderboard.rows}
    assert run.leaderboard.status == "error"
    assert (rows["steady:crash"].error or "").startswith("its worker died each time: ")
    assert rows["steady:fail"].error == "RuntimeError: no weights"
    assert rows["steady:x"].status == "ok"
    assert list(files(tmp_path)) == ["run/predictions/steady-x.jsonl"]


SCRIPT = """
import signal, sys
from qa_eval import evaluate
from qa_eval.evaluation.engines.ray import RayEngine
from qa_eval.evaluation.run import Interrupted

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what it starts behind ignore it
try:
    engine = RayEngine(address=sys.argv[4], workers=1, batch=5)
    evaluate([sys.argv[1]], dataset=sys.argv[2], out=sys.argv[3], name="run", engine=engine, resamples=99)
except Interrupted as interrupted:
    print(interrupted)
    sys.exit(130)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "ctrl-C"])
def test_a_driver_that_ends_early_goes_on_from_its_cache(
    tmp_path: Path, cluster: Cluster, slow: Path, how: signal.Signals
) -> None:
    spec, data = f"steady:x?slow={slow}", dataset(tmp_path, "set", 400)
    words = [sys.executable, "-c", SCRIPT, spec, data, str(tmp_path / "ray"), cluster.address]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        end = time.monotonic() + 60
        while not cache_info().entries and time.monotonic() < end:
            time.sleep(0.02)
        process.send_signal(how)
        out, err = process.communicate(timeout=60)
    kept = cache_info().entries
    assert 0 < kept < 400, err
    if how is signal.SIGINT:
        assert process.returncode == 130, err
        assert out.decode() == f"interrupted; what is done is kept in {tmp_path / 'ray/run'}\n"
    slow.unlink()
    # What is kept serves any engine.
    engine = RayEngine(workers=1, batch=50) if how is signal.SIGKILL else None
    run = evaluate([spec], dataset=data, out=tmp_path / "ray", name="run", engine=engine)
    assert run.leaderboard.row(spec).counts.cached == kept
    asked(spec, data, tmp_path / "local")
    assert files(tmp_path / "ray") == files(tmp_path / "local")


def test_the_command_prints_what_it_prints_without_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    words = ["run", "-m", "baseline:abstain", "-m", "baseline:first-of-type", "--limit", "2", "--no-cache"]
    here = call(*words, "--out", str(tmp_path / "local"), "--name", "run")
    assert here.exit_code == 0, here.stderr
    on_ray = ["--engine", "ray", "--workers", "1", "--out", str(tmp_path / "ray"), "--name", "run"]
    there = subprocess.run(
        [sys.executable, "-m", "qa_eval", *words, *on_ray],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
    )
    assert there.returncode == 0, there.stderr
    assert there.stdout == here.stdout, "Ray says nothing there"
    items = sum(map(int, re.findall(r"^[12]/2 baseline:.+: (\d+) to answer$", there.stderr, re.MULTILINE)))
    assert re.findall(r"^worker .+/\d+: (\d+) answered$", there.stderr, re.MULTILINE) == [str(items)]


# ------------------------------------------------------------------------------------------ the matrix


@dataclass
class Sized(FakeModel):
    """A model with a number of parameters."""

    parameters: int = 0

    @property
    def info(self) -> ModelInfo:
        return replace(super().info, parameters=self.parameters)


@dataclass
class LongestFirst:
    """An engine in this process that wants what this one wants, and notes what it is asked."""

    asked: list[tuple[str, int]] = field(default_factory=list)
    longest_first: bool = RayEngine.longest_first

    def __enter__(self) -> LongestFirst:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def check(self, models: Sequence[Model]) -> None:
        pass

    def answer(self, model: Model, groups: Iterable[Group]) -> Generator[GroupAnswers, None, None]:
        for group in groups:
            self.asked.append((model.info.name, len(group.instances)))
            yield from LocalEngine().answer(model, [group])


def test_the_largest_model_comes_first_with_all_its_data_sets_of_which_the_largest_comes_first(
    tmp_path: Path,
) -> None:
    sets = [open_dataset(dataset(tmp_path, name, n)) for name, n in (("small", 3), ("large", 9), ("mid", 5))]
    models = [Sized("little", parameters=10), Sized("none"), Sized("huge", parameters=10_000)]
    engine = LongestFirst()
    runs = evaluate_all(models, sets, engine=engine, options=RunOptions(cache=False))
    assert engine.asked == [(name, n) for name in ("huge", "little", "none") for n in (9, 5, 3)]
    assert [run.leaderboard.data.facts for run in runs] == [3, 9, 5], "the runs are those that were asked for"


# -------------------------------------------------------------------------------------------- refusals


def test_a_missing_extra_is_told_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(QaEvalError, match=r"the engine ray needs .*; run pip install -e .+\[ray\]"):
        RayEngine().__enter__()


def test_a_cluster_with_other_versions_is_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"python": "3.11.0", "ray": "1.0", "qa_eval": "9.9"}
    monkeypatch.setattr("qa_eval.evaluation.engines.ray_worker.versions", lambda: here)
    with pytest.raises(QaEvalError) as caught:
        RayEngine().__enter__()
    first, second = str(caught.value).splitlines()[:2]
    assert first == (
        "the cluster has other versions than this machine (python 3.11.0, ray 1.0, qa_eval 9.9):"
    )
    assert f"ray {ray.__version__}, qa_eval 0.2.0" in second


def test_more_workers_than_there_is_room_for_are_refused(cluster: Cluster) -> None:
    with pytest.raises(QaEvalError, match="room for 2 workers of 1 CPUs and 0 GPUs, not for 9; start more"):
        RayEngine(workers=9).__enter__()
    with pytest.raises(QaEvalError, match="room for 0 workers of 1 CPUs and 1 GPUs"):
        RayEngine(gpus_per_worker=1).__enter__()


def test_a_model_that_is_an_object_is_refused_before_anything_is_written(
    tmp_path: Path, cluster: Cluster
) -> None:
    with pytest.raises(SpecError, match="test:fake: a model object cannot be sent"):
        evaluate([FakeModel()], corpus=four_facts(), out=tmp_path / "out", engine=RayEngine(workers=1))
    assert not (tmp_path / "out").exists()


def test_flags_of_a_cluster_without_one_are_refused() -> None:
    done = call("run", "--workers", "3", "--gpus-per-worker", "1")
    assert done.exit_code == 2
    assert "--workers, --gpus-per-worker: only with --engine ray." in done.stderr


def test_a_data_set_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    twice = [open_dataset(dataset(tmp_path, "set", 1))] * 2
    with pytest.raises(SpecError, match=r"set\.jsonl is given twice; name it once"):
        evaluate_all(["baseline:abstain"], twice, options=RunOptions(out=tmp_path / "out"))
