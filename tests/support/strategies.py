"""What a model would earn by a strategy: its stored answers, some of them taken back or given after all.

    python -m tests.support.strategies

prints the table of docs/trust/strategies.md. A test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from qa_eval import load_corpus, load_run
from qa_eval.metrics.decisions import decide
from qa_eval.metrics.item_scores import score_item
from qa_eval.metrics.listings import label
from qa_eval.metrics.summary import summarize
from qa_eval.records import Corpus, ItemId, Prediction
from qa_eval.runs.rows import rebuild
from qa_eval.runs.store import Run
from qa_eval.text.figures import percent
from tests.support.places import BASELINE

MODEL = "embedded"
COLUMNS = ("balanced_f1", "balanced_skill", "em", "f1", "em_any", "f1_any", "match")

Strategy = Callable[[Prediction, Corpus], Prediction]


def as_answered(prediction: Prediction, corpus: Corpus) -> Prediction:
    """The answer as it is."""
    del corpus
    return prediction


def silent(prediction: Prediction, corpus: Corpus) -> Prediction:
    """No answer to any item."""
    del corpus
    return replace(prediction, text="")


def silent_on_contested(prediction: Prediction, corpus: Corpus) -> Prediction:
    """No answer where the sources disagree."""
    contested = corpus.question(ItemId.parse(prediction.item).fact).contested
    return silent(prediction, corpus) if contested else prediction


def always_answering(prediction: Prediction, corpus: Corpus) -> Prediction:
    """The best span, however probable it is that there is no answer."""
    del corpus
    return replace(prediction, null_score=None)


STRATEGIES: dict[str, Strategy] = {
    "as answered": as_answered,
    "no answer to contested facts": silent_on_contested,
    "no answer to anything": silent,
    "always an answer": always_answering,
}


def earned(run: Run, corpus: Corpus, strategy: Strategy) -> dict[str, float]:
    """The metrics of the reading track, by id."""
    stored, _ = rebuild(run.predictions(run.leaderboard.row(MODEL)))
    scores = []
    for item, prediction in stored.items():
        asked = ItemId.parse(item)
        answer = decide(strategy(prediction, corpus))
        scores.append(score_item(corpus.question(asked.fact), asked, answer, corpus))
    found = summarize(scores, intervals=False, slices=False).metrics["reading"]
    return {metric: found[metric].value for metric in COLUMNS}


def table() -> list[str]:
    """The table as Markdown, in percent."""
    run, corpus = load_run(BASELINE), load_corpus()
    lines = [
        "| strategy | " + " | ".join(label(metric) for metric in COLUMNS) + " |",
        "|---|" + "---:|" * len(COLUMNS),
    ]
    for name, strategy in STRATEGIES.items():
        values = earned(run, corpus, strategy)
        lines.append(f"| {name} | " + " | ".join(percent(values[m]) for m in COLUMNS) + " |")
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
