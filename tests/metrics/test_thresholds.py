from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.metrics.decisions import decide
from qa_eval.metrics.item_scores import score_item
from qa_eval.metrics.thresholds import FOLDS, cross_fit_thresholds, fold_of
from qa_eval.records import Answer, Candidate, Corpus, ItemId, Prediction
from tests.support.worked_example import LOSSES, TEXTS, corpus_of


def corpus_with(facts: int) -> Corpus:
    return corpus_of([replace(LOSSES, id=f"f{i}") for i in range(facts)], TEXTS)


def items_of(corpus: Corpus, articles: str = "DE") -> list[ItemId]:
    return [ItemId(fact=q.id, article=a) for q in corpus.questions for a in articles]


def prediction(item: ItemId, margin: float, text: str = "417") -> Prediction:
    return Prediction(item=str(item), n_best=(Candidate(text=text, score=0.0),), null_score=margin)


def balanced(
    corpus: Corpus, predictions: Mapping[str, Prediction], items: list[ItemId], threshold: float
) -> float:
    """By the scorer itself, one item at a time."""
    worth: dict[bool, list[float]] = {True: [], False: []}
    for item in items:
        given = predictions.get(str(item))
        answer = (
            Answer(item=str(item), text="", missing=True)
            if given is None
            else decide(given, threshold=threshold)
        )
        score = score_item(corpus.question(item.fact), item, answer, corpus)
        worth[score.answerable].append(score.scores["f1" if score.answerable else "no_answer_recall"])
    return sum(sum(side) / len(side) for side in worth.values()) / 2


def test_a_clear_gap_is_found_and_cut_in_the_middle() -> None:
    corpus = corpus_with(10)
    items = items_of(corpus)
    predictions = {str(i): prediction(i, 4.0 if i.article == "D" else 6.0) for i in items}
    assert cross_fit_thresholds(corpus, predictions, items) == dict.fromkeys(
        (q.id for q in corpus.questions), 5.0
    )


def test_of_equally_good_cuts_the_one_nearest_to_zero_is_taken() -> None:
    corpus = corpus_with(10)
    items = items_of(corpus)
    wrong = {str(i): prediction(i, 3.0, "nobody knows") for i in items}
    assert set(cross_fit_thresholds(corpus, wrong, items).values()) == {2.0}
    right = {str(i): prediction(i, -3.0 if i.article == "D" else 3.0) for i in items}
    assert set(cross_fit_thresholds(corpus, right, items).values()) == {0.0}


def test_answering_everything_can_be_best() -> None:
    corpus = corpus_with(10)
    items = items_of(corpus)
    predictions = {str(i): prediction(i, 5.0) for i in items if i.article == "D"}
    predictions |= {str(i): Prediction(item=str(i), text="") for i in items if i.article == "E"}
    assert set(cross_fit_thresholds(corpus, predictions, items).values()) == {6.0}


def test_ties_are_never_cut() -> None:
    corpus = corpus_with(10)
    items = items_of(corpus)
    predictions = {str(i): prediction(i, 2.0) for i in items}
    assert set(cross_fit_thresholds(corpus, predictions, items).values()) <= {1.0, 3.0}


def test_margins_next_to_each_other_are_still_told_apart() -> None:
    corpus = corpus_with(10)
    items = items_of(corpus)
    low, high = 1.0, 1.0 + 2**-52
    predictions = {str(i): prediction(i, low if i.article == "D" else high) for i in items}
    threshold = cross_fit_thresholds(corpus, predictions, items)["f0"]
    assert low <= threshold < high
    low, high = high, 1.0 + 2**-51
    predictions = {str(i): prediction(i, low if i.article == "D" else high) for i in items}
    threshold = cross_fit_thresholds(corpus, predictions, items)["f0"]
    assert low <= threshold < high


@pytest.mark.parametrize(
    ("articles", "given"),
    [
        pytest.param("D", "spans", id="nothing silent"),
        pytest.param("E", "spans", id="nothing answerable"),
        pytest.param("DE", "texts", id="no margins"),
        pytest.param("DE", "errors", id="all failed"),
        pytest.param("DE", "nothing", id="all missing"),
        pytest.param("DE", "empty", id="no candidates"),
        pytest.param("DE", "no null", id="no null score"),
        pytest.param("*", "spans", id="pooled items only"),
    ],
)
def test_the_threshold_is_zero_where_it_cannot_be_fitted(articles: str, given: str) -> None:
    corpus = corpus_with(6)
    items = items_of(corpus, articles)
    made = {
        "spans": lambda i: prediction(i, 3.0),
        "texts": lambda i: replace(prediction(i, 3.0), text="417"),
        "errors": lambda i: replace(prediction(i, 3.0), error="e"),
        "empty": lambda i: Prediction(item=str(i), null_score=1.0),
        "no null": lambda i: replace(prediction(i, 3.0), null_score=None),
    }
    predictions = {str(i): made[given](i) for i in items} if given in made else {}
    assert cross_fit_thresholds(corpus, predictions, items) == {q.id: 0.0 for q in corpus.questions}


def test_folds_are_even_and_depend_on_the_set_of_facts_alone() -> None:
    facts = [f"f{i}" for i in range(23)]
    folds = fold_of(facts)
    assert folds == fold_of(reversed(facts + facts))
    sizes = sorted(list(folds.values()).count(n) for n in range(FOLDS))
    assert sizes == [4, 4, 5, 5, 5]


GRID = (-3.0, -1.5, -0.75, -0.25, 0.25, 0.75, 1.5, 3.0)
"""One threshold in each gap between the margins drawn."""
margins = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
texts = st.sampled_from(["417", "417 men", "over 400", "the"])


@st.composite
def predicted(draw: st.DrawFn, corpus: Corpus) -> dict[str, Prediction]:
    items = items_of(corpus)
    found = {str(i): prediction(i, draw(margins), draw(texts)) for i in items if draw(st.integers(0, 9)) > 0}
    return {k: replace(p, error="e") if draw(st.integers(0, 19)) == 0 else p for k, p in found.items()}


@given(st.data())
def test_each_threshold_is_the_best_for_the_other_folds(data: st.DataObject) -> None:
    corpus = corpus_with(7)
    items = items_of(corpus)
    predictions = data.draw(predicted(corpus))
    fitted = cross_fit_thresholds(corpus, predictions, items)
    folds = fold_of(q.id for q in corpus.questions)
    for fold in range(FOLDS):
        others = [i for i in items if folds[i.fact] != fold]
        mine = next(fitted[fact] for fact, n in folds.items() if n == fold)
        best = max(balanced(corpus, predictions, others, t) for t in GRID)
        assert balanced(corpus, predictions, others, mine) == pytest.approx(best)


@given(st.data())
def test_a_facts_own_answers_do_not_move_its_threshold(data: st.DataObject) -> None:
    corpus = corpus_with(7)
    items = items_of(corpus)
    predictions = data.draw(predicted(corpus))
    other = data.draw(predicted(corpus))
    folds = fold_of(q.id for q in corpus.questions)
    swapped = {str(i) for i in items if folds[i.fact] == folds["f3"]}
    mixed = {k: p for k, p in predictions.items() if k not in swapped} | {
        k: p for k, p in other.items() if k in swapped
    }
    assert (
        cross_fit_thresholds(corpus, predictions, items)["f3"]
        == cross_fit_thresholds(corpus, mixed, items)["f3"]
    )


def test_paraphrases_take_the_facts_threshold_and_do_not_move_it() -> None:
    corpus = corpus_with(10)
    items = items_of(corpus)
    predictions = {str(i): prediction(i, 4.0 if i.article == "D" else 6.0) for i in items}
    more = [replace(i, paraphrase=1) for i in items]
    noise = {str(i): prediction(i, -9.0) for i in more}
    assert cross_fit_thresholds(corpus, predictions | noise, items + more) == cross_fit_thresholds(
        corpus, predictions, items
    )
