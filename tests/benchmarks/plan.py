"""What `qa-eval plan` says and what the run then takes, side by side; and how long planning itself takes.

    python -m tests.benchmarks.plan                # two sizes for each of the embedded model and a baseline
    python -m tests.benchmarks.plan 1000000        # planning alone, of so many questions, nothing cached

The made-up sets are those of `tests.benchmarks.memory`. Plan and run are processes of their own, and share no
cache but what examining the checkpoint found. The time of the run is the whole command's, with the intervals
that the plan leaves out; memory is the peak of its process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.memory import write_set

CASES = (
    ("embedded", 60),
    ("embedded", 240),
    ("baseline:first-of-type", 1_000),
    ("baseline:first-of-type", 10_000),
)


def called(folder: Path, *arguments: str) -> tuple[str, float]:
    """Standard output of the command line, and seconds."""
    since = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "qa_eval", *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"QA_EVAL_CACHE": str(folder / "cache")},
    )
    return done.stdout, time.perf_counter() - since


def compared(model: str, questions: int) -> list[str]:
    """One line of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_set(folder / "set.json", questions)
        asked = ["-m", model, "--dataset", f"squad:{folder / 'set.json'}", "--out", str(folder / "results")]
        asked += ["--name", "run", "--no-reference", "--json"]
        called(folder, "models", model)  # examined once, for both
        forecast, planning = called(folder, "plan", *asked)
        board, running = called(folder, "run", *asked)
        written = _size(folder / "results/run/predictions", "*.jsonl")
        kept = _size(folder / "cache", "answers-*")
    planned: dict[str, Any] = json.loads(forecast)
    taken: dict[str, Any] = json.loads(board)["rows"][0]["performance"]
    tokens = planned["models"][0]["datasets"][0]["tokens"]
    return [
        model,
        f"{questions:,}",
        f"{planning:.0f}",
        _pair(tokens["value"] if tokens else 0, taken["tokens"], ","),
        _pair(planned["seconds"], running, ",.1f"),
        _pair(planned["rss_bytes"] / 1e6, taken["peak_rss_bytes"] / 1e6, ",.0f"),
        _pair(planned["predictions_bytes"] / 1e6, written / 1e6, ",.2f"),
        _pair(planned["cache_bytes"] / 1e6, kept / 1e6, ",.2f"),
    ]


def _size(folder: Path, pattern: str) -> int:
    return sum(file.stat().st_size for file in folder.glob(pattern))


def _pair(planned: float, taken: float, form: str) -> str:
    return f"{planned:{form}} / {taken:{form}}"


def alone(questions: int) -> None:
    """Prints a plan, and how long it took."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "set.json"
        write_set(data, questions)
        cluster = ("--engine", "ray", "--workers", "64")
        text, seconds = called(Path(name), "plan", "-m", "embedded", "--dataset", f"squad:{data}", *cluster)
    print(text, f"planned in {seconds:.0f} s", sep="\n")


def main() -> None:
    """Prints the table."""
    head = [
        "model",
        "questions",
        "planning, s",
        "tokens",
        "all, s",
        "memory, MB",
        "predictions, MB",
        "cache, MB",
    ]
    print(f"| {' | '.join(head)} |")
    print(f"| --- |{' ---: |' * (len(head) - 1)}")
    for case in CASES:
        print(f"| {' | '.join(compared(*case))} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        alone(int(sys.argv[1]))
    else:
        main()
