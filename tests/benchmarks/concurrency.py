"""How many times as fast a server is asked with `--concurrency 16` as with one request at a time.

    python -m tests.benchmarks.concurrency

The server is that of the tests. It takes 100 ms for each answer, however many are asked for at once. Each
model answers questions of the curated set, in a process and with a cache of its own; the time is that of the
row.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.chat_server import RunningServer, chat_server

DELAY = 0.1


def rate(server: RunningServer, concurrency: int, folder: Path, limit: int) -> tuple[int, float]:
    """Number of answers, and answers per second."""
    command = [
        sys.executable, "-m", "qa_eval", "run", "-m", server.spec(), "--concurrency", str(concurrency),
        "--limit", str(limit), "--track", "reading", "--no-reference", "--resamples", "99", "--json",
        "--out", str(folder),
    ]  # fmt: skip
    environment = {**os.environ, "QA_EVAL_CACHE": str(folder / f"cache-{concurrency}")}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    row = json.loads(done.stdout)["rows"][0]
    items: int = row["counts"]["items"]
    return items, items / float(row["performance"]["seconds"])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--facts", type=int, default=149, help="Facts that 16 requests at once are asked about."
    )
    facts = parser.parse_args().facts
    rates = []
    print("| requests at once | answers | answers/s | most under way |")
    print("| --- | --- | --- | --- |")
    with chat_server() as server, tempfile.TemporaryDirectory() as name:
        server.set(delay=DELAY)
        for concurrency, limit in ((1, min(30, facts)), (16, facts)):
            server.forget()
            items, per_second = rate(server, concurrency, Path(name), limit)
            most = server.told()["most"]
            print(f"| {concurrency} | {items:,} | {per_second:.1f} | {most} |", flush=True)
            rates.append(per_second)
    print(f"{rates[1] / rates[0]:.1f} times as fast")


if __name__ == "__main__":
    main()
