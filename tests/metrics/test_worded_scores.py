"""Scores of answers in words: per item, in a run, and against the match on spans."""

from __future__ import annotations

import pytest

from qa_eval.metrics.decisions import decide
from qa_eval.metrics.worded_scores import worded_scores
from qa_eval.records import Article, Claim, Corpus, Evidence, ItemId, Prediction, Question
from qa_eval.runs.store import Run

TEXTS = {"A": "Over 90 sailors drowned.", "B": "The ferry sank; 94 sailors drowned.", "C": "It rained."}


def evidence(article: str, text: str, speaker: str | None = None) -> Evidence:
    return Evidence(article=article, text=text, start=TEXTS[article].index(text), speaker=speaker)


QUESTION = Question(
    id="losses",
    question="How many sailors drowned?",
    category="losses",
    answer_type="number",
    claims=(
        Claim(id="over-90", evidence=(evidence("A", "Over 90", "the harbour master"),)),
        Claim(id="94", evidence=(evidence("B", "94", "the owner"),)),
    ),
    silent=("C",),
)
CORPUS = Corpus(
    questions=(QUESTION,), articles=tuple(Article(id=id, text=text) for id, text in TEXTS.items())
)


def scored(article: str, text: str | None) -> dict[str, float]:
    item = ItemId(fact="losses", article=article)
    said = Prediction(item=str(item), text=text, error=None if text is not None else "no answer came")
    return worded_scores(QUESTION, item, decide(said), CORPUS)


READING = [
    ("A", "More than ninety sailors drowned.", {"asserts_own": 1}),
    ("A", "94", {"asserts_own": 0}),
    ("A", "Over 90 or 94.", {"asserts_own": 0}),
    ("A", "Over 90, or maybe 200 sailors.", {"asserts_own": 0}),
    ("A", "The text does not say.", {"asserts_own": 0}),
    ("A", None, {"asserts_own": 0}),
    ("B", "According to the owner, 94.", {"asserts_own": 1, "attributions": 1, "attributions_right": 1}),
    (
        "B",
        "94, according to the harbour master.",
        {"asserts_own": 1, "attributions": 1, "attributions_right": 0},
    ),
    ("C", "", {"abstention": 1, "refusal_in_words": 0}),
    ("C", "The passage does not say.", {"abstention": 1, "refusal_in_words": 1}),
    ("C", "94", {"abstention": 0, "refusal_in_words": 0}),
    ("C", None, {"abstention": 0, "refusal_in_words": 0}),
]


@pytest.mark.parametrize(("article", "text", "expected"), READING)
def test_reading_items(article: str, text: str | None, expected: dict[str, float]) -> None:
    assert scored(article, text) == expected


POOLED = [
    ("The sources differ: over 90 or 94.", (1, 1, 1, 1, 1)),
    ("94 sailors drowned.", (0.5, 0, 0, 0, 1)),
    ("Over 90, 94, or 200 sailors drowned.", (1, 1, 0, 0, 0)),
    ("The sources do not say.", (0, 0, 0, 0, None)),
    (None, (0, 0, 0, 0, None)),
]


@pytest.mark.parametrize(("text", "expected"), POOLED)
def test_pooled_items(text: str | None, expected: tuple[float | None, ...]) -> None:
    names = ("claim_recall", "all_claims", "complete_and_clean", "acknowledged", "no_false")
    wanted = {name: value for name, value in zip(names, expected, strict=True) if value is not None}
    assert scored("*", text) == wanted


def test_a_citation_is_right_if_that_article_states_the_claim() -> None:
    right, wrong = scored("*", "Over 90 [1], 94 [2]."), scored("*", "Over 90 [2], 94 [1].")
    assert (right["attributions"], right["attributions_right"]) == (2, 2)
    assert (wrong["attributions"], wrong["attributions_right"]) == (2, 0)


def test_a_settled_fact_has_no_pooled_values() -> None:
    settled = Question(id="s", question="What?", category="c", answer_type="text", claims=QUESTION.claims[:1])
    item = ItemId(fact="s", article="*")
    assert worded_scores(settled, item, decide(Prediction(item=str(item), text="94")), CORPUS) == {}


def test_rows_of_spans_have_no_such_metrics(committed: Run) -> None:
    for row in committed.leaderboard.rows:
        found = {id for metrics in row.metrics.values() for id in metrics}
        assert not found & {"balanced_asserts", "asserts_own", "abstention", "complete_and_clean"}


def test_on_span_answers_asserting_the_own_claim_is_nearly_the_match(committed: Run, curated: Corpus) -> None:
    questions = {question.id: question for question in curated.questions}
    (row,) = [row for row in committed.leaderboard.rows if row.model.spec == "embedded"]
    compared, differing = 0, []
    for said in committed.stream(row):
        item = ItemId.parse(said.item)
        if item.track == "reading" and said.golds and said.prediction and not item.paraphrase:
            answer = decide(Prediction(item=said.item, text=said.prediction))
            value = worded_scores(questions[item.fact], item, answer, curated)["asserts_own"]
            compared += 1
            if value != said.scores["match"]:
                differing.append(said.item)
    assert compared > 100
    assert len(differing) <= 0.15 * compared, differing
