"""Cost grows linearly with the length of a text: one question on articles of 1,000 to 100,000 words.

    python -m tests.benchmarks.linear [-m MODEL] [WORDS…]

Tokens per second should not fall with the length, and the peak of memory should grow with little more than
the text itself: logits are reduced to spans window by window.
"""

from __future__ import annotations

import argparse
import time
from itertools import cycle, islice
from typing import Any

from qa_eval.data.corpus import load_corpus
from qa_eval.evaluation.environment import peak_rss_bytes
from qa_eval.models.registry import resolve
from qa_eval.records import Instance

WORDS = (1_000, 3_000, 10_000, 30_000, 100_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-m", "--model", default="embedded")
    parser.add_argument("words", type=int, nargs="*", default=WORDS, help="lengths of the text")
    chosen = parser.parse_args()
    words = " ".join(article.text for article in load_corpus().articles).split()
    model: Any = resolve(chosen.model)
    list(model.predict([Instance(item="warm", question="Who?", context="He did.")]))
    print("| words | windows | tokens | seconds | tokens/s | peak memory |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for count in chosen.words:
        # Numbered, so that no stretch of the text is one that was read before.
        text = " ".join(f"{word} {n}" if n % 50 == 0 else word for n, word in _first(words, count))
        since = time.perf_counter()
        (found,) = model.predict([Instance(item="q", question="How many were killed?", context=text)])
        seconds = time.perf_counter() - since
        peak = (peak_rss_bytes() or 0) / 1e6
        print(
            f"| {count:,} | {found.windows} | {found.tokens:,} | {seconds:.2f} | "
            f"{found.tokens / seconds:,.0f} | {peak:,.0f} MB |",
            flush=True,
        )


def _first(words: list[str], count: int) -> list[tuple[int, str]]:
    return list(enumerate(islice(cycle(words), count)))


if __name__ == "__main__":
    main()
