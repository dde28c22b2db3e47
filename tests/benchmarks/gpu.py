"""Speed of `qa-eval run` on a GPU, next to the pipeline of transformers 4.57.6, in at most 8 minutes.

    python tests/benchmarks/gpu.py                                   # on a machine with torch and a network
    python tests/benchmarks/gpu.py --dataset squad:dev-v2.0.json     # on a public data set

The script needs Python and torch alone. If the program is not installed, it makes an environment that has the
torch of this machine, and installs this checkout there. The pipeline gets an environment of its own; without
a network it is left out, and the output says so. Without `--dataset`, the questions of the curated set are
asked of parts of its articles, as often as `--items` says.

First the answers on the device are compared with those on the CPU. Then the whole command `qa-eval run` is
timed in each number type. The number of tokens in a batch is the program's own choice. A speed is that of
further items: the items of a long run minus those of a short one, over the difference of their times. The
pipeline's speed is that of its answers alone, with the weights loaded. What does not fit into the time is
left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PEER = "transformers==4.57.6"
ITEMS, CPU_ITEMS, PEER_ITEMS = 20_000, 100, 1_000
BATCH_SIZES = (1, 8, 32, 128)
DTYPES = ("float32", "float16", "bfloat16")
PASSAGE = 150
"""Words in a part of an article."""


class OutOfTimeError(Exception):
    """The minutes are over."""


class Clock:
    """The time that is left."""

    def __init__(self, minutes: float) -> None:
        self._end = time.monotonic() + 60 * minutes

    @property
    def left(self) -> float:
        """Seconds; raises OutOfTimeError if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise OutOfTimeError
        return left

    def run(self, command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
        """The finished command. Raises OutOfTimeError if it would take too long."""
        try:
            return subprocess.run(
                [*map(str, command)],
                capture_output=True,
                text=True,
                timeout=self.left,
                check=False,
                **options,
            )
        except subprocess.TimeoutExpired:
            raise OutOfTimeError from None


def main() -> None:
    chosen = arguments()
    clock = Clock(chosen.minutes)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        try:
            measure(chosen, clock, folder)
        except OutOfTimeError:
            print(f"\n{chosen.minutes:g} minutes are over; the rest is left out")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--dataset", help="squad:FILE; default: made of the curated set")
    parser.add_argument("--items", type=int, default=ITEMS, help="items of the long run")
    parser.add_argument("--cpu-items", type=int, default=CPU_ITEMS, help="items that the CPU answers too")
    parser.add_argument("--peer-items", type=int, default=PEER_ITEMS, help="items of the pipeline; 0: none")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=BATCH_SIZES, help="of the pipeline")
    parser.add_argument("--dtypes", nargs="+", default=DTYPES, choices=DTYPES)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--environments", type=Path, default=ROOT / "build" / "gpu")
    return parser.parse_args()


def measure(chosen: argparse.Namespace, clock: Clock, folder: Path) -> None:
    """Prints each table as soon as it is known."""
    print(f"device: {named_device(chosen.device)}", flush=True)
    python = installed(chosen.environments / "program", clock)
    dataset = chosen.dataset or f"squad:{curated_as_squad(folder / 'set.json', chosen.items)}"
    session = Session(python, dataset, folder, clock)
    few = min(chosen.cpu_items, chosen.items)
    on_cpu, *_ = session.run("cpu", "float32", few)
    print("\n| number type | items/s of `run` | wall, s | equal answers |")
    print("| --- | ---: | ---: | ---: |")
    for dtype in chosen.dtypes:
        answers, _, start = session.run(chosen.device, dtype, few)
        equal = sum(text == on_cpu[item] for item, text in answers.items())
        _, count, whole = session.run(chosen.device, dtype, chosen.items)
        speed = f"{(count - few) / (whole - start):,.0f}" if count > few and whole > start else "–"
        print(f"| {dtype} | {speed} | {whole:.1f} | {equal} of {len(answers)} |", flush=True)
    if chosen.peer_items:
        compare_pipeline(chosen, clock, folder, dataset.partition(":")[2])


def named_device(device: str) -> str:
    """The device's name. Ends the program if it is not there."""
    import torch

    if device.startswith("cuda"):
        if not torch.cuda.is_available():
            raise SystemExit("torch finds no CUDA device; --device cpu tries the script without one")
        return f"{torch.cuda.get_device_name(0)}, torch {torch.__version__}"
    return f"{device}, torch {torch.__version__}"


def installed(folder: Path, clock: Clock) -> Path:
    """A Python that has the program: this one, or that of an environment with the torch of this one."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    }
    if not clock.run([sys.executable, "-m", "qa_eval", "--version"], env=environment).returncode:
        probe = "import transformers, tokenizers, pydantic, scipy"
        if not clock.run([sys.executable, "-c", probe]).returncode:
            return Path(sys.executable)
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"installing the program into {folder}", flush=True)
        venv.create(folder, with_pip=True, clear=True, system_site_packages=True)
        done = clock.run([python, "-m", "pip", "install", "-q", str(ROOT)])
        if done.returncode:
            raise SystemExit(f"the program cannot be installed:\n{done.stderr}")
        (folder / "ready").touch()
    return python


def curated_as_squad(path: Path, items: int) -> Path:
    """Writes a data set in SQuAD's format: the curated questions, each with a part of an article."""
    texts = [file.read_text("utf-8").split() for file in sorted((ROOT / "seeds").rglob("*.txt"))]
    passages = [
        " ".join(words[start : start + PASSAGE]) for words in texts for start in range(0, len(words), PASSAGE)
    ]
    lines = [
        line
        for file in sorted((ROOT / "questions").glob("*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]
    questions = [json.loads(line)["question"] for line in lines if line.strip()]
    paragraphs = [
        {
            "context": f"{passages[n % len(passages)]} ({n})",
            "qas": [
                {
                    "id": f"{n}",
                    "question": questions[n % len(questions)],
                    "answers": [],
                    "is_impossible": True,
                }
            ],
        }
        for n in range(items)
    ]
    path.write_text(
        json.dumps({"version": "v2.0", "data": [{"title": "", "paragraphs": paragraphs}]}), "utf-8"
    )
    return path


class Session:
    """Runs of the embedded model on one data set."""

    def __init__(self, python: Path, dataset: str, folder: Path, clock: Clock) -> None:
        self._python, self._dataset, self._folder, self._clock = python, dataset, folder, clock
        paths = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
        self._environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}

    def run(self, device: str, dtype: str, limit: int) -> tuple[dict[str, str], int, float]:
        """Answers by item, their number, and the seconds of the whole command."""
        name = f"{device}-{dtype}-{limit}"
        command = ["run", "-m", "embedded", "--dataset", self._dataset, "--limit", str(limit)]
        command += ["--device", device, "--dtype", dtype, "--no-cache", "--no-reference", "--overwrite"]
        command += ["--out", str(self._folder / "runs"), "--name", name.replace(":", "-")]
        since = time.monotonic()
        done = self._clock.run([self._python, "-m", "qa_eval", *command], env=self._environment)
        seconds = time.monotonic() - since
        if done.returncode:
            raise SystemExit(f"qa-eval {' '.join(command)}\n{done.stderr}")
        file = self._folder / "runs" / name.replace(":", "-") / "predictions" / "embedded.jsonl"
        answers = {row["item"]: row["prediction"] for row in map(json.loads, file.open(encoding="utf-8"))}
        return answers, len(answers), seconds


def compare_pipeline(chosen: argparse.Namespace, clock: Clock, folder: Path, source: str) -> None:
    """Prints the pipeline's speed at each batch size, or why it is left out."""
    python = peer_environment(chosen.environments / "pipeline", clock)
    if python is None:
        print(f"\n{PEER} cannot be installed here, so the pipeline is left out")
        return
    data = json.loads(Path(source).read_text("utf-8"))["data"]
    pairs = [
        [qa["question"], paragraph["context"]]
        for article in data
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ][: chosen.peer_items]
    (folder / "items.json").write_text(json.dumps(pairs), "utf-8")
    model = ROOT / "qa_eval" / "models" / "embedded"
    print("\n| pipeline, batch size | items/s |\n| --- | ---: |")
    for size in chosen.batch_sizes:
        asked: list[dict[str, object]] = [
            {"model": str(model), "device": chosen.device, "items": str(folder / "items.json")},
            {"batch_size": size, "align_to_words": True, "items": min(len(pairs), size + 1)},
            {"batch_size": size, "align_to_words": True, "items": len(pairs)},
        ]
        worker = Path(__file__).with_name("pipeline_worker.py")
        done = clock.run([python, "-W", "ignore", worker], input="".join(f"{json.dumps(a)}\n" for a in asked))
        if done.returncode:
            print(f"| {size} | failed: {done.stderr.strip().splitlines()[-1:]} |")
            continue
        seconds = [line["seconds"] for line in _objects(done.stdout) if "seconds" in line]
        print(f"| {size} | {len(pairs) / seconds[-1]:,.1f} |", flush=True)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in lines of their own."""
    yield from (json.loads(line) for line in text.splitlines() if line.startswith("{"))


def peer_environment(folder: Path, clock: Clock) -> Path | None:
    """The Python of the pipeline's environment, with the torch of this machine; None if it cannot be made."""
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True, system_site_packages=True)
        done = clock.run([python, "-m", "pip", "install", "-q", PEER])
        if done.returncode:
            return None
        (folder / "ready").touch()
    return python


if __name__ == "__main__":
    main()
