"""In what memory a run of a public data set is made: `qa-eval run` over sets of growing size, side by side.

    python -m tests.benchmarks.memory               # 1,000, 10,000 and 100,000 questions
    python -m tests.benchmarks.memory 5000 50000

The made-up sets are in SQuAD's format, five questions on each context of about 120 words, half of them
without an answer. Each size is run in a process of its own by `baseline:first-of-type`, with the oracle and
all intervals, and verified in another. What grows with the set is what is kept of an item: its id, and
numbers.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SIZES = (1_000, 10_000, 100_000)
ON_A_CONTEXT = 5

_RUN = """
import sys
from qa_eval import evaluate
evaluate(["baseline:first-of-type"], dataset=f"squad:{sys.argv[1]}", out=sys.argv[2], name="run")
"""
_VERIFY = """
import sys
from qa_eval.evaluation.verification import verify
assert verify(f"{sys.argv[2]}/run") == []
"""
_PEAK = "\nfrom qa_eval.evaluation.environment import peak_rss_bytes\nprint(peak_rss_bytes())"


def write_set(path: Path, questions: int, words_each: int = 120) -> None:
    """A made-up set with contexts of so many words, written piece by piece."""
    rng = random.Random(questions)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(5_000)]
    with path.open("w", encoding="utf-8") as file:
        file.write('{"version": "v2.0", "data": [{"title": "made up", "paragraphs": [')
        file.writelines(_paragraphs(rng, words, questions // ON_A_CONTEXT, words_each))
        file.write("]}]}")


def _paragraphs(rng: random.Random, words: list[str], contexts: int, words_each: int) -> Iterator[str]:
    for number in range(contexts):
        said = rng.choices(words, k=words_each)
        years = [str(rng.randint(1000, 2024)) for _ in range(ON_A_CONTEXT)]
        for year in years:
            said[rng.randrange(len(said))] = year
        context = " ".join(said)
        qas = []
        for n, year in enumerate(years):
            start = context.find(year) if n % 2 == 0 else -1
            answers = [{"text": year, "answer_start": start}] * 3 if start >= 0 else []
            asked = " ".join(rng.choices(words, k=8))
            qas.append({"id": f"{number:08}{n:016}", "question": f"When did {asked}?", "answers": answers})
        yield ("" if number == 0 else ", ") + json.dumps({"context": context, "qas": qas})


def measured(code: str, path: Path, out: Path) -> tuple[float, float]:
    """Peak memory in MB and seconds of a process of its own."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code + _PEAK, str(path), str(out)], check=True, capture_output=True, text=True
    )
    return int(done.stdout) / 1e6, time.perf_counter() - started


def main(sizes: list[int]) -> None:
    print("questions   file MB   predictions MB   run MB    run s   verify MB   verify s")
    peaks = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path, out = Path(folder) / "set.json", Path(folder) / "out"
            write_set(path, size)
            run, verify = (measured(code, path, out) for code in (_RUN, _VERIFY))
            stored = sum(f.stat().st_size for f in out.rglob("*.jsonl")) / 1e6
            print(
                f"{size:>9,}  {path.stat().st_size / 1e6:>8.1f}  {stored:>15.1f}"
                f"  {run[0]:>7.0f}  {run[1]:>7.1f}  {verify[0]:>10.0f}  {verify[1]:>9.1f}"
            )
            peaks.append(run[0])
    if len(sizes) > 1:
        each = (peaks[-1] - peaks[0]) * 1e6 / (sizes[-1] - sizes[0])
        print(f"each further question: {each:,.0f} bytes")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(SIZES))
