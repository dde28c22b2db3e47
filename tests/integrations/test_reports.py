"""What the metrics of `evaluate` report, without `evaluate`: denominators, ids, claims, the committed run."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.integrations.reports import contested_report, squad_report
from qa_eval.metrics.rules.squad import SQUAD_V1, SQUAD_V2
from qa_eval.records import Corpus, Question
from qa_eval.runs.store import Run
from qa_eval.stats.intervals import Term, ratio_estimate
from tests.support.plain_rules import best_reachable, plain_means, plain_v2
from tests.support.worked_example import LOSSES, SAID, TEXTS

texts = st.lists(st.sampled_from(["the", "a", "x", "y", "X.", "3.5"]), max_size=3).map(" ".join)


def said(id: Any, text: Any, probability: float | None = None, start: int | None = None) -> dict[str, Any]:
    return {
        "id": id,
        "prediction_text": text,
        "no_answer_probability": probability,
        "prediction_start": start,
    }


def wanted(id: Any, *golds: str) -> dict[str, Any]:
    return {"id": id, "answers": {"text": list(golds), "answer_start": [0] * len(golds)}}


def claims_of(question: Question) -> list[dict[str, Any]]:
    return [
        {
            "id": c.id,
            "group": c.group,
            "aliases": list(c.aliases),
            "evidence": [{"article": e.article, "text": e.text, "start": e.start} for e in c.evidence],
        }
        for c in question.claims
    ]


def asked(
    question: Question, article: str | None, context: str | None = None, **changes: Any
) -> dict[str, Any]:
    row = {
        "id": f"{question.id}@{article or '*'}",
        "fact": question.id,
        "article": article,
        "answer_type": question.answer_type,
        "context": context,
        "claims": claims_of(question),
    }
    return row | changes


# ------------------------------------------------------------------------------------------ SQuAD


@given(st.lists(st.tuples(texts, st.lists(texts, min_size=1, max_size=2)), min_size=1, max_size=6))
def test_the_rules_of_squad_1_come_out_as_their_script_has_them(rows: list[tuple[str, list[str]]]) -> None:
    questions = [(str(n), golds) for n, (_, golds) in enumerate(rows)]
    answers = {str(n): text for n, (text, _) in enumerate(rows)}
    found = squad_report(
        [said(id, text) for id, text in answers.items()],
        [wanted(id, *golds) for id, golds in questions],
        SQUAD_V1,
    )
    assert found == pytest.approx(plain_means(questions, answers, "squad-v1.1"), abs=1e-9)
    assert list(found) == ["exact_match", "f1"]


@given(
    st.lists(
        st.tuples(texts, st.lists(texts, max_size=2), st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0])),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([0.3, 1.0]),
)
def test_the_rules_of_squad_2_come_out_as_their_script_has_them(
    rows: list[tuple[str, list[str], float]], threshold: float
) -> None:
    questions = [(str(n), golds) for n, (_, golds, _) in enumerate(rows)]
    answers = {str(n): text for n, (text, _, _) in enumerate(rows)}
    chances = {str(n): p for n, (_, _, p) in enumerate(rows)}
    found = squad_report(
        [said(id, text, chances[id]) for id, text in answers.items()],
        [wanted(id, *golds) for id, golds in questions],
        SQUAD_V2,
        threshold=threshold,
    )
    official = plain_v2(questions, answers, chances, threshold)
    assert list(found) == list(official), "the same keys in the same order"
    for key, value in official.items():
        if not key.startswith("best_"):
            assert found[key] == pytest.approx(value, abs=1e-9), key
    for column, name in enumerate(("exact", "f1")):
        assert found[f"best_{name}"] == pytest.approx(best_reachable(questions, answers, chances, column))


def test_without_probabilities_there_is_no_best_threshold() -> None:
    found = squad_report([said("q", "x")], [wanted("q")], SQUAD_V2)
    assert found == {
        "exact": 0.0,
        "f1": 0.0,
        "total": 1,
        "NoAns_exact": 0.0,
        "NoAns_f1": 0.0,
        "NoAns_total": 1,
    }


@pytest.mark.parametrize(
    ("predictions", "warning"),
    [
        pytest.param(
            [said("a", "x")], "no prediction, so a score of 0, for 1 reference, such as 'b'", id="no row"
        ),
        pytest.param(
            [said("a", "x"), said("b", None)],
            "no prediction, so a score of 0, for 1 reference, such as 'b'",
            id="None",
        ),
    ],
)
def test_a_reference_without_a_prediction_stays_in_the_denominator(
    predictions: list[dict[str, Any]], warning: str
) -> None:
    with pytest.warns(UserWarning, match=warning):
        found = squad_report(predictions, [wanted("a", "x"), wanted("b", "y")], SQUAD_V1)
    assert found == {"exact_match": 50.0, "f1": 50.0}
    with pytest.warns(UserWarning, match=warning):
        found = squad_report(predictions, [wanted("a", "x"), wanted("b")], SQUAD_V2)
    assert (found["exact"], found["total"], found["NoAns_exact"]) == (50.0, 2, 0.0)


def test_a_prediction_of_no_reference_is_said_and_changes_nothing() -> None:
    with pytest.warns(UserWarning, match="no reference for 1 prediction, such as 'z'"):
        found = squad_report([said("a", "x"), said("z", "x")], [wanted("a", "x")], SQUAD_V1)
    assert found == {"exact_match": 100.0, "f1": 100.0}


def test_intervals_stand_beside_the_scores_in_percent() -> None:
    rows = [(said(str(n), "x" if n % 4 else "y"), wanted(str(n), "x")) for n in range(40)]
    found = squad_report([p for p, _ in rows], [r for _, r in rows], SQUAD_V1, intervals=True)
    assert list(found) == ["exact_match", "f1", "exact_match_low", "exact_match_high", "f1_low", "f1_high"]
    assert 50 < found["f1_low"] < found["f1"] == 75.0 < found["f1_high"] < 95


def test_without_a_gold_the_rules_of_squad_1_refuse() -> None:
    with pytest.raises(ValueError, match="1 of 2 questions have no gold, such as 'b'"):
        squad_report([said("a", "x"), said("b", "")], [wanted("a", "x"), wanted("b")], SQUAD_V1)


@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        pytest.param(
            ["a", "b", "a"], ["a", "b", "c"], "predictions: the id 'a' occurs 2 times", id="predictions"
        ),
        pytest.param(
            ["a", "b"], ["a", "b", "b", "b"], "references: the id 'b' occurs 3 times", id="references"
        ),
    ],
)
def test_an_id_that_is_there_twice_is_refused(
    predictions: Sequence[str], references: Sequence[str], message: str
) -> None:
    answers = [said(id, "417") for id in predictions]
    with pytest.raises(ValueError, match=message):
        squad_report(answers, [wanted(id, "417") for id in references], SQUAD_V2)
    with pytest.raises(ValueError, match=message):
        contested_report(answers, [asked(LOSSES, "A", id=id) for id in references])


# ------------------------------------------------------------------------------------------ contested


def test_the_worked_example_of_the_design_comes_out() -> None:
    # By hand: EM 1 of 5 (D); F1 of A is 2 * (1/3 * 1/2) / (1/3 + 1/2) = 0.4. A, B and D state their own
    # claim; C gives B's 400 for its own 417, and E, which is silent, gives A's.
    references = [asked(LOSSES, article) for article in SAID]
    predictions = [said(f"losses@{article}", text) for article, text in SAID.items()]
    found = contested_report(predictions, references)
    expected = {
        "em": 0.2,
        "f1": 0.28,
        "match": 0.6,
        "has_answer_em": 0.25,
        "has_answer_f1": 0.35,
        "leak": 0.25,
        "lenient": 1.0,
        "faithful_ratio": 0.75,
        "contrast_consistency": 0.0,
        "no_answer_recall": 0.0,
        "no_answer_f1": 0.0,
        "no_answer_leak": 1.0,
        "balanced_f1": 0.175,
        "em_any": 0.4,
        "total": 5,
        "missing": 0,
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected)
    assert "no_answer_precision" not in found, "nothing was left unanswered"
    assert "brier" not in found, "no confidence was given"
    assert not any(key.startswith("pooled_") for key in found)


def test_one_answer_out_of_all_sources_is_held_against_every_claim() -> None:
    found = contested_report([said("losses@*", "four hundred")], [asked(LOSSES, None)])
    # 400 is stated by B alone, and 417 by two of the four that answer; aliases are no golds of EM and F1.
    expected = {
        "pooled_f1_any": 0.0,
        "pooled_em_any": 0.0,
        "pooled_match_any": 1.0,
        "pooled_support": 0.25,
        "pooled_majority": 0.0,
        "pooled_complete_and_clean": 0.0,
        "pooled_claim_recall": 1 / 3,
        "pooled_all_claims": 0.0,
        "pooled_no_false": 1.0,
        "pooled_acknowledged": 0.0,
        "total": 1,
        "missing": 0,
    }
    assert found == pytest.approx(expected)
    assert contested_report([said("x", "417")], [asked(LOSSES, "*", id="x")])["pooled_majority"] == 1.0


def test_a_missing_answer_is_worth_nothing_and_no_abstention() -> None:
    references = [asked(LOSSES, article) for article in "ADE"]
    with pytest.warns(UserWarning, match="for 2 references, such as 'losses@A'"):
        found = contested_report([said("losses@D", "417"), said("losses@E", None)], references)
    assert (found["em"], found["match"], found["total"], found["missing"]) == pytest.approx(
        (1 / 3, 1 / 3, 3, 2)
    )
    assert found["no_answer_recall"] == 0.0


def test_the_committed_run_comes_out_again(curated: Corpus, committed: Run) -> None:
    # Answers with their places, texts at hand: every value that needs neither a score nor an n-best.
    contexts = {a.id: a.text for a in curated.articles}
    references, predictions = [], []
    for row in committed.predictions("embedded"):
        article = None if row.track == "pooled" else row.article
        question = curated.question(row.fact)
        context = contexts[row.article] if article else None
        references.append(asked(question, article, context, id=row.item) | {"question": question.question})
        start = row.span[0] if row.span and article else None
        predictions.append(said(row.item, row.prediction, start=start))
    found = contested_report(predictions, references)
    stored = committed.leaderboard.row("embedded").metrics
    reading = set(stored["reading"]) - {
        "no_answer_auroc",
        "brier",
        "brier_skill",
        "match_hedged",
        "auroc",
        "aurc",
        "coverage_at_80",
    }
    pooled = {"em_any", "f1_any", "match_any", "support", "majority", "claim_recall", "no_false"}
    assert len(reading) >= 14
    for track, names in (("reading", reading), ("pooled", pooled)):
        for name in names:
            key = f"pooled_{name}" if track == "pooled" else name
            if track == "pooled" and name in ("match_any", "support", "majority"):
                # A place can earn what a bare text cannot: an answer of type `text` that overlaps evidence.
                assert found[key] <= stored[track][name].value + 1e-9
            else:
                assert found[key] == pytest.approx(stored[track][name].value, abs=1e-9), key
    assert found["total"] == 706 + 149


def test_places_count_only_where_the_context_says_the_answer(curated: Corpus) -> None:
    quoted = next(
        q for q in curated.questions if q.answer_type == "text" and len(q.claims[0].evidence[0].text) > 30
    )
    evidence = quoted.claims[0].evidence[0]
    context = curated.article(evidence.article).text
    start = evidence.start + len(evidence.text) // 4
    part = context[start : evidence.end]
    id = f"{quoted.id}@{evidence.article}"
    reference = asked(quoted, evidence.article, context)
    assert contested_report([said(id, part)], [reference])["match"] == 0.0
    assert contested_report([said(id, part, start=start)], [reference])["match"] == 1.0
    assert contested_report([said(id, part, start=start + 1)], [reference])["match"] == 0.0
    assert contested_report([said(id, part, start=start)], [reference | {"context": None}])["match"] == 0.0


def test_a_given_probability_is_a_confidence_and_a_place_is_none() -> None:
    references = [asked(LOSSES, "D", TEXTS["D"]), asked(LOSSES, "E", TEXTS["E"])]
    answers = [said("losses@D", "417", 0.2, TEXTS["D"].index("417")), said("losses@E", "", 0.9)]
    # Right with 0.8 and right with 0.9: (0.2² + 0.1²) / 2.
    assert contested_report(answers, references)["brier"] == pytest.approx(0.025)
    bare = [row | {"no_answer_probability": None} for row in answers]
    assert "brier" not in contested_report(bare, references)


CLAIM = claims_of(LOSSES)[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"answer_type": "count"}, "answer_type 'count' is none of number, duration", id="type"),
        pytest.param({"claims": []}, "reference 'x': has no claims", id="no claims"),
        pytest.param({"claims": [CLAIM, CLAIM]}, "the claim 'over-400' occurs twice", id="twice"),
        pytest.param({"claims": [CLAIM | {"evidence": []}]}, "'over-400' has no evidence", id="no evidence"),
        pytest.param(
            {"claims": [CLAIM | {"evidence": [{"article": "A", "text": " ", "start": None}]}]},
            "evidence of the claim 'over-400' is an empty text",
            id="empty text",
        ),
        pytest.param(
            {"context": "No such words here."},
            "fact 'losses': 'over 400' is not at 17 in the context of 'A'",
            id="wrong place",
        ),
    ],
)
def test_a_reference_that_cannot_be_is_refused(changes: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        contested_report([said("x", "417")], [asked(LOSSES, "A", id="x", **changes)])


@pytest.mark.parametrize(
    ("second", "message"),
    [
        pytest.param(
            {"article": "A"}, "'x' and 'y': both ask the fact 'losses' of article 'A'", id="asked twice"
        ),
        pytest.param(
            {"claims": [CLAIM]}, "'x' and 'y': the fact 'losses' has different claims", id="other claims"
        ),
        pytest.param({"answer_type": "text"}, "has different claims or answer types", id="other type"),
        pytest.param(
            {"fact": "other", "article": "A", "context": "over 400 of them"},
            "reference 'y': the context of article 'A' differs from that of other references",
            id="other context",
        ),
    ],
)
def test_references_that_contradict_each_other_are_refused(second: dict[str, Any], message: str) -> None:
    references = [asked(LOSSES, "A", TEXTS["A"], id="x"), asked(LOSSES, "B", id="y") | second]
    with pytest.raises(ValueError, match=message):
        contested_report([said("x", "417")], references)


def test_no_references_are_refused() -> None:
    with pytest.raises(ValueError, match="the list is empty"):
        contested_report([], [])
    with pytest.raises(ValueError, match="there are no questions"):
        squad_report([], [], SQUAD_V2)


def test_intervals_of_contested_answers_are_clustered_by_fact() -> None:
    facts = [dataclasses.replace(LOSSES, id=f"losses-{n}") for n in range(12)]
    references = [asked(fact, article) for fact in facts for article in "DE"]
    predictions = [
        said(r["id"], "417" if r["fact"] != "losses-3" and r["article"] == "D" else "") for r in references
    ]
    found = contested_report(predictions, references, intervals=True)
    assert found["has_answer_em"] == pytest.approx(11 / 12)
    # Two items of each fact: D earns 11 of 12, E all 12; sorted by their ids, `losses-3` is the sixth fact.
    sums = np.array([2.0] * 5 + [1.0] + [2.0] * 6)
    clustered = ratio_estimate([Term(weight=1.0, numerator=sums, denominator=np.full(12, 2.0))], n=24)
    assert found["em"] == pytest.approx(23 / 24)
    assert (found["em_low"], found["em_high"]) == pytest.approx((clustered.low, clustered.high))
    plain = contested_report(predictions, references)
    assert {key for key in found if not key.endswith(("_low", "_high"))} == set(plain)


def test_nothing_is_warned_of_where_nothing_is_wrong() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        squad_report([said("a", "x")], [wanted("a", "x")], SQUAD_V1)


# ------------------------------------------------------------------------------------------ in words


IN_WORDS = [
    ("losses@A", "More than four hundred of them died, a spokesman said.", {"asserts_own": 1.0}),
    ("losses@B", "Not 417 but 400.", {"asserts_own": 1.0}),
    ("losses@C", "400 died.", {"asserts_own": 0.0}),
    ("losses@E", "The text does not say how many died.", {"abstention": 1.0, "refusal_in_words": 1.0}),
    (
        "losses@*",
        "The sources differ: over 400, 400 or 417.",
        {"pooled_complete_and_clean": 1.0, "pooled_claim_recall": 1.0, "pooled_acknowledged": 1.0},
    ),
    ("losses@*", "417 or 9,000.", {"pooled_complete_and_clean": 0.0, "pooled_no_false": 0.0}),
]


@pytest.mark.parametrize(("id", "text", "expected"), IN_WORDS)
def test_answers_in_words_have_their_metrics(id: str, text: str, expected: dict[str, float]) -> None:
    article = id.partition("@")[2]
    reference = asked(LOSSES, None if article == "*" else article) | {"question": LOSSES.question}
    found = contested_report([said(id, text)], [reference])
    assert {name: found[name] for name in expected} == expected


def test_marks_of_claims_are_used() -> None:
    claims = [
        claim | {"status": "misinformation"} if claim["id"] == "417" else claim for claim in claims_of(LOSSES)
    ]
    reference = asked(LOSSES, None, claims=claims)
    assert contested_report([said("losses@*", "417")], [reference])["pooled_no_false"] == 0.0
    assert contested_report([said("losses@*", "400")], [reference])["pooled_no_false"] == 1.0
    claims = [
        {
            "id": "burnt",
            "polarity": "yes",
            "evidence": [{"article": "A", "text": "Fire took it", "start": None}],
        },
        {"id": "stood", "polarity": "no", "evidence": [{"article": "B", "text": "It stood", "start": None}]},
    ]
    for claim in claims:
        claim |= {"aliases": None, "group": None}
    reference = asked(LOSSES, "A", fact="mill", id="mill@A", answer_type="text", claims=claims)
    reference |= {"question": "Did the mill burn?"}
    for text, right in (("Yes.", 1.0), ("No, it did not burn.", 0.0)):
        assert contested_report([said("mill@A", text)], [reference])["asserts_own"] == right


@pytest.mark.parametrize(("field", "value"), [("status", "false"), ("polarity", "maybe")])
def test_an_unknown_mark_is_refused(field: str, value: str) -> None:
    claims = [claims_of(LOSSES)[0] | {field: value}]
    with pytest.raises(ValueError, match=f"{field} '{value}' of the claim"):
        contested_report([said("x", "417")], [asked(LOSSES, "A", id="x", claims=claims)])
