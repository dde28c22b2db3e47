from __future__ import annotations

from dataclasses import replace

import pytest

from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.item_scores import score_item
from qa_eval.metrics.reference_answers import REFERENCES, ReferenceName, reference_answers
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.summary import summarize
from qa_eval.records import Answer, Claim, Corpus, ItemId, Summary
from tests.support.worked_example import (
    LOSSES,
    QUOTATIONS,
    TEXTS,
    WORKED,
    corpus_of,
    evidence,
    of_spans,
    pooled_items,
    reading_items,
)

SETTLED = replace(
    LOSSES, id="settled", claims=LOSSES.claims[2:], relation=None, silent=("A", "B", "E"), paraphrases=()
)
GROUPED = replace(
    LOSSES,
    id="grouped",
    claims=(
        *LOSSES.claims,
        Claim(id="5000", evidence=(evidence("D", "5,000"),), group="thousands"),
        Claim(id="417-too", evidence=(evidence("C", "417 militants"), evidence("B", "dead")), group="417"),
    ),
)
MIXED = corpus_of([LOSSES, SETTLED], TEXTS)


def scored(corpus: Corpus, name: ReferenceName, *, paraphrases: int = 0) -> list[ItemScore]:
    items = [
        replace(i, paraphrase=n)
        for i in reading_items(corpus) + pooled_items(corpus)
        for n in range(paraphrases + 1)
    ]
    answers = reference_answers(corpus, name, items)
    assert list(answers) == [str(i) for i in items]
    return [score_item(corpus.question(i.fact), i, answers[str(i)], corpus) for i in items]


def summary(corpus: Corpus, name: ReferenceName, *, paraphrases: int = 0) -> Summary:
    return summarize(scored(corpus, name, paraphrases=paraphrases), intervals=False)


@pytest.mark.parametrize("corpus", [WORKED, QUOTATIONS, MIXED], ids=["worked", "quotations", "mixed"])
def test_the_oracle_is_the_best_of_every_metric(corpus: Corpus) -> None:
    found = summary(corpus, "oracle", paraphrases=1)
    for track, metrics in found.metrics.items():
        for id, estimate in of_spans(metrics).items():
            if id not in ("support", "coverage_at_80"):
                assert (track, id, estimate.value) == (track, id, float(METRICS[id].higher_is_better))
    assert found.metrics["reading"]["balanced_asserts"].value == 1.0
    assert found.metrics["pooled"]["no_false"].value == 1.0
    assert found.metrics["pooled"]["support"].value == 0.5
    # It covers what it answers: all answerable items.
    answerable = sum(bool(corpus.question(i.fact).own_claims(i.article)) for i in reading_items(corpus))
    covered = found.metrics["reading"]["coverage_at_80"].value
    assert covered == pytest.approx(answerable / len(reading_items(corpus)))
    expected = {"balanced_f1", "em", "f1", "contrast_consistency", "no_answer_auroc", "brier", "aurc"}
    assert expected | {"paraphrase_agreement"} <= set(found.metrics["reading"])
    assert {"coverage_at_3", "set_f1", "attribution"} <= set(found.metrics["pooled"])
    # It only copies, so there is no leak to speak of; and the claims of QUOTATIONS tie for the majority.
    assert not {"leak", "faithful_ratio"} & set(found.metrics["reading"])
    assert ("majority" in found.metrics["pooled"]) == (corpus is not QUOTATIONS)


def test_no_answer_to_a_contested_fact_has_more_support_than_the_oracles() -> None:
    for score in scored(WORKED, "oracle"):
        if score.track == "pooled":
            most = max(len(c.articles) for c in LOSSES.claims)
            assert score.scores["support"] == most / len(LOSSES.answering)


def test_the_oracle_covers_every_group_before_it_repeats_one() -> None:
    corpus = corpus_of([GROUPED], TEXTS)
    item = ItemId(fact="grouped", article="*")
    answer = reference_answers(corpus, "oracle", [item])["grouped@*"]
    assert [c.text for c in answer.n_best] == ["417", "over 400", "400", "5,000", "417 militants"]
    assert [c.probability for c in answer.n_best] == [0.2] * 5
    two_groups = replace(
        LOSSES,
        claims=tuple(
            replace(c, group=g) for c, g in zip(LOSSES.claims, ("400s", "400s", "417"), strict=True)
        ),
    )
    score = {s.article: s for s in scored(corpus_of([two_groups], TEXTS), "oracle")}["*"]
    assert score.scores["coverage_at_3"] == 1.0


def test_the_oracle_names_every_claim_however_many_there_are() -> None:
    words = ["A", "spokesman", "said", "over", "400", "IS", "fighters", "had", "died", "around", "old"]
    claims = tuple(Claim(id=w.lower(), evidence=(evidence("A", w),)) for w in words)
    question = replace(LOSSES, answer_type="text", claims=claims, silent=("B", "C", "D", "E"))
    answer = reference_answers(corpus_of([question], TEXTS), "oracle", [ItemId(fact="losses", article="*")])
    assert {c.probability for c in answer["losses@*"].n_best} == {0.1}


def test_the_majority_claim_is_right_only_where_it_is_stated() -> None:
    by_article = {s.article: s for s in scored(WORKED, "majority-claim")}
    assert [by_article[a].prediction for a in "ABCDE*"] == ["417", "417", "417", "417", "", "417"]
    assert [by_article[a].scores.get("leak") for a in "ABCDE"] == [1.0, 1.0, 0.0, 0.0, None]
    assert by_article["*"].scores["coverage_at_3"] == pytest.approx(1 / 3)
    assert by_article["*"].scores["attribution"] == 1.0
    found = summary(MIXED, "majority-claim").metrics["reading"]
    assert found["lenient"].value == 1.0
    assert found["no_answer_recall"].value == 1.0
    assert found["contrast_consistency"].value == 0.0
    assert not {"brier", "auroc", "no_answer_auroc"} & set(found)


def test_the_other_source_is_wrong_on_every_contested_item() -> None:
    by_article = {s.article: s for s in scored(WORKED, "other-source")}
    assert [by_article[a].prediction for a in "ABCDE*"] == [
        "417",
        "417",
        "over 400",
        "over 400",
        "",
        "over 400",
    ]
    assert [by_article[a].scores.get("leak") for a in "ABCDE"] == [1.0, 1.0, 1.0, 1.0, None]
    slices = summary(MIXED, "other-source").slices
    assert slices["contested"]["leak"].value == slices["contested"]["lenient"].value == 1.0
    assert slices["contested"]["faithful_ratio"].value == 0.0
    assert slices["settled"]["em"].value == 1.0


def test_the_other_source_answers_its_own_where_no_other_claim_can_be_told_apart() -> None:
    near = replace(LOSSES, claims=LOSSES.claims[:2], silent=("C", "D", "E"))
    corpus = corpus_of([near], TEXTS)
    answers = reference_answers(corpus, "other-source", reading_items(corpus))
    assert {k: a.text for k, a in answers.items() if a.text} == {"losses@A": "over 400", "losses@B": "400"}


@pytest.mark.parametrize("name", REFERENCES)
def test_references_abstain_where_the_article_is_silent_and_point_at_what_they_quote(
    name: ReferenceName,
) -> None:
    for item, answer in reference_answers(MIXED, name, reading_items(MIXED)).items():
        fact, article = item.split("@")
        assert (answer.text == "") == (article in MIXED.question(fact).silent)
        check_span(answer)


def check_span(answer: Answer) -> None:
    if answer.candidate is not None:
        c = answer.candidate
        assert c.article is not None
        assert TEXTS[c.article][c.start : c.end] == answer.text


def test_an_unknown_reference_is_an_error() -> None:
    with pytest.raises(KeyError):
        reference_answers(WORKED, "magic", [])  # type: ignore[arg-type]
