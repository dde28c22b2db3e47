"""The cost of reading an answer in words grows linearly with its length.

    python -m tests.benchmarks.answer_reading

Each line is a kind of text, at lengths that double. The last column is the time of the longest over that of
the shortest, divided by the same ratio of lengths: 1 is linear, and 32 is quadratic.
Texts above `LONGEST` characters are cut, so the lengths stay below it.
"""

from __future__ import annotations

import time
from itertools import cycle, islice

from qa_eval.data.corpus import load_corpus
from qa_eval.matching.answer_reading import LONGEST, read_answer
from qa_eval.records import Claim, Evidence, Question

LENGTHS = tuple(LONGEST // n for n in (32, 16, 8, 4, 2, 1))
MANY = Question(
    id="many",
    question="How many sailors drowned?",
    category="",
    answer_type="number",
    claims=tuple(
        Claim(id=f"n{n}", evidence=(Evidence(article="a", text=f"{n} sailors", start=0),))
        for n in range(100, 150)
    ),
)
KINDS = {
    "articles": " ".join(article.text for article in load_corpus().articles),
    "one repeated number": "400 fighters ",
    "one repeated word": "fighters ",
    "numbers": "".join(f"{n}, " for n in range(100, 999)),
    "negations": "It was not 400 but 417, or neither. ",
    "sources": "According to one report [1], 400 were killed. ",
    "no spaces": "x",
    "markup": "<p>400</p>",
}


def main() -> None:
    asked = {question.id: question for question in load_corpus().questions}
    questions = dict.fromkeys(KINDS, asked["is-fighters-killed"]) | {"fifty claims": MANY}
    texts = KINDS | {"fifty claims": "100 sailors or 149 sailors drowned. "}
    print(f"| text | {' | '.join(f'{length:,}' for length in LENGTHS)} | ratio |")
    print(f"| --- | {' | '.join('---:' for _ in LENGTHS)} | ---: |")
    for name, text in texts.items():
        seconds = []
        for length in LENGTHS:
            answer = "".join(islice(cycle(text), length))
            tries = []
            for _ in range(3):
                since = time.process_time()
                read_answer(answer, questions[name])
                tries.append(time.process_time() - since)
            seconds.append(min(tries))
        ratio = seconds[-1] / seconds[0] / (LENGTHS[-1] / LENGTHS[0])
        print(f"| {name} | {' | '.join(f'{1000 * s:.0f} ms' for s in seconds)} | {ratio:.1f} |", flush=True)


if __name__ == "__main__":
    main()
