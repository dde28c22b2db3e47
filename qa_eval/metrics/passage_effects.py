"""Scores of what passages do to a language model's answers.

Two further ways of asking are compared with the usual one: without any passage (closed book), and with the
passages in other orders. The answers are read for their claims by `read_answer`.
"""

from __future__ import annotations

from collections.abc import Sequence

from qa_eval.matching import typed
from qa_eval.matching.answer_sources import without_places
from qa_eval.matching.normal_form import normalize
from qa_eval.metrics.decisions import is_failed
from qa_eval.metrics.worded_scores import read_with
from qa_eval.records import Answer, Article, ItemId, Question


def memory_scores(
    question: Question, item: ItemId, answer: Answer, closed_book: str, article: Article | None
) -> dict[str, float]:
    """Whether the model remembers a claim, and whether it stays with its memory against the passage.

    `remembered` is 1 if the closed-book answer asserts a claim of some source. `memorised` is defined for an
    item of an article that answers, if the closed-book answer is an answer and asserts no claim of the
    article: 1 if the answer with the passage asserts a claim of the closed-book answer. If the closed-book
    answer asserts no claim at all, both have to be the same value, whatever passages they cite by their
    places. A failed answer has no `memorised`.

    Longpre et al. (2021) replace entities in passages to get such items. Here, the model's memory is compared
    with what the passages say as they are.

    Args:
        question: Question with its claims.
        item: Item that was asked.
        answer: Answer with the passages.
        closed_book: Answer without any passage.
        article: Article of the item; None on the pooled track.
    """
    memory = read_with(closed_book, question, ())
    known = set(memory.claims)
    scores = {"remembered": float(bool(known))}
    own = {claim.id for claim in question.own_claims(article.id)} if article is not None else set()
    if not own or known & own or memory.abstains is not None or is_failed(answer) or article is None:
        return scores
    if known:
        said = set(read_with(answer.text, question, (article,)).claims)
        return scores | {"memorised": float(bool(said & known))}
    texts = without_places(answer.text), without_places(closed_book)
    same = typed.match(*texts, question.answer_type, strict=False).ok
    return scores | {"memorised": float(same)}


def order_scores(
    question: Question,
    answer: Answer,
    shown: Sequence[Article],
    reordered: Sequence[tuple[str, Sequence[Article]]],
) -> dict[str, float]:
    """`order_changed`: the share of the other orders in which the answer is another one.

    Two answers are the same if both abstain, or if both assert the same claims. If neither asserts a claim,
    their texts have to be equal by the rules of exact match, without what names a passage by its place: the
    same passage has another number in another order.

    Args:
        question: Question with its claims.
        answer: Answer with the articles in their usual order.
        shown: Articles in their usual order.
        reordered: Answers in other orders, each with the articles in its order. Without any, or if the usual
            answer failed, there are no scores.
    """
    if not reordered or is_failed(answer):
        return {}
    usual = _said(answer.text, question, shown)
    changed = sum(_said(text, question, articles) != usual for text, articles in reordered)
    return {"order_changed": changed / len(reordered)}


def _said(text: str, question: Question, shown: Sequence[Article]) -> object:
    """What an answer says, as a value that is equal for equal answers."""
    reading = read_with(text, question, shown)
    if reading.abstains is not None:
        return None
    return frozenset(reading.claims) or normalize(without_places(text))
