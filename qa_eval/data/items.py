"""The items of a corpus, and the instances that a model sees."""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count as count_from
from itertools import islice, permutations

from qa_eval.errors import QaEvalError, UnknownNameError
from qa_eval.metrics.worded_scores import source_names
from qa_eval.records import Article, Corpus, Instance, ItemId, Question, ShownPassage, Track
from qa_eval.text.phrases import count, quote, suggestion


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


def closed_book_item(item: ItemId) -> ItemId:
    """The id of the question of an item, asked without any passage.

    >>> str(closed_book_item(ItemId(fact="fell", article="a")))
    'fell@*none'
    """
    return ItemId(fact=item.fact, article="*none", paraphrase=item.paraphrase)


def reordered_item(item: ItemId, order: int) -> ItemId:
    """The id of a pooled item, asked with its passages in another order. Orders count from 1.

    >>> str(reordered_item(ItemId(fact="fell", article="*"), 2))
    'fell@*order2'
    """
    return ItemId(fact=item.fact, article=f"*order{order}", paraphrase=item.paraphrase)


def shown_articles(corpus: Corpus, question: Question, order: int = 0) -> list[Article]:
    """The articles of a question in the order in which they are shown.

    Order 0 is the order of the corpus. Every other order depends on its number, the question and the ids of
    the articles only. No two orders are the same. Raises IndexError for an order beyond `orders_of`.
    """
    articles = list(corpus.in_scope(question))
    if order == 0:
        return articles
    if not 0 < order <= orders_of(corpus, question, order):
        raise IndexError(f"there is no order {order}")
    others = _orders(question.id, tuple(article.id for article in articles))
    return [articles[place] for place in next(islice(others, order - 1, None))]


def orders_of(corpus: Corpus, question: Question, wanted: int) -> int:
    """The number of other orders that the passages of a question have, at most `wanted`.

    Two passages have one other order, and a single one has none.
    """
    return min(wanted, math.factorial(min(len(corpus.in_scope(question)), 9)) - 1)


def _orders(fact: str, ids: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
    """Permutations of the places of passages, in an order that looks random, without the usual one."""
    usual = tuple(range(len(ids)))
    if len(ids) <= _FEW:
        others = [order for order in permutations(usual) if order != usual]
        yield from sorted(
            others,
            key=lambda order: hashlib.sha256(":".join([fact, *(ids[n] for n in order)]).encode()).digest(),
        )
        return
    seen = {usual}
    for seed in count_from(1):
        found = tuple(
            sorted(usual, key=lambda n: hashlib.sha256(f"{seed}:{fact}:{ids[n]}".encode()).digest())
        )
        if found not in seen:
            seen.add(found)
            yield found


_FEW = 5
"""Passages of which all orders are listed."""


def strangers(ids: Iterable[str], corpora: Iterable[Corpus]) -> list[str]:
    """Those of the ids that belong to no item of these questions: of no wording, article or pooled item."""
    left = dict.fromkeys(ids)
    by_fact: dict[str, list[tuple[str, ItemId]]] = {}
    for id in left:
        try:
            item = ItemId.parse(id)
        except ValueError:
            continue
        by_fact.setdefault(item.fact, []).append((id, item))
    for corpus in corpora:
        for question in corpus.questions if by_fact else ():
            known = {"*", *(article.id for article in corpus.in_scope(question))}
            for id, item in by_fact.pop(question.id, ()):
                if item.article in known and item.paraphrase <= len(question.paraphrases):
                    left.pop(id, None)
    return list(left)


def direct_instances(
    corpus: Corpus, items: Sequence[ItemId], *, closed_book: bool = False, orders: int = 0
) -> list[Instance]:
    """The instances for a model that reads all passages at once.

    A pooled item is one instance with all its passages. `orders` is the number of further instances of it,
    each with another order of the passages, or as many as there are. If `closed_book` is true, each question
    has one more instance without any passage.
    """
    questions = {q.id: q for q in corpus.questions}
    found = instances(corpus, [item for item in items if item.track == "reading"])
    for item in items:
        if item.track == "pooled":
            question = questions[item.fact]
            for order in range(orders_of(corpus, question, orders) + 1):
                id = reordered_item(item, order) if order else item
                passages = tuple(
                    ShownPassage(id=a.id, text=a.text, source=source_names(a))
                    for a in shown_articles(corpus, question, order)
                )
                words = question.wording(item.paraphrase)
                found.append(
                    Instance(
                        item=str(id), question=words, context="", article="*", mode="all", passages=passages
                    )
                )
    if closed_book:
        for id in dict.fromkeys(map(closed_book_item, items)):
            words = questions[id.fact].wording(id.paraphrase)
            found.append(Instance(item=str(id), question=words, context="", article="*", mode="none"))
    return found


def direct_instance(corpus: Corpus, id: str) -> Instance:
    """The instance of an item id, as a model that reads all passages at once is asked.

    `FACT@*none` is the question without any passage, and `FACT@*orderN` has the passages in order N. Raises
    UnknownNameError, with near matches, for an item that is not of this corpus.
    """
    try:
        item = ItemId.parse(id)
    except ValueError as error:
        raise UnknownNameError(str(error)) from None
    number = item.article.removeprefix("*order")
    order = int(number) if number != item.article and number.isdecimal() else 0
    order = order if str(order) == number else 0
    pooled = ItemId(fact=item.fact, article="*", paraphrase=item.paraphrase)
    closed = item.article == closed_book_item(item).article
    questions = {q.id: q for q in corpus.questions}
    question = questions.get(item.fact)
    if question is None:
        raise UnknownNameError(f"there is no fact {quote(item.fact)}{suggestion(item.fact, questions)}")
    if item.paraphrase > len(question.paraphrases):
        raise UnknownNameError(f"{quote(id)}: the fact has {count(len(question.paraphrases), 'paraphrase')}")
    articles = [a.id for a in corpus.in_scope(question)]
    if order > (most := orders_of(corpus, question, order)):
        raise UnknownNameError(
            f"{quote(id)}: {count(len(articles), 'passage')} have {count(most, 'other order')}"
        )
    if not (closed or order or item.article in ("*", *articles)):
        known = suggestion(item.article, [*articles, "*"])
        raise UnknownNameError(f"the fact is asked of no article {quote(item.article)}{known}")
    asked = [pooled] if closed or order else [item]
    found = direct_instances(corpus, asked, closed_book=closed, orders=order)
    return next(instance for instance in found if instance.item == id)


def _readings(corpus: Corpus, questions: Mapping[str, Question], items: Sequence[ItemId]) -> Iterator[ItemId]:
    for item in items:
        if item.track == "reading":
            yield item
        else:
            for article in corpus.in_scope(questions[item.fact]):
                yield ItemId(fact=item.fact, article=article.id, paraphrase=item.paraphrase)
