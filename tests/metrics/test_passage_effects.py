"""What passages do to a language model's answers: its memory, and the order of the passages."""

from __future__ import annotations

import pytest

from qa_eval.metrics.passage_effects import memory_scores, order_scores
from qa_eval.records import Answer, ItemId
from tests.support.fake_models import four_facts

CORPUS = four_facts()
DEAD = next(q for q in CORPUS.questions if q.id == "dead")
"""180 in article a, 194 in article b; article c is silent."""
ARTICLES = {article.id: article for article in CORPUS.articles}

MEMORY: list[tuple[str, str, str, dict[str, float]]] = [
    # closed book, article, answer with the passages -> scores
    ("180", "b", "180", {"remembered": 1, "memorised": 1}),
    ("180", "b", "About 180 soldiers, not 194.", {"remembered": 1, "memorised": 1}),
    ("180", "b", "194", {"remembered": 1, "memorised": 0}),
    ("180", "b", "Not 180 but 194.", {"remembered": 1, "memorised": 0}),
    ("180", "b", "7", {"remembered": 1, "memorised": 0}),
    ("180", "b", "", {"remembered": 1, "memorised": 0}),
    ("180", "a", "180", {"remembered": 1}),  # the article says so, too
    ("180", "c", "180", {"remembered": 1}),  # the article says nothing
    ("180", "*", "180", {"remembered": 1}),
    ("7", "b", "7", {"remembered": 0, "memorised": 1}),
    ("7 soldiers", "b", "seven", {"remembered": 0, "memorised": 1}),
    ("7", "b", "7 [1].", {"remembered": 0, "memorised": 1}),  # a citation is no number of the answer
    ("7", "b", "194", {"remembered": 0, "memorised": 0}),
    ("", "b", "180", {"remembered": 0}),
    ("I do not know.", "b", "180", {"remembered": 0}),
]


@pytest.mark.parametrize(("closed_book", "article", "text", "expected"), MEMORY)
def test_memory(closed_book: str, article: str, text: str, expected: dict[str, float]) -> None:
    item = ItemId(fact="dead", article=article)
    answer = Answer(item=str(item), text=text)
    assert memory_scores(DEAD, item, answer, closed_book, ARTICLES.get(article)) == expected


def test_a_failed_answer_stays_with_no_memory() -> None:
    item = ItemId(fact="dead", article="b")
    failed = Answer(item=str(item), text="", error="it broke")
    assert memory_scores(DEAD, item, failed, "180", ARTICLES["b"]) == {"remembered": 1}


ORDERS: list[tuple[str, list[tuple[str, str]], float]] = [
    # answer in the order abc, (answer, its order) -> share of changes
    ("180", [("180", "bac"), ("There were 180.", "cba")], 0),
    ("180", [("194", "bac"), ("180", "cba")], 1 / 2),
    ("180 or 194", [("194, or 180", "bac"), ("180", "cab"), ("", "cba")], 2 / 3),
    ("180 [1] or 194 [2]", [("180 [2] or 194 [1]", "bac")], 0),
    ("", [("unanswerable", "bac"), ("The passages do not say.", "cba")], 0),
    ("", [("180", "bac")], 1),
    ("Seven men.", [("seven men", "bac"), ("eight men", "cba")], 1 / 2),
    (
        "Seven men [1, 3].",
        [("Seven men [3].", "bac"), ("Seven men", "cba"), ("Eight men [1].", "cab")],
        1 / 3,
    ),
    (
        "The first article says seven men, passage 2 eight.",
        [("The third article says seven men, passage 1 eight.", "cab")],
        0,
    ),
    ("Hard to say [1][2].", [("Hard to say [2][3].", "bac"), ("unanswerable", "cba")], 1 / 2),
]


@pytest.mark.parametrize(("text", "others", "changed"), ORDERS)
def test_orders(text: str, others: list[tuple[str, str]], changed: float) -> None:
    answer = Answer(item="dead@*", text=text)
    reordered = [(said, [ARTICLES[id] for id in order]) for said, order in others]
    found = order_scores(DEAD, answer, CORPUS.articles, reordered)
    assert found == {"order_changed": pytest.approx(changed)}


def test_without_other_orders_or_with_a_failed_answer_there_is_no_score() -> None:
    assert order_scores(DEAD, Answer(item="dead@*", text="180"), CORPUS.articles, []) == {}
    failed = Answer(item="dead@*", text="", error="it broke")
    assert order_scores(DEAD, failed, CORPUS.articles, [("180", CORPUS.articles)]) == {}
