"""How long `qa-eval run` takes from the start of its process to the first item that a model is asked.

    python -m tests.benchmarks.starts [ROUNDS]

The models take turns, and each time is a median. The weights are loaded by then. The whole command asks one
fact of every article and writes its run. Python keeps the compiled modules, so that only the first round
compiles them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from tests.support.environments import of_an_installation

MODELS = ("baseline:abstain", "baseline:first-of-type", "embedded")
ROUNDS = 5
_STARTED = "QA_EVAL_STARTED"
"""Variable with the time at which the process was started, in seconds."""


def _command(arguments: list[str]) -> None:
    """Runs the command line here, and prints on stderr when the first item is asked."""
    from qa_eval.__main__ import main as command

    said: list[float] = []

    def announced(method: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            result = method(*given, **named) if after else None
            if not said:
                said.append(time.time() - float(os.environ[_STARTED]))
                print(f"asked {said[0]}", file=sys.stderr, flush=True)
            return result if after else method(*given, **named)

        return call

    if "embedded" in arguments:  # a baseline needs no reader of spans, so that loading it would be counted
        from qa_eval.models.reading.reader import SpanReader

        SpanReader.forward = announced(SpanReader.forward, after=True)  # type: ignore[method-assign]
    else:
        from qa_eval.models.baselines import Baseline

        Baseline.predict = announced(Baseline.predict, after=False)  # type: ignore[method-assign]
    sys.argv = ["qa-eval", *arguments]
    command()


def measure(model: str) -> tuple[float, float]:
    """The seconds until the first item is asked, and until the command has ended."""
    with tempfile.TemporaryDirectory() as folder:
        run = ["run", "-m", model, "--limit", "1", "--track", "reading", "--no-reference", "--no-cache"]
        since = time.time()
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.starts", "--command", *run, "--out", folder],
            env=of_an_installation() | {_STARTED: str(since)},
            capture_output=True,
            text=True,
            check=False,
        )
        passed = time.time() - since
    asked = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("asked ")]
    if done.returncode or len(asked) != 1:
        raise SystemExit(f"{model}\n{done.stdout}{done.stderr}")
    return float(asked[0]), passed


def main() -> None:
    """Prints the measurements."""
    if sys.argv[1:2] == ["--command"]:
        _command(sys.argv[2:])
        return
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    times: dict[str, list[tuple[float, float]]] = {model: [] for model in MODELS}
    for _ in range(rounds):
        for model in MODELS:
            times[model].append(measure(model))
    print(f"{'seconds':<24} {'first item':>10} {'command':>10}")
    for model, found in times.items():
        first, whole = (median(column) for column in zip(*found, strict=True))
        print(f"{model:<24} {first:>10.2f} {whole:>10.2f}")


if __name__ == "__main__":
    main()
