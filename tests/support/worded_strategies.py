"""What strategies that do not answer earn in the columns of answers in words.

`python -m tests.support.worded_strategies` writes the table of docs/reference/free-text.md. A test checks it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from qa_eval.data.corpus import load_corpus
from qa_eval.data.items import item_ids
from qa_eval.metrics.decisions import decide
from qa_eval.metrics.listings import label
from qa_eval.metrics.rules.squad import SQUAD_V2
from qa_eval.metrics.scored_item import ItemScore, answered_item
from qa_eval.metrics.summary import summarize
from qa_eval.metrics.worded_scores import worded_scores
from qa_eval.records import Claim, Corpus, ItemId, Match, Prediction, Question
from qa_eval.text.figures import percent
from qa_eval.text.markdown import markdown_row

COLUMNS = {
    "reading": ("f1", "balanced_asserts", "asserts_own", "abstention"),
    "pooled": ("claim_recall", "all_claims", "no_false", "complete_and_clean", "acknowledged"),
}
Strategy = Callable[[Corpus, Question, ItemId], str]

_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_NAME = re.compile(r"(?:[A-Z][\w’-]+ ?)+")


def texts(corpus: Corpus, item: ItemId) -> str:
    """All that the item is asked of."""
    return "\n".join(a.text for a in corpus.articles if item.article in ("*", a.id))


def claims(question: Question, item: ItemId) -> tuple[Claim, ...]:
    return question.claims if item.article == "*" else question.own_claims(item.article)


def honest(corpus: Corpus, question: Question, item: ItemId) -> str:
    stated = [claim.evidence[0].text for claim in claims(question, item)]
    if not stated:
        return "The text does not say."
    if len(stated) == 1:
        return f"The answer is {stated[0]}."
    return "The sources differ: " + "; ".join(f"one says {text}" for text in stated) + "."


def every_value(corpus: Corpus, question: Question, item: ItemId) -> str:
    text = texts(corpus, item)
    return ", ".join(dict.fromkeys([*_NUMBER.findall(text), *(n.strip() for n in _NAME.findall(text))]))


def every_number(corpus: Corpus, question: Question, item: ItemId) -> str:
    return ", ".join(dict.fromkeys(_NUMBER.findall(texts(corpus, item))))


def either_or_not(corpus: Corpus, question: Question, item: ItemId) -> str:
    claim = question.claims[0].evidence[0].text
    return f"It is either {claim} or not."


def refuses_contested(corpus: Corpus, question: Question, item: ItemId) -> str:
    return "The sources do not say." if question.contested else honest(corpus, question, item)


def every_claim(corpus: Corpus, question: Question, item: ItemId) -> str:
    return "The sources differ: " + "; ".join(claim.evidence[0].text for claim in question.claims) + "."


def half_copy(corpus: Corpus, question: Question, item: ItemId) -> str:
    text = texts(corpus, item)
    return text[: len(text) // 2]


LONG = ("the whole text", "half of the text", "its first sentence")
"""Strategies that take the longest to read."""
STRATEGIES: dict[str, Strategy] = {
    "every claim of the item, or a refusal (the best)": honest,
    "every claim of all sources, always": every_claim,
    "one claim, whatever the article": lambda c, q, i: f"The answer is {q.claims[0].evidence[0].text}.",
    "every value of the text": every_value,
    "every number of the text": every_number,
    "the whole text": lambda c, q, i: texts(c, i),
    "half of the text": half_copy,
    "its first sentence": lambda c, q, i: texts(c, i).partition(". ")[0] + ".",
    "“it is either X or not”": either_or_not,
    "refusing always": lambda c, q, i: "The text does not say.",
    "refusing on contested facts": refuses_contested,
    "no text": lambda c, q, i: "",
    "the question again": lambda c, q, i: q.question,
    "every wording of the question": lambda c, q, i: " ".join([q.question, *q.paraphrases]),
    "“the sources differ”": lambda c, q, i: "The sources differ on this, and contradict each other.",
}


def scored(corpus: Corpus, strategy: Strategy) -> list[ItemScore]:
    """Every item of the corpus, answered by a strategy."""
    questions = {question.id: question for question in corpus.questions}
    found = []
    for item in item_ids(corpus, tracks=("reading", "pooled")):
        question = questions[item.fact]
        answer = decide(Prediction(item=str(item), text=strategy(corpus, question, item)))
        golds = question.any_golds if item.track == "pooled" else question.own_golds(item.article)
        scores = worded_scores(question, item, answer, corpus)
        if item.track == "reading":
            scores |= {"f1": SQUAD_V2.score(answer.text, golds)[1]}
        found.append(
            ItemScore(
                **answered_item(item, answer),
                contested=question.contested,
                golds=golds,
                match=Match(ok=False, level=0, rule="none"),
                scores=scores,
            )
        )
    return found


def head() -> Iterator[str]:
    """The first two lines of the table."""
    names = [label(id) for ids in COLUMNS.values() for id in ids]
    yield markdown_row(["answer", *names])
    yield markdown_row(["---", *("---:" for _ in names)])


def line(corpus: Corpus, name: str) -> str:
    """The line of a strategy: a metric a column, in percent."""
    summary = summarize(scored(corpus, STRATEGIES[name]), intervals=False, slices=False)
    row = [summary.metrics[track].get(id) for track, ids in COLUMNS.items() for id in ids]  # type: ignore[index]
    return markdown_row([name, *("–" if e is None else percent(e.value) for e in row)])


def lines(corpus: Corpus, without: Collection[str] = ()) -> Iterator[str]:
    """The lines of a Markdown table, without those of some strategies."""
    yield from head()
    yield from (line(corpus, name) for name in STRATEGIES if name not in without)


if __name__ == "__main__":
    for written in lines(load_corpus()):
        print(written, flush=True)
