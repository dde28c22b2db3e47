"""The official numbers of whole data sets: a plain re-implementation of the scripts as the oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qa_eval.metrics.official_scores import best_thresholds, official_report, official_scores, score_answers
from qa_eval.metrics.rules.squad import RULES
from tests.support.plain_rules import Question, best_reachable, plain_means, plain_v2, squad_tokens

FEW = 20
"""Resamples, where intervals are not what is tested."""

texts = st.lists(
    st.sampled_from(["the", "a", "x", "y", "X.", "z", "北京", "–", "!", " ", "3.5", "der"]), max_size=4
).map(" ".join)
nothing = st.just("")


@st.composite
def data_sets(draw: st.DrawFn, *, goldless: bool) -> list[Question]:
    size = draw(st.integers(1, 8))
    golds = st.lists(texts, min_size=0 if goldless else 1, max_size=3)
    return [(f"q{i}", draw(golds)) for i in range(size)]


def with_contexts(questions: list[Question]) -> list[tuple[str, list[str], int]]:
    return [(id, list(golds), i // 3) for i, (id, golds) in enumerate(questions)]


def close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=0, abs_tol=1e-9)


@given(st.sampled_from([r for r in RULES if r != "squad-v2.0"]), data_sets(goldless=False), st.data())
def test_sets_without_unanswerable_questions_score_as_by_their_script(
    rules: str, questions: list[Question], data: st.DataObject
) -> None:
    predictions = {id: data.draw(texts) for id, _ in questions if data.draw(st.booleans())}
    earned = score_answers(with_contexts(questions), predictions, RULES[rules])
    ours = official_scores(earned, RULES[rules], resamples=FEW)
    official = plain_means(questions, predictions, rules)
    assert list(ours) == ["exact_match", "f1"]
    report = official_report(ours, [], RULES[rules], missing=len(earned.missing))
    assert list(report) == list(official)
    assert all(close(report[key], official[key]) for key in official)


@given(data_sets(goldless=True), st.data())
def test_sets_with_unanswerable_questions_score_as_by_the_script(
    questions: list[Question], data: st.DataObject
) -> None:
    rules = RULES["squad-v2.0"]
    predictions = {id: data.draw(texts | nothing) for id, _ in questions}
    no_answer = {id: data.draw(st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.5])) for id, _ in questions}
    threshold = data.draw(st.sampled_from([1.0, 0.3]))
    earned = score_answers(with_contexts(questions), predictions, rules, no_answer)
    ours = official_scores(earned, rules, threshold=threshold, resamples=FEW)
    official = plain_v2(questions, predictions, no_answer, threshold)
    for key, estimate in ours.items():
        assert close(100 * estimate.value, official[key])
        total = official[key.rpartition("_")[0] + "_total" if "_" in key else "total"]
        assert estimate.n == total
    assert {k for k in official if "best" not in k and "total" not in k} == set(ours)


@given(data_sets(goldless=True), st.data())
def test_the_best_threshold_is_the_official_one_where_no_probabilities_are_equal(
    questions: list[Question], data: st.DataObject
) -> None:
    rules = RULES["squad-v2.0"]
    predictions = {id: data.draw(texts | nothing) for id, _ in questions}
    cuts = data.draw(st.permutations([0.0625 * (i + 1) for i in range(len(questions))]))
    no_answer = dict(zip(predictions, cuts, strict=True))
    earned = score_answers(with_contexts(questions), predictions, rules, no_answer)
    official = plain_v2(questions, predictions, no_answer)
    for best in best_thresholds(earned, resamples=FEW):
        score, place = official[f"best_{best.metric}"], official[f"best_{best.metric}_thresh"]
        assert close(100 * best.score.value, score)
        assert close(100 * best.official_score, score)
        assert best.threshold == best.official_threshold == place


@given(data_sets(goldless=True), st.data())
def test_the_best_threshold_reaches_what_it_says_and_no_other_reaches_more(
    questions: list[Question], data: st.DataObject
) -> None:
    rules = RULES["squad-v2.0"]
    predictions = {id: data.draw(texts | nothing) for id, _ in questions if data.draw(st.booleans())}
    assume(predictions)
    no_answer = {
        id: data.draw(st.sampled_from([-1.0, 0.0, 0.5, 1.0]))
        for id in predictions
        if data.draw(st.booleans())
    }
    earned = score_answers(with_contexts(questions), predictions, rules, no_answer)
    for column, best in enumerate(best_thresholds(earned, resamples=FEW)):
        assert close(100 * best.score.value, best_reachable(questions, predictions, no_answer, column))
        there = official_scores(earned, rules, threshold=best.threshold, resamples=FEW)[best.metric]
        # Wrong in the search, right in the scores: a text that normalizes to nothing, and no gold.
        silent = sum(
            not golds
            and predictions.get(id, "") != ""
            and not squad_tokens(predictions[id])
            and no_answer.get(id, -math.inf) <= best.threshold
            for id, golds in questions
        )
        assert close(there.value - silent / len(questions), best.score.value)


def test_the_official_search_stops_inside_a_tie_and_ours_says_what_it_would_say() -> None:
    # Four answers of one probability: answered together they are worth 2 of 4, refused together 2 of 4. The
    # official search stops after the first two, at 4 of 4, which no threshold reaches.
    golds: list[list[str]] = [["x"], ["x"], [], []]
    questions = [(f"q{i}", g, i) for i, g in enumerate(golds)]
    predictions = dict.fromkeys(("q0", "q1", "q2", "q3"), "x")
    no_answer = dict.fromkeys(predictions, 0.5)
    earned = score_answers(questions, predictions, RULES["squad-v2.0"], no_answer)
    for best in best_thresholds(earned):
        assert (best.score.value, best.threshold) == (0.5, 0.0)
        assert (best.official_score, best.official_threshold) == (1.0, 0.5)
    assert plain_v2([(i, g) for i, g, _ in questions], predictions, no_answer)["best_exact"] == 100.0


@pytest.mark.parametrize(
    ("no_answer", "threshold"),
    [
        pytest.param([0.2, 0.4], 0.0, id="0 is below all"),
        pytest.param([0.0, 0.4], -1.0, id="0 would answer one"),
        pytest.param([-3.5, 0.4], -4.5, id="log odds"),
    ],
)
def test_to_refuse_everything_has_a_threshold_that_does(no_answer: list[float], threshold: float) -> None:
    predictions = {"q0": "x", "q1": "x"}
    questions: list[tuple[str, list[str], int]] = [("q0", [], 0), ("q1", [], 0)]
    given = dict(zip(predictions, no_answer, strict=True))
    earned = score_answers(questions, predictions, RULES["squad-v2.0"], given)
    assert [b.threshold for b in best_thresholds(earned)] == [threshold, threshold]


def test_a_text_that_normalizes_to_nothing_is_wrong_in_the_search_and_right_in_the_scores() -> None:
    questions: list[tuple[str, list[str], int]] = [("q0", [], 0), ("q1", ["x"], 1)]
    predictions, no_answer = {"q0": "The", "q1": "x"}, {"q0": 0.1, "q1": 0.2}
    earned = score_answers(questions, predictions, RULES["squad-v2.0"], no_answer)
    # Refusing all is worth 1 of 2; answering q0 loses that, and q1 wins it back.
    assert [(b.score.value, b.threshold) for b in best_thresholds(earned)] == [(0.5, 0.0), (0.5, 0.0)]
    assert official_scores(earned, RULES["squad-v2.0"])["exact"].value == 1.0


def test_missing_predictions_score_0_and_stay_in_the_denominator() -> None:
    questions = [("q0", ["x"], 0), ("q1", ["x"], 0), ("q2", [], 1)]
    earned = score_answers(questions, {"q0": "x", "other": "x"}, RULES["squad-v2.0"])
    scores = official_scores(earned, RULES["squad-v2.0"])
    assert {k: (e.value, e.n) for k, e in scores.items()} == {
        "exact": (pytest.approx(1 / 3), 3),
        "f1": (pytest.approx(1 / 3), 3),
        "HasAns_exact": (0.5, 2),
        "HasAns_f1": (0.5, 2),
        "NoAns_exact": (0.0, 1),
        "NoAns_f1": (0.0, 1),
    }
    assert (earned.missing, earned.extra) == (("q1", "q2"), ("other",))
    with pytest.raises(KeyError):
        plain_v2([("q0", ["x"]), ("q1", ["x"])], {"q0": "x"})


def test_intervals_are_clustered_by_context() -> None:
    # All answers of one context share their fate, so there are 40 facts to learn from, not 400.
    rng = np.random.default_rng(5)
    right = rng.random(40) < 0.6
    questions = [(f"q{i}", ["x"], f"context {i // 10}") for i in range(400)]
    predictions = {f"q{i}": "x" if right[i // 10] else "y" for i in range(400)}
    earned = score_answers(questions, predictions, RULES["squad-v1.1"])
    f1 = official_scores(earned, RULES["squad-v1.1"])["f1"]
    assert (f1.n, f1.clusters) == (400, 40)
    half = 1.96 * math.sqrt(f1.value * (1 - f1.value) / 40)
    assert f1.low is not None
    assert f1.high is not None
    assert (f1.high - f1.low) / 2 == pytest.approx(half, rel=0.15)


@pytest.mark.parametrize(
    ("questions", "rules", "message"),
    [
        pytest.param([], "squad-v2.0", "no questions", id="none"),
        pytest.param([("q", ["x"], 0), ("q", ["x"], 0)], "squad-v1.1", "'q' is there twice", id="twice"),
        pytest.param(
            [("p", ["x"], 0), ("q", [], 0), ("r", [], 0)],
            "mrqa",
            "2 of 3 questions have no gold, such as 'q'; mrqa has no unanswerable questions, squad-v2.0 has",
            id="no golds",
        ),
    ],
)
def test_a_data_set_that_cannot_be_scored_is_refused(
    questions: list[tuple[str, list[str], int]], rules: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        score_answers(questions, {"q": "x"}, RULES[rules])
