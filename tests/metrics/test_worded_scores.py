"""Scores of answers in words: per item, in a run, and against the match on spans."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa_eval.metrics.decisions import decide
from qa_eval.metrics.item_scores import score_item
from qa_eval.metrics.worded_scores import worded_scores
from qa_eval.records import Article, Candidate, Claim, Corpus, Evidence, ItemId, Prediction, Question
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


def test_every_row_has_the_metrics(committed: Run) -> None:
    for row in committed.leaderboard.rows:
        reading, pooled = row.metrics["reading"], row.metrics["pooled"]
        assert {"balanced_asserts", "asserts_own", "abstention", "refusal_in_words"} <= reading.keys()
        assert {"complete_and_clean", "claim_recall", "all_claims", "acknowledged"} <= pooled.keys()
    assert committed.leaderboard.sort == "reading.balanced_f1"


DIFFERING = {
    "air-support-country@000_825eccd27ffa9810": "Russian warplanes",
    "air-support-country@004_4ffee903a1305e3d": (
        "Russian air strikes have retaken the city of Palmyra from ISIS"
    ),
    "beheaded-man-post@000_825eccd27ffa9810": (
        "cities former head of antiquities, Khaled al-Asaad and hang his body on display"
    ),
    "civilians-fate@003_39bb289e3bd65420": "other ISIS-held territory",
    "coalition-size@000_825eccd27ffa9810": "sixty",
    "government-side-dead@001_e90136a343fc3042": "allied soldiers",
    "is-fighters-killed@000_825eccd27ffa9810": "400",
    "kind-of-victory@003_39bb289e3bd65420": (
        "major victory during the month-old, internationally brokered cease-fire in Syria’s civil war"
    ),
    "later-air-support@000_825eccd27ffa9810": "Russian airstrikes",
    "monuments-age@001_e90136a343fc3042": "2,000 years",
    "monuments-age@004_4ffee903a1305e3d": "1,800 years",
    "monuments-destroyed@001_e90136a343fc3042": "Roman-era",
    "operation-duration@003_39bb289e3bd65420": "three-week",
    "suicide-attack-toll@004_4ffee903a1305e3d": (
        "Three militants with suicide belts also blew themselves up, inflicting unspecified"
    ),
    "world-concern-object@002_d6ff8c42212d772c": (
        "2,000-year-old Temple of Bel, the Arch of Triumph and other ancient buildings"
    ),
}
"""Answers of the committed embedded model on which `asserts_own` and `match` differ. To the reader, a
span without its bound is no claim ("sixty" for "more than sixty"). A span with words around the claim asserts
it, and so does one with most of its words ("allied soldiers")."""


def test_on_span_answers_asserting_the_own_claim_is_the_match_but_for_a_handful(committed: Run) -> None:
    (row,) = [row for row in committed.leaderboard.rows if row.model.spec == "embedded"]
    compared, differing = 0, {}
    for said in committed.stream(row):
        if said.track == "reading" and said.golds and said.prediction:
            compared += 1
            if said.scores["asserts_own"] != said.scores["match"]:
                differing[said.item] = said.prediction
    assert compared == 250
    assert differing == DIFFERING


def test_a_claim_that_is_marked_as_misinformation_is_false() -> None:
    marked = replace(
        QUESTION, claims=(replace(QUESTION.claims[0], status="misinformation"), QUESTION.claims[1])
    )
    item = ItemId(fact="losses", article="*")
    for text, clean in (("94", 1), ("Over 90.", 0), ("Over 90 or 94.", 0)):
        scores = worded_scores(marked, item, decide(Prediction(item=str(item), text=text)), CORPUS)
        assert scores["no_false"] == clean, text
        assert scores["complete_and_clean"] == 0, text


def test_the_order_of_the_passages_that_were_shown_decides_what_a_number_in_brackets_names() -> None:
    item = ItemId(fact="losses", article="*")
    answer = decide(Prediction(item=str(item), text="Over 90 [1], 94 [2]."))
    for shown, right in ((None, 2), ("BA", 0), ("CAB", 0), ("AB", 2)):
        articles = None if shown is None else [CORPUS.article(id) for id in shown]
        scores = worded_scores(QUESTION, item, answer, CORPUS, articles)
        assert scores["attributions_right"] == right, shown


VERDICTS = [
    # item, text, verdict, claims, right
    ("losses@*", "The sources differ: over 90 [1] or 94 [2].", "complete", ("over-90", "94"), True),
    ("losses@*", "Over 90 [1], or 200.", "mixed", ("over-90",), False),
    ("losses@A", "The text counts over 90 sailors [1].", "partial", ("over-90",), True),
    ("losses@A", "The text counts 94 sailors [1].", "partial", ("94",), False),
    ("losses@C", "The text [1] does not say.", "abstains", (), True),
    ("settled@*", "It was 94 sailors [1][2].", "complete", ("94",), True),
    ("settled@*", "It was 95 sailors [1].", "wrong", (), False),
]


@pytest.mark.parametrize(("item", "text", "verdict", "claims", "right"), VERDICTS)
def test_what_an_answer_in_words_asserts_is_stored_and_decides(
    item: str, text: str, verdict: str, claims: tuple[str, ...], right: bool
) -> None:
    settled = replace(QUESTION, id="settled", claims=QUESTION.claims[1:])
    question = settled if item.startswith("settled") else QUESTION
    corpus = replace(CORPUS, questions=(QUESTION, settled))
    id = ItemId.parse(item)
    found = score_item(question, id, decide(Prediction(item=item, text=text)), corpus)
    assert (found.verdict, found.asserted, found.claims, found.right) == (verdict, claims, claims, right)


def test_the_typed_match_decides_on_spans_and_on_no_answer() -> None:
    spans = (Candidate(text="Over 90", start=0, end=7, score=1.0, article="A"),)
    for said, right in (
        (Prediction(item="losses@A", n_best=spans), True),
        (Prediction(item="losses@A", text=""), False),
        (Prediction(item="losses@C", text=""), True),
        (Prediction(item="losses@A", text="Over 90", error="too long"), False),
    ):
        found = score_item(QUESTION, ItemId.parse(said.item), decide(said), CORPUS)
        assert (found.verdict, found.asserted, found.right) == (None, None, right)
        assert found.claims == (("over-90",) if said.n_best else ())
