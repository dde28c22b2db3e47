"""What a run costs beside the model: `qa-eval run` with a forward pass that costs nothing.

    python -m tests.benchmarks.overhead squad-dev-v2.0.json          # 10,000 items, and where the time goes
    python -m tests.benchmarks.overhead squad-dev-v2.0.json 100000   # copies of the set, with other contexts
    python -m tests.benchmarks.overhead squad-dev-v2.0.json --only   # `run` alone

The data set is one in SQuAD's format. The model is a plug-in: it has the tokenizer and the windows of the
embedded model, and its logits are random numbers that were drawn before. Everything else is what a user
types. After `run`, the same answers are replayed (`run -m predictions:FILE`), scored (`score`) and verified
(`verify`). Both the processor's time and the time on the clock are measured, in this process's children. The
time of an item leaves out the start, which is measured with 10 items. The shares are samples of the stack,
one for each millisecond of the processor.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import FrameType

import numpy as np
from numpy.typing import NDArray

from qa_eval.models.checkpoint.checkpoints import embedded_checkpoint
from qa_eval.models.protocol import Kind, ModelSpec
from qa_eval.models.reading.reader import SpanModel, SpanReader
from qa_eval.models.reading.windows import Windower
from qa_eval.records import Decoding, ModelInfo, Runtime
from tests.support.environments import of_an_installation
from tests.support.plug_ins import write_plug_in

ITEMS, FEW = 10_000, 10
SAMPLE_SECONDS = 0.001
ROOT = Path(__file__).parents[2]

STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("reading the file", ("data/", "files/json_", "files/strict_json", "files/answer_rows")),
    ("span search", ("models/reading/spans",)),
    ("tokenizing and windows", ("models/reading/windows",)),
    ("batches", ("models/reading/",)),
    ("replayed answers", ("models/replay",)),
    ("checks of answers", ("evaluation/engines/",)),
    ("intervals", ("stats/", "metrics/summary", "metrics/calibration", "runs/ranking")),
    ("columns of scores", ("metrics/score_table", "metrics/parts", "metrics/scored_item")),
    ("scoring", ("metrics/", "matching/")),
    ("rows", ("evaluation/tasks/", "runs/rows", "records", "runs/schema")),
    ("reading rows", ("runs/store", "runs/whole_rows", "runs/written_rows", "runs/reading_lines")),
    ("writing", ("runs/", "files/")),
    ("progress", ("text/",)),
    ("comparing", ("evaluation/verification",)),
    ("the rest", ("",)),
)
"""Steps, and the beginnings of the modules whose time is theirs; the first that fits counts."""


class _RandomForward:
    """Logits that cost nothing: numbers drawn before, in any shape."""

    def __init__(self) -> None:
        self._drawn = np.random.default_rng(0).normal(0, 3, 1 << 20).astype(np.float32)

    def __call__(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64], types: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        del mask, types
        size = ids.size
        first = int(ids[0, -1 - ids.shape[1] // 4]) * 7919 % (len(self._drawn) - 2 * size)
        return (
            self._drawn[first : first + size].reshape(ids.shape),
            self._drawn[first + size : first + 2 * size].reshape(ids.shape),
        )


def _free(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> SpanModel:
    from tokenizers import Tokenizer

    del runtime
    tokenizer = Tokenizer.from_file(str(embedded_checkpoint().folder / "tokenizer.json"))
    windower = Windower(
        tokenizer,
        max_length=decoding.max_length,
        doc_stride=decoding.doc_stride,
        null_id=tokenizer.token_to_id("[CLS]"),
    )
    info = ModelInfo(spec=str(spec), kind=spec.kind, name=spec.name, backend="random")
    return SpanModel(info, decoding, SpanReader(windower, decoding, _RandomForward, null=True))


FREE = Kind(name="free", summary="random logits", example="free:embedded", factory=_free)
"""The kind of the plug-in."""


# ------------------------------------------------------------------------------------------ the worker


def _sampled(arguments: list[str], into: Path) -> None:
    """Runs the command line here, and writes in how many samples of the stack each step was."""
    samples: Counter[str] = Counter()
    package = f"{ROOT / 'qa_eval'}{os.sep}"

    def sample(number: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code.co_filename.startswith(package):
                samples[frame.f_code.co_filename[len(package) :]] += 1
                return
            frame = frame.f_back
        samples["(start and end)"] += 1

    from qa_eval.__main__ import main as command

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)
    sys.argv = ["qa-eval", *arguments]
    try:
        command()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        into.write_text(json.dumps(samples), "utf-8")


# ------------------------------------------------------------------------------------------ measuring


def _write_copies(source: Path, items: int, to: Path) -> None:
    """Writes a set of at least so many questions: the source, with other ids and contexts in each copy."""
    articles = json.loads(source.read_text("utf-8"))["data"]
    left = items
    with to.open("w", encoding="utf-8") as file:
        file.write('{"version": "v2.0", "data": [')
        copy = 0
        while left > 0:
            for article in articles:
                paragraphs = [
                    {
                        "context": f"{p['context']} ({copy})",
                        "qas": [q | {"id": f"{q['id']}-{copy}"} for q in p["qas"]],
                    }
                    for p in article["paragraphs"]
                ]
                file.write(("" if left == items else ", ") + json.dumps({"paragraphs": paragraphs}))
                left -= sum(len(p["qas"]) for p in paragraphs)
                if left <= 0:
                    break
            copy += 1
        file.write("]}")


class _Session:
    """A folder with the plug-in, and the commands that are run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_plug_in(folder, "free_kind", "", "free = tests.benchmarks.overhead:FREE")
        paths = [str(ROOT), str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.environment = of_an_installation() | {
            "PYTHONPATH": os.pathsep.join(paths),
            "QA_EVAL_CACHE": str(folder / "cache"),
        }
        self.peak = 0.0
        """Greatest peak of memory of a command so far, in MB."""

    def seconds(self, *arguments: str) -> tuple[float, float]:
        """The processor's time of a command, and its time on the clock."""
        before, since = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        self._run([sys.executable, "-m", "qa_eval", *arguments])
        after, passed = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - since
        self.peak = after.ru_maxrss * 1024 / 1e6
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, passed

    def shares(self, *arguments: str) -> dict[str, float]:
        """Share of each step in the processor time of a command, of those that have any."""
        into = self.folder / "samples.json"
        self._run([sys.executable, "-m", "tests.benchmarks.overhead", "--sampled", str(into), *arguments])
        samples: dict[str, int] = json.loads(into.read_text("utf-8"))
        found: Counter[str] = Counter()
        for module, number in samples.items():
            found[next(step for step, names in STEPS if module.startswith(names))] += number
        whole = sum(found.values())
        return {step: number / whole for step, number in found.most_common()}

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def _commands(source: Path, items: int, folder: Path) -> dict[str, tuple[str, ...]]:
    """The commands about so many items, whose data set and runs are in the folder."""
    folder.mkdir()
    dataset = folder / "set.json"
    _write_copies(source, items, dataset)
    limited = ("--dataset", f"squad:{dataset}", "--limit", str(items))
    out = ("--out", str(folder / "runs"), "--no-cache", "--overwrite")
    asked = folder / "runs" / "asked"
    answers = asked / "predictions" / "free-embedded.jsonl"
    return {
        "run": ("run", "-m", "free:embedded", *limited, *out, "--name", "asked"),
        "replay": ("run", "-m", f"predictions:{answers}", *limited, *out, "--name", "replayed"),
        "score": ("score", str(answers), "--dataset", f"squad:{dataset}"),
        "verify": ("verify", str(asked)),
    }


def measure(source: Path, items: int, only: list[str]) -> None:
    """Prints the milliseconds that each item takes, and where they go."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        session = _Session(folder)
        few = _commands(source, FEW, folder / "few")
        print(f"{items:,} items of {source.name}")
        session.seconds(*few["run"])  # compiles the modules
        for name, command in _commands(source, items, folder / "many").items():
            if name not in ("run", *only):
                continue
            started, done = session.seconds(*few[name]), session.seconds(*command)
            print(f"\n{name}: peak {session.peak:,.0f} MB")
            for clock, start, whole in zip(("processor", "clock"), started, done, strict=True):
                print(
                    f"  {clock:<10} {1000 * (whole - start) / items:.3f} ms an item; {whole:.2f} s in all, "
                    f"{start:.2f} s of them for {FEW} items",
                    flush=True,
                )
            for step, share in session.shares(*command).items():
                print(f"  {step:<24} {100 * share:5.1f} %", flush=True)


def main() -> None:
    if sys.argv[1:2] == ["--sampled"]:
        _sampled(sys.argv[3:], Path(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("items", type=int, nargs="?", default=ITEMS)
    parser.add_argument("--only", nargs="*", default=["replay", "score", "verify"])
    chosen = parser.parse_args()
    measure(chosen.dataset, chosen.items, chosen.only)


if __name__ == "__main__":
    main()
