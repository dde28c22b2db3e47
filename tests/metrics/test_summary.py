from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.metrics import calibration
from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.decisions import decide
from qa_eval.metrics.item_scores import score_item
from qa_eval.metrics.reference_answers import reference_answers
from qa_eval.metrics.score_table import tables_of
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.summary import summarize
from qa_eval.records import Answer, Corpus, ItemId, Match, Prediction, Question, Summary, Track
from qa_eval.stats.intervals import linear_contributions
from tests.support.worked_example import (
    LOSSES,
    QUOTATIONS,
    SAID,
    TEXTS,
    VOW,
    WORKED,
    check_invariants,
    corpus_of,
    evidence,
    filed_under,
    of_spans,
    predictions,
    predictions_about,
    reading,
    reading_items,
    said,
    score_pooled,
    span,
)

CONTRACT = """
balanced_f1 f1 em f1_any em_any match lenient leak leak_leakable no_answer_leak faithful_ratio
contrast_consistency
has_answer_f1 has_answer_em no_answer_f1 no_answer_precision no_answer_recall no_answer_auroc
match_any coverage_at_3 claim_recall_at_3 set_f1 support majority newest attribution
brier brier_skill auroc aurc coverage_at_80 balanced_skill match_hedged
paraphrase_agreement paraphrase_worst_f1
"""


def verdict(ok: bool) -> Match:
    return Match(ok=ok, level=5 if ok else 0, rule="raw")


def quick(scores: list[ItemScore]) -> Summary:
    return summarize(scores, intervals=False)


def values(scores: list[ItemScore], track: str = "reading") -> dict[str, float]:
    return {id: e.value for id, e in quick(scores).metrics[track].items()}  # type: ignore[index]


def test_without_slices_the_metrics_are_the_same() -> None:
    scores = reading(LOSSES, WORKED, SAID)
    whole, bare = summarize(scores), summarize(scores, slices=False)
    assert whole.slices
    assert not bare.slices
    assert bare.metrics == whole.metrics


def test_every_metric_of_the_contract_is_in_the_table_and_explained() -> None:
    assert set(METRICS) >= set(CONTRACT.split())
    for id, metric in METRICS.items():
        assert metric.id == id
        assert metric.meaning.endswith(".")
        assert bool(metric.shares) != (metric.ranking is not None)
        # A skill is 0 for a trivial strategy: its parts take from each other.
        whole = 0.0 if metric.unit == "skill" else 1.0
        assert sum(s.weight for s in metric.shares) == (whole if metric.shares else 0.0)
    less_is_better = {id for id, m in METRICS.items() if not m.higher_is_better}
    assert less_is_better & set(CONTRACT.split()) == {
        "leak",
        "leak_leakable",
        "no_answer_leak",
        "brier",
        "aurc",
    }


def test_the_worked_example() -> None:
    found = quick(reading(LOSSES, WORKED, SAID))
    assert {id: round(e.value, 4) for id, e in of_spans(found.metrics["reading"]).items()} == {
        "balanced_f1": 0.175,
        "balanced_skill": -0.65,
        "f1": 0.28,
        "em": 0.2,
        "f1_any": 0.5,
        "em_any": 0.4,
        "match": 0.6,
        "has_answer_f1": 0.35,
        "has_answer_em": 0.25,
        "lenient": 1.0,
        "leak": 0.25,
        "faithful_ratio": 0.75,
        "contrast_consistency": 0.0,
        "no_answer_recall": 0.0,
        "no_answer_f1": 0.0,
        "no_answer_leak": 1.0,
    }
    assert {id: e.n for id, e in of_spans(found.metrics["reading"]).items() if e.n != 5} == {
        "has_answer_f1": 4,
        "has_answer_em": 4,
        "lenient": 4,
        "leak": 4,
        "faithful_ratio": 4,
        "contrast_consistency": 1,
        "no_answer_recall": 1,
        "no_answer_f1": 1,
        "no_answer_leak": 1,
    }
    assert found.counts == {
        "items": 5,
        "answered": 5,
        "abstained": 0,
        "missing": 0,
        "errors": 0,
        "truncated": 0,
        "leakable": 0,
        "pooled_missing": 0,
        "pooled_errors": 0,
        "paraphrase_errors": 0,
        "failed_prompts": 0,
    }
    assert "pooled" not in found.metrics


def test_the_worked_example_by_slice() -> None:
    slices = quick(reading(LOSSES, WORKED, SAID)).slices
    assert list(slices) == [
        "contested",
        "silent",
        "relation:precision",
        "category:death-toll",
        *(f"article:{a}" for a in "ABCDE"),
    ]
    assert slices["contested"]["em"].value == 0.25
    assert slices["contested"]["contrast_consistency"].value == 0.0
    assert set(of_spans(slices["silent"])) == {
        *("f1", "em", "f1_any", "em_any", "match", "no_answer_recall", "no_answer_f1", "no_answer_leak")
    }
    assert slices["relation:precision"]["balanced_f1"].value == pytest.approx(0.175)
    assert slices["article:C"]["leak"].value == 1.0
    assert "contrast_consistency" not in slices["article:D"]


def test_the_pooled_track_of_the_worked_example() -> None:
    scores = [score_pooled(LOSSES, WORKED, predictions())]
    found = summarize(scores, intervals=False, questions=[LOSSES])
    assert {id: round(e.value, 4) for id, e in of_spans(found.metrics["pooled"]).items()} == {
        "f1_any": 1.0,
        "em_any": 1.0,
        "match_any": 1.0,
        "coverage_at_3": 1.0,
        "claim_recall_at_3": 1.0,
        "set_f1": 0.5,
        "support": 0.5,
        "majority": 1.0,
        "attribution": 1.0,
    }
    assert found.source_preference == {
        a: {"wins": int(a in "CD"), "n": 1, "rate": float(a in "CD"), "chance": pytest.approx(1 / 3)}
        for a in "ABCD"
    }
    assert list(found.slices) == ["contested", "relation:precision", "category:death-toll"]
    assert found.counts["items"] == 1


def test_no_scores_give_an_empty_summary() -> None:
    found = summarize([])
    assert (found.metrics, found.slices, found.source_preference) == ({}, {}, {})
    assert set(found.counts.values()) == {0}


# ------------------------------------------------------------------------------------------ what is undefined


def test_a_model_that_never_answers_has_no_rank_of_its_answers() -> None:
    _, scores = many_facts(9)
    silent = [
        replace(s, prediction="", match=verdict(not s.answerable), confidence=0.5 + 0.4 * (n % 2))
        for n, s in enumerate(s for s in scores if s.track == "reading")
    ]
    found = values(silent)
    assert not {"auroc", "aurc", "coverage_at_80"} & set(found)
    assert found["brier_skill"] < 0
    assert found["balanced_skill"] <= 0


def test_one_sure_answer_covers_one_item() -> None:
    _, scores = many_facts(9)
    items = [s for s in scores if s.track == "reading" and s.paraphrase == 0]
    one = [
        replace(s, prediction="" if n else "x", match=verdict(n == 0), confidence=0.9)
        for n, s in enumerate(items)
    ]
    found = quick(one).metrics["reading"]
    assert found["coverage_at_80"].value == pytest.approx(1 / len(items))
    assert found["aurc"].n == 1


def test_an_answer_without_a_confidence_is_not_covered_and_stays_in_the_denominator() -> None:
    right = asked({0: "over 400"})[0]
    unsure = [
        replace(filed_under(right, ItemId(fact=f"f{n}", article="A")), confidence=c)
        for n, c in enumerate((0.9, 0.4, None, None, None))
    ]
    found = quick(unsure).metrics["reading"]
    # 2 of 5, though all five are right.
    assert (found["coverage_at_80"].value, found["coverage_at_80"].n) == (0.4, 5)
    assert (found["aurc"].value, found["aurc"].n) == (0.0, 2)
    assert "coverage_at_80" not in values(unsure[2:])


def copies(question: Question, **texts: str) -> list[ItemScore]:
    """The scores of spans, by article."""
    scores = []
    for article, text in texts.items():
        item = ItemId(fact=question.id, article=article)
        candidate = span(article, text)
        answer = Answer(item=str(item), text=text, candidate=candidate)
        scores.append(score_item(question, item, answer, WORKED))
    return scores


@pytest.mark.parametrize(
    ("scores", "leak"),
    [
        pytest.param(copies(LOSSES, A="over 400", C="417", D="417"), None, id="spans only"),
        pytest.param(
            [*copies(LOSSES, A="over 400", C="417"), *reading(LOSSES, WORKED, {"D": ""})],
            None,
            id="spans and silence",
        ),
        pytest.param(
            [*copies(LOSSES, A="over 400", C="417"), *reading(LOSSES, WORKED, {"D": "over 400"})],
            1 / 3,
            id="one text",
        ),
        pytest.param(
            [*copies(LOSSES, A="over 400", C="417"), *reading(LOSSES, WORKED, {"E": "417"})],
            0.0,
            id="one text, where there is nothing to leak",
        ),
    ],
)
def test_leak_needs_an_answer_that_is_not_copied(scores: list[ItemScore], leak: float | None) -> None:
    found = values(scores)
    assert found.get("leak") == (None if leak is None else pytest.approx(leak))
    assert found.get("faithful_ratio") == (None if leak is None else pytest.approx(1 - leak))
    table = tables_of(scores)["reading"]
    assert table.unmet("leak") is table.unmet("faithful_ratio") is (leak is None)


def test_a_metric_that_these_items_do_not_have_is_not_absent_for_want_of_an_answer() -> None:
    settled = replace(LOSSES, claims=LOSSES.claims[2:], relation=None, silent=("A", "B", "E"))
    table = tables_of(copies(settled, C="417", D="417"))["reading"]
    assert table.terms("leak") is None
    assert not table.unmet("leak")
    # Nothing is faithful and nothing leaks, so there is no ratio whatever the answers are.
    nothing = tables_of(reading(LOSSES, WORKED, {"A": "", "C": ""}))["reading"]
    assert nothing.unmet("leak")
    assert not nothing.unmet("faithful_ratio")
    assert not nothing.unmet("f1")


def test_the_pooled_track_is_sliced_by_relation_beside_the_reading_track() -> None:
    update = replace(LOSSES, id="update", relation="update")
    facts = [(LOSSES, "417"), (update, "400"), (replace(update, id="more"), "5,000")]
    pooled = []
    for question, text in facts:
        given = predictions(((next(a for a in "CBD" if text in TEXTS[a]), text, 1.0),))
        score = score_pooled(question, WORKED, given)
        pooled.append(filed_under(score, ItemId(fact=question.id, article="*")))
    found = quick([*reading(LOSSES, WORKED, SAID), *pooled]).slices
    assert [name for name in found if name.startswith("pooled:")] == [
        "pooled:relation:precision",
        "pooled:relation:update",
    ]
    assert found["pooled:relation:precision"]["majority"].value == 1.0
    sliced = found["pooled:relation:update"]
    # Of two facts one is answered with a claim that one of four articles states.
    assert (sliced["match_any"].value, sliced["support"].value, sliced["majority"].value) == (0.5, 0.125, 0.0)
    assert (sliced["match_any"].n, sliced["match_any"].clusters) == (2, 2)
    assert "pooled:relation:update" not in quick(pooled).slices
    assert quick(pooled).slices["relation:update"]["match_any"].value == 0.5


def test_detection_is_undefined_without_silent_items_and_precision_without_abstentions() -> None:
    answerable = values(reading(LOSSES, WORKED, {"A": "", "B": "400"}))
    assert not {"balanced_f1", "no_answer_recall", "no_answer_precision", "no_answer_f1"} & set(answerable)
    both = values(reading(LOSSES, WORKED, {"A": "", "B": "", "E": ""}))
    assert both["no_answer_precision"] == pytest.approx(1 / 3)
    assert both["no_answer_recall"] == 1.0
    assert both["no_answer_f1"] == pytest.approx(0.5)
    assert "faithful_ratio" not in both


def test_the_leakable_part_is_left_out_below_twenty_items() -> None:
    texts = TEXTS | {"C": "According to it, 417 were killed, not over 400."}
    stated = replace(LOSSES.claims[2], evidence=(evidence("C", "417", texts), evidence("D", "417")))
    question = replace(LOSSES, claims=(*LOSSES.claims[:2], stated))
    corpus = corpus_of([question], texts)

    def scores(n: int) -> list[ItemScore]:
        leaking = reading(question, corpus, {"C": "400"})[0]
        assert "leak_leakable" in leaking.scores
        return [filed_under(leaking, ItemId(fact=f"fact-{i}", article="C")) for i in range(n)]

    assert "leak_leakable" not in values(scores(19))
    assert values(scores(20))["leak_leakable"] == 1.0


def test_n_best_metrics_are_absent_for_a_system_of_bare_texts() -> None:
    bare = score_pooled(LOSSES, WORKED, {"A": Prediction(item="losses@A", text="400")})
    mute = score_pooled(LOSSES, WORKED, {"A": Prediction(item="losses@A", text="")})
    lost = score_pooled(LOSSES, WORKED, {})
    elsewhere = [
        filed_under(s, ItemId(fact=f, article="*")) for f, s in zip("abc", (bare, mute, lost), strict=True)
    ]
    found = values(elsewhere, "pooled")
    assert not {"coverage_at_3", "claim_recall_at_3", "set_f1"} & set(found)
    assert found["support"] == pytest.approx(0.25 / 3)
    spans = filed_under(score_pooled(LOSSES, WORKED, predictions()), ItemId(fact="d", article="*"))
    assert values([*elsewhere, spans], "pooled")["coverage_at_3"] == pytest.approx(1 / 3)


def test_always_abstaining_has_half_of_balanced_f1() -> None:
    for corpus in (WORKED, QUOTATIONS):
        scores = [
            score_item(corpus.question(i.fact), i, said(str(i), ""), corpus) for i in reading_items(corpus)
        ]
        assert values(scores)["balanced_f1"] == 0.5


# ------------------------------------------------------------------------------------------ paraphrases


def asked(answers: dict[int, Answer | str], article: str = "A") -> list[ItemScore]:
    scores = []
    for n, answer in answers.items():
        item = ItemId(fact="losses", article=article, paraphrase=n)
        given = said(str(item), answer) if isinstance(answer, str) else answer
        scores.append(score_item(LOSSES, item, given, WORKED))
    return scores


@pytest.mark.parametrize(
    ("answers", "agreement", "worst_f1", "all_right"),
    [
        pytest.param({0: "over 400", 1: "over 400"}, 1.0, 1.0, 1.0, id="same"),
        pytest.param({0: "over 400", 1: "417"}, 0.0, 0.0, 0.0, id="another number"),
        pytest.param({0: "over 400", 1: "400"}, 1.0, 2 / 3, 1.0, id="lenient"),
        pytest.param({0: "over 400", 1: "400", 2: "417"}, 1 / 3, 0.0, 0.0, id="one of three pairs"),
        pytest.param({0: "", 1: ""}, 1.0, 0.0, 0.0, id="both abstain"),
        pytest.param({0: "over 400", 1: ""}, 0.0, 0.0, 0.0, id="one abstains"),
        pytest.param({0: "", 1: Answer(item="i", text="", error="e")}, 0.0, 0.0, 0.0, id="one failed"),
        pytest.param(
            {0: Answer(item="i", text="", missing=True), 1: Answer(item="i", text="", missing=True)},
            0.0,
            0.0,
            0.0,
            id="failures do not agree",
        ),
        pytest.param({1: "over 400", 2: "over 400"}, 1.0, 1.0, 1.0, id="paraphrases alone"),
    ],
)
def test_agreement_is_the_share_of_pairs_of_wordings_with_one_answer(
    answers: dict[int, Answer | str], agreement: float, worst_f1: float, all_right: float
) -> None:
    found = values(asked(answers))
    assert found["paraphrase_agreement"] == pytest.approx(agreement)
    assert found["paraphrase_worst_f1"] == pytest.approx(worst_f1)
    assert found["paraphrase_all_right"] == all_right
    assert found["paraphrase_worst_em"] <= found["paraphrase_mean_f1"]


def test_one_wording_has_no_consistency_and_paraphrases_move_nothing_else() -> None:
    alone = values(asked({0: "over 400"}))
    assert not [id for id in alone if id.startswith("paraphrase")]
    both = values(asked({0: "over 400", 1: "417", 2: ""}))
    assert {id: v for id, v in both.items() if not id.startswith("paraphrase")} == alone
    assert quick(asked({0: "over 400", 1: "417"})).counts["items"] == 1


def test_scores_without_a_value_do_not_count_for_the_worst_wording() -> None:
    bare = [replace(s, scores={"f1": 1.0}) for s in asked({0: "417", 1: "417"})]
    found = values(bare)
    assert found["paraphrase_worst_f1"] == found["paraphrase_mean_f1"] == 1.0
    assert not {"paraphrase_worst_em", "paraphrase_all_right"} & set(found)
    only_em = [replace(s, scores={"em": 1.0}) for s in asked({0: "417", 1: "417"})]
    assert "paraphrase_mean_f1" not in values(only_em)


# ------------------------------------------------------------------------------------------ many facts


def many_facts(facts: int, seed: int = 0, paraphrases: int = 0) -> tuple[Corpus, list[ItemScore]]:
    """The worked example under many names, answered by a coin, both tracks, with confidences."""
    rng = random.Random(seed)
    questions = [
        replace(LOSSES, id=f"losses-{i}", category=f"category-{i % 17}")
        if i % 3
        else replace(
            LOSSES, id=f"losses-{i}", claims=LOSSES.claims[2:], relation=None, silent=("A", "B", "E")
        )
        for i in range(facts)
    ]
    corpus = corpus_of(questions, TEXTS)
    scores = []
    for question in questions:
        for article in (*TEXTS, "*"):
            for n in range(paraphrases + 1):
                item = ItemId(fact=question.id, article=article, paraphrase=n)
                if article == "*":
                    pooled = score_pooled(question, corpus, predictions())
                    scores.append(filed_under(pooled, item))
                    continue
                null = rng.gauss(0, 2) + 2 * (article in question.silent)
                text = rng.choice([*SAID.values(), *question.own_golds(article)])
                given = Prediction(item=str(item), text="" if null > 1 else text)
                answer = replace(decide(given), null_score=null, score=1.0, confidence=rng.random())
                scores.append(score_item(question, item, answer, corpus))
    return corpus, scores


def test_every_interval_holds_its_value_and_has_width() -> None:
    _, scores = many_facts(12)
    found = summarize(scores, resamples=500)
    tables = [*found.metrics.values(), *found.slices.values()]
    assert len(tables) > 10
    for table in tables:
        for id, estimate in table.items():
            assert 0 < estimate.clusters <= min(estimate.n, 12)
            if estimate.clusters < 8:
                assert (estimate.low, estimate.high, estimate.method) == (None, None, "too-few")
                continue
            assert estimate.low is not None
            assert estimate.high is not None
            assert estimate.low <= estimate.value <= estimate.high <= 1
            assert estimate.low >= (-math.inf if id == "brier_skill" else -1 if id == "balanced_skill" else 0)
            assert estimate.high > estimate.low


def test_values_without_intervals_are_the_values_with_them() -> None:
    _, scores = many_facts(9)
    slow, fast = summarize(scores, resamples=50), quick(scores)
    pairs = [(slow.metrics[t], fast.metrics[t]) for t in slow.metrics]
    pairs += [(slow.slices[s], fast.slices[s]) for s in slow.slices]
    assert list(slow.slices) == list(fast.slices)
    for one, other in pairs:
        assert list(one) == list(other)
        for id in one:
            assert one[id].value == pytest.approx(other[id].value, abs=1e-12)
            assert (one[id].n, one[id].clusters) == (other[id].n, other[id].clusters)
            assert (other[id].low, other[id].high, other[id].method) == (None, None, "none")


def test_a_summary_depends_neither_on_order_nor_on_when_it_is_made() -> None:
    _, scores = many_facts(9, paraphrases=1)
    shuffled = random.Random(1).sample(scores, len(scores))
    assert summarize(scores, resamples=99) == summarize(shuffled, resamples=99)
    assert summarize(scores, resamples=99, seed=1) != summarize(scores, resamples=99, seed=2)


def test_slices_are_the_metrics_of_their_items() -> None:
    _, scores = many_facts(9)
    found = quick(scores)
    items = [s for s in scores if s.track == "reading"]
    parts = {
        "settled": [s for s in items if s.answerable and not s.contested],
        "contested": [s for s in items if s.answerable and s.contested],
        "silent": [s for s in items if not s.answerable],
        "relation:precision": [s for s in items if s.relation == "precision"],
        "category:category-4": [s for s in items if s.category == "category-4"],
    }
    for name, part in parts.items():
        alone = values(part)
        assert {id: e.value for id, e in found.slices[name].items()} == pytest.approx(
            {id: v for id, v in alone.items() if METRICS[id].ranking is None}
        )


def test_rank_metrics_are_those_of_the_canonical_items() -> None:
    _, scores = many_facts(9, paraphrases=1)
    items = [s for s in scores if s.track == "reading" and s.paraphrase == 0]
    found = values(scores)
    right = [s.correct for s in items]
    sure = [s.confidence or 0.0 for s in items]
    assert found["brier"] == pytest.approx(calibration.brier(sure, right))
    assert found["brier_skill"] == pytest.approx(calibration.brier_skill(sure, right))
    answered = [s for s in items if s.answered]
    assert 0 < len(answered) < len(items)
    their_right = [s.correct for s in answered]
    their_sure = [s.confidence or 0.0 for s in answered]
    assert found["auroc"] == calibration.auroc(their_sure, their_right)
    assert found["aurc"] == calibration.aurc(their_sure, their_right)
    covered = calibration.coverage_at_accuracy(their_sure, their_right)
    assert covered is not None
    assert found["coverage_at_80"] == pytest.approx(covered * len(answered) / len(items))
    assert found["no_answer_auroc"] == calibration.auroc(
        [s.no_answer_margin or 0.0 for s in items], [not s.answerable for s in items]
    )


@pytest.mark.parametrize(
    ("metric", "track"),
    [
        ("balanced_f1", "reading"),
        ("f1", "reading"),
        ("f1_any", "reading"),
        ("f1_any", "pooled"),
        ("faithful_ratio", "reading"),
        ("contrast_consistency", "reading"),
        ("coverage_at_3", "pooled"),
    ],
)
def test_what_the_facts_add_to_a_metric_adds_up_to_its_value(metric: str, track: Track) -> None:
    _, scores = many_facts(8)
    table = tables_of(scores)[track]
    found = table.terms(metric)
    assert found is not None
    assert table.clusters == tuple(sorted({s.fact for s in scores}))
    contributions = linear_contributions(found[0])
    assert contributions.shape == (8,)
    assert contributions.sum() == pytest.approx(values(scores, track)[metric])


@pytest.mark.parametrize(
    "metric",
    [
        pytest.param("auroc", id="ranks items"),
        pytest.param("no_answer_precision", id="undefined on these answers"),
        pytest.param("set_f1", id="of the other track"),
    ],
)
def test_a_metric_that_is_no_ratio_here_has_no_terms(metric: str) -> None:
    assert tables_of(reading(LOSSES, WORKED, SAID))["reading"].terms(metric) is None


@given(st.data(), st.sampled_from([WORKED, QUOTATIONS]))
def test_any_answers_give_fractions_and_the_balance_is_bounded(data: st.DataObject, corpus: Corpus) -> None:
    scores = []
    for item in reading_items(corpus):
        answer = decide(data.draw(predictions_about(corpus, str(item))))
        scores.append(score_item(corpus.question(item.fact), item, answer, corpus))
    found = quick(scores)
    for table in [*found.metrics.values(), *found.slices.values()]:
        for id, e in table.items():
            least = METRICS[id].least
            assert e.value <= 1
            assert least is None or e.value >= least
    main = {id: e.value for id, e in found.metrics["reading"].items()}
    if all(s.answered for s in scores):
        assert main["balanced_f1"] <= 0.5
    assert main["balanced_f1"] == pytest.approx((main["has_answer_f1"] + main["no_answer_recall"]) / 2)
    assert main["em"] <= main["em_any"]
    assert main["lenient"] >= main.get("leak", 0.0) * main["has_answer_em"]


def test_invariants_hold_for_references_too() -> None:
    items = reading_items(QUOTATIONS)
    for answers in (reference_answers(QUOTATIONS, name, items) for name in ("oracle", "other-source")):
        for item in items:
            question: Question = QUOTATIONS.question(item.fact)
            check_invariants(question, score_item(question, item, answers[str(item)], QUOTATIONS))
    assert VOW.contested
