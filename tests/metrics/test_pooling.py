from __future__ import annotations

from dataclasses import replace

import pytest

from qa_eval.metrics.decisions import pool
from qa_eval.metrics.pooled_scores import distinct_candidates
from qa_eval.metrics.summary import summarize
from qa_eval.records import Candidate, Claim, ItemId, Prediction, Question, Relation
from qa_eval.runs.rows import gather, judge, rebuild
from tests.support.worked_example import (
    LOSSES,
    RANKED,
    TEXTS,
    WORKED,
    corpus_of,
    evidence,
    of_spans,
    pooled_items,
    predictions,
    reading_items,
    score_pooled,
    span,
)


@pytest.mark.parametrize("spans", [True, False], ids=["spans", "texts"])
def test_the_pooled_half_of_the_worked_example(spans: bool) -> None:
    answer = pool(ItemId(fact="losses", article="*"), LOSSES, predictions(spans=spans))
    distinct = [c for c, _ in distinct_candidates(LOSSES, answer.n_best)]
    assert [c.text for c in distinct] == ["417", "over 400", "400", "5,000"]
    scores = score_pooled(LOSSES, WORKED, predictions(spans=spans)).scores
    assert scores["coverage_at_3"] == 1.0
    assert scores["claim_recall_at_3"] == 1.0
    assert scores["support"] == 0.5
    assert scores["majority"] == 1.0
    assert scores["em_any"] == scores["f1_any"] == scores["match_any"] == 1.0
    assert scores.get("attribution") == (1.0 if spans else None)


@pytest.mark.parametrize(("depth", "recall"), [(1, 1 / 3), (3, 2 / 3), (4, 1.0)])
def test_claim_recall_grows_with_each_distinct_claim(depth: int, recall: float) -> None:
    scores = score_pooled(LOSSES, WORKED, predictions(RANKED[:depth])).scores
    assert scores["claim_recall_at_3"] == pytest.approx(recall)


def test_only_the_first_three_distinct_answers_count() -> None:
    ranked = (("D", "5,000", 9.0), ("E", "airport", 8.0), ("C", "417", 7.0), ("A", "over 400", 6.0))
    scores = score_pooled(LOSSES, WORKED, predictions(ranked)).scores
    assert scores["claim_recall_at_3"] == scores["coverage_at_3"] == pytest.approx(1 / 3)
    assert scores["support"] == scores["majority"] == scores["em_any"] == 0.0


@pytest.mark.parametrize(
    ("candidates", "kept"),
    [
        pytest.param([("C", "417"), ("D", "417")], ["417"], id="one claim in two articles"),
        pytest.param([("D", "5,000 men"), ("D", "Of some 5,000")], ["5,000 men"], id="overlapping spans"),
        pytest.param([("E", "The airport"), ("E", "airport")], ["The airport"], id="nested spans"),
        pytest.param([("D", "men"), ("D", "some")], ["men", "some"], id="two places of one article"),
        pytest.param([("E", "The"), ("A", "old")], ["The", "old"], id="two articles"),
    ],
)
def test_repetitions_are_dropped(candidates: list[tuple[str, str]], kept: list[str]) -> None:
    ranked = tuple((a, t, -float(i)) for i, (a, t) in enumerate(candidates))
    answer = pool(ItemId(fact="losses", article="*"), LOSSES, predictions(ranked))
    assert [c.text for c, _ in distinct_candidates(LOSSES, answer.n_best)] == kept


@pytest.mark.parametrize(
    ("groups", "named", "coverage"),
    [
        pytest.param(("", "", ""), ["417"], 1 / 3, id="no groups: each claim its own"),
        pytest.param(("400s", "400s", ""), ["417", "400"], 1.0, id="near claims joined: two groups"),
        pytest.param(("400s", "400s", ""), ["over 400", "400"], 0.5, id="near claims joined: one of two"),
        pytest.param(("x", "x", "x"), ["400"], 1.0, id="one group"),
    ],
)
def test_coverage_counts_groups_of_claims(groups: tuple[str, ...], named: list[str], coverage: float) -> None:
    claims = tuple(replace(c, group=g) for c, g in zip(LOSSES.claims, groups, strict=True))
    question = replace(LOSSES, claims=claims)
    home = {"417": "C", "over 400": "A", "400": "B"}
    ranked = tuple((home[t], t, -float(i)) for i, t in enumerate(named))
    scores = score_pooled(question, corpus_of([question], TEXTS), predictions(ranked)).scores
    assert scores["coverage_at_3"] == pytest.approx(coverage)
    assert scores["claim_recall_at_3"] == pytest.approx(len(named) / 3)


def test_more_than_three_claims_can_be_covered_but_not_all_recalled() -> None:
    question = replace(LOSSES, claims=(*LOSSES.claims, Claim(id="5000", evidence=(evidence("D", "5,000"),))))
    scores = score_pooled(question, corpus_of([question], TEXTS), predictions()).scores
    assert scores["coverage_at_3"] == 1.0
    assert scores["claim_recall_at_3"] == 0.75


@pytest.mark.parametrize(
    ("ranked", "value"),
    [
        pytest.param((("C", "417", 0.0),), 0.5, id="one of three claims"),
        pytest.param((("C", "417", 0.0), ("A", "over 400", 0.0), ("B", "400", 0.0)), 1.0, id="all"),
        pytest.param(
            (("C", "417", 9.0), ("A", "over 400", 0.0), ("B", "400", 0.0)), 0.5, id="improbable ones left out"
        ),
        pytest.param((("C", "417", 0.0), ("D", "417", 0.0)), 0.5, id="repetitions cost nothing"),
        pytest.param((("C", "417 militants", 0.0),), 0.0, id="exact match only"),
        pytest.param((("B", "400", 0.0), ("D", "men", 0.0)), 0.4, id="a wrong one costs precision"),
    ],
)
def test_the_answer_set_is_the_probable_distinct_candidates(
    ranked: tuple[tuple[str, str, float], ...], value: float
) -> None:
    assert score_pooled(LOSSES, WORKED, predictions(ranked)).scores["set_f1"] == pytest.approx(value)


def test_an_alias_is_no_gold_of_the_answer_set() -> None:
    given = {"B": Prediction(item="losses@B", n_best=(Candidate(text="four hundred"),))}
    scores = score_pooled(LOSSES, WORKED, given).scores
    assert scores["set_f1"] == 0.0
    assert scores["claim_recall_at_3"] == pytest.approx(1 / 3)


def test_a_settled_fact_has_no_contested_scores() -> None:
    question = replace(LOSSES, claims=LOSSES.claims[2:], relation=None, silent=("A", "B", "E"))
    score = score_pooled(question, corpus_of([question], TEXTS), predictions())
    assert score.scores == {"em_any": 1, "f1_any": 1, "match_any": 1, "attribution": 1, "set_f1": 1}


def test_a_bare_text_has_no_n_best_scores() -> None:
    scores = score_pooled(LOSSES, WORKED, {"A": Prediction(item="losses@A", text="400 IS fighters")}).scores
    assert of_spans(scores) == {
        "em_any": 0.0,
        "f1_any": pytest.approx(0.5),
        "match_any": 1.0,
        "support": 0.25,
        "attribution": 1.0,
        "majority": 0.0,
    }


def test_an_answer_that_names_nothing_has_nothing() -> None:
    score = score_pooled(LOSSES, WORKED, {"A": Prediction(item="losses@A", text="")})
    assert set(score.scores.values()) == {0.0}
    assert {"coverage_at_3", "set_f1"} <= set(score.scores)
    assert score.match.rule == "abstained"
    assert not score.answered


@pytest.mark.parametrize(
    ("article", "text", "attribution"),
    [
        pytest.param("C", "417 militants", 1.0, id="overlaps evidence of its claim"),
        pytest.param("D", "5,000", None, id="makes no claim"),
    ],
)
def test_attribution_asks_whether_the_span_states_the_claim(
    article: str, text: str, attribution: float | None
) -> None:
    assert (
        score_pooled(LOSSES, WORKED, predictions(((article, text, 1.0),))).scores.get("attribution")
        == attribution
    )


def test_the_right_number_in_the_wrong_place_is_not_attributed() -> None:
    texts = TEXTS | {"E": "The road is 417 km long."}
    corpus = corpus_of([LOSSES], texts)
    given = {"E": Prediction(item="losses@E", n_best=(span("E", "417", texts=texts),))}
    scores = score_pooled(LOSSES, corpus, given).scores
    assert (scores["majority"], scores["attribution"]) == (1.0, 0.0)


def test_offsets_of_the_n_best_that_do_not_hold_are_not_believed() -> None:
    here = span("C", "417")
    shifted = replace(here, start=0, end=3)
    score = score_pooled(LOSSES, WORKED, {"C": Prediction(item="losses@C", n_best=(shifted,))})
    assert "attribution" not in score.scores
    assert score.matched_claim == "417"


def test_where_claims_tie_for_support_there_is_no_majority() -> None:
    tied = replace(LOSSES, claims=LOSSES.claims[:2], silent=("C", "D", "E"))
    corpus = corpus_of([tied], TEXTS)
    for article, text in (("A", "over 400"), ("B", "400")):
        scores = score_pooled(tied, corpus, predictions(((article, text, 1.0),))).scores
        assert (scores.get("majority"), scores["support"]) == (None, 0.5)


def dated(relation: Relation, **dates: tuple[str | None, ...]) -> Question:
    """The worked example with dates for the evidence of its claims, in order."""
    claims = tuple(
        replace(
            c,
            evidence=tuple(
                replace(e, as_of=d) for e, d in zip(c.evidence, dates[c.id.replace("-", "_")], strict=True)
            ),
        )
        for c in LOSSES.claims
    )
    return replace(LOSSES, relation=relation, claims=claims)


APRIL = ("2016-04-03",)
MARCH = ("2016-03-27",)


@pytest.mark.parametrize(
    ("question", "newest"),
    [
        pytest.param(
            dated("update", over_400=MARCH, **{"400": MARCH}, **{"417": ("2016-03-01", "2016-04-03")}),
            "417",
            id="the latest date of a claim's evidence counts",
        ),
        pytest.param(
            dated("update", over_400=MARCH, **{"400": APRIL}, **{"417": ("2016-04-02", "2016-04-02")}),
            "400",
            id="not the best supported",
        ),
        pytest.param(
            dated("update", over_400=MARCH, **{"400": APRIL}, **{"417": (None, "2016-04-02")}),
            "400",
            id="one date of a claim is enough",
        ),
        pytest.param(
            dated("update", over_400=(None,), **{"400": APRIL}, **{"417": ("2016-04-02", "2016-04-02")}),
            None,
            id="a claim without a date",
        ),
        pytest.param(
            dated("update", over_400=MARCH, **{"400": APRIL}, **{"417": (None, "2016-04-03")}),
            None,
            id="two of the latest date",
        ),
        pytest.param(
            dated("contradiction", over_400=MARCH, **{"400": APRIL}, **{"417": (None, "2016-04-02")}),
            None,
            id="another relation",
        ),
    ],
)
def test_the_newest_claim_of_an_update(question: Question, newest: str | None) -> None:
    corpus = corpus_of([question], TEXTS)
    for text, article, claim in (("over 400", "A", "over-400"), ("400", "B", "400"), ("417", "C", "417")):
        score = score_pooled(question, corpus, predictions(((article, text, 1.0),)))
        assert score.matched_claim == claim
        assert score.scores.get("newest") == (None if newest is None else float(claim == newest))
    none = score_pooled(question, corpus, predictions((("D", "5,000", 1.0),))).scores
    assert none.get("newest") == (None if newest is None else 0.0)


# --------------------------------------------------------------------------------------- which answers count

TWO = corpus_of(
    [LOSSES, replace(LOSSES, id="again", question="How many of them fell?", paraphrases=())], TEXTS
)


def told(**answers: Prediction | str) -> dict[str, Prediction]:
    """Predictions by item: `fact_A` for one article, `fact_all` for all at once; a text is a bare one."""
    found = {}
    for name, answer in answers.items():
        fact, _, article = name.partition("_")
        item = f"{fact}@{'*' if article == 'all' else article}"
        found[item] = (
            Prediction(item=item, text=answer) if isinstance(answer, str) else replace(answer, item=item)
        )
    return found


SPANS = Prediction(item="", n_best=(span("C", "417", 2.0),))
BROKEN = Prediction(item="", error="no room")


@pytest.mark.parametrize(
    ("answers", "pooled"),
    [
        pytest.param(told(losses_A="400", losses_C="417", again_C="417"), {}, id="texts: none counts"),
        pytest.param(told(losses_A="400", again_C=""), {}, id="silence among texts does not count either"),
        pytest.param(told(losses_A="400", again_C=BROKEN), {}, id="nor does a failure"),
        pytest.param(told(losses_A="400"), {}, id="nor a fact that was passed over"),
        pytest.param(
            told(losses_C="417", again_all="417"), {"losses": 0.0, "again": 1.0}, id="one to all at once"
        ),
        pytest.param(
            told(losses_C="417", again_all=""), {"losses": 0.0, "again": 0.0}, id="silence to all at once"
        ),
        pytest.param(
            told(losses_C="417", again_C=SPANS), {"losses": 0.0, "again": 1.0}, id="texts among spans"
        ),
        pytest.param(told(losses_C=SPANS, again_C=SPANS), {"losses": 1.0, "again": 1.0}, id="spans"),
        pytest.param(told(losses_A="", again_C=""), {"losses": 0.0, "again": 0.0}, id="no answer anywhere"),
        pytest.param(told(losses_C=BROKEN, again_C=SPANS), {"losses": 0.0, "again": 1.0}, id="a failure"),
    ],
)
def test_a_pooled_answer_needs_an_order_also_when_it_is_read_again(
    answers: dict[str, Prediction], pooled: dict[str, float]
) -> None:
    items = [*reading_items(TWO), *pooled_items(TWO)]
    first = judge(TWO, items, answers, gather(TWO, items, answers), 0.0)
    found = {s.fact: s.scores["match_any"] for s in first if "match_any" in s.scores}
    assert found == pooled
    summary = summarize(first, intervals=False, questions=TWO.questions)
    assert bool(summary.metrics["pooled"]) == bool(pooled)
    assert bool(summary.source_preference) == (1.0 in pooled.values())
    assert judge(TWO, items, *rebuild(first), 0.0) == first
