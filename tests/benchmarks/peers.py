"""Speed of a run, next to the pipeline that transformers had until 5.2: same weights, same items.

    python -m tests.benchmarks.peers                               # the curated articles
    python -m tests.benchmarks.peers --dataset squad:dev-v2.0.json --limit 300

Our time is that of `evaluate`, as `qa-eval run` calls it: it reads the data set, asks, scores, computes
intervals and writes the run folder. The weights are loaded beforehand, as the pipeline's are, and nothing is
cached. The pipeline's time is that of its answers alone.

The pipeline runs in a process and an environment of its own (`--environment`; made if it is not there, with
transformers 4.57 and the torch that runs here). All take turns, so that a machine that gets slower gets
slower for all; a time is the median over the rounds, a ratio the median of the rounds' own ratios. Both sides
force an answer: the pipeline's no-answer rule is not ours. Answers are compared on the items that are one
window long, where its rules equal ours but for its habit of widening answers to whole words, which is off
for that.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import IO, Any

import torch

from qa_eval.data.corpus import load_corpus
from qa_eval.data.dataset import instance_of
from qa_eval.data.items import instances, item_ids
from qa_eval.evaluation.run import evaluate
from qa_eval.files.paths import cache_folder
from qa_eval.models.reading.reader import SpanReader
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, Runtime
from qa_eval.runs.options import RunOptions
from tests.support.public_files import open_public

PEER = "transformers==4.57.6"
BATCH_SIZES = (1, 8, 32)
EMBEDDED = Path(__file__).resolve().parents[2] / "qa_eval" / "models" / "embedded"


@dataclass(slots=True)
class Contender:
    """Something that answers all items."""

    name: str
    read: Callable[[], list[str]]
    """The answers; takes the time that is measured."""
    prepare: Callable[[], object] = lambda: None
    """Called before each reading, and not measured."""
    seconds: list[float] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)


def main() -> None:
    chosen = arguments()
    asked = items(chosen)
    peer = Pipeline(chosen, asked)
    ours = [runner_of(spec, chosen) for spec in specs(chosen)]
    theirs = [
        Contender(f"pipeline, batch {size}", lambda size=size: peer.read(size, align=True))  # type: ignore[misc]
        for size in chosen.batch_sizes
    ]
    for number in range(chosen.rounds):
        turn = [*ours, *theirs]
        for contender in turn if number % 2 else turn[::-1]:
            contender.prepare()
            since = time.perf_counter()
            contender.answers = contender.read()
            contender.seconds.append(time.perf_counter() - since)
            if not any(contender.answers):
                raise SystemExit(f"{contender.name}: no answers")
        print(f"round {number + 1} of {chosen.rounds}", file=sys.stderr)
    for line in table(ours, theirs, len(asked)):
        print(line)
    print(agreement(asked, ours[0].answers, peer.read(1, align=False), chosen.device))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--dataset", help="a public dataset, as in `qa-eval run`; default: the curated set")
    parser.add_argument("--limit", type=int, help="only the first N questions")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=BATCH_SIZES, help="of the pipeline")
    parser.add_argument(
        "--also", nargs="+", default=[], metavar="SPEC", help="further models, as embedded?dtype=bfloat16"
    )
    parser.add_argument("--environment", type=Path, default=cache_folder() / "peers")
    return parser.parse_args()


def items(chosen: argparse.Namespace) -> list[Instance]:
    """What everybody is asked."""
    if chosen.dataset:
        return [instance_of(e) for e in open_public(chosen.dataset).chosen(limit=chosen.limit)]
    corpus = load_corpus()
    items = item_ids(corpus, tracks=["reading"])
    facts = list(dict.fromkeys(item.fact for item in items))[: chosen.limit]
    return instances(corpus, [item for item in items if item.fact in facts])


def specs(chosen: argparse.Namespace) -> list[str]:
    found = ["embedded"]
    if chosen.device == "cpu":
        found.append("onnx:embedded")
    return [*found, *chosen.also]


def runner_of(spec: str, chosen: argparse.Namespace) -> Contender:
    """One of ours. Its weights are loaded beforehand, as the pipeline's are; its tokens are not kept."""
    model: Any = resolve(spec, Decoding(), Runtime(device=chosen.device))
    reader: SpanReader = model.reader
    options = RunOptions(track="reading", limit=chosen.limit, cache=False, references=False)

    def read() -> list[str]:
        reader.forget()
        with tempfile.TemporaryDirectory() as folder:
            run = evaluate(model, dataset=chosen.dataset, out=folder, options=options, progress=False)
            return [row.n_best[0].text if row.n_best else "" for row in run.items(model.info.spec)]

    return Contender(spec, read, prepare=reader.forward)


class Pipeline:
    """The other side: a process that holds the pipeline."""

    def __init__(self, chosen: argparse.Namespace, asked: Sequence[Instance]) -> None:
        python = environment(chosen.environment)
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "items.json"
        path.write_text(json.dumps([[i.question, i.context] for i in asked]), "utf-8")
        self._items = len(asked)
        worker = Path(__file__).with_name("pipeline_worker.py")
        self._process = subprocess.Popen(
            [str(python), "-W", "ignore", str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        ready = self._ask({"model": str(EMBEDDED), "device": chosen.device, "items": str(path)})
        print(f"{PEER}: {ready['threads']} threads; here: {torch.get_num_threads()}", file=sys.stderr)
        self._ask({"batch_size": 1, "align_to_words": True, "items": 2})

    def read(self, batch_size: int, *, align: bool) -> list[str]:
        answers: list[str] = self._ask(
            {"batch_size": batch_size, "align_to_words": align, "items": self._items}
        )["answers"]
        return answers

    def _ask(self, what: dict[str, object]) -> dict[str, Any]:
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        print(json.dumps(what), file=to, flush=True)
        return answer_of(back)


def answer_of(lines: IO[str]) -> dict[str, Any]:
    line = lines.readline()
    if not line:
        raise SystemExit("the pipeline's process ended; what it said stands above")
    found: dict[str, Any] = json.loads(line)
    return found


def environment(folder: Path) -> Path:
    """The Python of the pipeline's environment, made if it is not there."""
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"making {folder} with {PEER}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        torch_here = f"torch=={torch.__version__.partition('+')[0]}"
        subprocess.run([str(python), "-m", "pip", "install", "-q", PEER, torch_here], check=True)
        (folder / "ready").touch()
    return python


def table(ours: Sequence[Contender], theirs: Sequence[Contender], count: int) -> list[str]:
    """Markdown: each reader's speed, also as a multiple of the pipeline's at its default and at its best."""
    best = min(theirs, key=lambda c: median(c.seconds))
    default = theirs[0]
    lines = [
        f"| {count} items | items/s | x {default.name} | x {best.name}, its best |",
        "| --- | ---: | ---: | ---: |",
    ]
    for c in [*ours, *theirs]:
        ratios = [
            median(b / a for a, b in zip(c.seconds, other.seconds, strict=True)) for other in (default, best)
        ]
        lines.append(f"| {c.name} | {count / median(c.seconds):.1f} | {ratios[0]:.2f} | {ratios[1]:.2f} |")
    return lines


def agreement(asked: Sequence[Instance], ours: Sequence[str], theirs: Sequence[str], device: str) -> str:
    model: Any = resolve("embedded", Decoding(), Runtime(device=device))
    alike = [len(model.reader.windows([i])) == 1 for i in asked]
    pairs = [(a, b) for a, b, one in zip(ours, theirs, alike, strict=True) if one]
    equal = sum(a.strip() == b.strip() for a, b in pairs)
    return f"\nequal answers: {equal} of the {len(pairs)} items that are one window long"


if __name__ == "__main__":
    main()
