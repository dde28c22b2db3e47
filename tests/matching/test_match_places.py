"""Answers judged where the article has their words, so that offsets make no difference."""

from __future__ import annotations

import pytest

from qa_eval.matching.spelling import occurs
from qa_eval.metrics.item_scores import score_item
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import Answer, AnswerType, Candidate, Claim, Corpus, ItemId, Question
from qa_eval.runs.store import Run
from tests.support.worked_example import corpus_of, evidence

TEXTS = {
    "A": (
        "The ferry to the island was not yet running. A bitter quarrel over the harbour tax had split "
        "the council, and some called it a costly mistake. Ships waited south-west of the lighthouse. "
        "Crews cleared a lot of nets from the channel. Nobody went near the lighthouse at night. The tax "
        "is a mistake, they said, a mistake that will be felt."
    ),
    "B": "South-west, said the pilot. It was the lighthouse, a mistake by the council, or the nets.",
    "C": "More than 60 boats lay in the bay, and 60 houses stood empty.",
    "D": "At the bay 60 boats were counted.",
    "E": "The mayor spoke twice that day.",
}


def fact(id: str, own: tuple[str, ...], others: tuple[str, ...] = (), kind: AnswerType = "text") -> Question:
    claims = [Claim(id="own", evidence=tuple(evidence("A", text, TEXTS) for text in own))]
    if others:
        claims.append(Claim(id="other", evidence=tuple(evidence("B", text, TEXTS) for text in others)))
    return Question(
        id=id, question="?", category="c", answer_type=kind, claims=tuple(claims), relation="wording"
    )


FERRY = fact("ferry", ("not yet running",))
QUARREL = fact("quarrel", ("A bitter quarrel", "A bitter quarrel over the harbour tax"))
PLACE = fact("place", ("waited south-west of the lighthouse",), ("South-west", "the lighthouse"))
NETS = fact("nets", ("nets", "a lot of nets from the channel"), ("the pilot",))
MISTAKE = fact("mistake", ("a costly mistake",), ("a mistake",))


def scored(question: Question, text: str, *, at: int | None = None, article: str = "A") -> ItemScore:
    corpus = corpus_of([question], TEXTS)
    span = None if at is None else Candidate(text=text, article=article, start=at, end=at + len(text))
    item = ItemId(fact=question.id, article=article)
    return score_item(question, item, Answer(item=str(item), text=text, candidate=span), corpus)


@pytest.mark.parametrize(
    ("question", "text", "ok", "claim", "leak"),
    [
        pytest.param(QUARREL, "bitter quarrel", True, "own", None, id="inside, and half of a wording"),
        pytest.param(QUARREL, "BITTER  quarrel.", True, "own", None, id="case, blanks and a full stop"),
        pytest.param(QUARREL, "quarrel", False, None, None, id="inside, and less than half of any wording"),
        pytest.param(
            QUARREL, "quarrel over the harbour tax had split", True, "own", None, id="most of it inside"
        ),
        pytest.param(
            QUARREL,
            "a bitter quarrel over the harbour tax had split the council, and some called it costly",
            False,
            None,
            None,
            id="most of it outside: a sentence",
        ),
        pytest.param(QUARREL, "the council", False, None, None, id="outside"),
        pytest.param(QUARREL, "It was a bitter quarrel over the tax", False, None, None, id="not verbatim"),
        pytest.param(QUARREL, "It was bitter quarrel", True, "own", None, id="a frame around a wording"),
        pytest.param(
            QUARREL, "Answer: quarrel over the harbour tax", True, "own", None, id="a frame around a passage"
        ),
        pytest.param(FERRY, "running", False, None, None, id="turned round"),
        pytest.param(FERRY, "yet running", False, None, None, id="turned round, and most of the evidence"),
        pytest.param(NETS, "a lot of nets", True, "own", 0.0, id="covers the shorter wording"),
        pytest.param(NETS, "the channel", False, None, 0.0, id="the end of the evidence"),
        pytest.param(PLACE, "south-west", False, None, 0.0, id="another source's words within the evidence"),
        pytest.param(PLACE, "waited south-west of", True, "own", 0.0, id="more than half of the evidence"),
        pytest.param(PLACE, "the lighthouse", False, "other", 1.0, id="twice, and once outside the evidence"),
        pytest.param(MISTAKE, "costly mistake", True, "own", 0.0, id="once"),
        pytest.param(MISTAKE, "a mistake", False, "other", 1.0, id="twice, both outside: a leak"),
    ],
)
def test_a_bare_text_is_judged_where_the_article_has_it(
    question: Question, text: str, ok: bool, claim: str | None, leak: float | None
) -> None:
    found = scored(question, text)
    assert (found.match.ok, found.matched_claim, found.scores.get("leak")) == (ok, claim, leak), found.match


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (QUARREL, "bitter quarrel"),
        (FERRY, "running"),
        (NETS, "a lot of nets"),
        (PLACE, "waited south-west of"),
    ],
)
def test_words_that_occur_once_score_as_their_span(question: Question, text: str) -> None:
    at = TEXTS["A"].index(text)
    bare, spanned = scored(question, text), scored(question, text, at=at)
    assert (bare.match, bare.matched_claim, bare.scores) == (
        spanned.match,
        spanned.matched_claim,
        spanned.scores,
    )


def test_a_span_inside_the_own_evidence_is_never_a_leak() -> None:
    inside = TEXTS["A"].index("the lighthouse")
    outside = TEXTS["A"].index("the lighthouse at night")
    assert [scored(PLACE, "the lighthouse", at=at).matched_claim for at in (inside, outside)] == [
        None,
        "other",
    ]
    assert [scored(PLACE, "the lighthouse", at=at).scores["leak"] for at in (inside, outside)] == [0.0, 1.0]


def boats() -> tuple[Question, Corpus]:
    question = Question(
        id="boats",
        question="How many boats?",
        category="c",
        answer_type="number",
        relation="precision",
        claims=(
            Claim(id="over-60", evidence=(evidence("C", "More than 60 boats", TEXTS),)),
            Claim(id="60", evidence=(evidence("D", "60 boats", TEXTS),)),
        ),
        silent=("E",),
    )
    return question, corpus_of([question], TEXTS)


@pytest.mark.parametrize(
    ("article", "text", "claim"),
    [
        pytest.param("C", "60 boats", "over-60", id="once, in the evidence with the bound cut off"),
        pytest.param("C", "60", "60", id="twice, with two verdicts: by its words"),
        pytest.param("D", "60", "60", id="once"),
        pytest.param("E", "60 boats", "60", id="nowhere, in a silent article: by its words"),
    ],
)
def test_numbers_are_judged_where_they_are_too(article: str, text: str, claim: str) -> None:
    question, corpus = boats()
    item = ItemId(fact="boats", article=article)
    assert score_item(question, item, Answer(item=str(item), text=text), corpus).matched_claim == claim


def test_a_bare_pooled_answer_is_looked_for_in_its_article_or_in_all() -> None:
    question, corpus = boats()
    item = ItemId(fact="boats", article="*")
    named = Answer(item="boats@*", text="60 boats", candidate=Candidate(text="60 boats", article="C"))
    assert score_item(question, item, named, corpus).matched_claim == "over-60"
    anywhere = score_item(question, item, Answer(item="boats@*", text="60 boats"), corpus)
    assert anywhere.matched_claim == "60", "two places with two verdicts: by its words"
    once = score_item(question, item, Answer(item="boats@*", text="more than 60 boats lay"), corpus)
    assert once.matched_claim == "over-60"
    assert once.scores["attribution"] == 1.0, "one place has these words, and it is evidence"
    assert "attribution" not in anywhere.scores, "of two places no one knows which was meant"


def test_a_candidate_of_the_n_best_without_offsets_is_looked_for_too() -> None:
    question, corpus = boats()
    item = ItemId(fact="boats", article="*")
    bare = tuple(Candidate(text="60 boats", article=a, score=s) for a, s in (("C", 2.0), ("D", 1.0)))
    spans = tuple(
        Candidate(text=c.text, article=c.article, score=c.score, start=span.start, end=span.end)
        for c in bare
        for span in occurs(c.text, TEXTS[str(c.article)])
    )
    found = [
        score_item(question, item, Answer(item="boats@*", text="60 boats", candidate=n[0], n_best=n), corpus)
        for n in (bare, spans)
    ]
    assert found[0].scores["claim_recall_at_3"] == found[1].scores["claim_recall_at_3"] == 1.0


def test_the_answers_of_the_committed_run_score_as_bare_texts_as_they_do_as_spans(
    curated: Corpus, committed: Run
) -> None:
    (row,) = [r for r in committed.leaderboard.rows if r.model.spec == "embedded"]
    right = 0
    for stored in committed.predictions(row):
        if stored.span is None:
            continue
        item = ItemId.parse(stored.item)
        start, end = stored.span
        article = stored.source_article if item.track == "pooled" else item.article
        span = Candidate(text=stored.prediction, article=article, start=start, end=end)
        spanned, bare = (
            score_item(
                curated.question(item.fact),
                item,
                Answer(item=stored.item, text=stored.prediction, candidate=candidate),
                curated,
            )
            for candidate in (span, None)
        )
        assert (bare.match.ok, bare.matched_claim) == (spanned.match.ok, spanned.matched_claim), stored.item
        assert bare.scores == {name: spanned.scores[name] for name in bare.scores}, stored.item
        right += item.track == "reading" and bare.match.ok
    assert right > 100
