"""How fast official numbers are computed, beside the plain rules; and in what memory a million are.

    python -m tests.benchmarks.scoring               # the ratio, on a set as large as SQuAD 1.1's dev set
    python -m tests.benchmarks.scoring million DIR   # writes a million there, scores them; time, peak memory
    python -m tests.benchmarks.scoring 100           # of so many questions

The plain rules are timed for the bare mean alone. Ours is timed for the mean with its interval of 10,000
resamples by context, for exact match and F1. Nothing is shared between the rounds: caches are emptied.
"""

from __future__ import annotations

import collections
import itertools
import json
import random
import re
import resource
import statistics
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from qa_eval.matching.normal_form import normalize
from qa_eval.metrics.official_scores import official_scores, score_answers
from qa_eval.metrics.rules.squad import SQUAD_V1
from qa_eval.stats import draws

QUESTIONS, GOLDS, CONTEXTS, RESAMPLES = 10_570, 34_726, 2_067, 10_000
ROUNDS = 5

Question = tuple[str, list[str], int]


def made_up(
    seed: int, questions: int = QUESTIONS, golds: int = GOLDS, contexts: int = CONTEXTS
) -> Iterator[tuple[Question, str]]:
    """Questions with golds of 1 to 10 words and a prediction, of which two thirds are right."""
    rng = random.Random(seed)
    words = ["the", "a", "of", "in", "U.S.", "1,000", "81-year-old"]
    words += ["".join(rng.choices(string.ascii_letters, k=rng.randint(2, 10))) for _ in range(20_000)]
    spare = golds - questions
    for number in range(questions):
        extra = (spare * (number + 1)) // questions - (spare * number) // questions
        answer = rng.choices(words, k=min(10, 1 + int(rng.expovariate(0.45))))
        forms = [" ".join(answer)]
        for _ in range(extra):
            forms.append(" ".join(answer if rng.random() < 0.6 else [*answer, rng.choice(words)]))
        said = answer if rng.random() < 0.67 else rng.choices([*answer, *words[:200]], k=rng.randint(1, 6))
        yield (f"{number:024x}", forms, number * contexts // questions), " ".join(said)


# ------------------------------------------------------------------------------------------ the plain rules


def plain_normalize(text: str) -> str:
    unwanted = set(string.punctuation)
    kept = "".join(c for c in text.lower() if c not in unwanted)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def plain_f1(said: str, gold: str) -> float:
    left, right = plain_normalize(said).split(), plain_normalize(gold).split()
    shared = sum((collections.Counter(left) & collections.Counter(right)).values())
    if not shared:
        return 0.0
    p, r = shared / len(left), shared / len(right)
    return 2 * p * r / (p + r)


def plain(questions: list[Question], predictions: dict[str, str]) -> tuple[float, float]:
    """The bare means, as the rules are written down: every pair is normalized for each of the two numbers."""
    exact = f1 = 0.0
    for id, golds, _ in questions:
        said = predictions[id]
        exact += max(plain_normalize(said) == plain_normalize(gold) for gold in golds)
        f1 += max(plain_f1(said, gold) for gold in golds)
    return 100 * exact / len(questions), 100 * f1 / len(questions)


# ------------------------------------------------------------------------------------------ measuring


def ours(questions: list[Question], predictions: dict[str, str]) -> tuple[float, float]:
    scores = official_scores(score_answers(questions, predictions, SQUAD_V1), SQUAD_V1, resamples=RESAMPLES)
    return 100 * scores["exact_match"].value, 100 * scores["f1"].value


def compare(count: int = QUESTIONS) -> None:
    golds_each, contexts = GOLDS / QUESTIONS, max(1, CONTEXTS * count // QUESTIONS)
    made = list(made_up(1, count, round(count * golds_each), contexts))
    questions, predictions = [q for q, _ in made], {q[0]: said for q, said in made}
    golds = sum(len(q[1]) for q in questions)
    print(f"{len(questions):,} predictions, {golds:,} golds, {contexts:,} contexts, {RESAMPLES:,} resamples")
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    results = {}
    for _ in range(ROUNDS):
        for name, run in (("plain", plain), ("ours", ours)):
            normalize.cache_clear()
            draws._small_counts.cache_clear()
            draws._large_counts.cache_clear()
            started = time.perf_counter()
            results[name] = run(questions, predictions)
            times[name].append(time.perf_counter() - started)
    assert all(abs(a - b) < 1e-9 for a, b in zip(results["plain"], results["ours"], strict=True)), results
    middle = {name: statistics.median(t) for name, t in times.items()}
    print(f"plain rules, bare means       {middle['plain']:.3f} s")
    print(f"ours, means with intervals    {middle['ours']:.3f} s")
    print(
        f"ratio                         {middle['ours'] / middle['plain']:.2f} (medians of {ROUNDS} rounds)"
    )


def million(folder: Path, questions: int = 1_000_000, contexts: int = 200_000) -> None:
    """Writes so many questions and predictions there, and scores them by the command, as anybody would."""
    dataset, predictions = folder / "questions.jsonl", folder / "predictions.jsonl"
    made = itertools.groupby(made_up(2, questions, 3 * questions, contexts), key=lambda pair: pair[0][2])
    with dataset.open("w", encoding="utf-8") as asked, predictions.open("w", encoding="utf-8") as said:
        for number, group in made:
            pairs = list(group)
            wordings = [gold for (_, golds, _), _ in pairs for gold in golds]
            context = f"Context {number}. {'And so on. ' * 60}{'. '.join(wordings)}"
            for (id, golds, _), answer in pairs:
                answers = {"text": golds, "answer_start": [context.index(gold) for gold in golds]}
                row = {"id": id, "question": "What?", "context": context, "answers": answers}
                asked.write(json.dumps(row) + "\n")
                said.write(json.dumps({"id": id, "prediction": answer}) + "\n")
    print(
        f"{questions:,} questions, {contexts:,} contexts, {dataset.stat().st_size / 1e9:.2f} GB of questions"
    )
    started = time.perf_counter()
    command = [sys.executable, "-m", "qa_eval", "score", str(predictions), "--dataset", f"jsonl:{dataset}"]
    subprocess.run(command, check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"{time.perf_counter() - started:.0f} s, peak memory {peak / 1e6:,.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["million"]:
        million(Path(sys.argv[2]))
    else:
        compare(*map(int, sys.argv[1:]))
