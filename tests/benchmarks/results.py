"""How long a thousand stored runs take, and a comparison from the shell: beside bare JSON, and bare imports.

    python -m tests.benchmarks.results [RUNS]

The runs are copies of `results/baseline`, each with a name and a time of its own, of 40 models whose answers
are shared by hard links.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from qa_eval.runs.leaderboard.history import history_of
from qa_eval.runs.leaderboard.merged_runs import merge_runs
from qa_eval.runs.store import load_run
from tests.support.environments import of_an_installation

BASELINE = Path(__file__).parents[2] / "results" / "baseline"
RUNS, MODELS, ROUNDS = 1_000, 40, 5


def write_runs(folder: Path, count: int) -> list[Path]:
    """The run folders; run N is of model N % MODELS."""
    document = json.loads((BASELINE / "leaderboard.json").read_text("utf-8"))
    paths = []
    for number in range(count):
        path = folder / f"run-{number:04}"
        (path / "predictions").mkdir(parents=True)
        rows: list[dict[str, Any]] = json.loads(json.dumps(document["rows"]))
        for row in rows:
            if row["predictions"] is not None:
                os.link(BASELINE / row["predictions"]["path"], path / row["predictions"]["path"])
                row["signature"] += f"|copy:{number % MODELS}"
        stamp = f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
        board = document | {"name": path.name, "created_at": stamp, "rows": rows}
        (path / "leaderboard.json").write_text(json.dumps(board), "utf-8")
        paths.append(path)
    return paths


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def shell(*command: str) -> float:
    """The median time of a command, from start to end."""
    times, environment = [], of_an_installation()
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL, env=environment)
        times.append(time.perf_counter() - started)
    return median(times)


def main() -> None:
    """Prints the measurements."""
    count = int(sys.argv[1]) if sys.argv[1:] else RUNS
    with tempfile.TemporaryDirectory(dir=BASELINE.parent.parent) as folder:
        paths = write_runs(Path(folder), count)
        files = [path / "leaderboard.json" for path in paths]
        for file in files:
            file.read_bytes()  # from disk once, before anything is measured
        bare = seconds(lambda: [json.loads(file.read_text("utf-8")) for file in files])
        print(f"{count:,} runs of 5 models each, {5 * min(MODELS, count)} signatures")
        print(f"  read as bare JSON       {bare:6.2f} s")
        loaded = seconds(lambda: [load_run(p, slices=False) for p in paths])
        print(f"  loaded                  {loaded:6.2f} s   x {loaded / bare:.2f}")
        runs = [load_run(p, slices=False) for p in paths]
        history = seconds(lambda: history_of([r.leaderboard for r in runs], "embedded"))
        print(f"  history of one model    {history:6.2f} s")
        few = runs[: MODELS // 2]
        merged = seconds(lambda: merge_runs(few))
        print(f"  {len(few)} of them merged and ranked: {3 * len(few)} models in the ranking {merged:6.2f} s")
    bare = shell("-c", "import numpy, pydantic, rich.text, click")
    compare = ["-m", "qa_eval", "compare"]
    started = shell(*compare, "--help")
    pair = shell(*compare, str(BASELINE), "--model", "embedded", "--against", "baseline:first-of-type")
    print(f"imports of numpy, pydantic, rich, click alone   {bare:6.2f} s")
    print(f"qa-eval compare --help                          {started:6.2f} s   x {started / bare:.2f}")
    print(f"qa-eval compare, two models of the baseline     {pair:6.2f} s   x {pair / bare:.2f}")


if __name__ == "__main__":
    main()
