from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.metrics.decisions import abstains, decide, logit, pool, sigmoid
from qa_eval.metrics.item_scores import score_item
from qa_eval.records import Answer, Candidate, ItemId, Prediction
from tests.support.worked_example import LOSSES, WORKED, predictions_about

ITEM = ItemId(fact="losses", article="*")


def candidates(**scores: float) -> tuple[Candidate, ...]:
    return tuple(Candidate(text=text, score=score) for text, score in scores.items())


@pytest.mark.parametrize(
    ("prediction", "threshold", "text"),
    [
        pytest.param(Prediction(item="i", n_best=candidates(x=2, y=1), null_score=1), 0, "x", id="best span"),
        pytest.param(Prediction(item="i", n_best=candidates(x=2), null_score=3), 0, "", id="null above best"),
        pytest.param(Prediction(item="i", n_best=candidates(x=2), null_score=2), 0, "x", id="tie answers"),
        pytest.param(
            Prediction(item="i", n_best=candidates(x=2), null_score=3), 1, "x", id="at the threshold"
        ),
        pytest.param(Prediction(item="i", n_best=candidates(x=2), null_score=1), -2, "", id="low threshold"),
        pytest.param(
            Prediction(item="i", n_best=candidates(x=2)), -99, "x", id="no null score: always answers"
        ),
        pytest.param(Prediction(item="i", null_score=1), 99, "", id="no spans: always abstains"),
        pytest.param(Prediction(item="i"), 0, "", id="nothing at all"),
        pytest.param(
            Prediction(item="i", text="z", n_best=candidates(x=2), null_score=9), 0, "z", id="own text stands"
        ),
        pytest.param(
            Prediction(item="i", text="", n_best=candidates(x=2), null_score=-9),
            0,
            "",
            id="own silence stands",
        ),
        pytest.param(Prediction(item="i", text="z", error="too long"), 0, "", id="a failure says nothing"),
    ],
)
def test_what_is_answered_follows_from_null_score_and_threshold(
    prediction: Prediction, threshold: float, text: str
) -> None:
    assert decide(prediction, threshold=threshold).text == text


def test_probabilities_are_one_softmax_over_spans_and_null() -> None:
    answer = decide(Prediction(item="i", n_best=candidates(x=1, y=0), null_score=0))
    total = math.e + 2
    assert [c.probability for c in answer.n_best] == pytest.approx([math.e / total, 1 / total])
    assert answer.confidence == pytest.approx(math.e / total)
    assert answer.no_answer_probability == pytest.approx(sigmoid(-1))
    assert (answer.score, answer.null_score, answer.threshold) == (1, 0, 0)
    assert answer.candidate == answer.n_best[0]


def test_confidence_when_abstaining_is_that_of_the_null_answer() -> None:
    answer = decide(Prediction(item="i", n_best=candidates(x=0), null_score=math.log(3)))
    assert answer.text == ""
    assert answer.confidence == pytest.approx(0.75)
    assert answer.candidate is None
    assert answer.score == 0


@pytest.mark.parametrize(
    ("prediction", "confidence"),
    [
        pytest.param(Prediction(item="i", text="x"), None, id="a bare text has none"),
        pytest.param(
            Prediction(item="i", text="x", no_answer_probability=0.2), 0.8, id="bare text, answered"
        ),
        pytest.param(
            Prediction(item="i", text="", no_answer_probability=0.2), 0.2, id="bare text, abstained"
        ),
        pytest.param(
            Prediction(item="i", text="x", n_best=candidates(x=0, y=0)), 0.5, id="text of the n-best"
        ),
        pytest.param(Prediction(item="i", n_best=candidates(x=0, y=0)), 0.5, id="without a null score"),
        pytest.param(Prediction(item="i", n_best=candidates(x=0), error="e"), None, id="failed"),
        pytest.param(
            Prediction(item="i", n_best=(Candidate(text="x", probability=0.3),)), 0.3, id="brought along"
        ),
    ],
)
def test_confidence_is_the_probability_of_what_was_answered(
    prediction: Prediction, confidence: float | None
) -> None:
    found = decide(prediction).confidence
    assert found == (None if confidence is None else pytest.approx(confidence))


def test_a_text_of_the_n_best_keeps_its_span() -> None:
    chosen = Candidate(text="x", article="A", start=3, end=4)
    answer = decide(Prediction(item="i", text="x", n_best=(Candidate(text="y"), chosen)))
    assert answer.candidate is not None
    assert answer.candidate.start == 3
    assert answer.threshold is None


def test_of_equal_texts_the_better_one_is_chosen() -> None:
    twice = (Candidate(text="x", start=3, end=4, score=2), Candidate(text="x", start=9, end=10, score=1))
    answer = decide(Prediction(item="i", text="x", n_best=twice))
    assert answer.candidate is not None
    assert answer.candidate.start == 3


def test_a_given_no_answer_probability_is_kept() -> None:
    prediction = Prediction(item="i", n_best=candidates(x=0), null_score=5, no_answer_probability=0.25)
    assert decide(prediction).no_answer_probability == 0.25


@given(st.floats(-20, 20), st.floats(-20, 20), st.floats(-20, 20), st.floats(-20, 20))
def test_a_higher_threshold_never_turns_an_answer_into_silence(
    best: float, null: float, one: float, other: float
) -> None:
    prediction = Prediction(item="i", n_best=candidates(x=best), null_score=null)
    low, high = sorted((one, other))
    assert len(decide(prediction, threshold=low).text) <= len(decide(prediction, threshold=high).text)


@given(predictions_about(WORKED, "losses@A"))
def test_probabilities_are_fractions_that_sum_to_one_at_most(prediction: Prediction) -> None:
    answer = decide(prediction)
    shares = [c.probability for c in answer.n_best if c.probability is not None]
    assert len(shares) == len(answer.n_best)
    assert all(0 <= p <= 1 for p in shares)
    assert math.fsum(shares) <= 1 + 1e-9
    assert answer.confidence is None or 0 <= answer.confidence <= 1


@pytest.mark.parametrize("p", [0.0, 1e-9, 0.2, 0.5, 0.999, 1.0])
def test_logit_is_finite_and_undoes_sigmoid(p: float) -> None:
    assert sigmoid(logit(p)) == pytest.approx(p, abs=1e-11)


@pytest.mark.parametrize(
    ("answer", "margin"),
    [
        pytest.param(Answer(item="i", text="x", null_score=1.0, score=3.0), -2.0, id="logits"),
        pytest.param(Answer(item="i", text="x", no_answer_probability=0.5), 0.0, id="a probability"),
        pytest.param(
            Answer(item="i", text="x", null_score=1.0, score=3.0, no_answer_probability=0.5), -2.0, id="both"
        ),
        pytest.param(Answer(item="i", text="x", score=3.0), None, id="no null score"),
        pytest.param(Answer(item="i", text="", null_score=1.0, score=3.0, error="e"), None, id="failed"),
        pytest.param(Answer(item="i", text="", null_score=1.0, score=3.0, missing=True), None, id="missing"),
    ],
)
def test_the_no_answer_margin(answer: Answer, margin: float | None) -> None:
    score = score_item(LOSSES, ItemId(fact="losses", article="A"), answer, WORKED)
    assert score.no_answer_margin == margin


@pytest.mark.parametrize("text", ["", "  ", "the", "--", "A."])
def test_nothing_but_punctuation_and_articles_is_no_answer(text: str) -> None:
    assert abstains(text)


# ------------------------------------------------------------------------------------------ pooling


def test_pooling_merges_by_score_and_never_abstains() -> None:
    answer = pool(
        ITEM,
        LOSSES,
        {
            "C": Prediction(item="losses@C", n_best=candidates(x=1, y=0), null_score=99, windows=2, tokens=7),
            "A": Prediction(item="losses@A", n_best=candidates(z=2), windows=1, tokens=5, truncated=True),
        },
    )
    assert [(c.text, c.article) for c in answer.n_best] == [("z", "A"), ("x", "C"), ("y", "C")]
    assert answer.text == "z"
    assert sum(c.probability or 0 for c in answer.n_best) == pytest.approx(1)
    assert answer.confidence == answer.n_best[0].probability
    assert (answer.windows, answer.tokens, answer.truncated, answer.item) == (3, 12, True, "losses@*")
    assert answer.no_answer_probability is None


def test_equal_scores_go_by_article_then_offset() -> None:
    late = Candidate(text="late", start=9, end=13)
    early = Candidate(text="early", start=1, end=6)
    answer = pool(
        ITEM,
        LOSSES,
        {"B": Prediction(item="b", n_best=(late, early)), "A": Prediction(item="a", n_best=candidates(x=0))},
    )
    assert [c.text for c in answer.n_best] == ["x", "early", "late"]


@pytest.mark.parametrize(
    ("predictions", "text", "article"),
    [
        pytest.param({"B": ("x", 0.4), "A": ("y", 0.6)}, "x", "B", id="least doubt"),
        pytest.param({"B": ("x", None), "A": ("y", None)}, "y", "A", id="no doubts known: by article"),
        pytest.param({"B": ("x", None), "A": ("", None)}, "x", "B", id="an abstaining article says nothing"),
        pytest.param({"A": ("", 0.1)}, "", None, id="all abstain"),
        pytest.param({"*": ("x", None)}, "x", None, id="answered at once"),
    ],
)
def test_bare_texts_are_pooled_without_an_n_best(
    predictions: dict[str, tuple[str, float | None]], text: str, article: str | None
) -> None:
    answer = pool(
        ITEM,
        LOSSES,
        {a: Prediction(item=a, text=t, no_answer_probability=p) for a, (t, p) in predictions.items()},
    )
    assert answer.text == text
    assert answer.n_best == ()
    assert (answer.candidate.article if answer.candidate else None) == article


def test_a_bare_text_is_as_sure_as_its_model_is_that_there_is_an_answer() -> None:
    answer = pool(ITEM, LOSSES, {"A": Prediction(item="a", text="x", no_answer_probability=0.25)})
    assert answer.confidence == 0.75


def test_bare_texts_beside_an_n_best_are_left_out() -> None:
    answer = pool(
        ITEM,
        LOSSES,
        {"A": Prediction(item="a", text="bare"), "B": Prediction(item="b", n_best=candidates(x=-5))},
    )
    assert [c.text for c in answer.n_best] == ["x"]


def test_failed_articles_are_left_out_of_the_pool() -> None:
    failed = Prediction(item="a", error="too long", n_best=candidates(x=9))
    answer = pool(ITEM, LOSSES, {"A": failed, "B": Prediction(item="b", n_best=candidates(y=1))})
    assert (answer.text, answer.error) == ("y", None)
    assert pool(ITEM, LOSSES, {"A": failed}).error == "too long"
    assert pool(ITEM, LOSSES, {}).missing
