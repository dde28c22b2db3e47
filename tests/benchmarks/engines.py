"""What a Ray cluster costs and brings on this machine: `--engine ray` and `local`, side by side in one run.

    python -m tests.benchmarks.engines                        # 1,000 and 10,000 items of a fast baseline
    python -m tests.benchmarks.engines --model embedded 1000  # other models and sizes
    python -m tests.benchmarks.engines --model embedded --words 12 10000  # of shorter contexts
    python -m tests.benchmarks.engines --memory 10000 100000  # the driver's peak memory

Each run has a process of its own and writes its folder, without cache, oracle or intervals worth the name;
both engines have the same two cores. Until the first answers, Ray starts a cluster and its workers; the rest
is what grows with the items. The made-up sets are those of `tests.benchmarks.memory`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.memory import write_set

CORES = 2

_RUN = """
import sys, time
began = time.perf_counter()
import os
os.sched_setaffinity(0, range(int(sys.argv[4])))
from qa_eval import evaluate
from qa_eval.evaluation.environment import peak_rss_bytes
from qa_eval.runs.options import RunOptions
engine = None
if sys.argv[3] == "ray":
    from qa_eval.evaluation.engines.ray import RayEngine
    engine = RayEngine(workers=int(sys.argv[4]))

class First:
    at = None
    def start(self, models): ...
    def model(self, name, items): ...
    def advance(self, n=1, from_cache=False):
        self.at = self.at or time.perf_counter()
    def finish(self): ...

first = First()
run = evaluate(
    [sys.argv[1]], dataset=f"squad:{sys.argv[2]}", out=sys.argv[2] + "." + sys.argv[3], resamples=9,
    options=RunOptions(cache=False, references=False), progress=first, engine=engine,
)
row = run.leaderboard.rows[0]
ended = time.perf_counter()
print(first.at - began, ended - first.at, peak_rss_bytes(), row.metrics["reading"]["f1"].value)
"""


def measured(model: str, path: Path, engine: str) -> tuple[float, float, float, str]:
    """Seconds to the first answers and after them, the driver's peak in MB, and the F1."""
    call = [sys.executable, "-c", _RUN, model, str(path), engine, str(CORES)]
    done = subprocess.run(call, check=True, capture_output=True, text=True)
    first, rest, peak, f1 = done.stdout.split()
    return float(first), float(rest), int(peak) / 1e6, f1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="baseline:first-of-type")
    parser.add_argument(
        "--memory", action="store_true", help="Only the Ray engine, and what each item takes."
    )
    parser.add_argument("--words", type=int, default=120, help="Of a context.")
    parser.add_argument("items", type=int, nargs="*", default=[1_000, 10_000])
    asked = parser.parse_args()
    print(f"{asked.model}, {CORES} cores")
    print("   items  engine   first answers s   the rest s   items/s after   driver MB")
    peaks = []
    for items in asked.items:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "set.json"
            write_set(path, items, asked.words)
            found = {
                engine: measured(asked.model, path, engine)
                for engine in (["ray"] if asked.memory else ["local", "ray"])
            }
        for engine, (first, rest, peak, _) in found.items():
            print(
                f"{items:>8,}  {engine:<6} {first:>17.1f} {rest:>12.1f} {items / rest:>15,.0f} {peak:>11.0f}"
            )
        if not asked.memory:
            local, ray = (sum(found[engine][:2]) for engine in ("local", "ray"))
            same = len({f1 for *_, f1 in found.values()}) == 1
            print(f"{'':>8}  ray/local in all: {ray / local:.2f}; F1 {'the same' if same else 'differs'}")
        peaks.append(found["ray"][2])
    if asked.memory and len(peaks) > 1:
        each = (peaks[-1] - peaks[0]) * 1e6 / (asked.items[-1] - asked.items[0])
        print(f"each further item: {each:,.0f} bytes of the driver")


if __name__ == "__main__":
    main()
