from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.matching.claims import claim_of
from qa_eval.metrics.decisions import decide
from qa_eval.metrics.item_scores import score_item
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import Answer, Candidate, Corpus, ItemId, Match, Prediction, Question
from qa_eval.runs.rows import judge
from tests.support.worked_example import (
    AIRPORT,
    LOSSES,
    QUOTATIONS,
    QUOTED,
    SAID,
    TEXTS,
    VOW,
    WORKED,
    check_invariants,
    corpus_of,
    evidence,
    of_spans,
    predictions_about,
    reading,
    reading_items,
    said,
    score_pooled,
)


def one(article: str, text: str, question: Question = LOSSES, corpus: Corpus = WORKED) -> ItemScore:
    return reading(question, corpus, {article: text})[0]


def spanned(
    article: str, candidate: Candidate, question: Question = VOW, corpus: Corpus = QUOTATIONS
) -> ItemScore:
    item = ItemId(fact=question.id, article=article)
    answer = Answer(item=str(item), text=candidate.text, candidate=candidate)
    return score_item(question, item, answer, corpus)


@pytest.mark.parametrize(
    ("article", "em", "f1", "match", "leak", "lenient", "claim"),
    [
        ("A", 0.0, 0.4, 1.0, 0.0, 1.0, "over-400"),
        ("B", 0.0, 0.0, 1.0, 0.0, 1.0, "400"),
        ("C", 0.0, 0.0, 0.0, 1.0, 1.0, "400"),
        ("D", 1.0, 1.0, 1.0, 0.0, 1.0, "417"),
    ],
)
def test_the_answering_articles_of_the_worked_example(
    article: str, em: float, f1: float, match: float, leak: float, lenient: float, claim: str
) -> None:
    score = one(article, SAID[article])
    assert score.matched_claim == claim
    assert of_spans(score.scores) == {
        "em": em,
        "f1": pytest.approx(f1),
        "em_any": 1.0 if article in "CD" else 0.0,
        "f1_any": pytest.approx({"A": 0.5, "B": 0.0, "C": 1.0, "D": 1.0}[article]),
        "match": match,
        "has_answer_em": em,
        "has_answer_f1": pytest.approx(f1),
        "leak": leak,
        "lenient": lenient,
    }
    assert score.correct is (match == 1.0)
    assert score.answered
    assert score.answerable


def test_the_silent_article_of_the_worked_example() -> None:
    score = one("E", SAID["E"])
    assert of_spans(score.scores) == {
        "em": 0.0,
        "f1": 0.0,
        "em_any": 0.0,
        "f1_any": 0.0,
        "match": 0.0,
        "no_answer_recall": 0.0,
        "no_answer_leak": 1.0,
    }
    assert score.match.rule == "answered"
    assert not score.answerable
    assert score.golds == ()


@pytest.mark.parametrize("text", ["", " ", "The", "..."])
def test_silence_is_right_where_the_article_is_silent_and_only_there(text: str) -> None:
    silent, answering = one("E", text), one("A", text)
    assert {silent.scores[k] for k in ("em", "f1", "em_any", "f1_any", "match", "no_answer_recall")} == {1.0}
    assert silent.scores["no_answer_leak"] == 0.0
    assert silent.match.ok
    assert not silent.answered
    assert set(answering.scores.values()) == {0.0}
    assert answering.match.rule == "abstained"
    assert answering.matched_claim is None


@pytest.mark.parametrize(
    ("failure", "rule"),
    [
        pytest.param(Answer(item="i", text="", error="too long", confidence=0.9), "error", id="error"),
        pytest.param(Answer(item="i", text="417", error="late"), "error", id="error with a text"),
        pytest.param(Answer(item="i", text="", missing=True), "missing", id="missing"),
    ],
)
@pytest.mark.parametrize("article", ["A", "C", "E", "*"])
def test_a_failed_or_missing_answer_scores_zero_everywhere_and_never_abstains(
    article: str, failure: Answer, rule: str
) -> None:
    score = score_item(LOSSES, ItemId(fact="losses", article=article), failure, WORKED)
    assert set(score.scores.values()) == {0.0}
    assert score.match.rule == rule
    assert score.matched_claim is None
    assert (score.answered, score.correct) == (False, False)
    assert (score.error is not None, score.missing) == (rule == "error", rule == "missing")
    assert (score.scored_confidence, score.no_answer_margin) == (None, None)


def test_a_failed_item_counts_wherever_the_answered_one_would() -> None:
    for article in TEXTS:
        item = ItemId(fact="losses", article=article)
        lost = score_item(LOSSES, item, Answer(item=str(item), text="", missing=True), WORKED)
        assert set(lost.scores) == set(one(article, "417").scores)


@pytest.mark.parametrize(
    ("article", "text", "match", "leak"),
    [
        pytest.param("A", "417", 0, 1, id="another source's number"),
        pytest.param("A", "400", 1, 0, id="an inseparable claim is no leak"),
        pytest.param("A", "5,000", 0, 0, id="nobody's number"),
        pytest.param("A", "", 0, 0, id="silence"),
        pytest.param("D", "more than 400", 0, 1, id="a bound makes another claim"),
        pytest.param("D", "400 or 417", 0, 0, id="two claims at once are none"),
    ],
)
def test_a_leak_is_a_claim_that_only_others_make(article: str, text: str, match: float, leak: float) -> None:
    scores = one(article, text).scores
    assert (scores["match"], scores["leak"], scores["lenient"]) == (match, leak, match + leak)


def test_leak_is_undefined_where_no_other_claim_can_be_told_apart() -> None:
    near = replace(LOSSES, claims=LOSSES.claims[:2], silent=("C", "D", "E"))
    scores = one("A", "400", near, corpus_of([near], TEXTS)).scores
    assert "leak" not in scores
    assert scores["lenient"] == scores["match"] == 1.0
    settled = one("R", "airport", AIRPORT, QUOTATIONS).scores
    assert "leak" not in settled
    assert settled["lenient"] == 1.0


@pytest.mark.parametrize(
    ("text", "leakable"),
    [
        pytest.param("417 were killed, not over 400.", True, id="a wording of another claim"),
        pytest.param("417 were killed, not four hundred.", True, id="an alias of another claim"),
        pytest.param("417 were killed, not 4000.", False, id="part of another number"),
    ],
)
def test_leak_is_leakable_where_another_claims_wording_occurs(text: str, leakable: bool) -> None:
    texts = TEXTS | {"C": text}
    question = replace(
        LOSSES,
        claims=(
            *LOSSES.claims[:2],
            replace(LOSSES.claims[2], evidence=(evidence("C", "417", texts), evidence("D", "417"))),
        ),
    )
    scores = one("C", "400", question, corpus_of([question], texts)).scores
    assert scores["leak"] == 1.0
    assert scores.get("leak_leakable") == (1.0 if leakable else None)


def hedging(**hedged: tuple[bool, ...]) -> Question:
    """The worked example, the evidence of whose claims is hedged as said, in order."""
    claims = tuple(
        replace(
            c,
            evidence=tuple(replace(e, hedged=h) for e, h in zip(c.evidence, hedged[c.id[-3:]], strict=True)),
        )
        for c in (LOSSES.claims[0], LOSSES.claims[2])
    )
    return replace(LOSSES, claims=claims, silent=("B", "E"))


@pytest.mark.parametrize(
    ("article", "text", "value"),
    [
        pytest.param("A", "over 400", 1.0, id="hedged and right"),
        pytest.param("A", "417", 0.0, id="hedged and wrong"),
        pytest.param("A", "", 0.0, id="hedged and unanswered"),
        pytest.param("C", "417", None, id="not hedged here, though elsewhere"),
        pytest.param("D", "417", 1.0, id="hedged here, though not elsewhere"),
        pytest.param("E", "", None, id="silent"),
    ],
)
def test_match_on_hedged_items(article: str, text: str, value: float | None) -> None:
    question = hedging(**{"400": (True,), "417": (False, True)})
    corpus = corpus_of([question], TEXTS)
    assert one(article, text, question, corpus).scores.get("match_hedged") == value


def test_an_article_that_states_its_answer_also_without_a_hedge_does_not_hedge_it() -> None:
    twice = (evidence("D", "417"), replace(evidence("D", "5,000"), hedged=True))
    question = replace(LOSSES, claims=(*LOSSES.claims[:2], replace(LOSSES.claims[2], evidence=twice)))
    assert "match_hedged" not in one("D", "417", question, corpus_of([question], TEXTS)).scores


# ------------------------------------------------------------------------------------------ offsets


def test_a_span_of_a_quotation_is_credited_by_its_place() -> None:
    here = evidence("P", "until the last man", QUOTED)
    right = Candidate(text=here.text, article="P", start=here.start, end=here.end)
    assert spanned("P", right).match.rule == "evidence"
    assert spanned("P", replace(right, article=None)).match.ok
    assert spanned("P", right).matched_claim == "fight"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"start": 0, "end": 18}, id="something else stands there"),
        pytest.param({"article": "Q"}, id="another article"),
        pytest.param({"article": "nowhere"}, id="an unknown article"),
        pytest.param({"start": None}, id="no start"),
        pytest.param({"end": None}, id="no end"),
        pytest.param({"start": -1}, id="before the beginning"),
        pytest.param({"start": 900, "end": 918}, id="past the end"),
        pytest.param({"start": 30, "end": 30}, id="empty"),
    ],
)
def test_an_answer_whose_offsets_do_not_hold_it_is_judged_where_its_words_are(
    change: dict[str, object],
) -> None:
    here = evidence("P", "until the last man", QUOTED)
    right = Candidate(text=here.text, article="P", start=here.start, end=here.end)
    wrong = Candidate(**({k: getattr(right, k) for k in ("text", "article", "start", "end")} | change))
    assert spanned("P", wrong).match == spanned("P", right).match
    outside = replace(wrong, text="He vowed")
    assert not spanned("P", outside).match.ok, "not credited by what is at the offsets"


@pytest.mark.parametrize(
    ("change", "copied"),
    [
        pytest.param({}, True, id="a span of the article"),
        pytest.param({"article": None}, True, id="of the article that was asked"),
        pytest.param({"start": 0, "end": 18}, False, id="something else is there"),
        pytest.param({"article": "Q"}, False, id="another article"),
        pytest.param({"start": None, "end": None}, False, id="a bare text"),
        pytest.param({"text": "He vowed"}, False, id="another text"),
    ],
)
def test_an_answer_is_copied_if_the_article_confirms_its_span(change: dict[str, Any], copied: bool) -> None:
    here = evidence("P", "until the last man", QUOTED)
    candidate = replace(Candidate(text=here.text, article="P", start=here.start, end=here.end), **change)
    assert spanned("P", candidate).copied is copied
    item = ItemId(fact="vow", article="P")
    asked = {str(item): Prediction(item=str(item), n_best=(candidate,))}
    (row,) = judge(QUOTATIONS, [item], asked, {}, 0.0)
    # An unconfirmed span is not stored.
    assert row.span == ((here.start, here.end) if copied else None)
    assert row.copied is copied


def test_a_span_that_is_not_the_answer_is_not_believed() -> None:
    here = evidence("P", "until the last man", QUOTED)
    answer = Answer(
        item="vow@P",
        text="nonsense",
        candidate=Candidate(text=here.text, article="P", start=here.start, end=here.end),
    )
    assert not score_item(VOW, ItemId(fact="vow", article="P"), answer, QUOTATIONS).match.ok


def test_an_article_that_the_corpus_lacks_is_an_error() -> None:
    with pytest.raises(KeyError):
        score_item(LOSSES, ItemId(fact="losses", article="Z"), said("losses@Z", "417"), WORKED)


def test_what_the_answer_knew_of_itself_is_carried_along() -> None:
    prediction = Prediction(
        item="losses@D", n_best=(Candidate(text="417", score=2.0),), null_score=-1.0, truncated=True
    )
    score = score_item(LOSSES, ItemId(fact="losses", article="D"), decide(prediction), WORKED)
    assert score.no_answer_margin == -3.0
    assert score.confidence == pytest.approx(1 / (1 + 2.718281828**-3))
    assert score.truncated
    assert (score.category, score.relation, score.answer_type, score.contested) == (
        "death-toll",
        "precision",
        "number",
        True,
    )


# ------------------------------------------------------------------------------------------ invariants


@given(st.data(), st.sampled_from([WORKED, QUOTATIONS]))
def test_every_answer_keeps_the_invariants(data: st.DataObject, corpus: Corpus) -> None:
    item = data.draw(st.sampled_from(reading_items(corpus)))
    prediction = data.draw(predictions_about(corpus, str(item)))
    question = corpus.question(item.fact)
    answer = decide(prediction, threshold=data.draw(st.floats(-50, 50)))
    score = score_item(question, item, answer, corpus)
    check_invariants(question, score)
    if score.answered:
        assert claim_of(question, "") is None
        assert score.prediction == answer.text


@given(st.data(), st.sampled_from([WORKED, QUOTATIONS]))
def test_every_pooled_answer_keeps_the_invariants(data: st.DataObject, corpus: Corpus) -> None:
    question = data.draw(st.sampled_from(corpus.questions))
    predictions = {
        a.id: data.draw(predictions_about(corpus, f"{question.id}@{a.id}"))
        for a in corpus.articles
        if data.draw(st.booleans())
    }
    check_invariants(question, score_pooled(question, corpus, predictions))


def score_of(item: str) -> ItemScore:
    return ItemScore(
        item=item,
        fact="losses",
        article="a",
        track="reading",
        prediction="",
        match=Match(ok=False, rule="none", level=0),
    )


@pytest.mark.parametrize(
    ("item", "number"), [("losses@a", 0), ("losses~2@a", 2), ("losses~12@*", 12), ("losses@a~1", 0)]
)
def test_the_number_of_a_paraphrase_is_that_of_the_item_id(item: str, number: int) -> None:
    assert score_of(item).paraphrase == number == ItemId.parse(item).paraphrase


@pytest.mark.parametrize("item", ["", "losses", "@a", "losses@", "losses@a@b", "losses~@a", "losses~0@a"])
def test_a_text_that_is_no_item_id_has_no_number_of_a_paraphrase(item: str) -> None:
    with pytest.raises(ValueError, match="not an item id"):
        _ = score_of(item).paraphrase
