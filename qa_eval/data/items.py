"""The items of a corpus, and the instances that a model sees."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from qa_eval.errors import QaEvalError
from qa_eval.records import Corpus, Instance, ItemId, Question, Track
from qa_eval.text.phrases import quote, suggestion


def item_ids(
    corpus: Corpus,
    *,
    tracks: Collection[Track],
    paraphrases: bool = False,
    categories: Collection[str] | None = None,
    limit: int | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> list[ItemId]:
    """The items of the corpus: the reading track first, then the pooled track, in the order of questions and
    articles.

    A question is asked of the articles in its scope.
    Articles listed as `partial` are left out of the reading track. `limit` and `sample` count facts, not
    items: every statistic is about facts, and consistency is undefined for a fact that lacks some of its
    articles. Both apply after `categories`. `sample` is a seeded random choice, and a larger sample contains
    a smaller one of the same seed. `limit` keeps the first facts.

    Raises QaEvalError for an unknown category or a number below 1.
    """
    questions = _chosen(corpus.questions, categories, sample, limit, seed)
    items: list[ItemId] = []
    for track in ("reading", "pooled"):
        if track not in tracks:
            continue
        for question in questions:
            asked = range(len(question.paraphrases) + 1 if paraphrases else 1)
            articles = _scored_articles(corpus, question) if track == "reading" else ["*"]
            items += [
                ItemId(fact=question.id, article=article, paraphrase=n) for n in asked for article in articles
            ]
    return items


def _scored_articles(corpus: Corpus, question: Question) -> list[str]:
    return [a.id for a in corpus.in_scope(question) if a.id not in question.partial]


def _chosen(
    questions: Sequence[Question],
    categories: Collection[str] | None,
    sample: int | None,
    limit: int | None,
    seed: int,
) -> list[Question]:
    for name, number in (("limit", limit), ("sample", sample)):
        if number is not None and number < 1:
            raise QaEvalError(f"{name}: there is nothing to ask with {number} facts; give 1 or more")
    known = sorted({q.category for q in questions})
    for category in categories or ():
        if category not in known:
            raise QaEvalError(
                f"category: no question has the category {quote(category)}{suggestion(category, known)}"
            )
    chosen = [q for q in questions if not categories or q.category in categories]
    if sample is not None:
        kept = drawn_ids((q.id for q in chosen), sample, seed)
        chosen = [q for q in chosen if q.id in kept]
    return chosen if limit is None else chosen[:limit]


def drawn_ids(ids: Iterable[str], size: int, seed: int) -> frozenset[str]:
    """A seeded random choice of ids; all of them if there are fewer.

    The hash of an id decides, not its position. Another id therefore does not reshuffle the sample, and a
    larger sample contains a smaller one of the same seed.
    """
    return frozenset(heapq.nsmallest(size, ids, lambda id: hashlib.sha256(f"{seed}:{id}".encode()).digest()))


def instances(corpus: Corpus, items: Sequence[ItemId]) -> list[Instance]:
    """The instances that a model must answer for these items: one for each question and article, without
    golds.

    For a pooled item the question is asked of every article in scope, also of partial ones. An instance that
    several items need is listed once, where it is first needed. Raises KeyError for an item that is not of
    this corpus.
    """
    questions = {q.id: q for q in corpus.questions}
    articles = {a.id: a for a in corpus.articles}
    found: dict[ItemId, Instance] = {}
    for needed in _readings(corpus, questions, items):
        if needed not in found:
            article = articles[needed.article]
            found[needed] = Instance(
                item=str(needed),
                question=questions[needed.fact].wording(needed.paraphrase),
                context=article.text,
                article=article.id,
            )
    return list(found.values())


def _readings(corpus: Corpus, questions: Mapping[str, Question], items: Sequence[ItemId]) -> Iterator[ItemId]:
    for item in items:
        if item.track == "reading":
            yield item
        else:
            for article in corpus.in_scope(questions[item.fact]):
                yield ItemId(fact=item.fact, article=article.id, paraphrase=item.paraphrase)
